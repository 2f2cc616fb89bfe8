//! The RTP ports: pairs of sockets, an even port for RTP and the next one for RTCP.

use std::collections::VecDeque;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex, PoisonError};

/// Ports that are free, least recently used first, so that what is still on its way to a call
/// that has ended does not reach the next one.
#[derive(Debug)]
pub(super) struct PortPool {
    address: IpAddr,
    bound_at: IpAddr,
    free: Mutex<VecDeque<u16>>,
}

/// Two bound sockets that do not block. Dropping them frees the ports.
#[derive(Debug)]
pub(super) struct PortPair {
    pub(super) rtp: UdpSocket,
    pub(super) rtcp: UdpSocket,
    pub(super) local: SocketAddr,
    /// declared last, since the sockets must be closed before their ports are free
    _lease: Lease,
}

#[derive(Debug)]
struct Lease {
    pool: Arc<PortPool>,
    port: u16,
}

/// Where sockets are bound that callers reach at `address`: there, or everywhere when it belongs to
/// a NAT in front of this machine.
pub fn bound_at(address: IpAddr) -> IpAddr {
    let tried = UdpSocket::bind((address, 0));
    match address {
        _ if !tried.is_err_and(|e| e.kind() == io::ErrorKind::AddrNotAvailable) => address,
        IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    }
}

impl PortPool {
    pub(super) fn new(address: IpAddr, ports: RangeInclusive<u16>) -> Arc<Self> {
        let free = ports
            .clone()
            .filter(|port| port % 2 == 0 && *port < *ports.end())
            .collect();
        Arc::new(Self {
            address,
            bound_at: bound_at(address),
            free: Mutex::new(free),
        })
    }

    /// Binds a pair; none when all are taken, by us or by other programs.
    pub(super) fn open(self: &Arc<Self>) -> Option<PortPair> {
        let tries = self.free().len();
        for _ in 0..tries {
            let port = self.free().pop_front()?;
            // From here on the lease gives the port back, whatever happens.
            let lease = Lease {
                pool: Arc::clone(self),
                port,
            };
            if let Ok((rtp, rtcp)) = self.bind(port) {
                let local = SocketAddr::new(self.address, port);
                return Some(PortPair {
                    rtp,
                    rtcp,
                    local,
                    _lease: lease,
                });
            }
        }
        None
    }

    fn bind(&self, port: u16) -> io::Result<(UdpSocket, UdpSocket)> {
        let rtp = UdpSocket::bind((self.bound_at, port))?;
        let rtcp = UdpSocket::bind((self.bound_at, port + 1))?;
        rtp.set_nonblocking(true)?;
        rtcp.set_nonblocking(true)?;
        Ok((rtp, rtcp))
    }

    fn free(&self) -> std::sync::MutexGuard<'_, VecDeque<u16>> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.pool.free().push_back(self.port);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_even_come_back_last_and_run_out() {
        let pool = PortPool::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 39_101..=39_107);
        let first = pool.open().unwrap();
        let second = pool.open().unwrap();
        assert_eq!(
            (
                first.local.port() % 2,
                second.local.port() - first.local.port()
            ),
            (0, 2)
        );
        let rtcp = first.rtcp.local_addr().unwrap().port();
        assert_eq!(rtcp, first.local.port() + 1);
        let third = pool.open().unwrap();
        assert!(pool.open().is_none());
        let freed = second.local.port();
        drop(second);
        assert_eq!(pool.open().unwrap().local.port(), freed);
        drop((first, third));
    }

    #[test]
    fn behind_a_nat_what_comes_to_any_address_is_taken() {
        // an address of RFC 5737, which belongs to nobody
        let outside = "192.0.2.9".parse().unwrap();
        let pair = PortPool::new(outside, 39_121..=39_123).open().unwrap();
        assert_eq!(pair.local.ip(), outside);
        pair.rtp.set_nonblocking(false).unwrap();
        let peer = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let inside = SocketAddr::from((Ipv4Addr::LOCALHOST, pair.local.port()));
        peer.send_to(b"sound", inside).unwrap();
        let mut buffer = [0; 16];
        let (length, from) = pair.rtp.recv_from(&mut buffer).unwrap();
        assert_eq!((length, from), (5, peer.local_addr().unwrap()));
    }
}
