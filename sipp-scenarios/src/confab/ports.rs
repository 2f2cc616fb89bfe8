//! What an instance of the program does with its block of ports.

use std::net::{Ipv4Addr, SocketAddr};

use anyhow::Result;

use crate::ports::{Block, CONFAB};

/// One instance's ports.
#[derive(Debug)]
pub struct Ports(Block);

impl Ports {
    /// Takes a block that nobody uses.
    ///
    /// # Errors
    /// When all are in use.
    pub fn take() -> Result<Self> {
        Block::take(&CONFAB).map(Self)
    }

    /// SIP, on UDP and TCP.
    pub fn sip(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.0.port(2)).into()
    }

    /// Portal, health and metrics.
    pub fn http(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.0.port(3)).into()
    }

    /// RTP, as the configuration wants it.
    pub fn rtp(&self) -> String {
        format!("{}-{}", self.0.port(10), self.0.last())
    }
}
