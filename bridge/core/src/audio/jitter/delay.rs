//! How late packets come compared with the quickest, and the depth that follows from it.

use super::super::rate::Rate;

/// Histograms of the delays of two stretches of packets, over a floor that follows the sender's
/// clock. What is older than the two is forgotten, so a line that gets better is believed soon.
#[derive(Clone, Debug)]
pub(super) struct DelayMeter {
    /// how many times 8 kHz the samples have
    scale: i32,
    /// transit (arrival less timestamp) that the others are compared with
    reference: u32,
    /// where the first bin begins, against the reference: at the floor or less than a bin below
    base: i32,
    /// this stretch and the one before
    stretches: [Stretch; 2],
    wanted: i32,
    /// of so many packets the quickest is to be taken for one of the quickest of before
    adrift: u8,
}

#[derive(Clone, Copy, Debug)]
struct Stretch {
    seen: u16,
    /// least transit, against the reference
    least: i32,
    counts: [u16; BINS],
}

impl Stretch {
    const EMPTY: Self = Self {
        seen: 0,
        least: i32::MAX,
        counts: [0; BINS],
    };

    /// Counts every delay as so many bins less, or more.
    fn shift(&mut self, bins_less: i32) {
        let before = std::mem::replace(&mut self.counts, [0; BINS]);
        for (bin, count) in before.into_iter().enumerate() {
            let to = (bin as i32 - bins_less).clamp(0, BINS as i32 - 1);
            self.counts[to as usize] += count;
        }
    }
}

impl DelayMeter {
    /// For samples at this rate.
    pub(super) fn new(rate: Rate) -> Self {
        Self {
            scale: rate.scale() as i32,
            reference: 0,
            base: 0,
            stretches: [Stretch::EMPTY; 2],
            wanted: 0,
            adrift: 0,
        }
    }

    /// Packets were left out, and the clocks have run apart meanwhile: the quickest of the next few
    /// is as quick as the quickest were. How much others were behind those is remembered.
    pub(super) fn moor_anew(&mut self) {
        self.adrift = MOORING;
    }

    /// Begins anew.
    pub(super) fn clear(&mut self) {
        self.base = 0;
        self.stretches = [Stretch::EMPTY; 2];
        self.wanted = 0;
    }

    /// Notes a packet; returns how far it is behind the quickest, in samples.
    pub(super) fn observe(&mut self, arrival: u32, timestamp: u32) -> i32 {
        let transit = arrival.wrapping_sub(timestamp);
        let fresh = self.stretches[0].seen == 0;
        let mut against = transit.wrapping_sub(self.reference) as i32;
        if self.adrift > 0 && !fresh {
            if self.adrift == MOORING || against < self.floor() {
                against = self.floor();
                self.reference = transit.wrapping_sub(against as u32);
            }
            self.adrift -= 1;
        }
        if fresh || against.saturating_sub(self.floor()).abs() > ANOTHER_CLOCK * self.scale {
            self.clear();
            self.reference = transit;
            against = 0;
        }
        if self.stretches[0].seen == STRETCH {
            self.stretches = [Stretch::EMPTY, self.stretches[0]];
        }
        let now = &mut self.stretches[0];
        now.seen += 1;
        now.least = now.least.min(against);
        self.follow_the_floor();
        let width = BIN * self.scale;
        let bin = (against - self.base + width - 1) / width;
        self.stretches[0].counts[(bin.max(0) as usize).min(BINS - 1)] += 1;
        self.wanted = self.enough();
        against - self.floor()
    }

    /// How far a packet would be behind the quickest.
    pub(super) fn behind(&self, arrival: u32, timestamp: u32) -> i32 {
        let transit = arrival.wrapping_sub(timestamp);
        (transit.wrapping_sub(self.reference) as i32)
            .saturating_sub(self.floor())
            .max(0)
    }

    /// Depth at which all but the rarest packets come in time, in samples.
    pub(super) fn wanted(&self) -> i32 {
        self.wanted
    }

    fn floor(&self) -> i32 {
        self.stretches[0].least.min(self.stretches[1].least)
    }

    /// Delays count from the floor: when it has risen, those that were counted before are less.
    fn follow_the_floor(&mut self) {
        let width = BIN * self.scale;
        let bins = (self.floor() - self.base).div_euclid(width);
        if bins != 0 {
            self.base += bins * width;
            for stretch in &mut self.stretches {
                stretch.shift(bins);
            }
        }
    }

    fn enough(&self) -> i32 {
        let [now, before] = &self.stretches;
        let tolerated = (now.seen + before.seen) / TOLERATED_OF;
        let (mut rarer, mut bin) = (0, BINS - 1);
        loop {
            rarer += now.counts[bin] + before.counts[bin];
            if rarer > tolerated || bin == 0 {
                break;
            }
            bin -= 1;
        }
        let above_floor = bin as i32 * BIN * self.scale - (self.floor() - self.base);
        above_floor.max(0)
    }
}

// In samples at 8 kHz, and in packets.

/// 10 ms.
const BIN: i32 = 80;
/// Up to 300 ms, the deepest the buffer may be.
const BINS: usize = 31;
/// One packet of so many may come too late.
const TOLERATED_OF: u16 = 100;
/// Packets in a stretch: three seconds at 20 ms. Six seconds are remembered at most.
const STRETCH: u16 = 150;
/// Some of so many packets in a row are not late.
const MOORING: u8 = 16;
/// A second.
const ANOTHER_CLOCK: i32 = 8_000;

#[cfg(test)]
mod tests {
    use super::*;

    /// A packet of three is 60 ms late; the first after the clocks have run apart is one of them.
    #[test]
    fn a_late_packet_is_not_moored_at() {
        for apart in [0, 90_000, u32::MAX - 90_000] {
            let mut meter = DelayMeter::new(Rate::Narrow);
            let late = |n: u32| if n.is_multiple_of(3) { 480 } else { 0 };
            for n in 0..300 {
                meter.observe(n * 160 + late(n), n * 160);
            }
            let before = meter.wanted();
            assert_eq!(before, 480);
            meter.moor_anew();
            for n in 300..350 {
                let arrival = (n * 160 + late(n)).wrapping_add(apart);
                let behind = meter.observe(arrival, n * 160);
                assert_eq!(meter.wanted(), before, "{n}");
                assert_eq!(behind, if n == 300 { 0 } else { late(n) as i32 }, "{n}");
            }
        }
    }
}
