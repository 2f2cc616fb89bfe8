//! The sound of recordings over HTTP: whole or a range of it (RFC 9110, 14), also of one that
//! still grows. Serves only what has a row.

use std::io::SeekFrom;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncSeekExt};
use tokio_util::io::ReaderStream;

use crate::app::App;
use crate::frame::query_value;
use crate::recordings::{file_of, recording_of, shown_title};
use crate::trouble::Trouble;
use crate::visitor::Visitor;

/// GET /recordings/{recording}/audio
pub(crate) async fn play(
    visitor: Visitor,
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Trouble> {
    serve(&app, &visitor, &id, &headers, "inline".to_owned()).await
}

/// GET /recordings/{recording}/download
pub(crate) async fn download(
    visitor: Visitor,
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Trouble> {
    let row = recording_of(&app, &visitor, &id).await?;
    let began = visitor.zone.file_name(row.started_ms);
    let name = format!("{} {began}.mp3", shown_title(&row));
    serve(&app, &visitor, &id, &headers, attachment(&name)).await
}

async fn serve(
    app: &App,
    visitor: &Visitor,
    id: &str,
    headers: &HeaderMap,
    disposition: String,
) -> Result<Response, Trouble> {
    let row = recording_of(app, visitor, id).await?;
    if row.deleted.is_some() {
        return Err(Trouble::NotFound);
    }
    let mut file = File::open(file_of(app, &row))
        .await
        .map_err(|_| Trouble::NotFound)?;
    let length = file.metadata().await.map_err(|_| Trouble::NotFound)?.len();
    let Some((status, first, count)) = asked_for(headers, length) else {
        return Ok(outside(length));
    };
    file.seek(SeekFrom::Start(first))
        .await
        .map_err(|_| Trouble::NotFound)?;
    let mut response = Response::builder()
        .status(status)
        .header(header::CONTENT_TYPE, "audio/mpeg")
        .header(header::CONTENT_LENGTH, count)
        .header(header::ACCEPT_RANGES, "bytes")
        .header(header::CACHE_CONTROL, "private, no-cache")
        .header(header::CONTENT_DISPOSITION, disposition);
    if status == StatusCode::PARTIAL_CONTENT {
        response = response.header(header::CONTENT_RANGE, content_range(first, count, length));
    }
    // Exactly what was promised, however much the file has grown since.
    let body = Body::from_stream(ReaderStream::new(file.take(count)));
    response.body(body).map_err(|_| Trouble::NotFound)
}

/// Sound that is in memory, whole or the range asked for. Never kept by the browser: the next one
/// at the same address may be another.
pub(crate) fn serve_bytes(kind: &'static str, bytes: Vec<u8>, headers: &HeaderMap) -> Response {
    let length = bytes.len() as u64;
    let Some((status, first, count)) = asked_for(headers, length) else {
        return outside(length);
    };
    let part = Bytes::from(bytes).slice(first as usize..(first + count) as usize);
    let told = [
        (header::CONTENT_TYPE, kind),
        (header::ACCEPT_RANGES, "bytes"),
        (header::CACHE_CONTROL, "private, no-store"),
    ];
    if status == StatusCode::PARTIAL_CONTENT {
        let range = [(header::CONTENT_RANGE, content_range(first, count, length))];
        return (status, told, range, part).into_response();
    }
    (status, told, part).into_response()
}

/// Status, first byte and count of bytes to send; none when the range lies outside.
fn asked_for(headers: &HeaderMap, length: u64) -> Option<(StatusCode, u64, u64)> {
    // Without an entity tag there is nothing If-Range could be true for.
    let asked = headers
        .get(header::RANGE)
        .filter(|_| !headers.contains_key(header::IF_RANGE));
    let asked = asked.and_then(|value| value.to_str().ok());
    match asked.map_or(Span::Whole, |asked| span(asked, length)) {
        Span::Whole => Some((StatusCode::OK, 0, length)),
        Span::Part { first, last } => Some((StatusCode::PARTIAL_CONTENT, first, last - first + 1)),
        Span::Outside => None,
    }
}

fn outside(length: u64) -> Response {
    let size = [(header::CONTENT_RANGE, format!("bytes */{length}"))];
    (StatusCode::RANGE_NOT_SATISFIABLE, size).into_response()
}

fn content_range(first: u64, count: u64, length: u64) -> String {
    format!("bytes {first}-{}/{length}", first + count - 1)
}

/// Which bytes to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Span {
    Whole,
    /// both ends included
    Part {
        first: u64,
        last: u64,
    },
    Outside,
}

/// One range of bytes. Several, other units and what is no range at all are not understood, and
/// what is not understood is ignored (RFC 9110, 14.2).
fn span(asked: &str, length: u64) -> Span {
    let ends = asked
        .trim()
        .strip_prefix("bytes=")
        .and_then(|range| range.split_once('-'));
    let number = |text: &str| {
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        digits.then(|| text.parse().unwrap_or(u64::MAX))
    };
    let Some((from, to)) = ends else {
        return Span::Whole;
    };
    match (number(from), number(to)) {
        (Some(first), _) if first >= length => Span::Outside,
        (Some(first), Some(last)) if first <= last => Span::Part {
            first,
            last: last.min(length - 1),
        },
        (Some(first), None) if to.is_empty() => Span::Part {
            first,
            last: length - 1,
        },
        (None, Some(0)) if from.is_empty() => Span::Outside,
        (None, Some(_)) if from.is_empty() && length == 0 => Span::Outside,
        (None, Some(count)) if from.is_empty() => Span::Part {
            first: length.saturating_sub(count),
            last: length - 1,
        },
        _ => Span::Whole,
    }
}

/// Content-Disposition with a name any system takes (RFC 6266): ASCII for the old, UTF-8 for the
/// rest.
fn attachment(name: &str) -> String {
    let name: String = name
        .chars()
        .map(|c| if is_awkward(c) { '_' } else { c })
        .collect();
    let ascii: String = name
        .chars()
        .map(|c| if c.is_ascii() { c } else { '_' })
        .collect();
    let coded = query_value(&name);
    format!("attachment; filename=\"{ascii}\"; filename*=UTF-8''{coded}")
}

/// Characters that some file system does not take.
fn is_awkward(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '/' | '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|' | '%'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges() {
        let part = |first, last| Span::Part { first, last };
        for (asked, length, expected) in [
            ("bytes=0-", 100, part(0, 99)),
            ("bytes=0-0", 100, part(0, 0)),
            ("bytes=10-19", 100, part(10, 19)),
            ("bytes=90-500", 100, part(90, 99)),
            ("bytes=-10", 100, part(90, 99)),
            ("bytes=-500", 100, part(0, 99)),
            ("bytes=100-", 100, Span::Outside),
            ("bytes=99999999999999999999-", 100, Span::Outside),
            ("bytes=-0", 100, Span::Outside),
            ("bytes=0-", 0, Span::Outside),
            ("bytes=-5", 0, Span::Outside),
            ("bytes=20-10", 100, Span::Whole),
            ("bytes=0-1,5-6", 100, Span::Whole),
            ("bytes=+1-2", 100, Span::Whole),
            ("lines=1-2", 100, Span::Whole),
            ("bytes=-", 100, Span::Whole),
            ("", 100, Span::Whole),
        ] {
            assert_eq!(span(asked, length), expected, "{asked} of {length}");
        }
    }

    #[test]
    fn file_names() {
        let line = attachment("Planung/Größe \"A\".mp3");
        assert_eq!(
            line,
            "attachment; filename=\"Planung_Gr__e _A_.mp3\"; \
             filename*=UTF-8''Planung_Gr%C3%B6%C3%9Fe%20_A_.mp3"
        );
    }
}
