//! Style, script and icon, inside the binary; each under an address that changes with its content.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::LazyLock;

use axum::extract::Path;
use axum::http::header;
use axum::response::{IntoResponse, Response};

use crate::trouble::Trouble;

/// One file.
pub(crate) struct Asset {
    name: &'static str,
    kind: &'static str,
    text: &'static str,
    url: LazyLock<String>,
}

impl Asset {
    /// Where it is; another content has another address, so it may be kept for ever.
    pub(crate) fn url(&'static self) -> &'static str {
        &self.url
    }
}

macro_rules! asset {
    ($name:literal, $kind:literal) => {
        Asset {
            name: $name,
            kind: $kind,
            text: include_str!(concat!("../assets/", $name)),
            url: LazyLock::new(|| address($name, include_str!(concat!("../assets/", $name)))),
        }
    };
}

/// The one style sheet.
pub(crate) static STYLE: Asset = asset!("portal.css", "text/css; charset=utf-8");
/// The one script.
pub(crate) static SCRIPT: Asset = asset!("portal.js", "text/javascript; charset=utf-8");
/// The mark.
pub(crate) static ICON: Asset = asset!("mark.svg", "image/svg+xml");

/// GET /assets/{name}
pub(crate) async fn serve(Path(name): Path<String>) -> Result<Response, Trouble> {
    let asset = [&STYLE, &SCRIPT, &ICON]
        .into_iter()
        .find(|asset| asset.name == name);
    let asset = asset.ok_or(Trouble::NotFound)?;
    let headers = [
        (header::CONTENT_TYPE, asset.kind),
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
    ];
    Ok((headers, asset.text).into_response())
}

fn address(name: &str, text: &str) -> String {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    format!("/assets/{name}?v={:016x}", hasher.finish())
}
