//! What was dropped or refused, counted by word. Owns the numbers only: it decides nothing and
//! holds no text of any message.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{OnceLock, Weak};

use crate::house::House;

/// Something worth a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Count {
    /// Dropped: its source sends faster than it may.
    RateLimited,
    /// Dropped: not SIP, or too broken to be answered.
    Unanswerable,
    /// Answered 400.
    Malformed,
    /// Answered with another refusal before it reached a call.
    Refused,
    /// Dropped or answered 513: larger than we read.
    TooLarge,
    /// Repaired before parsing: Latin-1 or bare line feeds.
    Repaired,
    /// A TCP connection was closed at once: too many.
    TcpRefused,
    /// A TCP connection was closed: silent, half a message, or broken framing.
    TcpClosed,
    /// Answered 503: draining, or too many calls being set up.
    Unavailable,
    /// Answered 482.
    Merged,
    /// Answered 481.
    NoDialog,
    /// Answered 488: no common codec.
    NoCodec,
    /// An answered call was never acknowledged.
    NoAck,
    /// A session timer ran out.
    SessionExpired,
    /// Answered 500: the queue of its call was full.
    CallBusy,
    /// A datagram or message could not be sent.
    SendFailed,
    /// Calls that reached the switchboard.
    Calls,
    /// Calls we were told to place.
    Dialled,
    /// A second telephone answered a call of ours and was hung up on.
    Forked,
}

const WORDS: [(Count, &str); 19] = [
    (Count::RateLimited, "rate_limited"),
    (Count::Unanswerable, "unanswerable"),
    (Count::Malformed, "malformed"),
    (Count::Refused, "refused"),
    (Count::TooLarge, "too_large"),
    (Count::Repaired, "repaired"),
    (Count::TcpRefused, "tcp_refused"),
    (Count::TcpClosed, "tcp_closed"),
    (Count::Unavailable, "unavailable"),
    (Count::Merged, "merged"),
    (Count::NoDialog, "no_dialog"),
    (Count::NoCodec, "no_codec"),
    (Count::NoAck, "no_ack"),
    (Count::SessionExpired, "session_expired"),
    (Count::CallBusy, "call_busy"),
    (Count::SendFailed, "send_failed"),
    (Count::Calls, "calls_total"),
    (Count::Dialled, "dialled_total"),
    (Count::Forked, "forked"),
];

/// Counts of what was dropped or refused, by word; for `/metrics`.
#[derive(Default)]
pub struct Counters {
    counts: [AtomicU64; WORDS.len()],
    house: OnceLock<Weak<House>>,
}

impl Counters {
    /// Every counter with its present value, and the present sizes of the tables: `calls`,
    /// `dialogs`, `merge_keys`, `transactions`, `transactions_finished`, `acks_awaited`,
    /// `tcp_connections`, `setups`.
    pub fn read(&self) -> Vec<(&'static str, u64)> {
        let counted = WORDS
            .iter()
            .map(|&(count, word)| (word, self.counts[count as usize].load(Ordering::Relaxed)));
        let mut all: Vec<_> = counted.collect();
        if let Some(house) = self.house.get().and_then(Weak::upgrade) {
            all.extend(house.table_sizes());
        }
        all
    }

    /// The present value of one word, or 0 when there is no such word.
    pub fn get(&self, word: &str) -> u64 {
        let all = self.read();
        all.iter().find(|(w, _)| *w == word).map_or(0, |(_, n)| *n)
    }

    pub(crate) fn add(&self, count: Count) {
        self.counts[count as usize].fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn watch(&self, house: Weak<House>) {
        // A second house cannot be: each start makes its own counters.
        let _ = self.house.set(house);
    }
}

impl fmt::Debug for Counters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.read()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_stands_at_its_own_place() {
        for (place, (count, _)) in WORDS.iter().enumerate() {
            assert_eq!(*count as usize, place);
        }
    }

    #[test]
    fn counting() {
        let counters = Counters::default();
        counters.add(Count::Merged);
        counters.add(Count::Merged);
        assert_eq!(counters.get("merged"), 2);
        assert_eq!(counters.get("malformed"), 0);
        assert_eq!(counters.get("no such word"), 0);
    }
}
