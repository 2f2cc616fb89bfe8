//! The spectrum of a line, ten times a second: how much it has changed, and how much of it is one
//! tone. Judges nothing.

use std::sync::LazyLock;

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
        let powers = powers(&samples, tables);
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
    /// cosine and sine of the first half turn in [`LENGTH`] steps a turn
    turns: [(f32, f32); BINS],
}

static TABLES: LazyLock<Tables> = LazyLock::new(|| {
    let turn = |n: usize| n as f32 / LENGTH as f32 * std::f32::consts::TAU;
    Tables {
        window: std::array::from_fn(|n| 0.5 - 0.5 * turn(n).cos()),
        turns: std::array::from_fn(|n| (turn(n).cos(), turn(n).sin())),
    }
});

/// The power at each step up to half the rate. Even and odd samples are the two parts of a complex
/// signal of half the length, which is transformed and then taken apart.
fn powers(samples: &[f32; LENGTH], tables: &Tables) -> [f32; BINS] {
    let mut points = [(0.0f32, 0.0f32); BINS];
    for (n, pair) in samples.chunks_exact(2).enumerate() {
        points[(n.reverse_bits() >> (usize::BITS - BINS.ilog2())) % BINS] = (pair[0], pair[1]);
    }
    let mut half = 1;
    while half < BINS {
        let stride = BINS / half;
        for block in points.chunks_exact_mut(2 * half) {
            let (low, high) = block.split_at_mut(half);
            for (n, (a, b)) in low.iter_mut().zip(high).enumerate() {
                let (cos, sin) = tables.turns[n * stride];
                let turned = (b.0 * cos + b.1 * sin, b.1 * cos - b.0 * sin);
                *b = (a.0 - turned.0, a.1 - turned.1);
                *a = (a.0 + turned.0, a.1 + turned.1);
            }
        }
        half *= 2;
    }
    let mut powers = [0.0; BINS];
    for k in 1..BINS {
        let (a, b) = (points[k], points[BINS - k]);
        let even = ((a.0 + b.0) / 2.0, (a.1 - b.1) / 2.0);
        let odd = ((a.1 + b.1) / 2.0, (b.0 - a.0) / 2.0);
        let (cos, sin) = tables.turns[k];
        let real = even.0 + odd.0 * cos + odd.1 * sin;
        let imaginary = even.1 + odd.1 * cos - odd.0 * sin;
        powers[k] = real * real + imaginary * imaginary;
    }
    powers
}

/// 32 ms.
const LENGTH: usize = 256;
const PAST: usize = LENGTH - 160;
const BINS: usize = LENGTH / 2;
/// 62 Hz: below there is nothing that a telephone lets through.
const LOWEST: usize = 2;
/// A tenth of a second.
pub(super) const LOOK_TICKS: u32 = 5;
