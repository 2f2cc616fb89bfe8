//! Sound from one rate to another, by whole factors: thinned or raised behind a windowed sinc.

/// How far the low-pass reaches to each side, in samples of the lower rate.
const REACH: usize = 24;

/// Where it cuts, as a share of half of the lower rate.
const CUT: f64 = 0.92;

/// Sound at `factor` times [`RATE_HZ`](super::RATE_HZ), brought down to that. Not delayed.
pub fn thin(sound: &[f32], factor: usize) -> Vec<f32> {
    if factor == 1 {
        return sound.to_vec();
    }
    let filter = low_pass(factor);
    let reach = REACH * factor;
    (0..sound.len() / factor)
        .map(|at| around(sound, at * factor, reach, &filter))
        .collect()
}

/// Telephone sound brought up to `factor` times [`RATE_HZ`](super::RATE_HZ). Not delayed.
pub fn raise(sound: &[i16], factor: usize) -> Vec<i16> {
    if factor == 1 {
        return sound.to_vec();
    }
    let filter = low_pass(factor);
    let mut spread = vec![0.0; sound.len() * factor];
    for (slot, &sample) in spread.iter_mut().step_by(factor).zip(sound) {
        *slot = f32::from(sample) * factor as f32;
    }
    (0..spread.len())
        .map(|at| around(&spread, at, REACH * factor, &filter) as i16)
        .collect()
}

/// Brings sound down to [`RATE_HZ`](super::RATE_HZ) as it comes, late by [`Thinner::LATE`].
#[derive(Clone, Debug)]
pub struct Thinner {
    factor: usize,
    filter: Vec<f32>,
    past: Vec<f32>,
}

impl Thinner {
    /// By how many samples of [`RATE_HZ`](super::RATE_HZ) what comes out is late.
    pub const LATE: usize = REACH;

    /// For sound at so many times [`RATE_HZ`](super::RATE_HZ).
    pub fn new(factor: usize) -> Self {
        Self {
            factor,
            filter: low_pass(factor),
            past: vec![0.0; 2 * REACH * factor],
        }
    }

    /// Takes some sound and gives it at the lower rate.
    pub fn take(&mut self, sound: &[i16]) -> Vec<i16> {
        self.past.extend(sound.iter().map(|&s| f32::from(s)));
        let windows = self.past.windows(self.filter.len()).step_by(self.factor);
        let thin = windows
            .take(sound.len() / self.factor)
            .map(|window| window.iter().zip(&self.filter).map(|(s, h)| s * h).sum())
            .map(|sum: f32| sum as i16)
            .collect();
        self.past.drain(..sound.len());
        thin
    }
}

fn around(sound: &[f32], centre: usize, reach: usize, filter: &[f32]) -> f32 {
    let from = centre.saturating_sub(reach);
    let skipped = reach - (centre - from);
    let sound = &sound[from..(centre + reach + 1).min(sound.len())];
    sound
        .iter()
        .zip(&filter[skipped..])
        .map(|(s, h)| s * h)
        .sum()
}

/// A windowed sinc that lets pass what fits into a rate `factor` times lower.
fn low_pass(factor: usize) -> Vec<f32> {
    let reach = (REACH * factor) as i32;
    let cutoff = CUT / factor as f64;
    let taps: Vec<f64> = (-reach..=reach)
        .map(|i| {
            let x = f64::from(i);
            let sinc = if i == 0 {
                cutoff
            } else {
                (std::f64::consts::PI * cutoff * x).sin() / (std::f64::consts::PI * x)
            };
            let hann = 0.5 + 0.5 * (std::f64::consts::PI * x / f64::from(reach)).cos();
            sinc * hann
        })
        .collect();
    let sum: f64 = taps.iter().sum();
    taps.iter().map(|t| (t / sum) as f32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sound::RATE_HZ;
    use crate::sound::tone::{Hum, is_steady, tone_level_at};
    use crate::sound::{PER_MS, level_dbov};

    #[test]
    fn what_is_raised_and_thinned_as_it_comes_is_as_it_was() {
        for factor in [2, 6] {
            let sound = Hum::stretch(1_020, 8_000.0, 400);
            let raised = raise(&sound, factor);
            let rate_hz = RATE_HZ * factor as u32;
            let level = tone_level_at(&raised[raised.len() / 4..], 1_020, rate_hz);
            assert!((level - -15.3).abs() < 0.3, "{level}");
            assert!(tone_level_at(&raised, 8_000 - 1_020, rate_hz) < -60.0);
            let mut thinner = Thinner::new(factor);
            let parts = raised.chunks(20 * PER_MS * factor);
            let again: Vec<i16> = parts.flat_map(|part| thinner.take(part)).collect();
            assert_eq!(again.len(), sound.len());
            let late = again[Thinner::LATE..].iter().zip(&sound);
            let error = late.skip(100).map(|(a, s)| (a - s).abs()).max();
            assert!(error < Some(150), "{error:?}");
        }
    }

    #[test]
    fn what_telephones_cannot_carry_is_gone() {
        for (factor, hz) in [(2, 5_000), (6, 5_000), (6, 12_000)] {
            let mut hum = Hum::default();
            let rate_hz = RATE_HZ * factor as u32;
            let sound: Vec<i16> = (0..rate_hz / 2)
                .map(|_| hum.next_at(hz, 8_000.0, rate_hz))
                .collect();
            let thin = Thinner::new(factor).take(&sound);
            assert!(level_dbov(&thin[400..]) < -60.0);
            assert!(!is_steady(&thin, 3_000));
        }
    }
}
