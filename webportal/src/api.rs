//! The API, version 1: the rooms, their live state, commands and records as JSON. The core's types
//! know no JSON; what they are called outside is said here.

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::routing::{get, post};
use axum::{Json, Router};
use confab_core::event::Role;
use confab_core::fault::Fault;
use confab_core::snapshot::{
    Dial, DialOver, Knock, LegSnapshot, MuteState, RecordingState, RoomSnapshot, Standing,
};
use confab_store::{ConferenceRow, RecordingRow};
use serde_json::{Value, json};

use crate::app::{App, now_ms};
use crate::order::{self, Order};
use crate::period::{Asked, Period};
use crate::trouble::Trouble;
use crate::usage;
use crate::visitor::Visitor;
use crate::words;

type Answer = Result<Json<Value>, Trouble>;

/// Everything under `/api/v1`.
pub(crate) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/api/v1/rooms", get(rooms))
        .route("/api/v1/rooms/{room}", get(room))
        .route("/api/v1/rooms/{room}/commands", post(command))
        .route("/api/v1/conferences", get(conferences))
        .route("/api/v1/recordings", get(recordings))
}

/// The rooms, with how many are in each.
async fn rooms(visitor: Visitor, State(app): State<Arc<App>>) -> Answer {
    let rooms = app.rooms_of(&visitor.user).await?;
    let view = |room: confab_store::RoomRow| {
        let callers = app.snapshot(&room.number).map_or(0, |live| live.legs.len());
        json!({
            "number": room.number.as_str(),
            "owner": room.owner_email,
            "callers": callers,
        })
    };
    Ok(Json(
        json!({ "rooms": rooms.into_iter().map(view).collect::<Vec<_>>() }),
    ))
}

/// One room now; `conference` is null when nobody is in it.
async fn room(visitor: Visitor, State(app): State<Arc<App>>, Path(number): Path<String>) -> Answer {
    let room = app.room_of(&visitor.user, &number).await?;
    let live = app.snapshot(&room.number);
    let conference = live.as_deref().map_or(Value::Null, conference_now);
    Ok(Json(
        json!({ "number": room.number.as_str(), "conference": conference }),
    ))
}

fn conference_now(room: &RoomSnapshot) -> Value {
    let recording_since_ms = match room.recording {
        RecordingState::Off => None,
        RecordingState::On { since } => Some(since.0),
    };
    let knock = |knock: &Knock| {
        json!({
            "leg": knock.leg.0,
            "name": knock.name,
            "number": knock.number,
            "at_ms": knock.at.0,
            "dialled": knock.dialled,
        })
    };
    let dial = |dial: &Dial| {
        json!({
            "dial": dial.dial.0,
            "number": dial.number.as_str(),
            "at_ms": dial.at.0,
            "ringing": dial.ringing,
        })
    };
    let over = |over: &DialOver| {
        json!({
            "number": over.number,
            "end": words::dial_end_word(over.end),
            "at_ms": over.at.0,
        })
    };
    json!({
        "id": room.conference.0,
        "seq": room.seq,
        "since_ms": room.since.0,
        "legs": room.legs.iter().map(leg_now).collect::<Vec<_>>(),
        "lecture": words::lecture_word(room.lecture),
        "locked": room.locked,
        "knocks": room.knocks.iter().map(knock).collect::<Vec<_>>(),
        "dials": room.dials.iter().map(dial).collect::<Vec<_>>(),
        "dial_over": room.dial_over.as_ref().map(over),
        "dial_out": room.dial_out,
        "recording": recording_since_ms.is_some(),
        "recording_since_ms": recording_since_ms,
        "chimes": room.chimes,
        "continues": room.continues,
        "billing_code": room.billing_code,
        "ends_at_ms": room.ends_at.map(|at| at.0),
        "asked_alone": room.asked_alone.map(|leg| leg.0),
    })
}

fn leg_now(leg: &LegSnapshot) -> Value {
    let mute = match leg.mute {
        MuteState::Open => "open",
        MuteState::Muted => "muted",
        MuteState::MutedByHost => "muted_by_host",
    };
    let standing = match leg.standing {
        Standing::Inside => "inside",
        Standing::Waiting => "waiting",
        Standing::KeyingCode => "keying_code",
    };
    let hand = leg
        .hand
        .map(|hand| json!({ "place": hand.place, "since_ms": hand.since.0, "open": hand.open }));
    json!({
        "leg": leg.leg.0,
        "host": leg.role == Role::Host,
        "name": leg.name,
        "number": leg.number,
        "since_ms": leg.since.0,
        "talking": leg.talking,
        "mute": mute,
        "fault": leg.fault.map(Fault::word),
        "noise_suppressed": leg.denoised,
        "hand": hand,
        "standing": standing,
        "waiting": leg.standing != Standing::Inside,
    })
}

/// A command, in the words of the page's forms: `{"command": "mute", "leg": 3}`.
async fn command(
    visitor: Visitor,
    State(app): State<Arc<App>>,
    Path(number): Path<String>,
    Json(order): Json<Order>,
) -> Answer {
    let room = app.room_of(&visitor.user, &number).await?;
    let command = order.command()?;
    match order::send(&app, room.number, &visitor.user.email, command).await? {
        Ok(()) => Ok(Json(json!({ "done": true }))),
        Err(refused) => Err(refused.trouble()),
    }
}

/// Conferences of a time, chosen as on the usage page.
async fn conferences(
    visitor: Visitor,
    State(app): State<Arc<App>>,
    Query(asked): Query<Asked>,
) -> Answer {
    let now_ms = now_ms();
    let period = Period::of(&asked, &visitor.zone, now_ms);
    if let Some(error) = period.error {
        return Err(Trouble::Senseless(error.to_owned()));
    }
    let (_, found) = usage::conferences(&app, &visitor, &period, now_ms).await?;
    let view = |row: ConferenceRow| {
        json!({
            "id": row.id,
            "room": row.room,
            "started_ms": row.started_ms,
            "ended_ms": row.ended_ms,
            "end_reason": row.end_reason,
            "billing_code": row.billing_code,
            "callers": row.callers,
            "caller_ms": row.caller_ms,
            "recording": row.recording,
        })
    };
    Ok(Json(
        json!({ "conferences": found.into_iter().map(view).collect::<Vec<_>>() }),
    ))
}

/// All recordings, deleted ones among them.
async fn recordings(visitor: Visitor, State(app): State<Arc<App>>) -> Answer {
    let rooms = app.rooms_of(&visitor.user).await?;
    let rooms: Vec<_> = rooms.into_iter().map(|room| room.number).collect();
    let found = app.portal.store.recordings(&rooms).await?;
    let view = |row: RecordingRow| {
        let (deleted_ms, deleted_why) = row.deleted.unzip();
        json!({
            "id": row.id,
            "conference": row.conference,
            "room": row.room,
            "title": row.title,
            "started_ms": row.started_ms,
            "duration_ms": row.duration_ms,
            "bytes": row.bytes,
            "held": row.held,
            "deleted_ms": deleted_ms,
            "deleted_why": deleted_why,
        })
    };
    Ok(Json(
        json!({ "recordings": found.into_iter().map(view).collect::<Vec<_>>() }),
    ))
}
