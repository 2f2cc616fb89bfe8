//! What each part of the spectrum is multiplied by, so that the logarithm of the voice comes out as
//! what it most probably is (Ephraim and Malah, 1985), given how loud it was a window ago and how
//! loud this one is.
//!
//! Because of that memory the gain of noise hardly varies, so what is left of it sounds like itself
//! and does not tinkle. No part is lowered by more than 18 dB: what is left hides what would be
//! heard of the work. Noise that nobody hears is not worth that work: below -60 dBov less is done,
//! and below -70 nothing.

use std::sync::LazyLock;

use super::super::level::Power;
use super::MOST_BINS;

/// See the module.
#[derive(Clone, Debug)]
pub(super) struct Gains {
    /// power of the voice in the last window
    voice: [f32; MOST_BINS],
    gains: [f32; MOST_BINS],
}

impl Gains {
    pub(super) fn new() -> Self {
        LazyLock::force(&RISE);
        Self {
            voice: [0.0; MOST_BINS],
            gains: [0.0; MOST_BINS],
        }
    }

    /// There was no window before the next one.
    pub(super) fn forget(&mut self) {
        self.voice.fill(0.0);
    }

    /// The gain of each part, by its power and that of its noise, `all` of which is so loud.
    pub(super) fn of(&mut self, powers: &[f32], noise: &[f32], all: Power) -> &[f32] {
        let rise = &*RISE;
        let heard = ((all.dbov() - UNHEARD_DBOV) / (HEARD_DBOV - UNHEARD_DBOV)).clamp(0.0, 1.0);
        let least = 10f32.powf(LEAST_DB * heard / 20.0);
        for (k, (&power, &noise)) in powers.iter().zip(noise).enumerate() {
            let noise = noise * OVER;
            let ratio = power / noise;
            let now = (ratio - 1.0).max(0.0);
            let voice = (now + (self.voice[k] / noise - now) * MEMORY).max(LEAST_VOICE);
            let share = voice / (1.0 + voice);
            let gain = (share * rise[place(share * ratio)]).clamp(least, 1.0);
            self.voice[k] = gain * gain * power;
            self.gains[k] = gain;
        }
        &self.gains[..powers.len()]
    }
}

/// Where in [`RISE`] a number is: by its binary logarithm in steps of an eighth, roughly, which a
/// float begins with.
fn place(value: f32) -> usize {
    let bits = value.clamp(LOWEST, HIGHEST).to_bits() - LOWEST.to_bits();
    (bits >> STEP_BITS) as usize
}

/// By what the estimate of the logarithm is higher than that of the amplitude: e to half of the
/// exponential integral.
static RISE: LazyLock<[f32; PLACES]> = LazyLock::new(|| {
    std::array::from_fn(|n| {
        let bits = LOWEST.to_bits() + ((n as u32) << STEP_BITS) + (1 << (STEP_BITS - 1));
        (integral(f64::from(f32::from_bits(bits))) / 2.0).exp() as f32
    })
});

/// The integral of exp(-t) / t from x on: a series while x is small, a continued fraction beyond.
fn integral(x: f64) -> f64 {
    if x > 1.0 {
        let fraction = (1..60).rev().map(f64::from);
        let below = fraction.fold(x, |below, n| x + n / (1.0 + n / below));
        return (-x).exp() / below;
    }
    let (mut term, mut sum) = (1.0, 0.0);
    for n in 1..30 {
        term *= -x / f64::from(n);
        sum -= term / f64::from(n);
    }
    sum - x.ln() - EULER
}

const EULER: f64 = 0.577_215_664_901_532_9;
const LOWEST: f32 = 1.0 / 1_024.0;
const HIGHEST: f32 = 31.9;
/// Of 23 bits of a float's fraction all but three.
const STEP_BITS: u32 = 20;
const PLACES: usize = 15 * 8;
/// Noise is taken to be 1 dB louder than it is on average, since it varies.
const OVER: f32 = 1.3;
/// Share of the window before in what the voice is taken to be.
const MEMORY: f32 = 0.94;
/// As far as noise is lowered that everybody hears.
const LEAST_DB: f32 = -18.0;
const HEARD_DBOV: f32 = -60.0;
const UNHEARD_DBOV: f32 = -70.0;
/// -20 dB: the least that a voice is taken to be, beside its noise.
const LEAST_VOICE: f32 = 0.01;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_integral_is_that_of_the_tables() {
        for (x, expected) in [
            (0.01, 4.037_93),
            (0.1, 1.822_92),
            (1.0, 0.219_384),
            (2.0, 0.048_900_5),
            (10.0, 4.156_97e-6),
        ] {
            let value = integral(x);
            assert!((value / expected - 1.0).abs() < 1e-3, "{x}: {value}");
        }
    }

    #[test]
    fn every_number_has_a_place() {
        for value in [-1.0, 0.0, 1e-9, 0.5, 31.9, 1e9, f32::INFINITY] {
            assert!(place(value) < PLACES, "{value}");
        }
    }
}
