//! A line's automatic gain: brings each caller slowly to the same loudness. Knows one line and no
//! mix; who is talking is told by the gate.
//!
//! It moves only while the line talks, so noise and pauses never pump, and within bounds. What
//! stays as loud as it is for a second is no voice and is never raised: of speech only what stands
//! out of its own pauses is learned. What is too loud for everybody is lowered, whatever it is.
//! Works at any rate: a call is one tick, however many samples it has.

use super::level::Power;

/// The gain of one line.
#[derive(Clone, Debug)]
pub struct Gain {
    /// where it is, in decibels
    now_db: f32,
    /// mean power of what was said lately
    speech: f32,
    /// ticks of speech in it, up to [`MEMORY_TICKS`]
    ticks: u32,
    /// the quietest power of late, on its way up again
    low: f32,
    /// factor at the end of the last tick
    factor: f32,
}

impl Default for Gain {
    fn default() -> Self {
        Self {
            now_db: 0.0,
            speech: 0.0,
            ticks: 0,
            low: 0.0,
            factor: 1.0,
        }
    }
}

impl Gain {
    /// Where it is, in decibels.
    pub fn db(&self) -> f32 {
        self.now_db
    }

    /// Takes note of how loud the line is in a tick that has come whole, talking or not.
    pub fn follow(&mut self, power: Power) {
        self.low = power.0.min((self.low * LOW_RISE).max(LEAST_LOW));
    }

    /// Amplifies a tick. `power` is that of `samples`, `noise` that of the line when nobody
    /// speaks; `talking` is the gate's opinion.
    pub fn apply(&mut self, samples: &mut [i16], power: Power, noise: Power, talking: bool) {
        let is_speech = power.0 > noise.0 * SPEECH_RATIO && power.0 > QUIETEST_SPEECH;
        if talking && is_speech && (power.0 > self.low * LOW_RATIO || self.makes_too_loud(power)) {
            self.learn(power);
        }
        let wanted = 10f32.powf(self.now_db / 20.0);
        if wanted == 1.0 && self.factor == 1.0 {
            return;
        }
        // A loud word in a raised line is held down as a whole and from its first sample on, and
        // what follows it comes up again gently.
        let most = if wanted > 1.0 {
            most_for(samples)
        } else {
            wanted
        };
        let from = self.factor.min(most);
        let to = wanted.min(most).min(from * RELEASE);
        let step = (to - from) / samples.len().max(1) as f32;
        let mut factor = from;
        for sample in samples {
            factor += step;
            // the conversion saturates
            *sample = (f32::from(*sample) * factor).round() as i16;
        }
        self.factor = to;
    }

    fn makes_too_loud(&self, power: Power) -> bool {
        power.dbov() + self.now_db > TARGET_DBOV + TOO_LOUD_DB
    }

    fn learn(&mut self, power: Power) {
        self.ticks = (self.ticks + 1).min(MEMORY_TICKS);
        // One shout says little about how loud the others will be.
        let most = if self.ticks > SURE_TICKS {
            self.speech * OUTLIER_RATIO
        } else {
            power.0
        };
        self.speech += (power.0.min(most) - self.speech) / self.ticks as f32;
        if self.ticks < SURE_TICKS {
            return;
        }
        let goal = (TARGET_DBOV - Power(self.speech).dbov()).clamp(LEAST_DB, MOST_DB);
        let way = goal - self.now_db;
        if way.abs() > NEAR_ENOUGH_DB {
            self.now_db += way.clamp(-STEP_DB, STEP_DB);
        }
    }
}

/// What a raised line's frame may be multiplied by.
fn most_for(samples: &[i16]) -> f32 {
    let peak = samples.iter().map(|sample| sample.unsigned_abs()).max();
    let by_peak = LOUDEST_PEAK / f32::from(peak.unwrap_or(0).max(1));
    let power = Power::of(samples).0.max(f32::MIN_POSITIVE);
    by_peak.min((LOUDEST_POWER / power).sqrt()).max(1.0)
}

/// What speech is brought to.
pub const TARGET_DBOV: f32 = -20.0;
/// A loud line is lowered by no more than this.
pub const LEAST_DB: f32 = -12.0;
/// A quiet one is raised by no more than this.
pub const MOST_DB: f32 = 15.0;
/// 2 dB a second of speech: too slow to be heard as a change.
const STEP_DB: f32 = 0.04;
const NEAR_ENOUGH_DB: f32 = 1.0;
/// Half a second of speech before anything moves; four seconds are remembered.
const SURE_TICKS: u32 = 25;
const MEMORY_TICKS: u32 = 200;
/// 9 dB over what was said lately.
const OUTLIER_RATIO: f32 = 8.0;
/// 10 dB over the line's noise, and over -50 dBov.
const SPEECH_RATIO: f32 = 10.0;
const QUIETEST_SPEECH: f32 = 1e-5;
/// 6 dB over its quietest of late, as steady noise never is.
const LOW_RATIO: f32 = 4.0;
/// More than loud syllables of a line that is right are over the target.
const TOO_LOUD_DB: f32 = 3.0;
/// 24 dB a second, from -70 dBov: what is steady is its own quietest within a second or two.
const LOW_RISE: f32 = 1.117;
const LEAST_LOW: f32 = 1e-7;
/// A raised line gets no louder than -12 dBov by it, as loud as syllables of good speech are, and
/// has no higher peaks.
const LOUDEST_POWER: f32 = 0.063_1;
const LOUDEST_PEAK: f32 = 30_000.0;
/// Half a decibel a tick: 15 dB take over half a second.
const RELEASE: f32 = 1.059_3;

#[cfg(test)]
mod tests {
    use super::*;

    const NOISE: Power = Power(1e-7);

    /// Syllables of four ticks with a pause of one, at this mean level while they sound.
    fn speech(tick: usize, dbov: f32, samples: usize) -> Vec<i16> {
        let loud = if tick % 5 == 4 { 0.0 } else { 1.0 };
        let top = 32_768.0 * 2f32.sqrt() * 10f32.powf(dbov / 20.0) * loud;
        let at = |n: usize| n as f32 / samples as f32 * std::f32::consts::TAU * 6.0;
        (0..samples).map(|n| (top * at(n).sin()) as i16).collect()
    }

    /// Level of what is heard after `seconds`, while it sounds.
    fn level_after(gain: &mut Gain, seconds: usize, dbov: f32, samples: usize) -> f32 {
        let mut heard = 0.0;
        for tick in 0..seconds * 50 {
            let mut frame = speech(tick, dbov, samples);
            let power = Power::of(&frame);
            gain.follow(power);
            gain.apply(&mut frame, power, NOISE, true);
            if power.0 > 0.0 {
                heard = Power::of(&frame).dbov();
            } else {
                assert!(frame.iter().all(|&sample| sample == 0));
            }
        }
        heard
    }

    #[test]
    fn quiet_and_loud_callers_come_to_the_same_loudness() {
        for samples in [160, 320, 960] {
            for (dbov, expected) in [
                (-45.0, -30.0),
                (-35.0, -20.0),
                (-28.0, -20.0),
                (-20.0, -20.0),
                (-12.0, -20.0),
                (-6.0, -18.0),
            ] {
                let heard = level_after(&mut Gain::default(), 20, dbov, samples);
                assert!(
                    (heard - expected).abs() < 1.5,
                    "{dbov} dBov in {samples} samples became {heard}"
                );
            }
        }
    }

    #[test]
    fn it_moves_slowly_and_only_while_somebody_talks() {
        let mut gain = Gain::default();
        level_after(&mut gain, 1, -35.0, 160);
        assert!((0.1..1.5).contains(&gain.db()), "{}", gain.db());
        level_after(&mut gain, 20, -35.0, 160);
        let before = gain.db();
        for _ in 0..50 * 60 {
            let mut hiss = [300; 160];
            let power = Power::of(&hiss);
            gain.apply(&mut hiss, power, power, true);
            let mut hiss = [300; 160];
            gain.apply(&mut hiss, power, NOISE, false);
        }
        assert_eq!(gain.db(), before);
    }

    /// The gate takes it for a voice, as its floor rises slowly and not above -40 dBov.
    fn steady_noise(gain: &mut Gain, dbov: f32, seconds: usize, drops: bool) -> f32 {
        let top = 32_768.0 * 3f32.sqrt() * 10f32.powf(dbov / 20.0);
        let (mut random, mut heard) = (1_u32, 0.0);
        for tick in 0..50 * seconds {
            let mut noise = [0; 160].map(|_: i16| {
                random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let uniform = (random >> 8) as f32 / (1 << 23) as f32 - 1.0;
                (top * uniform) as i16
            });
            let power = Power::of(&noise);
            if drops && tick % 100 < 10 {
                // Packets are missing, and what was made up has faded.
                gain.apply(&mut [0; 160], Power::SILENT, NOISE, false);
            } else {
                gain.follow(power);
                gain.apply(&mut noise, power, NOISE, true);
                heard = Power::of(&noise).dbov();
            }
        }
        heard
    }

    #[test]
    fn steady_noise_is_not_raised() {
        for dbov in [-45.0, -35.0, -28.0] {
            for (before, drops) in [(0, false), (20, false), (20, true)] {
                let mut gain = Gain::default();
                level_after(&mut gain, before, -20.0, 160);
                steady_noise(&mut gain, dbov, 60, drops);
                let db = gain.db();
                assert!(db.abs() < 2.5, "{dbov} {before} {drops}: {db}");
            }
        }
    }

    #[test]
    fn steady_noise_that_is_too_loud_is_lowered() {
        for dbov in [-15.0, -10.0] {
            let heard = steady_noise(&mut Gain::default(), dbov, 20, false);
            assert!((-21.0..-16.5).contains(&heard), "{dbov}: {heard}");
        }
        // A line that was raised for a quiet voice.
        let mut gain = Gain::default();
        level_after(&mut gain, 20, -35.0, 160);
        let heard = steady_noise(&mut gain, -25.0, 20, false);
        assert!((-21.0..-16.5).contains(&heard), "{heard}");
    }

    #[test]
    fn a_shout_into_a_raised_line_is_as_loud_as_it_came_from_its_first_sample_on() {
        for samples in [160, 320, 960] {
            let mut gain = Gain::default();
            level_after(&mut gain, 20, -35.0, samples);
            let came = speech(0, -8.0, samples);
            let mut shout = came.clone();
            gain.apply(&mut shout, Power::of(&came), NOISE, true);
            assert_eq!(shout, came);
        }
    }

    #[test]
    fn what_follows_a_shout_comes_up_again_gently() {
        let mut gain = Gain::default();
        level_after(&mut gain, 20, -35.0, 160);
        let mut shout = speech(0, -8.0, 160);
        let power = Power::of(&shout);
        gain.apply(&mut shout, power, NOISE, true);
        let mut levels = Vec::new();
        for _ in 0..100 {
            let mut word = speech(0, -35.0, 160);
            gain.apply(&mut word, Power::from_dbov(-35.0), NOISE, true);
            levels.push(Power::of(&word).dbov());
        }
        let steepest = levels.windows(2).map(|two| two[1] - two[0]);
        let steepest = steepest.fold(0.0, f32::max);
        assert!(levels[0] < -33.0 && steepest < 0.8, "{levels:?}");
        assert!((levels[99] + 20.0).abs() < 2.0, "{levels:?}");
    }

    #[test]
    fn a_louder_word_of_a_raised_line_does_not_jump_at_anybody() {
        let mut gain = Gain::default();
        level_after(&mut gain, 20, -35.0, 160);
        let mut word = speech(0, -20.0, 160);
        let power = Power::of(&word);
        gain.apply(&mut word, power, NOISE, true);
        let loud = Power::of(&word).dbov();
        assert!((-13.0..-11.5).contains(&loud), "{loud}");
    }

    #[test]
    fn a_line_that_is_right_is_left_as_it_is() {
        let mut gain = Gain::default();
        let frame = speech(0, -20.3, 160);
        let mut heard = frame.clone();
        for _ in 0..500 {
            heard.clone_from(&frame);
            gain.apply(&mut heard, Power::of(&frame), NOISE, true);
        }
        assert_eq!(heard, frame);
    }
}
