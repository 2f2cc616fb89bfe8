//! Decoding Opus. Stands alone: the bench `network` is made of this file too, so as to measure what
//! callers hear.

use confab_core::audio::decode;
use confab_core::audio::rate::{LONGEST_TICK, Rate};
use confab_core::audio::stream::Codec;
use opus::Channels;

/// One line's decoder.
#[derive(Debug)]
pub struct Decoder(opus::Decoder);

impl Decoder {
    /// One that has decoded nothing; none when libopus has no memory for it.
    pub fn new() -> Option<Self> {
        opus::Decoder::new(Rate::Full.hz(), Channels::Mono)
            .ok()
            .map(Self)
    }

    fn run(&mut self, payload: &[u8], out: &mut [i16], from_next: bool) {
        let written = self.0.decode(payload, out, from_next).unwrap_or(0);
        let written = written.min(out.len());
        out[written..].fill(0);
    }
}

impl decode::Decoder for Decoder {
    fn codec(&self) -> Codec {
        Codec::Opus
    }

    fn samples_in(&self, payload: &[u8]) -> Option<usize> {
        samples_in(payload)
    }

    fn decode(&mut self, payload: &[u8], out: &mut [i16]) {
        self.run(payload, out, false);
    }

    fn repeats_the_last(&self, payload: &[u8]) -> bool {
        repeats_the_last(payload)
    }

    fn pauses(&self, payload: &[u8]) -> bool {
        pauses(payload)
    }

    fn restart(&mut self) {
        // It fails for no decoder that there is; one that did not would go on from where it was.
        let _ = self.0.reset_state();
    }

    fn recover(&mut self, next: &[u8], out: &mut [i16]) {
        self.run(next, out, true);
    }

    fn conceal(&mut self, out: &mut [i16]) -> bool {
        // libopus makes up whole frames: what is asked for is cut from one.
        let mut frame = [0; LONGEST_TICK];
        for part in out.chunks_mut(LONGEST_TICK) {
            let whole = part.len().next_multiple_of(FRAME_STEP);
            self.run(&[], &mut frame[..whole], false);
            part.copy_from_slice(&frame[..part.len()]);
        }
        true
    }
}

/// Samples in a payload at 48 kHz; none when it is none of Opus.
pub fn samples_in(payload: &[u8]) -> Option<usize> {
    // An empty packet would be taken for a lost one.
    if payload.is_empty() {
        return None;
    }
    opus::packet::get_nb_samples(payload, Rate::Full.hz()).ok()
}

/// RFC 6716, 4.2.3 and 4.2.4: the first bits of a packet with SILK in it say of each of its
/// frames whether it is voice, and then whether the one before is repeated.
pub fn repeats_the_last(payload: &[u8]) -> bool {
    let [toc, first, ..] = *payload else {
        return false;
    };
    let (config, stereo, count_code) = (toc >> 3, toc & 4 != 0, toc & 3);
    let has_silk = config < 16;
    // 40 and 60 ms are two and three frames of SILK.
    let frames = match config {
        ..12 => [1, 1, 2, 3][usize::from(config & 3)],
        _ => 1,
    };
    has_silk && !stereo && count_code < 2 && first >> (7 - frames) & 1 != 0
}

/// RFC 7587, 3.1.3: a sender that leaves out silence tells of it by packets of one or two octets.
pub fn pauses(payload: &[u8]) -> bool {
    payload.len() <= 2
}

/// 2.5 ms: what a frame's length is a multiple of.
const FRAME_STEP: usize = 120;
