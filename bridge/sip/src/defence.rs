//! The door's guards that need memory: how fast a source may send, how many connections it may
//! have. Time comes in as a value; nothing here reads a clock or a socket.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// Locks; a panic elsewhere leaves these tables usable, so poison is ignored.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[derive(Clone, Copy, Debug)]
struct Bucket {
    tokens: f64,
    filled: Instant,
}

/// A token bucket for each source. A source may send `rate` a second, and twice as many at once
/// after a pause.
#[derive(Debug)]
pub(crate) struct Limiter {
    rate_per_s: f64,
    sources_max: usize,
    buckets: Mutex<HashMap<IpAddr, Bucket>>,
}

impl Limiter {
    pub fn new(rate_per_s: u32, sources_max: usize) -> Self {
        let rate_per_s = f64::from(rate_per_s.max(1));
        Self {
            rate_per_s,
            sources_max,
            buckets: Mutex::default(),
        }
    }

    /// Whether one more message from `source` may be read.
    pub fn allow(&self, source: IpAddr, now: Instant) -> bool {
        let mut buckets = lock(&self.buckets);
        let room = 2.0 * self.rate_per_s;
        if !buckets.contains_key(&source) && buckets.len() >= self.sources_max {
            // Whoever has a full bucket again is as good as forgotten.
            let full = |b: &Bucket| self.refilled(b, now) >= room;
            buckets.retain(|_, bucket| !full(bucket));
            if buckets.len() >= self.sources_max {
                // A flood from more addresses than we remember: nobody new until it ebbs.
                return false;
            }
        }
        let fresh = Bucket {
            tokens: room,
            filled: now,
        };
        let bucket = buckets.entry(source).or_insert(fresh);
        let tokens = self.refilled(bucket, now).min(room);
        let allowed = tokens >= 1.0;
        *bucket = Bucket {
            tokens: if allowed { tokens - 1.0 } else { tokens },
            filled: now,
        };
        allowed
    }

    fn refilled(&self, bucket: &Bucket, now: Instant) -> f64 {
        let passed = now.saturating_duration_since(bucket.filled).as_secs_f64();
        bucket.tokens + passed * self.rate_per_s
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_source_has_its_own_bucket() {
        let limiter = Limiter::new(10, 100);
        let now = Instant::now();
        let [noisy, calm] = ["10.0.0.1", "10.0.0.2"].map(|ip| ip.parse::<IpAddr>().unwrap());
        let passed = (0..100).filter(|_| limiter.allow(noisy, now)).count();
        assert_eq!(passed, 20);
        assert!(limiter.allow(calm, now));
        let later = now + Duration::from_secs(1);
        let passed = (0..100).filter(|_| limiter.allow(noisy, later)).count();
        assert_eq!(passed, 10);
    }

    #[test]
    fn the_table_does_not_grow() {
        let limiter = Limiter::new(10, 3);
        let now = Instant::now();
        let ip = |n: u8| IpAddr::from([10, 0, 0, n]);
        let passed = (0..10).filter(|n| limiter.allow(ip(*n), now)).count();
        assert_eq!(passed, 3);
        assert!(
            limiter.allow(ip(9), now + Duration::from_secs(1)),
            "the others are forgotten"
        );
        assert!(lock(&limiter.buckets).len() <= 3);
    }
}
