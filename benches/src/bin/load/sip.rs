//! SIP in plain text, as much as a caller on loopback needs (RFC 3261; SDP of RFC 4566).
//! Text in, values out; sends nothing.

use std::fmt::Write;
use std::net::SocketAddr;

use sipp_scenarios::phone::Crypto;

use crate::codec::Codec;
use crate::rtp::KEY_TYPE;

/// What does not change between the messages of one call.
#[derive(Clone, Debug)]
pub struct Ids {
    /// where we send from
    pub local: SocketAddr,
    /// where confab listens
    pub remote: SocketAddr,
    /// who is dialled
    pub room: String,
    /// one word for this run
    pub run: u32,
    /// number of the call
    pub call: usize,
    /// what is offered
    pub codec: Codec,
    /// what it seals by, if it does
    pub key: Option<Crypto>,
}

impl Ids {
    /// INVITE that offers one codec, and keys at its clock, at `rtp_port`.
    pub fn invite(&self, rtp_port: u16) -> String {
        let ip = self.local.ip();
        let (profile, crypto) = match &self.key {
            None => ("RTP/AVP", String::new()),
            Some(key) => ("RTP/SAVP", format!("a=crypto:{}\r\n", key.text())),
        };
        let sdp = format!(
            "v=0\r\no=load {call} 1 IN IP4 {ip}\r\ns=load\r\nc=IN IP4 {ip}\r\nt=0 0\r\n\
             m=audio {rtp_port} {profile} {number} {KEY_TYPE}\r\na=rtpmap:{number} {map}\r\n\
             a=rtpmap:{KEY_TYPE} telephone-event/{clock_hz}\r\na=fmtp:{KEY_TYPE} 0-15\r\n\
             a=ptime:20\r\n{crypto}a=sendrecv\r\n",
            call = self.call,
            number = self.codec.number(),
            map = self.codec.map(),
            clock_hz = self.codec.clock_hz(),
        );
        let uri = self.room_uri();
        let mut text = self.head("INVITE", &uri, &format!("<{uri}>"), 1, "i");
        let _ = write!(
            text,
            "Contact: <sip:load{}@{}>\r\nContent-Type: application/sdp\r\n\
             Content-Length: {}\r\n\r\n{sdp}",
            self.call,
            self.local,
            sdp.len()
        );
        text
    }

    /// ACK of a 2xx, or of a refusal (`to` and `target` as the answer gave them).
    pub fn ack(&self, to: &str, target: Option<&str>) -> String {
        // A refusal's ACK belongs to the INVITE's transaction and bears its branch.
        let branch = if target.is_some() { "a" } else { "i" };
        let uri = target.map_or_else(|| self.room_uri(), str::to_owned);
        self.head("ACK", &uri, to, 1, branch) + "Content-Length: 0\r\n\r\n"
    }

    /// BYE.
    pub fn bye(&self, to: &str, target: &str) -> String {
        self.head("BYE", target, to, 2, "b") + "Content-Length: 0\r\n\r\n"
    }

    fn room_uri(&self) -> String {
        format!("sip:{}@{}", self.room, self.remote)
    }

    fn head(&self, method: &str, uri: &str, to: &str, cseq: u32, branch: &str) -> String {
        let Self {
            local, run, call, ..
        } = self;
        format!(
            "{method} {uri} SIP/2.0\r\n\
             Via: SIP/2.0/UDP {local};branch=z9hG4bK{run:08x}{branch}{call};rport\r\n\
             Max-Forwards: 70\r\n\
             From: \"Load {call}\" <sip:load{call}@{ip}>;tag={run:08x}f{call}\r\n\
             To: {to}\r\n\
             Call-ID: {run:08x}-{call}@load\r\n\
             CSeq: {cseq} {method}\r\n",
            ip = local.ip(),
        )
    }
}

/// A message that came.
#[derive(Clone, Copy, Debug)]
pub struct Message<'a> {
    start: &'a str,
    headers: &'a str,
    /// behind the empty line
    pub body: &'a str,
}

impl<'a> Message<'a> {
    /// Nothing when it is no text or has no empty line.
    pub fn parse(datagram: &'a [u8]) -> Option<Self> {
        let text = std::str::from_utf8(datagram).ok()?;
        let (head, body) = text.split_once("\r\n\r\n")?;
        let (start, headers) = head.split_once("\r\n")?;
        Some(Self {
            start,
            headers,
            body,
        })
    }

    /// The status, when it is an answer.
    pub fn status(&self) -> Option<u16> {
        let rest = self.start.strip_prefix("SIP/2.0 ")?;
        rest.split(' ').next()?.parse().ok()
    }

    /// The first line, for an error message.
    pub fn start(&self) -> &'a str {
        self.start
    }

    /// The first header of this name.
    pub fn header(&self, name: &str) -> Option<&'a str> {
        self.all(name).next()
    }

    /// Number of the call that this belongs to.
    pub fn call(&self, run: u32) -> Option<usize> {
        let (word, call) = self.header("Call-ID")?.split_once('-')?;
        let ours = u32::from_str_radix(word, 16) == Ok(run);
        ours.then(|| call.strip_suffix("@load")?.parse().ok())?
    }

    /// The method that the CSeq names.
    pub fn method(&self) -> Option<&'a str> {
        self.header("CSeq")?.split_whitespace().nth(1)
    }

    /// The address in the Contact.
    pub fn contact(&self) -> Option<&'a str> {
        let contact = self.header("Contact")?;
        match contact.split_once('<') {
            Some((_, rest)) => Some(rest.split_once('>')?.0),
            None => contact.split(';').next(),
        }
    }

    /// Where the SDP wants sound to be sent.
    pub fn media(&self) -> Option<SocketAddr> {
        let line = |start: &str| self.body.lines().find_map(|l| l.strip_prefix(start));
        let ip = line("c=IN IP4 ")?.trim().parse().ok()?;
        let port = line("m=audio ")?.split(' ').next()?.parse().ok()?;
        Some(SocketAddr::new(ip, port))
    }

    /// What confab seals by, when it does.
    pub fn key(&self) -> Option<Crypto> {
        let mut lines = self.body.lines();
        lines.find_map(|line| Crypto::parse(line.strip_prefix("a=crypto:")?))
    }

    /// `200 OK` to a request within the call.
    pub fn ok(&self) -> String {
        let mut text = String::from("SIP/2.0 200 OK\r\n");
        for name in ["Via", "From", "To", "Call-ID", "CSeq"] {
            for value in self.all(name) {
                let _ = write!(text, "{name}: {value}\r\n");
            }
        }
        text + "Content-Length: 0\r\n\r\n"
    }

    fn all<'n>(&self, name: &'n str) -> impl Iterator<Item = &'a str> + use<'a, 'n> {
        self.headers.split("\r\n").filter_map(move |line| {
            let (found, value) = line.split_once(':')?;
            found
                .trim()
                .eq_ignore_ascii_case(name)
                .then_some(value.trim())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guard::Sealing;

    fn ids() -> Ids {
        Ids {
            local: "127.0.0.1:6000".parse().unwrap(),
            remote: "127.0.0.1:5060".parse().unwrap(),
            room: "1000".into(),
            run: 0xabc,
            call: 7,
            codec: Codec::Pcmu,
            key: None,
        }
    }

    #[test]
    fn our_own_messages_are_read() {
        let invite = ids().invite(40_000);
        let message = Message::parse(invite.as_bytes()).unwrap();
        assert_eq!(message.start(), "INVITE sip:1000@127.0.0.1:5060 SIP/2.0");
        assert_eq!(message.status(), None);
        assert_eq!(message.call(0xabc), Some(7));
        assert_eq!(message.call(0xabd), None);
        assert_eq!(message.method(), Some("INVITE"));
        assert_eq!(message.contact(), Some("sip:load7@127.0.0.1:6000"));
        assert_eq!(message.media(), "127.0.0.1:40000".parse().ok());
        let length: usize = message.header("content-length").unwrap().parse().unwrap();
        assert_eq!(length, message.body.len());
    }

    #[test]
    fn an_offer_to_encrypt() {
        let key = Sealing::Gcm.key();
        let ids = Ids {
            key: Some(key.clone()),
            ..ids()
        };
        let invite = ids.invite(40_000);
        assert!(invite.contains("m=audio 40000 RTP/SAVP 0 101\r\n"));
        let message = Message::parse(invite.as_bytes()).unwrap();
        assert_eq!(message.key(), Some(key));
    }

    #[test]
    fn answers_and_requests() {
        let text = b"SIP/2.0 486 Busy Here\r\nTo: <sip:x>;tag=1\r\nCSeq: 1 INVITE\r\n\r\n";
        let message = Message::parse(text).unwrap();
        assert_eq!(message.status(), Some(486));
        let ack = ids().ack(message.header("To").unwrap(), None);
        assert!(ack.starts_with("ACK sip:1000@127.0.0.1:5060 SIP/2.0\r\n"));
        assert!(ack.contains("\r\nTo: <sip:x>;tag=1\r\n") && ack.contains("z9hG4bK00000abci7;"));
        let bye = ids().bye("<sip:x>;tag=1", "sip:c@1.2.3.4");
        let ok = Message::parse(bye.as_bytes()).unwrap().ok();
        assert!(ok.contains("CSeq: 2 BYE\r\n") && ok.contains("Via: SIP/2.0/UDP"));
        for bad in [&b""[..], b"SIP/2.0 200 OK", b"\xff\xfe\r\n\r\n"] {
            assert!(Message::parse(bad).is_none());
        }
    }
}
