//! Reads what has come to a socket, with the kernel's time of arrival, in one system call.

use std::io::IoSliceMut;
use std::net::UdpSocket;
use std::os::fd::{AsFd, AsRawFd};

use nix::cmsg_space;
use nix::errno::Errno;
use nix::sys::socket::sockopt::ReceiveTimestampns;
use nix::sys::socket::{ControlMessageOwned, MsgFlags, MultiHeaders, recvmmsg, setsockopt};
use nix::sys::time::TimeSpec;

use crate::rtp::PACKET_BYTES_MAX;

/// Packets taken at a time; one comes every 20 ms, so more than one is rare.
const BATCH: usize = 4;

/// Longer packets are cut.
const BYTES_MAX: usize = PACKET_BYTES_MAX;

/// Nanoseconds since the Unix epoch, the clock of the kernel's time stamps.
pub type Nanos = u64;

/// Buffers for one thread.
#[derive(Debug)]
pub struct Intake {
    headers: MultiHeaders<()>,
    buffers: [[u8; BYTES_MAX]; BATCH],
}

impl Intake {
    pub fn new() -> Self {
        Self {
            headers: MultiHeaders::preallocate(BATCH, Some(cmsg_space!(TimeSpec))),
            buffers: [[0; BYTES_MAX]; BATCH],
        }
    }

    /// Asks for time stamps on a socket.
    pub fn prepare(socket: &UdpSocket) -> nix::Result<()> {
        setsockopt(&socket.as_fd(), ReceiveTimestampns, &true)
    }

    /// Hands every waiting packet to `each` with its time of arrival; 0 when the kernel gave none.
    /// Never waits.
    pub fn read(&mut self, socket: &UdpSocket, mut each: impl FnMut(&[u8], Nanos)) {
        loop {
            let mut came = [(0, 0); BATCH];
            let count = self.batch(socket, &mut came);
            for (buffer, (bytes, at)) in self.buffers.iter().zip(came).take(count) {
                each(&buffer[..bytes], at);
            }
            if count < BATCH {
                return;
            }
        }
    }

    fn batch(&mut self, socket: &UdpSocket, came: &mut [(usize, Nanos); BATCH]) -> usize {
        let [a, b, c, d] = &mut self.buffers;
        let mut slices = [a, b, c, d].map(|buffer| [IoSliceMut::new(buffer)]);
        let flags = MsgFlags::MSG_DONTWAIT;
        let fd = socket.as_raw_fd();
        match recvmmsg(fd, &mut self.headers, slices.iter_mut(), flags, None) {
            Ok(messages) => {
                let mut count = 0;
                for (message, slot) in messages.zip(came) {
                    let stamp = message.cmsgs().ok().and_then(|mut all| all.find_map(stamp));
                    *slot = (message.bytes.min(BYTES_MAX), stamp.unwrap_or(0));
                    count += 1;
                }
                count
            }
            // A refused port is told to the sender at its next call; the next packet may pass.
            Err(Errno::EAGAIN | Errno::ECONNREFUSED | Errno::EINTR) => 0,
            Err(_) => 0,
        }
    }
}

fn stamp(message: ControlMessageOwned) -> Option<Nanos> {
    match message {
        ControlMessageOwned::ScmTimestampns(time) => {
            Some(time.tv_sec() as u64 * 1_000_000_000 + time.tv_nsec() as u64)
        }
        _ => None,
    }
}
