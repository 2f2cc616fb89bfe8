//! What a line says at 8 kHz, when it says it at a higher rate.

use confab_core::audio::rate::{LONGEST_TICK, Rate};
use confab_core::audio::resample::{LONGEST_PAST, PAST, convert};
use confab_core::audio::{Frame, SILENCE};

/// See the module.
#[derive(Debug)]
pub(super) struct Narrow {
    frame: Frame,
    /// the end of the last tick as it came
    past: [i16; LONGEST_PAST],
}

impl Narrow {
    pub(super) fn new() -> Self {
        Self {
            frame: SILENCE,
            past: [0; LONGEST_PAST],
        }
    }

    /// Of the last tick that was made.
    pub(super) fn frame(&self) -> &Frame {
        &self.frame
    }

    /// Makes it of a tick at this higher rate.
    pub(super) fn make(&mut self, frame: &[i16], rate: Rate) {
        if is_faint(frame) {
            self.frame = SILENCE;
        } else {
            let mut sound = [0; LONGEST_PAST + LONGEST_TICK];
            let end = LONGEST_PAST + rate.tick();
            sound[..LONGEST_PAST].copy_from_slice(&self.past);
            sound[LONGEST_PAST..end].copy_from_slice(frame);
            convert(&sound[..end], rate, Rate::Narrow, &mut self.frame);
        }
        let past = PAST * rate.scale();
        self.past[LONGEST_PAST - past..].copy_from_slice(&frame[frame.len() - past..]);
    }

    /// This tick is not to be heard.
    pub(super) fn silence(&mut self) {
        self.frame = SILENCE;
    }

    /// Nothing is said.
    pub(super) fn rest(&mut self) {
        self.frame = SILENCE;
        self.past.fill(0);
    }

    /// What is said next does not follow what was said last.
    pub(super) fn break_off(&mut self) {
        self.past.fill(0);
    }
}

/// Whether there is nothing in it that anybody could hear. Looks at all of it, as a processor does
/// that with many at once.
pub(super) fn is_faint(frame: &[i16]) -> bool {
    let peak = |peak: u16, &sample: &i16| peak.max(sample.unsigned_abs());
    frame.iter().fold(0, peak) <= FAINT
}

/// A peak 66 dB down: G.722 makes a little noise of nothing, and no key is so soft.
const FAINT: u16 = 16;
