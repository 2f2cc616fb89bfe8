//! What becomes of what a line says before it is mixed: whether it is a voice, from which frame on
//! it is heard, how loud, and whether it spoils the room. Knows one line; no socket, no room.

use confab_core::audio::denoise::Denoiser;
use confab_core::audio::gain::Gain;
use confab_core::audio::gate::{Gate, State};
use confab_core::audio::jitter::Taken;
use confab_core::audio::level::Power;
use confab_core::audio::preroll::Preroll;
use confab_core::audio::rate::Rate;
use confab_core::audio::spoil::{self, Halves, Watch};
use confab_core::fault::Fault;

use super::cleaner::Cleaner;
use super::heard::Heard;

/// The voice of one line.
#[derive(Debug)]
pub(super) struct Said {
    /// of what came in this tick
    power: Power,
    /// none: its noise stays
    cleaner: Option<Cleaner>,
    gate: Gate,
    preroll: Preroll,
    /// none: it stays as loud as it comes
    gain: Option<Gain>,
    watch: Box<Watch>,
    watched: bool,
}

impl Said {
    pub(super) fn new() -> Self {
        Self {
            power: Power::SILENT,
            cleaner: None,
            gate: Gate::default(),
            preroll: Preroll::default(),
            gain: None,
            watch: Box::default(),
            watched: false,
        }
    }

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

    /// It is shut, and stays as it is if it goes on being silent.
    pub(super) fn is_idle(&self) -> bool {
        !self.is_heard() && self.cleaner.is_none()
    }

    /// What is wrong with it.
    pub(super) fn fault(&self) -> Option<Fault> {
        self.watch.fault()
    }

    /// Its frames have this rate from now on, for which `preroll` was made when it is a higher one
    /// than any before. Gives back what is needed no more.
    pub(super) fn set_rate(&mut self, rate: Rate, preroll: Option<Preroll>) -> Option<Preroll> {
        let before = preroll.map(|preroll| std::mem::replace(&mut self.preroll, preroll));
        self.preroll.set_rate(rate);
        if let Some(cleaner) = &mut self.cleaner {
            cleaner.set_rate(rate);
        }
        before
    }

    /// Its steady noise is suppressed from now on. Gives `by` back when it is already.
    pub(super) fn suppress_noise(
        &mut self,
        by: Box<Denoiser>,
        rate: Rate,
    ) -> Option<Box<Denoiser>> {
        match &mut self.cleaner {
            Some(cleaner) => {
                cleaner.go_on();
                Some(by)
            }
            None => {
                self.cleaner = Some(Cleaner::new(by, rate));
                None
            }
        }
    }

    /// Its noise is left as it is from now on.
    pub(super) fn leave_noise(&mut self) {
        if let Some(cleaner) = &mut self.cleaner {
            cleaner.end();
        }
    }

    /// What has suppressed its noise, when that has ended.
    pub(super) fn take_idle_denoiser(&mut self) -> Option<Box<Denoiser>> {
        let idle = self.cleaner.take_if(|cleaner| cleaner.is_idle())?;
        idle.into_idle().ok()
    }

    /// Whether it is brought to the loudness of everybody else.
    pub(super) fn set_levelled(&mut self, levelled: bool) {
        // Who goes from one room to another is as loud there.
        self.gain = levelled.then(|| self.gain.take().unwrap_or_default());
    }

    /// Whether it is looked for what spoils the room.
    pub(super) fn set_watched(&mut self, watched: bool) {
        self.watched = watched;
        self.watch.forget();
    }

    /// It is in a room no more, or may speak again: what was wrong with it may be mended.
    pub(super) fn forget_faults(&mut self) {
        self.watch.forget();
    }

    /// It may not speak in this tick, or is in no room.
    pub(super) fn shut(&mut self) {
        self.power = Power::SILENT;
        self.gate.shut();
        self.preroll.forget();
        if let Some(cleaner) = &mut self.cleaner {
            cleaner.shut();
        }
    }

    /// A key is down.
    pub(super) fn silence(&mut self) {
        self.shut();
        if self.watched {
            let noise = self.gate.noise();
            self.watch.came(&[], &NOTHING, State::Closed, noise);
        }
    }

    /// Judges what came, and gives what of it is due in this tick. `narrow` is the same at 8 kHz
    /// when it has a higher rate.
    pub(super) fn judge(&mut self, frame: &mut [i16], narrow: Option<&[i16]>, heard: Heard) {
        let came = match heard.taken {
            Taken::Idle => NOTHING,
            Taken::Sound | Taken::Concealed | Taken::Noise => spoil::halves(frame),
        };
        self.power = spoil::mean(&came);
        if let Some(cleaner) = &mut self.cleaner {
            // What spoils the room is told by what came, however much of it is taken away.
            let (state, noise) = cleaner.judge_as_it_came(self.power, heard);
            if self.watched {
                self.watch
                    .came(narrow.unwrap_or(frame), &came, state, noise);
            }
            cleaner.clean(frame, heard);
            self.power = Power::of(frame);
        }
        let before = self.gate.state();
        let after = hear(&mut self.gate, self.power, heard);
        if self.watched && self.cleaner.is_none() {
            let (narrow, noise) = (narrow.unwrap_or(frame), self.gate.noise());
            self.watch.came(narrow, &came, after, noise);
        }
        match (before, after) {
            (State::Closed, State::Closed) => self.preroll.keep(frame),
            (State::Closed, _) => self.preroll.begin(frame, self.gate.noise()),
            _ => self.preroll.follow(frame),
        }
    }

    /// Takes note of what the line is sent in this tick.
    pub(super) fn sent(&mut self, halves: impl FnOnce() -> Halves) {
        if self.watched {
            self.watch.sent(&halves());
        }
    }

    /// Brings what is due to the loudness it should have. Only what certainly is a voice, and has
    /// come whole, is learned from.
    pub(super) fn level(&mut self, frame: &mut [i16], heard: Heard) {
        let sure = self.is_talking() && heard.taken == Taken::Sound && !heard.may_be_key;
        // What is made up, or shut in mid-word, says nothing about the line.
        let is_whole = self.is_heard() && heard.taken != Taken::Concealed;
        if let Some(gain) = &mut self.gain {
            if is_whole {
                gain.follow(self.power);
            }
            gain.apply(frame, self.power, self.gate.noise(), sure);
        }
    }
}

/// What a gate makes of a tick. What may be a key says nothing about voice and noise, and can wait
/// a tick.
pub(super) fn hear(gate: &mut Gate, power: Power, heard: Heard) -> State {
    match heard.taken {
        Taken::Noise => gate.pause(power),
        _ if heard.may_be_key => gate.state(),
        _ => gate.hear(power),
    }
}

/// Of a tick in which nothing comes, or nothing is sent.
pub(super) const NOTHING: Halves = [Power::SILENT; 2];
