//! The janitor: deletes recordings whose time has come, each with a row that says so.
//!
//! It trusts no clock blindly: when now lies before, or implausibly long after, the newest thing
//! that the database knows, nothing is deleted and the reason is told.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use confab_recorder::RecordingId;
use confab_recorder::retention::{self, Candidate, Keep};
use confab_store::{RecordingRow, Store};
use tokio_util::sync::CancellationToken;

use crate::clock::{Clock, ms};

/// How often the server looks.
const EVERY: Duration = Duration::from_secs(60 * 60);
/// A clock further ahead of the newest ledger entry than this is held to be wrong: hardly any
/// service is silent for a season, and a recording that is deleted late harms nobody.
const JUMP_DAYS_MAX: u32 = 90;
/// Two machines are never quite of one mind about the time: this far behind is no jump.
const SKEW_MS: i64 = 60 * 60 * 1000;
const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// How a round is done.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// how long recordings are kept
    pub keep_days: u32,
    /// now, ms since the Unix epoch
    pub now_ms: i64,
    /// an operator says that the clock is right, whatever the ledger looks like
    pub trust_clock: bool,
    /// delete, or only say
    pub mode: Mode,
}

/// Whether to delete or only to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Delete.
    Delete,
    /// Only say what would be deleted.
    DryRun,
}

/// What a round did, or would do.
#[derive(Debug, Default)]
pub struct Sweep {
    /// ids of the recordings
    pub deleted: Vec<String>,
    /// why nothing may be deleted now
    pub refused: Option<String>,
}

/// One round over all recordings.
///
/// # Errors
/// When the database is away or a file cannot be removed; what was done before stays done.
pub async fn sweep(store: &Store, dir: &Path, rules: Rules) -> anyhow::Result<Sweep> {
    let newest_ms = store.newest_ledger_ms().await?.unwrap_or(rules.now_ms);
    let newest_ms = if newest_ms - rules.now_ms <= SKEW_MS {
        newest_ms.min(rules.now_ms)
    } else {
        newest_ms
    };
    let before_ms = rules.now_ms - i64::from(rules.keep_days) * DAY_MS;
    let rows = store.recordings_due(before_ms).await?;
    let candidates: Vec<Candidate> = rows
        .iter()
        .map(|row| candidate(row, rules.keep_days))
        .collect();
    let clock = retention::Clock {
        now_ms: rules.now_ms.unsigned_abs(),
        newest_known_ms: if rules.trust_clock {
            rules.now_ms
        } else {
            newest_ms
        }
        .unsigned_abs(),
        jump_days_max: JUMP_DAYS_MAX,
    };
    let due = match retention::due(&candidates, clock) {
        Ok(due) => due,
        Err(doubt) => {
            return Ok(Sweep {
                refused: Some(doubt.to_string()),
                ..Sweep::default()
            });
        }
    };
    if rules.mode == Mode::Delete {
        reconcile(store, dir).await?;
    }
    let mut sweep = Sweep::default();
    for RecordingId(id) in due.into_iter().map(|candidate| candidate.id.clone()) {
        if rules.mode == Mode::Delete {
            delete(store, dir, &id, rules.now_ms).await?;
        }
        sweep.deleted.push(id);
    }
    Ok(sweep)
}

fn candidate(row: &RecordingRow, keep_days: u32) -> Candidate {
    Candidate {
        id: RecordingId(row.id.clone()),
        ended_at_ms: (row.started_ms + row.duration_ms).unsigned_abs(),
        keep: if row.held {
            Keep::Held
        } else {
            Keep::Days(keep_days)
        },
    }
}

/// The row first: a hold that comes in between is refused or keeps the file, never neither.
async fn delete(store: &Store, dir: &Path, id: &str, now_ms: i64) -> anyhow::Result<()> {
    store
        .mark_recording_deleted(id, now_ms, "retention")
        .await?;
    remove_file(dir, id)
}

fn remove_file(dir: &Path, id: &str) -> anyhow::Result<()> {
    let path = dir.join(format!("{id}.mp3"));
    match std::fs::remove_file(&path) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
            Err(e).with_context(|| format!("{}", path.display()))
        }
        _ => Ok(()),
    }
}

/// Removes files whose rows say that they are gone: an earlier round, or a page, was cut off
/// between the row and the file.
async fn reconcile(store: &Store, dir: &Path) -> anyhow::Result<()> {
    let rooms: Vec<_> = store
        .rooms(None)
        .await?
        .into_iter()
        .map(|row| row.number)
        .collect();
    for row in store
        .recordings(&rooms)
        .await?
        .iter()
        .filter(|row| row.deleted.is_some())
    {
        remove_file(dir, &row.id)?;
    }
    Ok(())
}

/// Sweeps every hour until `stop`.
pub async fn run(
    store: Store,
    dir: PathBuf,
    keep_days: u32,
    clock: Clock,
    stop: CancellationToken,
) {
    while stop
        .run_until_cancelled(tokio::time::sleep(EVERY))
        .await
        .is_some()
    {
        let now_ms = ms(clock.now());
        let rules = Rules {
            keep_days,
            now_ms,
            trust_clock: false,
            mode: Mode::Delete,
        };
        match sweep(&store, &dir, rules).await {
            Ok(Sweep {
                refused: Some(why), ..
            }) => {
                tracing::warn!(why, "no recording was deleted");
            }
            Ok(sweep) if sweep.deleted.is_empty() => {}
            Ok(sweep) => tracing::info!(count = sweep.deleted.len(), "recordings were deleted"),
            Err(e) => tracing::error!(error = format!("{e:#}"), "recordings could not be deleted"),
        }
    }
}
