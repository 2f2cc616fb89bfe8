//! Codecs of every rate that need no library.

use super::*;
use crate::audio::decode::Decoder;

/// A codec of another rate that is easily made: mu-law, each code standing for several samples.
/// As Opus, a packet's first code says what the packet before began with.
#[derive(Debug)]
struct Held {
    codec: Codec,
    /// lent to it
    stock: Option<Stock>,
    /// it gives that back at once, or only when it is asked for a second time
    at_once: bool,
    asked: bool,
}

impl Held {
    fn times(&self) -> usize {
        self.codec.rate().scale()
    }
}

impl Decoder for Held {
    fn restart(&mut self) {}

    fn rest(&mut self, stock: &mut Option<Stock>) {
        if self.codec == Codec::Opus {
            (self.stock, self.asked) = (stock.take(), self.at_once);
        }
    }

    fn stock(&mut self) -> Option<Stock> {
        let asked = std::mem::replace(&mut self.asked, true);
        self.stock.take_if(|_| asked)
    }

    fn codec(&self) -> Codec {
        self.codec
    }

    fn samples_in(&self, payload: &[u8]) -> Option<usize> {
        Some(payload.len() * self.times())
    }

    fn decode(&mut self, payload: &[u8], out: &mut [i16]) {
        let times = self.times();
        let mut narrow = vec![0; payload.len()];
        g711::decode(Law::Mu, payload, &mut narrow);
        for (n, sample) in out.iter_mut().enumerate() {
            *sample = narrow[n / times];
        }
    }

    fn repeats_the_last(&self, payload: &[u8]) -> bool {
        self.codec == Codec::Opus && payload[0] == REPEATS
    }

    fn pauses(&self, payload: &[u8]) -> bool {
        self.codec == Codec::Opus && payload.len() <= 2
    }

    fn recover(&mut self, _next: &[u8], out: &mut [i16]) {
        out.fill(RECOVERED);
    }

    fn conceal(&mut self, out: &mut [i16]) -> bool {
        out.fill(0);
        self.codec == Codec::Opus
    }
}

pub(super) const REPEATS: u8 = 0x81;
pub(super) const RECOVERED: i16 = 1_234;

pub(super) fn buffer_of(codec: Codec) -> JitterBuffer {
    buffer_that_is_given(codec, true)
}

/// What it needs to listen, at once or when it has asked in vain.
pub(super) fn buffer_that_is_given(codec: Codec, at_once: bool) -> JitterBuffer {
    let held = || Held {
        codec,
        stock: None,
        at_once,
        asked: false,
    };
    match codec.law() {
        Some(law) => JitterBuffer::new(law),
        None => JitterBuffer::new(Speech::Other(Box::new(held()))),
    }
}

pub(super) const CODECS: [Codec; 3] = [Codec::Pcmu, Codec::G722, Codec::Opus];
