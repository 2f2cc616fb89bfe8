//! What becomes of what a line says before it is mixed: whether it is a voice, from which frame on
//! it is heard, and how loud. Knows one line; no socket, no room.

use confab_core::audio::gain::Gain;
use confab_core::audio::gate::{Gate, State};
use confab_core::audio::jitter::Taken;
use confab_core::audio::level::Power;
use confab_core::audio::preroll::Preroll;
use confab_core::audio::rate::Rate;

use super::inbound::Heard;

/// The voice of one line.
#[derive(Debug, Default)]
pub(super) struct Said {
    /// of what came in this tick
    power: Power,
    gate: Gate,
    preroll: Preroll,
    /// none: it stays as loud as it comes
    gain: Option<Gain>,
}

impl Said {
    /// How loud this tick is.
    pub(super) fn power(&self) -> Power {
        self.power
    }

    /// Somebody talks, by all that can be told.
    pub(super) fn is_talking(&self) -> bool {
        self.gate.state() == State::Open
    }

    /// It belongs into the mix: somebody talks, or may just be beginning to.
    pub(super) fn is_heard(&self) -> bool {
        self.gate.state() != State::Closed
    }

    pub(super) fn set_rate(&mut self, rate: Rate) {
        self.preroll.set_rate(rate);
    }

    /// Whether it is brought to the loudness of everybody else.
    pub(super) fn set_levelled(&mut self, levelled: bool) {
        // Who goes from one room to another is as loud there.
        self.gain = levelled.then(|| self.gain.take().unwrap_or_default());
    }

    /// It may not speak, or says nothing.
    pub(super) fn silence(&mut self) {
        self.power = Power::SILENT;
        self.gate.shut();
        self.preroll.forget();
    }

    /// Judges what came, and gives what of it is due in this tick.
    pub(super) fn judge(&mut self, frame: &mut [i16], heard: Heard) {
        self.power = match heard.taken {
            Taken::Idle => Power::SILENT,
            Taken::Sound | Taken::Concealed | Taken::Noise => Power::of(frame),
        };
        let before = self.gate.state();
        // What may be a key says nothing about voice and noise, and can wait a tick.
        let after = if heard.may_be_key {
            before
        } else {
            self.gate.hear(self.power)
        };
        match (before, after) {
            (State::Closed, State::Closed) => self.preroll.keep(frame),
            (State::Closed, _) => self.preroll.begin(frame, self.gate.noise()),
            _ => self.preroll.follow(frame),
        }
    }

    /// Brings what is due to the loudness it should have. Only what certainly is a voice, and has
    /// come whole, is learned from.
    pub(super) fn level(&mut self, frame: &mut [i16], heard: Heard) {
        let sure = self.is_talking() && heard.taken == Taken::Sound && !heard.may_be_key;
        if let Some(gain) = &mut self.gain {
            gain.apply(frame, self.power, self.gate.noise(), sure);
        }
    }
}
