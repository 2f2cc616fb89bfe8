//! A socket for each peer, connected or not, read by `recv` or `recvmmsg`.

use std::io::Result;
use std::net::{SocketAddrV4, UdpSocket};

use crate::batch::Batch;
use crate::way::{self, BUFFER_LEN, Datagram, Way};

/// Datagrams taken at a time; more than one of a peer is rare.
const BATCH: usize = 4;

/// Whether sockets know their peers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    Connected,
    Open,
}

/// How they are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Read {
    One,
    Batch,
}

/// See the module.
pub struct Each {
    link: Link,
    read: Read,
    lines: Vec<(UdpSocket, SocketAddrV4)>,
    datagrams: Vec<Datagram>,
    batch: Batch<BATCH>,
}

impl Each {
    pub fn open(peers: &[SocketAddrV4], link: Link, read: Read) -> Result<Self> {
        let lines = peers.iter().map(|&peer| {
            let socket = way::socket()?;
            if link == Link::Connected {
                socket.connect(peer)?;
            }
            Ok((socket, peer))
        });
        Ok(Self {
            link,
            read,
            lines: lines.collect::<Result<_>>()?,
            datagrams: way::datagrams(peers.len()),
            batch: Batch::new(),
        })
    }
}

impl Way for Each {
    fn name(&self) -> &'static str {
        match (self.link, self.read) {
            (Link::Connected, Read::One) => "(a) a connected socket each: recv, send",
            (Link::Connected, Read::Batch) => "(a') a connected socket each: recvmmsg, send",
            (Link::Open, Read::Batch) => "(b) an open socket each: recvmmsg, sendto",
            (Link::Open, Read::One) => "an open socket each: recv, sendto",
        }
    }

    fn addresses(&self) -> Vec<SocketAddrV4> {
        let own = self.lines.iter().map(|(socket, _)| way::address(socket));
        own.map(|own| own.expect("it is bound to an IPv4 address"))
            .collect()
    }

    fn take(&mut self) -> usize {
        let mut buffer = [0; BUFFER_LEN];
        let Self {
            read, lines, batch, ..
        } = self;
        let taken = lines.iter().map(|(socket, _)| match read {
            Read::One => usize::from(socket.recv(&mut buffer).is_ok()),
            Read::Batch => batch.take(socket),
        });
        taken.sum()
    }

    fn send(&mut self) {
        // What cannot be sent is missing where the peers count.
        for ((socket, peer), datagram) in self.lines.iter().zip(&self.datagrams) {
            let _ = match self.link {
                Link::Connected => socket.send(datagram),
                Link::Open => socket.send_to(datagram, peer),
            };
        }
    }
}
