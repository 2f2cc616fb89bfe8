//! One tick of one sound, with the end of the tick before: at the rate it was made at, and at
//! whatever other it is wanted at. Encodes nothing.

use confab_core::audio::level::Power;
use confab_core::audio::rate::{LONGEST_TICK, Rate};
use confab_core::audio::resample::{LONGEST_PAST, PAST, convert};
use confab_core::audio::spoil::{self, Halves};

use super::codec::Told;

/// See the module.
#[derive(Debug)]
pub(super) struct Pcm {
    rate: Rate,
    /// the end of the tick before, and from [`LONGEST_PAST`] on this tick
    sound: [i16; LONGEST_PAST + LONGEST_TICK],
    /// how loud it is; none: not looked at yet
    halves: Option<Halves>,
}

impl Default for Pcm {
    fn default() -> Self {
        Self {
            rate: Rate::Narrow,
            sound: [0; LONGEST_PAST + LONGEST_TICK],
            halves: None,
        }
    }
}

impl Pcm {
    pub(super) fn rate(&self) -> Rate {
        self.rate
    }

    /// The sound, to be read.
    pub(super) fn frame(&self) -> &[i16] {
        &self.sound[LONGEST_PAST..][..self.rate.tick()]
    }

    /// The sound, to be written anew at this rate. At another rate than before it begins after
    /// silence.
    pub(super) fn renew(&mut self, rate: Rate) -> &mut [i16] {
        if rate == self.rate {
            let end = LONGEST_PAST + rate.tick();
            let past = PAST * rate.scale();
            self.sound.copy_within(end - past..end, LONGEST_PAST - past);
        } else {
            self.sound[..LONGEST_PAST].fill(0);
        }
        self.renewed(rate)
    }

    /// As [`renew`](Self::renew), but it goes on after `past`, the end of another sound.
    pub(super) fn renew_after(&mut self, past: &[i16; LONGEST_PAST], rate: Rate) -> &mut [i16] {
        let from = LONGEST_PAST - PAST * rate.scale();
        self.sound[from..LONGEST_PAST].copy_from_slice(&past[from..]);
        self.renewed(rate)
    }

    fn renewed(&mut self, rate: Rate) -> &mut [i16] {
        self.rate = rate;
        self.halves = None;
        &mut self.sound[LONGEST_PAST..][..rate.tick()]
    }

    /// How loud the two halves of this tick are.
    pub(super) fn halves(&mut self) -> Halves {
        let halves = self.halves.unwrap_or_else(|| spoil::halves(self.frame()));
        self.halves = Some(halves);
        halves
    }

    /// There is nothing in this tick at all.
    pub(super) fn is_silent(&mut self) -> bool {
        self.halves().iter().all(|&half| half == Power::SILENT)
    }

    /// There is next to nothing in this tick, or nothing.
    pub(super) fn is_quiet(&mut self) -> bool {
        self.halves().iter().all(|&half| half <= QUIET)
    }

    /// Copies the end of the tick before to `past`.
    pub(super) fn past_to(&self, past: &mut [i16; LONGEST_PAST]) {
        let from = LONGEST_PAST - PAST * self.rate.scale();
        past[from..].copy_from_slice(&self.sound[from..LONGEST_PAST]);
    }

    /// Copies the end of this tick to `past`, for the next one.
    pub(super) fn end_to(&self, past: &mut [i16; LONGEST_PAST]) {
        let length = PAST * self.rate.scale();
        let frame = self.frame();
        past[LONGEST_PAST - length..].copy_from_slice(&frame[frame.len() - length..]);
    }

    /// The sound and what was before it, when it is one at 8 kHz.
    pub(super) fn told(&self) -> Option<&Told> {
        let told = self.sound[LONGEST_PAST - PAST..].first_chunk();
        told.filter(|_| self.rate == Rate::Narrow)
    }

    /// The sound at a rate, into a tick of that.
    pub(super) fn at(&self, rate: Rate, out: &mut [i16]) {
        let sound = &self.sound[..LONGEST_PAST + self.rate.tick()];
        convert(sound, self.rate, rate, out);
    }
}

/// -55 dBov: a line that is open while nobody speaks.
const QUIET: Power = Power(3.2e-6);
