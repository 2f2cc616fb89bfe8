//! Answers to requests that no transaction will ever see: built from the request's own lines and
//! the same each time, as a stateless server must (RFC 3261, 8.2.7).

use std::fmt::Write as _;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::net::SocketAddr;

use super::{Head, grammar};

/// A refusal to be sent back: status, reason phrase, further header lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refused {
    pub status: u16,
    pub phrase: &'static str,
    pub extra: Vec<(&'static str, String)>,
}

impl Refused {
    pub fn new(status: u16, phrase: &'static str) -> Self {
        Self {
            status,
            phrase,
            extra: Vec::new(),
        }
    }

    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.extra.push((name, value.into()));
        self
    }
}

/// The bytes of the answer to `head`, which came from `source`; `None` when it has no usable Via.
pub(crate) fn write(head: &Head, refused: &Refused, source: SocketAddr) -> Option<Vec<u8>> {
    let mut vias = head.all("Via").flat_map(grammar::split_list);
    let top = vias.next()?;
    let parsed = grammar::via(top)?;
    let mut out = format!(
        "SIP/2.0 {} {}\r\nVia: {top}",
        refused.status, refused.phrase
    );
    let ip = source.ip();
    if parsed.host.parse() != Ok(ip) {
        let _ = write!(out, ";received={ip}");
    }
    if parsed.param("rport") == Some(None) {
        out = out.replacen(";rport", &format!(";rport={}", source.port()), 1);
    }
    out.push_str("\r\n");
    for via in vias {
        let _ = write!(out, "Via: {via}\r\n");
    }
    for name in ["From", "To", "Call-ID", "CSeq"] {
        let Some(value) = head.first(name) else {
            continue;
        };
        let _ = write!(out, "{name}: {value}");
        let tagged = grammar::name_addr(value).is_ok_and(|n| n.param("tag").is_some());
        if name == "To" && !tagged && !value.contains(";tag=") {
            let _ = write!(out, ";tag={:016x}", tag_of(head));
        }
        out.push_str("\r\n");
    }
    for (name, value) in &refused.extra {
        let _ = write!(out, "{name}: {value}\r\n");
    }
    out.push_str("Content-Length: 0\r\n\r\n");
    Some(out.into_bytes())
}

/// The same for every retransmission of one request.
fn tag_of(head: &Head) -> u64 {
    let mut hasher = DefaultHasher::new();
    (head.first("Via"), head.first("Call-ID"), head.first("CSeq")).hash(&mut hasher);
    hasher.finish()
}

/// Where an answer over UDP goes (RFC 3261, 18.2.2; RFC 3581, 4): back to the source's address, to
/// its port when it asked for that, else to the port its Via names.
pub(crate) fn destination(head: &Head, source: SocketAddr) -> SocketAddr {
    let top = head.first("Via").map(|v| grammar::split_list(v)[0]);
    let port = match top.and_then(grammar::via) {
        Some(via) if via.param("rport").is_none() => via.port.unwrap_or(5060),
        _ => source.port(),
    };
    SocketAddr::new(source.ip(), port)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::take_apart;

    #[test]
    fn an_answer_mirrors_the_request() {
        let raw = b"OPTIONS sip:x SIP/2.0\r\nVia: SIP/2.0/UDP p.example;rport;branch=z9hG4bK1, \
            SIP/2.0/TCP q\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:x>\r\nCall-ID: c\r\n\
            CSeq: 1 OPTIONS\r\n\r\n";
        let head = take_apart(raw).unwrap();
        let source = "10.0.0.9:7777".parse().unwrap();
        let refused = Refused::new(420, "Bad Extension").with("Unsupported", "x");
        let text = String::from_utf8(write(&head, &refused, source).unwrap()).unwrap();
        let expected = "SIP/2.0 420 Bad Extension\r\nVia: SIP/2.0/UDP p.example;rport=7777;\
            branch=z9hG4bK1;received=10.0.0.9\r\nVia: SIP/2.0/TCP q\r\nFrom: <sip:a@b>;tag=1\r\n\
            To: <sip:x>;tag=";
        assert!(text.starts_with(expected), "{text}");
        assert!(
            text.ends_with("\r\nUnsupported: x\r\nContent-Length: 0\r\n\r\n"),
            "{text}"
        );
        assert_eq!(write(&head, &refused, source).unwrap(), text.as_bytes());
        assert_eq!(destination(&head, source), source);
    }

    #[test]
    fn without_rport_the_port_of_the_via_counts() {
        let check = |via: &str, port: u16| {
            let raw = format!("X sip:x SIP/2.0\r\nVia: SIP/2.0/UDP {via}\r\n\r\n");
            let head = take_apart(raw.as_bytes()).unwrap();
            assert_eq!(
                destination(&head, "10.0.0.9:7777".parse().unwrap()).port(),
                port,
                "{via}"
            );
        };
        check("h:5080;branch=1", 5080);
        check("h;branch=1", 5060);
        check("h:5080;branch=1;rport", 7777);
    }
}
