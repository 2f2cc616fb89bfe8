//! The noise suppressor of a line as it is switched on and off while somebody talks: without a
//! click, though what it gives is some milliseconds behind. Knows one line and no room.

use confab_core::audio::denoise::Denoiser;
use confab_core::audio::gate::{Gate, State};
use confab_core::audio::jitter::Taken;
use confab_core::audio::level::Power;
use confab_core::audio::rate::{LONGEST_TICK, Rate};

use super::heard::Heard;
use super::said;

/// See the module.
#[derive(Debug)]
pub(super) struct Cleaner {
    denoiser: Box<Denoiser>,
    phase: Phase,
    /// nothing has come since it was last silent
    silent: bool,
    /// hears the sound as it came
    gate: Gate,
}

/// Whether it is at work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// from the next tick on, in which the sound as it came is faded out
    Beginning,
    Working,
    /// for one more tick, in which the sound as it came is faded in
    Ending,
    Idle,
}

impl Cleaner {
    pub(super) fn new(mut denoiser: Box<Denoiser>, rate: Rate) -> Self {
        denoiser.set_rate(rate);
        Self {
            denoiser,
            phase: Phase::Beginning,
            silent: true,
            gate: Gate::default(),
        }
    }

    pub(super) fn set_rate(&mut self, rate: Rate) {
        self.denoiser.set_rate(rate);
    }

    /// It shall go on after all.
    pub(super) fn go_on(&mut self) {
        self.phase = match self.phase {
            Phase::Ending => Phase::Working,
            Phase::Idle => Phase::Beginning,
            on => on,
        };
    }

    /// It shall end.
    pub(super) fn end(&mut self) {
        self.phase = match self.phase {
            Phase::Working => Phase::Ending,
            Phase::Beginning => Phase::Idle,
            off => off,
        };
    }

    /// The suppressor, when it is not needed any more.
    pub(super) fn into_idle(self) -> Result<Box<Denoiser>, Self> {
        match self.phase {
            Phase::Idle => Ok(self.denoiser),
            Phase::Beginning | Phase::Working | Phase::Ending => Err(self),
        }
    }

    pub(super) fn is_idle(&self) -> bool {
        self.phase == Phase::Idle
    }

    /// Nothing of what came is to be heard any more.
    pub(super) fn shut(&mut self) {
        if !std::mem::replace(&mut self.silent, true) {
            self.denoiser.pause();
            self.gate.shut();
        }
        if self.phase == Phase::Ending {
            self.phase = Phase::Idle;
        }
    }

    /// What the gate would make of the sound as it came, and its noise.
    pub(super) fn judge_as_it_came(&mut self, power: Power, heard: Heard) -> (State, Power) {
        let state = said::hear(&mut self.gate, power, heard);
        (state, self.gate.noise())
    }

    /// Cleans a tick.
    pub(super) fn clean(&mut self, frame: &mut [i16], heard: Heard) {
        self.silent = false;
        // Sound that was made up is like that before it; comfort noise is as loud as the line's.
        let real = matches!(heard.taken, Taken::Sound | Taken::Noise) && !heard.may_be_key;
        match self.phase {
            Phase::Idle => {}
            Phase::Working => self.denoiser.clean(frame, real),
            Phase::Beginning | Phase::Ending => {
                let mut kept = [0; LONGEST_TICK];
                let came = &mut kept[..frame.len()];
                came.copy_from_slice(frame);
                self.denoiser.clean(frame, real);
                let length = frame.len() as i32;
                for (n, (out, &came)) in (0..length).zip(frame.iter_mut().zip(&*came)) {
                    let (cleaned, came) = (i32::from(*out), i32::from(came));
                    let sum = match self.phase {
                        Phase::Ending => cleaned * (length - n) + came * n,
                        _ => came * (length - n) + cleaned * n,
                    };
                    // between the two, so it fits
                    *out = (sum / length) as i16;
                }
                self.phase = match self.phase {
                    Phase::Ending => Phase::Idle,
                    _ => Phase::Working,
                };
            }
        }
    }
}
