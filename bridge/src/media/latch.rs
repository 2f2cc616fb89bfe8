//! Whose packets a line believes. Decides on addresses only; knows no sockets.
//!
//! ```text
//!   Open ---the address of the SDP--------------------------------> Locked(that)
//!   Open ---for 2 s: its IP from another port, or anyone when the
//!           SDP names a private address; two packets in a row-----> Locked(the source)
//!   Locked: everybody else is a stranger, until the SDP changes
//! ```
//!
//! A lock is never moved by packets alone: whoever could move it could listen to another's call
//! (RTP bleed).

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use confab_core::audio::rtp::Packet;

/// The address a line talks to.
#[derive(Debug)]
pub(super) struct Latch {
    named: SocketAddr,
    locked: Option<SocketAddr>,
    /// tick until which a source that was not named may win
    open_until: u64,
    /// source, stream and next sequence number of the last packet of such a source
    candidate: Option<(SocketAddr, u32, u16)>,
}

impl Latch {
    /// Open to what the SDP names.
    pub(super) fn new(named: SocketAddr, tick: u64) -> Self {
        Self {
            named,
            locked: None,
            open_until: tick + OPEN_TICKS,
            candidate: None,
        }
    }

    /// Opens again when the SDP names another address; the same one changes nothing.
    pub(super) fn renegotiate(&mut self, named: SocketAddr, tick: u64) {
        if named != self.named {
            *self = Self::new(named, tick);
        }
    }

    /// From now on only the address of the SDP may win, if nobody has yet.
    pub(super) fn close_window(&mut self) {
        self.open_until = 0;
    }

    /// Whether a valid RTP packet from this source is to be believed.
    pub(super) fn admits(&mut self, from: SocketAddr, packet: &Packet<'_>, tick: u64) -> bool {
        if let Some(locked) = self.locked {
            return from == locked;
        }
        if from == self.named {
            self.locked = Some(from);
            return true;
        }
        let plausible = from.ip() == self.named.ip() || !is_public(self.named.ip());
        if tick >= self.open_until || !plausible {
            return false;
        }
        let confirmed = self.candidate == Some((from, packet.ssrc, packet.sequence));
        self.candidate = Some((from, packet.ssrc, packet.sequence.wrapping_add(1)));
        if confirmed {
            self.locked = Some(from);
        }
        confirmed
    }

    /// Whether RTCP from this IP is the peer's; its port is often another one behind a NAT.
    pub(super) fn admits_control(&self, from: SocketAddr) -> bool {
        from.ip() == self.locked.unwrap_or(self.named).ip()
    }

    /// Where to send RTP; nowhere when the SDP names no address (hold in the old style).
    pub(super) fn target(&self) -> Option<SocketAddr> {
        let target = self.locked.unwrap_or(self.named);
        (!self.named.ip().is_unspecified() && target.port() != 0).then_some(target)
    }
}

/// Whether packets could come from this address over the Internet as it stands in the SDP.
fn is_public(ip: IpAddr) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(v4) => {
            let [a, b, ..] = v4.octets();
            // RFC 6598: what carriers put between themselves and the caller
            let carrier_nat = a == 100 && (64..128).contains(&b);
            let local = v4.is_private() || v4.is_loopback() || v4.is_link_local();
            !(local || carrier_nat || v4.is_unspecified())
        }
        IpAddr::V6(v6) => {
            let local = v6.is_unique_local() || v6.is_unicast_link_local();
            !(local || v6 == Ipv6Addr::LOCALHOST || v6.is_unspecified())
        }
    }
}

/// 2 s.
const OPEN_TICKS: u64 = 100;

#[cfg(test)]
mod tests {
    use super::*;

    const PUBLIC: &str = "198.51.100.7:4000";
    const PRIVATE: &str = "192.168.1.7:4000";

    /// Packets as (tick, source, sequence) and whether each is believed; where we send after all.
    fn check(named: &str, packets: &[(u64, &str, u16, bool)], target: &str) {
        let mut latch = Latch::new(named.parse().unwrap(), 0);
        for &(tick, from, sequence, expected) in packets {
            let packet = Packet {
                payload_type: 0,
                marker: false,
                sequence,
                timestamp: 0,
                ssrc: 1,
                payload: &[],
            };
            let admitted = latch.admits(from.parse().unwrap(), &packet, tick);
            assert_eq!(
                admitted, expected,
                "{from} {sequence} at {tick} against {named}"
            );
        }
        assert_eq!(latch.target(), Some(target.parse().unwrap()));
    }

    #[test]
    fn the_named_address_locks_at_once_and_for_good() {
        let stranger = "203.0.113.9:5000";
        check(
            PUBLIC,
            &[
                (5, PUBLIC, 1, true),
                (6, stranger, 2, false),
                (7, "198.51.100.7:4444", 3, false),
            ],
            PUBLIC,
        );
        check(PUBLIC, &[(900, PUBLIC, 1, true)], PUBLIC);
    }

    #[test]
    fn another_port_of_the_same_host_wins_within_the_window() {
        let other = "198.51.100.7:4444";
        check(
            PUBLIC,
            &[
                (1, other, 1, false),
                (2, other, 2, true),
                (3, PUBLIC, 3, false),
            ],
            other,
        );
        check(
            PUBLIC,
            &[(1, other, 1, false), (2, other, 9, false)],
            PUBLIC,
        );
        check(
            PUBLIC,
            &[(100, other, 1, false), (101, other, 2, false)],
            PUBLIC,
        );
    }

    #[test]
    fn behind_a_nat_the_first_source_wins() {
        let nat = "203.0.113.9:5000";
        let stranger = "203.0.113.66:1";
        check(
            PRIVATE,
            &[
                (1, nat, 1, false),
                (2, nat, 2, true),
                (3, stranger, 3, false),
            ],
            nat,
        );
        check(
            "100.64.0.1:4000",
            &[(1, nat, 1, false), (2, nat, 2, true)],
            nat,
        );
    }

    #[test]
    fn strangers_never_win_against_a_public_address() {
        let stranger = "203.0.113.9:5000";
        check(
            PUBLIC,
            &[(1, stranger, 1, false), (2, stranger, 2, false)],
            PUBLIC,
        );
    }

    #[test]
    fn only_a_new_address_opens_it_again() {
        let packet = Packet {
            payload_type: 0,
            marker: false,
            sequence: 1,
            timestamp: 0,
            ssrc: 1,
            payload: &[],
        };
        let (old, new) = (
            PUBLIC.parse().unwrap(),
            "198.51.100.8:4000".parse().unwrap(),
        );
        let mut latch = Latch::new(old, 0);
        assert!(latch.admits(old, &packet, 1));
        latch.renegotiate(old, 500);
        assert!(!latch.admits(new, &packet, 501));
        latch.renegotiate(new, 600);
        assert!(latch.admits(new, &packet, 601));
        assert!(!latch.admits(old, &packet, 602));
    }

    #[test]
    fn a_zero_address_is_sent_nothing() {
        assert_eq!(
            Latch::new("0.0.0.0:4000".parse().unwrap(), 0).target(),
            None
        );
        assert_eq!(
            Latch::new("198.51.100.7:0".parse().unwrap(), 0).target(),
            None
        );
    }
}
