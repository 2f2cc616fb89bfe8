//! The thread of a shard: a tick every 20 ms by the monotonic clock, for ever, without drift.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use confab_core::audio::TICK_MS;

use super::counters::{Counters, add};
use super::shard::{Now, Shard, Shift};
use super::sys;

/// Runs the shard until nobody can command it. `phase` moves its ticks away from those of other
/// shards, so that they do not all want a core at the same moment.
pub(super) fn run(mut shard: Shard, counters: &Arc<Counters>, phase: Duration) {
    let mut deadline = sys::monotonic() + phase;
    let mut tick = 0;
    loop {
        deadline += TICK;
        tick += 1;
        sys::sleep_until(deadline);
        let began = sys::monotonic();
        let late = began.saturating_sub(deadline);
        if late > LATE {
            add(&counters.ticks_late, 1);
        }
        let skipped = skipped_ticks(late);
        tick += skipped;
        deadline += TICK * skipped as u32;
        add(&counters.ticks_skipped, skipped);
        let shift = shard.tick(Now::at(tick, skipped));
        let took = sys::monotonic().saturating_sub(began);
        counters
            .tick_us_max
            .fetch_max(took.as_micros() as u64, Relaxed);
        if shift == Shift::Over {
            return;
        }
    }
}

/// Ticks that are a little late are made up for, one right after the other. Beyond a tenth of a
/// second the callers have heard the gap anyway, and catching up would only crowd the buffers.
fn skipped_ticks(late: Duration) -> u64 {
    if late < TOO_LATE {
        0
    } else {
        (late.as_millis() / TICK.as_millis()) as u64
    }
}

const TICK: Duration = Duration::from_millis(TICK_MS as u64);
const LATE: Duration = Duration::from_millis(5);
const TOO_LATE: Duration = Duration::from_millis(100);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_far_too_late_is_skipped() {
        let check = |late_ms, skipped| {
            assert_eq!(
                skipped_ticks(Duration::from_millis(late_ms)),
                skipped,
                "{late_ms} ms"
            );
        };
        check(0, 0);
        check(19, 0);
        check(99, 0);
        check(100, 5);
        check(1_010, 50);
    }
}
