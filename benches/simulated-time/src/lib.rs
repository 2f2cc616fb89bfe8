//! A clock that stands still until it is told: the crate `neteq` asks `web_time` what time it is,
//! and `[patch.crates-io]` gives it this one. Only the benches use it; knows nothing of sound.
#![forbid(unsafe_code)]

use std::cell::Cell;
use std::ops::Sub;
pub use std::time::Duration;

thread_local! {
    static NOW: Cell<Duration> = const { Cell::new(Duration::ZERO) };
}

/// Sets this thread's time, counted from its beginning.
pub fn set(since_the_beginning: Duration) {
    NOW.set(since_the_beginning);
}

/// A moment of the simulated time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(Duration);

impl Instant {
    /// What was [`set`] last in this thread.
    pub fn now() -> Self {
        Self(NOW.get())
    }

    /// How long ago it was.
    pub fn elapsed(&self) -> Duration {
        Self::now().duration_since(*self)
    }

    /// How long after `earlier` it is; zero when it is before.
    pub fn duration_since(&self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }

    /// A later moment.
    pub fn checked_add(&self, duration: Duration) -> Option<Self> {
        self.0.checked_add(duration).map(Self)
    }

    /// An earlier moment.
    pub fn checked_sub(&self, duration: Duration) -> Option<Self> {
        self.0.checked_sub(duration).map(Self)
    }
}

impl Sub for Instant {
    type Output = Duration;

    fn sub(self, earlier: Self) -> Duration {
        self.duration_since(earlier)
    }
}
