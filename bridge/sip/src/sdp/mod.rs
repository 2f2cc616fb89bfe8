//! SDP offer and answer (RFC 3264) for one G.711 audio stream.
//!
//! Owns the choice of stream and codec, and the text of our descriptions. Pure: no socket, no
//! clock, no call. Any bytes may come in; nothing panics.

mod body;
mod mend;
mod offer;
mod write;

use std::net::SocketAddr;

use confab_core::audio::stream::{Codec, Direction, Stream};

pub(crate) use body::sdp_in;
pub(crate) use offer::{read_answer, read_offer};
pub(crate) use write::{Origin, write_answer, write_offer};

/// Why a description is of no use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unfit {
    /// It is not SDP, or its addresses are none.
    Malformed,
    /// There is no audio we could take: 488.
    NoCommonCodec,
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
}

/// One m-line of an offer, as far as an answer must repeat it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MediaLine {
    pub media: String,
    pub proto: String,
    pub formats: String,
}

/// RTP payload names and clock of a codec.
pub(crate) fn name_of(codec: Codec) -> &'static str {
    match codec {
        Codec::Pcmu => "PCMU",
        Codec::Pcma => "PCMA",
        Codec::G722 => "G722",
        Codec::Opus => "opus",
    }
}

/// The payload number that is the codec's own (RFC 3551, 6), or what we give it in offers of ours.
pub(crate) fn static_payload_type(codec: Codec) -> u8 {
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
