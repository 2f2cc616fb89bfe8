//! Coding as callers do it, by other code than Confab's where there is any: before the measured
//! time, and at a few listeners only.

use std::fmt;

use anyhow::{Context, Result};
use audio_codec::Encoder as _;
use audio_codec::g722::{G722Decoder, G722Encoder};
pub use confab_benches::codec::Codec;

/// The longest payload that a caller sends or reads.
pub const PAYLOAD_BYTES_MAX: usize = 480;

/// As confab encodes it for callers who wish nothing else.
const OPUS_BITS_PER_S: i32 = 32_000;

/// A packet of Opus that is no longer need not be sent, says libopus.
const OPUS_UNSENT_BYTES: usize = 2;

/// Longest packet of Opus, in samples.
const OPUS_SAMPLES_MAX: usize = 120 * 48;

/// Makes payloads of 20 ms.
pub enum Encoder {
    Pcmu,
    G722(Box<G722Encoder>),
    Opus(opus::Encoder),
}

impl Encoder {
    /// `dtx`: what need not be sent is left out, which only Opus knows.
    pub fn new(codec: Codec, dtx: bool) -> Result<Self> {
        Ok(match codec {
            Codec::Pcmu => Self::Pcmu,
            Codec::G722 => Self::G722(Box::default()),
            Codec::Opus => {
                let (channels, use_) = (opus::Channels::Mono, opus::Application::Voip);
                let mut encoder = opus::Encoder::new(codec.rate().hz(), channels, use_)?;
                encoder.set_bitrate(opus::Bitrate::Bits(OPUS_BITS_PER_S))?;
                encoder.set_dtx(dtx)?;
                Self::Opus(encoder)
            }
        })
    }

    /// The payload of 20 ms at the codec's rate; nothing when it need not be sent.
    pub fn encode(&mut self, sound: &[i16]) -> Result<Option<Vec<u8>>> {
        let payload = match self {
            Self::Pcmu => sound.iter().map(|&sample| mu_law(sample.into())).collect(),
            Self::G722(encoder) => encoder.encode(sound),
            Self::Opus(encoder) => {
                let payload = encoder.encode_vec(sound, PAYLOAD_BYTES_MAX);
                let payload = payload.context("libopus cannot encode")?;
                if encoder.get_dtx()? && payload.len() <= OPUS_UNSENT_BYTES {
                    return Ok(None);
                }
                payload
            }
        };
        Ok(Some(payload))
    }
}

/// Makes sound of payloads, of one stream.
pub enum Decoder {
    Pcmu,
    G722(Box<G722Decoder>),
    Opus(opus::Decoder),
}

impl fmt::Debug for Decoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pcmu => "Pcmu",
            Self::G722(_) => "G722",
            Self::Opus(_) => "Opus",
        })
    }
}

impl Decoder {
    pub fn new(codec: Codec) -> Result<Self> {
        Ok(match codec {
            Codec::Pcmu => Self::Pcmu,
            Codec::G722 => Self::G722(Box::default()),
            Codec::Opus => Self::Opus(opus::Decoder::new(codec.rate().hz(), opus::Channels::Mono)?),
        })
    }

    /// The sound of a payload at the codec's rate; nothing when it cannot be read.
    pub fn decode(&mut self, payload: &[u8]) -> Vec<i16> {
        match self {
            Self::Pcmu => payload.iter().map(|&byte| linear(byte)).collect(),
            Self::G722(decoder) => decoder.decode_frame(payload),
            Self::Opus(decoder) => {
                let mut sound = vec![0; OPUS_SAMPLES_MAX];
                let length = decoder.decode(payload, &mut sound, false).unwrap_or(0);
                sound.truncate(length);
                sound
            }
        }
    }
}

const BIAS: i32 = 132;

/// One sample in mu-law (G.711, table 2a).
pub fn mu_law(sample: i32) -> u8 {
    const CLIP: i32 = 32_635;
    let sign = if sample < 0 { 0x80 } else { 0 };
    let magnitude = sample.abs().min(CLIP) + BIAS;
    let segment = (31 - magnitude.leading_zeros()) - 7;
    let step = (magnitude >> (segment + 3)) & 0x0f;
    !(sign | (segment as u8) << 4 | step as u8)
}

/// The middle of what a byte of mu-law stands for.
fn linear(byte: u8) -> i16 {
    let bits = !byte;
    let (segment, step) = (bits >> 4 & 7, i32::from(bits & 0x0f));
    let magnitude = (((step << 3) + BIAS) << segment) - BIAS;
    let sample = if bits & 0x80 == 0 {
        magnitude
    } else {
        -magnitude
    };
    sample as i16
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::ValueEnum;

    #[test]
    fn mu_law_values() {
        for (sample, byte) in [
            (0, 0xff),
            (-1, 0x7f),
            (32_767, 0x80),
            (-32_767, 0x00),
            (1_000, 0xce),
        ] {
            assert_eq!(mu_law(sample), byte, "{sample}");
        }
        for byte in 0..=255 {
            let sample = linear(byte);
            assert!(mu_law(sample.into()) == byte || sample == 0, "{byte}");
        }
    }

    /// What goes in comes out, about as loud, at every codec.
    #[test]
    fn sound_survives() {
        for codec in Codec::value_variants() {
            let step = std::f64::consts::TAU * 400.0 / f64::from(codec.rate().hz());
            let samples = codec.rate().hz() as usize / 50;
            let tone: Vec<i16> = (0..samples)
                .map(|n| (8_000.0 * (n as f64 * step).sin()) as i16)
                .collect();
            let mut encoder = Encoder::new(*codec, false).unwrap();
            let mut decoder = Decoder::new(*codec).unwrap();
            let mut heard = Vec::new();
            for _ in 0..20 {
                let payload = encoder.encode(&tone).unwrap().unwrap();
                assert!(payload.len() <= PAYLOAD_BYTES_MAX);
                heard = decoder.decode(&payload);
                assert_eq!(heard.len(), samples, "{codec:?}");
            }
            let peak = heard.iter().map(|s| s.unsigned_abs()).max().unwrap();
            assert!((6_000..10_000).contains(&peak), "{codec:?}: {peak}");
        }
    }
}
