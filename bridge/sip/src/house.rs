//! The dispatcher: each incoming transaction to the call it belongs to, or to its answer when it
//! belongs to none. What can be refused from one message alone never gets here (see
//! [`crate::wire::judge`]); what happens inside a call is the call's affair.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use rsipstack::sip::{Host, Method};
use rsipstack::transaction::Transaction;
use rsipstack::transaction::endpoint::EndpointInnerRef;
use rsipstack::transport::{SipAddr, SipConnection};
use tokio::sync::mpsc;
use tokio_util::task::TaskTracker;

use crate::accepted::Accepted;
use crate::call::{self, Errand, Input, Opening};
use crate::counters::{Count, Counters};
use crate::door::Place;
use crate::door::tcp::Streams;
use crate::exchange::{Exchange, Extra, Line, drive};
use crate::registry::{DialogKey, MergeKey, Registry};
use crate::sdp::Wishes;
use crate::trunk::Trunk;
use crate::tuning::{RETRY_AFTER_S, Tuning};
use crate::wire::judge::{ACCEPT, ALLOW, SUPPORTED};
use crate::{Legs, SipCommand, SipEvent, Transport};

/// What all calls share.
pub(crate) struct House {
    pub endpoint: EndpointInnerRef,
    pub events: mpsc::Sender<SipEvent>,
    pub counters: Arc<Counters>,
    pub tuning: Tuning,
    pub wishes: Wishes,
    pub registry: Registry,
    pub ways: Ways,
    pub legs: Legs,
    /// every task that a stop must wait for
    pub tasks: TaskTracker,
    draining: AtomicBool,
    setups: Arc<AtomicUsize>,
}

/// How messages get in and out.
pub(crate) struct Ways {
    pub streams: Arc<Streams>,
    pub places: Vec<Arc<Place>>,
    /// the bound UDP sockets, each with its place
    pub sockets: Vec<(Arc<Place>, SipConnection)>,
    pub trunk: Option<Arc<Trunk>>,
    pub accepted: Arc<Accepted>,
}

/// One of the calls that may be in set-up; given back when dropped.
#[derive(Debug)]
pub(crate) struct SetupSlot(Arc<AtomicUsize>);

impl Drop for SetupSlot {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl House {
    pub fn new(
        endpoint: EndpointInnerRef,
        events: mpsc::Sender<SipEvent>,
        counters: Arc<Counters>,
        tuning: Tuning,
        wishes: Wishes,
        ways: Ways,
    ) -> Arc<Self> {
        Arc::new(Self {
            endpoint,
            events,
            counters,
            tuning,
            wishes,
            registry: Registry::default(),
            ways,
            legs: Legs::default(),
            tasks: TaskTracker::new(),
            draining: AtomicBool::new(false),
            setups: Arc::default(),
        })
    }

    /// From now on new calls get 503.
    pub fn drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }

    /// Puts a command where its call will find it; a leg that is gone is no mistake.
    pub fn command(self: &Arc<Self>, command: SipCommand) {
        let leg = match &command {
            SipCommand::Ring(leg) => *leg,
            SipCommand::Answer { leg, .. }
            | SipCommand::Refuse { leg, .. }
            | SipCommand::Hangup { leg, .. } => *leg,
            SipCommand::Dial { .. } => return self.dial(command),
            SipCommand::Drain => return self.drain(),
        };
        if let Some(entry) = self.registry.leg(leg) {
            entry.desk.order(command);
        }
    }

    fn dial(self: &Arc<Self>, command: SipCommand) {
        if let Some(errand) = Errand::of(command) {
            self.counters.add(Count::Dialled);
            call::dial(self, errand);
        }
    }

    /// Tells the switchboard; when it is gone there is nobody left to tell.
    pub async fn tell(&self, event: SipEvent) {
        let _ = self.events.send(event).await;
    }

    /// Present sizes of everything that could leak.
    pub fn table_sizes(&self) -> [(&'static str, u64); 8] {
        let [calls, dialogs, merge_keys] = self.registry.sizes();
        let stats = self.endpoint.get_stats();
        [
            ("calls", calls as u64),
            ("dialogs", dialogs as u64),
            ("merge_keys", merge_keys as u64),
            ("transactions", stats.running_transactions as u64),
            ("transactions_finished", stats.finished_transactions as u64),
            ("acks_awaited", stats.waiting_ack as u64),
            ("tcp_connections", self.ways.streams.len() as u64),
            ("setups", self.setups.load(Ordering::Relaxed) as u64),
        ]
    }

    /// Takes one new server transaction; never waits.
    pub fn receive(self: &Arc<Self>, mut transaction: Transaction) {
        let Some(line) = self.line_of(&transaction) else {
            // Over a connection that has just closed: no answer can reach the peer.
            return;
        };
        if line.peer.is_none() {
            // Whence it came, whatever its Via says: the one address that is known to be there.
            let udp = Some(rsipstack::sip::Transport::Udp);
            transaction.destination = Some(SipAddr {
                r#type: udp,
                addr: line.source.into(),
            });
        }
        let exchange = Exchange::new(&transaction, line);
        let inbox = match DialogKey::claimed_by(&exchange.request) {
            Some(key) => self.inside(&key, exchange),
            None => self.outside(exchange),
        };
        self.tasks.spawn(drive(transaction, inbox));
    }

    fn line_of(&self, transaction: &Transaction) -> Option<Line> {
        let connection = transaction.connection.clone()?;
        let source = connection.get_remote_addr().and_then(socket_addr)?;
        if let SipConnection::Udp(udp) = &connection {
            let ours = socket_addr(udp.get_addr())?;
            let at = |p: &&Arc<Place>| p.transport == Transport::Udp && p.addr == ours;
            let place = self.ways.places.iter().find(at)?.clone();
            return Some(Line {
                place,
                source,
                connection,
                peer: None,
            });
        }
        let peer = self.ways.streams.peer(source)?;
        Some(Line {
            place: peer.place.clone(),
            source,
            connection,
            peer: Some(peer),
        })
    }

    /// A request inside a dialog.
    fn inside(&self, key: &DialogKey, exchange: Exchange) -> Option<mpsc::Sender<Input>> {
        let Some(entry) = self.registry.dialog(key) else {
            self.refuse(exchange, 481, Count::NoDialog, Extra::default());
            return None;
        };
        match entry.inbox.try_send(Input::Request(Box::new(exchange))) {
            Ok(()) => Some(entry.inbox),
            Err(mpsc::error::TrySendError::Full(Input::Request(exchange))) => {
                self.refuse(
                    *exchange,
                    500,
                    Count::CallBusy,
                    Extra::header("Retry-After", "5"),
                );
                None
            }
            Err(mpsc::error::TrySendError::Closed(Input::Request(exchange))) => {
                self.refuse(*exchange, 481, Count::NoDialog, Extra::default());
                None
            }
            // Only requests are sent here.
            Err(_) => None,
        }
    }

    /// A request outside any dialog.
    fn outside(self: &Arc<Self>, mut exchange: Exchange) -> Option<mpsc::Sender<Input>> {
        match exchange.request.method {
            Method::Invite => self.invite(exchange),
            Method::Options => {
                if self.is_draining() {
                    self.refuse(exchange, 503, Count::Unavailable, retry_after());
                } else {
                    exchange.answer(200, capabilities());
                }
                None
            }
            _ => {
                self.refuse(exchange, 481, Count::NoDialog, Extra::default());
                None
            }
        }
    }

    /// No new calls, neither way.
    pub fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }

    fn invite(self: &Arc<Self>, mut exchange: Exchange) -> Option<mpsc::Sender<Input>> {
        let merge = MergeKey::of(&exchange.request);
        if self.registry.has_merge(&merge) {
            self.refuse(exchange, 482, Count::Merged, Extra::default());
            return None;
        }
        let slot = if self.is_draining() {
            None
        } else {
            self.setup_slot()
        };
        let Some(slot) = slot else {
            self.refuse(exchange, 503, Count::Unavailable, retry_after());
            return None;
        };
        exchange.answer(100, Extra::default());
        let opening = match Opening::read(&exchange, &self.tuning, &self.wishes) {
            Ok(opening) => opening,
            Err((status, extra)) => {
                let count = if status == 488 {
                    Count::NoCodec
                } else {
                    Count::Refused
                };
                self.refuse(exchange, status, count, extra);
                return None;
            }
        };
        let leg = self.legs.next();
        self.counters.add(Count::Calls);
        call::start(self, leg, exchange, opening, merge, slot)
    }

    /// Leave to set one more call up, unless there are too many.
    pub fn setup_slot(&self) -> Option<SetupSlot> {
        let before = self.setups.fetch_add(1, Ordering::Relaxed);
        let slot = SetupSlot(self.setups.clone());
        (before < self.tuning.setups_max).then_some(slot)
    }

    fn refuse(&self, mut exchange: Exchange, status: u16, count: Count, extra: Extra) {
        self.counters.add(count);
        exchange.answer(status, extra);
    }
}

impl fmt::Debug for House {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.table_sizes()).finish()
    }
}

/// What a peer may know of us: the answer to OPTIONS (RFC 3261, 11.2).
pub(crate) fn capabilities() -> Extra {
    let headers = [
        ("Allow", ALLOW),
        ("Accept", ACCEPT),
        ("Supported", SUPPORTED),
        ("Accept-Language", "en"),
    ];
    let headers = headers
        .map(|(name, value)| (name, value.to_owned()))
        .to_vec();
    Extra {
        headers,
        ..Extra::default()
    }
}

/// The headers of a 503.
pub(crate) fn retry_after() -> Extra {
    Extra::header("Retry-After", RETRY_AFTER_S.to_string())
}

fn socket_addr(addr: &SipAddr) -> Option<std::net::SocketAddr> {
    match (&addr.addr.host, addr.addr.port) {
        (Host::IpAddr(ip), Some(port)) => Some(std::net::SocketAddr::new(*ip, port.0)),
        _ => None,
    }
}
