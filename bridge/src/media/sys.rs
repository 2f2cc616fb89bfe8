//! The system calls of a media thread: the datagrams that wait in a socket, a socket's way back
//! from being connected, the monotonic clock, a sleep to a moment. One of the two files of Confab
//! that may hold unsafe code.

use std::io::{self, ErrorKind};
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::AsRawFd;
use std::time::Duration;

use nix::errno::Errno;
use nix::libc;
use nix::sys::time::TimeSpec;
use nix::time::{ClockId, ClockNanosleepFlags, clock_gettime, clock_nanosleep};

/// Reusable room for a datagram.
#[derive(Debug)]
pub(super) struct Inbox {
    buffer: Box<[u8; DATAGRAM_LEN]>,
}

impl Default for Inbox {
    fn default() -> Self {
        Self {
            buffer: Box::new([0; DATAGRAM_LEN]),
        }
    }
}

/// Whether a socket is to be asked again in this tick.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum More {
    /// Another datagram may wait.
    MayWait,
    /// This was the one that was expected; whatever came with it can wait.
    CanWait,
}

impl Inbox {
    /// Hands datagrams that wait in a socket to `each` until it has enough, at most
    /// [`MOST_AT_ONCE`], so that a flood into one line cannot hold up the tick. Does not wait; true
    /// when nothing is left. All come from `peer` when the socket is connected to it. A datagram
    /// too long to be ours is cut off, and so fails where it is read. What `each` does to the bytes
    /// is nobody else's concern.
    pub(super) fn read(
        &mut self,
        socket: &UdpSocket,
        peer: Option<SocketAddr>,
        mut each: impl FnMut(&mut [u8], SocketAddr) -> More,
    ) -> bool {
        let buffer = &mut self.buffer[..];
        for _ in 0..MOST_AT_ONCE {
            // One datagram a call: a line has one a tick, and a call for several costs more.
            let received = match peer {
                Some(peer) => socket.recv(buffer).map(|length| (length, peer)),
                None => socket.recv_from(buffer),
            };
            match received {
                Ok((length, from)) => {
                    if each(&mut buffer[..length], from) == More::CanWait {
                        return false;
                    }
                }
                // An ICMP answer to what we sent; behind it there may be datagrams.
                Err(error) if error.kind() == ErrorKind::ConnectionRefused => {}
                Err(_) => return true,
            }
        }
        false
    }
}

/// Makes a connected socket take datagrams from everybody again. Its own port stays.
pub(super) fn disconnect(socket: &UdpSocket) -> io::Result<()> {
    let nobody = libc::sockaddr {
        sa_family: libc::AF_UNSPEC as libc::sa_family_t,
        sa_data: [0; 14],
    };
    let length = size_of_val(&nobody) as libc::socklen_t;
    // The address is ours, initialised, lives through the call, and `length` is its size; the
    // descriptor is open for as long as `socket` is borrowed. connect(2): the way to dissolve.
    #[allow(unsafe_code)]
    let done = unsafe { libc::connect(socket.as_raw_fd(), &raw const nobody, length) };
    if done == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

/// Time since some fixed moment; never goes back.
pub(super) fn monotonic() -> Duration {
    let now = clock_gettime(ClockId::CLOCK_MONOTONIC);
    now.expect("Linux has a monotonic clock").into()
}

/// Sleeps until [`monotonic`] reaches `deadline`; not at all when it has passed.
pub(super) fn sleep_until(deadline: Duration) {
    let deadline = TimeSpec::from(deadline);
    let flags = ClockNanosleepFlags::TIMER_ABSTIME;
    while clock_nanosleep(ClockId::CLOCK_MONOTONIC, flags, &deadline) == Err(Errno::EINTR) {}
}

/// Datagrams taken from one socket in one tick; the rest waits in its buffer.
const MOST_AT_ONCE: usize = 32;
/// The longest payload is 480 bytes; there is room for extensions.
const DATAGRAM_LEN: usize = 1_500;
