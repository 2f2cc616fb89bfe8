//! The settings of a room, its PIN and its preset security code. What may be set is decided by the
//! store's one table of keys; this page only asks and explains.

use std::collections::HashMap;
use std::sync::Arc;

use askama::Template;
use axum::Form;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use confab_core::settings::RoomSettings;
use confab_dtmf::layout::{KeypadCommand, Layout};
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
    layouts: Vec<LayoutView>,
    /// how callers mute themselves in this room
    mute_keys: String,
    /// a security code is preset
    preset: bool,
    live: bool,
}

/// A layout to choose, and the keys by which one is told from another.
struct LayoutView {
    name: String,
    keys: String,
}

impl LayoutView {
    fn of(layout: &Layout) -> Self {
        let told = [
            (KeypadCommand::Menu, "menu"),
            (KeypadCommand::ToggleMute, "mute"),
            (KeypadCommand::ToggleHand, "hand"),
            (KeypadCommand::ToggleLock, "lock"),
        ];
        let keys = told
            .iter()
            .filter_map(|(command, what)| Some(format!("{} {what}", layout.keys_of(*command)?)));
        Self {
            name: layout.name().to_owned(),
            keys: keys.collect::<Vec<_>>().join(", "),
        }
    }
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
// A box that is not ticked is not sent.
#[serde(default)]
pub(crate) struct Fields {
    announce: String,
    continue_after_host: String,
    billing_code: String,
    language: String,
    max_callers: String,
    layout: String,
    alone_minutes: String,
    carrier_limit_minutes: String,
    isolate_bad_lines: String,
    guests_may_start: bool,
    join_muted: bool,
    hold_music: bool,
    security_code: bool,
    dial_out: bool,
    auto_gain: bool,
    suppress_noise: bool,
    record_at_start: bool,
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
            language: text("language"),
            max_callers: text("max_callers"),
            layout: text("layout"),
            alone_minutes: text("alone_minutes"),
            carrier_limit_minutes: text("carrier_limit_minutes"),
            isolate_bad_lines: text("isolate_bad_lines"),
            guests_may_start: settings.guests_may_start,
            join_muted: settings.join_muted,
            hold_music: settings.hold_music,
            security_code: settings.security_code,
            dial_out: settings.dial_out,
            auto_gain: settings.auto_gain,
            suppress_noise: settings.suppress_noise,
            record_at_start: settings.record_at_start,
            billing_capture: settings.billing_capture,
        }
    }

    /// Every key of the store's table, each as [`set_setting`] takes it.
    fn pairs(&self) -> [(&'static str, String); 18] {
        let trimmed = |text: &str| text.trim().to_owned();
        [
            ("announce", trimmed(&self.announce)),
            ("continue_after_host", trimmed(&self.continue_after_host)),
            ("billing_code", trimmed(&self.billing_code)),
            ("language", trimmed(&self.language)),
            ("max_callers", trimmed(&self.max_callers)),
            ("layout", trimmed(&self.layout)),
            ("alone_minutes", trimmed(&self.alone_minutes)),
            (
                "carrier_limit_minutes",
                trimmed(&self.carrier_limit_minutes),
            ),
            ("isolate_bad_lines", trimmed(&self.isolate_bad_lines)),
            ("guests_may_start", self.guests_may_start.to_string()),
            ("join_muted", self.join_muted.to_string()),
            ("hold_music", self.hold_music.to_string()),
            ("security_code", self.security_code.to_string()),
            ("dial_out", self.dial_out.to_string()),
            ("auto_gain", self.auto_gain.to_string()),
            ("suppress_noise", self.suppress_noise.to_string()),
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
    let changes: Vec<(&str, &str)> = changes
        .iter()
        .map(|(key, value)| (*key, value.as_str()))
        .collect();
    let store = &app.portal.store;
    store.set_room_all(&room.number, &changes).await?;
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
    let mut wrong = Wrong::default();
    if !is_secret(&form.pin) {
        let why = "A PIN has 4 to 20 digits and nothing else.";
        wrong.0.insert("pin", why);
    } else if form.pin != form.again {
        wrong.0.insert("again", "The two PINs are not the same.");
    }
    keep_secret(&app, &visitor, room, Secret::Pin, &form.pin, wrong).await
}

/// A security code that the host can confirm with pound, typed twice; or none any more.
#[derive(Deserialize)]
pub(crate) struct CodeForm {
    #[serde(default)]
    code: String,
    #[serde(default)]
    again: String,
    /// the button that was pressed
    #[serde(default)]
    remove: bool,
}

/// POST /rooms/{room}/code
pub(crate) async fn change_code(
    visitor: Visitor,
    State(app): State<Arc<App>>,
    Path(number): Path<String>,
    Form(form): Form<CodeForm>,
) -> Result<Response, Trouble> {
    let room = app.room_of(&visitor.user, &number).await?;
    let mut wrong = Wrong::default();
    if form.remove {
        return keep_secret(&app, &visitor, room, Secret::NoCode, "", wrong).await;
    }
    if !is_secret(&form.code) {
        let why = "A security code has 4 to 20 digits and nothing else.";
        wrong.0.insert("code", why);
    } else if form.code != form.again {
        let why = "The two codes are not the same.";
        wrong.0.insert("code_again", why);
    }
    keep_secret(&app, &visitor, room, Secret::Code, &form.code, wrong).await
}

#[derive(Clone, Copy, Debug)]
enum Secret {
    Pin,
    Code,
    NoCode,
}

fn is_secret(digits: &str) -> bool {
    (4..=20).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// Keeps the digits, or shows what is wrong with them. They are on no page and in no log.
async fn keep_secret(
    app: &App,
    visitor: &Visitor,
    room: RoomRow,
    secret: Secret,
    digits: &str,
    wrong: Wrong,
) -> Result<Response, Trouble> {
    if !wrong.0.is_empty() {
        let fields = Fields::of(&room.settings);
        let page = show(app, visitor, room, fields, wrong).await?;
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
    }
    let (key, done) = match secret {
        Secret::Pin => ("pin", "pin"),
        Secret::Code => ("code", "preset"),
        Secret::NoCode => ("code", "no_preset"),
    };
    let store = &app.portal.store;
    store.set_room(&room.number, key, digits).await?;
    let by = &visitor.user.email;
    tracing::info!(room = %room.number, by, ?secret, "a secret of the room is changed");
    Ok(Redirect::to(&format!("/rooms/{}/settings?done={done}", room.number)).into_response())
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
        layouts: app
            .portal
            .store
            .layouts()
            .iter()
            .map(|layout| LayoutView::of(layout))
            .collect(),
        mute_keys: {
            let keys = room.settings.layout.keys_of(KeypadCommand::ToggleMute);
            keys.unwrap_or_default().to_owned()
        },
        preset: room.secrets.preset_code.is_some(),
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
        "announce" | "isolate_bad_lines" => "Please choose one of the three.",
        "language" => "Please choose one of the three languages.",
        "layout" => "Please choose one of the layouts in the list.",
        "alone_minutes" => "Please give whole minutes from 0 to 240.",
        "carrier_limit_minutes" => "Please give whole minutes from 15 to 1440, or 0 for none.",
        _ => "This is not possible.",
    }
}
