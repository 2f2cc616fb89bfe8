//! The system calls of a media thread: many datagrams at once, the monotonic clock, a sleep to a
//! moment. The only file of Confab that may hold unsafe code; so far it needs none.

use std::io::IoSliceMut;
use std::net::{SocketAddr, SocketAddrV4, SocketAddrV6, UdpSocket};
use std::os::fd::AsRawFd;
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::socket::{MsgFlags, MultiHeaders, SockaddrStorage, recvmmsg};
use nix::sys::time::TimeSpec;
use nix::time::{ClockId, ClockNanosleepFlags, clock_gettime, clock_nanosleep};

/// Reusable room for the datagrams of one system call.
#[derive(Debug)]
pub(super) struct Inbox {
    headers: MultiHeaders<SockaddrStorage>,
    buffers: Box<[[u8; DATAGRAM_LEN]; BATCH]>,
}

impl Default for Inbox {
    fn default() -> Self {
        Self {
            headers: MultiHeaders::preallocate(BATCH, None),
            buffers: Box::new([[0; DATAGRAM_LEN]; BATCH]),
        }
    }
}

impl Inbox {
    /// Hands every datagram that waits in a socket to `each`, up to [`MOST_AT_ONCE`], so that a
    /// flood into one line cannot hold up the tick. Does not wait. A datagram too long to be ours
    /// is cut off, and so fails where it is read.
    pub(super) fn read(&mut self, socket: &UdpSocket, mut each: impl FnMut(&[u8], SocketAddr)) {
        for _ in 0..MOST_AT_ONCE / BATCH {
            let mut found = [(0, None); BATCH];
            let count = self.read_batch(socket, &mut found);
            for (buffer, &(length, from)) in self.buffers.iter().zip(&found[..count]) {
                if let Some(from) = from {
                    each(&buffer[..length], from);
                }
            }
            if count < BATCH {
                return;
            }
        }
    }

    fn read_batch(
        &mut self,
        socket: &UdpSocket,
        found: &mut [(usize, Option<SocketAddr>); BATCH],
    ) -> usize {
        let mut slices = self
            .buffers
            .each_mut()
            .map(|buffer| [IoSliceMut::new(buffer)]);
        let flags = MsgFlags::MSG_DONTWAIT;
        let received = recvmmsg(
            socket.as_raw_fd(),
            &mut self.headers,
            slices.iter_mut(),
            flags,
            None,
        );
        // Whatever the error is (nothing there, or an ICMP answer to what we sent), the next tick
        // asks again.
        let Ok(received) = received else { return 0 };
        let mut count = 0;
        for (place, message) in found.iter_mut().zip(received) {
            let length = message.bytes.min(DATAGRAM_LEN);
            *place = (length, message.address.as_ref().and_then(socket_address));
            count += 1;
        }
        count
    }
}

fn socket_address(address: &SockaddrStorage) -> Option<SocketAddr> {
    if let Some(v4) = address.as_sockaddr_in() {
        return Some(SocketAddrV4::from(*v4).into());
    }
    address
        .as_sockaddr_in6()
        .map(|v6| SocketAddrV6::from(*v6).into())
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

/// One packet a tick is the rule; two come from callers at 10 ms or after a hiccup.
const BATCH: usize = 4;
/// Datagrams taken from one socket in one tick; the rest waits in its buffer.
const MOST_AT_ONCE: usize = 32;
/// The longest payload is 480 bytes; there is room for extensions.
const DATAGRAM_LEN: usize = 1_500;
