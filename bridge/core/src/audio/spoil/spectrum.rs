//! The spectrum of a line, ten times a second: how much it has changed, and how much of it is one
//! tone. Judges nothing.

use std::sync::LazyLock;

use super::super::fourier::Fourier;

/// A look at the spectrum.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Look {
    /// how far it is from the one before: 0 the same, 1 nothing in common; steady noise has a third
    pub(super) change: f32,
    /// share of the loudest tone in the whole
    pub(super) tone: f32,
    /// where that is, in steps of 31 Hz
    pub(super) place: usize,
}

/// See the module.
#[derive(Clone, Debug)]
pub(super) struct Spectrum {
    /// end of the last tick
    past: [f32; PAST],
    /// magnitudes at the last look
    before: [f32; BINS],
    ticks: u32,
    /// there was a look a tenth of a second ago
    follows: bool,
}

impl Spectrum {
    pub(super) fn new() -> Self {
        LazyLock::force(&TABLES);
        Self {
            past: [0.0; PAST],
            before: [0.0; BINS],
            ticks: 0,
            follows: false,
        }
    }

    /// Nothing of interest comes; the next look will have nothing to be compared with.
    pub(super) fn pause(&mut self) {
        self.ticks = 0;
        self.follows = false;
    }

    /// Takes a tick at 8 kHz; looks at every fifth.
    pub(super) fn hear(&mut self, frame: &[i16]) -> Option<Look> {
        self.ticks += 1;
        if self.ticks == LOOK_TICKS - 1 {
            let end = &frame[frame.len() - PAST..];
            for (past, &sample) in self.past.iter_mut().zip(end) {
                *past = f32::from(sample);
            }
        }
        if self.ticks < LOOK_TICKS {
            return None;
        }
        self.ticks = 0;
        let look = self.look(frame);
        std::mem::replace(&mut self.follows, true).then_some(look)
    }

    fn look(&mut self, frame: &[i16]) -> Look {
        let tables = &*TABLES;
        let mut samples = [0.0; LENGTH];
        samples[..PAST].copy_from_slice(&self.past);
        for (sample, &new) in samples[PAST..].iter_mut().zip(frame) {
            *sample = f32::from(new);
        }
        for (sample, weight) in samples.iter_mut().zip(&tables.window) {
            *sample *= weight;
        }
        let powers = powers(&samples, &tables.fourier);
        let (mut apart, mut both, mut whole, mut place) = (0.0, 1.0, 1.0, LOWEST);
        for k in LOWEST..BINS {
            let magnitude = powers[k].sqrt();
            apart += (magnitude - self.before[k]).abs();
            both += magnitude + self.before[k];
            whole += powers[k];
            self.before[k] = magnitude;
            if powers[k] > powers[place] {
                place = k;
            }
        }
        let around = &powers[place - 2..(place + 3).min(BINS)];
        Look {
            change: apart / both,
            tone: around.iter().sum::<f32>() / whole,
            place,
        }
    }
}

struct Tables {
    window: [f32; LENGTH],
    fourier: Fourier,
}

static TABLES: LazyLock<Tables> = LazyLock::new(|| {
    let turn = |n: usize| n as f32 / LENGTH as f32 * std::f32::consts::TAU;
    Tables {
        window: std::array::from_fn(|n| 0.5 - 0.5 * turn(n).cos()),
        fourier: Fourier::of(LENGTH),
    }
});

/// The power at each step up to half the rate.
fn powers(samples: &[f32; LENGTH], fourier: &Fourier) -> [f32; BINS] {
    let (mut re, mut im) = ([0.0; BINS + 1], [0.0; BINS + 1]);
    fourier.there(samples, &mut re, &mut im);
    std::array::from_fn(|k| re[k] * re[k] + im[k] * im[k])
}

/// 32 ms.
const LENGTH: usize = 256;
const PAST: usize = LENGTH - 160;
const BINS: usize = LENGTH / 2;
/// 62 Hz: below there is nothing that a telephone lets through.
const LOWEST: usize = 2;
/// A tenth of a second.
pub(super) const LOOK_TICKS: u32 = 5;
