//! Tables as files for a spreadsheet: RFC 4180, and no cell that a spreadsheet would execute.

use axum::http::header;
use axum::response::{IntoResponse, Response};

/// A table that is written line by line.
pub(crate) struct Csv {
    text: String,
}

impl Csv {
    /// With these headings.
    pub(crate) fn new(headings: &[&str]) -> Self {
        let mut csv = Self {
            text: String::new(),
        };
        csv.line(headings);
        csv
    }

    /// One more line.
    pub(crate) fn line<S: AsRef<str>>(&mut self, cells: &[S]) {
        for (place, cell) in cells.iter().enumerate() {
            if place > 0 {
                self.text.push(',');
            }
            self.text.push_str(&cell_text(cell.as_ref()));
        }
        self.text.push_str("\r\n");
    }

    /// The file, for a browser to save under this name.
    pub(crate) fn download(self, name: &str) -> Response {
        let headers = [
            (
                header::CONTENT_TYPE,
                "text/csv; charset=utf-8; header=present".to_owned(),
            ),
            (
                header::CONTENT_DISPOSITION,
                format!("attachment; filename=\"{name}\""),
            ),
            (header::CACHE_CONTROL, "no-store".to_owned()),
        ];
        (headers, self.text).into_response()
    }
}

fn cell_text(cell: &str) -> String {
    let safe = if is_formula(cell) {
        format!("'{cell}")
    } else {
        cell.to_owned()
    };
    if safe.contains([',', '"', '\r', '\n']) {
        format!("\"{}\"", safe.replace('"', "\"\""))
    } else {
        safe
    }
}

/// A spreadsheet takes what begins like this for a formula. A telephone number is none.
fn is_formula(cell: &str) -> bool {
    let harmless = cell
        .strip_prefix('+')
        .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit()));
    cell.starts_with(['=', '+', '-', '@', '\t', '\r']) && !harmless
}

#[cfg(test)]
mod tests {
    use super::cell_text;

    #[test]
    fn cells() {
        for (cell, text) in [
            ("Anna", "Anna"),
            ("Anna, Bert", "\"Anna, Bert\""),
            ("the \"boss\"", "\"the \"\"boss\"\"\""),
            ("+4930123", "+4930123"),
            ("+1+cmd", "'+1+cmd"),
            ("=1+1", "'=1+1"),
            ("@x,\ny", "\"'@x,\ny\""),
            ("", ""),
        ] {
            assert_eq!(cell_text(cell), text, "{cell}");
        }
    }
}
