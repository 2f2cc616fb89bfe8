//! The trunk: where calls of ours go, as whom, and which numbers may be called at all. Sends
//! nothing.

use std::fmt;

use confab_core::event::DialFailure;

use crate::wire::grammar;
use crate::{Caller, Transport};

/// The gateway or carrier that takes calls of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trunk {
    host: String,
    port: Option<u16>,
    transport: Transport,
    credentials: Option<Credentials>,
    from: Option<String>,
}

/// Name and password for the trunk's digest challenges. Its `Debug` hides the password.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Credentials {
    pub user: String,
    pub password: String,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("user", &self.user)
            .finish_non_exhaustive()
    }
}

impl Trunk {
    /// The trunk at `sip:HOST`, `sip:HOST:PORT`, either with `;transport=udp` (the default) or
    /// `;transport=tcp`.
    ///
    /// # Errors
    /// In words, for whoever wrote the configuration.
    pub fn parse(uri: &str) -> Result<Self, String> {
        let parsed = grammar::uri(uri).filter(|u| u.scheme.eq_ignore_ascii_case("sip"));
        let parsed = parsed.ok_or("it is sip:HOST:PORT;transport=udp, or tcp")?;
        if !parsed.user.is_empty() {
            return Err("it names the gateway only, without a user before an @".to_owned());
        }
        if parsed.headers {
            return Err("it has nothing after a question mark".to_owned());
        }
        let mut transport = Transport::Udp;
        for param in parsed.params.split(';').filter(|p| !p.is_empty()) {
            transport = match param.to_ascii_lowercase().as_str() {
                "transport=udp" => Transport::Udp,
                "transport=tcp" => Transport::Tcp,
                _ => return Err(format!("{param:?} is not transport=udp or transport=tcp")),
            };
        }
        Ok(Self {
            host: parsed.host.to_owned(),
            port: parsed.port,
            transport,
            credentials: None,
            from: None,
        })
    }

    /// With name and password for the challenges of the trunk (RFC 7616).
    #[must_use]
    pub fn with_credentials(mut self, user: &str, password: &str) -> Self {
        self.credentials = Some(Credentials {
            user: user.to_owned(),
            password: password.to_owned(),
        });
        self
    }

    /// With a fixed identity, `sip:USER@HOST`, in the place of the caller's number.
    ///
    /// # Errors
    /// In words, for whoever wrote the configuration.
    pub fn with_from(mut self, uri: &str) -> Result<Self, String> {
        let fits = grammar::uri(uri)
            .is_some_and(|u| grammar::is_sip(u.scheme) && !u.user.is_empty() && !u.headers);
        if !fits {
            return Err("it is sip:USER@HOST".to_owned());
        }
        self.from = Some(uri.to_owned());
        Ok(self)
    }

    /// UDP or TCP.
    pub fn transport(&self) -> Transport {
        self.transport
    }

    pub(crate) fn credentials(&self) -> Option<&Credentials> {
        self.credentials.as_ref()
    }

    /// What to look up and connect to.
    pub(crate) fn host_port(&self) -> (&str, u16) {
        (&self.host, self.port.unwrap_or(5060))
    }

    /// The URI of `number` at this trunk.
    pub(crate) fn uri_of(&self, number: &Number) -> String {
        format!("sip:{}@{}", number.0, self.authority())
    }

    /// The From of a call by `caller`, without its tag.
    pub(crate) fn from(&self, caller: &Caller) -> String {
        let uri = match (&self.from, Number::parse(&caller.number), &self.credentials) {
            (Some(from), ..) => from.clone(),
            (None, Ok(number), _) => self.uri_of(&number),
            (None, Err(_), Some(credentials)) if is_user(&credentials.user) => {
                format!("sip:{}@{}", credentials.user, self.authority())
            }
            (None, Err(_), _) => format!("sip:confab@{}", self.authority()),
        };
        let plain = caller.name.chars().filter(|c| !c.is_control());
        let name: String = plain.take(NAME_MAX).collect();
        let name = name.replace('\\', "\\\\").replace('"', "\\\"");
        match name.trim() {
            "" => format!("<{uri}>"),
            name => format!("\"{name}\" <{uri}>"),
        }
    }

    fn authority(&self) -> String {
        let host = if self.host.contains(':') {
            format!("[{}]", self.host)
        } else {
            self.host.clone()
        };
        match self.port {
            Some(port) => format!("{host}:{port}"),
            None => host,
        }
    }
}

/// Letters of a display name that are sent.
const NAME_MAX: usize = 64;

/// Whether `text` may stand before the `@` of a URI as it is (RFC 3261, 25.1, `user`).
fn is_user(text: &str) -> bool {
    let fits = |b: u8| b.is_ascii_alphanumeric() || b"-_.!~*'()&=+$,".contains(&b);
    !text.is_empty() && text.bytes().all(fits)
}

/// A number that may be called. Nothing else gets into a URI, so nothing keyed or sent by anybody
/// can turn a call elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Number(String);

impl Number {
    /// 3 to 15 digits (ITU-T E.164 has 15 at most), perhaps with `+` in front.
    pub fn parse(text: &str) -> Result<Self, DialFailure> {
        let digits = text.strip_prefix('+').unwrap_or(text);
        let fits = (3..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
        if fits {
            Ok(Self(text.to_owned()))
        } else {
            Err(DialFailure::BadNumber)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trunks() {
        let check = |uri: &str, expected: Option<(&str, Transport)>| {
            let number = Number::parse("110").unwrap();
            let got = Trunk::parse(uri).map(|t| (t.uri_of(&number), t.transport));
            let expected = expected.map(|(uri, transport)| (uri.to_owned(), transport));
            assert_eq!(got.ok(), expected, "{uri}");
        };
        check(
            "sip:gw.example",
            Some(("sip:110@gw.example", Transport::Udp)),
        );
        check(
            "SIP:gw.example:5070;transport=TCP",
            Some(("sip:110@gw.example:5070", Transport::Tcp)),
        );
        check(
            "sip:[::1]:5070",
            Some(("sip:110@[::1]:5070", Transport::Udp)),
        );
        check("sips:gw.example", None);
        check("sip:gw.example;transport=tls", None);
        check("sip:me@gw.example", None);
        check("sip:gw.example?Subject=x", None);
        check("gw.example", None);
        check("sip:gw example", None);
        check("", None);
    }

    #[test]
    fn numbers() {
        let check =
            |text: &str, fits: bool| assert_eq!(Number::parse(text).is_ok(), fits, "{text}");
        check("110", true);
        check("+493012345678", true);
        check("123456789012345", true);
        check("1234567890123456", false);
        check("11", false);
        check("+", false);
        check("++49301", false);
        check("49+301", false);
        check("", false);
        check("0301234@evil.example", false);
        check("0301234;phone-context=x", false);
        check("030 1234", false);
        check("٣٣٣٣", false);
    }

    #[test]
    fn who_is_calling() {
        let check = |trunk: &Trunk, number: &str, name: &str, expected: &str| {
            let (number, name) = (number.to_owned(), name.to_owned());
            assert_eq!(trunk.from(&Caller { number, name }), expected);
        };
        let plain = Trunk::parse("sip:gw.example").unwrap();
        check(&plain, "+4930", "", "<sip:+4930@gw.example>");
        check(
            &plain,
            "x@y",
            "A \"B\"\r\nC",
            "\"A \\\"B\\\"C\" <sip:confab@gw.example>",
        );
        let known = plain.clone().with_credentials("acc1", "secret");
        check(&known, "", "", "<sip:acc1@gw.example>");
        check(&known, "030123", "", "<sip:030123@gw.example>");
        let odd = plain.clone().with_credentials("a@b", "secret");
        check(&odd, "", "", "<sip:confab@gw.example>");
        let fixed = plain.with_from("sip:+4930@carrier.example").unwrap();
        check(&fixed, "030123", "", "<sip:+4930@carrier.example>");
        assert!(!format!("{known:?}").contains("secret"));
        assert!(fixed.with_from("tel:030123").is_err());
    }
}
