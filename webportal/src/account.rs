//! One's own account: who one is, and another password.

use std::sync::Arc;

use askama::Template;
use axum::Form;
use axum::extract::{FromRequest, FromRequestParts, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use confab_store::StoreError;
use serde::Deserialize;

use crate::app::{App, now_ms};
use crate::door::Origin;
use crate::frame::{self, Frame, Section};
use crate::login::SHORT_SESSION_MS;
use crate::trouble::Trouble;
use crate::visitor::{Visitor, session_cookie};

#[derive(Template)]
#[template(path = "account.html")]
struct AccountPage {
    frame: Frame,
    email: String,
    name: String,
    admin: bool,
    error: Option<String>,
}

/// GET /account
pub(crate) async fn page(visitor: Visitor) -> Response {
    show(&visitor, None)
}

fn show(visitor: &Visitor, error: Option<String>) -> Response {
    frame::html(&AccountPage {
        frame: Frame::of(visitor, Section::Account, "Account"),
        email: visitor.user.email.clone(),
        name: visitor.user.name.clone(),
        admin: visitor.user.admin,
        error,
    })
}

/// The password now, and another, typed twice.
#[derive(Deserialize)]
pub(crate) struct PasswordForm {
    current: String,
    password: String,
    again: String,
}

/// POST /account/password. All sessions end with the old password; this one goes on as a new one.
pub(crate) async fn change_password(
    State(app): State<Arc<App>>,
    request: Request,
) -> Result<Response, Trouble> {
    let (mut parts, body) = request.into_parts();
    let visitor = Visitor::from_request_parts(&mut parts, &app).await?;
    let origin = Origin::of(&parts);
    let form = Form::<PasswordForm>::from_request(Request::from_parts(parts, body), &app).await;
    let Ok(Form(form)) = form else {
        return Err(Trouble::Senseless("The form could not be read.".into()));
    };
    if let Err(why) = change(&app, &visitor, &origin, &form).await? {
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, show(&visitor, Some(why))).into_response());
    }
    let store = &app.portal.store;
    let token = store
        .open_session(&visitor.user.id, now_ms(), SHORT_SESSION_MS)
        .await?;
    let mut response = Redirect::to("/account?done=password").into_response();
    if let Ok(value) = HeaderValue::from_str(&session_cookie(origin.headers(), &token, None)) {
        response.headers_mut().insert(header::SET_COOKIE, value);
    }
    Ok(response)
}

/// Done, or why not in words.
async fn change(
    app: &App,
    visitor: &Visitor,
    origin: &Origin,
    form: &PasswordForm,
) -> Result<Result<(), String>, Trouble> {
    if form.password != form.again {
        return Ok(Err("The two new passwords are not the same.".into()));
    }
    let store = &app.portal.store;
    let email = &visitor.user.email;
    // The door counts these attempts too: an open page must not be a way to guess the password.
    match app.door.enter(store, origin, email, &form.current).await {
        Err(Trouble::WrongLogin) => return Ok(Err("This is not your password now.".into())),
        Err(trouble @ Trouble::TooManyLogins { .. }) => return Ok(Err(trouble.message())),
        entered => entered?,
    };
    match store.set_password(email, &form.password).await {
        Err(StoreError::Invalid(_)) => Ok(Err(
            "A password has 8 or more characters, with letters and digits.".into(),
        )),
        changed => {
            changed?;
            tracing::info!(by = email, "the password is changed");
            Ok(Ok(()))
        }
    }
}
