//! TCP: accepts, frames, writes. To the SIP library a connection is a channel of messages, so that
//! what a stranger sends passes the same door as a datagram, and a peer that does not read can
//! hold nobody up.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::{Buf, BytesMut};
use rsipstack::platform::mpsc as library_mpsc;
use rsipstack::sip::{SipMessage, Transport};
use rsipstack::transaction::endpoint::EndpointInnerRef;
use rsipstack::transport::channel::ChannelConnection;
use rsipstack::transport::{SipAddr, SipConnection, TransportEvent};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_util::sync::CancellationToken;

use super::{Admitted, Door, Place};
use crate::counters::Count;
use crate::defence::lock;
use crate::tuning::{STREAM_MESSAGE_MAX, STREAM_OUTBOX, Tuning};
use crate::wire;

/// How long a write may hang, and a new connection may take.
const STALL: Duration = Duration::from_secs(10);

/// One connection.
pub(crate) struct Peer {
    pub remote: SocketAddr,
    pub place: Arc<Place>,
    alive: AtomicBool,
    connection: SipConnection,
}

impl Peer {
    /// Whether a message sent now has a chance to arrive.
    pub fn is_alive(&self) -> bool {
        self.alive.load(Ordering::Relaxed)
    }

    /// The library's handle to it.
    pub fn connection(&self) -> SipConnection {
        self.connection.clone()
    }
}

/// All TCP connections.
pub(crate) struct Streams {
    door: Arc<Door>,
    endpoint: EndpointInnerRef,
    tuning: Tuning,
    stop: CancellationToken,
    peers: Mutex<HashMap<SocketAddr, Arc<Peer>>>,
}

impl Streams {
    pub fn new(
        door: Arc<Door>,
        endpoint: EndpointInnerRef,
        tuning: Tuning,
        stop: CancellationToken,
    ) -> Arc<Self> {
        Arc::new(Self {
            door,
            endpoint,
            tuning,
            stop,
            peers: Mutex::default(),
        })
    }

    /// Connections now.
    pub fn len(&self) -> usize {
        lock(&self.peers).len()
    }

    /// The connection to this remote address.
    pub fn peer(&self, remote: SocketAddr) -> Option<Arc<Peer>> {
        lock(&self.peers).get(&remote).cloned()
    }

    /// Accepts until stopped.
    pub async fn serve(self: Arc<Self>, listener: TcpListener, place: Arc<Place>) {
        loop {
            let accepted = tokio::select! {
                () = self.stop.cancelled() => return,
                accepted = listener.accept() => accepted,
            };
            match accepted {
                Ok((stream, remote)) if self.may_connect(remote) => {
                    self.open(stream, remote, place.clone()).await;
                }
                Ok(_) => self.door.count(Count::TcpRefused),
                // Out of file descriptors: accepting again at once would only burn the processor.
                Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        }
    }

    fn may_connect(&self, remote: SocketAddr) -> bool {
        let peers = lock(&self.peers);
        let same = peers.keys().filter(|addr| addr.ip() == remote.ip()).count();
        let room = peers.len() < self.tuning.tcp_max && same < self.tuning.tcp_per_source_max;
        drop(peers);
        room && self.door.in_time(remote.ip())
    }

    /// Connects to `remote` on behalf of `place`, for a call whose own connection is gone.
    pub async fn connect(
        self: &Arc<Self>,
        remote: SocketAddr,
        place: Arc<Place>,
    ) -> Option<Arc<Peer>> {
        if let Some(peer) = self.peer(remote).filter(|peer| peer.is_alive()) {
            return Some(peer);
        }
        let stream = timeout(STALL, TcpStream::connect(remote))
            .await
            .ok()?
            .ok()?;
        self.open(stream, remote, place).await;
        self.peer(remote)
    }

    async fn open(self: &Arc<Self>, stream: TcpStream, remote: SocketAddr, place: Arc<Place>) {
        let from = SipAddr {
            r#type: Some(Transport::Tcp),
            addr: remote.into(),
        };
        // Unbounded by the library's interface; it is emptied at once into the transport's queue,
        // and what enters is bounded by the rate limit.
        let (inward, incoming) = library_mpsc::unbounded_channel();
        let (outgoing, outward) = library_mpsc::channel(STREAM_OUTBOX);
        let made =
            ChannelConnection::create_connection_bounded(incoming, outgoing, from.clone(), None);
        let Ok(connection) = made.await.map(SipConnection::Channel) else {
            return;
        };
        let alive = AtomicBool::new(true);
        let peer = Arc::new(Peer {
            remote,
            place,
            alive,
            connection: connection.clone(),
        });
        lock(&self.peers).insert(remote, peer.clone());
        self.endpoint.transport_layer.add_connection(connection);
        // Nagle would hold a 200 back until the peer's delayed ACK.
        let _ = stream.set_nodelay(true);
        let (read, write) = stream.into_split();
        let (outbox, queue) = mpsc::channel(STREAM_OUTBOX);
        let closed = self.stop.child_token();
        tokio::spawn(drain(outward, outbox.clone(), self.door.clone()));
        tokio::spawn(write_all(write, queue, closed.clone()));
        let reader = Reader {
            streams: self.clone(),
            peer: peer.clone(),
            inward,
            outbox,
            from,
        };
        let streams = self.clone();
        tokio::spawn(async move {
            tokio::select! {
                () = closed.cancelled() => {}
                () = reader.run(read) => {}
            }
            closed.cancel();
            peer.alive.store(false, Ordering::Relaxed);
            let mut peers = lock(&streams.peers);
            // A newer connection from the same address may already stand there.
            if peers
                .get(&remote)
                .is_some_and(|current| Arc::ptr_eq(current, &peer))
            {
                peers.remove(&remote);
            }
        });
    }
}

/// Takes what the library sends for as long as anybody can send, so that a sender never waits and
/// never fails; what the socket cannot take is lost, as on UDP.
async fn drain(
    mut outward: library_mpsc::Receiver<TransportEvent>,
    outbox: mpsc::Sender<Vec<u8>>,
    door: Arc<Door>,
) {
    while let Some(event) = outward.recv().await {
        let TransportEvent::Incoming(message, ..) = event else {
            continue;
        };
        if outbox.try_send(message.to_bytes()).is_err() {
            door.count(Count::SendFailed);
        }
    }
}

async fn write_all(
    mut write: OwnedWriteHalf,
    mut queue: mpsc::Receiver<Vec<u8>>,
    closed: CancellationToken,
) {
    loop {
        // What is queued is written first: the answer that tells why we close is the last of it.
        let bytes = tokio::select! {
            biased;
            bytes = queue.recv() => bytes,
            () = closed.cancelled() => break,
        };
        let Some(bytes) = bytes else { break };
        if !matches!(timeout(STALL, write.write_all(&bytes)).await, Ok(Ok(()))) {
            break;
        }
    }
    closed.cancel();
    let _ = write.shutdown().await;
}

struct Reader {
    streams: Arc<Streams>,
    peer: Arc<Peer>,
    inward: library_mpsc::UnboundedSender<TransportEvent>,
    outbox: mpsc::Sender<Vec<u8>>,
    from: SipAddr,
}

/// Why reading ends when it is not the end of the stream.
struct Broken;

impl Reader {
    async fn run(&self, mut read: OwnedReadHalf) {
        let mut buffer = BytesMut::with_capacity(4096);
        let mut message_due = None;
        loop {
            match self.take_messages(&mut buffer).await {
                Ok(()) if buffer.is_empty() => message_due = None,
                Ok(()) => {
                    let due = Instant::now() + self.streams.tuning.tcp_message;
                    message_due = message_due.or(Some(due));
                }
                Err(Broken) => break self.streams.door.count(Count::TcpClosed),
            }
            let idle = Instant::now() + self.streams.tuning.tcp_idle;
            match timeout_at(message_due.unwrap_or(idle), read.read_buf(&mut buffer)).await {
                Ok(Ok(0) | Err(_)) => break,
                Ok(Ok(_)) => {}
                // A connection that a call holds on to may be silent for hours.
                Err(_) if message_due.is_none() && Arc::strong_count(&self.peer) > OWN_HANDLES => {}
                Err(_) => break self.streams.door.count(Count::TcpClosed),
            }
        }
    }

    /// Cuts whole messages off the front of `buffer`.
    async fn take_messages(&self, buffer: &mut BytesMut) -> Result<(), Broken> {
        loop {
            self.skip_pings(buffer).await;
            let Some((_, body_start)) = wire::end_of_head(buffer) else {
                return if buffer.len() > STREAM_MESSAGE_MAX {
                    Err(Broken)
                } else {
                    Ok(())
                };
            };
            let body_len = body_len(&buffer[..body_start]);
            let total = match body_len.and_then(|len| len.checked_add(body_start)) {
                Some(total) if total <= STREAM_MESSAGE_MAX => total,
                // Nobody knows where the next message starts: answer, then close.
                _ => {
                    self.admit(&buffer[..body_start]).await;
                    return Err(Broken);
                }
            };
            if buffer.len() < total {
                return Ok(());
            }
            while !self.streams.door.in_time(self.peer.remote.ip()) {
                // A stream must not lose a message, so the sender waits.
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            let message = buffer.split_to(total);
            self.admit(&message).await;
        }
    }

    /// RFC 5626, 3.5.1: two line ends are a ping; line ends between messages mean nothing.
    async fn skip_pings(&self, buffer: &mut BytesMut) {
        while buffer.first().is_some_and(|b| matches!(b, b'\r' | b'\n')) {
            if buffer.starts_with(b"\r\n\r\n") {
                buffer.advance(4);
                let _ = self.outbox.try_send(b"\r\n".to_vec());
            } else if b"\r\n\r\n".starts_with(buffer) {
                return;
            } else {
                buffer.advance(1);
            }
        }
    }

    async fn admit(&self, message: &[u8]) {
        match self
            .streams
            .door
            .admit(message, self.peer.remote, STREAM_MESSAGE_MAX)
        {
            Admitted::Message(plain) => self.pass(&plain),
            Admitted::Answer(bytes, _) => {
                let _ = timeout(STALL, self.outbox.send(bytes)).await;
            }
            Admitted::Nothing => {}
        }
    }

    fn pass(&self, plain: &[u8]) {
        let parsed = SipMessage::try_from(plain).ok().and_then(|message| {
            SipConnection::update_msg_received(message, self.peer.remote, Transport::Tcp).ok()
        });
        let Some(message) = parsed else {
            return self.streams.door.count(Count::Unanswerable);
        };
        let connection = self.peer.connection();
        let event = TransportEvent::Incoming(message, connection, self.from.clone());
        // Fails only when the endpoint has stopped.
        let _ = self.inward.send(event);
    }
}

/// Handles to a [`Peer`] that are not a call's: the table, the reader, the reader's task.
const OWN_HANDLES: usize = 3;

/// What Content-Length says; 0 without one. `None` when it is no number or said twice differently.
fn body_len(head: &[u8]) -> Option<usize> {
    let head = wire::take_apart(head)?;
    let mut said = head
        .all("Content-Length")
        .map(|value| value.parse::<usize>().ok());
    let first = said.next().unwrap_or(Some(0))?;
    said.all(|other| other == Some(first)).then_some(first)
}
