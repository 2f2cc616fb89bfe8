//! Blocks of ports for the programs that tests start, each held against every other test that runs
//! now. Knows no program.

use std::net::{Ipv4Addr, TcpListener, UdpSocket};
use std::sync::atomic::{AtomicU16, Ordering};

use anyhow::{Context, Result};

/// Where blocks of one size lie. All of them lie under the system's own range for clients, so that
/// nobody takes a port by chance.
#[derive(Debug)]
pub struct Range {
    first: u16,
    size: u16,
    blocks: u16,
    turn: AtomicU16,
}

impl Range {
    const fn new(first: u16, size: u16, blocks: u16) -> Self {
        Self {
            first,
            size,
            blocks,
            turn: AtomicU16::new(0),
        }
    }
}

/// For an instance of the program, which has a port pair for each call.
pub static CONFAB: Range = Range::new(21_000, 200, 54);

/// For a telephone that is a program of its own.
pub static PHONE: Range = Range::new(31_800, 8, 120);

/// Neighbouring ports.
#[derive(Debug)]
pub struct Block {
    base: u16,
    size: u16,
    /// held as long as the block is ours: other test programs cannot bind it and go on to the next
    _claim: TcpListener,
}

impl Block {
    /// Takes a block that nobody uses.
    ///
    /// # Errors
    /// When all are in use.
    pub fn take(range: &Range) -> Result<Self> {
        let start = (std::process::id() % u32::from(range.blocks)) as u16;
        let found = (0..range.blocks).find_map(|_| {
            let turn = range.turn.fetch_add(1, Ordering::Relaxed);
            let base = range.first + (start.wrapping_add(turn) % range.blocks) * range.size;
            let claim = TcpListener::bind((Ipv4Addr::LOCALHOST, base)).ok()?;
            (base + 1..base + range.size)
                .all(is_free)
                .then_some((base, claim))
        });
        let (base, claim) = found
            .with_context(|| format!("no {} ports are free from {} on", range.size, range.first))?;
        Ok(Self {
            base,
            size: range.size,
            _claim: claim,
        })
    }

    /// The port of this number, from 1 on.
    pub fn port(&self, number: u16) -> u16 {
        assert!(
            (1..self.size).contains(&number),
            "port {number} of {}",
            self.size
        );
        self.base + number
    }

    /// The last port.
    pub fn last(&self) -> u16 {
        self.port(self.size - 1)
    }
}

fn is_free(port: u16) -> bool {
    let address = (Ipv4Addr::LOCALHOST, port);
    UdpSocket::bind(address).is_ok() && TcpListener::bind(address).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_have_a_port_in_common_and_none_has_one_in_use() {
        let blocks: Vec<Block> = (0..10).map(|_| Block::take(&PHONE).unwrap()).collect();
        let mut ports: Vec<u16> = blocks
            .iter()
            .flat_map(|block| (1..8).map(|n| block.port(n)))
            .collect();
        ports.sort_unstable();
        ports.dedup();
        assert_eq!(ports.len(), 70);
        assert!(ports.iter().all(|&port| is_free(port)));
        assert_eq!(blocks[0].last(), blocks[0].port(7));
    }
}
