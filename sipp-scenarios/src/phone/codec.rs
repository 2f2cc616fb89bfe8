//! The codecs of the phone: what SDP calls them, how their packets count time, and coding itself.

use std::fmt;

use audio_codec::Encoder as _;
use audio_codec::g722::{G722Decoder, G722Encoder};

use crate::sound::g711::Law;
use crate::sound::{PER_MS, RATE_HZ};

/// What a phone may speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Codec {
    /// G.711.
    Law(Law),
    /// G.722 at 64 kbit/s: 16 kHz, though its packets count at 8 kHz.
    G722,
    /// Opus, mono, 48 kHz.
    Opus,
}

/// The number under which the phone wants Opus.
const OPUS_TYPE: u8 = 107;

/// Bits a second of the phone's Opus: tones come through it as they are.
const OPUS_BITS: i32 = 64_000;

/// The longest packet of Opus, in samples.
const LONGEST: usize = 120 * 48;

impl From<Law> for Codec {
    fn from(law: Law) -> Self {
        Self::Law(law)
    }
}

impl Codec {
    /// RTP payload type, when it is the phone that chooses.
    pub fn payload_type(self) -> u8 {
        match self {
            Self::Law(law) => law.payload_type(),
            Self::G722 => 9,
            Self::Opus => OPUS_TYPE,
        }
    }

    /// The codec of a payload type that the phone has chosen.
    pub fn of(payload_type: u8) -> Option<Self> {
        match payload_type {
            9 => Some(Self::G722),
            OPUS_TYPE => Some(Self::Opus),
            _ => Law::of(payload_type).map(Self::Law),
        }
    }

    /// As `a=rtpmap` names it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Law(Law::Mu) => "PCMU/8000",
            Self::Law(Law::A) => "PCMA/8000",
            Self::G722 => "G722/8000",
            Self::Opus => "opus/48000/2",
        }
    }

    /// The codec of a name.
    pub fn named(name: &str) -> Option<Self> {
        let all = [
            Self::Law(Law::Mu),
            Self::Law(Law::A),
            Self::G722,
            Self::Opus,
        ];
        all.into_iter().find(|codec| {
            codec
                .name()
                .eq_ignore_ascii_case(name.trim_end_matches("/1"))
        })
    }

    /// What its timestamps count by, in Hz.
    pub fn clock_hz(self) -> u32 {
        match self {
            Self::Law(_) | Self::G722 => 8_000,
            Self::Opus => 48_000,
        }
    }

    /// How many times the telephone's rate its sound has.
    pub fn scale(self) -> usize {
        match self {
            Self::Law(_) => 1,
            Self::G722 => 2,
            Self::Opus => 6,
        }
    }

    /// Samples a second.
    pub fn rate_hz(self) -> u32 {
        RATE_HZ * self.scale() as u32
    }
}

/// Makes packets of sound.
pub enum Encoder {
    /// G.711.
    Law(Law),
    /// G.722.
    G722(Box<G722Encoder>),
    /// Opus.
    Opus(opus::Encoder),
}

impl fmt::Debug for Encoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Encoder({:?})", self.codec())
    }
}

impl Encoder {
    /// One that has encoded nothing.
    pub fn new(codec: Codec) -> Self {
        match codec {
            Codec::Law(law) => Self::Law(law),
            Codec::G722 => Self::G722(Box::default()),
            Codec::Opus => Self::Opus(opus_encoder().expect("libopus takes these settings")),
        }
    }

    /// What it encodes to.
    pub fn codec(&self) -> Codec {
        match self {
            Self::Law(law) => Codec::Law(*law),
            Self::G722(_) => Codec::G722,
            Self::Opus(_) => Codec::Opus,
        }
    }

    /// One packet of sound at the codec's rate.
    pub fn encode(&mut self, sound: &[i16]) -> Vec<u8> {
        match self {
            Self::Law(law) => sound.iter().map(|&s| law.encode(s)).collect(),
            Self::G722(encoder) => encoder.encode(sound),
            Self::Opus(encoder) => encoder
                .encode_vec(sound, 1_275)
                .expect("packets have a length that Opus has"),
        }
    }
}

fn opus_encoder() -> opus::Result<opus::Encoder> {
    let rate_hz = Codec::Opus.rate_hz();
    let mut encoder = opus::Encoder::new(rate_hz, opus::Channels::Mono, opus::Application::Audio)?;
    encoder.set_bitrate(opus::Bitrate::Bits(OPUS_BITS))?;
    Ok(encoder)
}

/// Makes sound of packets, one stream in one codec after the other.
pub enum Decoder {
    /// G.711, or nothing yet.
    Law(Law),
    /// G.722.
    G722(Box<G722Decoder>),
    /// Opus.
    Opus(opus::Decoder),
}

impl Default for Decoder {
    fn default() -> Self {
        Self::Law(Law::default())
    }
}

impl fmt::Debug for Decoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Decoder({:?})", self.codec())
    }
}

impl Decoder {
    fn codec(&self) -> Codec {
        match self {
            Self::Law(law) => Codec::Law(*law),
            Self::G722(_) => Codec::G722,
            Self::Opus(_) => Codec::Opus,
        }
    }

    /// The sound of a packet, at the codec's rate. Another codec than before begins anew.
    pub fn decode(&mut self, codec: Codec, payload: &[u8]) -> Vec<i16> {
        if self.codec() != codec {
            let mono = opus::Channels::Mono;
            *self = match codec {
                Codec::Law(law) => Self::Law(law),
                Codec::G722 => Self::G722(Box::default()),
                Codec::Opus => Self::Opus(
                    opus::Decoder::new(codec.rate_hz(), mono).expect("libopus has memory"),
                ),
            };
        }
        match self {
            Self::Law(law) => payload.iter().map(|&byte| law.decode(byte)).collect(),
            Self::G722(decoder) => decoder.decode_frame(payload),
            Self::Opus(decoder) => {
                let mut sound = vec![0; LONGEST];
                // A broken packet is silence, as it is to a listener.
                let length = decoder.decode(payload, &mut sound, false).unwrap_or(0);
                sound.truncate(length);
                sound
            }
        }
    }
}

/// Samples of `ms` milliseconds at a codec's rate.
pub fn samples(codec: Codec, ms: usize) -> usize {
    ms * PER_MS * codec.scale()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sound::tone::{Hum, tone_level_at};

    #[test]
    fn a_tone_comes_back_at_its_level_and_what_only_wide_codecs_carry_too() {
        for codec in [Codec::Law(Law::Mu), Codec::G722, Codec::Opus] {
            for hz in [810, 5_000] {
                if hz == 5_000 && codec.scale() == 1 {
                    continue;
                }
                let (mut encoder, mut decoder) = (Encoder::new(codec), Decoder::default());
                let mut hum = Hum::default();
                let mut sound = Vec::new();
                for _ in 0..30 {
                    let packet: Vec<i16> = (0..samples(codec, 20))
                        .map(|_| hum.next_at(hz, 8_000.0, codec.rate_hz()))
                        .collect();
                    sound.extend(decoder.decode(codec, &encoder.encode(&packet)));
                }
                assert_eq!(sound.len(), samples(codec, 600));
                let level = tone_level_at(&sound[samples(codec, 200)..], hz, codec.rate_hz());
                assert!((level - -15.3).abs() < 0.5, "{codec:?} {hz} Hz: {level}");
            }
        }
    }

    #[test]
    fn names_and_numbers_lead_back() {
        for codec in [
            Codec::Law(Law::Mu),
            Codec::Law(Law::A),
            Codec::G722,
            Codec::Opus,
        ] {
            assert_eq!(Codec::of(codec.payload_type()), Some(codec));
            assert_eq!(Codec::named(codec.name()), Some(codec));
        }
        assert_eq!(Codec::named("PCMA/8000/1"), Some(Codec::Law(Law::A)));
        assert_eq!(Codec::named("G729/8000"), None);
    }
}
