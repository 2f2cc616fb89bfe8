//! Which messages the library may see, and the answer to the others: everything that can be
//! decided from one message alone. Knows no call, no transaction and no clock.

use std::net::SocketAddr;

use super::reply::{self, Refused};
use super::{Head, grammar, take_apart};
use crate::counters::Count;

/// What we do. Everything else is 405 with this list.
pub(crate) const ALLOW: &str = "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE";
/// Bodies we read.
pub(crate) const ACCEPT: &str =
    "application/sdp, multipart/mixed, application/dtmf-relay, application/dtmf";
/// Extensions we know. `timer` is RFC 4028.
pub(crate) const SUPPORTED: &str = "timer";

/// What is to be done with a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Give this to the library.
    Pass(Vec<u8>),
    /// Send this back; over UDP to that address.
    Answer(Vec<u8>, SocketAddr, Count),
    /// Say nothing.
    Drop(Count),
}

/// Judges one datagram or one framed message that came from `source`. `size_max` is what the
/// library's buffer holds.
pub(crate) fn judge(bytes: &[u8], source: SocketAddr, size_max: usize) -> (Verdict, bool) {
    let Some(mut head) = take_apart(bytes) else {
        return (Verdict::Drop(Count::Unanswerable), false);
    };
    let verdict = match weigh(&mut head) {
        Weight::Pass => {
            let plain = head.to_bytes();
            if plain.len() > size_max {
                answer(
                    &head,
                    &Refused::new(513, "Message Too Large"),
                    source,
                    Count::TooLarge,
                )
            } else {
                Verdict::Pass(plain)
            }
        }
        Weight::Drop => Verdict::Drop(Count::Unanswerable),
        Weight::Refuse(refused) => {
            let count = if refused.status == 400 {
                Count::Malformed
            } else {
                Count::Refused
            };
            answer(&head, &refused, source, count)
        }
    };
    (verdict, head.repaired)
}

fn answer(head: &Head, refused: &Refused, source: SocketAddr, count: Count) -> Verdict {
    // An ACK is never answered, and neither is a response.
    if head.start.starts_with("ACK ") || is_response(head) {
        return Verdict::Drop(Count::Unanswerable);
    }
    match reply::write(head, refused, source) {
        Some(bytes) => Verdict::Answer(bytes, reply::destination(head, source), count),
        None => Verdict::Drop(Count::Unanswerable),
    }
}

enum Weight {
    Pass,
    Drop,
    Refuse(Refused),
}

impl From<Refused> for Weight {
    fn from(refused: Refused) -> Self {
        Weight::Refuse(refused)
    }
}

fn is_response(head: &Head) -> bool {
    head.start.len() > 8 && head.start.as_bytes()[..8].eq_ignore_ascii_case(b"SIP/2.0 ")
}

fn weigh(head: &mut Head) -> Weight {
    let top = head.first("Via").map(|v| grammar::split_list(v)[0]);
    if top.and_then(grammar::via).is_none() || head.fields.len() > FIELDS_MAX {
        return match top {
            // A Via that is there but wrong can still be answered when its start is readable.
            Some(_) if head.fields.len() <= FIELDS_MAX => mend_via(head),
            _ => Weight::Drop,
        };
    }
    if is_response(head) {
        let whole = ONCE.iter().all(|name| head.first(name).is_some());
        return if whole && head.fault.is_none() {
            Weight::Pass
        } else {
            Weight::Drop
        };
    }
    match request(head) {
        Ok(()) => Weight::Pass,
        Err(refused) => refused.into(),
    }
}

/// Header fields in one message; no honest one comes near.
const FIELDS_MAX: usize = 200;
/// Every request has these, once (RFC 3261, 8.1.1).
const ONCE: [&str; 4] = ["From", "To", "Call-ID", "CSeq"];
/// Once at most.
const AT_MOST_ONCE: [&str; 6] = [
    "Max-Forwards",
    "Content-Length",
    "Content-Type",
    "Date",
    "Expires",
    "Session-Expires",
];

/// Cuts a broken top Via to what an answer needs to find its way, so that a 400 can be sent.
fn mend_via(head: &mut Head) -> Weight {
    let mut fields = head.fields.iter_mut();
    let Some(field) = fields.find(|f| f.name.eq_ignore_ascii_case("Via")) else {
        return Weight::Drop;
    };
    let mut parts = field.value.split([';', ',']).map(str::trim);
    let mut kept = parts.next().unwrap_or_default().to_owned();
    for part in parts.filter(|part| *part == "rport" || part.starts_with("branch=")) {
        kept.push(';');
        kept.push_str(part);
    }
    if grammar::via(&kept).is_none() {
        return Weight::Drop;
    }
    field.value = kept;
    bad("Malformed Via").into()
}

fn bad(phrase: &'static str) -> Refused {
    Refused::new(400, phrase)
}

fn request(head: &mut Head) -> Result<(), Refused> {
    let (method, uri) = start_line(&head.start)?;
    let (method, uri) = (method.to_owned(), uri.to_owned());
    if let Some(fault) = head.fault {
        return Err(bad(fault));
    }
    for name in ONCE {
        match head.all(name).count() {
            0 => return Err(bad(missing(name))),
            1 => {}
            _ => return Err(bad("Repeated Header")),
        }
    }
    if AT_MOST_ONCE.iter().any(|name| head.all(name).count() > 1) {
        return Err(bad("Repeated Header"));
    }
    cut_body(head)?;
    fields(head, &method)?;
    if !ALLOW.split(", ").any(|known| known == method) {
        return Err(Refused::new(405, "Method Not Allowed").with("Allow", ALLOW));
    }
    target(&uri)?;
    if method == "ACK" || method == "CANCEL" {
        return Ok(());
    }
    extensions(head)?;
    let in_dialog = to_tag(head).is_some();
    if !in_dialog && method != "OPTIONS" && head.first("Max-Forwards").map(str::trim) == Some("0") {
        return Err(Refused::new(483, "Too Many Hops"));
    }
    content(head, &method)
}

fn missing(name: &str) -> &'static str {
    match name {
        "From" => "Missing From",
        "To" => "Missing To",
        "Call-ID" => "Missing Call-ID",
        _ => "Missing CSeq",
    }
}

/// Method and Request-URI of `METHOD uri SIP/2.0`, single blanks and nothing after.
fn start_line(line: &str) -> Result<(&str, &str), Refused> {
    let parts: Vec<&str> = line.split(' ').collect();
    let [method, uri, version] = parts[..] else {
        return Err(bad("Malformed Request Line"));
    };
    if !grammar::is_token(method) {
        return Err(bad("Malformed Method"));
    }
    if version.eq_ignore_ascii_case("SIP/2.0") {
        return Ok((method, uri));
    }
    let numbers = version.get(4..).and_then(|v| v.split_once('.'));
    let digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
    let named = version
        .get(..4)
        .is_some_and(|v| v.eq_ignore_ascii_case("SIP/"));
    match numbers {
        Some((major, minor)) if named && digits(major) && digits(minor) => {
            Err(Refused::new(505, "Version Not Supported"))
        }
        _ => Err(bad("Malformed Request Line")),
    }
}

/// Cuts the body to its Content-Length.
fn cut_body(head: &mut Head) -> Result<(), Refused> {
    let Some(declared) = head.first("Content-Length") else {
        return Ok(());
    };
    let declared: usize = declared
        .parse()
        .map_err(|_| bad("Malformed Content-Length"))?;
    if declared > head.body.len() {
        return Err(bad("Body Shorter Than Content-Length"));
    }
    head.body.truncate(declared);
    Ok(())
}

/// The grammar of the fields that the transaction and the dialog are keyed by.
fn fields(head: &Head, method: &str) -> Result<(), Refused> {
    let from = grammar::name_addr(head.first("From").unwrap_or_default()).map_err(bad)?;
    if from.param("tag").is_none_or(str::is_empty) {
        return Err(bad("From Has No Tag"));
    }
    grammar::name_addr(head.first("To").unwrap_or_default()).map_err(bad)?;
    let call_id = head.first("Call-ID").unwrap_or_default();
    if call_id.is_empty() || call_id.contains(char::is_whitespace) {
        return Err(bad("Malformed Call-ID"));
    }
    let cseq = head.first("CSeq").unwrap_or_default();
    let (seq, named) = cseq.split_once([' ', '\t']).ok_or(bad("Malformed CSeq"))?;
    // RFC 3261, 8.1.1.5: below 2^31.
    let seq: u32 = seq.parse().map_err(|_| bad("Malformed CSeq"))?;
    if seq >= 1 << 31 {
        return Err(bad("Malformed CSeq"));
    }
    if named.trim() != method {
        return Err(bad("CSeq Names Another Method"));
    }
    let number = |name: &str, max: u64| match head.first(name).map(str::parse::<u64>) {
        None => Ok(()),
        Some(Ok(n)) if n <= max => Ok(()),
        Some(_) => Err(bad("Malformed Number")),
    };
    number("Max-Forwards", 255)?;
    number("Expires", u64::from(u32::MAX))?;
    // RFC 3261, 20.17: only GMT.
    if head
        .first("Date")
        .is_some_and(|date| !date.ends_with(" GMT"))
    {
        return Err(bad("Malformed Date"));
    }
    let contacts: Vec<&str> = head.all("Contact").flat_map(grammar::split_list).collect();
    for contact in contacts.iter().filter(|c| **c != "*") {
        grammar::name_addr(contact).map_err(bad)?;
    }
    if method == "INVITE" && contacts.len() != 1 {
        return Err(bad("INVITE Needs One Contact"));
    }
    let routes = head.all("Record-Route").flat_map(grammar::split_list);
    for route in routes {
        grammar::name_addr(route).map_err(bad)?;
    }
    Ok(())
}

fn target(text: &str) -> Result<(), Refused> {
    let uri = grammar::uri(text).ok_or(bad("Malformed Request-URI"))?;
    if uri.headers {
        return Err(bad("Headers In Request-URI"));
    }
    if grammar::is_sip(uri.scheme) || uri.scheme.eq_ignore_ascii_case("tel") {
        Ok(())
    } else {
        Err(Refused::new(416, "Unsupported URI Scheme"))
    }
}

/// RFC 3261, 8.2.2.3. `100rel` is refused like any other: we send no reliable 1xx.
fn extensions(head: &Head) -> Result<(), Refused> {
    let wanted = head.all("Require").flat_map(grammar::split_list);
    let unknown: Vec<&str> = wanted
        .filter(|tag| !tag.is_empty() && !tag.eq_ignore_ascii_case(SUPPORTED))
        .collect();
    if unknown.is_empty() {
        return Ok(());
    }
    Err(Refused::new(420, "Bad Extension").with("Unsupported", unknown.join(", ")))
}

fn content(head: &Head, method: &str) -> Result<(), Refused> {
    if method == "INVITE" && !accepts_sdp(head) {
        return Err(Refused::new(406, "Not Acceptable"));
    }
    if head.body.is_empty() || !matches!(method, "INVITE" | "UPDATE" | "INFO") {
        return Ok(());
    }
    let unsupported = || Refused::new(415, "Unsupported Media Type");
    let encoding = head.first("Content-Encoding").unwrap_or("identity");
    if !encoding.eq_ignore_ascii_case("identity") {
        return Err(unsupported().with("Accept-Encoding", "identity"));
    }
    let Some(kind) = head.first("Content-Type") else {
        return Err(bad("Body Without Content-Type"));
    };
    let kind = kind
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    let known: &[&str] = match method {
        "INFO" => &["application/dtmf-relay", "application/dtmf"],
        _ => &["application/sdp", "multipart/mixed"],
    };
    if known.contains(&kind.as_str()) {
        return Ok(());
    }
    Err(unsupported().with("Accept", ACCEPT))
}

/// Whether the answer may be SDP at all (RFC 3261, 20.1).
fn accepts_sdp(head: &Head) -> bool {
    let mut ranges = head.all("Accept").flat_map(grammar::split_list).peekable();
    if ranges.peek().is_none() {
        return true;
    }
    ranges.any(|range| {
        let kind = range
            .split(';')
            .next()
            .unwrap_or_default()
            .trim()
            .to_ascii_lowercase();
        matches!(kind.as_str(), "*/*" | "application/*" | "application/sdp")
    })
}

/// The tag of To, which makes a request one inside a dialog.
fn to_tag(head: &Head) -> Option<&str> {
    let to = grammar::name_addr(head.first("To")?).ok()?;
    let found = to
        .params
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case("tag"));
    found.and_then(|(_, value)| *value)
}
