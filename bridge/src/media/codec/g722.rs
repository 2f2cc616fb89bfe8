//! G.722 at 64 kbit/s: two samples at 16 kHz to an octet. Knows no packets.

use std::fmt;

use audio_codec::Encoder as _;
use audio_codec::g722::{G722Decoder, G722Encoder};
use confab_core::audio::decode;
use confab_core::audio::stream::Codec;

/// One line's decoder.
pub(super) struct Decoder(G722Decoder);

impl Default for Decoder {
    fn default() -> Self {
        Self(G722Decoder::new())
    }
}

impl fmt::Debug for Decoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("G722Decoder")
    }
}

impl decode::Decoder for Decoder {
    fn codec(&self) -> Codec {
        Codec::G722
    }

    fn samples_in(&self, payload: &[u8]) -> Option<usize> {
        Some(2 * payload.len())
    }

    fn decode(&mut self, payload: &[u8], out: &mut [i16]) {
        let written = self.0.decode_frame_into(payload, out).unwrap_or(0);
        out[written..].fill(0);
    }
}

/// One line's encoder.
pub(in crate::media) struct Encoder(G722Encoder);

impl Default for Encoder {
    fn default() -> Self {
        Self(G722Encoder::new())
    }
}

impl fmt::Debug for Encoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("G722Encoder")
    }
}

impl Encoder {
    /// Encodes sound at 16 kHz into half as many octets.
    pub(in crate::media) fn encode(&mut self, sound: &[i16], out: &mut [u8]) {
        let written = self.0.encode_into(sound, out).unwrap_or(0);
        out[written..].fill(0);
    }
}
