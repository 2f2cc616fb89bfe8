//! Two tones laid through a stretch of sound: how strong, how far off their frequencies, and how
//! much of the sound they explain. Knows no time beyond the stretch.
//!
//! The stretch is two blocks of the same length. In each the strongest row and column are fitted
//! together, so that neither counts what spills over from the other; how far the phase has turned
//! from block to block, beyond what it should, is how far off the frequency is.

use std::f32::consts::{PI, TAU};
use std::sync::LazyLock;

use super::tones::{COLUMNS, Complex, HOP_SAMPLES, Hop, RATE_HZ, TONES, TONES_HZ, joined, radians};
use crate::Key;

/// A row and a column: a key, as its place on the keypad.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pair {
    pub(super) row: usize,
    pub(super) column: usize,
}

impl Pair {
    pub(super) fn key(self) -> Key {
        const KEYPAD: [[Key; 4]; 4] = [
            [Key::Digit(1), Key::Digit(2), Key::Digit(3), Key::Letter(0)],
            [Key::Digit(4), Key::Digit(5), Key::Digit(6), Key::Letter(1)],
            [Key::Digit(7), Key::Digit(8), Key::Digit(9), Key::Letter(2)],
            [Key::Star, Key::Digit(0), Key::Pound, Key::Letter(3)],
        ];
        KEYPAD[self.row][self.column]
    }

    /// The strongest of the rows and of the columns.
    pub(super) fn strongest(blocks: &[Hop]) -> Self {
        let strongest = |tones: std::ops::Range<usize>| {
            let (first, mut best) = (tones.start, (0, 0.0));
            for tone in tones {
                let power: f32 = blocks.iter().map(|block| block.sums[tone].norm()).sum();
                if power > best.1 {
                    best = (tone - first, power);
                }
            }
            best.0
        };
        Self {
            row: strongest(0..COLUMNS),
            column: strongest(COLUMNS..TONES),
        }
    }

    fn tones(self) -> [usize; 2] {
        [self.row, COLUMNS + self.column]
    }
}

/// What was found of one tone.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tone {
    /// mean square it would have alone, by its mean amplitude
    pub(super) power: f32,
    /// how far off its frequency it is, in Hz
    pub(super) off_hz: f32,
}

/// What was found of a pair.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fit {
    pub(super) row: Tone,
    pub(super) column: Tone,
    /// the share of the sound above the keypad's lower edge that the two tones explain
    pub(super) purity: f32,
    /// the same, if they must be as strong in one block as in the other
    pub(super) steady: f32,
    /// what lies below that edge, against the power of the tones
    pub(super) low: f32,
}

/// How long the two blocks of a stretch are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Blocks {
    /// A hop each: 10 ms in all.
    Short,
    /// Two hops each: 20 ms in all.
    Long,
}

impl Blocks {
    fn samples(self) -> usize {
        match self {
            Blocks::Short => HOP_SAMPLES,
            Blocks::Long => 2 * HOP_SAMPLES,
        }
    }

    fn spill(self, pair: Pair) -> Complex {
        SPILL[self as usize][pair.row][pair.column]
    }
}

/// The amplitudes of the two tones in one block, their phases counted from its start.
pub(super) fn amplitudes(block: &Hop, pair: Pair, blocks: Blocks) -> [Complex; 2] {
    let samples = blocks.samples() as f32;
    let spill = blocks.spill(pair);
    let [row, column] = pair.tones().map(|tone| block.sums[tone]);
    let scale = 2.0 / (samples * samples - spill.norm());
    [
        (row.scaled(samples) - column * spill).scaled(scale),
        (column.scaled(samples) - row * spill.conj()).scaled(scale),
    ]
}

/// The energy of the two tones in a block.
pub(super) fn energy(amplitudes: [Complex; 2], pair: Pair, blocks: Blocks) -> f32 {
    let [row, column] = amplitudes;
    let both = row.conj() * column * blocks.spill(pair);
    0.5 * blocks.samples() as f32 * (row.norm() + column.norm()) + both.re
}

/// Fits this pair to a stretch of two blocks.
pub(super) fn fit(first: &Hop, second: &Hop, pair: Pair, blocks: Blocks) -> Fit {
    let before = amplitudes(first, pair, blocks);
    let after = amplitudes(second, pair, blocks);
    let samples = blocks.samples() as f32;
    let tones = pair.tones();
    // How strong each block has to be taken: what it loses because the tone is not quite at the
    // frequency it was turned back by is given back.
    let mut gains = [1.0; 2];
    let mut means = [0.0; 2];
    let found: [Tone; 2] = std::array::from_fn(|at| {
        let due = Complex::turned(-radians(tones[at]) * samples);
        let turned = (after[at] * before[at].conj() * due).angle();
        let half = 0.5 * turned;
        gains[at] = 1.0 / (1.0 - half * half / 6.0);
        means[at] = 0.5 * (before[at].norm().sqrt() + after[at].norm().sqrt()) * gains[at];
        Tone {
            power: 0.5 * means[at] * means[at],
            off_hz: turned / TAU / samples * RATE_HZ,
        }
    });
    let of_block = |block: [Complex; 2], gain: &dyn Fn(usize) -> f32| {
        energy(
            std::array::from_fn(|at| block[at].scaled(gain(at))),
            pair,
            blocks,
        )
    };
    let steady = |block: [Complex; 2]| {
        of_block(block, &|at| {
            means[at] / block[at].norm().sqrt().max(f32::MIN_POSITIVE)
        })
    };
    let explained = of_block(before, &|at| gains[at]) + of_block(after, &|at| gains[at]);
    let whole = first.energy + second.energy;
    let low = (first.energy_with_low + second.energy_with_low - whole).max(0.0);
    Fit {
        row: found[0],
        column: found[1],
        purity: explained / whole.max(1.0),
        steady: (steady(before) + steady(after)) / whole.max(1.0),
        low: low / explained.max(1.0),
    }
}

impl Fit {
    /// How much stronger the row is than the column, in power.
    pub(super) fn twist(&self) -> f32 {
        self.row.power / self.column.power.max(f32::MIN_POSITIVE)
    }

    /// The farther off of the two, as a share of its frequency.
    pub(super) fn off(&self, pair: Pair) -> f32 {
        let [row, column] = pair.tones().map(|tone| TONES_HZ[tone]);
        (self.row.off_hz / row)
            .abs()
            .max((self.column.off_hz / column).abs())
    }

    /// The power of the weaker tone.
    pub(super) fn weaker(&self) -> f32 {
        self.row.power.min(self.column.power)
    }
}

/// The four hops of 20 ms as two blocks.
pub(super) fn halves(hops: &[Hop; 4]) -> [Hop; 2] {
    [joined(&hops[0], &hops[1]), joined(&hops[2], &hops[3])]
}

/// What a tone of each column adds to the sum of each row, in short and in long blocks: the sum
/// of the turns between the two over the block.
static SPILL: LazyLock<[[[Complex; COLUMNS]; COLUMNS]; 2]> = LazyLock::new(|| {
    [Blocks::Short, Blocks::Long].map(|blocks| {
        std::array::from_fn(|row| {
            std::array::from_fn(|column| {
                let turn = radians(COLUMNS + column) - radians(row);
                let last = blocks.samples() as f32;
                // the geometric sum, written as a turn by its middle times a ratio of sines
                let ratio = (turn * last / 2.0).sin() / (turn / 2.0).sin();
                debug_assert!(turn > 0.0 && turn < PI);
                Complex::turned(turn * (last - 1.0) / 2.0).scaled(ratio)
            })
        })
    })
});
