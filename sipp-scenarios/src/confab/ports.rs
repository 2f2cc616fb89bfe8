//! Ports for one instance of the program, disjoint from those of every other test that runs now.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::sync::atomic::{AtomicU16, Ordering};

use anyhow::{Result, bail};

/// First port that is given out; all lie under the system's own range for clients, so that no
/// phone can take one by chance.
const FIRST: u16 = 21_000;
const BLOCK: u16 = 200;
const BLOCKS: u16 = 54;

/// One instance's ports.
#[derive(Debug)]
pub struct Ports {
    base: u16,
    /// held as long as the block is ours: other test programs cannot bind it and go on to the next
    _claim: TcpListener,
}

impl Ports {
    /// Takes a block that nobody uses.
    ///
    /// # Errors
    /// When all are in use.
    pub fn take() -> Result<Self> {
        static NEXT: AtomicU16 = AtomicU16::new(0);
        let start = (std::process::id() % u32::from(BLOCKS)) as u16;
        for _ in 0..BLOCKS {
            let turn = NEXT.fetch_add(1, Ordering::Relaxed);
            let base = FIRST + (start.wrapping_add(turn) % BLOCKS) * BLOCK;
            let Ok(claim) = TcpListener::bind((Ipv4Addr::LOCALHOST, base)) else {
                continue;
            };
            if is_free(base) {
                return Ok(Self {
                    base,
                    _claim: claim,
                });
            }
        }
        bail!("no block of {BLOCK} ports is free from {FIRST} on");
    }

    /// SIP, on UDP and TCP.
    pub fn sip(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.base + 2).into()
    }

    /// Portal, health and metrics.
    pub fn http(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.base + 3).into()
    }

    /// RTP, as the configuration wants it.
    pub fn rtp(&self) -> String {
        format!("{}-{}", self.base + 10, self.base + BLOCK - 1)
    }
}

fn is_free(base: u16) -> bool {
    let mut udp = std::iter::once(base + 2).chain(base + 10..base + BLOCK);
    let is_udp_free = udp.all(|port| UdpSocket::bind((Ipv4Addr::LOCALHOST, port)).is_ok());
    let mut tcp = [base + 2, base + 3].into_iter();
    is_udp_free && tcp.all(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok())
}
