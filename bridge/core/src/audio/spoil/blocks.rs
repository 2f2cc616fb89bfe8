//! The last ten seconds, second by second: was there a pause, a quiet moment, and how much has the
//! spectrum changed from tenth to tenth.
//!
//! Speech changes by 0.6 on average and pauses; music by 0.2 to 0.45, now more, now less; steady
//! noise by 0.3 all the time, whatever its colour.

use crate::fault::Fault;

use super::super::level::Power;
use super::spectrum::Look;

/// See the module.
#[derive(Clone, Debug)]
pub(super) struct Blocks {
    last: [Block; BLOCKS],
    now: Block,
    at: usize,
}

/// A second.
#[derive(Clone, Copy, Debug)]
struct Block {
    ticks: u32,
    heard_ticks: u32,
    quietest: f32,
    looks: u32,
    change: f32,
    change_squared: f32,
}

const EMPTY: Block = Block {
    ticks: 0,
    heard_ticks: 0,
    quietest: f32::MAX,
    looks: 0,
    change: 0.0,
    change_squared: 0.0,
};

/// A second in which there was nothing.
const SILENT: Block = Block {
    quietest: 0.0,
    ..EMPTY
};

impl Default for Blocks {
    fn default() -> Self {
        Self {
            last: [SILENT; BLOCKS],
            now: EMPTY,
            at: 0,
        }
    }
}

impl Blocks {
    pub(super) fn look(&mut self, look: &Look) {
        self.now.looks += 1;
        self.now.change += look.change;
        self.now.change_squared += look.change * look.change;
    }

    /// Ends a tick; true when that ends a second.
    pub(super) fn tick(&mut self, power: Power, heard: bool) -> bool {
        self.now.ticks += 1;
        self.now.heard_ticks += u32::from(heard);
        self.now.quietest = self.now.quietest.min(power.0);
        if self.now.ticks < BLOCK_TICKS {
            return false;
        }
        self.last[self.at] = std::mem::replace(&mut self.now, EMPTY);
        self.at = (self.at + 1) % BLOCKS;
        true
    }

    /// The last second was heard, some of it at least.
    pub(super) fn was_heard(&self) -> bool {
        self.last[(self.at + BLOCKS - 1) % BLOCKS].heard_ticks >= HEARD_TICKS
    }

    /// What the last ten seconds are.
    pub(super) fn judge(&self) -> Option<Fault> {
        let sum = |of: fn(&Block) -> f32| self.last.iter().map(of).sum::<f32>();
        let looks = sum(|block| block.looks as f32);
        if looks >= NO_PAUSE_LOOKS {
            let mean = sum(|block| block.change) / looks;
            let squares = sum(|block| block.change_squared) / looks;
            let varies = (squares - mean * mean).max(0.0).sqrt();
            if RESTLESS.contains(&mean) && varies < EVENLY {
                return Some(Fault::Noise);
            }
            if mean < MUSIC && varies >= EVENLY {
                return Some(Fault::Music);
            }
        }
        let quietest = self.last.iter().map(|block| block.quietest);
        let loud = quietest.fold(f32::MAX, f32::min) > NOISY;
        let heard = sum(|block| block.heard_ticks as f32) >= HEARD_OF_ALL_TICKS;
        (loud && heard && looks > 0.0).then_some(Fault::Noise)
    }
}

const BLOCKS: usize = 10;
const BLOCK_TICKS: u32 = 50;
const HEARD_TICKS: u32 = 13;
/// Two of ten seconds.
const HEARD_OF_ALL_TICKS: f32 = 100.0;
/// Of 100.
const NO_PAUSE_LOOKS: f32 = 92.0;
const RESTLESS: std::ops::Range<f32> = 0.24..0.36;
/// How little the restlessness of noise varies.
const EVENLY: f32 = 0.045;
const MUSIC: f32 = 0.42;
/// -46 dBov: a line whose quietest moment is louder than that.
const NOISY: f32 = 2.5e-5;
