//! What a line says in a room of a higher rate than its own.

use confab_core::audio::rate::{LONGEST_TICK, Rate};
use confab_core::audio::resample::{PAST, convert};

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Wider {
    /// the end of what it said in the tick before, at its own rate
    past: [i16; PAST],
}

impl Wider {
    /// What it says next does not follow what it said last.
    pub(super) fn break_off(&mut self) {
        self.past = [0; PAST];
    }

    /// Brings a tick to a higher rate, in its place, when that is `wanted`.
    pub(super) fn bring(
        &mut self,
        frame: &mut [i16; LONGEST_TICK],
        (from, to): (Rate, Rate),
        wanted: bool,
    ) {
        let mut sound = [0; PAST + Rate::Wide.tick()];
        let end = PAST + from.tick();
        sound[..PAST].copy_from_slice(&self.past);
        sound[PAST..end].copy_from_slice(&frame[..from.tick()]);
        self.past.copy_from_slice(&sound[end - PAST..end]);
        if wanted {
            convert(&sound[..end], from, to, &mut frame[..to.tick()]);
        }
    }
}
