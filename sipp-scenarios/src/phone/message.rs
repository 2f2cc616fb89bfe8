//! Writes a phone's SIP messages (RFC 3261) and reads what it needs from those that come.

use std::net::SocketAddr;

use anyhow::{Context, Result};
use rsip::headers::{self, UntypedHeader};
use rsip::message::HeadersExt;
use rsip::prelude::HasHeaders;
use rsip::{Header, Method, Request, Response, StatusCode, Uri, Version};

use super::wire::Transport;

/// What is fixed or slowly changing in a dialog, seen from the phone.
#[derive(Clone, Debug)]
pub struct Dialog {
    /// Call-ID
    pub call_id: String,
    /// our From (or To) with its tag
    pub local: String,
    /// their To (or From), with its tag once known
    pub remote: String,
    /// where requests are addressed: their Contact once known
    pub target: String,
    /// number of our last request
    pub cseq: u32,
    /// where requests are sent
    pub peer: SocketAddr,
}

/// Our end of the wire, as headers name it.
#[derive(Clone, Copy, Debug)]
pub struct Here {
    /// UDP or TCP
    pub transport: Transport,
    /// our address
    pub local: SocketAddr,
}

impl Here {
    fn via(self, branch: &str) -> Header {
        let (token, local) = (self.transport.token(), self.local);
        let via = format!("SIP/2.0/{token} {local};branch={branch};rport");
        Header::Via(headers::Via::new(via))
    }

    fn contact(self) -> Header {
        let mut uri = format!("sip:phone@{}", self.local);
        if self.transport == Transport::Tcp {
            uri += ";transport=tcp";
        }
        Header::Contact(headers::Contact::new(format!("<{uri}>")))
    }
}

/// What a request carries besides its dialog.
#[derive(Clone, Debug, Default)]
pub struct Content {
    /// media type, when there is a body
    pub media_type: Option<&'static str>,
    /// the body
    pub body: String,
}

impl Content {
    /// Session descriptions.
    pub fn sdp(text: String) -> Self {
        Self {
            media_type: Some("application/sdp"),
            body: text,
        }
    }
}

/// A request in a dialog, or one that may make a dialog.
///
/// # Errors
/// When the dialog's target is no URI.
pub fn request(
    dialog: &Dialog,
    here: Here,
    method: Method,
    cseq: u32,
    branch: &str,
    content: Content,
) -> Result<Request> {
    let uri = Uri::try_from(dialog.target.as_str()).context("target URI")?;
    let mut list = vec![
        here.via(branch),
        Header::MaxForwards(headers::MaxForwards::new("70")),
        Header::From(headers::From::new(dialog.local.clone())),
        Header::To(headers::To::new(dialog.remote.clone())),
        Header::CallId(headers::CallId::new(dialog.call_id.clone())),
        Header::CSeq(headers::CSeq::new(format!("{cseq} {method}"))),
        here.contact(),
        Header::UserAgent(headers::UserAgent::new("test-phone")),
    ];
    append(&mut list, &content);
    let body = content.body.into_bytes();
    Ok(Request {
        method,
        uri,
        version: Version::V2,
        headers: list.into(),
        body,
    })
}

/// An answer to a request that came.
///
/// # Errors
/// When the request lacks a header that every request has.
pub fn response(
    to: &Request,
    here: Here,
    status: u16,
    tag: &str,
    content: Content,
) -> Result<Response> {
    let mut list: Vec<Header> = to
        .headers()
        .iter()
        .filter(|h| matches!(h, Header::Via(_)))
        .cloned()
        .collect();
    let mut to_value = to.to_header()?.value().to_owned();
    if !to_value.contains(";tag=") {
        to_value += &format!(";tag={tag}");
    }
    list.extend([
        Header::From(to.from_header()?.clone()),
        Header::To(headers::To::new(to_value)),
        Header::CallId(to.call_id_header()?.clone()),
        Header::CSeq(to.cseq_header()?.clone()),
        here.contact(),
    ]);
    append(&mut list, &content);
    Ok(Response {
        status_code: StatusCode::from(status),
        version: Version::V2,
        headers: list.into(),
        body: content.body.into_bytes(),
    })
}

fn append(list: &mut Vec<Header>, content: &Content) {
    if let Some(media_type) = content.media_type {
        list.push(Header::ContentType(headers::ContentType::new(media_type)));
    }
    let length = content.body.len().to_string();
    list.push(Header::ContentLength(headers::ContentLength::new(length)));
}

/// Number and method of a message.
pub fn cseq(message: &impl HeadersExt) -> Option<(u32, String)> {
    let value = message.cseq_header().ok()?.value().to_owned();
    let (number, method) = value.trim().split_once(' ')?;
    Some((number.parse().ok()?, method.trim().to_owned()))
}

/// The URI in the Contact of a message.
pub fn contact(message: &impl HeadersExt) -> Option<String> {
    let value = message.contact_header().ok()?.value().to_owned();
    let uri = match value.split_once('<') {
        Some((_, rest)) => rest.split('>').next()?.to_owned(),
        None => value.split(';').next()?.to_owned(),
    };
    Some(uri)
}

/// The socket address a URI names, when it names one by number.
pub fn address(uri: &str) -> Option<SocketAddr> {
    let rest = uri.strip_prefix("sip:")?;
    let host = rest.rsplit('@').next()?.split(';').next()?;
    host.parse()
        .ok()
        .or_else(|| Some(SocketAddr::new(host.parse().ok()?, 5_060)))
}

/// The body as text.
pub fn body(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uri_names_an_address() {
        for (uri, expected) in [
            (
                "sip:confab@127.0.0.1:5062;transport=tcp",
                Some("127.0.0.1:5062"),
            ),
            ("sip:127.0.0.1:5062", Some("127.0.0.1:5062")),
            ("sip:a@127.0.0.1", Some("127.0.0.1:5060")),
            ("sip:a@example.org", None),
            ("tel:123", None),
        ] {
            assert_eq!(
                address(uri),
                expected.map(|a| a.parse().expect("an address")),
                "{uri}"
            );
        }
    }
}
