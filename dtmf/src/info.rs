//! Keys in SIP INFO bodies: `application/dtmf-relay` and `application/dtmf`, as phones write them.
//!
//! Neither was ever standardised, so this reads generously: any case, any blanks, any line end, the
//! form of one type under the name of the other. Knows no SIP message, only type and body.

use crate::Key;

/// The key in the body of an INFO request, when its `Content-Type` is one of the two and the body
/// names a key; and how long the key was held, in milliseconds, at most [`HELD_MOST_MS`]: zero when
/// the body does not say.
pub fn key_of_info(content_type: &str, body: &[u8]) -> Option<(Key, u32)> {
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    let relay = media_type.eq_ignore_ascii_case("application/dtmf-relay");
    if !relay && !media_type.eq_ignore_ascii_case("application/dtmf") {
        return None;
    }
    let text = String::from_utf8_lossy(body.get(..BODY_MAX_BYTES).unwrap_or(body));
    let key = value_of("signal", text.split(['\r', '\n']))
        .or_else(|| {
            text.split(['\r', '\n'])
                .find(|line| !line.trim().is_empty())
        })
        .and_then(key_of_signal)?;
    let duration = value_of("duration", text.split(['\r', '\n', ';', ',', ' ', '\t']))
        .or_else(|| value_of("duration", text.split(['\r', '\n'])));
    let held_ms = duration.and_then(|value| value.trim_matches(is_around).parse().ok());
    Some((key, held_ms.unwrap_or(0).min(HELD_MOST_MS)))
}

/// What stands behind the name in the first part that has it.
fn value_of<'a>(wanted: &str, mut parts: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    parts.find_map(|part| {
        let (name, value) = part.split_once(['=', ':'])?;
        let fits = name.trim().eq_ignore_ascii_case(wanted) && !value.trim().is_empty();
        fits.then_some(value)
    })
}

fn is_around(c: char) -> bool {
    c.is_whitespace() || c == '"' || c == '\0'
}

/// A key as its own sign, or as its RFC 4733 event code.
fn key_of_signal(signal: &str) -> Option<Key> {
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

/// Nobody holds a key for longer; what says so is wrong.
pub const HELD_MOST_MS: u32 = 30_000;

/// A body that names one key is a few dozen bytes; nobody needs more read than this.
const BODY_MAX_BYTES: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    fn check(content_type: &str, body: &str, key: &str) {
        let read = key_of_info(content_type, body.as_bytes()).map(|(key, _)| key.to_string());
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

    #[test]
    fn how_long_it_was_held() {
        let check = |body: &str, held_ms| {
            let read = key_of_info("application/dtmf-relay", body.as_bytes());
            assert_eq!(read.map(|(_, held)| held), Some(held_ms), "{body:?}");
        };
        check("Signal=5\r\nDuration=160\r\n", 160);
        check("Duration = 4000\nSignal=5", 4_000);
        check("Signal=5;Duration=160", 160);
        check("Signal=# Duration=160", 160);
        check("SIGNAL=0\rDURATION: \"250\"\r", 250);
        check("Signal=5", 0);
        check("5", 0);
        check("Signal=5\nDuration=long", 0);
        check("Signal=5\nDuration=-3", 0);
        check("Signal=5\nDuration=4000000000", HELD_MOST_MS);
    }
}
