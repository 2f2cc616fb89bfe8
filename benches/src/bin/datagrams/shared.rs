//! One socket for all peers: for both directions, or to read only.

use std::io::Result;
use std::net::{SocketAddrV4, UdpSocket};

use crate::batch::Batch;
use crate::way::{self, Datagram, Way};

/// Datagrams that go through one call.
const BATCH: usize = 64;

/// Reads and sends through one socket.
pub struct Shared {
    socket: UdpSocket,
    peers: Vec<SocketAddrV4>,
    datagrams: Vec<Datagram>,
    batch: Batch<BATCH>,
}

impl Shared {
    pub fn open(peers: &[SocketAddrV4]) -> Result<Self> {
        Ok(Self {
            socket: way::wide_socket()?,
            peers: peers.to_vec(),
            datagrams: way::datagrams(peers.len()),
            batch: Batch::new(),
        })
    }
}

impl Way for Shared {
    fn name(&self) -> &'static str {
        "(c) one socket for all: recvmmsg, sendmmsg, 64 at a time"
    }

    fn addresses(&self) -> Vec<SocketAddrV4> {
        vec![own(&self.socket); self.peers.len()]
    }

    fn take(&mut self) -> usize {
        self.batch.take(&self.socket)
    }

    fn send(&mut self) {
        self.batch.send(&self.socket, &self.datagrams, &self.peers);
    }
}

/// Reads one socket and sends through one for each peer, which then hears from another port than
/// it sends to.
pub struct Split {
    socket: UdpSocket,
    senders: Vec<UdpSocket>,
    datagrams: Vec<Datagram>,
    batch: Batch<BATCH>,
}

impl Split {
    pub fn open(peers: &[SocketAddrV4]) -> Result<Self> {
        let senders = peers.iter().map(|peer| {
            let socket = way::socket()?;
            socket.connect(peer)?;
            Ok(socket)
        });
        Ok(Self {
            socket: way::wide_socket()?,
            senders: senders.collect::<Result<_>>()?,
            datagrams: way::datagrams(peers.len()),
            batch: Batch::new(),
        })
    }
}

impl Way for Split {
    fn name(&self) -> &'static str {
        "(d) one socket to read: recvmmsg; a connected one each: send"
    }

    fn addresses(&self) -> Vec<SocketAddrV4> {
        vec![own(&self.socket); self.senders.len()]
    }

    fn take(&mut self) -> usize {
        self.batch.take(&self.socket)
    }

    fn send(&mut self) {
        for (socket, datagram) in self.senders.iter().zip(&self.datagrams) {
            let _ = socket.send(datagram);
        }
    }
}

fn own(socket: &UdpSocket) -> SocketAddrV4 {
    way::address(socket).expect("it is bound to an IPv4 address")
}
