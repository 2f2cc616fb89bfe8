//! The settings of a room and its PIN. What may be set is decided by the store's one table of
//! keys; this page only asks and explains.

use std::collections::HashMap;
use std::sync::Arc;

use askama::Template;
use axum::Form;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use confab_core::settings::RoomSettings;
use confab_store::{RoomRow, set_setting, settings_as_pairs};
use serde::Deserialize;

use crate::app::{App, now_ms};
use crate::frame::{self, Frame, Section};
use crate::trouble::Trouble;
use crate::visitor::Visitor;

#[derive(Template)]
#[template(path = "settings.html")]
struct SettingsPage {
    frame: Frame,
    number: String,
    owner: String,
    fields: Fields,
    wrong: Wrong,
    codes: Vec<(String, String)>,
    live: bool,
}

/// What is wrong with which field, in words.
#[derive(Default)]
struct Wrong(HashMap<&'static str, &'static str>);

impl Wrong {
    fn at(&self, key: &str) -> Option<&'static str> {
        self.0.get(key).copied()
    }
}

/// The settings as text, as the page sends and shows them: nothing typed is lost.
#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct Fields {
    announce: String,
    continue_after_host: String,
    billing_code: String,
    max_callers: String,
    // A box that is not ticked is not sent.
    #[serde(default)]
    guests_may_start: bool,
    #[serde(default)]
    join_muted: bool,
    #[serde(default)]
    record_at_start: bool,
    #[serde(default)]
    billing_capture: bool,
}

impl Fields {
    fn of(settings: &RoomSettings) -> Self {
        let pairs: HashMap<_, _> = settings_as_pairs(settings).into_iter().collect();
        let text = |key: &str| pairs.get(key).cloned().unwrap_or_default();
        Self {
            announce: text("announce"),
            continue_after_host: text("continue_after_host"),
            billing_code: text("billing_code"),
            max_callers: text("max_callers"),
            guests_may_start: settings.guests_may_start,
            join_muted: settings.join_muted,
            record_at_start: settings.record_at_start,
            billing_capture: settings.billing_capture,
        }
    }

    fn pairs(&self) -> [(&'static str, String); 8] {
        let trimmed = |text: &str| text.trim().to_owned();
        [
            ("announce", trimmed(&self.announce)),
            ("continue_after_host", trimmed(&self.continue_after_host)),
            ("billing_code", trimmed(&self.billing_code)),
            ("max_callers", trimmed(&self.max_callers)),
            ("guests_may_start", self.guests_may_start.to_string()),
            ("join_muted", self.join_muted.to_string()),
            ("record_at_start", self.record_at_start.to_string()),
            ("billing_capture", self.billing_capture.to_string()),
        ]
    }
}

/// GET /rooms/{room}/settings
pub(crate) async fn page(
    visitor: Visitor,
    State(app): State<Arc<App>>,
    Path(number): Path<String>,
) -> Result<Response, Trouble> {
    let room = app.room_of(&visitor.user, &number).await?;
    let fields = Fields::of(&room.settings);
    show(&app, &visitor, room, fields, Wrong::default()).await
}

/// POST /rooms/{room}/settings
pub(crate) async fn save(
    visitor: Visitor,
    State(app): State<Arc<App>>,
    Path(number): Path<String>,
    Form(fields): Form<Fields>,
) -> Result<Response, Trouble> {
    let room = app.room_of(&visitor.user, &number).await?;
    let had: HashMap<_, _> = settings_as_pairs(&room.settings).into_iter().collect();
    let mut settings = room.settings.clone();
    let mut wrong = Wrong::default();
    let mut changes = vec![];
    for (key, value) in fields.pairs() {
        if set_setting(app.portal.store.layouts(), &mut settings, key, &value).is_err() {
            wrong.0.insert(key, explain(key));
        } else if had.get(key) != Some(&value) {
            changes.push((key, value));
        }
    }
    // All or nothing: what fits is not saved beside what does not.
    if !wrong.0.is_empty() {
        let page = show(&app, &visitor, room, fields, wrong).await?;
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
    }
    for (key, value) in changes {
        app.portal.store.set_room(&room.number, key, &value).await?;
    }
    Ok(Redirect::to(&format!("/rooms/{}/settings?done=settings", room.number)).into_response())
}

/// A new PIN, typed twice.
#[derive(Deserialize)]
pub(crate) struct PinForm {
    pin: String,
    again: String,
}

/// POST /rooms/{room}/pin
pub(crate) async fn change_pin(
    visitor: Visitor,
    State(app): State<Arc<App>>,
    Path(number): Path<String>,
    Form(form): Form<PinForm>,
) -> Result<Response, Trouble> {
    let room = app.room_of(&visitor.user, &number).await?;
    let digits = form.pin.bytes().all(|byte| byte.is_ascii_digit());
    let mut wrong = Wrong::default();
    if !digits || !(4..=20).contains(&form.pin.len()) {
        wrong
            .0
            .insert("pin", "A PIN has 4 to 20 digits and nothing else.");
    } else if form.pin != form.again {
        wrong.0.insert("again", "The two PINs are not the same.");
    }
    if !wrong.0.is_empty() {
        let fields = Fields::of(&room.settings);
        let page = show(&app, &visitor, room, fields, wrong).await?;
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
    }
    app.portal
        .store
        .set_room(&room.number, "pin", &form.pin)
        .await?;
    tracing::info!(room = %room.number, by = visitor.user.email, "the PIN is changed");
    Ok(Redirect::to(&format!("/rooms/{}/settings?done=pin", room.number)).into_response())
}

async fn show(
    app: &App,
    visitor: &Visitor,
    room: RoomRow,
    fields: Fields,
    wrong: Wrong,
) -> Result<Response, Trouble> {
    let now_ms = now_ms();
    let codes = app
        .portal
        .store
        .billing_codes(&room.owner, now_ms, now_ms, now_ms)
        .await?;
    Ok(frame::html(&SettingsPage {
        frame: Frame::of(
            visitor,
            Section::Live,
            format!("Settings of room {}", room.number),
        ),
        live: app.snapshot(&room.number).is_some(),
        number: room.number.to_string(),
        owner: if room.owner == visitor.user.id {
            String::new()
        } else {
            room.owner_email
        },
        fields,
        wrong,
        codes: codes
            .into_iter()
            .map(|code| (code.code, code.name))
            .collect(),
    }))
}

fn explain(key: &str) -> &'static str {
    match key {
        "continue_after_host" => "Please give whole minutes from 0 to 60.",
        "billing_code" => "A billing code has 2 to 20 digits. Leave it empty for none.",
        "max_callers" => "Please give a number from 2 to 2000.",
        "announce" => "Please choose one of the three.",
        _ => "This is not possible.",
    }
}
