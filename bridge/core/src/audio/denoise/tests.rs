//! What is made of noise, of a voice, of both and of neither.

use proptest::prelude::*;

use super::super::rate::Rate;
use super::*;

const RATES: [Rate; 3] = [Rate::Narrow, Rate::Wide, Rate::Full];

/// Samples from -1 to 1, the same every time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> f32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 40) as f32 / (1u64 << 23) as f32 - 1.0
    }
}

/// White noise of this mean level.
fn noise(rate: Rate, ticks: usize, dbov: f32) -> Vec<f32> {
    let top = 32_768.0 * 3f32.sqrt() * 10f32.powf(dbov / 20.0);
    let mut dice = Dice(0x9E37_79B9_7F4A_7C15);
    let samples = ticks * rate.tick();
    (0..samples).map(|_| dice.roll() * top).collect()
}

/// Syllables of 180 ms with 70 ms between, each of another pitch that glides; harmonics up to
/// 3.4 kHz. About -20 dBov while it sounds.
fn voice(rate: Rate, ticks: usize) -> Vec<f32> {
    let mut angle = 0.0f32;
    let sample = |n: usize| {
        let at = n as f32 / rate.hz() as f32;
        let (syllable, into) = ((at / 0.25) as u32, at % 0.25);
        let hz = 100.0 + 23.0 * (syllable % 5) as f32 + 60.0 * into;
        angle = (angle + hz / rate.hz() as f32).fract();
        if into > 0.18 {
            return 0.0;
        }
        let swell = (into / 0.18 * std::f32::consts::PI).sin();
        let tones = (1..=(3_400.0 / hz) as u32).map(|k| {
            let turn = angle * k as f32 * std::f32::consts::TAU;
            turn.sin() / k as f32
        });
        swell * 5_500.0 * tones.sum::<f32>()
    };
    (0..ticks * rate.tick()).map(sample).collect()
}

fn rounded(samples: &[f32]) -> Vec<i16> {
    samples.iter().map(|s| s.round() as i16).collect()
}

fn both(a: &[f32], b: &[f32]) -> Vec<i16> {
    let sum = a.iter().zip(b).map(|(a, b)| a + b);
    rounded(&sum.collect::<Vec<f32>>())
}

fn cleaned(denoiser: &mut Denoiser, sound: &[i16]) -> Vec<i16> {
    let mut out = sound.to_vec();
    for frame in out.chunks_exact_mut(denoiser.rate().tick()) {
        denoiser.clean(frame, true);
    }
    out
}

/// How far `heard` is from `voice`, so many samples later, from tick `first` on, in decibels.
fn likeness_db(voice: &[f32], heard: &[i16], behind: usize, rate: Rate, first: usize) -> f32 {
    let pairs = voice.iter().zip(&heard[behind..]).skip(first * rate.tick());
    let (said, off) = pairs.fold((0.0, 1.0), |(said, off), (&a, &b)| {
        (said + a * a, off + (a - f32::from(b)).powi(2))
    });
    10.0 * (said / off).log10()
}

fn levels(sound: &[i16], rate: Rate) -> Vec<f32> {
    let ticks = sound.chunks_exact(rate.tick());
    ticks.map(|tick| Power::of(tick).dbov()).collect()
}

#[test]
fn a_voice_stands_out_of_noise_by_more_than_before() {
    for rate in RATES {
        let said = voice(rate, 500);
        for (dbov, least_db) in [(-45.0, -0.3), (-40.0, 0.8), (-35.0, 1.8), (-30.0, 3.0)] {
            let noisy = both(&said, &noise(rate, 500, dbov));
            let mut denoiser = Denoiser::new(rate);
            let heard = cleaned(&mut denoiser, &noisy);
            let before = likeness_db(&said, &noisy, 0, rate, 200);
            let after = likeness_db(&said, &heard, denoiser.behind(), rate, 200);
            assert!(
                after > before + least_db,
                "{rate:?}, {dbov} dBov: from {before} to {after} dB"
            );
        }
    }
}

#[test]
fn a_voice_without_noise_stays_what_it_is() {
    for rate in RATES {
        let said = voice(rate, 500);
        let mut denoiser = Denoiser::new(rate);
        let heard = cleaned(&mut denoiser, &rounded(&said));
        let like = likeness_db(&said, &heard, denoiser.behind(), rate, 0);
        assert!(like > 30.0, "{rate:?}: {like} dB");
    }
}

#[test]
fn noise_is_lowered_evenly() {
    for rate in RATES {
        for dbov in [-55.0, -45.0, -35.0, -25.0] {
            let came = rounded(&noise(rate, 300, dbov));
            let mut denoiser = Denoiser::new(rate);
            let heard = levels(&cleaned(&mut denoiser, &came), rate);
            let rest = &heard[100..];
            let loudest = rest.iter().fold(-120.0f32, |a, b| a.max(*b));
            let mean = rest.iter().sum::<f32>() / rest.len() as f32;
            assert!(
                mean < dbov - 13.0 && loudest < dbov - 9.5,
                "{rate:?}, {dbov} dBov became {mean}, {loudest} at most"
            );
            let quietest = rest.iter().fold(0.0f32, |a, b| a.min(*b));
            assert!(loudest - quietest < 6.0, "{quietest} to {loudest}");
            let told = denoiser.noise().dbov();
            assert!((told - dbov).abs() < 2.0, "{dbov} is taken for {told}");
        }
    }
}

#[test]
fn noise_that_nobody_hears_is_left_alone() {
    let came = rounded(&noise(Rate::Narrow, 300, -72.0));
    let mut denoiser = Denoiser::new(Rate::Narrow);
    let heard = cleaned(&mut denoiser, &came);
    let behind = denoiser.behind();
    let pairs = came[100 * 160..].iter().zip(&heard[100 * 160 + behind..]);
    let farthest = pairs.map(|(a, b)| (a - b).abs()).max();
    assert!(farthest <= Some(2), "{farthest:?}");
}

#[test]
fn noise_that_sets_in_is_lowered_within_seconds() {
    let rate = Rate::Narrow;
    let mut sound = noise(rate, 250, -60.0);
    sound.extend(noise(rate, 350, -35.0));
    let heard = cleaned(&mut Denoiser::new(rate), &rounded(&sound));
    let late = &levels(&heard, rate)[530..];
    assert!(late.iter().all(|&dbov| dbov < -46.0), "{late:?}");
}

#[test]
fn silence_stays_silence_and_comes_after_10_ms() {
    for rate in RATES {
        let mut denoiser = Denoiser::new(rate);
        assert!(
            cleaned(&mut denoiser, &vec![0; 50 * rate.tick()])
                .iter()
                .all(|&s| s == 0)
        );
        cleaned(&mut denoiser, &rounded(&noise(rate, 100, -30.0)));
        let heard = cleaned(&mut denoiser, &vec![0; 2 * rate.tick()]);
        assert!(heard[..denoiser.behind()].iter().any(|&s| s != 0));
        assert!(heard[denoiser.behind()..].iter().all(|&s| s == 0));
    }
}

#[test]
fn what_was_said_before_a_pause_is_not_heard_after_it() {
    let mut denoiser = Denoiser::new(Rate::Narrow);
    cleaned(&mut denoiser, &rounded(&voice(Rate::Narrow, 20)));
    denoiser.pause();
    let heard = cleaned(&mut denoiser, &[0; 160]);
    assert!(heard.iter().all(|&sample| sample == 0));
}

#[test]
fn the_noise_is_still_known_after_silence() {
    let rate = Rate::Narrow;
    let mut denoiser = Denoiser::new(rate);
    cleaned(&mut denoiser, &rounded(&noise(rate, 300, -40.0)));
    cleaned(&mut denoiser, &vec![0; 500 * rate.tick()]);
    let heard = cleaned(&mut denoiser, &rounded(&noise(rate, 10, -40.0)));
    assert!(levels(&heard, rate).iter().all(|&dbov| dbov < -50.0));
}

/// A held note is no noise for as long as somebody can hold it, and then sinks; it is never torn.
#[test]
fn a_tone_is_not_torn() {
    for rate in RATES {
        for hz in [220.0, 440.0, 1_000.0, 2_900.0] {
            let step = hz / rate.hz() as f32 * std::f32::consts::TAU;
            let samples = (0..400 * rate.tick()).map(|n| 8_000.0 * (n as f32 * step).sin());
            let heard = cleaned(
                &mut Denoiser::new(rate),
                &rounded(&samples.collect::<Vec<f32>>()),
            );
            let heard = levels(&heard, rate);
            let steepest = heard[1..].windows(2).map(|two| (two[1] - two[0]).abs());
            let steepest = steepest.fold(0.0, f32::max);
            assert!(
                steepest < 3.0,
                "{rate:?}, {hz} Hz: by {steepest} dB in a tick"
            );
            assert!(heard[20] > -16.5, "{rate:?}, {hz} Hz: {}", heard[20]);
        }
    }
}

#[test]
fn another_rate_begins_anew() {
    let mut denoiser = Denoiser::new(Rate::Narrow);
    for rate in [Rate::Full, Rate::Narrow, Rate::Wide, Rate::Full, Rate::Wide] {
        denoiser.set_rate(rate);
        let heard = cleaned(&mut denoiser, &vec![0; rate.tick()]);
        assert!(heard.iter().all(|&sample| sample == 0), "{rate:?}");
        let heard = cleaned(&mut denoiser, &rounded(&noise(rate, 200, -35.0)));
        assert!(levels(&heard, rate)[199] < -48.0, "{rate:?}");
    }
}

proptest! {
    /// Whatever comes, at whatever rate, known or made up: nothing is added to it.
    #[test]
    fn no_sound_gets_louder(
        ticks in prop::collection::vec((0u8..6, any::<i16>(), any::<u64>(), any::<bool>()), 1..60),
        rate in 0usize..3,
    ) {
        let rate = RATES[rate];
        let mut denoiser = Denoiser::new(rate);
        let (mut came, mut given) = (0.0, 0.0);
        for (kind, level, seed, real) in ticks {
            let mut dice = Dice(seed | 1);
            let sample = |n: usize| match kind {
                0 => 0,
                1 => level,
                2 => if n.is_multiple_of(2) { i16::MAX } else { i16::MIN },
                3 => if n == usize::from(level.unsigned_abs()) % 160 { level } else { 0 },
                _ => (dice.roll() * f32::from(level)) as i16,
            };
            let mut frame: Vec<i16> = (0..rate.tick()).map(sample).collect();
            came += f64::from(Power::of(&frame).0);
            denoiser.clean(&mut frame, real);
            given += f64::from(Power::of(&frame).0);
            prop_assert!(given <= came * 1.05 + 1e-8, "{given} of {came}");
        }
    }
}
