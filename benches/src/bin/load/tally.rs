//! What callers count: packets, gaps, delays. A tally of a time is one tally less an earlier one.

use crate::intake::Nanos;

/// A packet that comes so long after the one before is late.
const LATE_NS: Nanos = 40_000_000;

/// A sequence number so far from the one before is a new stream rather than a gap.
const RESTART_AFTER: u16 = 1_000;

/// Counts of all callers together.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// packets sent
    pub sent: u64,
    /// packets received
    pub received: u64,
    /// packets that the sequence numbers promise; those not received are lost
    pub promised: u64,
    /// packets that came more than 40 ms after the one before
    pub late: u64,
    /// bursts that listeners ought to have heard
    pub bursts: u64,
    /// from the sending of a burst's first packet to its first loud sample at a listener
    pub delays_ns: Vec<Nanos>,
    /// times a listener heard something begin that no talker had begun
    pub strays: u64,
    /// packets that a listener could not open
    pub unopened: u64,
    /// times the generator woke more than 5 ms late
    pub own_late: u64,
}

impl Tally {
    /// What has been counted since `before`, an earlier copy of the same tally.
    pub fn since(self, before: &Self) -> Self {
        Self {
            sent: self.sent - before.sent,
            received: self.received - before.received,
            promised: self.promised - before.promised,
            late: self.late - before.late,
            bursts: self.bursts - before.bursts,
            delays_ns: self.delays_ns[before.delays_ns.len()..].to_vec(),
            strays: self.strays - before.strays,
            unopened: self.unopened - before.unopened,
            own_late: self.own_late - before.own_late,
        }
    }

    /// Packets that never came.
    pub fn lost(&self) -> u64 {
        self.promised.saturating_sub(self.received)
    }

    /// The delay that `percent` of all bursts stay under, in milliseconds; nothing without bursts.
    pub fn delay_ms(&self, percent: usize) -> Option<f64> {
        percentile_ms(&self.delays_ns, percent)
    }
}

/// What `percent` of all values stay under, in milliseconds; nothing when there are none.
pub fn percentile_ms(values_ns: &[Nanos], percent: usize) -> Option<f64> {
    let mut sorted = values_ns.to_vec();
    sorted.sort_unstable();
    let rank = (sorted.len() * percent).div_ceil(100).checked_sub(1)?;
    Some(sorted[rank] as f64 / 1e6)
}

/// One stream that is received.
#[derive(Debug, Default)]
pub struct Stream {
    newest: Option<(u16, Nanos)>,
}

impl Stream {
    /// Counts a packet.
    pub fn packet(&mut self, sequence: u16, at: Nanos, tally: &mut Tally) {
        tally.received += 1;
        let Some((newest, newest_at)) = self.newest else {
            tally.promised += 1;
            self.newest = Some((sequence, at));
            return;
        };
        tally.late += u64::from(at.saturating_sub(newest_at) > LATE_NS);
        let ahead = sequence.wrapping_sub(newest);
        match ahead {
            1..RESTART_AFTER => tally.promised += u64::from(ahead),
            // Behind its successor: it was promised by that one.
            0 | 0xff00.. => return,
            _ => tally.promised += 1,
        }
        self.newest = Some((sequence, at));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(packets: &[(u16, u64)], lost: u64, late: u64) {
        let (mut stream, mut tally) = (Stream::default(), Tally::default());
        for (sequence, at_ms) in packets {
            stream.packet(*sequence, at_ms * 1_000_000, &mut tally);
        }
        assert_eq!((tally.lost(), tally.late), (lost, late), "{packets:?}");
        assert_eq!(tally.received, packets.len() as u64);
    }

    #[test]
    fn gaps_and_lateness() {
        check(&[], 0, 0);
        check(&[(5, 0), (6, 20), (7, 40)], 0, 0);
        check(&[(5, 0), (7, 41), (8, 60)], 1, 1);
        check(&[(5, 0), (7, 20), (6, 21), (8, 40)], 0, 0);
        check(&[(65_535, 0), (0, 20), (2, 40)], 1, 0);
        check(&[(5, 0), (40_000, 20), (40_001, 40)], 0, 0);
    }

    #[test]
    fn a_window() {
        let mut tally = Tally {
            sent: 10,
            delays_ns: vec![9],
            ..Tally::default()
        };
        let before = tally.clone();
        tally.sent = 25;
        tally.delays_ns.extend([30_000_000, 10_000_000, 20_000_000]);
        let window = tally.since(&before);
        assert_eq!(window.sent, 15);
        assert_eq!(window.delay_ms(50), Some(20.0));
        assert_eq!(window.delay_ms(99), Some(30.0));
        assert_eq!(Tally::default().delay_ms(50), None);
    }
}
