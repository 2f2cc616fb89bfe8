//! Text from people and from the network, made fit to be kept and shown. Knows no database.

use crate::error::{Result, StoreError};

/// Takes one line of text of up to `most` characters; gives it trimmed.
pub(crate) fn check_line<'a>(what: &str, text: &'a str, most: usize) -> Result<&'a str> {
    let text = text.trim();
    if text.chars().any(char::is_control) {
        return Err(StoreError::Invalid(format!("{what} is one line of text")));
    }
    if text.chars().count() > most {
        return Err(StoreError::Invalid(format!(
            "{what} has at most {most} characters"
        )));
    }
    Ok(text)
}

/// What the network sent, without control characters and cut to [`NETWORK_CHARS_MAX`]: the ledger
/// takes everything, but PostgreSQL takes no zero byte, and one entry that can never be written
/// would hold up all that wait behind it.
pub(crate) fn network_line(text: &str) -> String {
    let shown = text.chars().filter(|c| !c.is_control());
    shown.take(NETWORK_CHARS_MAX).collect()
}

/// A time within the years 1970 to 9999: sums of such times and lengths never overflow.
pub(crate) fn sane_ms(time_ms: i64) -> i64 {
    time_ms.clamp(0, TIME_MS_MAX)
}

const NETWORK_CHARS_MAX: usize = 256;
/// The end of the year 9999.
const TIME_MS_MAX: i64 = 253_402_300_799_999;
