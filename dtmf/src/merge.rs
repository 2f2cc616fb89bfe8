//! One press that arrives by several ways counts once: as an event inside RTP, by SIP INFO, as a
//! tone in the sound.
//!
//! Whichever copy comes first counts; the others, when they follow in time, only confirm it. Two
//! presses by the same way are always two presses. RFC 4733 is the trusted way: it comes in step
//! with the press, while an INFO may be retransmitted for seconds, and many phones send it only
//! when the key is let go; so an INFO is held to be a copy for longer than a packet is, counted
//! from the end of the event. A tone is believed only on a line that has shown no better way:
//! on others it is what a gateway let through of a key that comes by itself.

use std::collections::VecDeque;

use crate::Key;
use crate::info::HELD_MOST_MS;

/// The way a key came, the most trusted first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Source {
    /// An RFC 4733 event inside RTP.
    Event,
    /// A SIP INFO request.
    Info,
    /// A tone in the sound.
    InBand,
}

impl Source {
    /// How long after a press by another way the same key by this way is its copy; of an event an
    /// INFO is for so long after its end.
    fn copy_ms(self) -> u64 {
        match self {
            // A tone is sure some 40 ms after its event, or as much sooner as the jitter buffer
            // is shallower than that of the gateway that made the event.
            Source::Event | Source::InBand => 500,
            // Two retransmissions of the INFO over UDP (RFC 3261, 17.1.2.2: 0.5 s, 1 s) and a
            // press of a second, where nobody tells when a key is let go; those that say how long
            // it was held are believed beside.
            Source::Info => 2_500,
        }
    }

    fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// Merges the presses of one leg.
#[derive(Clone, Debug, Default)]
pub struct Merger {
    counted: VecDeque<Counted>,
    /// it has shown a way better than tones
    has_better: bool,
    /// tones since then that no better way has confirmed or been confirmed by
    lone_tones: u32,
}

#[derive(Clone, Copy, Debug)]
struct Counted {
    at_ms: u64,
    /// when it was let go; none while its event goes on, the press itself when it came otherwise
    up_ms: Option<u64>,
    key: Key,
    /// the ways by which it has come
    sources: u8,
}

impl Counted {
    fn came_by(&self, source: Source) -> bool {
        self.sources & source.bit() != 0
    }

    /// Until when a press by this way is its copy, when that says that it was held so long.
    fn copied_until_ms(&self, source: Source, held_ms: u32) -> u64 {
        let after_ms = |held_ms: u32| self.at_ms + u64::from(held_ms);
        let since_ms = match source {
            // An event whose end was lost on the way does not go on for ever.
            Source::Info => self.up_ms.unwrap_or(after_ms(HELD_MOST_MS)),
            Source::Event | Source::InBand => self.at_ms,
        };
        since_ms.max(after_ms(held_ms)) + source.copy_ms()
    }
}

impl Merger {
    /// A merger that has heard nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// A key that came as an event has been let go.
    pub fn let_go(&mut self, now_ms: u64, key: Key) {
        let mut newest_first = self.counted.iter_mut().rev();
        let press = newest_first.find(|press| press.key == key && press.came_by(Source::Event));
        if let Some(press) = press {
            press.up_ms = Some(now_ms);
        }
    }

    /// Takes a press; true when it counts, false when it is a copy of one that did. A key that is
    /// told only when it is let go was pressed `held_ms` before.
    pub fn accept(&mut self, now_ms: u64, key: Key, source: Source, held_ms: u32) -> bool {
        if source != Source::InBand {
            self.has_better = true;
            self.lone_tones = 0;
        }
        let is_event = source == Source::Event;
        if is_event {
            // One key at a time: what was down before is not any more.
            for press in &mut self.counted {
                press.up_ms.get_or_insert(now_ms);
            }
        }
        let copied = self.counted.iter_mut().find(|press| {
            press.key == key
                && !press.came_by(source)
                && now_ms <= press.copied_until_ms(source, held_ms)
        });
        if let Some(press) = copied {
            press.sources |= source.bit();
            if is_event {
                press.up_ms = None;
            }
            return false;
        }
        if source == Source::InBand && self.has_better {
            // The line has gone over to tones, perhaps to another phone, when they come alone.
            self.lone_tones += 1;
            if self.lone_tones < LONE_TONES {
                return false;
            }
            self.has_better = false;
        }
        if self.counted.len() == COUNTED_MAX {
            self.counted.pop_front();
        }
        self.counted.push_back(Counted {
            at_ms: now_ms,
            up_ms: (!is_event).then_some(now_ms),
            key,
            sources: source.bit(),
        });
        true
    }
}

/// So many tones in a row without a key by a better way are keys again.
const LONE_TONES: u32 = 3;

/// Presses that wait for their copies. The fastest dialler sends ten a second, so this is more than
/// the longest copy time holds; when it is full the oldest is forgotten.
const COUNTED_MAX: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    /// Presses as `ms source key`, source `r`, `i` or `t` (a tone), and perhaps how long it was
    /// held; `up` is the end of an event.
    fn check(presses: &[&str], keys: &str) {
        let mut merger = Merger::new();
        let told: String = presses
            .iter()
            .filter_map(|press| {
                let words: Vec<&str> = press.split_whitespace().collect();
                let at_ms = words[0].parse().unwrap();
                let key = Key::from_char(words[2].chars().next().unwrap()).unwrap();
                let source = match words[1] {
                    "r" => Source::Event,
                    "i" => Source::Info,
                    "up" => {
                        merger.let_go(at_ms, key);
                        return None;
                    }
                    _ => Source::InBand,
                };
                let held_ms = words.get(3).map_or(0, |held| held.parse().unwrap());
                merger.accept(at_ms, key, source, held_ms).then_some(key)
            })
            .map(Key::as_char)
            .collect();
        assert_eq!(told, keys, "{presses:?}");
    }

    #[test]
    fn one_way_alone_counts_every_press() {
        check(&["0 r 5", "100 r 5", "200 r 5"], "555");
        check(&["0 i 5", "100 i 5", "200 i 6"], "556");
        check(&["0 t 5", "100 t 5", "200 t 6"], "556");
    }

    #[test]
    fn several_ways_count_once() {
        check(&["0 r 5", "30 i 5"], "5");
        check(&["0 i 5", "30 r 5"], "5");
        check(&["0 r 5", "30 i 5", "300 r 5", "330 i 5"], "55");
        check(&["0 r 5", "200 r 5", "230 i 5", "430 i 5"], "55");
        check(&["0 r *", "10 i *", "200 r 2", "1800 i 2"], "*2");
        check(&["0 t 5", "30 r 5", "200 t 5", "230 r 5"], "55");
        check(&["0 r 5", "45 t 5", "300 r 5", "345 t 5"], "55");
        check(
            &["0 t 1", "30 r 1", "90 i 1", "200 t 1", "230 r 1", "290 i 1"],
            "11",
        );
        check(&["0 i 1", "30 t 1", "40 r 1"], "1");
        check(
            &[
                "0 t 1", "100 t 2", "150 i 1", "200 t 3", "250 i 2", "350 i 3",
            ],
            "123",
        );
    }

    #[test]
    fn tones_of_a_line_that_has_a_better_way_are_no_keys() {
        check(&["0 r 5", "45 t 5", "160 t 5"], "5");
        check(
            &["0 r 5", "3000 t 6", "5000 r 7", "9000 t 8", "9020 r 8"],
            "578",
        );
        check(
            &["0 i 5", "3000 t 6", "5000 i 7", "9000 t 8", "9200 i 8"],
            "578",
        );
    }

    #[test]
    fn a_line_that_goes_over_to_tones_is_heard() {
        check(
            &["0 r 5", "9000 t 1", "9500 t 2", "9900 t 3", "10300 t 4"],
            "534",
        );
    }

    #[test]
    fn what_comes_much_later_is_another_press() {
        check(&["0 r 5", "100 up 5", "2601 i 5"], "55");
        check(&["0 i 5", "501 r 5"], "55");
        check(&["0 t 5", "2501 i 5"], "55");
    }

    #[test]
    fn an_info_at_the_end_of_an_event_is_its_copy_however_long_it_was() {
        check(&["0 r 5", "6000 up 5", "6030 i 5"], "5");
        check(&["0 r 5", "6030 i 5", "6060 up 5"], "5");
        check(&["0 r 5", "60000 up 5", "62500 i 5"], "5");
        check(&["0 r 5", "32500 i 5"], "5");
        check(&["0 t 5", "30 r 5", "6000 up 5", "6030 i 5"], "5");
        check(
            &[
                "0 r *",
                "5000 up *",
                "5100 r 2",
                "5200 i *",
                "9000 up 2",
                "9100 i 2",
            ],
            "*2",
        );
        // the end of the first was not told, or is told again after a break in the line
        check(
            &["0 r 1", "4000 r 2", "4100 i 1", "4200 up 2", "4300 i 2"],
            "12",
        );
        check(&["0 r 5", "1000 up 5", "8000 up 5", "8030 i 5"], "5");
    }

    #[test]
    fn two_presses_by_info_are_two_however_long_the_first_was_held() {
        check(&["0 r 5", "6000 up 5", "6030 i 5", "6200 i 5"], "55");
        check(
            &[
                "0 r 5",
                "4000 up 5",
                "4030 i 5",
                "4300 r 5",
                "8000 up 5",
                "8030 i 5",
            ],
            "55",
        );
        check(&["0 i 5", "4000 i 5"], "55");
        check(&["0 up 5", "100 i 5", "200 i 5"], "55");
        check(&["0 r 5", "32501 i 5"], "55");
    }

    #[test]
    fn a_key_that_is_held_long_counts_once() {
        check(&["0 r 5", "4030 i 5 4000"], "5");
        check(
            &["0 r *", "4000 r 2", "4030 i * 4000", "8030 i 2 4000"],
            "*2",
        );
        // it was held briefly: this is another press
        check(&["0 r 5", "160 up 5", "4030 i 5 160"], "55");
        check(&["0 i 5", "4030 i 5 160"], "55");
    }

    #[test]
    fn one_way_that_loses_a_press_is_made_good_by_the_other() {
        check(&["0 r 1", "20 i 1", "300 i 2", "600 r 3", "620 i 3"], "123");
    }

    #[test]
    fn it_forgets_rather_than_grows() {
        let mut merger = Merger::new();
        for at_ms in 0..1_000 {
            merger.accept(at_ms, Key::Star, Source::Event, 0);
        }
        assert_eq!(merger.counted.len(), COUNTED_MAX);
    }
}
