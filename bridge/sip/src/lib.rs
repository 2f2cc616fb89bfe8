//! SIP for Confab: dialogs, SDP offer and answer, and the defences of the door.
//!
//! The only crate that names the SIP library. Decides no policy: an INVITE goes out as
//! [`SipEvent::Invite`] and is answered by a [`SipCommand`]; what a caller may do is not known
//! here.
#![forbid(unsafe_code)]

mod accepted;
mod call;
mod counters;
mod defence;
mod digest;
mod door;
mod exchange;
mod house;
mod keys;
mod registry;
mod sdp;
mod serve;
mod trunk;
mod tuning;
mod wire;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use confab_core::audio::stream::{Codec, Stream};
use confab_core::event::EndReason;
use confab_core::ids::LegId;
use confab_core::refusal::Refusal;
use confab_dtmf::Key;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

pub use counters::Counters;
pub use trunk::Trunk;
pub use tuning::Tuning;

/// UDP or TCP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Transport {
    /// RFC 3261, 18, over UDP.
    Udp,
    /// Over TCP.
    Tcp,
}

/// One place to listen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Listen {
    /// UDP or TCP
    pub transport: Transport,
    /// address and port; port 0 lets the system choose (see [`Handle::listening`])
    pub addr: SocketAddr,
}

/// Whether calls are encrypted, with keys exchanged in the SDP (RFC 4568). These are only as safe
/// as the signalling: over UDP and TCP whoever reads the SIP messages can decrypt the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SrtpPolicy {
    /// What asks for it is refused with 488.
    Never,
    /// Where the peer asks for it by `RTP/SAVP`; we ask for it in no offer of ours.
    Accept,
    /// Nothing else is taken, and we offer nothing else.
    Require,
}

/// What may be agreed on for a call's sound.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MediaWishes {
    /// codecs, the best first; of the two laws of G.711 the caller chooses
    pub codecs: Vec<Codec>,
    /// encryption
    pub srtp: SrtpPolicy,
    /// packets that tell how the silence sounds (RFC 3389)
    pub comfort_noise: bool,
}

impl Default for MediaWishes {
    fn default() -> Self {
        Self {
            codecs: vec![Codec::Pcma, Codec::Pcmu],
            srtp: SrtpPolicy::Never,
            comfort_noise: false,
        }
    }
}

/// How to serve.
#[derive(Clone, Debug)]
pub struct Config {
    /// where to listen
    pub listen: Vec<Listen>,
    /// address written into SDP and Contact when the listening address is unspecified
    pub advertise: IpAddr,
    /// requests a second that one source may send before it is ignored for a while
    pub source_rate_per_s: u32,
    /// what may be agreed on for the sound
    pub media: MediaWishes,
    /// where calls of ours go; without it [`SipCommand::Dial`] fails
    pub trunk: Option<Trunk>,
}

/// Who calls: of a call that comes, as the network says and not verified; of a call that we place,
/// what the callee is to see.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Caller {
    /// user part of From (or P-Asserted-Identity), or empty
    pub number: String,
    /// display name, or empty
    pub name: String,
}

/// What the SIP side tells. The queue is bounded; the SIP side waits when it is full.
#[derive(Debug)]
pub enum SipEvent {
    /// A new call. `100 Trying` has been sent. To be answered with `Answer` or `Refuse`.
    Invite {
        /// names the call from now on
        leg: LegId,
        /// who
        caller: Caller,
        /// user part of the request URI: an access number or a room number
        dialled: String,
        /// where the request came from
        source: SocketAddr,
    },
    /// A call that we place has found its way: the callee is being rung. Told once at most.
    Ringing {
        /// which
        leg: LegId,
    },
    /// The caller has acknowledged, or the callee has answered; media as agreed.
    Established {
        /// which
        leg: LegId,
        /// the agreement
        stream: Stream,
    },
    /// A re-INVITE or UPDATE has changed the media; already answered.
    MediaChanged {
        /// which
        leg: LegId,
        /// the new agreement
        stream: Stream,
    },
    /// A key came by SIP INFO.
    Key {
        /// which
        leg: LegId,
        /// the key
        key: Key,
        /// how long it was held when it is told only after that; zero when that was not said
        held_ms: u32,
    },
    /// The call is over; the last event of this leg. Follows every `Invite` and every `Dial` in
    /// the end, also after `Refuse` and `Hangup`.
    Ended {
        /// which
        leg: LegId,
        /// why, as far as the SIP side knows
        reason: EndReason,
    },
}

/// What the SIP side is asked to do. Commands for legs that are gone are ignored.
#[derive(Debug)]
pub enum SipCommand {
    /// Send `180 Ringing`.
    Ring(LegId),
    /// Answer with 200 and SDP that names this local RTP address (RTCP is one port above).
    Answer {
        /// which
        leg: LegId,
        /// our RTP address
        rtp: SocketAddr,
    },
    /// Refuse with the status of the table in `confab_core::refusal`.
    Refuse {
        /// which
        leg: LegId,
        /// why
        refusal: Refusal,
    },
    /// End the call: BYE, or the final answer if it is not answered yet, or CANCEL when it is one
    /// that we place.
    Hangup {
        /// which
        leg: LegId,
        /// why; comes back in `Ended`
        reason: EndReason,
    },
    /// Call a number by way of the trunk. `Ringing` and `Established` follow, or `Ended` with
    /// `EndReason::NotReached`. What is heard before the answer (early media) is not taken.
    Dial {
        /// from [`Legs::next`]
        leg: LegId,
        /// 3 to 15 digits, perhaps with `+` in front; anything else is `DialFailure::BadNumber`
        number: String,
        /// what the callee is to see; a number that is none is left out
        caller: Caller,
        /// our RTP address
        rtp: SocketAddr,
    },
    /// Refuse new calls with 503 and Retry-After from now on.
    Drain,
}

/// Why serving could not start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No listener has the trunk's transport.
    #[error("the trunk is reached by {0:?}, but nothing listens on {0:?}")]
    TrunkTransport(Transport),
    /// The socket could not be bound.
    #[error("cannot listen on {transport:?} {addr}: {source}")]
    Bind {
        /// UDP or TCP
        transport: Transport,
        /// where
        addr: SocketAddr,
        /// what the system said
        source: std::io::Error,
    },
}

/// Where the names of calls come from, those that come and those that we place.
#[derive(Clone, Debug)]
pub struct Legs(Arc<AtomicU64>);

impl Default for Legs {
    fn default() -> Self {
        Self(Arc::new(AtomicU64::new(1)))
    }
}

impl Legs {
    /// A name that no call had before.
    pub fn next(&self) -> LegId {
        LegId(self.0.fetch_add(1, Ordering::Relaxed))
    }
}

/// A running SIP side.
#[derive(Debug)]
pub struct Handle {
    /// commands go here; bounded, waits when full
    pub commands: mpsc::Sender<SipCommand>,
    /// names for calls to be placed
    pub legs: Legs,
    /// the addresses in fact listened on, in the order of the configuration
    pub listening: Vec<Listen>,
    /// what was counted
    pub counters: Arc<Counters>,
    /// cancelled by the SIP side when, after `commands` was closed, all calls have said goodbye
    pub stopped: CancellationToken,
}

/// Binds and serves until every clone of `commands` is dropped.
pub async fn start(config: Config, events: mpsc::Sender<SipEvent>) -> Result<Handle, Error> {
    serve::start(config, Tuning::default(), events).await
}

/// As [`start`], with other limits and times.
pub async fn start_tuned(
    config: Config,
    tuning: Tuning,
    events: mpsc::Sender<SipEvent>,
) -> Result<Handle, Error> {
    serve::start(config, tuning, events).await
}
