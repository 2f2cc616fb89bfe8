//! How long the next attempt must wait after so many failed ones. Pure: time is handed in.

use std::collections::HashMap;

/// How waiting grows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Growth {
    /// attempts that cost nothing
    pub(crate) free: u32,
    /// wait after the first that is not free; it doubles with each further one
    pub(crate) first_ms: i64,
    /// it grows to this and no further
    pub(crate) longest_ms: i64,
}

/// Attempts are forgotten this long after the last one.
const FORGET_MS: i64 = 30 * 60 * 1_000;

/// Names remembered at once. When full the one that was quiet for longest is forgotten, so a flood
/// of names costs us no memory.
const NAMES_MAX: usize = 10_000;

#[derive(Clone, Copy, Debug)]
struct Record {
    attempts: u32,
    last_ms: i64,
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

    /// The wait that the attempts made so far have earned, counted from the last of them.
    pub(crate) fn earned_ms(&self, name: &str, now_ms: i64) -> i64 {
        let Some(record) = self.fresh(name, now_ms) else {
            return 0;
        };
        match record.attempts.checked_sub(self.growth.free) {
            None | Some(0) => 0,
            Some(over) => {
                let doubled = self.growth.first_ms.saturating_mul(1 << (over - 1).min(30));
                doubled.min(self.growth.longest_ms)
            }
        }
    }

    /// What is left of that wait.
    pub(crate) fn left_ms(&self, name: &str, now_ms: i64) -> i64 {
        let last_ms = self.fresh(name, now_ms).map_or(0, |record| record.last_ms);
        (last_ms + self.earned_ms(name, now_ms) - now_ms).max(0)
    }

    /// Counts an attempt. It is counted before its outcome is known, so that many at the same time
    /// do not all pass.
    pub(crate) fn attempt(&mut self, name: &str, now_ms: i64) {
        let attempts = self.fresh(name, now_ms).map_or(0, |record| record.attempts);
        if self.records.len() >= NAMES_MAX && !self.records.contains_key(name) {
            self.forget_one(now_ms);
        }
        let record = Record {
            attempts: attempts.saturating_add(1),
            last_ms: now_ms,
        };
        self.records.insert(name.to_owned(), record);
    }

    /// The last attempt was a good one: it does not count.
    pub(crate) fn excuse(&mut self, name: &str) {
        if let Some(record) = self.records.get_mut(name) {
            record.attempts = record.attempts.saturating_sub(1);
        }
    }

    /// Nothing that was before counts.
    pub(crate) fn forgive(&mut self, name: &str) {
        self.records.remove(name);
    }

    fn fresh(&self, name: &str, now_ms: i64) -> Option<Record> {
        self.records
            .get(name)
            .copied()
            .filter(|record| now_ms - record.last_ms < FORGET_MS)
    }

    fn forget_one(&mut self, now_ms: i64) {
        self.records
            .retain(|_, record| now_ms - record.last_ms < FORGET_MS);
        if self.records.len() >= NAMES_MAX {
            let oldest = self.records.iter().min_by_key(|(_, record)| record.last_ms);
            if let Some(name) = oldest.map(|(name, _)| name.clone()) {
                self.records.remove(&name);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GROWTH: Growth = Growth {
        free: 3,
        first_ms: 1_000,
        longest_ms: 60_000,
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
        assert_eq!(throttle.earned_ms("anna", 60_000), 60_000);
        assert_eq!(throttle.left_ms("bert", 0), 0);
    }

    #[test]
    fn nobody_is_locked_out_for_good() {
        let mut throttle = Throttle::new(GROWTH);
        for _ in 0..50 {
            throttle.attempt("anna", 0);
        }
        assert_eq!(throttle.earned_ms("anna", FORGET_MS), 0);
        throttle.attempt("anna", FORGET_MS);
        assert_eq!(throttle.left_ms("anna", FORGET_MS), 0);
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
