//! How calls came up: what was sent, what was answered, how long it took.

use std::time::Duration;

use serde_json::{Value, json};

use crate::tally::percentile_ms;

/// Of a server that has too much to do (RFC 3261, 21.5.4).
const SERVICE_UNAVAILABLE: u16 = 503;

/// One call's.
#[derive(Clone, Copy, Debug, Default)]
pub struct SetUp {
    /// INVITEs sent, again and again
    pub invites: u32,
    /// the first final answer, and how long after the first INVITE it was read
    pub answer: Option<(u16, Duration)>,
    /// final answers that came again
    pub answers_again: u32,
}

/// Those of a crowd.
#[derive(Clone, Debug, Default)]
pub struct SetUps {
    pub dialled: usize,
    pub answered: usize,
    /// by 503
    pub busy: usize,
    /// by anything else
    pub refused: usize,
    /// no final answer at all
    pub unanswered: usize,
    pub invites_again: u32,
    pub answers_again: u32,
    /// of those answered, in nanoseconds
    waits_ns: Vec<u64>,
}

impl SetUps {
    /// Of all these calls that have been dialled.
    pub fn of(all: impl Iterator<Item = SetUp>) -> Self {
        let mut sum = Self::default();
        for one in all.filter(|one| one.invites > 0) {
            sum.dialled += 1;
            sum.invites_again += one.invites - 1;
            sum.answers_again += one.answers_again;
            match one.answer {
                None => sum.unanswered += 1,
                Some((200..300, wait)) => {
                    sum.answered += 1;
                    sum.waits_ns.push(wait.as_nanos() as u64);
                }
                Some((SERVICE_UNAVAILABLE, _)) => sum.busy += 1,
                Some(_) => sum.refused += 1,
            }
        }
        sum
    }

    /// The wait for a 200 that `percent` of all stay under, in milliseconds.
    pub fn wait_ms(&self, percent: usize) -> Option<f64> {
        percentile_ms(&self.waits_ns, percent)
    }

    /// The wait for a 200 of the first call of all.
    pub fn first_ms(&self) -> Option<f64> {
        percentile_ms(self.waits_ns.get(..1)?, 100)
    }

    /// For programs.
    pub fn json(&self) -> Value {
        json!({
            "dialled": self.dialled,
            "answered": self.answered,
            "refused_503": self.busy,
            "refused_otherwise": self.refused,
            "unanswered": self.unanswered,
            "invites_again": self.invites_again,
            "answers_again": self.answers_again,
            "answer_first_ms": self.first_ms(),
            "answer_median_ms": self.wait_ms(50),
            "answer_p99_ms": self.wait_ms(99),
            "answer_max_ms": self.wait_ms(100),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn set_ups_are_told_apart() {
        let one = |invites, status: u16, ms| SetUp {
            invites,
            answer: (status > 0).then_some((status, Duration::from_millis(ms))),
            answers_again: u32::from(invites == 3),
        };
        let calls = [
            one(1, 200, 5),
            one(3, 200, 1_600),
            one(1, 503, 1),
            one(1, 486, 1),
            one(7, 0, 0),
            one(0, 0, 0),
        ];
        let sum = SetUps::of(calls.into_iter());
        assert_eq!((sum.dialled, sum.answered, sum.unanswered), (5, 2, 1));
        assert_eq!((sum.busy, sum.refused), (1, 1));
        assert_eq!((sum.invites_again, sum.answers_again), (8, 1));
        assert_eq!(
            (sum.first_ms(), sum.wait_ms(100)),
            (Some(5.0), Some(1_600.0))
        );
        assert_eq!(SetUps::default().wait_ms(50), None);
    }
}
