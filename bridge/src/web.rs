//! Connections to the portal: how many, of whom, and how long one may be of no use. Event streams
//! are connections like any other. Knows no page.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{sleep, timeout};
use tower::ServiceExt as _;
use tower_http::timeout::TimeoutBody;

/// After a failed accept, mostly for want of files. Those who wait stay in the system's queue.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// A browser is told that it is refused, and may take so long to listen.
const REFUSAL_TIME: Duration = Duration::from_secs(1);
/// So many are told at once; further ones are just closed, lest refusing fill what it guards.
const REFUSALS_MAX: usize = 32;
/// What a connection may hold of a request's head, bytes.
const HEAD_MAX: usize = 32 * 1024;

const REFUSAL: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\n\
    Retry-After: 30\r\n\
    Content-Type: text/plain\r\n\
    Content-Length: 52\r\n\
    Connection: close\r\n\r\n\
    Too many connections. Please try again in a minute.\n";

/// What the listener grants.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// connections at once
    pub all: usize,
    /// those of one address, or of one /64 in IPv6
    pub per_address: usize,
    /// until the head of a request is complete, counted from the connect or the last answer
    pub idle: Duration,
    /// until more of a request's body comes, or more of an answer is taken
    pub stalled: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            all: 4096,
            per_address: 1024,
            idle: Duration::from_secs(30),
            stalled: Duration::from_secs(120),
        }
    }
}

/// Who is connected, and what was not granted.
#[derive(Debug)]
pub struct Visits {
    limits: Limits,
    open: Mutex<Open>,
    refusing: AtomicUsize,
    refused: AtomicU64,
    accept_failures: AtomicU64,
}

#[derive(Debug, Default)]
struct Open {
    all: usize,
    by_address: HashMap<IpAddr, usize>,
}

impl Visits {
    /// Nobody yet.
    pub fn new(limits: Limits) -> Arc<Self> {
        Arc::new(Self {
            limits,
            open: Mutex::default(),
            refusing: AtomicUsize::new(0),
            refused: AtomicU64::new(0),
            accept_failures: AtomicU64::new(0),
        })
    }

    /// Connections at this moment.
    pub fn open(&self) -> usize {
        self.lock().all
    }

    /// Connections that were refused.
    pub fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    /// Times that the system could not give us a connection.
    pub fn accept_failures(&self) -> u64 {
        self.accept_failures.load(Ordering::Relaxed)
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place for a connection of this address, if there is one.
    fn admit(self: &Arc<Self>, address: IpAddr) -> Option<Place> {
        let address = counted(address);
        let mut open = self.lock();
        let here = open.by_address.get(&address).copied().unwrap_or(0);
        if open.all >= self.limits.all || here >= self.limits.per_address {
            return None;
        }
        open.all += 1;
        open.by_address.insert(address, here + 1);
        Some(Place {
            visits: self.clone(),
            address,
        })
    }
}

/// One connection's place; given back when it is dropped.
struct Place {
    visits: Arc<Visits>,
    address: IpAddr,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.visits.lock();
        open.all -= 1;
        if let Some(here) = open.by_address.get_mut(&self.address) {
            *here -= 1;
            if *here == 0 {
                open.by_address.remove(&self.address);
            }
        }
    }
}

/// The address as it is counted: one machine has a whole /64 in IPv6.
fn counted(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => {
            let network = u128::from(v6) >> 64 << 64;
            IpAddr::V6(Ipv6Addr::from(network))
        }
        v4 => v4,
    }
}

/// Serves pages until it is dropped; handlers are told the address of the client. Connections that
/// were accepted live on by themselves.
pub async fn serve(listener: TcpListener, pages: Router, visits: Arc<Visits>) {
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => match visits.admit(peer.ip()) {
                Some(place) => {
                    tokio::spawn(attend(stream, peer, pages.clone(), place));
                }
                None => refuse(stream, &visits),
            },
            Err(error) if is_the_peers(&error) => {}
            Err(error) => {
                visits.accept_failures.fetch_add(1, Ordering::Relaxed);
                tracing::error!(%error, "the portal cannot take a connection");
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// The peer was gone before we looked.
fn is_the_peers(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset
    )
}

async fn attend(stream: TcpStream, peer: SocketAddr, pages: Router, place: Place) {
    let Limits { idle, stalled, .. } = place.visits.limits;
    prepare(&stream, stalled);
    let answer = |request: Request<Incoming>| {
        let mut request = request.map(|body| Body::new(TimeoutBody::new(stalled, body)));
        request.extensions_mut().insert(ConnectInfo(peer));
        pages.clone().oneshot(request)
    };
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(idle)
        .max_buf_size(HEAD_MAX)
        .serve_connection(TokioIo::new(stream), service_fn(answer))
        .await;
    if let Err(error) = served {
        tracing::debug!(%error, %peer, "a connection to the portal ended");
    }
}

/// Events go out at once, and the system gives up who takes nothing, or is gone without a word.
fn prepare(stream: &TcpStream, stalled: Duration) {
    let socket = socket2::SockRef::from(stream);
    let set = [
        socket.set_tcp_nodelay(true),
        socket.set_tcp_user_timeout(Some(stalled)),
    ];
    for error in set.into_iter().filter_map(Result::err) {
        tracing::debug!(%error, "a connection is without its options");
    }
}

fn refuse(stream: TcpStream, visits: &Arc<Visits>) {
    visits.refused.fetch_add(1, Ordering::Relaxed);
    if visits.refusing.fetch_add(1, Ordering::Relaxed) >= REFUSALS_MAX {
        visits.refusing.fetch_sub(1, Ordering::Relaxed);
        return;
    }
    let visits = visits.clone();
    tokio::spawn(async move {
        // who is too slow to hear it goes without
        let _told = timeout(REFUSAL_TIME, tell_refusal(stream)).await;
        visits.refusing.fetch_sub(1, Ordering::Relaxed);
    });
}

/// Says no and waits for the peer to close: what is closed with a request unread is reset, and the
/// peer would not see the answer.
async fn tell_refusal(mut stream: TcpStream) -> io::Result<()> {
    stream.write_all(REFUSAL).await?;
    stream.shutdown().await?;
    let mut ignored = [0; 1024];
    while stream.read(&mut ignored).await? > 0 {}
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_machine_counts_as_one() {
        let check = |address: &str, same: &str| {
            let parsed = |text: &str| text.parse::<IpAddr>().unwrap();
            assert_eq!(counted(parsed(address)), parsed(same), "{address}");
        };
        check("192.0.2.7", "192.0.2.7");
        check("::ffff:192.0.2.7", "192.0.2.7");
        check("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::");
        check("::1", "::");
    }
}
