//! The live page of one room, and the commands it sends. Decides nothing: the room does.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::{Form, Json};
use confab_core::settings::RoomSettings;
use confab_store::{AccessNumber, RoomRow};

use crate::app::{App, now_ms};
use crate::frame::{self, Frame, Section};
use crate::keypad::{self, KeyRow};
use crate::order::{self, Order};
use crate::trouble::{Trouble, wants_json};
use crate::visitor::Visitor;

mod news;
mod panel;
pub(crate) mod rooms;
mod row;
pub(crate) mod stream;
pub(crate) mod view;

#[derive(Template)]
#[template(path = "live.html")]
struct LivePage {
    frame: Frame,
    number: String,
    owner: String,
    now_ms: i64,
    now: crate::when::Moment,
    guesses: String,
    body: String,
    dial: Dial,
    /// billing codes of the owner with their names
    codes: Vec<(String, String)>,
    host_keys: Vec<KeyRow>,
    guest_keys: Vec<KeyRow>,
}

/// How to reach a room.
pub(crate) struct Dial {
    /// access numbers that lead straight to it
    pub(crate) straight: Vec<String>,
    /// access numbers where the room number is keyed in
    pub(crate) by_menu: Vec<MenuNumber>,
    /// its SIP address
    pub(crate) sip: String,
    /// what is keyed after the number of the menu
    pub(crate) keys: String,
    /// what a guest meets when coming first
    pub(crate) guests: &'static str,
}

/// An access number with the voice menu.
pub(crate) struct MenuNumber {
    pub(crate) number: String,
    /// what a telephone dials at one tap: the number, two pauses, the room
    pub(crate) tap: String,
}

impl Dial {
    fn of(numbers: Vec<AccessNumber>, room: &RoomRow, sip_host: &str) -> Self {
        let mut straight = vec![];
        let mut by_menu = vec![];
        for access in numbers {
            match access.room {
                Some(led_to) if led_to == room.number => straight.push(access.number),
                Some(_) => {}
                None => {
                    let tap = format!("{},,{}%23", access.number, room.number);
                    by_menu.push(MenuNumber {
                        number: access.number,
                        tap,
                    });
                }
            }
        }
        Self {
            straight,
            by_menu,
            sip: format!("sip:{}@{sip_host}", room.number),
            keys: format!("{}#", room.number),
            guests: guests_meet(&room.settings),
        }
    }
}

fn guests_meet(settings: &RoomSettings) -> &'static str {
    match (
        settings.security_code,
        settings.guests_may_start,
        settings.hold_music,
    ) {
        (true, ..) => "Guests need the security code that the host sets, and wait until then.",
        (false, true, _) => "Guests may begin without the host.",
        (false, false, true) => "Guests hear music until a host is there.",
        (false, false, false) => "Guests wait in silence until a host is there.",
    }
}

/// GET /rooms/{room}
pub(crate) async fn page(
    visitor: Visitor,
    State(app): State<Arc<App>>,
    Path(number): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Trouble> {
    let room = app.room_of(&visitor.user, &number).await?;
    let numbers = app.portal.store.access_numbers().await?;
    let now_ms = now_ms();
    let codes = app
        .portal
        .store
        .billing_codes(&room.owner, now_ms, now_ms, now_ms)
        .await?;
    let snapshot = app.snapshot(&room.number);
    let sight = view::Sight {
        room: &room.number,
        now_ms,
        zone: &visitor.zone,
    };
    Ok(frame::html(&LivePage {
        frame: Frame::of(&visitor, Section::Live, format!("Room {}", room.number)),
        number: room.number.to_string(),
        now_ms,
        now: visitor.zone.clock(now_ms),
        guesses: view::guesses(&room.number, app.guesses(&room.number))?,
        body: view::whole(&sight, snapshot.as_deref())?,
        codes: codes
            .into_iter()
            .map(|code| (code.code, code.name))
            .collect(),
        dial: Dial::of(numbers, &room, &sip_host(&app, &headers)),
        owner: if room.owner == visitor.user.id {
            String::new()
        } else {
            room.owner_email
        },
        host_keys: keypad::host(&room.settings),
        guest_keys: keypad::guest(&room.settings),
    }))
}

/// Where callers reach us by SIP, as far as we know: what was configured, else the host by which
/// the browser found the page.
fn sip_host(app: &App, headers: &HeaderMap) -> String {
    if let Some(host) = &app.hints.sip_host {
        return host.clone();
    }
    let host = headers
        .get(header::HOST)
        .and_then(|value| value.to_str().ok());
    match host.unwrap_or("localhost").rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name.to_owned(),
        _ => host.unwrap_or("localhost").to_owned(),
    }
}

/// POST /rooms/{room}/commands
pub(crate) async fn command(
    visitor: Visitor,
    State(app): State<Arc<App>>,
    Path(number): Path<String>,
    headers: HeaderMap,
    Form(order): Form<Order>,
) -> Result<Response, Trouble> {
    let room = app.room_of(&visitor.user, &number).await?;
    let command = order.command()?;
    let outcome = order::send(&app, room.number, &visitor.user.email, command).await?;
    if wants_json("", &headers) {
        return match outcome {
            Ok(()) => Ok(Json(serde_json::json!({ "done": true })).into_response()),
            Err(refused) => Err(refused.trouble()),
        };
    }
    let query = match outcome {
        Ok(()) => "done=command".to_owned(),
        Err(refused) => format!("refused={}", refused.word()),
    };
    Ok(Redirect::to(&format!("/rooms/{number}?{query}")).into_response())
}
