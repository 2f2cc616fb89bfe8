//! What the guard remembers besides budgets: who has keyed something wrong at a room, and who has
//! shown to know its PIN. Bounded: when full, the older half is forgotten.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::time::Time;

/// When each name was last seen, for so long.
#[derive(Debug)]
pub(super) struct Memory<K> {
    keeps: Duration,
    names_max: usize,
    seen: BTreeMap<K, Time>,
}

impl<K: Ord> Memory<K> {
    pub fn new(keeps: Duration, names_max: usize) -> Self {
        Self {
            keeps,
            names_max,
            seen: BTreeMap::new(),
        }
    }

    pub fn knows(&self, name: &K, now: Time) -> bool {
        self.seen.get(name).is_some_and(|at| now - *at < self.keeps)
    }

    pub fn note(&mut self, name: K, now: Time) {
        if self.seen.len() >= self.names_max && !self.seen.contains_key(&name) {
            let keeps = self.keeps;
            self.seen.retain(|_, at| now - *at < keeps);
            if self.seen.len() >= self.names_max {
                let mut times: Vec<Time> = self.seen.values().copied().collect();
                times.sort_unstable();
                let middle = times[times.len() / 2];
                self.seen.retain(|_, at| *at > middle);
            }
        }
        self.seen.insert(name, now);
    }

    pub fn forget(&mut self, name: &K) {
        self.seen.remove(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_go_first_and_none_stays_for_ever() {
        let mut memory = Memory::new(Duration::from_secs(1_000), 10);
        for n in 0..100 {
            memory.note(n, Time(n * 1_000));
            assert!(memory.seen.len() <= 10);
        }
        let now = Time(99_000);
        assert!(memory.knows(&99, now) && memory.knows(&96, now) && !memory.knows(&1, now));
        assert!(!memory.knows(&99, Time(1_099_000)));
        memory.forget(&99);
        assert!(!memory.knows(&99, now));
    }
}
