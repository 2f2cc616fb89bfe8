//! One press that arrives twice, inside RTP and by SIP INFO, counts once.
//!
//! Whichever copy comes first counts; the other, when it follows in time, only confirms it. Two
//! presses by the same way are always two presses. RFC 4733 is the trusted way: it comes in step
//! with the press, while an INFO may be retransmitted for seconds; so an INFO is held to be a copy
//! for longer than a packet is.

use std::collections::VecDeque;

use crate::Key;

/// The way a key came, the most trusted first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Source {
    /// An RFC 4733 event inside RTP.
    Event,
    /// A SIP INFO request.
    Info,
}

impl Source {
    /// How long after a press by another way the same key by this way is its copy.
    fn copy_ms(self) -> u64 {
        match self {
            Source::Event => 500,
            // Two retransmissions of the INFO over UDP (RFC 3261, 17.1.2.2: 0.5 s, 1 s) and the
            // length of the press, for many phones send it only when the key is let go.
            Source::Info => 2_500,
        }
    }
}

/// Merges the presses of one leg.
#[derive(Clone, Debug, Default)]
pub struct Merger {
    counted: VecDeque<Counted>,
}

#[derive(Clone, Copy, Debug)]
struct Counted {
    at_ms: u64,
    key: Key,
    source: Source,
}

impl Merger {
    /// A merger that has heard nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes a press; true when it counts, false when it is a copy of one that did.
    pub fn accept(&mut self, now_ms: u64, key: Key, source: Source) -> bool {
        let copied = self.counted.iter().position(|counted| {
            let age_ms = now_ms.saturating_sub(counted.at_ms);
            counted.key == key && counted.source != source && age_ms <= source.copy_ms()
        });
        if let Some(index) = copied {
            self.counted.remove(index);
            return false;
        }
        if self.counted.len() == COUNTED_MAX {
            self.counted.pop_front();
        }
        self.counted.push_back(Counted {
            at_ms: now_ms,
            key,
            source,
        });
        true
    }
}

/// Presses that wait for their copy. The fastest dialler sends ten a second, so this is more than
/// the longest copy time holds; when it is full the oldest is forgotten.
const COUNTED_MAX: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    /// Presses as `ms source key`, source `r` or `i`.
    fn check(presses: &[&str], keys: &str) {
        let mut merger = Merger::new();
        let told: String = presses
            .iter()
            .filter_map(|press| {
                let words: Vec<&str> = press.split_whitespace().collect();
                let source = if words[1] == "r" {
                    Source::Event
                } else {
                    Source::Info
                };
                let key = Key::from_char(words[2].chars().next().unwrap()).unwrap();
                merger
                    .accept(words[0].parse().unwrap(), key, source)
                    .then_some(key)
            })
            .map(Key::as_char)
            .collect();
        assert_eq!(told, keys, "{presses:?}");
    }

    #[test]
    fn one_way_alone_counts_every_press() {
        check(&["0 r 5", "100 r 5", "200 r 5"], "555");
        check(&["0 i 5", "100 i 5", "200 i 6"], "556");
    }

    #[test]
    fn both_ways_count_once() {
        check(&["0 r 5", "30 i 5"], "5");
        check(&["0 i 5", "30 r 5"], "5");
        check(&["0 r 5", "30 i 5", "300 r 5", "330 i 5"], "55");
        check(&["0 r 5", "200 r 5", "230 i 5", "430 i 5"], "55");
        check(&["0 r *", "10 i *", "200 r 2", "1800 i 2"], "*2");
    }

    #[test]
    fn what_comes_much_later_is_another_press() {
        check(&["0 r 5", "2501 i 5"], "55");
        check(&["0 i 5", "501 r 5"], "55");
    }

    #[test]
    fn one_way_that_loses_a_press_is_made_good_by_the_other() {
        check(&["0 r 1", "20 i 1", "300 i 2", "600 r 3", "620 i 3"], "123");
    }

    #[test]
    fn it_forgets_rather_than_grows() {
        let mut merger = Merger::new();
        for at_ms in 0..1_000 {
            merger.accept(at_ms, Key::Star, Source::Event);
        }
        assert_eq!(merger.counted.len(), COUNTED_MAX);
    }
}
