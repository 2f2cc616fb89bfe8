//! How late packets come compared with the quickest, and the depth that follows from it.

use super::super::rate::Rate;

/// A histogram of delays that forgets, over a floor that follows the sender's clock.
#[derive(Clone, Debug)]
pub(super) struct DelayMeter {
    /// how many times 8 kHz the samples have
    scale: i32,
    shares: [f32; BINS],
    seen: u32,
    /// transit (arrival less timestamp) that the others are compared with
    reference: u32,
    /// least transit of this stretch of packets and of the one before, against the reference
    least: [i32; 2],
    wanted: i32,
}

impl DelayMeter {
    /// For samples at this rate.
    pub(super) fn new(rate: Rate) -> Self {
        Self {
            scale: rate.scale() as i32,
            shares: [0.0; BINS],
            seen: 0,
            reference: 0,
            least: [0; 2],
            wanted: 0,
        }
    }

    /// Begins anew.
    pub(super) fn clear(&mut self) {
        self.shares = [0.0; BINS];
        self.seen = 0;
        self.reference = 0;
        self.least = [0; 2];
        self.wanted = 0;
    }

    /// Notes a packet; returns how far it is behind the quickest, in samples.
    pub(super) fn observe(&mut self, arrival: u32, timestamp: u32) -> i32 {
        let transit = arrival.wrapping_sub(timestamp);
        let mut against = transit.wrapping_sub(self.reference) as i32;
        if self.seen == 0 || against.saturating_sub(self.floor()).abs() > ANOTHER_CLOCK * self.scale
        {
            self.clear();
            self.reference = transit;
            against = 0;
        }
        if self.seen.is_multiple_of(STRETCH) {
            self.least = [against, self.least[0]];
        }
        self.least[0] = self.least[0].min(against);
        self.seen = self.seen.wrapping_add(1).max(1);
        let behind = against.saturating_sub(self.floor());
        self.count(behind);
        behind
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
        self.least[0].min(self.least[1])
    }

    fn count(&mut self, behind: i32) {
        // The first packets count for more, so that a bad line is known within a second.
        let weight = (1.0 / self.seen as f32).max(FORGETTING);
        let width = BIN * self.scale;
        let bin = (behind.max(0) + width - 1) / width;
        for share in &mut self.shares {
            *share *= 1.0 - weight;
        }
        self.shares[(bin as usize).min(BINS - 1)] += weight;
        let mut rarer = 0.0;
        let enough = self.shares.iter().rposition(|share| {
            rarer += share;
            rarer > TOLERATED
        });
        self.wanted = enough.unwrap_or(0) as i32 * width;
    }
}

// In samples at 8 kHz, and in packets.

/// 10 ms.
const BIN: i32 = 80;
/// Up to 200 ms, the deepest the buffer may be.
const BINS: usize = 21;
/// The share of packets that may come too late: one in a hundred.
const TOLERATED: f32 = 0.01;
/// What one packet weighs: some eight seconds of memory at 20 ms.
const FORGETTING: f32 = 1.0 / 400.0;
/// After this many packets the floor may rise: some three seconds.
const STRETCH: u32 = 150;
/// A second.
const ANOTHER_CLOCK: i32 = 8_000;
