//! The INVITE of a call that we place, its CANCEL, and its repetition with an answer to a
//! challenge. Only writes requests; sending and waiting is [`super::dial`]'s.

use std::sync::Arc;

use rsipstack::sip::{Header, Method, Request, Version};

use super::outgoing::{renumbered, verbatim, via};
use crate::Caller;
use crate::exchange::{Line, new_tag};
use crate::trunk::{Number, Trunk};
use crate::wire::judge::SUPPORTED;

/// What we take before the call is answered. Not UPDATE: it could come in an early dialog, of
/// which we keep none; timers and targets are refreshed by INVITE as well.
const ALLOW: &str = "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO";

/// One INVITE of ours and what it was made of.
pub(crate) struct Placed {
    pub request: Request,
    pub line: Line,
    pub trunk: Arc<Trunk>,
    pub call_id: String,
    pub local_tag: String,
    /// CSeq number of `request`
    pub seq: u32,
    /// From without its tag
    pub from: String,
    pub uri: String,
}

impl Placed {
    /// The INVITE that calls `number`, offering `sdp`.
    pub fn new(
        trunk: Arc<Trunk>,
        line: Line,
        number: &Number,
        caller: &Caller,
        sdp: String,
    ) -> Self {
        let (call_id, local_tag) = (new_tag(), new_tag());
        let (from, uri) = (trunk.from(caller), trunk.uri_of(number));
        let headers = vec![
            Header::Via(via(&line.place).into()),
            Header::MaxForwards("70".into()),
            Header::From(format!("{from};tag={local_tag}").into()),
            Header::To(format!("<{uri}>").into()),
            Header::CallId(call_id.clone().into()),
            Header::CSeq("1 INVITE".into()),
            Header::Contact(line.place.contact().into()),
            Header::Other("Allow".into(), ALLOW.into()),
            Header::Other("Supported".into(), SUPPORTED.into()),
            Header::Other("Content-Type".into(), "application/sdp".into()),
        ];
        let request = Request {
            method: Method::Invite,
            uri: verbatim(&uri),
            version: Version::V2,
            headers: headers.into(),
            body: sdp.into_bytes(),
        };
        Self {
            request,
            line,
            trunk,
            call_id,
            local_tag,
            seq: 1,
            from,
            uri,
        }
    }

    /// The same once more, as a new transaction, with this answer to a challenge.
    pub fn answering(mut self, answer: Header) -> Self {
        self.seq += 1;
        self.request = renumbered(&self.request, self.seq, &self.line.place);
        self.request.headers.push(answer);
        self
    }

    /// The CANCEL of this INVITE (RFC 3261, 9.1).
    pub fn cancel(&self) -> Request {
        let headers = self
            .request
            .headers
            .iter()
            .filter_map(|header| match header {
                Header::CSeq(_) => Some(Header::CSeq(format!("{} CANCEL", self.seq).into())),
                Header::Via(_)
                | Header::MaxForwards(_)
                | Header::From(_)
                | Header::To(_)
                | Header::CallId(_) => Some(header.clone()),
                _ => None,
            });
        Request {
            method: Method::Cancel,
            headers: headers.collect::<Vec<_>>().into(),
            body: Vec::new(),
            ..self.request.clone()
        }
    }
}
