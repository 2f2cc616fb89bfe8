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
    let mut usual = Usual::default();
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
        let done = sys::monotonic();
        let took = done.saturating_sub(began);
        let done_after_us = usual.follow(done.saturating_sub(deadline));
        counters.done_after_us.store(done_after_us, Relaxed);
        counters
            .tick_us_max
            .fetch_max(took.as_micros() as u64, Relaxed);
        if shift == Shift::Over {
            return;
        }
    }
}

/// How long after its moment a tick is usually done: what a machine that is too busy makes longer,
/// whether by our own work or by another's.
#[derive(Debug, Default)]
struct Usual {
    us: f32,
}

impl Usual {
    /// Takes the next tick; gives microseconds. A hiccup counts for two ticks at most.
    fn follow(&mut self, done_after: Duration) -> u64 {
        let us = done_after.min(2 * TICK).as_micros() as f32;
        self.us += (us - self.us) * USUAL_WEIGHT;
        self.us as u64
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
/// Of one tick: half of what is usual comes from the last half of a second.
const USUAL_WEIGHT: f32 = 1.0 / 32.0;
const TOO_LATE: Duration = Duration::from_millis(100);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hiccup_is_not_usual_and_a_second_of_long_ticks_is() {
        let mut usual = Usual::default();
        let mut follow = |ms, ticks| {
            let mut us = 0;
            for _ in 0..ticks {
                us = usual.follow(Duration::from_millis(ms));
            }
            us
        };
        assert!((900..1_000).contains(&follow(1, 100)));
        assert!(follow(900, 1) < 3_000, "one hiccup");
        assert!(follow(1, 100) < 1_200);
        assert!(follow(18, 25) > 9_000, "half a second");
        assert!(follow(18, 50) > 14_000);
        assert!(follow(1, 100) < 2_000, "and it is over soon");
    }

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
