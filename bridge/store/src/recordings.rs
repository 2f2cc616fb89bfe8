//! The catalogue of recordings. The files themselves belong to the recorder.

use confab_core::ids::RoomNumber;

use crate::Store;
use crate::db::{Sql, args};
use crate::error::{Result, StoreError, one_row};
use crate::row::columns;
use crate::text::check_line;
use crate::usage::{per_room_list, room_list};

/// A recording as its pages show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordingRow {
    /// UUIDv7; the file is `ID.mp3`
    pub id: String,
    /// of which conference
    pub conference: String,
    /// in which room
    pub room: String,
    /// given title, or empty
    pub title: String,
    /// ms
    pub started_ms: i64,
    /// sound in it, ms (as of the last stop)
    pub duration_ms: i64,
    /// bytes (as of the last stop)
    pub bytes: i64,
    /// may not be deleted
    pub held: bool,
    /// when and why the file was deleted (`retention`, `host`), if it was
    pub deleted: Option<(i64, String)>,
}

/// Somebody was told that it recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordingNotice {
    /// id of the call that was told
    pub call: String,
    /// when, ms
    pub at_ms: i64,
}

columns!(RecordingNotice: call, at_ms);

/// A recording of which more may be on the disk than the ledger was told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnstoppedRecording {
    /// UUIDv7; the file is `ID.mp3`
    pub id: String,
    /// ms
    pub started_ms: i64,
    /// when its last stretch was closed, ms; none when none ever was
    pub stopped_ms: Option<i64>,
    /// sound in it at that time, ms
    pub duration_ms: i64,
    /// its size at that time
    pub bytes: i64,
}

columns!(UnstoppedRecording: id, started_ms, stopped_ms, duration_ms, bytes);

macro_rules! select {
    ($join:literal, $rest:literal) => {
        concat!(
            "SELECT r.id, r.conference, COALESCE(c.room, '') AS room, r.title, r.started_ms, \
             r.duration_ms, r.bytes, r.held, r.deleted_ms, r.deleted_why \
             FROM recordings r ",
            $join,
            " conferences c ON c.id = r.conference ",
            $rest
        )
    };
}

impl Store {
    /// Recordings of these rooms, newest first, deleted ones among them.
    pub async fn recordings(&self, rooms: &[RoomNumber]) -> Result<Vec<RecordingRow>> {
        let rows: Vec<Kept> = self.db.all(RECORDINGS, args![room_list(rooms)]).await?;
        Ok(rows.into_iter().map(RecordingRow::from).collect())
    }

    /// One recording.
    pub async fn recording(&self, id: &str) -> Result<Option<RecordingRow>> {
        let row: Option<Kept> = self.db.one(ONE_RECORDING, args![id]).await?;
        Ok(row.map(RecordingRow::from))
    }

    /// Those that began before `before_ms`, are not held and not deleted, oldest first.
    pub async fn recordings_due(&self, before_ms: i64) -> Result<Vec<RecordingRow>> {
        let rows: Vec<Kept> = self.db.all(RECORDINGS_DUE, args![before_ms]).await?;
        Ok(rows.into_iter().map(RecordingRow::from).collect())
    }

    /// Those not deleted that were never stopped, or whose conference has no end: asked at start,
    /// before [`Store::close_unfinished`], these are what a crash may have interrupted.
    pub async fn recordings_unstopped(&self) -> Result<Vec<UnstoppedRecording>> {
        Ok(self.db.all(RECORDINGS_UNSTOPPED, args![]).await?)
    }

    /// Says that the file is gone, when and why (`retention`, `host`). The row stays. Said before
    /// the file is removed, it is also the last check of the hold: a held one is
    /// [`StoreError::Invalid`]. Said again, the first time counts.
    pub async fn mark_recording_deleted(&self, id: &str, at_ms: i64, why: &str) -> Result<()> {
        let sql = "UPDATE recordings SET deleted_ms = $2, deleted_why = $3 \
                   WHERE id = $1 AND deleted_ms IS NULL AND NOT held";
        if self.db.run(sql, args![id, at_ms, why]).await? > 0 {
            return Ok(());
        }
        match self.recording(id).await? {
            None => Err(StoreError::Missing(called(id))),
            Some(row) if row.deleted.is_none() => {
                Err(StoreError::Invalid(format!("{} is held", called(id))))
            }
            Some(_) => Ok(()),
        }
    }

    /// Gives it a title of up to 120 characters.
    pub async fn title_recording(&self, id: &str, title: &str) -> Result<()> {
        let title = check_line("a title", title, TITLE_CHARS_MAX)?;
        let sql = "UPDATE recordings SET title = $2 WHERE id = $1";
        let changed = self.db.run(sql, args![id, title]).await?;
        one_row(changed, || called(id))
    }

    /// Legal hold on or off.
    pub async fn hold_recording(&self, id: &str, held: bool) -> Result<()> {
        let sql = "UPDATE recordings SET held = $2 WHERE id = $1";
        let changed = self.db.run(sql, args![id, held]).await?;
        one_row(changed, || called(id))
    }

    /// Who was told that it recorded, in order of time.
    pub async fn recording_notices(&self, id: &str) -> Result<Vec<RecordingNotice>> {
        Ok(self.db.all(NOTICES, args![id]).await?)
    }
}

fn called(id: &str) -> String {
    format!("recording {id}")
}

struct Kept {
    id: String,
    conference: String,
    room: String,
    title: String,
    started_ms: i64,
    duration_ms: i64,
    bytes: i64,
    held: bool,
    deleted_ms: Option<i64>,
    deleted_why: Option<String>,
}

columns!(
    Kept:
    id, conference, room, title, started_ms, duration_ms, bytes, held, deleted_ms, deleted_why,
);

impl From<Kept> for RecordingRow {
    fn from(kept: Kept) -> Self {
        Self {
            id: kept.id,
            conference: kept.conference,
            room: kept.room,
            title: kept.title,
            started_ms: kept.started_ms,
            duration_ms: kept.duration_ms,
            bytes: kept.bytes,
            held: kept.held,
            deleted: kept
                .deleted_ms
                .map(|at_ms| (at_ms, kept.deleted_why.unwrap_or_default())),
        }
    }
}

const TITLE_CHARS_MAX: usize = 120;
pub(crate) const RECORDINGS: Sql = per_room_list!(
    select!("JOIN", "WHERE c.room IN "),
    " ORDER BY r.started_ms DESC, r.id DESC"
);
pub(crate) const ONE_RECORDING: &str = select!("LEFT JOIN", "WHERE r.id = $1");
/// LEFT: one whose conference is unknown must not stay on the disk for ever.
pub(crate) const RECORDINGS_DUE: &str = select!(
    "LEFT JOIN",
    "WHERE r.deleted_ms IS NULL AND NOT r.held AND r.started_ms < $1 ORDER BY r.started_ms, r.id"
);
const RECORDINGS_UNSTOPPED: &str = "SELECT r.id, r.started_ms, r.stopped_ms, r.duration_ms, r.bytes \
     FROM recordings r LEFT JOIN conferences c ON c.id = r.conference \
     WHERE r.deleted_ms IS NULL \
         AND (r.stopped_ms IS NULL OR (c.id IS NOT NULL AND c.ended_ms IS NULL)) ORDER BY r.id";
pub(crate) const NOTICES: &str = "SELECT call_id AS call, at_ms FROM recording_notices \
     WHERE recording = $1 ORDER BY at_ms, call_id";
