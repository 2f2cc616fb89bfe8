//! Whose packets a line believes. Decides on addresses only; knows no sockets.
//!
//! ```text
//!   Open ---a packet from the address of the SDP------------------> Locked(that)
//!   Open ---two packets in a row from its IP by another port, or
//!           from anyone when the SDP names a private address------> Locked(the source)
//!   Locked: everybody else is a stranger, until the SDP changes
//! ```
//!
//! A lock is never moved by packets alone: whoever could move it could listen to another's call
//! (RTP bleed). An open line stays open until somebody comes, however late: a phone that is muted
//! sends nothing at first, and one behind a NAT is found by its first packets only. What guards it
//! meanwhile is that it believes no foreign IP when the SDP names a public one.
//!
//! When the SDP changes, the source of before goes on sending until it has seen our answer. It is
//! believed for a second without a lock, so that no word is lost and yet the new one wins.
//!
//! With SRTP one packet that the peer alone can have made locks at once, from wherever it comes.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use confab_core::audio::rtp::Packet;

/// The address a line talks to.
#[derive(Debug)]
pub(super) struct Latch {
    named: SocketAddr,
    locked: Option<SocketAddr>,
    /// source, stream and next sequence number of the last packet of one that was not named
    candidate: Option<(SocketAddr, u32, u16)>,
    /// who was believed before the SDP changed, and the tick until which it still is
    former: Option<(SocketAddr, u64)>,
    /// packets not believed while nobody is settled on, and who sent the last
    refused: u32,
    refused_from: Option<SocketAddr>,
    stranger_told: bool,
}

impl Latch {
    /// Open to what the SDP names.
    pub(super) fn new(named: SocketAddr) -> Self {
        Self {
            named,
            locked: None,
            candidate: None,
            former: None,
            refused: 0,
            refused_from: None,
            stranger_told: false,
        }
    }

    /// Opens again when the SDP names another address; the same one changes nothing.
    pub(super) fn renegotiate(&mut self, named: SocketAddr, tick: u64) {
        if named != self.named {
            // One that nobody has come to yet leaves the one before it.
            let locked = self.locked.map(|source| (source, tick + FORMER_TICKS));
            let former = locked.or(self.former);
            *self = Self {
                former,
                stranger_told: self.stranger_told,
                ..Self::new(named)
            };
        }
    }

    /// Goes to a shard with another count of ticks.
    pub(super) fn move_to(&mut self, left: u64, tick: u64) {
        if let Some((_, until)) = &mut self.former {
            *until = tick + until.saturating_sub(left);
        }
    }

    /// Whether a valid RTP packet from this source is to be believed.
    pub(super) fn admits(&mut self, from: SocketAddr, packet: &Packet<'_>, tick: u64) -> bool {
        let admitted = self.judge(from, packet, tick);
        if !admitted && self.locked.is_none() {
            self.refused = self.refused.saturating_add(1);
            self.refused_from = Some(from);
        }
        admitted
    }

    /// Once: who has been sending for long and is not believed, while nobody is; and whom the SDP
    /// names.
    pub(super) fn stranger(&mut self) -> Option<(SocketAddr, SocketAddr)> {
        let nobody = self.locked.is_none() && self.refused >= STRANGER_PACKETS;
        if self.stranger_told || !nobody || self.named.ip().is_unspecified() {
            return None;
        }
        self.stranger_told = true;
        Some((self.refused_from?, self.named))
    }

    fn judge(&mut self, from: SocketAddr, packet: &Packet<'_>, tick: u64) -> bool {
        if let Some(locked) = self.locked {
            return from == locked;
        }
        if from == self.named {
            self.locked = Some(from);
            return true;
        }
        if self
            .former
            .is_some_and(|(source, until)| from == source && tick < until)
        {
            return true;
        }
        if !self.may_be_meant(from.ip()) {
            return false;
        }
        let confirmed = self.candidate == Some((from, packet.ssrc, packet.sequence));
        self.candidate = Some((from, packet.ssrc, packet.sequence.wrapping_add(1)));
        if confirmed {
            self.locked = Some(from);
        }
        confirmed
    }

    /// Whether a packet from this source could be the peer's at all.
    pub(super) fn may_be_peer(&self, from: SocketAddr) -> bool {
        self.locked.is_none_or(|locked| from == locked)
    }

    /// Whether a packet that only the peer can have made (SRTP) is to be believed: wherever it
    /// comes from, that is where the peer is.
    pub(super) fn admits_proved(&mut self, from: SocketAddr, tick: u64) -> bool {
        let is_former = self
            .former
            .is_some_and(|(source, until)| from == source && tick < until);
        if self.locked.is_none() && (from == self.named || !is_former) {
            self.locked = Some(from);
        }
        is_former || self.locked == Some(from)
    }

    /// Whether the one the SDP names could be seen under this IP. On hold in the old style it
    /// names nobody.
    fn may_be_meant(&self, ip: IpAddr) -> bool {
        let named = self.named.ip();
        !named.is_unspecified() && (ip == named || !is_public(named))
    }

    /// The only one the line believes, when that is settled.
    pub(super) fn locked(&self) -> Option<SocketAddr> {
        self.locked
    }

    /// Whether this is the very source the line believes, or would believe at once.
    pub(super) fn is_peer(&self, from: SocketAddr) -> bool {
        from == self.locked.unwrap_or(self.named)
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

/// A second: a re-INVITE is through by then.
const FORMER_TICKS: u64 = 50;

/// A second of sound, in the usual packets: no stray ones.
const STRANGER_PACKETS: u32 = 50;

#[cfg(test)]
mod tests {
    use super::*;

    const PUBLIC: &str = "198.51.100.7:4000";
    const PRIVATE: &str = "192.168.1.7:4000";

    fn packet(sequence: u16) -> Packet<'static> {
        Packet {
            payload_type: 0,
            marker: false,
            sequence,
            timestamp: 0,
            ssrc: 1,
            payload: &[],
        }
    }

    /// Sends a packet; true when it is believed.
    fn send(latch: &mut Latch, from: &str, sequence: u16, tick: u64) -> bool {
        latch.admits(from.parse().unwrap(), &packet(sequence), tick)
    }

    /// Packets as (tick, source, sequence) and whether each is believed; where we send after all.
    fn check(named: &str, packets: &[(u64, &str, u16, bool)], target: &str) {
        let mut latch = Latch::new(named.parse().unwrap());
        check_on(&mut latch, packets, target);
    }

    fn check_on(latch: &mut Latch, packets: &[(u64, &str, u16, bool)], target: &str) {
        let named = latch.named;
        for &(tick, from, sequence, expected) in packets {
            let admitted = send(latch, from, sequence, tick);
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
    fn another_port_of_the_same_host_wins_by_two_packets_in_a_row() {
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
            &[(9_000, other, 1, false), (9_001, other, 2, true)],
            other,
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
    fn one_who_is_silent_at_first_is_found_whenever_it_speaks() {
        let nat = "203.0.113.9:5000";
        let stray = "203.0.113.66:1";
        check(
            PRIVATE,
            &[
                (3, stray, 7, false),
                (90_000, nat, 1, false),
                (90_001, nat, 2, true),
                (90_002, stray, 8, false),
            ],
            nat,
        );
    }

    #[test]
    fn only_a_new_address_opens_it_again() {
        let new = "198.51.100.8:4000";
        let mut latch = Latch::new(PUBLIC.parse().unwrap());
        check_on(&mut latch, &[(1, PUBLIC, 1, true)], PUBLIC);
        latch.renegotiate(PUBLIC.parse().unwrap(), 500);
        check_on(&mut latch, &[(501, new, 1, false)], PUBLIC);
        latch.renegotiate(new.parse().unwrap(), 600);
        let packets = [(601, new, 1, true), (602, PUBLIC, 2, false)];
        check_on(&mut latch, &packets, new);
    }

    #[test]
    fn the_source_of_before_is_believed_for_a_second_and_never_wins_it() {
        for (named, before, after) in [
            (PUBLIC, PUBLIC, "198.51.100.7:4444"),
            (PRIVATE, "203.0.113.9:5000", "192.168.1.7:4002"),
        ] {
            let mut latch = Latch::new(named.parse().unwrap());
            check_on(&mut latch, &[(1, before, 1, before == named)], named);
            check_on(&mut latch, &[(2, before, 2, true)], before);
            latch.renegotiate(after.parse().unwrap(), 600);
            let late = [(601, before, 3, true), (602, before, 4, true)];
            check_on(&mut latch, &late, after);
            latch.move_to(602, 10);
            check_on(&mut latch, &[(57, before, 5, true)], after);
            check_on(&mut latch, &[(58, before, 6, false)], after);
            let packets = [(59, after, 1, true), (60, before, 7, false)];
            check_on(&mut latch, &packets, after);
        }
    }

    /// Sends so many packets and asks who the stranger is.
    fn stranger(latch: &mut Latch, from: &str, count: u16) -> Option<(SocketAddr, SocketAddr)> {
        for sequence in 0..count {
            send(latch, from, sequence, 1_000);
        }
        latch.stranger()
    }

    #[test]
    fn who_is_not_believed_is_told_once_while_nobody_is() {
        let (elsewhere, other) = ("203.0.113.9:5000", "203.0.113.66:1");
        let told = Some((elsewhere.parse().unwrap(), PUBLIC.parse().unwrap()));
        let mut latch = Latch::new(PUBLIC.parse().unwrap());
        assert_eq!(
            stranger(&mut latch, elsewhere, 49),
            None,
            "a few may be stray"
        );
        assert_eq!(stranger(&mut latch, elsewhere, 1), told);
        assert_eq!(stranger(&mut latch, other, 100), None, "once a line");
        latch.renegotiate("198.51.100.8:4000".parse().unwrap(), 2_000);
        assert_eq!(stranger(&mut latch, elsewhere, 100), None, "once a line");

        let mut latch = Latch::new(PUBLIC.parse().unwrap());
        assert_eq!(stranger(&mut latch, PUBLIC, 1), None);
        assert_eq!(
            stranger(&mut latch, elsewhere, 100),
            None,
            "somebody is believed"
        );
        for named in ["0.0.0.0:4000", PRIVATE] {
            let mut latch = Latch::new(named.parse().unwrap());
            assert_eq!(stranger(&mut latch, elsewhere, 100), None, "{named}");
        }
    }

    #[test]
    fn who_has_the_key_is_the_peer_from_wherever() {
        let (there, stranger) = ("203.0.113.9:5000", "203.0.113.66:1");
        let mut latch = Latch::new(PUBLIC.parse().unwrap());
        assert!(latch.may_be_peer(there.parse().unwrap()));
        assert!(latch.admits_proved(there.parse().unwrap(), 1));
        assert_eq!(latch.locked(), Some(there.parse().unwrap()));
        assert!(!latch.may_be_peer(stranger.parse().unwrap()));
        assert!(!latch.admits_proved(stranger.parse().unwrap(), 2));
        // What was sent before the move may still come, and does not lock.
        latch.renegotiate(PRIVATE.parse().unwrap(), 100);
        assert!(latch.admits_proved(there.parse().unwrap(), 101));
        assert_eq!(latch.locked(), None);
        // Nor does it after a second move within that time.
        latch.renegotiate(PUBLIC.parse().unwrap(), 102);
        assert!(latch.admits_proved(there.parse().unwrap(), 103));
        assert_eq!(latch.locked(), None);
        assert!(latch.admits_proved(PUBLIC.parse().unwrap(), 104));
        assert_eq!(latch.locked(), Some(PUBLIC.parse().unwrap()));
    }

    #[test]
    fn a_zero_address_is_sent_nothing_and_anybody_else_is_a_stranger() {
        let stranger = "203.0.113.66:1";
        for named in ["0.0.0.0:4000", "198.51.100.7:0"] {
            let mut latch = Latch::new(named.parse().unwrap());
            for sequence in 0..3 {
                assert!(!latch.admits(stranger.parse().unwrap(), &packet(sequence), 1));
            }
            assert_eq!(latch.target(), None);
        }
    }
}
