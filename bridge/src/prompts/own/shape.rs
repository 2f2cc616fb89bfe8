//! From any recording to one like ours: 16 kHz, the level of speech or of music, quiet ends, no
//! clipped peak. The rules are those of `bridge/prompts/make/shape.py`.

use super::Unfit;
use super::read::Mono;
use super::resample::resample;
use crate::prompts::flac::RATE_HZ;

const PER_MS: usize = RATE_HZ as usize / 1_000;
const SPEECH_DBFS: f32 = -20.0;
const MUSIC_DBFS: f32 = -26.0;
const PEAK_DBFS: f32 = -1.5;
const HIGH_PASS_HZ: f32 = 100.0;
/// Below this a frame is quiet, once the speech stands at its level.
const QUIET_DBFS: f32 = -46.0;
/// What is softer than this as it comes is noise, and would only be made loud noise.
const SILENT_DBFS: f32 = -55.0;
const BEFORE_MS: usize = 30;
const AFTER_MS: usize = 120;
const SHORTEST_MS: usize = 150;
const MUSIC_SHORTEST_MS: usize = 3_000;
/// How far around a peak the limiter turns down.
const REACH: usize = 3 * PER_MS;

/// A prompt as it is kept.
///
/// # Errors
/// When there is nothing to be heard.
pub fn speech(mono: &Mono) -> Result<Vec<i16>, Unfit> {
    let mut x = high_passed(mono);
    level(&mut x, SPEECH_DBFS)?;
    let step = 10 * PER_MS;
    let loud: Vec<usize> = frames_db(&x, step)
        .enumerate()
        .filter(|(_, db)| *db > QUIET_DBFS)
        .map(|(n, _)| n)
        .collect();
    let (first, last) = match loud[..] {
        [first, .., last] => (first * step, (last + 1) * step),
        _ => {
            return Err(Unfit::TooShort {
                limit_ms: SHORTEST_MS,
            });
        }
    };
    if last - first < SHORTEST_MS * PER_MS {
        return Err(Unfit::TooShort {
            limit_ms: SHORTEST_MS,
        });
    }
    let from = first.saturating_sub(BEFORE_MS * PER_MS);
    let to = (last + AFTER_MS * PER_MS).min(x.len());
    let mut cut = x[from..to].to_vec();
    limit(&mut cut);
    fade(&mut cut, 10 * PER_MS, 30 * PER_MS);
    Ok(to_16_bit(&cut))
}

/// Hold music as it is kept: its ends are faded, since they meet. Even in length, so that it
/// closes at half the rate too.
///
/// # Errors
/// When there is nothing to be heard, or it is over before anybody listens.
pub fn music(mono: &Mono) -> Result<Vec<i16>, Unfit> {
    let mut x = high_passed(mono);
    level(&mut x, MUSIC_DBFS)?;
    if x.len() < MUSIC_SHORTEST_MS * PER_MS {
        return Err(Unfit::TooShort {
            limit_ms: MUSIC_SHORTEST_MS,
        });
    }
    x.truncate(x.len() / 2 * 2);
    limit(&mut x);
    fade(&mut x, 20 * PER_MS, 500 * PER_MS);
    Ok(to_16_bit(&x))
}

/// At our rate, without rumble and offset: a Butterworth high-pass of second order.
fn high_passed(mono: &Mono) -> Vec<f32> {
    let mut x = resample(&mono.samples, mono.rate_hz, RATE_HZ);
    let k = (std::f32::consts::PI * HIGH_PASS_HZ / RATE_HZ as f32).tan();
    let norm = 1.0 / (1.0 + std::f32::consts::SQRT_2 * k + k * k);
    let (a1, a2) = (
        2.0 * (k * k - 1.0) * norm,
        (1.0 - std::f32::consts::SQRT_2 * k + k * k) * norm,
    );
    let (mut z1, mut z2) = (0.0, 0.0);
    for sample in &mut x {
        let y = norm * *sample + z1;
        z1 = -2.0 * norm * *sample - a1 * y + z2;
        z2 = norm * *sample - a2 * y;
        *sample = y;
    }
    x
}

/// Level of each whole frame of `length` samples, dB of full scale.
fn frames_db(x: &[f32], length: usize) -> impl Iterator<Item = f32> {
    x.chunks_exact(length).map(|frame| {
        let power: f32 = frame.iter().map(|s| s * s).sum::<f32>() / frame.len() as f32;
        10.0 * (power + 1e-12).log10()
    })
}

/// Brings the frames in which there is something (within 25 dB of the loudest) to `wanted_dbfs`.
fn level(x: &mut [f32], wanted_dbfs: f32) -> Result<(), Unfit> {
    let db: Vec<f32> = frames_db(x, 20 * PER_MS).collect();
    let loudest = db.iter().copied().fold(f32::MIN, f32::max);
    if loudest < SILENT_DBFS {
        return Err(Unfit::Silent);
    }
    let active = db.iter().filter(|db| **db > loudest - 25.0);
    let powers: Vec<f32> = active.map(|db| 10f32.powf(db / 10.0)).collect();
    let mean = powers.iter().sum::<f32>() / powers.len() as f32;
    let gain = 10f32.powf((wanted_dbfs - 10.0 * mean.log10()) / 20.0);
    x.iter_mut().for_each(|sample| *sample *= gain);
    Ok(())
}

/// Holds peaks at the ceiling by turning down the few ms around each.
fn limit(x: &mut [f32]) {
    let ceiling = 10f32.powf(PEAK_DBFS / 20.0);
    let mut gain = vec![1.0f32; x.len()];
    for (at, sample) in x.iter().enumerate() {
        let peak = sample.abs();
        if peak <= ceiling {
            continue;
        }
        let (from, to) = (at.saturating_sub(REACH), (at + REACH + 1).min(gain.len()));
        for (near, gain) in gain[from..to].iter_mut().enumerate() {
            let away = (from + near).abs_diff(at) as f32 / (REACH + 1) as f32;
            let turned = 0.5 + 0.5 * (std::f32::consts::PI * away).cos();
            *gain = gain.min(1.0 - turned * (1.0 - ceiling / peak));
        }
    }
    for (sample, gain) in x.iter_mut().zip(&gain) {
        *sample *= gain;
    }
}

fn fade(x: &mut [f32], begin: usize, end: usize) {
    let curve = |n: usize, of: usize| {
        0.5 - 0.5 * (std::f32::consts::PI * (n as f32 + 0.5) / of as f32).cos()
    };
    let (begin, end) = (begin.min(x.len()), end.min(x.len()));
    for (n, sample) in x[..begin].iter_mut().enumerate() {
        *sample *= curve(n, begin);
    }
    for (n, sample) in x.iter_mut().rev().take(end).enumerate() {
        *sample *= curve(n, end);
    }
}

fn to_16_bit(x: &[f32]) -> Vec<i16> {
    let top = f32::from(i16::MAX);
    x.iter()
        .map(|s| (s * 32_768.0).round().clamp(-top, top) as i16)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `quiet_ms` of nothing, a tone, the same quiet again.
    fn tone(level: f32, quiet_ms: usize, length_ms: usize, rate_hz: u32) -> Mono {
        let per_ms = rate_hz as usize / 1_000;
        let turn = 2.0 * std::f32::consts::PI * 500.0 / rate_hz as f32;
        let quiet = vec![0.0; quiet_ms * per_ms];
        let tone = (0..length_ms * per_ms).map(|n| level * (turn * n as f32).sin());
        let samples = [quiet.clone(), tone.collect(), quiet].concat();
        Mono { samples, rate_hz }
    }

    fn dbfs(x: &[i16]) -> f32 {
        let power: f32 = x.iter().map(|s| (f32::from(*s) / 32_768.0).powi(2)).sum();
        10.0 * (power / x.len() as f32).log10()
    }

    #[test]
    fn speech_is_levelled_and_trimmed() {
        for (level, rate_hz) in [(0.9, 48_000), (0.02, 8_000), (0.3, 16_000)] {
            let got = speech(&tone(level, 800, 1_000, rate_hz)).unwrap();
            let middle = &got[got.len() / 4..got.len() * 3 / 4];
            assert!((dbfs(middle) - SPEECH_DBFS).abs() < 0.3, "{}", dbfs(middle));
            let length_ms = got.len() / PER_MS;
            assert!((1_140..=1_190).contains(&length_ms), "{length_ms} ms");
            assert!(got[0].abs() < 20 && got[got.len() - 1].abs() < 20);
        }
    }

    #[test]
    fn music_is_softer_and_keeps_its_length() {
        let got = music(&tone(0.5, 100, 5_000, 44_000)).unwrap();
        assert!((dbfs(&got[16_000..64_000]) - MUSIC_DBFS).abs() < 0.3);
        assert_eq!(got.len(), 5_200 * PER_MS);
        let short = music(&tone(0.5, 0, 2_000, 16_000));
        assert_eq!(short, Err(Unfit::TooShort { limit_ms: 3_000 }));
    }

    #[test]
    fn peaks_are_held() {
        // Softly spoken with clicks: to raise it without a limiter would clip.
        let mut mono = tone(0.02, 0, 1_000, 16_000);
        for at in (500..15_500).step_by(997) {
            mono.samples[at] = 0.9;
        }
        let got = speech(&mono).unwrap();
        let peak = got.iter().map(|s| s.unsigned_abs()).max().unwrap();
        assert!(
            f32::from(peak) < 32_768.0 * 10f32.powf(-1.0 / 20.0),
            "{peak}"
        );
    }

    #[test]
    fn nothing_to_hear() {
        let check = |mono: &Mono, unfit: Unfit| assert_eq!(speech(mono), Err(unfit));
        check(&tone(0.0, 100, 1_000, 16_000), Unfit::Silent);
        check(&tone(0.001, 100, 1_000, 16_000), Unfit::Silent);
        check(
            &tone(0.5, 500, 40, 16_000),
            Unfit::TooShort { limit_ms: 150 },
        );
        let (samples, rate_hz) = (Vec::new(), 16_000);
        check(&Mono { samples, rate_hz }, Unfit::Silent);
        // An offset is no sound.
        let (samples, rate_hz) = (vec![0.5; 64_000], 16_000);
        let late = speech(&Mono { samples, rate_hz });
        assert!(late.is_err(), "{late:?}");
    }
}
