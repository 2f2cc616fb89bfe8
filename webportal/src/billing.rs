//! Billing codes: their names and their use in a time, and which code a room takes by itself.

use std::sync::Arc;

use askama::Template;
use axum::Form;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use confab_store::{BillingCode, RoomRow, StoreError};
use serde::Deserialize;

use crate::app::{App, now_ms};
use crate::csv::Csv;
use crate::frame::{self, Frame, Section, query_value};
use crate::order::is_billing_code;
use crate::period::{self, Period};
use crate::trouble::Trouble;
use crate::visitor::Visitor;
use crate::when::minutes;

const NAME_CHARS_MAX: usize = 80;

#[derive(Template)]
#[template(path = "billing.html")]
struct BillingPage {
    frame: Frame,
    period: Period,
    owner: String,
    /// whose codes an administrator may look at: id, e-mail address
    owners: Vec<(String, String)>,
    codes: Vec<CodeView>,
    total_minutes: String,
    rooms: Vec<RoomView>,
}

struct CodeView {
    code: String,
    name: String,
    conferences: i64,
    caller_ms: i64,
    minutes: String,
    /// how the code and its name are called together
    label: String,
}

struct RoomView {
    number: String,
    code: String,
    /// the code is not among the listed ones
    unlisted: bool,
}

#[derive(Debug, Default, Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    owner: String,
    #[serde(flatten)]
    period: period::Asked,
}

/// GET /billing
pub(crate) async fn page(
    visitor: Visitor,
    State(app): State<Arc<App>>,
    Query(asked): Query<Asked>,
) -> Result<Response, Trouble> {
    let store = &app.portal.store;
    let (owner, period, codes) = read(&app, &visitor, &asked).await?;
    let rooms = store.rooms(Some(&owner)).await?;
    let owners = if visitor.user.admin {
        store.users().await?
    } else {
        vec![]
    };
    let room = |room: RoomRow| {
        let code = room.settings.billing_code.unwrap_or_default();
        let unlisted = !code.is_empty() && !codes.iter().any(|listed| listed.code == code);
        RoomView {
            number: room.number.to_string(),
            code,
            unlisted,
        }
    };
    Ok(frame::html(&BillingPage {
        frame: Frame::of(&visitor, Section::Billing, "Billing codes"),
        period,
        owners: owners
            .into_iter()
            .map(|user| (user.id, user.email))
            .collect(),
        owner,
        rooms: rooms.into_iter().map(room).collect(),
        total_minutes: minutes(codes.iter().map(|code| code.caller_ms).sum()),
        codes: codes.into_iter().map(view).collect(),
    }))
}

fn view(code: BillingCode) -> CodeView {
    let label = match code.name.as_str() {
        "" => code.code.clone(),
        name => format!("{} {name}", code.code),
    };
    CodeView {
        label,
        minutes: minutes(code.caller_ms),
        code: code.code,
        name: code.name,
        conferences: code.conferences,
        caller_ms: code.caller_ms,
    }
}

/// GET /billing/codes.csv
pub(crate) async fn csv(
    visitor: Visitor,
    State(app): State<Arc<App>>,
    Query(asked): Query<Asked>,
) -> Result<Response, Trouble> {
    let (_, period, codes) = read(&app, &visitor, &asked).await?;
    let mut csv = Csv::new(&["billing_code", "name", "conferences", "caller_minutes"]);
    for code in codes {
        let view = view(code);
        csv.line(&[
            view.code,
            view.name,
            view.conferences.to_string(),
            view.minutes,
        ]);
    }
    Ok(csv.download(&format!(
        "billing codes {} to {}.csv",
        period.from, period.to
    )))
}

async fn read(
    app: &App,
    visitor: &Visitor,
    asked: &Asked,
) -> Result<(String, Period, Vec<BillingCode>), Trouble> {
    let now_ms = now_ms();
    let owner = owner(visitor, &asked.owner);
    let mut period = Period::of(&asked.period, &visitor.zone, now_ms);
    period.owner = Some(owner.clone());
    let (from, to) = (period.first_ms(), period.end_ms());
    let codes = app
        .portal
        .store
        .billing_codes(&owner, from, to, now_ms)
        .await?;
    Ok((owner, period, codes))
}

/// Whose codes: one's own, or for an administrator anybody's.
fn owner(visitor: &Visitor, asked: &str) -> String {
    let asked = Some(asked).filter(|asked| visitor.user.admin && !asked.is_empty());
    asked.unwrap_or(&visitor.user.id).to_owned()
}

fn back(owner: &str, query: &str) -> Response {
    Redirect::to(&format!("/billing?owner={}&{query}", query_value(owner))).into_response()
}

/// A code, its name, and whose it is.
#[derive(Deserialize)]
pub(crate) struct CodeForm {
    code: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    owner: String,
}

/// POST /billing
pub(crate) async fn put(
    visitor: Visitor,
    State(app): State<Arc<App>>,
    Form(form): Form<CodeForm>,
) -> Result<Response, Trouble> {
    let owner = owner(&visitor, &form.owner);
    let (code, name) = (form.code.trim(), form.name.trim());
    let name_fits = name.chars().count() <= NAME_CHARS_MAX && !name.chars().any(char::is_control);
    if !is_billing_code(code) || !name_fits {
        return Ok(back(&owner, "refused=code"));
    }
    app.portal
        .store
        .put_billing_code(&owner, code, name)
        .await?;
    Ok(back(&owner, "done=code"))
}

/// POST /billing/remove
pub(crate) async fn remove(
    visitor: Visitor,
    State(app): State<Arc<App>>,
    Form(form): Form<CodeForm>,
) -> Result<Response, Trouble> {
    let owner = owner(&visitor, &form.owner);
    match app
        .portal
        .store
        .remove_billing_code(&owner, form.code.trim())
        .await
    {
        // It was not on the list, only used: that is what was wanted.
        Err(StoreError::Missing(_)) => {}
        removed => removed?,
    }
    Ok(back(&owner, "done=code_removed"))
}

/// A room and the code it takes when none is keyed in; empty: none.
#[derive(Deserialize)]
pub(crate) struct DefaultForm {
    room: String,
    code: String,
}

/// POST /billing/default
pub(crate) async fn set_default(
    visitor: Visitor,
    State(app): State<Arc<App>>,
    Form(form): Form<DefaultForm>,
) -> Result<Response, Trouble> {
    let room = app.room_of(&visitor.user, &form.room).await?;
    let code = form.code.trim();
    if !code.is_empty() && !is_billing_code(code) {
        return Ok(back(&room.owner, "refused=code"));
    }
    app.portal
        .store
        .set_room(&room.number, "billing_code", code)
        .await?;
    Ok(back(&room.owner, "done=default"))
}
