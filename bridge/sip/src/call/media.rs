//! The SDP side of a call: what we describe, and what the peer's answer in an ACK changes.

use std::net::SocketAddr;

use confab_core::audio::stream::Codec;
use rsipstack::sip::Request;

use super::Call;
use super::opening::sdp_of;
use crate::exchange::Extra;
use crate::sdp::{Terms, read_answer, write_answer, write_offer};
use crate::wire::judge::{ALLOW, SUPPORTED};

impl Call {
    /// Our description: the answer to `offer`, or without one an offer of ours.
    pub(super) fn describe(&mut self, offer: Option<&Terms>, local: SocketAddr) -> String {
        match offer {
            Some(terms) => write_answer(&mut self.origin, terms, local),
            None => {
                let first = self.stream.map_or(Codec::Pcma, |stream| stream.codec);
                write_offer(&mut self.origin, first, local)
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

    /// Takes the answer in an ACK. Without a usable one the stream stays as it was: in the first
    /// ACK of a call that is none at all.
    pub(super) fn take_answer(&mut self, ack: &Request) {
        if let Some(Ok(stream)) = sdp_of(ack).map(read_answer) {
            self.stream = Some(stream);
        }
    }
}
