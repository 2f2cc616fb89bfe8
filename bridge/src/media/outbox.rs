//! Datagrams on their way out: many sockets' by one call of the system where it has io_uring and
//! lets us, else each by its own. Knows no RTP.
//!
//! A datagram lies here until [`Outbox::flush`] has been called, and its socket must be open until
//! then. Stands alone: the callers of the bench `load` send by this file too.

use std::io::{self, ErrorKind};
use std::net::UdpSocket;
use std::os::fd::{AsRawFd, RawFd};

use io_uring::{IoUring, opcode, squeue, types};
use nix::errno::Errno;
use nix::libc::MSG_DONTWAIT;
use nix::sys::socket::{MsgFlags, send};

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Outbox(Option<Ring>);

impl Outbox {
    /// By io_uring.
    pub(super) fn with_ring() -> io::Result<Self> {
        Ok(Self(Some(Ring::new()?)))
    }

    /// Sends a datagram by a socket that is connected and does not wait; false when it is lost
    /// already.
    pub(super) fn send(&mut self, socket: &UdpSocket, datagram: &[u8]) -> bool {
        if let Some(ring) = &mut self.0
            && ring.send(socket, datagram)
        {
            return true;
        }
        match socket.send(datagram) {
            // That was the answer to an earlier one; this one has not gone yet.
            Err(error) if error.kind() == ErrorKind::ConnectionRefused => {
                socket.send(datagram).is_ok()
            }
            sent => sent.is_ok(),
        }
    }

    /// Sends what lies here.
    pub(super) fn flush(&mut self) {
        if let Some(ring) = &mut self.0
            && !ring.flush()
        {
            // What it has not taken would go out later, over what is written there then.
            self.0 = None;
        }
    }
}

struct Ring {
    // Dropped before what the system may still read.
    ring: IoUring,
    waiting: Box<[Datagram; MOST_WAITING]>,
    count: usize,
    /// the system has once not taken what it should
    broken: bool,
}

impl std::fmt::Debug for Ring {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Ring({} waiting)", self.count)
    }
}

#[derive(Clone, Copy)]
struct Datagram {
    socket: RawFd,
    length: usize,
    bytes: [u8; LONGEST_DATAGRAM],
}

impl Ring {
    fn new() -> io::Result<Self> {
        let nothing = Datagram {
            socket: -1,
            length: 0,
            bytes: [0; LONGEST_DATAGRAM],
        };
        Ok(Self {
            ring: IoUring::builder()
                .setup_single_issuer()
                .setup_coop_taskrun()
                .setup_submit_all()
                .build(MOST_WAITING as u32)?,
            waiting: Box::new([nothing; MOST_WAITING]),
            count: 0,
            broken: false,
        })
    }

    /// False when it is not taken.
    fn send(&mut self, socket: &UdpSocket, datagram: &[u8]) -> bool {
        if self.broken || self.count == MOST_WAITING && !self.flush() {
            return false;
        }
        let waiting = &mut self.waiting[self.count];
        let Some(bytes) = waiting.bytes.get_mut(..datagram.len()) else {
            return false;
        };
        bytes.copy_from_slice(datagram);
        waiting.socket = socket.as_raw_fd();
        waiting.length = datagram.len();
        let entry = opcode::Send::new(
            types::Fd(waiting.socket),
            waiting.bytes.as_ptr(),
            datagram.len() as u32,
        )
        .flags(MSG_DONTWAIT)
        .build()
        .user_data(self.count as u64)
        // Only of what fails is anything told.
        .flags(squeue::Flags::SKIP_SUCCESS);
        // The bytes are in a box that lives longer than the ring, and are not touched again before
        // `flush`, in which the system has read them: what may not wait is done within the call.
        #[allow(unsafe_code)]
        let pushed = unsafe { self.ring.submission().push(&entry) };
        self.count += usize::from(pushed.is_ok());
        pushed.is_ok()
    }

    /// False when the system has not taken all, now or before: then what it has not is sent each by
    /// its own call, and the ring must not be used again.
    fn flush(&mut self) -> bool {
        if self.count == 0 || self.broken {
            return !self.broken;
        }
        let count = std::mem::take(&mut self.count);
        // Interrupted it has taken nothing.
        while let Err(error) = self.ring.submit() {
            if error.kind() != ErrorKind::Interrupted {
                break;
            }
        }
        let left = self.ring.submission().len();
        for datagram in &self.waiting[count - left.min(count)..count] {
            again(datagram);
        }
        self.broken = left > 0;
        for failed in self.ring.completion() {
            let refused = failed.result() == -(Errno::ECONNREFUSED as i32);
            let datagram = self.waiting[..count].get(failed.user_data() as usize);
            if let (true, Some(datagram)) = (refused, datagram) {
                // That was the answer to an earlier one; this one has not gone yet.
                again(datagram);
            }
        }
        !self.broken
    }
}

fn again(datagram: &Datagram) {
    let bytes = &datagram.bytes[..datagram.length];
    // What is lost now is lost, as on any network.
    let _ = send(datagram.socket, bytes, MsgFlags::MSG_DONTWAIT);
}

/// Enough that a call is nothing to each of them, and few enough to be in the cache when it comes.
const MOST_WAITING: usize = 64;
/// No longer one goes through a network unbroken.
pub(super) const LONGEST_DATAGRAM: usize = 1_472;

#[cfg(test)]
mod tests {
    use super::*;

    /// More than fit: all come, each by its own socket, in their order.
    #[test]
    fn what_is_more_than_a_call_takes_is_sent_in_several() {
        let check = |outbox: &mut Outbox| {
            let peer = UdpSocket::bind("127.0.0.1:0").unwrap();
            peer.set_nonblocking(true).unwrap();
            let sockets: Vec<UdpSocket> = (0..3 * MOST_WAITING / 2)
                .map(|_| {
                    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
                    socket.set_nonblocking(true).unwrap();
                    socket.connect(peer.local_addr().unwrap()).unwrap();
                    socket
                })
                .collect();
            for (number, socket) in sockets.iter().enumerate() {
                assert!(outbox.send(socket, &[number as u8; 172]));
            }
            outbox.flush();
            for (number, socket) in sockets.iter().enumerate() {
                let mut bytes = [0; 200];
                let (length, from) = peer.recv_from(&mut bytes).unwrap();
                assert_eq!(bytes[..length], [number as u8; 172]);
                assert_eq!(from, socket.local_addr().unwrap());
            }
            assert!(peer.recv_from(&mut [0; 200]).is_err(), "and no more");
        };
        check(&mut Outbox::default());
        let Ok(mut outbox) = Outbox::with_ring() else {
            return println!("not by io_uring here");
        };
        check(&mut outbox);
        // One that has failed once is not used any more, and nothing is lost by that.
        outbox.0.as_mut().unwrap().broken = true;
        check(&mut outbox);
        assert!(outbox.0.is_none());
    }
}
