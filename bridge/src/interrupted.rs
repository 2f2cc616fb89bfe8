//! What an earlier run left open because it did not end well: recordings get the length and the
//! size of their files, calls and conferences an end. Done once at start, before the first call and
//! after the spool has been written. Changes no file.

use std::path::{Path, PathBuf};

use confab_recorder::RecordingId;
use confab_recorder::library::{Library, Measured};
use confab_store::{LedgerEntry, Store, UnstoppedRecording};

/// How much was closed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Closed {
    /// recordings whose files hold other than the ledger knew
    pub recordings: usize,
    /// calls and conferences without an end
    pub calls: u64,
}

/// Closes it. `alive_ms` is when the earlier run was last known to carry calls.
///
/// # Errors
/// When the database is away. A file that cannot be read is told in the log and left for the next
/// start: it must not keep the house from taking calls.
pub async fn close(
    store: &Store,
    recordings_dir: PathBuf,
    alive_ms: Option<i64>,
    now_ms: i64,
) -> anyhow::Result<Closed> {
    let open = store.recordings_unstopped().await?;
    let measure = move || stops(&recordings_dir, &open, now_ms);
    let stops = tokio::task::spawn_blocking(measure).await?;
    store.write_ledger(&stops).await?;
    // After the recordings: a conference lasted at least as long as the sound of it.
    let calls = store.close_unfinished(alive_ms, now_ms).await?;
    let recordings = stops.len();
    Ok(Closed { recordings, calls })
}

/// An entry for each recording whose file tells more than the ledger.
fn stops(dir: &Path, open: &[UnstoppedRecording], now_ms: i64) -> Vec<LedgerEntry> {
    let library = match Library::open(dir.to_owned()) {
        Ok(library) => library,
        Err(error) => {
            tracing::error!(%error, "recordings that were interrupted cannot be measured");
            return Vec::new();
        }
    };
    let stop = |row: &UnstoppedRecording| match library.measure(&RecordingId(row.id.clone())) {
        Ok(measured) => stopped(row, measured, now_ms),
        Err(error) => {
            tracing::error!(%error, "a recording that was interrupted cannot be measured");
            None
        }
    };
    open.iter().filter_map(stop).collect()
}

/// The stop that the crash kept from being told. Its time is when the sound ends that came after
/// the last one: the file's own time would be that of a copy once the folder was restored.
fn stopped(
    row: &UnstoppedRecording,
    measured: Option<Measured>,
    now_ms: i64,
) -> Option<LedgerEntry> {
    let whole = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    let (duration_ms, bytes) = match measured {
        Some(found) => (whole(found.duration_ms), whole(found.bytes)),
        // It was never begun, or somebody has taken it away: what was known of it stays.
        None if row.stopped_ms.is_some() => return None,
        None => (0, 0),
    };
    let known = (row.duration_ms, row.bytes);
    if row.stopped_ms.is_some() && known == (duration_ms, bytes) {
        return None;
    }
    let known_ms = row.stopped_ms.unwrap_or(row.started_ms);
    let ends_ms = known_ms.saturating_add((duration_ms - row.duration_ms).max(0));
    Some(LedgerEntry::RecordingStopped {
        recording: row.id.clone(),
        at_ms: ends_ms.min(now_ms.max(known_ms)),
        duration_ms,
        bytes,
    })
}
