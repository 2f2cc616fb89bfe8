//! How loud the noise is in each part of the spectrum.
//!
//! A part that is little louder than its noise is noise, and is averaged; one much louder is
//! probably a voice, and is averaged the less the more probably it is one. What stays louder than
//! that for seconds without a gap is noise all the same: the quietest moment of the last seconds is
//! the least that noise is taken to be. No voice lasts that long in one part of the spectrum.

use std::sync::LazyLock;

use super::super::level::Power;
use super::super::rate::Rate;
use super::{MOST_BINS, bins, hop};

/// See the module.
#[derive(Clone, Debug)]
pub(super) struct Noise {
    levels: [f32; MOST_BINS],
    /// power of each part over the last 30 ms
    smooth: [f32; MOST_BINS],
    /// its least in the block of time that runs, and in the one before
    lowest: [f32; MOST_BINS],
    lowest_before: [f32; MOST_BINS],
    /// its least in the last two blocks that are over
    lasting: [f32; MOST_BINS],
    /// windows until the next block begins
    left: u32,
    /// nothing is quieter than this
    least: f32,
    /// power of all parts together that is one square of a sample
    unit: f32,
    /// of all parts together, as a square of a sample
    whole: f32,
    fresh: bool,
}

impl Noise {
    pub(super) fn new(rate: Rate) -> Self {
        LazyLock::force(&PRESENCE);
        // The mean of the square of the window is a half, so this is the sum over it.
        let samples = hop(rate) as f32;
        let least = LEAST_SQUARE * samples;
        Self {
            levels: [FIRST_SQUARE * samples; MOST_BINS],
            smooth: [0.0; MOST_BINS],
            lowest: [f32::MAX; MOST_BINS],
            lowest_before: [f32::MAX; MOST_BINS],
            lasting: [0.0; MOST_BINS],
            left: FIRST_BLOCK,
            least,
            unit: samples * (bins(rate) - 1) as f32,
            whole: 0.0,
            fresh: true,
        }
    }

    /// How loud it is; the power of each part.
    pub(super) fn levels(&self) -> &[f32] {
        &self.levels
    }

    /// How loud all of it is together.
    pub(super) fn power(&self) -> Power {
        Power(self.whole / FULL_SCALE_SQUARED)
    }

    /// There was a moment without any sound: what comes after it has not lasted.
    pub(super) fn gap(&mut self) {
        if !self.fresh {
            self.left = BLOCK;
            self.lowest.fill(f32::MAX);
            self.lowest_before.fill(f32::MAX);
            self.lasting.fill(0.0);
        }
    }

    /// Takes the power of each part of a window.
    pub(super) fn learn(&mut self, powers: &[f32]) {
        if std::mem::take(&mut self.fresh) {
            self.smooth[..powers.len()].copy_from_slice(powers);
        }
        let table = &*PRESENCE;
        let mut sum = 0.0;
        for (k, &power) in powers.iter().enumerate() {
            let level = self.levels[k];
            let ratio = (power / level * STEPS).min(LAST as f32);
            let absent = 1.0 - table[ratio as usize];
            let learned = level + (power - level) * absent * LEVEL_PACE;
            self.smooth[k] += (power - self.smooth[k]) * SMOOTH_PACE;
            self.lowest[k] = self.lowest[k].min(self.smooth[k]);
            let level = learned
                .max(self.lasting[k].min(level * RISE))
                .max(self.least);
            self.levels[k] = level;
            sum += level;
        }
        self.whole = sum / self.unit;
        self.left -= 1;
        if self.left == 0 {
            self.left = BLOCK;
            for k in 0..powers.len() {
                self.lasting[k] = self.lowest[k].min(self.lowest_before[k]);
                self.lowest_before[k] = self.lowest[k];
                self.lowest[k] = self.smooth[k];
            }
        }
    }
}

/// How probably a part is a voice, by how many times louder than its noise it is. A voice is taken
/// to be 15 dB over it, and to be there half of the time.
static PRESENCE: LazyLock<[f32; LAST + 1]> = LazyLock::new(|| {
    let voice = 10f32.powf(1.5);
    std::array::from_fn(|n| {
        let ratio = (n as f32 + 0.5) / STEPS;
        1.0 / (1.0 + (1.0 + voice) * (-ratio * voice / (1.0 + voice)).exp())
    })
});

const FULL_SCALE_SQUARED: f32 = 32_768.0 * 32_768.0;
const STEPS: f32 = 8.0;
const LAST: usize = 20 * STEPS as usize;
/// Mean square of a sample of the quietest noise: -84 dBov, what rounding makes.
const LEAST_SQUARE: f32 = 4.0;
/// -65 dBov: taken for the noise of a line that was not heard yet.
const FIRST_SQUARE: f32 = 340.0;
/// Of a window, 10 ms.
const LEVEL_PACE: f32 = 0.08;
const SMOOTH_PACE: f32 = 0.3;
/// 30 dB a second: what lasts sinks, and is not cut off.
const RISE: f32 = 1.071_5;
/// In windows: half a second, then one and a half.
const FIRST_BLOCK: u32 = 50;
const BLOCK: u32 = 150;
