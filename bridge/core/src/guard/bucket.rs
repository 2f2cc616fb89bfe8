//! One budget of wrong entries: so many at once, then one each so often, and later and later for
//! one that is emptied again and again. Reads no clock.

use std::time::Duration;

use crate::time::Time;

/// How much a budget holds and how fast it fills.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// wrong entries it has for somebody who has made none
    pub holds: u32,
    /// one comes back each time this has passed
    pub refill: Duration,
    /// how often the refill time may double: each time the budget is emptied before it was full
    pub doublings: u32,
}

impl Limit {
    /// A budget that always fills at the same pace.
    pub const fn steady(holds: u32, refill: Duration) -> Self {
        Self {
            holds,
            refill,
            doublings: 0,
        }
    }

    /// The most entries it can ever let through in this time, starting full.
    pub fn most_in(&self, time: Duration) -> u64 {
        let refills = time.as_millis() / self.refill.as_millis().max(1);
        u64::from(self.holds).saturating_add(u64::try_from(refills).unwrap_or(u64::MAX))
    }
}

/// What is left of one budget.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Bucket {
    spent: u32,
    /// when the refill now under way began
    since: Time,
    /// times it was emptied since it was last full
    emptied: u32,
}

impl Bucket {
    /// There is something left.
    pub fn has(&self, limit: &Limit, now: Time) -> bool {
        self.settled(limit, now).spent < limit.holds
    }

    /// Nothing is missing.
    pub fn is_full(&self, limit: &Limit, now: Time) -> bool {
        self.settled(limit, now).spent == 0
    }

    /// How much is missing, for choosing what to forget.
    pub fn spent(&self) -> u32 {
        self.spent
    }

    /// Takes one if there is one.
    pub fn take(&mut self, limit: &Limit, now: Time) -> bool {
        *self = self.settled(limit, now);
        if self.spent >= limit.holds {
            return false;
        }
        if self.spent == 0 {
            self.since = now;
        }
        self.spent += 1;
        if self.spent == limit.holds {
            self.emptied = self.emptied.saturating_add(1);
        }
        true
    }

    /// Puts one back.
    pub fn give_back(&mut self, limit: &Limit, now: Time) {
        *self = self.settled(limit, now);
        if self.spent == limit.holds {
            self.emptied = self.emptied.saturating_sub(1);
        }
        self.spent = self.spent.saturating_sub(1);
    }

    fn settled(mut self, limit: &Limit, now: Time) -> Self {
        if self.spent > 0 {
            let doubled = self.emptied.saturating_sub(1).min(limit.doublings).min(20);
            let refill = limit.refill.saturating_mul(1 << doubled);
            let refill_ms = u64::try_from(refill.as_millis()).unwrap_or(u64::MAX).max(1);
            let back = now.0.saturating_sub(self.since.0) / refill_ms;
            self.spent = self
                .spent
                .saturating_sub(u32::try_from(back).unwrap_or(u32::MAX));
            self.since = Time(self.since.0.saturating_add(back.saturating_mul(refill_ms)));
        }
        if self.spent == 0 {
            self.emptied = 0;
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: u64 = 60_000;
    const LIMIT: Limit = Limit {
        holds: 3,
        refill: Duration::from_secs(60),
        doublings: 2,
    };

    /// The minutes in which somebody who tries once a minute is let through.
    fn let_through(limit: &Limit, minutes: u64) -> Vec<u64> {
        let mut bucket = Bucket::default();
        (0..minutes)
            .filter(|minute| bucket.take(limit, Time(minute * MINUTE)))
            .collect()
    }

    #[test]
    fn so_many_at_once_then_one_each_so_often() {
        let mut bucket = Bucket::default();
        let at_once = (0..10).filter(|_| bucket.take(&LIMIT, Time(0))).count();
        assert_eq!(at_once, 3);
        assert!(!bucket.has(&LIMIT, Time(MINUTE - 1)));
        assert!(bucket.has(&LIMIT, Time(MINUTE)));
        assert!(!bucket.is_full(&LIMIT, Time(2 * MINUTE)));
        assert!(bucket.is_full(&LIMIT, Time(3 * MINUTE)));
    }

    #[test]
    fn the_wait_doubles_for_one_who_does_not_stop() {
        let hourly = Limit {
            refill: Duration::from_secs(120),
            ..LIMIT
        };
        let through = let_through(&hourly, 60);
        let waits: Vec<u64> = through.windows(2).map(|two| two[1] - two[0]).collect();
        assert_eq!(waits[..2], [1, 1]);
        assert!(waits.iter().all(|wait| *wait <= 8), "{waits:?}");
        assert!(waits.is_sorted(), "{waits:?}");
        assert_eq!(waits.last(), Some(&8));
    }

    #[test]
    fn a_full_budget_forgets_the_doubling() {
        let mut bucket = Bucket::default();
        while bucket.take(&LIMIT, Time(0)) {}
        assert!(bucket.take(&LIMIT, Time(MINUTE)));
        let full = Time(100 * MINUTE);
        assert!(bucket.is_full(&LIMIT, full));
        while bucket.take(&LIMIT, full) {}
        assert!(bucket.has(&LIMIT, Time(101 * MINUTE)));
    }

    #[test]
    fn what_is_given_back_is_as_if_never_taken() {
        let mut bucket = Bucket::default();
        for minute in 0..100 {
            let now = Time(minute * MINUTE / 10);
            assert!(bucket.take(&LIMIT, now));
            bucket.give_back(&LIMIT, now);
        }
        assert!(bucket.is_full(&LIMIT, Time(10 * MINUTE)));
        assert_eq!(bucket.emptied, 0);
    }

    #[test]
    fn never_more_than_it_says() {
        for minutes in [0, 1, 10, 500] {
            let steady = Limit::steady(3, Duration::from_secs(180));
            let most = steady.most_in(Duration::from_secs(60 * minutes));
            let through = let_through(&steady, minutes + 1).len() as u64;
            assert!(through <= most, "{through} of {most} in {minutes} minutes");
        }
    }
}
