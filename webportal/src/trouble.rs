//! What can go wrong in a request, and how it is told: a page in our design, or JSON to programs.
//! Every failing answer of the portal passes through here.

use axum::Json;
use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use confab_store::StoreError;

use crate::frame::{self, Frame};

/// Why a request is not answered with what it asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// Nothing there, or nothing this user may see: the two look the same.
    NotFound,
    /// Nobody is logged in; where to go after the login.
    LoggedOut { next: String },
    /// A name and a password were given and do not fit (API only; the login page says it itself).
    WrongLogin,
    /// Too many failed logins; seconds to wait.
    TooManyLogins { wait_s: u64 },
    /// The request was sent by another web site.
    OtherSite,
    /// What was sent makes no sense: the text says why.
    Senseless(String),
    /// The room refused the command: the text says why.
    Refused(String),
    /// The database is away.
    NoDatabase,
    /// The bridge did not take or answer a command in time.
    NoBridge,
    /// No more live pages.
    TooManyPages,
}

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Database(why) => {
                tracing::error!(error = %why, "the portal cannot use the database");
                Self::NoDatabase
            }
            StoreError::Missing(_) => Self::NotFound,
            StoreError::Taken(_) | StoreError::Invalid(_) => Self::Senseless(error.to_string()),
        }
    }
}

impl Trouble {
    fn status(&self) -> StatusCode {
        match self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::LoggedOut { .. } | Self::WrongLogin => StatusCode::UNAUTHORIZED,
            Self::TooManyLogins { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::OtherSite => StatusCode::FORBIDDEN,
            Self::Senseless(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Refused(_) => StatusCode::CONFLICT,
            Self::NoDatabase | Self::NoBridge | Self::TooManyPages => {
                StatusCode::SERVICE_UNAVAILABLE
            }
        }
    }

    /// In words, for the person in front of the page.
    pub(crate) fn message(&self) -> String {
        match self {
            Self::NotFound => "There is nothing at this address, or it is not yours to see.".into(),
            Self::LoggedOut { .. } => "You are not logged in.".into(),
            Self::WrongLogin => "E-mail address and password do not fit.".into(),
            Self::TooManyLogins { wait_s } => {
                format!("Too many failed logins from here. Please try again in {wait_s} s.")
            }
            Self::OtherSite => "This was sent by a page of another web site and was not done. \
                                If it was you, go back, reload the page and do it again."
                .into(),
            Self::Senseless(why) | Self::Refused(why) => why.clone(),
            Self::NoDatabase => "The database does not answer. Conferences go on meanwhile; \
                                 please try again in a minute."
                .into(),
            Self::NoBridge => "The conference bridge did not answer in time. Please look whether \
                               it was done before you try again."
                .into(),
            Self::TooManyPages => "Too many live pages are open.".into(),
        }
    }
}

impl IntoResponse for Trouble {
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// For every address that is not ours.
pub(crate) async fn not_found() -> Trouble {
    Trouble::NotFound
}

/// Gives every failing answer a body: ours, or JSON for programs.
pub(crate) async fn in_our_design(request: Request, next: Next) -> Response {
    let api = request.uri().path().starts_with("/api/");
    let json = wants_json(request.uri().path(), request.headers());
    let mut response = next.run(request).await;
    let status = response.status();
    let failed = status.is_client_error() || status.is_server_error();
    if let Some(trouble) = response.extensions_mut().remove::<Trouble>() {
        let mut response = told(status, &trouble, json);
        if api && status == StatusCode::UNAUTHORIZED {
            let how = HeaderValue::from_static("Basic realm=\"Confab\", charset=\"UTF-8\"");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, how);
        }
        return response;
    }
    if !failed || status == StatusCode::RANGE_NOT_SATISFIABLE || is_ours(response.headers()) {
        return response;
    }
    // The framework's own refusals: a form that cannot be read, a method that is not allowed.
    let why = match status {
        StatusCode::METHOD_NOT_ALLOWED => "That cannot be done here.",
        StatusCode::PAYLOAD_TOO_LARGE => "That was too large.",
        _ => "The request could not be read.",
    };
    told(status, &Trouble::Senseless(why.into()), json)
}

fn told(status: StatusCode, trouble: &Trouble, json: bool) -> Response {
    let mut response = match trouble {
        _ if json => {
            let body = serde_json::json!({ "error": trouble.message() });
            (status, Json(body)).into_response()
        }
        Trouble::LoggedOut { next } => {
            let next = frame::query_value(next);
            return Redirect::to(&format!("/login?next={next}")).into_response();
        }
        _ => (status, page(status, trouble)).into_response(),
    };
    if let Trouble::TooManyLogins { wait_s } = trouble
        && let Ok(value) = HeaderValue::from_str(&wait_s.to_string())
    {
        response.headers_mut().insert(header::RETRY_AFTER, value);
    }
    response
}

fn page(status: StatusCode, trouble: &Trouble) -> Response {
    let title = match trouble {
        Trouble::NotFound => "Not found",
        Trouble::NoDatabase | Trouble::NoBridge | Trouble::TooManyPages => "Not now",
        _ => "That did not work",
    };
    frame::html(&ErrorPage {
        frame: Frame::of_nobody(title),
        title,
        status: status.as_u16(),
        message: trouble.message(),
    })
}

#[derive(askama::Template)]
#[template(path = "error.html")]
struct ErrorPage {
    frame: Frame,
    title: &'static str,
    status: u16,
    message: String,
}

/// Programs get JSON: everything under `/api/`, and whoever asks for it.
pub(crate) fn wants_json(path: &str, headers: &HeaderMap) -> bool {
    let accept = headers
        .get(header::ACCEPT)
        .and_then(|value| value.to_str().ok());
    path.starts_with("/api/") || accept.is_some_and(|kinds| kinds.contains("application/json"))
}

fn is_ours(headers: &HeaderMap) -> bool {
    let kind = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    kind.is_some_and(|kind| kind.starts_with("text/html") || kind.starts_with("application/json"))
}

/// An answer that says nothing but that something is broken inside; used where even a page cannot
/// be made.
pub(crate) fn broken() -> Response {
    let body = Body::from("Something is broken inside Confab; the log says what.");
    (StatusCode::INTERNAL_SERVER_ERROR, body).into_response()
}
