//! How long the next attempt must wait after so many failed ones. Pure: time is handed in.

use std::collections::HashMap;

/// How waiting grows, and how it is forgotten.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Growth {
    /// attempts that cost nothing
    pub(crate) free: u32,
    /// wait after the first that is not free; it doubles with each further one
    pub(crate) first_ms: i64,
    /// it grows to this and no further
    pub(crate) longest_ms: i64,
    /// one attempt is forgotten each time this has passed
    pub(crate) forget_one_ms: i64,
}

/// Names remembered at once. When full the one that was quiet for longest is forgotten, so a flood
/// of names costs us no memory.
const NAMES_MAX: usize = 10_000;

#[derive(Clone, Copy, Debug)]
struct Record {
    attempts: u32,
    last_ms: i64,
    /// forgetting is counted from here
    since_ms: i64,
}

/// Counts attempts by name (an account, an address).
#[derive(Debug)]
pub(crate) struct Throttle {
    growth: Growth,
    records: HashMap<String, Record>,
}

impl Throttle {
    pub(crate) fn new(growth: Growth) -> Self {
        Self {
            growth,
            records: HashMap::new(),
        }
    }

    /// Attempts that are not forgotten.
    pub(crate) fn attempts(&self, name: &str, now_ms: i64) -> u32 {
        self.fresh(name, now_ms).map_or(0, |record| record.attempts)
    }

    /// How long it is until the next attempt.
    pub(crate) fn left_ms(&self, name: &str, now_ms: i64) -> i64 {
        self.left_of_ms(name, self.growth.free, now_ms)
    }

    /// The same with another number of free attempts.
    pub(crate) fn left_of_ms(&self, name: &str, free: u32, now_ms: i64) -> i64 {
        let Some(record) = self.fresh(name, now_ms) else {
            return 0;
        };
        let wait_ms = match record.attempts.saturating_sub(free) {
            0 => 0,
            over => {
                let doubled = self.growth.first_ms.saturating_mul(1 << (over - 1).min(30));
                doubled.min(self.growth.longest_ms)
            }
        };
        (record.last_ms + wait_ms - now_ms).max(0)
    }

    /// Counts an attempt. It is counted before its outcome is known, so that many at the same time
    /// do not all pass.
    pub(crate) fn attempt(&mut self, name: &str, now_ms: i64) {
        let before = self.fresh(name, now_ms);
        if self.records.len() >= NAMES_MAX && !self.records.contains_key(name) {
            self.forget_one(now_ms);
        }
        let record = Record {
            attempts: before.map_or(0, |it| it.attempts).saturating_add(1),
            last_ms: now_ms,
            since_ms: before.map_or(now_ms, |it| it.since_ms),
        };
        self.records.insert(name.to_owned(), record);
    }

    /// The last attempt was no failure: it does not count.
    pub(crate) fn excuse(&mut self, name: &str) {
        if let Some(record) = self.records.get_mut(name) {
            record.attempts = record.attempts.saturating_sub(1);
        }
    }

    /// Nothing that was before counts.
    pub(crate) fn forgive(&mut self, name: &str) {
        self.records.remove(name);
    }

    /// What is left of a record by now; none when all of it is forgotten.
    fn fresh(&self, name: &str, now_ms: i64) -> Option<Record> {
        self.records.get(name).and_then(|it| self.left(it, now_ms))
    }

    fn left(&self, record: &Record, now_ms: i64) -> Option<Record> {
        let forgotten = (now_ms - record.since_ms).max(0) / self.growth.forget_one_ms;
        let attempts = i64::from(record.attempts) - forgotten;
        Some(Record {
            attempts: u32::try_from(attempts).ok().filter(|left| *left > 0)?,
            since_ms: record.since_ms + forgotten * self.growth.forget_one_ms,
            ..*record
        })
    }

    fn forget_one(&mut self, now_ms: i64) {
        let mut records = std::mem::take(&mut self.records);
        records.retain(|_, record| self.left(record, now_ms).is_some());
        if records.len() >= NAMES_MAX {
            let oldest = records.iter().min_by_key(|(_, record)| record.last_ms);
            if let Some(name) = oldest.map(|(name, _)| name.clone()) {
                records.remove(&name);
            }
        }
        self.records = records;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GROWTH: Growth = Growth {
        free: 3,
        first_ms: 1_000,
        longest_ms: 60_000,
        forget_one_ms: 600_000,
    };

    #[test]
    fn waiting_doubles_to_the_longest() {
        let mut throttle = Throttle::new(GROWTH);
        let mut waits = vec![];
        for _ in 0..12 {
            throttle.attempt("anna", 0);
            waits.push(throttle.left_ms("anna", 0));
        }
        assert_eq!(waits[..6], [0, 0, 0, 1_000, 2_000, 4_000]);
        assert_eq!(waits[11], 60_000);
        assert_eq!(throttle.left_ms("anna", 59_000), 1_000);
        assert_eq!(throttle.left_ms("anna", 60_000), 0);
        assert_eq!(throttle.attempts("anna", 60_000), 12);
        assert_eq!(throttle.left_ms("bert", 0), 0);
        // with fewer that are free
        throttle.attempt("bert", 0);
        assert_eq!(throttle.left_of_ms("bert", 1, 0), 0);
        assert_eq!(throttle.left_of_ms("bert", 0, 0), 1_000);
    }

    #[test]
    fn attempts_are_forgotten_one_by_one() {
        let mut throttle = Throttle::new(GROWTH);
        for at_ms in [0, 1, 2, 599_999] {
            throttle.attempt("anna", at_ms);
        }
        for (now_ms, left) in [(599_999, 4), (600_000, 3), (1_800_000, 1), (2_400_000, 0)] {
            assert_eq!(throttle.attempts("anna", now_ms), left, "{now_ms}");
        }
        // what keeps failing does not put off the forgetting
        throttle.attempt("anna", 1_199_999);
        assert_eq!(throttle.attempts("anna", 1_199_999), 4);
        assert_eq!(throttle.attempts("anna", 1_200_000), 3);
        // nobody is locked out for good
        for _ in 0..5 {
            throttle.attempt("bert", 0);
        }
        assert_eq!(throttle.attempts("bert", 5 * 600_000), 0);
        // a clock that was put back forgets nothing and waits no longer than it must
        throttle.attempt("carl", 1_000_000);
        assert_eq!(throttle.attempts("carl", 0), 1);
    }

    #[test]
    fn a_good_attempt_does_not_count() {
        let mut throttle = Throttle::new(GROWTH);
        for _ in 0..50 {
            throttle.attempt("anna", 0);
            throttle.excuse("anna");
        }
        assert_eq!(throttle.left_ms("anna", 0), 0);
        for _ in 0..5 {
            throttle.attempt("anna", 0);
        }
        throttle.forgive("anna");
        assert_eq!(throttle.left_ms("anna", 0), 0);
    }

    #[test]
    fn a_flood_of_names_costs_no_memory() {
        let mut throttle = Throttle::new(GROWTH);
        for n in 0..NAMES_MAX as i64 + 50 {
            throttle.attempt(&format!("name-{n}"), n);
        }
        assert_eq!(throttle.records.len(), NAMES_MAX);
        assert!(!throttle.records.contains_key("name-0"));
    }
}
