//! Who asks: the user of the session cookie, or of HTTP Basic in the API. Decides nothing about
//! what they may see.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use confab_store::User;

use crate::app::{App, now_ms};
use crate::door::Origin;
use crate::frame::{self, Notice};
use crate::trouble::Trouble;
use crate::when::Zone;

/// The cookie of a login session.
pub(crate) const SESSION_COOKIE: &str = "confab_session";
/// The cookie in which the page's script tells the browser's time zone.
const ZONE_COOKIE: &str = "confab_zone";

/// Somebody who is logged in, and how they look at the pages.
#[derive(Clone, Debug)]
pub(crate) struct Visitor {
    pub(crate) user: User,
    /// the session; none with HTTP Basic
    pub(crate) token: Option<String>,
    pub(crate) zone: Zone,
    /// what the page says about what was just done
    pub(crate) notice: Option<Notice>,
}

impl FromRequestParts<Arc<App>> for Visitor {
    type Rejection = Trouble;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Trouble> {
        let token = cookie(&parts.headers, SESSION_COOKIE).map(str::to_owned);
        let user = match &token {
            Some(token) => app.portal.store.session_user(token, now_ms()).await?,
            None => None,
        };
        let (user, token) = match user {
            Some(user) => (user, token),
            None => (by_password(parts, app).await?, None),
        };
        let zone = cookie(&parts.headers, ZONE_COOKIE).map(Zone::named);
        let notice = parts.uri.query().and_then(frame::notice);
        Ok(Self {
            user,
            token,
            zone: zone.unwrap_or_default(),
            notice,
        })
    }
}

async fn by_password(parts: &Parts, app: &App) -> Result<User, Trouble> {
    let path = parts.uri.path();
    let given = path
        .starts_with("/api/")
        .then(|| basic(&parts.headers))
        .flatten();
    match given {
        Some((email, password)) => {
            let origin = Origin::of(parts);
            app.door
                .enter(&app.portal.store, &origin, &email, &password)
                .await
        }
        None => {
            let next = parts.uri.path_and_query().map_or(path, |all| all.as_str());
            Err(Trouble::LoggedOut {
                next: next.to_owned(),
            })
        }
    }
}

/// Name and password of HTTP Basic (RFC 7617).
fn basic(headers: &HeaderMap) -> Option<(String, String)> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, coded) = value.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let plain = String::from_utf8(STANDARD.decode(coded.trim()).ok()?).ok()?;
    let (email, password) = plain.split_once(':')?;
    Some((email.to_owned(), password.to_owned()))
}

/// One cookie of the request.
pub(crate) fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let lines = headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok());
    let mut pairs = lines
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.split_once('='));
    pairs
        .find(|(key, _)| key.trim() == name)
        .map(|(_, value)| value.trim())
}

/// The session cookie. It lives as long as the browser runs, or `remember_ms`.
pub(crate) fn session_cookie(headers: &HeaderMap, token: &str, remember_ms: Option<i64>) -> String {
    cookie_line(headers, SESSION_COOKIE, token, remember_ms)
}

/// A cookie that no script sees. It is sent over TLS only when a proxy in front says that the page
/// came over TLS.
pub(crate) fn cookie_line(
    headers: &HeaderMap,
    name: &str,
    value: &str,
    lasts_ms: Option<i64>,
) -> String {
    let mut line = format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax");
    if let Some(ms) = lasts_ms {
        line.push_str(&format!("; Max-Age={}", ms / 1_000));
    }
    if headers
        .get("x-forwarded-proto")
        .is_some_and(|proto| proto == "https")
    {
        line.push_str("; Secure");
    }
    line
}
