//! What turns payloads into sound: G.711 here, the others by a trait, so that no code of theirs is
//! in this crate. Knows no sequence numbers and no time.

use super::g711::{self, Law};
use super::rate::Rate;
use super::stock::Stock;
use super::stream::Codec;

/// Decodes one line's payloads of one codec. Has state: payloads are given in order. Allocates
/// nothing once it is made, and panics at nothing.
pub trait Decoder: std::fmt::Debug + Send {
    /// The codec.
    fn codec(&self) -> Codec;

    /// Samples in a payload, at the codec's rate; none when it is none of the codec's.
    fn samples_in(&self, payload: &[u8]) -> Option<usize>;

    /// Decodes a payload into as many samples as [`samples_in`](Self::samples_in) says.
    fn decode(&mut self, payload: &[u8], out: &mut [i16]);

    /// Whether a payload tells, coarsely, what was in the one before it.
    fn repeats_the_last(&self, _payload: &[u8]) -> bool {
        false
    }

    /// Makes the sound of a lost payload from the one after it, which is decoded afterwards.
    fn recover(&mut self, _next: &[u8], out: &mut [i16]) {
        out.fill(0);
    }

    /// Whether a payload says that nothing is said from here on, and is no more than that.
    fn pauses(&self, _payload: &[u8]) -> bool {
        false
    }

    /// Nothing is decoded from now on: what only that needs may be lent to others, and where the
    /// buffer kept what came. May be called again while it is not taken.
    fn rest(&mut self, _stock: &mut Option<Stock>) {}

    /// Decoding is about to begin again, of a buffer whose [`Stock`] was taken; none when there is
    /// none yet.
    fn stock(&mut self) -> Option<Stock> {
        None
    }

    /// As [`stock`](Self::stock), of a line that was silent meanwhile and says something now: what
    /// was left out was as the last payload decoded. None when there is no memory.
    fn resume(&mut self) -> Option<Stock> {
        None
    }

    /// Payloads have been left out that were not lost: the next one stands by itself.
    fn restart(&mut self);

    /// Makes up sound in place of what is lost; false when that is left to others.
    fn conceal(&mut self, _out: &mut [i16]) -> bool {
        false
    }
}

/// Any decoder; that of G.711 without a detour.
#[derive(Debug)]
pub enum Speech {
    /// G.711.
    Law(Law),
    /// Another codec.
    Other(Box<dyn Decoder>),
}

impl Speech {
    /// The codec.
    pub fn codec(&self) -> Codec {
        match self {
            Self::Law(Law::Mu) => Codec::Pcmu,
            Self::Law(Law::A) => Codec::Pcma,
            Self::Other(decoder) => decoder.codec(),
        }
    }

    /// Its sound's rate.
    pub fn rate(&self) -> Rate {
        self.codec().rate()
    }

    pub(super) fn samples_in(&self, payload: &[u8]) -> Option<usize> {
        match self {
            Self::Law(_) => Some(payload.len()),
            Self::Other(decoder) => decoder.samples_in(payload),
        }
    }

    pub(super) fn decode(&mut self, payload: &[u8], out: &mut [i16]) {
        match self {
            Self::Law(law) => {
                g711::decode(*law, payload, out);
            }
            Self::Other(decoder) => decoder.decode(payload, out),
        }
    }

    pub(super) fn repeats_the_last(&self, payload: &[u8]) -> bool {
        match self {
            Self::Law(_) => false,
            Self::Other(decoder) => decoder.repeats_the_last(payload),
        }
    }

    pub(super) fn pauses(&self, payload: &[u8]) -> bool {
        match self {
            Self::Law(_) => false,
            Self::Other(decoder) => decoder.pauses(payload),
        }
    }

    pub(super) fn rest(&mut self, stock: &mut Option<Stock>) {
        if let Self::Other(decoder) = self {
            decoder.rest(stock);
        }
    }

    pub(super) fn stock(&mut self) -> Option<Stock> {
        match self {
            Self::Law(_) => None,
            Self::Other(decoder) => decoder.stock(),
        }
    }

    pub(super) fn resume(&mut self) -> Option<Stock> {
        match self {
            Self::Law(_) => None,
            Self::Other(decoder) => decoder.resume(),
        }
    }

    pub(super) fn restart(&mut self) {
        if let Self::Other(decoder) = self {
            decoder.restart();
        }
    }

    pub(super) fn recover(&mut self, next: &[u8], out: &mut [i16]) {
        if let Self::Other(decoder) = self {
            decoder.recover(next, out);
        }
    }

    pub(super) fn conceal(&mut self, out: &mut [i16]) -> bool {
        match self {
            Self::Law(_) => false,
            Self::Other(decoder) => decoder.conceal(out),
        }
    }
}

impl From<Law> for Speech {
    fn from(law: Law) -> Self {
        Self::Law(law)
    }
}
