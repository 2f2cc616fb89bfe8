//! Which recordings are due to be deleted. Pure: times in, a list out; deletes nothing itself, so
//! that a dry run and a real one are the same call.

use crate::RecordingId;

const DAY_MS: u64 = 24 * 60 * 60 * 1_000;

/// How long a recording is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// Days after it ended.
    Days(u32),
    /// Until somebody lets it go (legal hold).
    Held,
}

/// A recording as the catalogue knows it. One that is still in progress is not to be listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// which
    pub id: RecordingId,
    /// when its last stretch ended, ms since the Unix epoch
    pub ended_at_ms: u64,
    /// how long it is kept
    pub keep: Keep,
}

/// What is known of the time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clock {
    /// what the clock of the machine says, ms since the Unix epoch
    pub now_ms: u64,
    /// the newest time that anything in the ledger bears; whoever deletes writes a row at every
    /// run, so that this is never much older than the time between two runs
    pub newest_known_ms: u64,
    /// the machine may have been off for so long; a clock further ahead than this is wrong
    pub jump_days_max: u32,
}

/// Why the clock is not believed, and so nothing is deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClockDoubt {
    /// Time has gone back.
    #[error("the clock is {by_ms} ms behind the newest entry of the ledger; nothing is deleted")]
    Behind {
        /// by how much
        by_ms: u64,
    },
    /// Time has jumped ahead.
    #[error("the clock is {days} days ahead of the newest entry of the ledger; nothing is deleted")]
    Ahead {
        /// by how much
        days: u64,
    },
}

/// The recordings whose days are over, longest over first.
///
/// # Errors
/// When the clock is not to be believed: then nothing is due.
pub fn due(candidates: &[Candidate], clock: Clock) -> Result<Vec<&Candidate>, ClockDoubt> {
    let Some(ahead_ms) = clock.now_ms.checked_sub(clock.newest_known_ms) else {
        let by_ms = clock.newest_known_ms - clock.now_ms;
        return Err(ClockDoubt::Behind { by_ms });
    };
    if ahead_ms > u64::from(clock.jump_days_max) * DAY_MS {
        let days = ahead_ms / DAY_MS;
        return Err(ClockDoubt::Ahead { days });
    }
    let mut over: Vec<(u64, &Candidate)> = candidates
        .iter()
        .filter_map(|c| Some((due_at_ms(c)?, c)))
        .filter(|(due_ms, _)| *due_ms <= clock.now_ms)
        .collect();
    over.sort_by_key(|(due_ms, _)| *due_ms);
    Ok(over.into_iter().map(|(_, candidate)| candidate).collect())
}

/// When a recording's days are over, ms since the Unix epoch; nothing when it is held.
pub fn due_at_ms(candidate: &Candidate) -> Option<u64> {
    match candidate.keep {
        Keep::Held => None,
        Keep::Days(days) => Some(
            candidate
                .ended_at_ms
                .saturating_add(u64::from(days) * DAY_MS),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW_DAYS: u64 = 20_000;

    fn candidate(id: &str, ended_day: u64, keep: Keep) -> Candidate {
        Candidate {
            id: RecordingId(id.into()),
            ended_at_ms: ended_day * DAY_MS,
            keep,
        }
    }

    fn check(newest_day: u64, expected: Result<&[&str], ClockDoubt>) {
        let candidates = [
            candidate("today", NOW_DAYS, Keep::Days(365)),
            candidate("a day left", NOW_DAYS - 364, Keep::Days(365)),
            candidate("just over", NOW_DAYS - 365, Keep::Days(365)),
            candidate("long over", NOW_DAYS - 900, Keep::Days(365)),
            candidate("held", NOW_DAYS - 900, Keep::Held),
            candidate("short", NOW_DAYS - 8, Keep::Days(7)),
            candidate("for ever", 0, Keep::Days(u32::MAX)),
        ];
        let clock = Clock {
            now_ms: NOW_DAYS * DAY_MS,
            newest_known_ms: newest_day * DAY_MS,
            jump_days_max: 30,
        };
        let ids = due(&candidates, clock)
            .map(|due| due.into_iter().map(|c| c.id.0.clone()).collect::<Vec<_>>());
        assert_eq!(
            ids,
            expected.map(|ids| ids.iter().map(|id| (*id).into()).collect())
        );
    }

    #[test]
    fn days_and_clocks() {
        let due: Result<&[&str], _> = Ok(&["long over", "short", "just over"]);
        check(NOW_DAYS, due);
        check(NOW_DAYS - 30, due);
        check(NOW_DAYS - 31, Err(ClockDoubt::Ahead { days: 31 }));
        check(NOW_DAYS + 1, Err(ClockDoubt::Behind { by_ms: DAY_MS }));
    }

    #[test]
    fn the_doubt_is_told_in_words() {
        let words = ClockDoubt::Ahead { days: 400 }.to_string();
        assert!(words.contains("400 days ahead") && words.contains("nothing is deleted"));
    }
}
