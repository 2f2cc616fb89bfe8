//! What protects every page whatever it does: headers, and the check that a POST comes from our
//! own pages. Knows no user.

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{DefaultPredicate, NotForContentType, Predicate};

use crate::trouble::Trouble;

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
                      media-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; \
                      frame-ancestors 'none'";

/// Puts the protecting headers on an answer.
pub(crate) async fn headers(mut response: Response) -> Response {
    let values = [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "same-origin"),
        (
            HeaderName::from_static("cross-origin-opener-policy"),
            "same-origin",
        ),
        (
            HeaderName::from_static("permissions-policy"),
            "camera=(), microphone=(), geolocation=()",
        ),
    ];
    for (name, value) in values {
        response
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    }
    response
}

/// Text is compressed; sound is already, and a stream of events must not wait in a compressor.
pub(crate) fn compression() -> CompressionLayer<impl Predicate> {
    CompressionLayer::new()
        .compress_when(DefaultPredicate::new().and(NotForContentType::const_new("audio/")))
}

/// Refuses what another site makes a browser send. A browser says where a request comes from in
/// `Sec-Fetch-Site`, or at least in `Origin`; a program that says neither carries no cookie of
/// somebody else.
pub(crate) async fn same_site_only(request: Request, next: Next) -> Response {
    let reads = matches!(
        *request.method(),
        Method::GET | Method::HEAD | Method::OPTIONS
    );
    if reads || is_same_site(request.headers()) {
        next.run(request).await
    } else {
        Trouble::OtherSite.into_response()
    }
}

fn is_same_site(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(site) = text("sec-fetch-site") {
        return matches!(site, "same-origin" | "none");
    }
    let Some(origin) = text("origin") else {
        return !headers.contains_key("origin");
    };
    let Some((_, from)) = origin.split_once("://") else {
        return false;
    };
    // A proxy in front may have put its own name into Host; another site cannot set either.
    [text("host"), text("x-forwarded-host")].contains(&Some(from))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whose_post_is_taken() {
        for (pairs, taken) in [
            (&[][..], true),
            (&[("sec-fetch-site", "same-origin")], true),
            (&[("sec-fetch-site", "none")], true),
            (&[("sec-fetch-site", "same-site")], false),
            (&[("sec-fetch-site", "cross-site")], false),
            (
                &[
                    ("origin", "http://confab.example:8080"),
                    ("host", "confab.example:8080"),
                ],
                true,
            ),
            (
                &[
                    ("origin", "https://evil.example"),
                    ("host", "confab.example"),
                ],
                false,
            ),
            (&[("origin", "null"), ("host", "confab.example")], false),
            (&[("origin", "http://confab.example")], false),
            (
                &[
                    ("origin", "https://confab.example"),
                    ("host", "10.0.0.7:8080"),
                    ("x-forwarded-host", "confab.example"),
                ],
                true,
            ),
        ] {
            let mut headers = HeaderMap::new();
            for (name, value) in pairs {
                headers.insert(
                    HeaderName::from_static(name),
                    HeaderValue::from_static(value),
                );
            }
            assert_eq!(is_same_site(&headers), taken, "{pairs:?}");
        }
    }
}
