//! Sound as the tests need it: telephone samples, tones, words and files. Knows no packets.

pub mod fft;
pub mod file;
pub mod g711;
pub mod keypad;
pub mod rate;
pub mod tone;
pub mod words;

/// Samples a second of everything in here that does not say another rate: telephone sound, mono.
pub const RATE_HZ: u32 = 8_000;

/// Samples in one millisecond.
pub const PER_MS: usize = RATE_HZ as usize / 1_000;

/// What [`level_dbov`] says of perfect silence.
pub const SILENCE_DBOV: f32 = -100.0;

/// The level of a stretch of sound in dB below overload: a full-scale sine is at -3.
pub fn level_dbov(samples: &[i16]) -> f32 {
    if samples.is_empty() {
        return SILENCE_DBOV;
    }
    let energy: f64 = samples.iter().map(|&s| f64::from(s) * f64::from(s)).sum();
    power_dbov(energy / samples.len() as f64)
}

/// Mean square of samples to dBov, not under [`SILENCE_DBOV`].
pub(crate) fn power_dbov(mean_square: f64) -> f32 {
    const FULL_SCALE: f64 = 32_768.0 * 32_768.0;
    let db = 10.0 * (mean_square / FULL_SCALE).max(1e-10).log10();
    (db as f32).max(SILENCE_DBOV)
}
