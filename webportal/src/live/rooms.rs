//! The list of the rooms a user has, with what is going on in each; it changes by itself.

use std::collections::HashMap;
use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::sse::Event;
use axum::response::{IntoResponse, Redirect, Response};
use confab_core::ids::RoomNumber;
use confab_core::snapshot::RecordingState;
use serde::Serialize;

use super::stream::{self, Show};
use crate::House;
use crate::app::{App, now_ms};
use crate::frame::{self, Frame, Section};
use crate::trouble::Trouble;
use crate::visitor::Visitor;
use crate::when::Running;
use crate::words;

#[derive(Template)]
#[template(path = "rooms.html")]
struct RoomsPage {
    frame: Frame,
    now_ms: i64,
    admin: bool,
    cards: Vec<CardView>,
}

struct CardView {
    number: String,
    owner: String,
    status: String,
}

#[derive(Template)]
#[template(path = "rooms_status.html")]
struct Status {
    callers: String,
    running: Option<Running>,
    talking: usize,
    hands: usize,
    knocks: usize,
    locked: bool,
    recording: bool,
}

/// GET /
pub(crate) async fn start(
    visitor: Visitor,
    State(app): State<Arc<App>>,
) -> Result<Response, Trouble> {
    let rooms = app.rooms_of(&visitor.user).await?;
    let to = match rooms.as_slice() {
        [only] => format!("/rooms/{}", only.number),
        _ => "/rooms".to_owned(),
    };
    Ok(Redirect::to(&to).into_response())
}

/// GET /rooms
pub(crate) async fn page(
    visitor: Visitor,
    State(app): State<Arc<App>>,
) -> Result<Response, Trouble> {
    let rooms = app.rooms_of(&visitor.user).await?;
    let house = Arc::clone(&app.portal.house.borrow());
    let now_ms = now_ms();
    let mut cards = vec![];
    for room in rooms {
        cards.push(CardView {
            status: status(&house, &room.number, now_ms)?,
            number: room.number.to_string(),
            owner: room.owner_email,
        });
    }
    Ok(frame::html(&RoomsPage {
        frame: Frame::of(&visitor, Section::Live, "Rooms"),
        now_ms,
        admin: visitor.user.admin,
        cards,
    }))
}

/// GET /rooms/events
pub(crate) async fn events(
    visitor: Visitor,
    State(app): State<Arc<App>>,
) -> Result<Response, Trouble> {
    let rooms = app.rooms_of(&visitor.user).await?;
    let rooms = rooms.into_iter().map(|room| room.number).collect();
    stream::open(
        app,
        visitor,
        List {
            rooms,
            shown: HashMap::new(),
        },
    )
}

fn status(house: &House, room: &RoomNumber, now_ms: i64) -> Result<String, Trouble> {
    let snapshot = house.get(room);
    let count = |n: Option<usize>| n.unwrap_or(0);
    let view = Status {
        callers: words::count(count(snapshot.map(|room| room.legs.len())), "caller"),
        running: snapshot.map(|room| Running {
            since_ms: i64::try_from(room.since.0).unwrap_or(now_ms),
            now_ms,
        }),
        talking: count(snapshot.map(|room| room.legs.iter().filter(|leg| leg.talking).count())),
        hands: count(
            snapshot.map(|room| room.legs.iter().filter(|leg| leg.hand.is_some()).count()),
        ),
        knocks: count(snapshot.map(|room| room.knocks.len())),
        locked: snapshot.is_some_and(|room| room.locked),
        recording: snapshot.is_some_and(|room| matches!(room.recording, RecordingState::On { .. })),
    };
    view.render().map_err(|error| {
        tracing::error!(%error, "the state of a room could not be rendered");
        Trouble::NoBridge
    })
}

/// One open list of rooms.
struct List {
    rooms: Vec<RoomNumber>,
    shown: HashMap<RoomNumber, String>,
}

#[derive(Serialize)]
struct ListData {
    now_ms: i64,
    parts: HashMap<String, String>,
}

impl Show for List {
    fn update(&mut self, house: &House) -> Option<Event> {
        let mut parts = HashMap::new();
        for room in &self.rooms {
            // Time 0: the page's script counts on by itself.
            let Ok(html) = status(house, room, 0) else {
                continue;
            };
            if self.shown.get(room) != Some(&html) {
                parts.insert(format!("room-{room}"), html.clone());
                self.shown.insert(room.clone(), html);
            }
        }
        let changed = !parts.is_empty();
        changed.then(|| {
            stream::event(
                "parts",
                &ListData {
                    now_ms: now_ms(),
                    parts,
                },
            )
        })?
    }
}
