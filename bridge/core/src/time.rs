//! The one notion of time of the core: a value that is handed in.

use std::ops::{Add, Sub};
use std::time::Duration;

/// Milliseconds since the Unix epoch, advanced by a monotonic clock: the switchboard reads the wall
/// clock once at start and counts on from there, so time never goes back within a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Time(pub u64);

impl Add<Duration> for Time {
    type Output = Time;
    fn add(self, by: Duration) -> Time {
        Time(self.0.saturating_add(by.as_millis() as u64))
    }
}

impl Sub for Time {
    type Output = Duration;
    fn sub(self, earlier: Time) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }
}
