//! How two tones began: a key's set in together and at once, out of something else. Those of music
//! last on from an earlier chord, or come one after the other. Knows only the last hops.

use super::fit::{Blocks, Pair, amplitudes};
use super::tones::Hop;

/// The last hops of a line.
#[derive(Clone, Debug)]
pub(super) struct Past {
    hops: [Hop; HOPS],
    /// where the next one goes: the oldest
    next: usize,
}

impl Default for Past {
    fn default() -> Self {
        Self {
            hops: [Hop::default(); HOPS],
            next: 0,
        }
    }
}

impl Past {
    /// Takes note of the newest hop.
    pub(super) fn push(&mut self, hop: &Hop) {
        self.hops[self.next] = *hop;
        self.next = (self.next + 1) % HOPS;
    }

    /// Forgets what was, as after silence.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Whether both tones, which have these powers now, have set in together.
    pub(super) fn has_onset(&self, pair: Pair, row: f32, column: f32) -> bool {
        let mut lasting = [0; 2];
        // back from the newest
        for back in 1..=HOPS {
            let hop = &self.hops[(self.next + HOPS - back) % HOPS];
            let there = amplitudes(hop, pair, Blocks::Short);
            let share = [0.5 * there[0].norm() / row, 0.5 * there[1].norm() / column];
            for (tone, share) in share.into_iter().enumerate() {
                if share > RISEN {
                    lasting[tone] = back;
                }
            }
            if share.iter().all(|&share| share < BEFORE) {
                return lasting.iter().all(|&last| back - last <= RISE_HOPS);
            }
        }
        false
    }
}

/// 100 ms.
const HOPS: usize = 20;
/// Before the onset each tone is at least 6 dB weaker ...
const BEFORE: f32 = 0.25;
/// ... and within 10 ms it is nearly as strong as later.
const RISEN: f32 = 0.5;
const RISE_HOPS: usize = 2;
