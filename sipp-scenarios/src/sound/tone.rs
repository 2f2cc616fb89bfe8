//! Tones: humming them, finding them, taking them out. Goertzel's filter under a Hann window, so
//! that speech beside a tone does not leak into it.

use super::{RATE_HZ, SILENCE_DBOV, power_dbov};

/// Tones that phones may hum together. Multiples of 10 Hz (whole periods in every 100 ms, so they
/// do not disturb each other), none near a DTMF frequency or its pairs' neighbours, none the
/// double or triple of another, and all between two notes of the scale, so that music is not
/// taken for a phone.
pub const TONES: [u32; 7] = [810, 1020, 1140, 1280, 1390, 1710, 1920];

/// Length of sound that is looked at for a tone, in samples: 200 ms.
pub const WINDOW: usize = RATE_HZ as usize / 5;

/// Step between two looks: 100 ms.
pub const HOP: usize = WINDOW / 2;

/// A steady tone at or over this is heard. A phone hums at -15; a bridge may duck it under a
/// prompt.
pub const HEARD_DBOV: f32 = -36.0;

/// A tone under this is gone.
pub const GONE_DBOV: f32 = -48.0;

/// The level of the tone of `hz` in one stretch of sound, best of [`WINDOW`] samples.
pub fn tone_level_dbov(samples: &[i16], hz: u32) -> f32 {
    tone_level_at(samples, hz, RATE_HZ)
}

/// The same in sound at another rate.
pub fn tone_level_at(samples: &[i16], hz: u32, rate_hz: u32) -> f32 {
    let n = samples.len();
    if n < 2 {
        return SILENCE_DBOV;
    }
    let omega = std::f64::consts::TAU * f64::from(hz) / f64::from(rate_hz);
    let turn = std::f64::consts::TAU / n as f64;
    let coefficient = 2.0 * omega.cos();
    let (mut s1, mut s2) = (0.0f64, 0.0f64);
    for (i, &sample) in samples.iter().enumerate() {
        let hann = 0.5 - 0.5 * (turn * i as f64).cos();
        let s0 = f64::from(sample) * hann + coefficient * s1 - s2;
        s2 = s1;
        s1 = s0;
    }
    let magnitude_squared = s1 * s1 + s2 * s2 - coefficient * s1 * s2;
    // A sine of amplitude a has magnitude a * n / 4 under a Hann window, and power a * a / 2.
    power_dbov(magnitude_squared * 8.0 / (n as f64 * n as f64))
}

/// Is the tone there from beginning to end? Every window of the stretch must have it.
pub fn is_steady(samples: &[i16], hz: u32) -> bool {
    let mut looks = windows(samples).peekable();
    looks.peek().is_some() && looks.all(|w| tone_level_dbov(w, hz) >= HEARD_DBOV)
}

/// Is the tone absent from beginning to end?
pub fn is_absent(samples: &[i16], hz: u32) -> bool {
    windows(samples).all(|w| tone_level_dbov(w, hz) < GONE_DBOV)
}

/// How much of the stretch has the tone, in milliseconds, to the nearest [`HOP`].
pub fn heard_ms(samples: &[i16], hz: u32) -> u32 {
    let hits = windows(samples)
        .filter(|w| tone_level_dbov(w, hz) >= HEARD_DBOV)
        .count();
    (hits * HOP / super::PER_MS) as u32
}

fn windows(samples: &[i16]) -> impl Iterator<Item = &[i16]> {
    samples.windows(WINDOW).step_by(HOP)
}

/// An endless sine that can change pitch without a click.
#[derive(Clone, Debug, Default)]
pub struct Hum {
    phase: f64,
}

impl Hum {
    /// The next sample of a tone of `hz` with this amplitude.
    pub fn next(&mut self, hz: u32, amplitude: f64) -> i16 {
        self.next_at(hz, amplitude, RATE_HZ)
    }

    /// The same at another rate.
    pub fn next_at(&mut self, hz: u32, amplitude: f64, rate_hz: u32) -> i16 {
        let sample = (self.phase.sin() * amplitude) as i16;
        self.phase += std::f64::consts::TAU * f64::from(hz) / f64::from(rate_hz);
        self.phase %= std::f64::consts::TAU;
        sample
    }

    /// A stretch of a tone from its start.
    pub fn stretch(hz: u32, amplitude: f64, ms: u32) -> Vec<i16> {
        let mut hum = Self::default();
        (0..ms as usize * super::PER_MS)
            .map(|_| hum.next(hz, amplitude))
            .collect()
    }
}

/// The sound without the phones' [`TONES`]: what is left is speech, music or noise.
pub fn without_tones(samples: &[i16]) -> Vec<f32> {
    let mut sound: Vec<f32> = samples.iter().map(|&s| f32::from(s)).collect();
    for hz in TONES {
        notch(&mut sound, hz);
    }
    sound
}

/// A second-order notch 20 Hz wide, in place.
fn notch(sound: &mut [f32], hz: u32) {
    let omega = std::f32::consts::TAU * hz as f32 / RATE_HZ as f32;
    let radius = 1.0 - std::f32::consts::PI * 20.0 / RATE_HZ as f32;
    let b1 = -2.0 * omega.cos();
    let (a1, a2) = (b1 * radius, radius * radius);
    let (mut x1, mut x2, mut y1, mut y2) = (0.0f32, 0.0, 0.0, 0.0);
    for s in sound {
        let y = *s + b1 * x1 + x2 - a1 * y1 - a2 * y2;
        (x2, x1, y2, y1) = (x1, *s, y1, y);
        *s = y;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_tone_is_found_and_no_other() {
        for hummed in TONES {
            let sound = Hum::stretch(hummed, 8_000.0, 600);
            for sought in TONES {
                assert_eq!(
                    is_steady(&sound, sought),
                    sought == hummed,
                    "{hummed} {sought}"
                );
                assert_eq!(
                    is_absent(&sound, sought),
                    sought != hummed,
                    "{hummed} {sought}"
                );
            }
        }
    }

    #[test]
    fn a_level_is_told_to_half_a_decibel() {
        let sound = Hum::stretch(1_020, 8_000.0, 400);
        let level = tone_level_dbov(&sound[..WINDOW], 1_020);
        assert!((level - -15.26).abs() < 0.5, "{level}");
        assert!((super::super::level_dbov(&sound) - -15.26).abs() < 0.5);
    }

    #[test]
    fn all_tones_together_are_taken_out() {
        let parts: Vec<Vec<i16>> = TONES
            .iter()
            .map(|&hz| Hum::stretch(hz, 3_000.0, 1_000))
            .collect();
        let sum: Vec<i16> = (0..parts[0].len())
            .map(|i| parts.iter().map(|p| p[i]).sum())
            .collect();
        let rest: Vec<i16> = without_tones(&sum).iter().map(|&s| s as i16).collect();
        // the notches need a moment to settle
        assert!(super::super::level_dbov(&rest[4_000..]) < -60.0);
    }

    #[test]
    fn a_tone_that_stops_is_neither_steady_nor_absent() {
        let mut sound = Hum::stretch(1_390, 8_000.0, 300);
        sound.extend(vec![0; 2_400]);
        assert!(!is_steady(&sound, 1_390) && !is_absent(&sound, 1_390));
        assert_eq!(heard_ms(&sound, 1_390), 300);
    }
}
