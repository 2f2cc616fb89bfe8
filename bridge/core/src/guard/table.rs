//! Budgets by name, of which there are only so many: when a table is full, names that have their
//! whole budget again are forgotten first, then the half that has lost least.

use std::collections::BTreeMap;

use crate::time::Time;

use super::bucket::{Bucket, Limit};

/// A budget for each of some callers, addresses or rooms.
#[derive(Debug)]
pub(super) struct Table<K> {
    limit: Limit,
    names_max: usize,
    buckets: BTreeMap<K, Bucket>,
}

impl<K: Ord + Clone> Table<K> {
    pub fn new(limit: Limit, names_max: usize) -> Self {
        Self {
            limit,
            names_max,
            buckets: BTreeMap::new(),
        }
    }

    pub fn has(&self, name: &K, now: Time) -> bool {
        self.buckets
            .get(name)
            .is_none_or(|bucket| bucket.has(&self.limit, now))
    }

    pub fn is_full(&self, name: &K, now: Time) -> bool {
        self.buckets
            .get(name)
            .is_none_or(|bucket| bucket.is_full(&self.limit, now))
    }

    pub fn take(&mut self, name: &K, now: Time) -> bool {
        if !self.buckets.contains_key(name) && self.buckets.len() >= self.names_max {
            self.forget(now);
        }
        let bucket = self.buckets.entry(name.clone()).or_default();
        bucket.take(&self.limit, now)
    }

    pub fn give_back(&mut self, name: &K, now: Time) {
        if let Some(bucket) = self.buckets.get_mut(name) {
            bucket.give_back(&self.limit, now);
        }
    }

    fn forget(&mut self, now: Time) {
        let limit = self.limit;
        self.buckets
            .retain(|_, bucket| !bucket.is_full(&limit, now));
        if self.buckets.len() >= self.names_max {
            let mut spent: Vec<u32> = self.buckets.values().map(Bucket::spent).collect();
            spent.sort_unstable();
            let middle = spent[spent.len() / 2];
            let mut to_go = spent.len().div_ceil(2);
            self.buckets.retain(|_, bucket| {
                let stays = to_go == 0 || bucket.spent() > middle;
                to_go -= usize::from(!stays);
                stays
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_flood_of_names_costs_no_memory_and_the_worst_are_remembered() {
        let mut table = Table::new(Limit::steady(3, Duration::from_secs(60)), 100);
        while table.take(&7_u32, Time(0)) {}
        for name in 1_000..100_000 {
            table.take(&name, Time(0));
            assert!(table.buckets.len() <= 100);
        }
        assert!(!table.has(&7, Time(0)));
    }

    #[test]
    fn who_has_recovered_is_forgotten_first() {
        let mut table = Table::new(Limit::steady(3, Duration::from_secs(60)), 2);
        table.take(&1, Time(0));
        table.take(&2, Time(59_000));
        table.take(&3, Time(60_000));
        assert!(table.is_full(&1, Time(60_000)));
        assert!(!table.is_full(&2, Time(60_000)));
        assert_eq!(table.buckets.len(), 2);
    }
}
