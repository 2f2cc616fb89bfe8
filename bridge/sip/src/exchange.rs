//! One incoming request and its server transaction.
//!
//! The transaction lives in a task of its own ([`drive`]), because waiting on it must never be
//! abandoned half way; the [`Exchange`] is the handle through which others answer. An exchange
//! that is dropped unanswered answers 500, so no request ever hangs.

use std::net::SocketAddr;
use std::sync::Arc;

use rsipstack::sip::{Header, HeadersExt, Method, Request, Response, SipMessage, StatusCode};
use rsipstack::transaction::Transaction;
use rsipstack::transaction::endpoint::EndpointInnerRef;
use rsipstack::transaction::transaction::{TransactionEvent, TransactionEventSender};
use rsipstack::transport::SipConnection;
use tokio::sync::mpsc;

use crate::call::Input;
use crate::door::Place;
use crate::door::tcp::Peer;

/// The way a request came in, and requests of ours go out.
#[derive(Clone)]
pub(crate) struct Line {
    pub place: Arc<Place>,
    pub source: SocketAddr,
    pub connection: SipConnection,
    /// holds the TCP connection open while a call is on it
    pub peer: Option<Arc<Peer>>,
}

/// What an answer carries beside its status.
#[derive(Debug, Default)]
pub(crate) struct Extra {
    pub tag: Option<String>,
    pub headers: Vec<(&'static str, String)>,
    pub sdp: Option<String>,
}

impl Extra {
    pub fn header(name: &'static str, value: impl Into<String>) -> Self {
        Self {
            headers: vec![(name, value.into())],
            ..Self::default()
        }
    }
}

/// A request that waits for its answer.
pub(crate) struct Exchange {
    pub request: Request,
    pub line: Line,
    endpoint: EndpointInnerRef,
    answers: TransactionEventSender,
    answered: bool,
}

impl Exchange {
    /// The handle to `transaction`, whose task the caller starts with [`drive`].
    pub fn new(transaction: &Transaction, line: Line) -> Self {
        Self {
            request: transaction.original.clone(),
            line,
            endpoint: transaction.endpoint_inner.clone(),
            answers: transaction.tu_sender.clone(),
            answered: false,
        }
    }

    /// Number of its CSeq.
    pub fn seq(&self) -> u32 {
        seq_of(&self.request)
    }

    /// The value of the first header of this name.
    pub fn header(&self, name: &str) -> Option<String> {
        self.request.header_value(name)
    }

    /// Sends an answer. Only the first final one counts.
    pub fn answer(&mut self, status: u16, extra: Extra) {
        if self.answered {
            return;
        }
        self.answered = status >= 200;
        let mut response = self.response(status, extra.sdp);
        if let Some(tag) = extra.tag {
            set_to_tag(&mut response, &tag);
        } else if status > 100 {
            set_to_tag(&mut response, &new_tag());
        }
        for (name, value) in extra.headers {
            response.headers.push(Header::Other(name.to_owned(), value));
        }
        // Fails only when the transaction is gone already: nobody waits for the answer then.
        let _ = self.answers.send(TransactionEvent::Respond(response));
    }

    fn response(&self, status: u16, sdp: Option<String>) -> Response {
        let typed = sdp.is_some();
        let status = StatusCode::from(status);
        let body = sdp.map(String::into_bytes);
        let mut response = self.endpoint.make_response(&self.request, status, body);
        if typed {
            response.headers.push(Header::Other(
                "Content-Type".into(),
                "application/sdp".into(),
            ));
        }
        response
    }

    /// Ends the transaction without waiting for an ACK, for the call is over.
    pub fn abandon(&self) {
        if let Ok(key) = rsipstack::transaction::key::TransactionKey::from_request(
            &self.request,
            rsipstack::transaction::key::TransactionRole::Server,
        ) {
            let _ = self.answers.send(TransactionEvent::Terminate(key));
        }
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        self.answer(500, Extra::default());
    }
}

/// Number of the CSeq of `request`; the door lets none without pass.
pub(crate) fn seq_of(request: &Request) -> u32 {
    request
        .cseq_header()
        .and_then(|cseq| cseq.seq())
        .unwrap_or(0)
}

/// A fresh tag or branch, 64 bits of randomness and more.
pub(crate) fn new_tag() -> String {
    rsipstack::transaction::random_text(16)
}

fn set_to_tag(response: &mut Response, tag: &str) {
    for header in response.headers.iter_mut() {
        if let Header::To(to) = header
            && !matches!(to.tag(), Ok(Some(_)))
        {
            let value = format!("{};tag={tag}", to.value());
            to.replace(value);
        }
    }
}

/// Runs a server transaction to its end. ACK, CANCEL and the end itself are told to `inbox`.
pub(crate) async fn drive(mut transaction: Transaction, inbox: Option<mpsc::Sender<Input>>) {
    let seq = seq_of(&transaction.original);
    let invite = transaction.original.method == Method::Invite;
    let inbox = inbox.filter(|_| invite);
    let tell = async |input| {
        if let Some(inbox) = &inbox {
            // Fails when the call is over; waits while the call is behind, which holds up only
            // this transaction.
            let _ = inbox.send(input).await;
        }
    };
    while let Some(message) = transaction.receive().await {
        match message {
            SipMessage::Request(request) if request.method == Method::Ack => {
                tell(Input::Ack(Box::new(request))).await;
            }
            SipMessage::Request(request) if request.method == Method::Cancel => {
                tell(Input::Cancel).await;
            }
            _ => {}
        }
    }
    tell(Input::Gone(seq)).await;
}
