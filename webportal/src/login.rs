//! The login page, logging in and out.

use std::sync::Arc;

use askama::Template;
use axum::Form;
use axum::extract::{FromRequestParts, Query, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use crate::app::{App, now_ms};
use crate::door::{self, Origin};
use crate::frame::{self, Frame};
use crate::trouble::Trouble;
use crate::visitor::{SESSION_COOKIE, Visitor, cookie, session_cookie};

const HOUR_MS: i64 = 60 * 60 * 1_000;
/// A session without "remember me".
pub(crate) const SHORT_SESSION_MS: i64 = 12 * HOUR_MS;
/// A session with it.
const LONG_SESSION_MS: i64 = 30 * 24 * HOUR_MS;

#[derive(Template)]
#[template(path = "login.html")]
struct LoginPage {
    frame: Frame,
    next: String,
    email: String,
    remember: bool,
    error: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    next: String,
    #[serde(default)]
    done: String,
}

/// GET /login
pub(crate) async fn page(
    State(app): State<Arc<App>>,
    Query(asked): Query<Asked>,
    request: Request,
) -> Response {
    let (mut parts, _) = request.into_parts();
    if Visitor::from_request_parts(&mut parts, &app).await.is_ok() {
        return Redirect::to(&inside(&asked.next)).into_response();
    }
    let mut frame = Frame::of_nobody("Log in");
    frame.notice = frame::notice(&format!("done={}", asked.done));
    frame::html(&LoginPage {
        frame,
        next: asked.next,
        email: String::new(),
        remember: false,
        error: None,
    })
}

/// What the login page sends.
#[derive(Deserialize)]
pub(crate) struct LoginForm {
    email: String,
    password: String,
    remember: Option<String>,
    #[serde(default)]
    next: String,
}

/// POST /login
pub(crate) async fn log_in(State(app): State<Arc<App>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let origin = Origin::of(&parts);
    let request = Request::from_parts(parts, body);
    let form = match <Form<LoginForm> as axum::extract::FromRequest<_>>::from_request(request, &app)
        .await
    {
        Ok(Form(form)) => form,
        Err(refused) => return refused.into_response(),
    };
    match open(&app, &origin, &form).await {
        Ok(cookies) => {
            let mut response = Redirect::to(&inside(&form.next)).into_response();
            for cookie in cookies {
                response.headers_mut().append(header::SET_COOKIE, cookie);
            }
            response
        }
        Err(trouble @ (Trouble::WrongLogin | Trouble::TooManyLogins { .. })) => {
            again(form, &trouble)
        }
        Err(trouble) => trouble.into_response(),
    }
}

/// POST /logout
pub(crate) async fn log_out(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
) -> Result<Response, Trouble> {
    if let Some(token) = cookie(&headers, SESSION_COOKIE) {
        app.portal.store.close_session(token).await?;
    }
    let mut response = Redirect::to("/login?done=out").into_response();
    let gone = session_cookie(&headers, "", Some(0));
    if let Ok(value) = HeaderValue::from_str(&gone) {
        response.headers_mut().insert(header::SET_COOKIE, value);
    }
    Ok(response)
}

/// The cookies of somebody who has given the right password.
async fn open(app: &App, origin: &Origin, form: &LoginForm) -> Result<Vec<HeaderValue>, Trouble> {
    let store = &app.portal.store;
    let user = app
        .door
        .enter(store, origin, &form.email, &form.password)
        .await?;
    let lasts_ms = if form.remember.is_some() {
        LONG_SESSION_MS
    } else {
        SHORT_SESSION_MS
    };
    let token = store.open_session(&user.id, now_ms(), lasts_ms).await?;
    let remember_ms = form.remember.is_some().then_some(LONG_SESSION_MS);
    let cookies = [
        session_cookie(origin.headers(), &token, remember_ms),
        door::mark_cookie(store, origin.headers(), &user),
    ];
    let values = cookies.iter().map(|line| HeaderValue::from_str(line));
    values
        .collect::<Result<_, _>>()
        .map_err(|_| Trouble::NoDatabase)
}

/// The page again, with what was typed (but the password) and what was wrong.
fn again(form: LoginForm, trouble: &Trouble) -> Response {
    let status = match trouble {
        Trouble::TooManyLogins { .. } => StatusCode::TOO_MANY_REQUESTS,
        _ => StatusCode::UNAUTHORIZED,
    };
    let page = LoginPage {
        frame: Frame::of_nobody("Log in"),
        next: form.next,
        email: form.email,
        remember: form.remember.is_some(),
        error: Some(trouble.message()),
    };
    (status, frame::html(&page)).into_response()
}

/// Where to go after the login: an address of ours, never another site's.
fn inside(next: &str) -> String {
    let ours =
        next.starts_with('/') && !next.starts_with("//") && !next.contains(['\\', '\n', '\r']);
    if ours {
        next.to_owned()
    } else {
        "/".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::inside;

    #[test]
    fn a_login_leads_to_our_own_pages_only() {
        for (next, to) in [
            ("/usage?period=3m", "/usage?period=3m"),
            ("", "/"),
            ("//evil.example/", "/"),
            ("/\\evil.example", "/"),
            ("https://evil.example", "/"),
        ] {
            assert_eq!(inside(next), to, "{next}");
        }
    }
}
