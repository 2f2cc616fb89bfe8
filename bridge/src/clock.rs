//! The one clock of the program: the wall clock read once at start, counted on monotonically.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use confab_core::time::Time;

/// Tells the [`Time`] that the state machines are given.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    epoch: Duration,
    started: Instant,
}

impl Clock {
    /// Reads the wall clock, once.
    pub fn start() -> Self {
        let epoch = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Self {
            epoch,
            started: Instant::now(),
        }
    }

    /// Now; never goes back.
    pub fn now(&self) -> Time {
        Time((self.epoch + self.started.elapsed()).as_millis() as u64)
    }

    /// The instant at which `time` comes, for timers.
    pub fn instant(&self, time: Time) -> Instant {
        self.started + Duration::from_millis(time.0).saturating_sub(self.epoch)
    }
}

/// A time as the store keeps it.
pub fn ms(time: Time) -> i64 {
    i64::try_from(time.0).unwrap_or(i64::MAX)
}
