//! What two sides have agreed to send each other: the result of an SDP offer and answer.

use std::net::SocketAddr;

use super::g711::Law;
use super::rate::Rate;

/// A codec Confab speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Codec {
    /// G.711 mu-law, 8 kHz, static payload type 0.
    Pcmu,
    /// G.711 A-law, 8 kHz, static payload type 8.
    Pcma,
    /// G.722 at 64 kbit/s, 16 kHz, static payload type 9.
    G722,
    /// Opus (RFC 6716, RFC 7587), mono, 48 kHz, a dynamic payload type.
    Opus,
}

impl Codec {
    /// Clock of its RTP timestamps, in Hz; that of its `telephone-event` too (RFC 4733, 2.1).
    /// G.722 counts at 8,000 for reasons of history (RFC 3551, 4.5.2).
    pub const fn clock_hz(self) -> u32 {
        match self {
            Self::Pcmu | Self::Pcma | Self::G722 => 8_000,
            Self::Opus => 48_000,
        }
    }

    /// Samples of sound a second, in Hz.
    pub const fn audio_hz(self) -> u32 {
        self.rate().hz()
    }

    /// The rate of its sound.
    pub const fn rate(self) -> Rate {
        match self {
            Self::Pcmu | Self::Pcma => Rate::Narrow,
            Self::G722 => Rate::Wide,
            Self::Opus => Rate::Full,
        }
    }

    /// Its law, when it is G.711.
    pub const fn law(self) -> Option<Law> {
        match self {
            Self::Pcmu => Some(Law::Mu),
            Self::Pcma => Some(Law::A),
            Self::G722 | Self::Opus => None,
        }
    }
}

/// What the peer wants of the Opus we send (RFC 7587, 6.1): its `a=fmtp` parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpusWishes {
    /// `useinbandfec=1`: a packet may repeat the one before it, coarsely
    pub inband_fec: bool,
    /// `usedtx=1`: nothing need be sent in silence
    pub dtx: bool,
    /// `maxaveragebitrate`, bit/s
    pub bitrate_max: Option<u32>,
    /// `maxplaybackrate`, Hz: it plays nothing above half of this
    pub playback_hz_max: u32,
}

impl Default for OpusWishes {
    fn default() -> Self {
        Self {
            inband_fec: false,
            dtx: false,
            bitrate_max: None,
            playback_hz_max: 48_000,
        }
    }
}

/// A suite of SRTP's (RFC 3711, RFC 6188, RFC 7714).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SrtpSuite {
    /// `AES_CM_128_HMAC_SHA1_80`.
    AesCm128Sha1_80,
    /// `AES_CM_128_HMAC_SHA1_32`: RTP with a short tag.
    AesCm128Sha1_32,
    /// `AEAD_AES_128_GCM`.
    AeadAes128Gcm,
    /// `AEAD_AES_256_GCM`.
    AeadAes256Gcm,
}

impl SrtpSuite {
    /// Octets of master key and of master salt.
    pub const fn key_and_salt_len(self) -> (usize, usize) {
        match self {
            Self::AesCm128Sha1_80 | Self::AesCm128Sha1_32 => (16, 14),
            Self::AeadAes128Gcm => (16, 12),
            Self::AeadAes256Gcm => (32, 12),
        }
    }
}

/// A master key followed by its salt. Shows itself in no log.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SrtpKey([u8; LONGEST_KEY_AND_SALT]);

impl SrtpKey {
    /// From the octets of key and salt; none when there are too few or too many for the suite.
    pub fn new(suite: SrtpSuite, key_and_salt: &[u8]) -> Option<Self> {
        let (key, salt) = suite.key_and_salt_len();
        let mut octets = [0; LONGEST_KEY_AND_SALT];
        if key_and_salt.len() != key + salt {
            return None;
        }
        octets[..key + salt].copy_from_slice(key_and_salt);
        Some(Self(octets))
    }

    /// Master key and master salt.
    pub fn parts(&self, suite: SrtpSuite) -> (&[u8], &[u8]) {
        let (key, salt) = suite.key_and_salt_len();
        self.0[..key + salt].split_at(key)
    }
}

impl std::fmt::Debug for SrtpKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SrtpKey(..)")
    }
}

/// How a stream is encrypted: keys exchanged in the SDP (RFC 4568).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Srtp {
    /// of both directions
    pub suite: SrtpSuite,
    /// what we send with
    pub ours: SrtpKey,
    /// what the peer sends with
    pub theirs: SrtpKey,
}

const LONGEST_KEY_AND_SALT: usize = 44;

/// Which way media flows, seen from Confab (RFC 3264, 5.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Both ways.
    #[default]
    SendRecv,
    /// Confab only sends (the peer holds us with `sendonly` answered by `recvonly` is the reverse).
    SendOnly,
    /// Confab only receives.
    RecvOnly,
    /// Neither way.
    Inactive,
}

/// Payload types of an offer of ours, where the peer's answer has others: we send with the peer's,
/// and it should send with ours (RFC 3264, 6.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Offered {
    /// of the codec
    pub payload_type: Option<u8>,
    /// of `telephone-event`
    pub event_payload_type: Option<u8>,
}

/// What a packet carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Load {
    /// The agreed codec.
    Sound,
    /// A key (RFC 4733).
    Event,
    /// Comfort noise (RFC 3389).
    Noise,
}

/// One negotiated audio stream, seen from Confab.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stream {
    /// where RTP goes; a zero address (0.0.0.0) means hold in the old style
    pub remote: SocketAddr,
    /// where RTCP goes
    pub remote_rtcp: SocketAddr,
    /// both directions use this codec
    pub codec: Codec,
    /// its RTP payload type
    pub payload_type: u8,
    /// payload type of `telephone-event`, if agreed (RFC 4733)
    pub event_payload_type: Option<u8>,
    /// what its timestamps and durations are meant to count at, in Hz: the codec's clock, or 8,000
    /// beside Opus when the peer knows no other
    pub event_clock_hz: u32,
    /// the numbers of an offer of ours that the answer changed; the peer may send with either
    pub offered: Offered,
    /// payload type of comfort noise (RFC 3389), if agreed; phones send 13 unasked
    pub noise_payload_type: Option<u8>,
    /// packet time we send with, in milliseconds: 10 to 60, a multiple of 10
    pub packet_ms: u8,
    /// who sends
    pub direction: Direction,
    /// heeded when the codec is Opus
    pub opus: OpusWishes,
    /// none: plain RTP
    pub srtp: Option<Srtp>,
}

impl Stream {
    /// What a packet that comes with this payload type carries; none: nothing that was agreed.
    pub fn load_of(&self, payload_type: u8) -> Option<Load> {
        let number = Some(payload_type);
        if number == self.event_payload_type || number == self.offered.event_payload_type {
            Some(Load::Event)
        } else if payload_type == self.payload_type || number == self.offered.payload_type {
            Some(Load::Sound)
        } else if number == self.noise_payload_type || payload_type == COMFORT_NOISE {
            Some(Load::Noise)
        } else {
            None
        }
    }
}

/// The static payload type of comfort noise (RFC 3551, 6).
pub const COMFORT_NOISE: u8 = 13;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_payload_type_carries() {
        let stream = Stream {
            remote: "192.0.2.1:4000".parse().unwrap(),
            remote_rtcp: "192.0.2.1:4001".parse().unwrap(),
            codec: Codec::Opus,
            payload_type: 96,
            event_payload_type: Some(97),
            event_clock_hz: 48_000,
            offered: Offered {
                payload_type: Some(111),
                event_payload_type: None,
            },
            noise_payload_type: None,
            packet_ms: 20,
            direction: Direction::SendRecv,
            opus: OpusWishes::default(),
            srtp: None,
        };
        let check = |number, load| assert_eq!(stream.load_of(number), load, "{number}");
        check(96, Some(Load::Sound));
        check(111, Some(Load::Sound));
        check(97, Some(Load::Event));
        check(13, Some(Load::Noise));
        check(0, None);
        check(255, None);
    }
}
