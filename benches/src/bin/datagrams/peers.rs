//! The peers, driven by a thread whose time does not count. A step is 2 ms long and serves a tenth
//! of them, so that datagrams come spread over the 20 ms.

use std::io::Result;
use std::net::{SocketAddrV4, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::turns::Clock;
use crate::way::{self, BUFFER_LEN};

const STEPS: u64 = 10;

const STEP: Duration = Duration::from_millis(2);

/// Peers send to no way.
const NOBODY: usize = usize::MAX;

/// Their sockets, before anything is sent.
pub struct Sockets(Vec<UdpSocket>);

impl Sockets {
    pub fn open(peers: usize) -> Result<Self> {
        (0..peers)
            .map(|_| way::socket())
            .collect::<Result<_>>()
            .map(Self)
    }

    pub fn addresses(&self) -> Vec<SocketAddrV4> {
        let own = self.0.iter().map(way::address);
        own.map(|own| own.expect("it is bound to an IPv4 address"))
            .collect()
    }
}

/// What both threads know.
struct Common {
    /// the way whose turn it is
    turn: AtomicUsize,
    over: AtomicBool,
    /// datagrams sent to ways, and those that came from them
    sent: AtomicU64,
    came: AtomicU64,
}

/// The running peers; ended when dropped.
pub struct Peers {
    common: Arc<Common>,
    thread: Option<JoinHandle<()>>,
}

impl Peers {
    /// `targets`: for each way, where each peer sends in its turns.
    pub fn start(sockets: Sockets, targets: Vec<Vec<SocketAddrV4>>, clock: Clock) -> Self {
        let common = Arc::new(Common {
            turn: AtomicUsize::new(NOBODY),
            over: AtomicBool::new(false),
            sent: AtomicU64::new(0),
            came: AtomicU64::new(0),
        });
        let its = Arc::clone(&common);
        let thread = std::thread::spawn(move || drive(&sockets.0, &targets, &clock, &its));
        Self {
            common,
            thread: Some(thread),
        }
    }

    /// All send to this way from now on, or to nobody.
    pub fn aim(&self, way: Option<usize>) {
        let turn = way.unwrap_or(NOBODY);
        self.common.turn.store(turn, Ordering::Relaxed);
    }

    /// Datagrams sent so far, and those that came.
    pub fn counts(&self) -> (u64, u64) {
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        (count(&self.common.sent), count(&self.common.came))
    }
}

impl Drop for Peers {
    fn drop(&mut self) {
        self.common.over.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn drive(sockets: &[UdpSocket], targets: &[Vec<SocketAddrV4>], clock: &Clock, common: &Common) {
    let mut buffer = [0; BUFFER_LEN];
    for step in 0_u64.. {
        if common.over.load(Ordering::Relaxed) {
            return;
        }
        clock.wait_for(STEP * step as u32);
        let to = targets.get(common.turn.load(Ordering::Relaxed));
        let group = (step % STEPS) as usize;
        for (peer, socket) in sockets
            .iter()
            .enumerate()
            .skip(group)
            .step_by(STEPS as usize)
        {
            if let Some(to) = to
                && socket
                    .send_to(&buffer[..way::DATAGRAM_LEN], to[peer])
                    .is_ok()
            {
                common.sent.fetch_add(1, Ordering::Relaxed);
            }
            while socket.recv(&mut buffer).is_ok() {
                common.came.fetch_add(1, Ordering::Relaxed);
            }
        }
    }
}
