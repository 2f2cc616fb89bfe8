//! What two sides have agreed to send each other: the result of an SDP offer and answer.

use std::net::SocketAddr;

/// A codec Confab speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Codec {
    /// G.711 mu-law, 8 kHz, static payload type 0.
    Pcmu,
    /// G.711 A-law, 8 kHz, static payload type 8.
    Pcma,
}

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
    /// payload type of `telephone-event/8000`, if agreed (RFC 4733)
    pub event_payload_type: Option<u8>,
    /// packet time we send with, in milliseconds: 10 to 60, a multiple of 10
    pub packet_ms: u8,
    /// who sends
    pub direction: Direction,
}
