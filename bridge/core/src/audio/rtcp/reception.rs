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
    /// Notes a packet that came when our clock, in timestamp units, read `arrival`.
    pub fn packet(&mut self, packet: &Packet<'_>, arrival: u32) {
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
            return;
        }
        if ahead > 0 {
            self.highest = self.highest.wrapping_add(ahead as u32);
        }
        self.received = self.received.wrapping_add(1);
        let change = (transit.wrapping_sub(self.transit) as i32)
            .unsigned_abs()
            .min(LARGEST_CHANGE);
        self.transit = transit;
        self.jitter_scaled = self.jitter_scaled + change - ((self.jitter_scaled + 8) >> 4);
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
            reception.packet(
                &packet(65_500u16.wrapping_add(n), u32::from(n) * 160),
                u32::from(n) * 160,
            );
        }
        let report = reception.report(0).unwrap();
        assert_eq!(
            (report.lost, report.fraction_lost, report.jitter),
            (25, 64, 0)
        );
        assert_eq!(report.highest, 65_500 + 99);
        assert_eq!(reception.report(0).unwrap().fraction_lost, 0);
    }

    #[test]
    fn jitter_nears_the_mean_change_of_transit() {
        let mut reception = Reception::default();
        for n in 0..1_000u32 {
            reception.packet(&packet(n as u16, n * 160), n * 160 + (n % 2) * 80);
        }
        let jitter = reception.report(0).unwrap().jitter;
        assert!((70..=80).contains(&jitter), "{jitter}");
    }

    #[test]
    fn the_last_sender_report_is_told_back() {
        let mut reception = Reception::default();
        reception.packet(&packet(1, 0), 0);
        reception.sender_report(5, 0x0000_1234_5678_0000, 1_000);
        let report = reception.report(66_536).unwrap();
        assert_eq!(
            (report.last_sr, report.delay_since_last_sr),
            (0x1234_5678, 65_536)
        );
    }
}
