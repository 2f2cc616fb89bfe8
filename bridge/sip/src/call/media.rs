//! The SDP side of a call: what we describe, and what the peer's answer in an ACK changes.

use std::net::SocketAddr;

use confab_core::audio::stream::Stream;

use super::Call;
use crate::SipEvent;
use crate::exchange::Extra;
use crate::sdp::{Terms, read_answer, sdp_in, write_answer, write_offer};
use crate::wire::judge::{ALLOW, SUPPORTED};

impl Call {
    /// Our description: the answer to `offer`, or without one an offer of ours.
    pub(super) fn describe(&mut self, offer: Option<&Terms>, local: SocketAddr) -> String {
        match offer {
            Some(terms) => write_answer(&mut self.origin, terms, local),
            None => {
                let (wishes, current) = (&self.house.wishes, self.stream.as_ref());
                let (text, offered) = write_offer(&mut self.origin, wishes, current, local);
                self.offered = Some(offered);
                text
            }
        }
    }

    /// The headers of a 2xx to INVITE or UPDATE.
    pub(super) fn confirm(&self, sdp: Option<String>) -> Extra {
        let mut extra = self.dialog.extra();
        extra.headers = vec![
            ("Contact", self.dialog.line.place.contact()),
            ("Allow", ALLOW.to_owned()),
            ("Supported", SUPPORTED.to_owned()),
        ];
        extra.sdp = sdp;
        extra
    }

    /// Takes the answer to an offer of ours. Without a usable one the stream stays as it was: in
    /// the first ACK of a call that is none at all.
    pub(super) fn take_answer(&mut self, content_type: Option<&str>, body: &[u8]) {
        let sdp = content_type.and_then(|kind| sdp_in(kind, body));
        let Some(offered) = self.offered.take() else {
            return;
        };
        if let Some(Ok(stream)) = sdp.map(|sdp| read_answer(sdp, &offered)) {
            self.stream = Some(stream);
        }
    }

    /// Tells the switchboard when the media are not what they were `before`.
    pub(super) async fn tell_change(&self, before: Option<Stream>) {
        let leg = self.leg;
        if let Some(stream) = self.stream.filter(|_| self.stream != before) {
            self.house
                .tell(SipEvent::MediaChanged { leg, stream })
                .await;
        }
    }
}
