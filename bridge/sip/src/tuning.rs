//! The limits and times of the SIP side, each with its reason. No logic.

use std::time::Duration;

/// Limits and times that a deployment seldom changes. [`Tuning::default`] is right for the public
/// internet; tests shorten the times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tuning {
    /// T1 of RFC 3261, 17.1.1.1: an estimate of the round trip. T2 is 8 times, the end of all
    /// patience 64 times as long.
    pub t1: Duration,
    /// How long a caller may hear ringing before we give up (RFC 3261, timer C: over 3 minutes).
    pub setup: Duration,
    /// How long somebody whom we call may be rung before it counts as no answer.
    pub ring: Duration,
    /// Calls that may be between INVITE and ACK at one time; more get 503.
    pub setups_max: usize,
    /// Transactions alive or remembered; new requests are dropped beyond it, so that a flood
    /// costs a bounded amount of memory (about 5 kB each).
    pub transactions_max: usize,
    /// TCP connections in all.
    pub tcp_max: usize,
    /// TCP connections of one address.
    pub tcp_per_source_max: usize,
    /// A TCP connection with no call on it is closed after this silence.
    pub tcp_idle: Duration,
    /// A started message must be complete in this time.
    pub tcp_message: Duration,
    /// Shortest session interval we accept (RFC 4028, 5: at least 90 s).
    pub session_min_s: u32,
    /// Sources remembered by the rate limiter; the table never grows beyond it.
    pub sources_max: usize,
    /// How long `stop` waits for the answers to its BYEs.
    pub goodbye: Duration,
}

impl Default for Tuning {
    fn default() -> Self {
        Self {
            t1: Duration::from_millis(500),
            setup: Duration::from_secs(185),
            ring: Duration::from_secs(75),
            setups_max: 2_000,
            transactions_max: 100_000,
            tcp_max: 2_000,
            tcp_per_source_max: 100,
            tcp_idle: Duration::from_secs(600),
            tcp_message: Duration::from_secs(20),
            session_min_s: 90,
            sources_max: 65_536,
            goodbye: Duration::from_secs(4),
        }
    }
}

/// Largest message we read, in bytes: the library copies a datagram into a buffer of this size.
pub(crate) const DATAGRAM_MAX: usize = 8_192;
/// Largest message on a stream, in bytes.
pub(crate) const STREAM_MESSAGE_MAX: usize = 65_535;
/// Requests waiting for one call. More are answered 500 with Retry-After: nobody sane has so many
/// open in one dialog.
pub(crate) const CALL_INBOX: usize = 32;
/// Messages waiting to be written to one TCP connection. When it is full the peer does not read;
/// the message is lost, as on UDP.
pub(crate) const STREAM_OUTBOX: usize = 256;
/// Commands waiting for the SIP side; the switchboard waits when it is full.
pub(crate) const COMMANDS: usize = 1024;
/// Repeated and forked answers to INVITEs of ours that wait to be acknowledged. More are lost;
/// their senders repeat them.
pub(crate) const STRAYS: usize = 256;
/// Telephones that may answer one call of ours; the ACKs to further ones are not kept.
pub(crate) const FORKS_MAX: usize = 8;
/// Seconds in `Retry-After` of a 503.
pub(crate) const RETRY_AFTER_S: u32 = 10;
