//! What a way of moving datagrams is, and the sockets they have in common. Measures nothing.

use std::io::Result;
use std::net::{Ipv4Addr, SocketAddrV4, UdpSocket};
use std::os::fd::AsFd;

use nix::sys::socket::setsockopt;
use nix::sys::socket::sockopt::{RcvBuf, RcvBufForce, SndBuf};

/// An RTP packet of 20 ms of G.711.
pub const DATAGRAM_LEN: usize = 172;

/// Longer than any that comes.
pub const BUFFER_LEN: usize = 512;

pub type Datagram = [u8; DATAGRAM_LEN];

/// One of the ways compared. It takes all that has come first and then sends, as a bridge that
/// mixes must.
pub trait Way {
    fn name(&self) -> &'static str;

    /// Where each peer is to send.
    fn addresses(&self) -> Vec<SocketAddrV4>;

    /// Takes what has come: one datagram of each peer, if it is there. How many those were.
    fn take(&mut self) -> usize;

    /// Sends one to each peer.
    fn send(&mut self);
}

/// A socket on loopback that never waits.
pub fn socket() -> Result<UdpSocket> {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

/// One for all peers: it holds what they send in a tick.
pub fn wide_socket() -> Result<UdpSocket> {
    const BYTES: usize = 8 << 20;
    let socket = socket()?;
    if setsockopt(&socket.as_fd(), RcvBufForce, &BYTES).is_err() {
        // Without the right to more it is as much as the system gives to anybody.
        setsockopt(&socket.as_fd(), RcvBuf, &BYTES)?;
    }
    setsockopt(&socket.as_fd(), SndBuf, &BYTES)?;
    Ok(socket)
}

/// Where it listens.
pub fn address(socket: &UdpSocket) -> Result<SocketAddrV4> {
    match socket.local_addr()? {
        std::net::SocketAddr::V4(address) => Ok(address),
        std::net::SocketAddr::V6(_) => Err(std::io::ErrorKind::Unsupported.into()),
    }
}

/// What is sent to each peer; each has bytes of its own, as packets have.
pub fn datagrams(peers: usize) -> Vec<Datagram> {
    (0..peers).map(|peer| [peer as u8; DATAGRAM_LEN]).collect()
}
