//! Keys in SIP INFO bodies: `application/dtmf-relay` and `application/dtmf`, as phones write them.
//!
//! Neither was ever standardised, so this reads generously: any case, any blanks, any line end, the
//! form of one type under the name of the other. Knows no SIP message, only type and body.

use crate::Key;

/// The key in the body of an INFO request, when its `Content-Type` is one of the two and the body
/// names a key.
pub fn key_of_info(content_type: &str, body: &[u8]) -> Option<Key> {
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    let relay = media_type.eq_ignore_ascii_case("application/dtmf-relay");
    if !relay && !media_type.eq_ignore_ascii_case("application/dtmf") {
        return None;
    }
    let text = String::from_utf8_lossy(body.get(..BODY_MAX_BYTES).unwrap_or(body));
    signal_line(&text)
        .or_else(|| {
            text.split(['\r', '\n'])
                .find(|line| !line.trim().is_empty())
        })
        .and_then(key_of_signal)
}

/// What stands behind `Signal=`, if there is such a line.
fn signal_line(text: &str) -> Option<&str> {
    text.split(['\r', '\n']).find_map(|line| {
        let (name, value) = line.split_once(['=', ':'])?;
        name.trim().eq_ignore_ascii_case("signal").then_some(value)
    })
}

/// A key as its own sign, or as its RFC 4733 event code.
fn key_of_signal(signal: &str) -> Option<Key> {
    let is_around = |c: char| c.is_whitespace() || c == '"' || c == '\0';
    let signal = signal.trim_matches(is_around);
    // `Signal=5;Duration=160` and `Signal=5 Duration=160` all in one line
    let signal = signal
        .split([';', ',', ' ', '\t'])
        .next()
        .unwrap_or_default();
    let signal = signal.trim_matches(is_around);
    let mut chars = signal.chars();
    match (chars.next(), chars.next()) {
        (Some(c), None) => Key::from_char(c),
        (Some(_), Some(_)) => signal.parse().ok().and_then(Key::from_event),
        _ => None,
    }
}

/// A body that names one key is a few dozen bytes; nobody needs more read than this.
const BODY_MAX_BYTES: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    fn check(content_type: &str, body: &str, key: &str) {
        let read = key_of_info(content_type, body.as_bytes()).map(|key| key.to_string());
        assert_eq!(read.unwrap_or_default(), key, "{content_type}: {body:?}");
    }

    #[test]
    fn relay_bodies() {
        check(
            "application/dtmf-relay",
            "Signal=5\r\nDuration=160\r\n",
            "5",
        );
        check("application/dtmf-relay", "Signal= 5\nDuration= 160", "5");
        check("Application/DTMF-Relay; charset=utf-8", "signal=*\r\n", "*");
        check(
            "application/dtmf-relay",
            "Duration=250\r\nSignal=#\r\n",
            "#",
        );
        check(
            "application/dtmf-relay",
            "Signal=10\r\nDuration=160\r\n",
            "*",
        );
        check("application/dtmf-relay", "Signal=11", "#");
        check("application/dtmf-relay", "Signal=d", "D");
        check("application/dtmf-relay", "Signal: 7", "7");
        check("application/dtmf-relay", "7\r\n", "7");
        check("application/dtmf-relay", "Signal=5;Duration=160", "5");
        check("application/dtmf-relay", "Signal=# Duration=160", "#");
        check("application/dtmf-relay", "\r\nSignal=\"*\"\r\n", "*");
        check("application/dtmf-relay", "SIGNAL=0\rDURATION=160\r", "0");
        check("application/dtmf-relay", "Signal=5\0", "5");
    }

    #[test]
    fn plain_bodies() {
        check("application/dtmf", "5", "5");
        check("application/dtmf", "\r\n 5 \r\n", "5");
        check("application/dtmf", "*", "*");
        check("application/dtmf", "11", "#");
        check("application/dtmf", "5\0", "5");
        check("application/dtmf;charset=\"utf-8\"", "9", "9");
        check("application/dtmf", "Signal=3\r\nDuration=100", "3");
    }

    #[test]
    fn what_is_no_key_is_no_key() {
        check("application/dtmf-relay", "", "");
        check("application/dtmf-relay", "Signal=\r\n", "");
        check("application/dtmf-relay", "Signal=16", "");
        check("application/dtmf-relay", "Signal=hf", "");
        check("application/dtmf-relay", "Signal=99999999999", "");
        check("application/sdp", "5", "");
        check("", "5", "");
        assert_eq!(key_of_info("application/dtmf", &[0xff, 0xfe]), None);
        assert_eq!(key_of_info("application/dtmf", &[b'9'; 4_000]), None);
    }
}
