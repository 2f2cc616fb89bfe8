//! The UDP socket as the SIP library sees it: only datagrams that passed the door come through,
//! and sending never fails.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rsipstack::platform::net::UdpSocket as LibrarySocket;
use tokio::net::UdpSocket;
use tokio::sync::Mutex;

use super::{Admitted, Boxed, Door};
use crate::counters::Count;
use crate::tuning::DATAGRAM_MAX;

/// Largest datagram there is; one more byte than fits tells nothing, so we read all.
const READ_MAX: usize = 65_535;

/// A bound socket behind the door.
pub(crate) struct Gate {
    socket: UdpSocket,
    door: Arc<Door>,
    /// only the one task that serves the socket reads, so nobody ever waits here
    buffer: Mutex<Vec<u8>>,
}

impl Gate {
    pub fn new(socket: UdpSocket, door: Arc<Door>) -> Self {
        Self {
            socket,
            door,
            buffer: Mutex::new(vec![0; READ_MAX]),
        }
    }

    async fn next(&self, out: &mut [u8]) -> (usize, SocketAddr) {
        let mut buffer = self.buffer.lock().await;
        loop {
            let Ok((len, source)) = self.socket.recv_from(&mut buffer).await else {
                // An ICMP error or no memory: neither ends by asking again at once.
                tokio::time::sleep(Duration::from_millis(5)).await;
                continue;
            };
            if source.port() == 0 {
                continue;
            }
            if !self.door.in_time(source.ip()) {
                self.door.count(Count::RateLimited);
                continue;
            }
            let datagram = &buffer[..len];
            if datagram == b"\r\n\r\n" {
                // RFC 5626, 3.5.1: a ping wants a pong.
                self.send(b"\r\n", source).await;
                continue;
            }
            match self
                .door
                .admit(datagram, source, out.len().min(DATAGRAM_MAX))
            {
                Admitted::Message(plain) => {
                    out[..plain.len()].copy_from_slice(&plain);
                    return (plain.len(), source);
                }
                Admitted::Answer(bytes, to) => self.send(&bytes, to).await,
                Admitted::Nothing => {}
            }
        }
    }

    async fn send(&self, bytes: &[u8], to: SocketAddr) {
        if self.socket.send_to(bytes, to).await.is_err() {
            self.door.count(Count::SendFailed);
        }
    }
}

impl LibrarySocket for Gate {
    fn recv_from<'s, 'b, 'f>(
        &'s self,
        buf: &'b mut [u8],
    ) -> Boxed<'f, rsipstack::Result<(usize, SocketAddr)>>
    where
        's: 'f,
        'b: 'f,
        Self: 'f,
    {
        Box::pin(async move { Ok(self.next(buf).await) })
    }

    // A failed send is a lost datagram: the transaction's own timers deal with it. An error would
    // leave the library's transaction in a state that no timer ends.
    fn send_to<'s, 'b, 'f>(
        &'s self,
        buf: &'b [u8],
        addr: SocketAddr,
    ) -> Boxed<'f, rsipstack::Result<usize>>
    where
        's: 'f,
        'b: 'f,
        Self: 'f,
    {
        Box::pin(async move {
            self.send(buf, addr).await;
            Ok(buf.len())
        })
    }

    fn local_addr(&self) -> rsipstack::Result<SocketAddr> {
        Ok(self.socket.local_addr()?)
    }
}
