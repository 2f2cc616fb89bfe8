//! Codecs of every rate that need no library.

use super::*;
use crate::audio::decode::Decoder;

/// A codec of another rate that is easily made: mu-law, each code standing for several samples.
/// As Opus, a packet's first code says what the packet before began with.
#[derive(Debug)]
struct Held(Codec);

impl Held {
    fn times(&self) -> usize {
        self.0.rate().scale()
    }
}

impl Decoder for Held {
    fn restart(&mut self) {}

    fn codec(&self) -> Codec {
        self.0
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
        self.0 == Codec::Opus && payload[0] == REPEATS
    }

    fn pauses(&self, payload: &[u8]) -> bool {
        self.0 == Codec::Opus && payload.len() <= 2
    }

    fn recover(&mut self, _next: &[u8], out: &mut [i16]) {
        out.fill(RECOVERED);
    }

    fn conceal(&mut self, out: &mut [i16]) -> bool {
        out.fill(0);
        self.0 == Codec::Opus
    }
}

pub(super) const REPEATS: u8 = 0x81;
pub(super) const RECOVERED: i16 = 1_234;

pub(super) fn buffer_of(codec: Codec) -> JitterBuffer {
    match codec.law() {
        Some(law) => JitterBuffer::new(law),
        None => JitterBuffer::new(Speech::Other(Box::new(Held(codec)))),
    }
}

pub(super) const CODECS: [Codec; 3] = [Codec::Pcmu, Codec::G722, Codec::Opus];
