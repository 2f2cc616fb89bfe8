//! One tick of one sound, at the rate it was made at and at whatever other it is wanted at, and
//! encoded once for everybody who hears it in G.711. Sends nothing.

use confab_core::audio::TICK_SAMPLES;
use confab_core::audio::g711::{self, Law};
use confab_core::audio::level::Power;
use confab_core::audio::rate::{LONGEST_TICK, Rate};
use confab_core::audio::resample::{LONGEST_PAST, PAST, convert};
use confab_core::audio::rtp::HEADER_LEN;
use confab_core::audio::spoil::{self, Halves};

/// A sound with room for a header in front of what is encoded: each listener's header is written
/// there just before its packet is sent, so that the payload is never copied.
#[derive(Debug)]
pub(super) struct Encoded {
    rate: Rate,
    /// the end of the tick before, and from [`LONGEST_PAST`] on this tick
    sound: [i16; LONGEST_PAST + LONGEST_TICK],
    narrow: [i16; TICK_SAMPLES],
    mu_law: [u8; PACKET_LEN],
    a_law: [u8; PACKET_LEN],
    /// how loud it is; none: not looked at yet
    halves: Option<Halves>,
    narrow_done: bool,
    mu_law_done: bool,
    a_law_done: bool,
}

impl Default for Encoded {
    fn default() -> Self {
        Self {
            rate: Rate::Narrow,
            sound: [0; LONGEST_PAST + LONGEST_TICK],
            narrow: [0; TICK_SAMPLES],
            mu_law: [0; PACKET_LEN],
            a_law: [0; PACKET_LEN],
            halves: None,
            narrow_done: false,
            mu_law_done: false,
            a_law_done: false,
        }
    }
}

impl Encoded {
    /// The sound, to be read.
    pub(super) fn frame(&self) -> &[i16] {
        &self.sound[LONGEST_PAST..][..self.rate.tick()]
    }

    /// The sound, to be written anew at this rate; what was encoded is void. At another rate than
    /// before it begins after silence.
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
        self.narrow_done = false;
        self.mu_law_done = false;
        self.a_law_done = false;
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

    /// The sound at a rate, into a tick of that.
    pub(super) fn at(&self, rate: Rate, out: &mut [i16]) {
        let sound = &self.sound[..LONGEST_PAST + self.rate.tick()];
        convert(sound, self.rate, rate, out);
    }

    /// The sound at 8 kHz.
    pub(super) fn narrow(&mut self) -> &[i16] {
        if self.rate == Rate::Narrow {
            return &self.sound[LONGEST_PAST..][..TICK_SAMPLES];
        }
        if !self.narrow_done {
            let sound = &self.sound[..LONGEST_PAST + self.rate.tick()];
            convert(sound, self.rate, Rate::Narrow, &mut self.narrow);
            self.narrow_done = true;
        }
        &self.narrow
    }

    /// A packet without its header.
    pub(super) fn packet(&mut self, law: Law) -> &mut [u8; PACKET_LEN] {
        let done = match law {
            Law::Mu => std::mem::replace(&mut self.mu_law_done, true),
            Law::A => std::mem::replace(&mut self.a_law_done, true),
        };
        if !done {
            self.narrow();
            let narrow = match self.rate {
                Rate::Narrow => &self.sound[LONGEST_PAST..][..TICK_SAMPLES],
                Rate::Wide | Rate::Full => &self.narrow[..],
            };
            let packet = match law {
                Law::Mu => &mut self.mu_law,
                Law::A => &mut self.a_law,
            };
            g711::encode(law, narrow, &mut packet[HEADER_LEN..]);
        }
        match law {
            Law::Mu => &mut self.mu_law,
            Law::A => &mut self.a_law,
        }
    }
}

/// A tick of G.711, or of G.722, and a header.
pub(super) const PACKET_LEN: usize = HEADER_LEN + TICK_SAMPLES;
