//! A line that says nothing: when it is taken to, and what wakes it. Tells no silence from sound
//! itself.

use confab_core::audio::g711;
use confab_core::audio::stream::Codec;

use super::super::narrow::is_faint;
use super::super::still;
use super::Inbound;

impl Inbound {
    /// It sends nothing but silence: a tick of it need not be taken.
    pub(in crate::media) fn dozes(&self) -> bool {
        self.dozes
    }

    /// It says nothing, and what it sends will be nothing until that changes.
    pub(super) fn is_still(&mut self, frame: &[i16]) -> bool {
        let codec = self.jitter.codec();
        if codec == Codec::Opus {
            let is_faint = is_faint(frame);
            self.has_said_nothing &= is_faint;
            let is_known = self.stillness.is_known_faint(is_faint);
            return is_known && (self.has_said_nothing || self.stillness.is_long());
        }
        if !self.stillness.is_long() || !is_faint(frame) {
            return false;
        }
        match (codec, self.stillness.still()) {
            (Codec::G722, _) => true,
            (codec, Some(still)) => codec.law().is_some_and(|law| {
                // It is decoded to the same whatever came before.
                let mut sound = [0; still::WORD];
                g711::decode(law, &still.word, &mut sound);
                is_faint(&sound)
            }),
            (_, None) => false,
        }
    }

    pub(super) fn doze(&mut self, frame: &mut [i16]) {
        frame.fill(0);
        self.dozes = true;
        self.jitter.doze();
    }

    pub(super) fn wake(&mut self) {
        self.wake_unless(false);
    }

    pub(super) fn wake_unless(&mut self, goes_on: bool) {
        if self.dozes && !goes_on {
            self.dozes = false;
            self.jitter.set_listening(true);
        }
    }
}
