//! `recvmmsg` and `sendmmsg` with buffers that are used again. Knows one socket at a time.

use std::io::{IoSlice, IoSliceMut};
use std::net::{SocketAddrV4, UdpSocket};
use std::os::fd::AsRawFd;

use nix::sys::socket::{MsgFlags, MultiHeaders, SockaddrIn, recvmmsg, sendmmsg};

use crate::way::{BUFFER_LEN, Datagram};

/// Room for so many datagrams at a time.
pub struct Batch<const MOST: usize> {
    headers: MultiHeaders<SockaddrIn>,
    buffers: Box<[[u8; BUFFER_LEN]; MOST]>,
}

impl<const MOST: usize> Batch<MOST> {
    pub fn new() -> Self {
        Self {
            headers: MultiHeaders::preallocate(MOST, None),
            buffers: Box::new([[0; BUFFER_LEN]; MOST]),
        }
    }

    /// Takes all that waits, with who sent it; how many those were.
    pub fn take(&mut self, socket: &UdpSocket) -> usize {
        let mut all = 0;
        loop {
            let mut slices = self.buffers.each_mut().map(|it| [IoSliceMut::new(it)]);
            let (fd, flags) = (socket.as_raw_fd(), MsgFlags::MSG_DONTWAIT);
            let came = recvmmsg(fd, &mut self.headers, slices.iter_mut(), flags, None);
            let came = came.map_or(0, |messages| {
                let known = messages.filter(|message| message.address.is_some());
                known.count()
            });
            all += came;
            if came < MOST {
                return all;
            }
        }
    }

    /// Sends one to each of these.
    pub fn send(&mut self, socket: &UdpSocket, datagrams: &[Datagram], to: &[SocketAddrV4]) {
        let fd = socket.as_raw_fd();
        for (datagrams, to) in datagrams.chunks(MOST).zip(to.chunks(MOST)) {
            let mut slices = [[IoSlice::new(&[])]; MOST];
            let mut addresses = [None; MOST];
            for (index, (datagram, to)) in datagrams.iter().zip(to).enumerate() {
                slices[index] = [IoSlice::new(datagram)];
                addresses[index] = Some(SockaddrIn::from(*to));
            }
            let (slices, addresses) = (&slices[..to.len()], &addresses[..to.len()]);
            // What cannot be sent is missing where the peers count.
            let flags = MsgFlags::MSG_DONTWAIT;
            let _ = sendmmsg(fd, &mut self.headers, slices, addresses, [], flags);
        }
    }
}
