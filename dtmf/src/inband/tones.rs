//! Five milliseconds of sound against the eight frequencies of the keypad. Knows no key and no
//! time beyond one hop; what the numbers mean is judged elsewhere.
//!
//! Before anything is measured a high-pass takes out what lies below the keypad: dial tones, the
//! hum of the mains, most of a voice's own pitch. How much that was is told beside.

use std::f32::consts::TAU;
use std::ops::{Add, Mul, Sub};
use std::sync::LazyLock;

/// Samples in a hop.
pub const HOP_SAMPLES: usize = 40;

/// The frequencies in Hz: rows of the keypad, then columns (ITU-T Q.23).
pub(super) const TONES_HZ: [f32; TONES] =
    [697.0, 770.0, 852.0, 941.0, 1209.0, 1336.0, 1477.0, 1633.0];
pub(super) const TONES: usize = 8;
/// The first of the columns.
pub(super) const COLUMNS: usize = 4;

/// A complex number.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Complex {
    pub(super) re: f32,
    pub(super) im: f32,
}

impl Complex {
    /// On the unit circle.
    pub(super) fn turned(angle: f32) -> Self {
        let (im, re) = angle.sin_cos();
        Self { re, im }
    }

    pub(super) fn conj(self) -> Self {
        Self {
            re: self.re,
            im: -self.im,
        }
    }

    pub(super) fn scaled(self, by: f32) -> Self {
        Self {
            re: self.re * by,
            im: self.im * by,
        }
    }

    pub(super) fn norm(self) -> f32 {
        self.re * self.re + self.im * self.im
    }

    pub(super) fn angle(self) -> f32 {
        self.im.atan2(self.re)
    }
}

impl Add for Complex {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self {
            re: self.re + other.re,
            im: self.im + other.im,
        }
    }
}

impl Sub for Complex {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self {
            re: self.re - other.re,
            im: self.im - other.im,
        }
    }
}

impl Mul for Complex {
    type Output = Self;
    fn mul(self, other: Self) -> Self {
        Self {
            re: self.re * other.re - self.im * other.im,
            im: self.re * other.im + self.im * other.re,
        }
    }
}

/// What was measured in one hop.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Hop {
    /// the sum of the sound turned back by each frequency, the phase counted from the hop's start
    pub(super) sums: [Complex; TONES],
    /// sum of squares above the keypad's lower edge, and of all there was
    pub(super) energy: f32,
    pub(super) energy_with_low: f32,
}

/// Sums over longer blocks, as if they had been taken at once.
pub(super) fn joined(first: &Hop, second: &Hop) -> Hop {
    let turns = &TABLES.hop_turns;
    Hop {
        sums: std::array::from_fn(|tone| first.sums[tone] + second.sums[tone] * turns[tone]),
        energy: first.energy + second.energy,
        energy_with_low: first.energy_with_low + second.energy_with_low,
    }
}

/// Measures hop after hop of one line.
#[derive(Clone, Debug, Default)]
pub(super) struct Meter {
    stages: [Stage; 2],
}

impl Meter {
    /// Measures the next hop.
    pub(super) fn measure(&mut self, samples: &[i16; HOP_SAMPLES]) -> Hop {
        let mut hop = Hop::default();
        let mut sums = [0.0; 2 * TONES];
        for (&sample, turns) in samples.iter().zip(&TABLES.turns) {
            let sample = f32::from(sample);
            hop.energy_with_low += sample * sample;
            let high = self.high(sample);
            hop.energy += high * high;
            for (sum, turn) in sums.iter_mut().zip(turns) {
                *sum += high * turn;
            }
        }
        for (tone, sum) in hop.sums.iter_mut().enumerate() {
            *sum = Complex {
                re: sums[tone],
                im: sums[TONES + tone],
            };
        }
        hop
    }

    /// Forgets the sound before: a pause came between.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    fn high(&mut self, sample: f32) -> f32 {
        let [first, second] = &mut self.stages;
        second.pass(&HIGH_PASS[1], first.pass(&HIGH_PASS[0], sample))
    }
}

/// Memory of a second-order section.
#[derive(Clone, Copy, Debug, Default)]
struct Stage {
    first: f32,
    second: f32,
}

/// A second-order section: `b0 b1 b2 a1 a2`.
type Section = [f32; 5];

impl Stage {
    fn pass(&mut self, &[b0, b1, b2, a1, a2]: &Section, x: f32) -> f32 {
        let y = b0 * x + self.first;
        self.first = b1 * x - a1 * y + self.second;
        self.second = b2 * x - a2 * y;
        y
    }
}

/// An elliptic high-pass of the fourth order: 0.3 dB of ripple from 650 Hz on, at least 28 dB less
/// below 480 Hz, where the dial tones of the world lie.
const HIGH_PASS: [Section; 2] = [
    [
        0.569_018_35,
        -1.122_220_1,
        0.569_018_35,
        -1.131_932_6,
        0.414_087_75,
    ],
    [1.0, -1.876_683, 1.0, -1.671_956, 0.890_554_9],
];

/// Turns of the eight frequencies, computed once.
struct Tables {
    /// per sample of a hop: eight cosines, eight negative sines
    turns: [[f32; 2 * TONES]; HOP_SAMPLES],
    /// back by a hop
    hop_turns: [Complex; TONES],
}

static TABLES: LazyLock<Tables> = LazyLock::new(|| Tables {
    turns: std::array::from_fn(|sample| {
        std::array::from_fn(|at| {
            let back = Complex::turned(-radians(at % TONES) * sample as f32);
            if at < TONES { back.re } else { back.im }
        })
    }),
    hop_turns: std::array::from_fn(|tone| Complex::turned(-radians(tone) * HOP_SAMPLES as f32)),
});

/// Radians a sample.
pub(super) fn radians(tone: usize) -> f32 {
    TONES_HZ[tone] / RATE_HZ * TAU
}

pub(super) const RATE_HZ: f32 = 8_000.0;
