//! Answers to digest challenges (RFC 7616; RFC 8760 for SIP), MD5 and SHA-256. The hashing is the
//! library's; which challenge is taken and what is written is ours.

use rsipstack::dialog::authenticate::compute_digest;
use rsipstack::sip::headers::auth::{Algorithm, AuthQop};
use rsipstack::sip::{Header, Method, Response};

use crate::exchange::new_tag;
use crate::trunk::Credentials;

/// One challenge that we can answer.
#[derive(Debug)]
struct Challenge {
    realm: String,
    nonce: String,
    opaque: Option<String>,
    /// `None`: not said, which means MD5
    algorithm: Option<Hash>,
    qop: bool,
    stale: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Hash {
    Md5,
    Sha256,
}

/// The header that answers the challenge in `response` to a request of this method and URI, and
/// whether only the nonce had grown old. `None` when there is no challenge that we can answer.
pub(crate) fn answer(
    response: &Response,
    (method, uri): (Method, &str),
    credentials: &Credentials,
) -> Option<(Header, bool)> {
    let proxy = response.status_code.code() == 407;
    let lines = response.headers.iter().filter_map(|header| match header {
        Header::WwwAuthenticate(h) if !proxy => Some(h.value()),
        Header::ProxyAuthenticate(h) if proxy => Some(h.value()),
        _ => None,
    });
    let challenges = lines.filter_map(read);
    let challenge = challenges.max_by_key(|c| c.algorithm.unwrap_or(Hash::Md5))?;
    let name = if proxy {
        "Proxy-Authorization"
    } else {
        "Authorization"
    };
    let value = challenge.answer(method, uri, credentials, new_tag());
    Some((Header::Other(name.to_owned(), value), challenge.stale))
}

/// Whether this header is an answer of ours.
pub(crate) fn is_answer(header: &Header) -> bool {
    matches!(header, Header::Other(name, _) if name.ends_with("Authorization"))
}

impl Challenge {
    fn answer(&self, method: Method, uri: &str, by: &Credentials, cnonce: String) -> String {
        let (hash, word) = match self.algorithm {
            None => (Algorithm::Md5, None),
            Some(Hash::Md5) => (Algorithm::Md5, Some("MD5")),
            Some(Hash::Sha256) => (Algorithm::Sha256, Some("SHA-256")),
        };
        let qop = self.qop.then_some(AuthQop::Auth { cnonce, nc: 1 });
        let Credentials { user, password } = by;
        let (realm, nonce) = (&self.realm, &self.nonce);
        let digest = compute_digest(
            user,
            password,
            realm,
            nonce,
            &method,
            uri,
            hash,
            qop.as_ref(),
        );
        let user = user.replace('\\', "\\\\").replace('"', "\\\"");
        let mut value = format!(
            "Digest username=\"{user}\", realm=\"{realm}\", nonce=\"{nonce}\", uri=\"{uri}\", \
             response=\"{digest}\""
        );
        if let Some(word) = word {
            value.push_str(&format!(", algorithm={word}"));
        }
        if let Some(opaque) = &self.opaque {
            value.push_str(&format!(", opaque=\"{opaque}\""));
        }
        if let Some(AuthQop::Auth { cnonce, .. }) = &qop {
            value.push_str(&format!(", qop=auth, cnonce=\"{cnonce}\", nc=00000001"));
        }
        value
    }
}

/// Reads one header value; `None` for another scheme, for a hash that we do not have and for
/// whatever lacks realm or nonce.
fn read(value: &str) -> Option<Challenge> {
    let (scheme, params) = value.trim().split_once([' ', '\t'])?;
    if !scheme.eq_ignore_ascii_case("Digest") {
        return None;
    }
    let params = params_of(params);
    let get = |name: &str| {
        let found = params.iter().find(|(n, _)| n.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.clone())
    };
    let algorithm = match get("algorithm")
        .map(|word| word.to_ascii_uppercase())
        .as_deref()
    {
        None => None,
        Some("MD5") => Some(Hash::Md5),
        Some("SHA-256") => Some(Hash::Sha256),
        Some(_) => return None,
    };
    let qop = match get("qop") {
        None => false,
        Some(list)
            if list
                .split(',')
                .any(|q| q.trim().eq_ignore_ascii_case("auth")) =>
        {
            true
        }
        Some(_) => return None,
    };
    Some(Challenge {
        realm: get("realm")?,
        nonce: get("nonce")?,
        opaque: get("opaque"),
        algorithm,
        qop,
        stale: get("stale").is_some_and(|word| word.eq_ignore_ascii_case("true")),
    })
}

/// `name=token, name="quoted"`; quoted text keeps its escapes, as it is sent back.
fn params_of(text: &str) -> Vec<(&str, String)> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some((name, after)) = rest.split_once('=') {
        let name = name.trim_matches([' ', '\t', ',']);
        let after = after.trim_start();
        let value = match after.strip_prefix('"') {
            Some(quoted) => {
                let Some(end) = end_of_quoted(quoted) else {
                    break;
                };
                rest = &quoted[end + 1..];
                &quoted[..end]
            }
            None => {
                let end = after.find(',').unwrap_or(after.len());
                rest = &after[end..];
                after[..end].trim()
            }
        };
        found.push((name, value.to_owned()));
    }
    found
}

fn end_of_quoted(text: &str) -> Option<usize> {
    let mut escaped = false;
    text.bytes().position(|b| {
        let end = b == b'"' && !escaped;
        escaped = b == b'\\' && !escaped;
        end
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn by(user: &str, password: &str) -> Credentials {
        let (user, password) = (user.to_owned(), password.to_owned());
        Credentials { user, password }
    }

    /// The example of RFC 7616, 3.9.1, with SIP's method in the place of GET.
    #[test]
    fn known_answers() {
        let check = |challenge: &str, expected: &str| {
            let challenge = read(challenge).unwrap();
            let cnonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ".to_owned();
            let mufasa = by("Mufasa", "Circle of Life");
            let got = challenge.answer(Method::Invite, "/dir/index.html", &mufasa, cnonce);
            assert!(got.contains(&format!("response=\"{expected}\"")), "{got}");
        };
        let common = "Digest realm=\"http-auth@example.org\", qop=\"auth, auth-int\", \
            nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", opaque=\"FQ\"";
        check(&format!("{common}, algorithm=MD5"), MD5_ANSWER);
        check(&format!("{common}, algorithm=SHA-256"), SHA256_ANSWER);
    }

    // Computed with Python's hashlib from the formulas of RFC 7616, 3.4.
    const MD5_ANSWER: &str = "317edef2aa0ac042d134687ac15fe3dd";
    const SHA256_ANSWER: &str = "fa6e7635cae159ef3ca3e480ad7992dee54d763e8567b5a9829860eb07d11fc9";

    #[test]
    fn what_can_be_answered() {
        let check = |value: &str, expected: Option<(Option<Hash>, bool)>| {
            let got = read(value).map(|c| (c.algorithm, c.qop));
            assert_eq!(got, expected, "{value}");
        };
        check("Digest realm=\"a,=b\",nonce=\"x\"", Some((None, false)));
        check(
            "digest nonce=x , realm=\"a \\\" b\", ALGORITHM=md5, qop=auth",
            Some((Some(Hash::Md5), true)),
        );
        check("Digest realm=\"a\", nonce=\"x\", algorithm=MD5-sess", None);
        check("Digest realm=\"a\", nonce=\"x\", qop=\"auth-int\"", None);
        check("Digest realm=\"a\"", None);
        check("Digest realm=\"a", None);
        check("Basic realm=\"a\"", None);
        check("Digest", None);
        check("Digest =,=\"", None);
        check("", None);
    }
}
