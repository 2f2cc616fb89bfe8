//! io_uring: all that a tick moves in one or two calls, through a connected socket for each peer.
//!
//! The one file of the benches that may hold unsafe code: whoever hands the kernel a buffer to be
//! filled later promises by `push` that it stays. All buffers here are allocated once, never
//! moved, and freed only after the ring, which is dropped first.
#![allow(unsafe_code, reason = "io_uring is given buffers by their addresses")]

use std::io;
use std::net::{SocketAddrV4, UdpSocket};
use std::os::fd::AsRawFd;
use std::ptr;
use std::sync::atomic::{AtomicU16, Ordering};

use anyhow::{Context, Result};
use io_uring::types::{BufRingEntry, Fixed, SubmitArgs, Timespec};
use io_uring::{IoUring, cqueue, opcode, squeue};
use nix::libc::MSG_DONTWAIT;

use crate::way::{self, BUFFER_LEN, DATAGRAM_LEN, Datagram, Way};

/// How what has come is got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Harvest {
    /// Every socket is asked in every tick.
    Asked,
    /// Every socket was asked once, for all that will ever come.
    Shots,
}

impl Harvest {
    pub fn name(self) -> &'static str {
        match self {
            Self::Asked => "(e) io_uring, a connected socket each: recv, send",
            Self::Shots => "(e') io_uring, a connected socket each: multishot recv, send",
        }
    }
}

/// Names what was asked: a peer's number for something that comes, this for what is sent.
const SENDING: u64 = u64::MAX;

/// The one group of buffers.
const GROUP: u16 = 0;

/// See the module.
pub struct Ring {
    // Dropped before the buffers that the kernel may write to.
    ring: IoUring,
    harvest: Harvest,
    sockets: Vec<UdpSocket>,
    datagrams: Vec<Datagram>,
    inbox: Box<[[u8; BUFFER_LEN]]>,
    stock: Stock,
    /// sockets to be asked (again) for all that comes
    to_arm: Vec<u32>,
}

impl Ring {
    pub fn open(peers: &[SocketAddrV4], harvest: Harvest) -> Result<Self> {
        let sockets = peers.iter().map(|peer| {
            let socket = way::socket()?;
            socket.connect(peer)?;
            Ok(socket)
        });
        let sockets = sockets.collect::<io::Result<Vec<_>>>()?;
        let entries = (peers.len() as u32).next_power_of_two();
        let ring = IoUring::builder()
            .setup_single_issuer()
            .setup_defer_taskrun()
            .setup_taskrun_flag()
            .setup_cqsize(entries * 4)
            .build(entries * 2)
            .context("io_uring_setup")?;
        let fds: Vec<_> = sockets.iter().map(AsRawFd::as_raw_fd).collect();
        ring.submitter()
            .register_files(&fds)
            .context("io_uring_register of files")?;
        let buffers = match harvest {
            Harvest::Asked => peers.len(),
            Harvest::Shots => entries as usize * 2,
        };
        let mut inbox = vec![[0; BUFFER_LEN]; buffers].into_boxed_slice();
        let mut stock = Stock::new(buffers);
        if harvest == Harvest::Shots {
            // The pages live as long as `stock`, and longer than the ring.
            let registered = unsafe {
                let (base, length) = (stock.base() as u64, buffers as u16);
                ring.submitter()
                    .register_buf_ring_with_flags(base, length, GROUP, 0)
            };
            registered.context("io_uring_register of buffers")?;
            for number in 0..buffers {
                stock.put(number as u16, &mut inbox[number]);
            }
        }
        Ok(Self {
            ring,
            harvest,
            datagrams: way::datagrams(peers.len()),
            inbox,
            stock,
            to_arm: match harvest {
                Harvest::Asked => Vec::new(),
                Harvest::Shots => (0..sockets.len() as u32).collect(),
            },
            sockets,
        })
    }

    /// Asks every socket for one datagram that is there already.
    fn ask(&mut self) {
        let mut queue = self.ring.submission();
        for (peer, buffer) in (0_u32..).zip(&mut self.inbox) {
            let entry = opcode::Recv::new(Fixed(peer), buffer.as_mut_ptr(), BUFFER_LEN as u32)
                .flags(MSG_DONTWAIT)
                .build()
                .user_data(peer.into());
            push(&mut queue, &entry);
        }
    }

    /// Asks sockets for all that will come, until they say that this was the last.
    fn arm(&mut self) {
        let mut queue = self.ring.submission();
        for peer in self.to_arm.drain(..) {
            let entry = opcode::RecvMulti::new(Fixed(peer), GROUP)
                .build()
                .user_data(peer.into());
            push(&mut queue, &entry);
        }
    }

    fn reap(&mut self) -> usize {
        let mut taken = 0;
        let Self {
            ring,
            harvest,
            inbox,
            stock,
            to_arm,
            ..
        } = self;
        for done in ring.completion() {
            if done.user_data() == SENDING {
                // Only what could not be sent is told; it is missing where the peers count.
                continue;
            }
            taken += usize::from(done.result() > 0);
            if *harvest == Harvest::Shots {
                if let Some(number) = cqueue::buffer_select(done.flags()) {
                    stock.put(number, &mut inbox[usize::from(number)]);
                }
                if !cqueue::more(done.flags()) {
                    to_arm.push(done.user_data() as u32);
                }
            }
        }
        taken
    }

    /// Hands over what was pushed.
    fn submit(&mut self) {
        // A full queue of completions is emptied in the next tick.
        let _ = self.ring.submit();
    }

    /// Hands over what was pushed, and has the kernel tell what has come of each peer. Without a
    /// number of those it would be content with the first few; it waits for none of them.
    fn submit_and_gather(&mut self) {
        let now = Timespec::new();
        let args = SubmitArgs::new().timespec(&now);
        // It is an error when not all have come.
        let _ = self
            .ring
            .submitter()
            .submit_with_args(self.sockets.len(), &args);
    }
}

impl Way for Ring {
    fn name(&self) -> &'static str {
        self.harvest.name()
    }

    fn addresses(&self) -> Vec<SocketAddrV4> {
        let own = self.sockets.iter().map(way::address);
        own.map(|own| own.expect("it is bound to an IPv4 address"))
            .collect()
    }

    fn take(&mut self) -> usize {
        match self.harvest {
            Harvest::Asked => {
                self.ask();
                self.submit();
            }
            Harvest::Shots => {
                self.arm();
                self.submit_and_gather();
            }
        }
        self.reap()
    }

    fn send(&mut self) {
        let mut queue = self.ring.submission();
        for (peer, datagram) in (0_u32..).zip(&self.datagrams) {
            let entry = opcode::Send::new(Fixed(peer), datagram.as_ptr(), DATAGRAM_LEN as u32)
                .flags(MSG_DONTWAIT)
                .build()
                .flags(squeue::Flags::SKIP_SUCCESS)
                .user_data(SENDING);
            push(&mut queue, &entry);
        }
        drop(queue);
        self.submit();
    }
}

/// There is room for twice the peers, and no call pushes more before it submits.
fn push(queue: &mut squeue::SubmissionQueue<'_>, entry: &squeue::Entry) {
    // Every buffer named in an entry belongs to the `Ring` that the entry is for: see the module.
    let pushed = unsafe { queue.push(entry) };
    pushed.expect("there is room for all of a tick");
}

/// The buffers that the kernel may choose from, told by a ring of entries in memory of its own.
struct Stock {
    pages: Box<[Page]>,
    mask: u16,
    tail: u16,
}

#[derive(Clone)]
#[repr(C, align(4096))]
struct Page([u8; 4_096]);

impl Stock {
    /// `buffers` is a power of two.
    fn new(buffers: usize) -> Self {
        let bytes = buffers * size_of::<BufRingEntry>();
        Self {
            pages: vec![Page([0; 4_096]); bytes.div_ceil(4_096)].into_boxed_slice(),
            mask: (buffers as u16).wrapping_sub(1),
            tail: 0,
        }
    }

    fn base(&mut self) -> *mut BufRingEntry {
        self.pages.as_mut_ptr().cast()
    }

    /// Gives a buffer (back).
    fn put(&mut self, number: u16, buffer: &mut [u8; BUFFER_LEN]) {
        let (base, place) = (self.base(), usize::from(self.tail & self.mask));
        self.tail = self.tail.wrapping_add(1);
        // The place is within the pages, which are zeroed and aligned for it; the kernel reads an
        // entry only when the tail has passed it, which is written last.
        unsafe {
            let entry = &mut *base.add(place);
            entry.set_addr(ptr::from_mut(buffer) as u64);
            entry.set_len(BUFFER_LEN as u32);
            entry.set_bid(number);
            let tail = BufRingEntry::tail(base).cast_mut();
            AtomicU16::from_ptr(tail).store(self.tail, Ordering::Release);
        }
    }
}
