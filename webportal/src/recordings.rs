//! Recordings: the list, renaming, hold, deletion. Their sound is served elsewhere.

use std::path::PathBuf;
use std::sync::Arc;

use askama::Template;
use axum::Form;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use confab_store::{RecordingRow, StoreError};
use serde::Deserialize;

use crate::app::{App, now_ms};
use crate::frame::{self, Frame, Section};
use crate::trouble::Trouble;
use crate::visitor::Visitor;
use crate::when::{Moment, timer};
use crate::words;

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;
/// Recordings on a page.
const PAGE_ROWS: usize = 30;
const TITLE_CHARS_MAX: usize = 120;

#[derive(Template)]
#[template(path = "recordings.html")]
struct RecordingsPage {
    frame: Frame,
    rows: Vec<RecordingView>,
    keep_days: u32,
    page: usize,
    pages: usize,
}

impl RecordingsPage {
    /// Its sound can be heard.
    fn plays(&self, row: &RecordingView) -> bool {
        matches!(row.fate, Fate::Running(_) | Fate::Kept(_))
    }

    /// Its conference goes on, so that it may not be deleted yet.
    fn is_running(&self, row: &RecordingView) -> bool {
        matches!(row.fate, Fate::Running(_))
    }

    /// There is nothing that could be done with it.
    fn is_gone(&self, row: &RecordingView) -> bool {
        matches!(row.fate, Fate::Deleted(..))
    }
}

struct RecordingView {
    id: String,
    title: String,
    shown_title: String,
    room: String,
    conference: String,
    started: Moment,
    length: String,
    size: String,
    fate: Fate,
    held: bool,
}

/// What can be done with a recording now.
enum Fate {
    /// The conference goes on; true: it is being recorded at this moment.
    Running(bool),
    /// Kept, so many days still; none: on hold.
    Kept(Option<String>),
    /// The file should be there and is not.
    Missing,
    /// Deleted: when, and why in words.
    Deleted(Moment, &'static str),
}

#[derive(Debug, Default, Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    page: String,
}

/// GET /recordings
pub(crate) async fn list(
    visitor: Visitor,
    State(app): State<Arc<App>>,
    Query(asked): Query<Asked>,
) -> Result<Response, Trouble> {
    let rooms = app.rooms_of(&visitor.user).await?;
    let rooms: Vec<_> = rooms.into_iter().map(|room| room.number).collect();
    let found = app.portal.store.recordings(&rooms).await?;
    let pages = found.len().div_ceil(PAGE_ROWS).max(1);
    let page = asked.page.parse().unwrap_or(1).clamp(1, pages);
    let mut rows = vec![];
    for row in found
        .into_iter()
        .skip((page - 1) * PAGE_ROWS)
        .take(PAGE_ROWS)
    {
        rows.push(view(&app, &visitor, row).await);
    }
    Ok(frame::html(&RecordingsPage {
        frame: Frame::of(&visitor, Section::Recordings, "Recordings"),
        rows,
        keep_days: app.hints.keep_days,
        page,
        pages,
    }))
}

async fn view(app: &App, visitor: &Visitor, row: RecordingRow) -> RecordingView {
    let on_disk = tokio::fs::metadata(file_of(app, &row)).await.ok();
    let running = app.running().get(&row.conference).copied();
    let fate = match (&row.deleted, running, &on_disk) {
        (Some((at_ms, why)), _, _) => {
            Fate::Deleted(visitor.zone.moment(*at_ms), words::deletion(why))
        }
        (None, Some(recorded), _) => Fate::Running(recorded),
        (None, None, None) => Fate::Missing,
        (None, None, Some(_)) => Fate::Kept(days_left(app, &row)),
    };
    let bytes = on_disk.map_or(row.bytes, |file| {
        i64::try_from(file.len()).unwrap_or(i64::MAX)
    });
    RecordingView {
        shown_title: shown_title(&row),
        started: visitor.zone.moment(row.started_ms),
        length: timer(row.duration_ms),
        size: words::size(bytes),
        fate,
        held: row.held,
        id: row.id,
        title: row.title,
        room: row.room,
        conference: row.conference,
    }
}

fn days_left(app: &App, row: &RecordingRow) -> Option<String> {
    if row.held {
        return None;
    }
    let ends_ms = row.started_ms + row.duration_ms + i64::from(app.hints.keep_days) * DAY_MS;
    // A day that has begun counts: nobody reads 364 of 365 beside a recording just made.
    let left = (ends_ms - now_ms() + DAY_MS - 1).max(0) / DAY_MS;
    Some(words::count(left, "day"))
}

/// The title, or what says where it was made.
pub(crate) fn shown_title(row: &RecordingRow) -> String {
    if row.title.is_empty() {
        format!("Conference in room {}", row.room)
    } else {
        row.title.clone()
    }
}

/// Where its file is.
pub(crate) fn file_of(app: &App, row: &RecordingRow) -> PathBuf {
    app.portal.recordings_dir.join(format!("{}.mp3", row.id))
}

/// A recording of a room this visitor may see.
pub(crate) async fn recording_of(
    app: &App,
    visitor: &Visitor,
    id: &str,
) -> Result<RecordingRow, Trouble> {
    let row = app
        .portal
        .store
        .recording(id)
        .await?
        .ok_or(Trouble::NotFound)?;
    app.room_of(&visitor.user, &row.room).await?;
    Ok(row)
}

fn back(query: &str, id: &str) -> Response {
    Redirect::to(&format!("/recordings?{query}#{id}")).into_response()
}

#[derive(Deserialize)]
pub(crate) struct TitleForm {
    title: String,
}

/// POST /recordings/{recording}/title
pub(crate) async fn title(
    visitor: Visitor,
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    Form(form): Form<TitleForm>,
) -> Result<Response, Trouble> {
    let row = recording_of(&app, &visitor, &id).await?;
    let title: String = form.title.chars().filter(|c| !c.is_control()).collect();
    let title = title.trim();
    if title.chars().count() > TITLE_CHARS_MAX {
        return Ok(back("refused=title", &row.id));
    }
    app.portal.store.title_recording(&row.id, title).await?;
    Ok(back("done=title", &row.id))
}

#[derive(Deserialize)]
pub(crate) struct HoldForm {
    held: bool,
}

/// POST /recordings/{recording}/hold
pub(crate) async fn hold(
    visitor: Visitor,
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    Form(form): Form<HoldForm>,
) -> Result<Response, Trouble> {
    let row = recording_of(&app, &visitor, &id).await?;
    app.portal.store.hold_recording(&row.id, form.held).await?;
    Ok(back(
        if form.held {
            "done=held"
        } else {
            "done=released"
        },
        &row.id,
    ))
}

/// POST /recordings/{recording}/delete
pub(crate) async fn delete(
    visitor: Visitor,
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
) -> Result<Response, Trouble> {
    let row = recording_of(&app, &visitor, &id).await?;
    if app.running().contains_key(&row.conference) {
        return Ok(back("refused=running", &row.id));
    }
    // The row says so first: a file without a row would be found by nobody, and the hold is
    // checked by the database in the same breath.
    match app
        .portal
        .store
        .mark_recording_deleted(&row.id, now_ms(), "host")
        .await
    {
        Err(StoreError::Invalid(_)) => return Ok(back("refused=held", &row.id)),
        marked => marked?,
    }
    let path = file_of(&app, &row);
    match tokio::fs::remove_file(&path).await {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            tracing::error!(recording = row.id, %error, "the file of a deleted recording stays");
        }
        _ => tracing::info!(
            recording = row.id,
            by = visitor.user.email,
            "recording deleted"
        ),
    }
    Ok(back("done=deleted", &row.id))
}
