//! The door: sockets, and what is read from them before the SIP library is. UDP and TCP alike go
//! through [`Door::admit`]. Knows no call.

pub(crate) mod hooks;
pub(crate) mod tcp;
pub(crate) mod udp;

use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use rsipstack::transaction::endpoint::EndpointInnerRef;

use crate::counters::{Count, Counters};
use crate::defence::Limiter;
use crate::tuning::Tuning;
use crate::wire::judge::{Verdict, judge};
use crate::{Listen, Transport};

/// What the library's traits return.
pub(crate) type Boxed<'f, T> = Pin<Box<dyn Future<Output = T> + Send + 'f>>;

/// One of our listening addresses, as the others are told to reach it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub transport: Transport,
    /// listening address, with the unspecified address replaced
    pub addr: SocketAddr,
}

impl Place {
    /// The place of a bound listener.
    pub fn new(listen: Listen, advertise: IpAddr) -> Self {
        let ip = listen.addr.ip();
        let ip = if ip.is_unspecified() { advertise } else { ip };
        Self {
            transport: listen.transport,
            addr: SocketAddr::new(ip, listen.addr.port()),
        }
    }

    /// The URI for our Contact.
    pub fn contact(&self) -> String {
        match self.transport {
            Transport::Udp => format!("<sip:confab@{}>", self.addr),
            Transport::Tcp => format!("<sip:confab@{};transport=tcp>", self.addr),
        }
    }
}

/// The guards that all listeners share.
pub(crate) struct Door {
    limiter: Limiter,
    counters: Arc<Counters>,
    transactions_max: usize,
    endpoint: OnceLock<EndpointInnerRef>,
}

/// What becomes of a message.
pub(crate) enum Admitted {
    /// The library may have these bytes.
    Message(Vec<u8>),
    /// These go back; over UDP to that address.
    Answer(Vec<u8>, SocketAddr),
    /// Nothing happens.
    Nothing,
}

impl Door {
    pub fn new(rate_per_s: u32, tuning: &Tuning, counters: Arc<Counters>) -> Self {
        Self {
            limiter: Limiter::new(rate_per_s, tuning.sources_max),
            counters,
            transactions_max: tuning.transactions_max,
            endpoint: OnceLock::new(),
        }
    }

    /// From now on the library's tables are watched.
    pub fn watch(&self, endpoint: EndpointInnerRef) {
        // Set once, by the only start of this door.
        let _ = self.endpoint.set(endpoint);
    }

    pub fn count(&self, count: Count) {
        self.counters.add(count);
    }

    /// Whether `source` may have one more message read now.
    pub fn in_time(&self, source: IpAddr) -> bool {
        self.limiter.allow(source, Instant::now())
    }

    /// Judges one message that is in time.
    pub fn admit(&self, bytes: &[u8], source: SocketAddr, size_max: usize) -> Admitted {
        let (verdict, repaired) = judge(bytes, source, size_max);
        if repaired {
            self.count(Count::Repaired);
        }
        match verdict {
            Verdict::Pass(plain) if self.is_full() && opens_something(&plain) => {
                self.count(Count::Unavailable);
                Admitted::Nothing
            }
            Verdict::Pass(plain) => Admitted::Message(plain),
            Verdict::Answer(bytes, to, count) => {
                self.count(count);
                Admitted::Answer(bytes, to)
            }
            Verdict::Drop(count) => {
                self.count(count);
                Admitted::Nothing
            }
        }
    }

    fn is_full(&self) -> bool {
        self.endpoint.get().is_some_and(|endpoint| {
            let stats = endpoint.get_stats();
            stats.running_transactions + stats.finished_transactions >= self.transactions_max
        })
    }
}

/// Whether a message starts work that was not there before; the others finish some.
fn opens_something(plain: &[u8]) -> bool {
    let ends = ["SIP/2.0 ", "ACK ", "BYE ", "CANCEL "];
    !ends.iter().any(|start| plain.starts_with(start.as_bytes()))
}
