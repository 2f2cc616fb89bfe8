//! Suppresses the steady noise of one line: fans, hiss, hum. Knows one line, no gate and no mix;
//! what is a voice and what is noise it tells by how fast each part of the spectrum changes.
//!
//! Windows of 20 ms, two a tick, each half over the other: what comes is weighted, transformed,
//! each part of the spectrum multiplied by its gain, transformed back, weighted again and added up.
//! So what goes out is 10 ms behind what came. Of a sound without noise every gain is 1, and the
//! weights add up to 1; of silence nothing is made. Noise is lowered half a
//! second to two after the first sound of a line, and noise that sets in later three to six.
//!
//! ```text
//!   power of a part -> noise: how loud is it without a voice      (`noise`)
//!                   -> gain:  how much of this is voice by that   (`gain`)
//! ```

mod gain;
mod noise;

use std::sync::LazyLock;

use super::fourier::Fourier;
use super::level::Power;
use super::rate::Rate;

use gain::Gains;
use noise::Noise;

/// The suppressor of one line. Large: is to be made in a box, away from threads that must not
/// allocate.
#[derive(Clone, Debug)]
pub struct Denoiser {
    rate: Rate,
    /// the newest half of the last window, as it came
    past: [f32; MOST_HOP],
    /// what the last window adds to the next half
    tail: [f32; MOST_HOP],
    noise: Noise,
    gains: Gains,
}

impl Default for Denoiser {
    fn default() -> Self {
        Self::new(Rate::Narrow)
    }
}

impl Denoiser {
    /// For a line of this rate, of which nothing is known. Prepares tables when it is the first.
    pub fn new(rate: Rate) -> Self {
        LazyLock::force(&PLANS);
        Self {
            rate,
            past: [0.0; MOST_HOP],
            tail: [0.0; MOST_HOP],
            noise: Noise::new(rate),
            gains: Gains::new(),
        }
    }

    /// The rate its frames must have.
    pub fn rate(&self) -> Rate {
        self.rate
    }

    /// How much later than it came a sound is given, in samples.
    pub fn behind(&self) -> usize {
        hop(self.rate)
    }

    /// The line's frames have this rate from now on. What was learned is forgotten with another.
    pub fn set_rate(&mut self, rate: Rate) {
        if rate != self.rate {
            self.rate = rate;
            self.noise = Noise::new(rate);
            self.pause();
        }
    }

    /// How loud it takes the line's noise to be.
    pub fn noise(&self) -> Power {
        self.noise.power()
    }

    /// Nothing of what came is to be heard any more. What is known of the noise stays.
    pub fn pause(&mut self) {
        self.past.fill(0.0);
        self.tail.fill(0.0);
        self.gains.forget();
    }

    /// Takes a tick of sound, gives what is due. `real` says that it came from the line as it is,
    /// so that the line's noise can be learned from it.
    pub fn clean(&mut self, frame: &mut [i16], real: bool) {
        let plan = &PLANS[self.rate as usize];
        for half in frame.chunks_exact_mut(hop(self.rate)) {
            self.window(plan, half, real);
        }
    }

    /// Takes the second half of a window, and gives the first in its place.
    fn window(&mut self, plan: &Plan, half: &mut [i16], real: bool) {
        let hop = half.len();
        let (length, bins) = (plan.length, bins(self.rate));
        let mut samples = [0.0; MOST_LENGTH];
        let (first, second) = samples.split_at_mut(hop);
        let (mut silent, mut silent_now) = (0, 0);
        let weights = plan.window.iter();
        for ((to, past), weight) in first.iter_mut().zip(&self.past).zip(weights) {
            silent += usize::from(*past == 0.0);
            *to = past * weight;
        }
        let weights = plan.window[hop..].iter();
        let past = self.past.iter_mut();
        for (((to, past), &new), weight) in second.iter_mut().zip(past).zip(&*half).zip(weights) {
            silent_now += usize::from(new == 0);
            *past = f32::from(new);
            *to = *past * weight;
        }
        silent += silent_now;
        if silent < 2 * hop {
            let (mut re, mut im) = ([0.0; MOST_BINS], [0.0; MOST_BINS]);
            plan.fourier.there(&samples[..length], &mut re, &mut im);
            let mut powers = [0.0; MOST_BINS];
            for ((power, re), im) in powers[..bins].iter_mut().zip(&re).zip(&im) {
                *power = re * re + im * im;
            }
            // Half of it nothing at all: a pause in which nothing is sent begins or ends.
            match silent < hop {
                true if real => self.noise.learn(&powers[..bins]),
                true => {}
                false => self.noise.gap(),
            }
            let gains = self
                .gains
                .of(&powers[..bins], self.noise.levels(), self.noise.power());
            for ((re, im), gain) in re.iter_mut().zip(&mut im).zip(gains) {
                *re *= gain;
                *im *= gain;
            }
            plan.fourier.back(&mut re, &mut im, &mut samples[..length]);
        }
        for n in 0..hop {
            // the conversion saturates
            half[n] = (self.tail[n] + samples[n] * plan.window[n]).round() as i16;
            self.tail[n] = samples[hop + n] * plan.window[hop + n];
        }
        if silent_now == hop {
            // What gains have spread into it.
            self.tail.fill(0.0);
        }
    }
}

/// What windows of one rate are transformed by.
#[derive(Debug)]
struct Plan {
    fourier: Fourier,
    /// Samples that are transformed: those of the window and zeros up to a power of two. So what a
    /// gain that differs from part to part spreads beyond the window does not come round to its
    /// other end.
    length: usize,
    /// Root of a Hann window: it is applied twice.
    window: Vec<f32>,
}

static PLANS: LazyLock<[Plan; 3]> = LazyLock::new(|| {
    [Rate::Narrow, Rate::Wide, Rate::Full].map(|rate| {
        let window = 2 * hop(rate);
        let length = length(rate);
        let at = |n: usize| (n as f64 + 0.5) / window as f64;
        Plan {
            fourier: Fourier::of(length),
            length,
            window: (0..window)
                .map(|n| (at(n) * std::f64::consts::PI).sin() as f32)
                .collect(),
        }
    })
});

/// Samples of half a window.
const fn hop(rate: Rate) -> usize {
    rate.tick() / 2
}

/// Samples that are transformed.
const fn length(rate: Rate) -> usize {
    (2 * hop(rate)).next_power_of_two()
}

/// Parts of the spectrum.
const fn bins(rate: Rate) -> usize {
    length(rate) / 2 + 1
}

const MOST_HOP: usize = hop(Rate::Full);
const MOST_LENGTH: usize = length(Rate::Full);
const MOST_BINS: usize = bins(Rate::Full);

#[cfg(test)]
mod tests;
