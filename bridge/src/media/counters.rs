//! What the media threads count, readable from any thread. Explains nothing.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::MediaStats;

/// Each number stands alone, so relaxed order is enough.
#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) packets_in: AtomicU64,
    pub(super) packets_out: AtomicU64,
    pub(super) packets_rejected: AtomicU64,
    pub(super) packets_lost: AtomicU64,
    pub(super) ticks: AtomicU64,
    pub(super) ticks_late: AtomicU64,
    pub(super) ticks_skipped: AtomicU64,
    pub(super) tick_us_max: AtomicU64,
    /// how long after its moment a tick is usually done; a level, not a count
    pub(super) done_after_us: AtomicU64,
    pub(super) lines: AtomicU64,
    pub(super) reports_dropped: AtomicU64,
    pub(super) samples_unrecorded: AtomicU64,
}

/// Adds to a counter.
pub(super) fn add(counter: &AtomicU64, count: u64) {
    if count > 0 {
        counter.fetch_add(count, Relaxed);
    }
}

/// What one tick counts of its packets: a media thread goes to memory that others read once a
/// tick, not for every line.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counted {
    pub(super) seen: u64,
    pub(super) sent: u64,
    pub(super) rejected: u64,
}

impl Counters {
    /// Adds what a tick has counted, which is then nothing again.
    pub(super) fn take(&self, counted: &mut Counted) {
        let Counted {
            seen,
            sent,
            rejected,
        } = std::mem::take(counted);
        add(&self.packets_in, seen);
        add(&self.packets_out, sent);
        add(&self.packets_rejected, rejected);
    }

    /// Adds this shard's numbers to `stats`, and starts a new longest tick.
    pub(super) fn add_to(&self, stats: &mut MediaStats) {
        stats.packets_in += self.packets_in.load(Relaxed);
        stats.packets_out += self.packets_out.load(Relaxed);
        stats.packets_rejected += self.packets_rejected.load(Relaxed);
        stats.packets_lost += self.packets_lost.load(Relaxed);
        stats.ticks += self.ticks.load(Relaxed);
        stats.ticks_late += self.ticks_late.load(Relaxed);
        stats.ticks_skipped += self.ticks_skipped.load(Relaxed);
        stats.tick_us_max = stats.tick_us_max.max(self.tick_us_max.swap(0, Relaxed));
        stats.done_after_us = stats.done_after_us.max(self.done_after_us.load(Relaxed));
        stats.lines += self.lines.load(Relaxed);
        stats.reports_dropped += self.reports_dropped.load(Relaxed);
        stats.samples_unrecorded += self.samples_unrecorded.load(Relaxed);
    }
}
