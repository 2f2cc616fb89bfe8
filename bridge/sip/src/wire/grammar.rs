//! The little of SIP's grammar that must hold before the library may see a message: tokens,
//! name-addr, Via, URIs. Borrowing, no allocation beyond lists; never panics.

/// A From, To or Contact value taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NameAddr<'a> {
    /// the display name without its quotes, escapes left in
    pub display: &'a str,
    pub uri: &'a str,
    pub params: Vec<(&'a str, Option<&'a str>)>,
}

impl NameAddr<'_> {
    /// The value of a parameter of this name, if it is there and has one.
    pub fn param(&self, name: &str) -> Option<&str> {
        let mut named = self
            .params
            .iter()
            .filter(|(n, _)| n.eq_ignore_ascii_case(name));
        named.next().and_then(|(_, value)| *value)
    }
}

/// RFC 3261, 25.1 `token`, not empty.
pub(crate) fn is_token(text: &str) -> bool {
    let marks = b"-.!%*_+`'~";
    !text.is_empty()
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || marks.contains(&b))
}

/// Splits at commas that are in no quotes and no angle brackets.
pub(crate) fn split_list(text: &str) -> Vec<&str> {
    split_outside(text, b',')
}

fn split_outside(text: &str, at: u8) -> Vec<&str> {
    let (mut quoted, mut escaped, mut angles) = (false, false, 0u32);
    let (mut parts, mut from) = (Vec::new(), 0);
    for (i, b) in text.bytes().enumerate() {
        if escaped {
            escaped = false;
            continue;
        }
        match b {
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'<' if !quoted => angles += 1,
            b'>' if !quoted => angles = angles.saturating_sub(1),
            _ if b == at && !quoted && angles == 0 => {
                parts.push(text[from..i].trim());
                from = i + 1;
            }
            _ => {}
        }
    }
    parts.push(text[from..].trim());
    parts
}

/// `;name=value;name` after the first semicolon has been cut off.
fn params(text: &str) -> Result<Vec<(&str, Option<&str>)>, &'static str> {
    let one = |part| match str::split_once(part, '=') {
        Some((name, value)) => (name.trim(), Some(value.trim())),
        None => (part, None),
    };
    let all: Vec<_> = split_outside(text, b';').into_iter().map(one).collect();
    let fine =
        |(name, value): &(&str, Option<&str>)| is_token(name) && value.is_none_or(is_param_value);
    if all.iter().all(fine) {
        Ok(all)
    } else {
        Err("Malformed Parameter")
    }
}

/// A token, a quoted string or a host, RFC 3261, 25.1 `gen-value`.
fn is_param_value(text: &str) -> bool {
    let quoted = text.len() >= 2 && text.starts_with('"') && text.ends_with('"');
    let host = |b: u8| b.is_ascii_graphic() && !b"\"<>,;".contains(&b);
    quoted || (!text.is_empty() && text.bytes().all(host))
}

/// Length of the quoted string that `text` starts with, quotes included.
fn quoted_len(text: &str) -> Option<usize> {
    let mut escaped = false;
    for (i, b) in text.bytes().enumerate().skip(1) {
        match b {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return Some(i + 1),
            _ => {}
        }
    }
    None
}

/// Takes a From, To or Contact value apart (RFC 3261, 20.10 and 25.1).
pub(crate) fn name_addr(text: &str) -> Result<NameAddr<'_>, &'static str> {
    let text = text.trim();
    if text.starts_with('"') {
        let len = quoted_len(text).ok_or("Unbalanced Quotes")?;
        let rest = text[len..].trim_start();
        let rest = rest.strip_prefix('<').ok_or("Malformed Address")?;
        return bracketed(&text[1..len - 1], rest);
    }
    match text.split_once('<') {
        Some((display, rest)) => {
            let words = display.split_whitespace();
            // Names in UTF-8 or Latin-1 without quotes are common and do no harm.
            let fine = |w: &str| {
                w.chars()
                    .all(|c| !c.is_ascii() || is_token(c.encode_utf8(&mut [0; 4])))
            };
            if words.into_iter().all(fine) {
                bracketed(display.trim(), rest)
            } else {
                Err("Malformed Display Name")
            }
        }
        None => {
            let (addr, tail) = match text.split_once(';') {
                Some((addr, tail)) => (addr.trim_end(), Some(tail)),
                None => (text, None),
            };
            let params = tail.map_or(Ok(Vec::new()), params)?;
            uri(addr).ok_or("Malformed Address")?;
            Ok(NameAddr {
                display: "",
                uri: addr,
                params,
            })
        }
    }
}

fn bracketed<'a>(display: &'a str, rest: &'a str) -> Result<NameAddr<'a>, &'static str> {
    let (addr, tail) = rest.split_once('>').ok_or("Malformed Address")?;
    uri(addr).ok_or("Malformed Address")?;
    let tail = tail.trim();
    let params = match tail.strip_prefix(';') {
        Some(tail) => params(tail)?,
        None if tail.is_empty() => Vec::new(),
        None => return Err("Malformed Address"),
    };
    Ok(NameAddr {
        display,
        uri: addr,
        params,
    })
}

/// A URI taken apart as far as a telephone service needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Uri<'a> {
    pub scheme: &'a str,
    /// for `tel:` the number
    pub user: &'a str,
    pub host: &'a str,
    pub port: Option<u16>,
    /// everything after the first `;` of the host part
    pub params: &'a str,
    /// it carries `?headers`
    pub headers: bool,
}

/// Takes a URI apart; `None` when it is none: no scheme, blanks, a wrong port, no host.
pub(crate) fn uri(text: &str) -> Option<Uri<'_>> {
    if text
        .bytes()
        .any(|b| !b.is_ascii_graphic() || b"<>\"".contains(&b))
    {
        return None;
    }
    let (scheme, rest) = text.split_once(':')?;
    let first = scheme.bytes().next()?;
    let fits = |b: u8| b.is_ascii_alphanumeric() || b"+-.".contains(&b);
    if !first.is_ascii_alphabetic() || !scheme.bytes().all(fits) || rest.is_empty() {
        return None;
    }
    let bare = Uri {
        scheme,
        user: rest,
        host: "",
        port: None,
        params: "",
        headers: false,
    };
    if scheme.eq_ignore_ascii_case("tel") {
        let user = rest.split(';').next().unwrap_or_default();
        return Some(Uri { user, ..bare });
    }
    if !is_sip(scheme) {
        return Some(bare);
    }
    let (user, after) = rest.rsplit_once('@').unwrap_or(("", rest));
    let (place, headers) = match after.split_once('?') {
        Some((place, _)) => (place, true),
        None => (after, user.contains('?') && after == rest),
    };
    let (place, params) = place.split_once(';').unwrap_or((place, ""));
    let (host, port) = host_port(place)?;
    let user = user.split(':').next().unwrap_or_default();
    Some(Uri {
        scheme,
        user,
        host,
        port,
        params,
        headers,
    })
}

/// `sip` or `sips`.
pub(crate) fn is_sip(scheme: &str) -> bool {
    scheme.eq_ignore_ascii_case("sip") || scheme.eq_ignore_ascii_case("sips")
}

/// `host`, `host:port`, `[v6]`, `[v6]:port`; the host without its brackets.
pub(crate) fn host_port(text: &str) -> Option<(&str, Option<u16>)> {
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let (host, tail) = rest.split_once(']')?;
            host.parse::<std::net::Ipv6Addr>().ok()?;
            match tail.trim_start().strip_prefix(':') {
                Some(port) => (host, Some(port)),
                None if tail.trim().is_empty() => (host, None),
                None => return None,
            }
        }
        None => match text.split_once(':') {
            Some((host, port)) => (host.trim_end(), Some(port)),
            None => (text, None),
        },
    };
    let fits = |b: u8| b.is_ascii_alphanumeric() || b".-_:".contains(&b);
    if host.is_empty() || !host.bytes().all(fits) {
        return None;
    }
    match port.map(|p| p.trim().parse::<u16>()) {
        None => Some((host, None)),
        Some(Ok(port)) => Some((host, Some(port))),
        Some(Err(_)) => None,
    }
}

/// The topmost Via taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Via<'a> {
    pub transport: &'a str,
    pub host: &'a str,
    pub port: Option<u16>,
    pub params: Vec<(&'a str, Option<&'a str>)>,
}

/// Takes one Via value apart (RFC 3261, 20.42); `None` when it is malformed. Any version will do:
/// the one of the message itself is what counts.
pub(crate) fn via(text: &str) -> Option<Via<'_>> {
    let mut parts = text.splitn(3, '/');
    let (name, version, rest) = (parts.next()?, parts.next()?, parts.next()?.trim_start());
    let (major, minor) = version.trim().split_once('.')?;
    let digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
    if !name.trim().eq_ignore_ascii_case("SIP") || !digits(major) || !digits(minor) {
        return None;
    }
    let (transport, rest) = rest.split_once([' ', '\t'])?;
    let (place, tail) = match rest.split_once(';') {
        Some((place, tail)) => (place, Some(tail)),
        None => (rest, None),
    };
    let (host, port) = host_port(place.trim())?;
    let params = tail.map_or(Ok(Vec::new()), params).ok()?;
    is_token(transport).then_some(Via {
        transport,
        host,
        port,
        params,
    })
}

impl Via<'_> {
    /// The parameter of this name: `None` when absent, `Some(None)` when without a value.
    pub fn param(&self, name: &str) -> Option<Option<&str>> {
        let mut named = self
            .params
            .iter()
            .filter(|(n, _)| n.eq_ignore_ascii_case(name));
        named.next().map(|(_, value)| *value)
    }
}

/// The text with `%41` turned into what it stands for; broken escapes stay as they are.
pub(crate) fn unescape(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        let hex = |b: u8| char::from(b).to_digit(16);
        match (first, tail) {
            (b'%', [a, b, tail @ ..]) if hex(*a).is_some() && hex(*b).is_some() => {
                out.push((hex(*a).unwrap_or(0) * 16 + hex(*b).unwrap_or(0)) as u8);
                rest = tail;
            }
            _ => {
                out.push(first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_addrs() {
        let check = |text: &str, expected: Option<(&str, &str, Option<&str>)>| {
            let got = name_addr(text).ok();
            let got = got.as_ref().map(|n| (n.display, n.uri, n.param("tag")));
            assert_eq!(got, expected, "{text}");
        };
        check("<sip:a@b>;tag=1", Some(("", "sip:a@b", Some("1"))));
        check("sip:a@b;tag=1", Some(("", "sip:a@b", Some("1"))));
        check(
            "\"A, \\\"B\\\"\" <sip:a@b>",
            Some(("A, \\\"B\\\"", "sip:a@b", None)),
        );
        check(
            "J\u{f6}rg M <sip:a@b>",
            Some(("J\u{f6}rg M", "sip:a@b", None)),
        );
        check(
            "<tel:+33123;phone-context=x>;tag = 2",
            Some(("", "tel:+33123;phone-context=x", Some("2"))),
        );
        check("\"Mr. J. User <sip:j@e>", None);
        check("Bell, Alexander <sip:a@b>;tag=43", None);
        check("\"W\" < sip:a@b >", None);
        check("\"J\" <sip:a@b>;;;", None);
        check("<sip:a@b", None);
        check("", None);
    }

    #[test]
    fn uris() {
        let check = |text: &str, expected: Option<(&str, &str, Option<u16>)>| {
            assert_eq!(
                uri(text).map(|u| (u.user, u.host, u.port)),
                expected,
                "{text}"
            );
        };
        check("sip:1000@h.example", Some(("1000", "h.example", None)));
        check(
            "sip:1000:secret@10.0.0.1:5070;transport=tcp",
            Some(("1000", "10.0.0.1", Some(5070))),
        );
        check("sip:[::1]:5060", Some(("", "::1", Some(5060))));
        check(
            "sip:u;par=u%40example.net@example.com",
            Some(("u;par=u%40example.net", "example.com", None)),
        );
        check("tel:+33123", Some(("+33123", "", None)));
        check("sip:a@b:99999", None);
        check("sip:a@", None);
        check("<sip:a@b>", None);
        check("sip:a b@c", None);
        check("nothing", None);
        assert!(uri("sip:a@b?Route=x").unwrap().headers);
        assert!(!uri("sip:a?b@c").unwrap().headers);
    }

    #[test]
    fn vias() {
        let good = via("SIP / 2.0 / UDP 192.168.255.111 ; branch= z9hG4bK30239;rport").unwrap();
        assert_eq!((good.host, good.port), ("192.168.255.111", None));
        assert_eq!(good.param("branch"), Some(Some("z9hG4bK30239")));
        assert_eq!(good.param("rport"), Some(None));
        let bad = [
            "SIP/2.0/UDP h;;",
            "SIP/x/UDP h",
            "SIP/2.0/UDP",
            "SIP/2.0/UDP h:x",
            "",
        ];
        for text in bad {
            assert_eq!(via(text), None, "{text}");
        }
    }

    #[test]
    fn escapes() {
        assert_eq!(unescape("%2A1%zz%4"), "*1%zz%4");
    }
}
