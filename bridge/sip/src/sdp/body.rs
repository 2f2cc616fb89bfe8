//! Finds the SDP in a message body: the body itself, or its part in a `multipart/mixed` body as
//! gateways send it beside ISUP or a location (RFC 2046, 5.1).

/// The SDP in `body` of this Content-Type, if there is one.
pub(crate) fn sdp_in<'a>(content_type: &str, body: &'a [u8]) -> Option<&'a [u8]> {
    let (kind, params) = content_type.split_once(';').unwrap_or((content_type, ""));
    let kind = kind.trim();
    if kind.eq_ignore_ascii_case("application/sdp") {
        return Some(body);
    }
    if !kind.to_ascii_lowercase().starts_with("multipart/") {
        return None;
    }
    let mut named = params.split(';').filter_map(|p| p.split_once('='));
    let (_, boundary) = named.find(|(name, _)| name.trim().eq_ignore_ascii_case("boundary"))?;
    let delimiter = format!("--{}", boundary.trim().trim_matches('"'));
    parts(body, delimiter.as_bytes())
        .into_iter()
        .find_map(sdp_part)
}

/// What stands between the delimiters.
fn parts<'a>(body: &'a [u8], delimiter: &[u8]) -> Vec<&'a [u8]> {
    let (mut found, mut from) = (Vec::new(), None);
    let mut at = 0;
    while at + delimiter.len() <= body.len() {
        let line_start = at == 0 || body[at - 1] == b'\n';
        if line_start && body[at..].starts_with(delimiter) {
            found.extend(from.map(|from| &body[from..at]));
            at += delimiter.len();
            from = Some(at);
        } else {
            at += 1;
        }
    }
    found
}

fn sdp_part(part: &[u8]) -> Option<&[u8]> {
    let (head_end, body_start) = crate::wire::end_of_head(part)?;
    let head = String::from_utf8_lossy(&part[..head_end]).to_ascii_lowercase();
    let typed = |line: &str| {
        let (name, value) = line.split_once(':').unwrap_or_default();
        name.trim() == "content-type" && value.trim().starts_with("application/sdp")
    };
    head.lines().any(typed).then(|| &part[body_start..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_sdp() {
        let check = |kind: &str, body: &str, expected: Option<&str>| {
            let got = sdp_in(kind, body.as_bytes());
            assert_eq!(got, expected.map(str::as_bytes), "{kind}");
        };
        check("application/sdp", "v=0", Some("v=0"));
        check("Application/SDP;charset=utf-8", "v=0", Some("v=0"));
        check("text/plain", "v=0", None);
        let mixed = "--b1\r\nContent-Type: application/isup\r\n\r\nxx\r\n\
            --b1\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n--b1--\r\n";
        check("multipart/mixed;boundary=\"b1\"", mixed, Some("v=0\r\n"));
        check("multipart/mixed; boundary=b2", mixed, None);
        check("multipart/mixed", mixed, None);
        check("multipart/mixed;boundary=", "", None);
    }
}
