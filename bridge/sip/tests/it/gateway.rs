//! The other end of a trunk, played by the test: takes the calls that the server places.

use confab_core::audio::stream::Stream;
use confab_core::event::{DialFailure, EndReason};
use confab_core::ids::LegId;
use confab_sip::{Caller, SipCommand, SipEvent, Trunk, Tuning};
use tokio::net::TcpListener;

use crate::phone::{Got, PATIENCE, Phone, unique};
use crate::server::{RTP, Server, brisk};

pub const NUMBER: &str = "+4930123456";
pub const ANSWER: &str = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\n\
    t=0 0\r\nm=audio 4000 RTP/AVP 0 101\r\na=rtpmap:101 telephone-event/8000\r\n";

pub struct Gateway {
    pub server: Server,
    pub phone: Phone,
    /// our tag in answers
    pub tag: String,
}

impl Gateway {
    pub async fn udp() -> Self {
        Self::with(brisk(), |trunk| trunk).await
    }

    /// With these times, and a trunk that `make` completes.
    pub async fn with(tuning: Tuning, make: impl Fn(Trunk) -> Trunk) -> Self {
        let nobody = "127.0.0.1:9".parse().unwrap();
        let mut phone = Phone::udp(nobody).await;
        let trunk = make(Trunk::parse(&format!("sip:{}", phone.local)).unwrap());
        let server = Server::dialling(tuning, trunk).await;
        phone.server = server.udp;
        let tag = unique("callee");
        Self { server, phone, tag }
    }

    /// A gateway by TCP, and the listener that the server will connect to.
    pub async fn tcp() -> (Self, TcpListener) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let local = listener.local_addr().unwrap();
        let trunk = Trunk::parse(&format!("sip:{local};transport=tcp")).unwrap();
        let server = Server::dialling(brisk(), trunk).await;
        let mut phone = Phone::udp(server.udp).await;
        phone.local = local;
        phone.contact = format!("<sip:callee@{local};transport=tcp>");
        let tag = unique("callee");
        (Self { server, phone, tag }, listener)
    }

    pub async fn dial(&self) -> LegId {
        self.dial_number(NUMBER).await
    }

    pub async fn dial_number(&self, number: &str) -> LegId {
        let leg = self.server.handle.legs.next();
        let caller = Caller {
            number: "030999".into(),
            name: "Room \"1\"".into(),
        };
        let rtp = RTP.parse().unwrap();
        let number = number.to_owned();
        self.server
            .command(SipCommand::Dial {
                leg,
                number,
                caller,
                rtp,
            })
            .await;
        leg
    }

    /// Answers a request, with our tag.
    pub async fn answer(&mut self, request: &Got, status: &str, body: &str) {
        let contact = format!("Contact: {}", self.phone.contact);
        self.answer_as(&self.tag.clone(), request, status, &[&contact], body)
            .await;
    }

    pub async fn answer_as(
        &mut self,
        tag: &str,
        request: &Got,
        status: &str,
        extra: &[&str],
        body: &str,
    ) {
        let mut request = request.clone();
        for (name, value) in &mut request.headers {
            if name == "To" && !value.contains(";tag=") {
                value.push_str(&format!(";tag={tag}"));
            }
        }
        self.phone.answer_with(&request, status, extra, body).await;
    }

    /// Dials, rings and answers; the phone is ready for requests of the callee.
    pub async fn connect(&mut self, extra: &[&str]) -> (LegId, Got, Stream) {
        let leg = self.dial().await;
        let invite = self.phone.expect_request("INVITE").await;
        self.answer(&invite, "180 Ringing", "").await;
        self.ringing(leg).await;
        let contact = format!("Contact: {}", self.phone.contact);
        let extra = [&[&contact[..]], extra].concat();
        self.answer_as(&self.tag.clone(), &invite, "200 OK", &extra, ANSWER)
            .await;
        self.phone.expect_request("ACK").await;
        let stream = self.server.established().await;
        self.become_callee(&invite);
        (leg, invite, stream)
    }

    /// From now on requests of the phone are the callee's in the call of this INVITE.
    pub fn become_callee(&mut self, invite: &Got) {
        let from = invite.must("From");
        self.phone.to_tag = from.split_once(";tag=").map(|(_, tag)| tag.to_owned());
        self.phone.from_tag = self.tag.clone();
        self.phone.call_id = invite.must("Call-ID").to_owned();
        self.phone.uri = uri_of(invite.must("Contact"));
    }

    pub async fn ringing(&mut self, leg: LegId) {
        match self.server.event().await {
            SipEvent::Ringing { leg: rings } => assert_eq!(rings, leg),
            other => panic!("no Ringing: {other:?}"),
        }
    }

    pub async fn not_reached(&mut self) -> DialFailure {
        match self.server.ended().await {
            EndReason::NotReached(failure) => failure,
            other => panic!("ended by {other:?}"),
        }
    }

    pub async fn hang_up(&self, leg: LegId) {
        let reason = EndReason::Dropped;
        self.server
            .command(SipCommand::Hangup { leg, reason })
            .await;
    }

    /// The next request that is no repetition of `seen`.
    pub async fn request_after(&mut self, seen: &Got) -> Got {
        loop {
            let got = self.phone.next_within(PATIENCE).await.unwrap();
            if got.start != seen.start || got.must("Via") != seen.must("Via") {
                return got;
            }
        }
    }
}

/// What stands between the angle brackets.
pub fn uri_of(value: &str) -> String {
    let inner = value.split_once('<').unwrap().1;
    inner.split_once('>').unwrap().0.to_owned()
}
