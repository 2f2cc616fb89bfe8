//! How well one stream is received: the arithmetic of RFC 3550, 6.4.1 and A.3, A.8.

use super::ReportBlock;
use crate::audio::rtp::Packet;

/// Statistics of the stream a peer sends.
#[derive(Clone, Debug, Default)]
pub struct Reception {
    ssrc: u32,
    first: u32,
    highest: u32,
    received: u32,
    /// at the last report
    expected_before: u32,
    received_before: u32,
    /// times sixteen, as in A.8
    jitter_scaled: u32,
    transit: u32,
    /// middle of the last sender report's NTP time, and when it came (65,536ths of a second)
    last_sr: Option<(u32, u32)>,
}

impl Reception {
    /// Notes a packet that came when our clock, in timestamp units, read `arrival`. It may be one
    /// of `one_of` in a row, whose others were left out and are taken to have come as it did.
    /// Returns how many more seem to be missing; -1 when it is one of those that were.
    pub fn packet(&mut self, packet: &Packet<'_>, arrival: u32, one_of: u16) -> i32 {
        let transit = arrival.wrapping_sub(packet.timestamp);
        let ahead = packet.sequence.wrapping_sub(self.highest as u16) as i16;
        let restarted = ahead.unsigned_abs() > LARGEST_JUMP;
        if self.received == 0 || packet.ssrc != self.ssrc || restarted {
            *self = Self {
                ssrc: packet.ssrc,
                first: u32::from(packet.sequence),
                highest: u32::from(packet.sequence),
                received: 1,
                transit,
                ..Self::default()
            };
            return 0;
        }
        let passed = ahead.max(0) as u32;
        self.highest = self.highest.wrapping_add(passed);
        // One that is late was counted with those it stands for.
        let come = match one_of {
            0 | 1 => 1,
            _ => passed.min(one_of.into()),
        };
        self.received = self.received.wrapping_add(come);
        let change = (transit.wrapping_sub(self.transit) as i32)
            .unsigned_abs()
            .min(LARGEST_CHANGE);
        self.transit = transit;
        self.jitter_scaled = self.jitter_scaled + change - ((self.jitter_scaled + 8) >> 4);
        passed as i32 - come as i32
    }

    /// Notes a sender report that came at `now`, in 65,536ths of a second.
    pub fn sender_report(&mut self, ssrc: u32, ntp: u64, now: u32) {
        if ssrc == self.ssrc {
            self.last_sr = Some(((ntp >> 16) as u32, now));
        }
    }

    /// What is to be reported at `now`, in 65,536ths of a second; nothing before the first packet.
    pub fn report(&mut self, now: u32) -> Option<ReportBlock> {
        if self.received == 0 {
            return None;
        }
        let expected = self.highest.wrapping_sub(self.first).wrapping_add(1);
        let expected_since = expected.wrapping_sub(self.expected_before);
        let received_since = self.received.wrapping_sub(self.received_before);
        let lost_since = expected_since.saturating_sub(received_since);
        self.expected_before = expected;
        self.received_before = self.received;
        let fraction = (u64::from(lost_since) << 8).checked_div(u64::from(expected_since));
        let (last_sr, came) = self.last_sr.unwrap_or((0, now));
        Some(ReportBlock {
            ssrc: self.ssrc,
            fraction_lost: fraction.unwrap_or(0).min(255) as u8,
            lost: expected.wrapping_sub(self.received) as i32,
            highest: self.highest,
            jitter: self.jitter_scaled >> 4,
            last_sr,
            delay_since_last_sr: now.wrapping_sub(came),
        })
    }
}

/// As in the jitter buffer: further apart is another stream.
const LARGEST_JUMP: u16 = 500;
/// A jump of the sender's clock is no jitter; a second at 8 kHz at most is counted.
const LARGEST_CHANGE: u32 = 8_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(sequence: u16, timestamp: u32) -> Packet<'static> {
        Packet {
            payload_type: 0,
            marker: false,
            sequence,
            timestamp,
            ssrc: 5,
            payload: &[],
        }
    }

    #[test]
    fn losses_are_counted_since_the_beginning_and_since_the_last_report() {
        let mut reception = Reception::default();
        assert_eq!(reception.report(0), None);
        for n in (0..100u16).filter(|n| n % 4 != 1) {
            let next = packet(65_500u16.wrapping_add(n), u32::from(n) * 160);
            let missing = reception.packet(&next, u32::from(n) * 160, 1);
            assert_eq!(missing, i32::from(n % 4 == 2));
        }
        let report = reception.report(0).unwrap();
        assert_eq!(
            (report.lost, report.fraction_lost, report.jitter),
            (25, 64, 0)
        );
        assert_eq!(report.highest, 65_500 + 99);
        assert_eq!(reception.report(0).unwrap().fraction_lost, 0);
    }

    /// All come, then one of eight, then all again; or a quarter of those that could.
    #[test]
    fn one_packet_speaks_for_those_that_were_left_out() {
        let check = |is_lost: fn(u16) -> bool, lost| {
            let mut reception = Reception::default();
            let (mut thinned, mut missing) = (false, 0);
            for n in 0..4_000u16 {
                let thin = (103..3_001).contains(&n);
                if is_lost(n) || thin && n % 8 != 0 {
                    continue;
                }
                let one_of = if thin || thinned { 8 } else { 1 };
                thinned = thin;
                missing += reception.packet(&packet(n, n.into()), n.into(), one_of);
            }
            assert_eq!((reception.report(0).unwrap().lost, missing), (lost, lost));
        };
        check(|_| false, 0);
        check(|n| (1_000..3_000).contains(&n) && n % 32 == 8, 63 * 8);
        check(|n| n % 2 == 1 && n < 103 || n == 3_500, 51 + 1);
    }

    #[test]
    fn one_that_comes_late_is_missing_no_more() {
        let mut reception = Reception::default();
        let mut missing = |n: u16| reception.packet(&packet(n, n.into()), n.into(), 1);
        assert_eq!([5, 8, 6, 7, 9].map(&mut missing), [0, 2, -1, -1, 0]);
    }

    #[test]
    fn jitter_nears_the_mean_change_of_transit() {
        let mut reception = Reception::default();
        for n in 0..1_000u32 {
            reception.packet(&packet(n as u16, n * 160), n * 160 + (n % 2) * 80, 1);
        }
        let jitter = reception.report(0).unwrap().jitter;
        assert!((70..=80).contains(&jitter), "{jitter}");
    }

    #[test]
    fn the_last_sender_report_is_told_back() {
        let mut reception = Reception::default();
        reception.packet(&packet(1, 0), 0, 1);
        reception.sender_report(5, 0x0000_1234_5678_0000, 1_000);
        let report = reception.report(66_536).unwrap();
        assert_eq!(
            (report.last_sr, report.delay_since_last_sr),
            (0x1234_5678, 65_536)
        );
    }
}
