//! What a message looks like before the SIP library sees it: its lines, repaired.
//!
//! Owns the raw bytes and nothing else; [`judge`] decides, [`reply`] answers.

pub(crate) mod grammar;
pub(crate) mod judge;
pub(crate) mod reply;

/// One header field: its long name in the writing of RFC 3261 where it is known, its value
/// unfolded and trimmed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Field {
    pub name: String,
    pub value: String,
}

/// A message taken apart into lines. Says nothing about whether it makes sense.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    pub start: String,
    pub fields: Vec<Field>,
    pub body: Vec<u8>,
    /// it was Latin-1, had bare line feeds, folded lines or short names
    pub repaired: bool,
    /// why the lines themselves are wrong, if they are
    pub fault: Option<&'static str>,
}

/// Names in short and in full (RFC 3261, 20; RFC 4028; RFC 3515).
const SHORT_NAMES: [(&str, &str); 14] = [
    ("i", "Call-ID"),
    ("m", "Contact"),
    ("e", "Content-Encoding"),
    ("l", "Content-Length"),
    ("c", "Content-Type"),
    ("f", "From"),
    ("s", "Subject"),
    ("k", "Supported"),
    ("t", "To"),
    ("v", "Via"),
    ("x", "Session-Expires"),
    ("r", "Refer-To"),
    ("b", "Referred-By"),
    ("o", "Event"),
];

/// Where the header ends and the body begins, as offsets, once the empty line is there.
pub(crate) fn end_of_head(bytes: &[u8]) -> Option<(usize, usize)> {
    let mut from = 0;
    while let Some(lf) = bytes[from..].iter().position(|&b| b == b'\n') {
        let end = from + lf + 1;
        match bytes.get(end..) {
            Some([b'\n', ..]) => return Some((end, end + 1)),
            Some([b'\r', b'\n', ..]) => return Some((end, end + 2)),
            _ => from = end,
        }
    }
    None
}

/// Takes `bytes` apart: a whole datagram, or one framed message of a stream. `None` when there is
/// not even a first line. Never fails on anything else; [`Head::fault`] tells.
pub(crate) fn take_apart(bytes: &[u8]) -> Option<Head> {
    let skip = bytes.iter().position(|b| !matches!(b, b'\r' | b'\n'))?;
    let bytes = &bytes[skip..];
    let (head_end, body_start) = end_of_head(bytes).unwrap_or((bytes.len(), bytes.len()));
    let (text, latin1) = decode(&bytes[..head_end]);
    let mut repaired = latin1 || text.replace("\r\n", "").contains('\n');
    let mut fault = (head_end == body_start).then_some("Header Does Not End");
    let mut lines = text
        .split('\n')
        .map(|line| line.strip_suffix('\r').unwrap_or(line));
    let start = lines.next().unwrap_or_default().to_owned();
    let mut fields: Vec<Field> = Vec::new();
    for line in lines.filter(|line| !line.is_empty()) {
        if line.starts_with([' ', '\t']) {
            repaired = true;
            match fields.last_mut() {
                Some(field) => {
                    field.value.push(' ');
                    field.value.push_str(line.trim());
                }
                None => fault = fault.or(Some("Header Starts With Blank")),
            }
            continue;
        }
        match line.split_once(':') {
            Some((name, value)) => fields.push(Field {
                name: long_name(name.trim()).to_owned(),
                value: value.trim().to_owned(),
            }),
            None => fault = fault.or(Some("Header Line Without Colon")),
        }
    }
    for field in &mut fields {
        if field.value.starts_with(' ') {
            field.value = field.value.trim().to_owned();
        }
        if ADDRESSES
            .iter()
            .any(|name| field.name.eq_ignore_ascii_case(name))
        {
            let squeezed = squeeze(&field.value);
            repaired |= squeezed != field.value;
            field.value = squeezed;
        }
        if has_bare_control(&field.value) {
            fault = fault.or(Some("Control Character In Header"));
            field.value.retain(|c| !c.is_control());
        }
        if !grammar::is_token(&field.name) {
            fault = fault.or(Some("Malformed Header Name"));
        }
    }
    Some(Head {
        start,
        fields,
        body: bytes[body_start..].to_vec(),
        repaired,
        fault,
    })
}

/// UTF-8, or Latin-1 when it is not; the second value tells which.
fn decode(bytes: &[u8]) -> (String, bool) {
    match std::str::from_utf8(bytes) {
        Ok(text) => (text.to_owned(), false),
        Err(_) => (bytes.iter().map(|&b| char::from(b)).collect(), true),
    }
}

/// Fields that the library reads, and reads only when no blanks stand around separators.
const ADDRESSES: [&str; 7] = [
    "Via",
    "From",
    "To",
    "Contact",
    "Route",
    "Record-Route",
    "P-Asserted-Identity",
];

/// Takes away the blanks that may stand around `;`, `=` and `,`, and in a Via around `/`
/// (RFC 3261, 25.1 `SEMI`, `EQUAL`, `COMMA`, `SLASH`), and all but one elsewhere; quoted text
/// stays.
fn squeeze(value: &str) -> String {
    let separates = |c: char| matches!(c, ';' | '=' | ',' | '/');
    let mut out = String::with_capacity(value.len());
    let (mut quoted, mut escaped, mut blank) = (false, false, false);
    for c in value.chars() {
        if !quoted && matches!(c, ' ' | '\t') {
            blank = true;
            continue;
        }
        if blank && !separates(c) && !out.ends_with(separates) && !out.is_empty() {
            out.push(' ');
        }
        blank = false;
        out.push(c);
        quoted ^= c == '"' && !escaped;
        escaped = quoted && c == '\\' && !escaped;
    }
    out
}

/// Whether a control character stands anywhere but behind a backslash, where a quoted name may
/// have one (RFC 3261, 25.1 `quoted-pair`).
fn has_bare_control(value: &str) -> bool {
    let mut escaped = false;
    value.chars().any(|c| {
        let bare = c.is_control() && c != '\t' && (!escaped || c == '\r');
        escaped = c == '\\' && !escaped;
        bare
    })
}

fn long_name(name: &str) -> &str {
    let found = SHORT_NAMES
        .iter()
        .find(|(short, _)| short.eq_ignore_ascii_case(name));
    found.map_or(name, |(_, long)| long)
}

impl Head {
    /// Values of all fields of this name, in order.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let named = self
            .fields
            .iter()
            .filter(move |f| f.name.eq_ignore_ascii_case(name));
        named.map(|f| f.value.as_str())
    }

    /// Value of the first field of this name.
    pub fn first(&self, name: &str) -> Option<&str> {
        self.fields
            .iter()
            .find(|f| f.name.eq_ignore_ascii_case(name))
            .map(|f| f.value.as_str())
    }

    /// The message again, in the plain form that every parser agrees on: long names, no folding,
    /// CRLF, UTF-8, and a Content-Length that is true.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.start.len() + self.body.len() + 512);
        let mut line = |text: &[&str]| {
            text.iter()
                .for_each(|t| out.extend_from_slice(t.as_bytes()));
            out.extend_from_slice(b"\r\n");
        };
        line(&[&self.start]);
        for field in &self.fields {
            if !field.name.eq_ignore_ascii_case("Content-Length") {
                line(&[&field.name, ": ", &field.value]);
            }
        }
        line(&["Content-Length: ", &self.body.len().to_string()]);
        line(&[]);
        out.extend_from_slice(&self.body);
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_unfolded_and_named_in_full() {
        let raw = b"\r\nOPTIONS sip:a SIP/2.0\nv: SIP/2.0/UDP h\n ;branch=z\ns :x\n\nbody";
        let head = take_apart(raw).unwrap();
        assert_eq!(head.start, "OPTIONS sip:a SIP/2.0");
        assert_eq!(head.first("via"), Some("SIP/2.0/UDP h;branch=z"));
        assert_eq!(head.first("Subject"), Some("x"));
        assert_eq!(head.body, b"body");
        assert!(head.repaired && head.fault.is_none());
        let plain = String::from_utf8(head.to_bytes()).unwrap();
        assert!(
            plain.ends_with("Subject: x\r\nContent-Length: 4\r\n\r\nbody"),
            "{plain}"
        );
    }

    #[test]
    fn latin1_becomes_utf8() {
        let head = take_apart(b"X y SIP/2.0\r\nFrom: J\xF6rg\r\n\r\n\xFF").unwrap();
        assert_eq!(head.first("From"), Some("Jörg"));
        assert_eq!(head.body, b"\xFF");
        assert!(head.repaired);
    }

    #[test]
    fn blanks_around_separators_go() {
        let check = |given: &str, expected: &str| assert_eq!(squeeze(given), expected);
        check("SIP  / 2.0 /UDP   h ; branch = z", "SIP/2.0/UDP h;branch=z");
        check(
            "\"A ;  \\\" B\"  <sip:a@b> ; tag\t= 1",
            "\"A ;  \\\" B\" <sip:a@b>;tag=1",
        );
        check("Anna B  <sip:a@b>", "Anna B <sip:a@b>");
        check("< sip:a@b >", "< sip:a@b >");
        check("", "");
    }

    #[test]
    fn faults_are_told() {
        let check = |raw: &[u8], fault: Option<&str>| {
            assert_eq!(take_apart(raw).unwrap().fault, fault, "{raw:?}");
        };
        check(b"A b C\r\nX: y\r\n\r\n", None);
        check(b"A b C\r\nX: y\r\n", Some("Header Does Not End"));
        check(b"A b C\r\n x\r\n\r\n", Some("Header Starts With Blank"));
        check(b"A b C\r\nxyz\r\n\r\n", Some("Header Line Without Colon"));
        check(
            b"A b C\r\nX: a\0b\r\n\r\n",
            Some("Control Character In Header"),
        );
        check(b"A b C\r\nX: \"a\\\0b\"\r\n\r\n", None);
        check(b"A b C\r\nX y: a\r\n\r\n", Some("Malformed Header Name"));
        assert_eq!(take_apart(b"\r\n\r\n"), None);
        assert_eq!(take_apart(b""), None);
    }
}
