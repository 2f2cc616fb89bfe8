//! SDP offer and answer (RFC 3264) for one audio stream.
//!
//! Owns the choice of stream, codec and keys, and the text of our descriptions. Pure: no socket, no
//! clock, no call; fresh keys come from whoever asks. Any bytes may come in; nothing panics.

mod body;
mod crypto;
mod formats;
mod mend;
mod offer;
mod write;

use std::net::SocketAddr;

use confab_core::audio::stream::{Codec, Direction, SrtpKey, SrtpSuite, Stream};

use crate::{MediaWishes, SrtpPolicy};

pub(crate) use body::sdp_in;
pub(crate) use offer::{read_answer, read_offer};
pub(crate) use write::{Origin, OurOffer, write_answer, write_offer};

/// What we are ready to agree on.
#[derive(Clone, Debug)]
pub(crate) struct Wishes {
    /// the best first
    pub codecs: Vec<Codec>,
    pub srtp: SrtpPolicy,
    pub comfort_noise: bool,
    /// a key that nobody can guess
    pub fresh_key: fn(SrtpSuite) -> SrtpKey,
}

impl Wishes {
    /// As configured, with this source of keys.
    pub fn new(media: MediaWishes, fresh_key: fn(SrtpSuite) -> SrtpKey) -> Self {
        Self {
            codecs: media.codecs,
            srtp: media.srtp,
            comfort_noise: media.comfort_noise,
            fresh_key,
        }
    }
}

/// Why a description is of no use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unfit {
    /// It is not SDP, or its addresses are none.
    Malformed,
    /// There is no audio we could take: 488.
    NoCommonCodec,
    /// It is to be encrypted, but by none of its keys we could: 488.
    NoUsableKey,
    /// It is not encrypted, and we take nothing else: 488.
    MustEncrypt,
}

/// The offer or answer of the peer, and what we make of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Terms {
    /// what was agreed, seen from Confab
    pub stream: Stream,
    /// the m-lines of the offer, in order, to be mirrored in the answer
    pub lines: Vec<MediaLine>,
    /// which of them carries `stream`
    pub chosen: usize,
    /// the `a=crypto` that was taken
    pub crypto_tag: Option<u32>,
}

/// One m-line of an offer, as far as an answer must repeat it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MediaLine {
    pub media: String,
    pub proto: String,
    pub formats: String,
}

/// The `a=rtpmap` of a codec, without its number.
fn rtpmap_of(codec: Codec) -> &'static str {
    match codec {
        Codec::Pcmu => "PCMU/8000",
        Codec::Pcma => "PCMA/8000",
        // 8,000 although it is 16,000 (RFC 3551, 4.5.2), and two channels although it is one
        // (RFC 7587, 7).
        Codec::G722 => "G722/8000",
        Codec::Opus => "opus/48000/2",
    }
}

/// The payload number that is the codec's own (RFC 3551, 6), or what we give it in offers of ours.
fn static_payload_type(codec: Codec) -> u8 {
    match codec {
        Codec::Pcmu => 0,
        Codec::Pcma => 8,
        Codec::G722 => 9,
        Codec::Opus => 111,
    }
}

/// What they may do, seen from us.
fn mirrored(theirs: Direction) -> Direction {
    match theirs {
        Direction::SendOnly => Direction::RecvOnly,
        Direction::RecvOnly => Direction::SendOnly,
        both => both,
    }
}

fn word_of(direction: Direction) -> &'static str {
    match direction {
        Direction::SendRecv => "sendrecv",
        Direction::SendOnly => "sendonly",
        Direction::RecvOnly => "recvonly",
        Direction::Inactive => "inactive",
    }
}

/// `IP4 1.2.3.4` or `IP6 ::1`.
fn address_words(addr: SocketAddr) -> String {
    let family = if addr.is_ipv4() { "IP4" } else { "IP6" };
    format!("IN {family} {}", addr.ip())
}

#[cfg(test)]
mod tests;
