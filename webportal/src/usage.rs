//! Usage: conferences of a time, each with its callers; on pages and as CSV.

use std::sync::Arc;

use askama::Template;
use axum::Form;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use confab_core::ids::RoomNumber;
use confab_store::{CallRow, ConferenceRow};
use serde::Deserialize;

use crate::app::{App, now_ms};
use crate::chart::Chart;
use crate::csv::Csv;
use crate::frame::{self, Frame, Section};
use crate::order::is_billing_code;
use crate::period::{Asked, Period};
use crate::trouble::Trouble;
use crate::visitor::Visitor;
use crate::when::{Moment, Zone, iso, minutes, timer};
use crate::words;

/// Rows on a page; the CSV file has all.
const ROWS_MAX: usize = 500;

#[derive(Template)]
#[template(path = "usage.html")]
struct UsagePage {
    frame: Frame,
    period: Period,
    chart: Chart,
    rows: Vec<ConferenceView>,
    total: Total,
    left_out: usize,
    many_rooms: bool,
}

struct Total {
    conferences: String,
    callers: i64,
    minutes: String,
}

struct ConferenceView {
    id: String,
    room: String,
    started: Moment,
    ended: Option<Moment>,
    lasted: String,
    /// orders by how long it lasted
    lasted_ms: i64,
    callers: i64,
    caller_ms: i64,
    minutes: String,
    billing_code: String,
    end: &'static str,
    recording: Option<String>,
}

impl ConferenceView {
    fn of(row: ConferenceRow, zone: &Zone, now_ms: i64) -> Self {
        let lasted_ms = row.ended_ms.unwrap_or(now_ms) - row.started_ms;
        Self {
            started: zone.moment(row.started_ms),
            ended: row.ended_ms.map(|at| zone.moment(at)),
            lasted: timer(lasted_ms),
            lasted_ms,
            minutes: minutes(row.caller_ms),
            end: words::conference_end(row.ended_ms.and(row.end_reason.as_deref().or(Some("")))),
            billing_code: row.billing_code.unwrap_or_default(),
            id: row.id,
            room: row.room,
            callers: row.callers,
            caller_ms: row.caller_ms,
            recording: row.recording,
        }
    }
}

/// GET /usage
pub(crate) async fn list(
    visitor: Visitor,
    State(app): State<Arc<App>>,
    Query(asked): Query<Asked>,
) -> Result<Response, Trouble> {
    let now_ms = now_ms();
    let period = Period::of(&asked, &visitor.zone, now_ms);
    let (rooms, mut found) = conferences(&app, &visitor, &period, now_ms).await?;
    let used: Vec<_> = found
        .iter()
        .map(|row| (row.started_ms, row.caller_ms))
        .collect();
    let total = Total {
        conferences: words::count(found.len(), "conference"),
        callers: found.iter().map(|row| row.callers).sum(),
        minutes: minutes(found.iter().map(|row| row.caller_ms).sum()),
    };
    let left_out = found.len().saturating_sub(ROWS_MAX);
    found.truncate(ROWS_MAX);
    let view = |row| ConferenceView::of(row, &visitor.zone, now_ms);
    Ok(frame::html(&UsagePage {
        frame: Frame::of(&visitor, Section::Usage, "Usage"),
        chart: Chart::of(&period, &visitor.zone, &used),
        period,
        rows: found.into_iter().map(view).collect(),
        total,
        left_out,
        many_rooms: rooms.len() > 1,
    }))
}

/// GET /usage/conferences.csv
pub(crate) async fn list_csv(
    visitor: Visitor,
    State(app): State<Arc<App>>,
    Query(asked): Query<Asked>,
) -> Result<Response, Trouble> {
    let now_ms = now_ms();
    let period = Period::of(&asked, &visitor.zone, now_ms);
    let (_, found) = conferences(&app, &visitor, &period, now_ms).await?;
    let mut csv = Csv::new(&[
        "conference",
        "room",
        "started",
        "ended",
        "callers",
        "caller_minutes",
        "billing_code",
        "ended_because",
    ]);
    for row in found {
        csv.line(&[
            row.id.clone(),
            row.room.clone(),
            iso(row.started_ms),
            row.ended_ms.map(iso).unwrap_or_default(),
            row.callers.to_string(),
            minutes(row.caller_ms),
            row.billing_code.clone().unwrap_or_default(),
            ConferenceView::of(row, &visitor.zone, now_ms)
                .end
                .to_owned(),
        ]);
    }
    Ok(csv.download(&format!("conferences {} to {}.csv", period.from, period.to)))
}

/// The visitor's rooms and the conferences held in them.
pub(crate) async fn conferences(
    app: &App,
    visitor: &Visitor,
    period: &Period,
    now_ms: i64,
) -> Result<(Vec<RoomNumber>, Vec<ConferenceRow>), Trouble> {
    let rooms = app.rooms_of(&visitor.user).await?;
    let rooms: Vec<_> = rooms.into_iter().map(|room| room.number).collect();
    let (from, to) = (period.first_ms(), period.end_ms());
    let found = app
        .portal
        .store
        .conferences(&rooms, from, to, now_ms)
        .await?;
    Ok((rooms, found))
}

#[derive(Template)]
#[template(path = "conference.html")]
struct ConferencePage {
    frame: Frame,
    conference: ConferenceView,
    calls: Vec<CallView>,
    error: Option<String>,
    typed_code: String,
    codes: Vec<(String, String)>,
}

struct CallView {
    number: String,
    name: String,
    host: bool,
    dialled: String,
    /// call type and country, in words
    way: String,
    joined: Option<Moment>,
    joined_ms: i64,
    left: Option<Moment>,
    left_ms: i64,
    length_ms: i64,
    minutes: String,
    end: &'static str,
}

impl CallView {
    /// `until_ms`: until when a call without an end is counted.
    fn of(row: CallRow, zone: &Zone, until_ms: i64) -> Self {
        let joined_ms = row.joined_ms.unwrap_or(row.started_ms);
        let length_ms = match row.joined_ms {
            Some(joined) => row.ended_ms.unwrap_or(until_ms) - joined,
            None => 0,
        };
        Self {
            number: words::number(row.caller_number),
            name: row.caller_name,
            host: row.host,
            dialled: row.dialled,
            way: words::call_way(&row.call_type, &row.country),
            joined: row.joined_ms.map(|at| zone.clock(at)),
            joined_ms,
            left: row.ended_ms.map(|at| zone.clock(at)),
            left_ms: row.ended_ms.unwrap_or(i64::MAX),
            length_ms,
            minutes: minutes(length_ms),
            end: words::call_end(row.ended_ms.and(row.end_reason.as_deref().or(Some("")))),
        }
    }
}

/// GET /usage/{conference}
pub(crate) async fn one(
    visitor: Visitor,
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
) -> Result<Response, Trouble> {
    show(&app, &visitor, &id, None).await
}

async fn show(
    app: &App,
    visitor: &Visitor,
    id: &str,
    wrong: Option<(String, String)>,
) -> Result<Response, Trouble> {
    let now_ms = now_ms();
    let conference = conference_of(app, visitor, id, now_ms).await?;
    let until_ms = conference.ended_ms.unwrap_or(now_ms);
    let calls = app.portal.store.calls_of(id).await?;
    let view = |row| CallView::of(row, &visitor.zone, until_ms);
    let (typed_code, error) = wrong.unzip();
    let owner = app.room_of(&visitor.user, &conference.room).await?.owner;
    let codes = app
        .portal
        .store
        .billing_codes(&owner, now_ms, now_ms, now_ms)
        .await?;
    Ok(frame::html(&ConferencePage {
        frame: Frame::of(
            visitor,
            Section::Usage,
            format!("Conference in room {}", conference.room),
        ),
        typed_code: typed_code
            .unwrap_or_else(|| conference.billing_code.clone().unwrap_or_default()),
        conference: ConferenceView::of(conference, &visitor.zone, now_ms),
        calls: calls.into_iter().map(view).collect(),
        error,
        codes: codes
            .into_iter()
            .map(|code| (code.code, code.name))
            .collect(),
    }))
}

/// GET /usage/{conference}/callers.csv
pub(crate) async fn one_csv(
    visitor: Visitor,
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
) -> Result<Response, Trouble> {
    let now_ms = now_ms();
    let conference = conference_of(&app, &visitor, &id, now_ms).await?;
    let until_ms = conference.ended_ms.unwrap_or(now_ms);
    let mut csv = Csv::new(&[
        "number",
        "name",
        "role",
        "dialled",
        "call_type",
        "country",
        "joined",
        "left",
        "minutes",
        "ended_because",
    ]);
    for row in app.portal.store.calls_of(&id).await? {
        let (joined, left) = (row.joined_ms.map(iso), row.ended_ms.map(iso));
        let (call_type, country) = (row.call_type.clone(), row.country.clone());
        let view = CallView::of(row, &visitor.zone, until_ms);
        csv.line(&[
            view.number,
            view.name,
            if view.host { "host" } else { "guest" }.to_owned(),
            view.dialled,
            call_type,
            country,
            joined.unwrap_or_default(),
            left.unwrap_or_default(),
            view.minutes,
            view.end.to_owned(),
        ]);
    }
    let began = Zone::default().file_name(conference.started_ms);
    Ok(csv.download(&format!("callers room {} {began}.csv", conference.room)))
}

#[derive(Deserialize)]
pub(crate) struct BillForm {
    code: String,
}

/// POST /usage/{conference}/billing-code
pub(crate) async fn bill(
    visitor: Visitor,
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    Form(form): Form<BillForm>,
) -> Result<Response, Trouble> {
    conference_of(&app, &visitor, &id, now_ms()).await?;
    let code = form.code.trim();
    if !is_billing_code(code) {
        let error = "A billing code has 2 to 20 digits.".to_owned();
        let page = show(&app, &visitor, &id, Some((code.to_owned(), error))).await?;
        return Ok((axum::http::StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
    }
    app.portal.store.bill_conference(&id, code).await?;
    Ok(Redirect::to(&format!("/usage/{id}?done=billed")).into_response())
}

/// A conference in a room this visitor may see.
async fn conference_of(
    app: &App,
    visitor: &Visitor,
    id: &str,
    now_ms: i64,
) -> Result<ConferenceRow, Trouble> {
    let found = app
        .portal
        .store
        .conference(id, now_ms)
        .await?
        .ok_or(Trouble::NotFound)?;
    app.room_of(&visitor.user, &found.room).await?;
    Ok(found)
}
