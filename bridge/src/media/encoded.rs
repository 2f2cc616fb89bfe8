//! One tick of one sound, and encoded once for everybody who hears it. Sends nothing.

use confab_core::audio::TICK_SAMPLES;
use confab_core::audio::g711::{self, Law};
use confab_core::audio::rate::Rate;
use confab_core::audio::resample::LONGEST_PAST;
use confab_core::audio::rtp::HEADER_LEN;
use confab_core::audio::spoil::Halves;
use confab_core::audio::stream::OpusWishes;

use super::codec::{Coder, G722Coder, OpusCoder, Told};
use super::common::{Common, Maker, OpusStream, Whose};
use super::outbound::LONGEST_PACKET;
use super::pcm::Pcm;
use super::shard::Now;

/// A sound with room for a header in front of what is encoded: each listener's header is written
/// there just before its packet is sent, so that the payload is never copied.
#[derive(Debug)]
pub(super) struct Encoded {
    pcm: Pcm,
    narrow: [i16; TICK_SAMPLES],
    mu_law: [u8; PACKET_LEN],
    a_law: [u8; PACKET_LEN],
    narrow_done: bool,
    mu_law_done: bool,
    a_law_done: bool,
    /// its streams of the codecs that remember, when several hear it
    common: Option<Box<Common>>,
}

impl Default for Encoded {
    fn default() -> Self {
        Self {
            pcm: Pcm::default(),
            narrow: [0; TICK_SAMPLES],
            mu_law: [0; PACKET_LEN],
            a_law: [0; PACKET_LEN],
            narrow_done: false,
            mu_law_done: false,
            a_law_done: false,
            common: None,
        }
    }
}

impl Encoded {
    /// A sound that several hear.
    pub(super) fn common(whose: Whose, maker: &Maker) -> Self {
        Self {
            common: Some(Box::new(Common::new(whose, maker.clone()))),
            ..Self::default()
        }
    }

    /// Takes a stream that was asked for, unless it is of no use.
    pub(super) fn take(&mut self, stream: &mut Option<Box<OpusStream>>) {
        if let Some(common) = &mut self.common {
            common.take(stream);
        }
    }

    /// The sound is over.
    pub(super) fn close(&mut self) {
        if let Some(common) = &mut self.common {
            common.close();
        }
    }

    /// The sound, to be read.
    pub(super) fn frame(&self) -> &[i16] {
        self.pcm.frame()
    }

    /// The sound, to be written anew at this rate; what was encoded is void. At another rate than
    /// before it begins after silence.
    pub(super) fn renew(&mut self, rate: Rate) -> &mut [i16] {
        self.forget();
        self.pcm.renew(rate)
    }

    /// As [`renew`](Self::renew), but it goes on after `past`, the end of another sound.
    pub(super) fn renew_after(&mut self, past: &[i16; LONGEST_PAST], rate: Rate) -> &mut [i16] {
        self.forget();
        self.pcm.renew_after(past, rate)
    }

    fn forget(&mut self) {
        self.narrow_done = false;
        self.mu_law_done = false;
        self.a_law_done = false;
    }

    /// How loud the two halves of this tick are.
    pub(super) fn halves(&mut self) -> Halves {
        self.pcm.halves()
    }

    /// There is nothing in this tick at all.
    pub(super) fn is_silent(&mut self) -> bool {
        self.pcm.is_silent()
    }

    /// There is next to nothing in this tick, or nothing.
    pub(super) fn is_quiet(&mut self) -> bool {
        self.pcm.is_quiet()
    }

    /// Copies the end of the tick before to `past`.
    pub(super) fn past_to(&self, past: &mut [i16; LONGEST_PAST]) {
        self.pcm.past_to(past);
    }

    /// Copies the end of this tick to `past`, for the next one.
    pub(super) fn end_to(&self, past: &mut [i16; LONGEST_PAST]) {
        self.pcm.end_to(past);
    }

    /// The sound at a rate, into a tick of that.
    pub(super) fn at(&self, rate: Rate, out: &mut [i16]) {
        self.pcm.at(rate, out);
    }

    /// The sound and what was before it, when it is one at 8 kHz.
    pub(super) fn told(&self) -> Option<&Told> {
        self.pcm.told()
    }

    /// The sound at 8 kHz.
    pub(super) fn narrow(&mut self) -> &[i16] {
        if self.pcm.rate() == Rate::Narrow {
            return self.pcm.frame();
        }
        if !self.narrow_done {
            self.pcm.at(Rate::Narrow, &mut self.narrow);
            self.narrow_done = true;
        }
        &self.narrow
    }

    /// A packet of G.711 without its header.
    pub(super) fn packet(&mut self, law: Law) -> &mut [u8; PACKET_LEN] {
        let done = match law {
            Law::Mu => std::mem::replace(&mut self.mu_law_done, true),
            Law::A => std::mem::replace(&mut self.a_law_done, true),
        };
        if !done {
            self.narrow();
            let narrow = match self.pcm.rate() {
                Rate::Narrow => self.pcm.frame(),
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

    /// A packet of G.722 without its header, for this line: into `alone` when it is nobody else's.
    pub(super) fn g722<'a>(
        &'a mut self,
        line: &mut G722Coder,
        now: &Now,
        alone: &'a mut [u8; PACKET_LEN],
    ) -> &'a mut [u8; PACKET_LEN] {
        if let Some(common) = &mut self.common {
            return common.g722(&mut self.pcm, line, now, alone);
        }
        line.follows = false;
        let mut wide = [0; Rate::Wide.tick()];
        self.pcm.at(Rate::Wide, &mut wide);
        line.own.encode(&wide, &mut alone[HEADER_LEN..]);
        alone
    }

    /// This tick's packet of a common stream of Opus, without its header, and the length of what is
    /// in it; none when the line must encode for itself.
    pub(super) fn opus(
        &mut self,
        line: &mut OpusCoder,
        wishes: &OpusWishes,
        now: &Now,
    ) -> Option<(&mut [u8; LONGEST_PACKET], usize)> {
        let common = self.common.as_mut()?;
        common.opus(&mut self.pcm, line, wishes, now)
    }

    /// A line that heard this hears something of its own from now on, which goes on from this.
    pub(super) fn part(&self, coder: &mut Coder, now: &Now) {
        if let (Coder::Opus(line), Some(common)) = (coder, &self.common) {
            common.part(line, now);
        }
    }
}

/// A tick of G.711, or of G.722, and a header.
pub(super) const PACKET_LEN: usize = HEADER_LEN + TICK_SAMPLES;
