//! Requests of ours: the way each goes, and the task that looks after its client transaction.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use rsipstack::sip::{Domain, Header, Method, Request, Response, SipMessage, StatusCodeKind, Uri};
use rsipstack::transaction::Transaction;
use rsipstack::transaction::key::{TransactionKey, TransactionRole};
use rsipstack::transport::{SipAddr, SipConnection};

use super::Call;
use super::dialog::{Dialog, resolve};
use crate::Transport;
use crate::digest;
use crate::door::Place;
use crate::exchange::{Line, new_tag};
use crate::house::House;
use crate::trunk::Trunk;

/// Challenges that one request answers: the first, and one more when the nonce had grown old.
const CHALLENGES_MAX: usize = 2;

/// The final answer to a request, and the request as it was sent last.
pub(crate) struct Reply {
    pub request: Request,
    pub response: Response,
}

impl Reply {
    /// Whether an ACK is owed.
    pub fn is_accepted_invite(&self) -> bool {
        self.request.method == Method::Invite
            && self.response.status_code.kind() == StatusCodeKind::Successful
    }
}

/// Sends BYE and looks after it until it is answered or forgotten; the call itself is over.
pub(crate) fn bye(house: &Arc<House>, dialog: &mut Dialog) {
    let request = dialog.request(Method::Bye);
    let sending = sending(house, dialog, request);
    house.tasks.spawn(async move {
        // Whatever is answered, the call is over (RFC 3261, 15.1.1).
        let _ = sending.await;
    });
}

impl Call {
    pub(super) fn say_bye(&mut self) {
        bye(&self.house, &mut self.dialog);
    }

    /// The final answer to a request, once it is awaited; `None` when none could be had.
    pub(super) fn sending(
        &self,
        request: Request,
    ) -> impl Future<Output = Option<Reply>> + Send + use<> {
        sending(&self.house, &self.dialog, request)
    }
}

fn sending(
    house: &Arc<House>,
    dialog: &Dialog,
    mut request: Request,
) -> impl Future<Output = Option<Reply>> + Send + use<> {
    let (house, line) = (house.clone(), dialog.line.clone());
    let (hop, seq, trunk) = (dialog.hop(), dialog.seq(), dialog.trunk.clone());
    async move {
        let destination = resolve(hop, line.source).await;
        let mut answered = 0;
        loop {
            let mut transaction = open(&house, &line, destination, &request).await?;
            transaction.send().await.ok()?;
            let response = final_answer(&mut transaction).await?;
            let again = answer_to(&response, &request, trunk.as_deref(), answered);
            let Some(again) = again else {
                return Some(Reply { request, response });
            };
            answered += 1;
            request = renumbered(&request, next(&seq), &line.place);
            request.headers.push(again);
        }
    }
}

async fn final_answer(transaction: &mut Transaction) -> Option<Response> {
    while let Some(message) = transaction.receive().await {
        if let SipMessage::Response(response) = message
            && response.status_code.kind() != StatusCodeKind::Provisional
        {
            return Some(response);
        }
    }
    None
}

/// What to add to `request` when `response` challenges it and `answered` challenges of it were
/// answered before.
pub(super) fn answer_to(
    response: &Response,
    request: &Request,
    trunk: Option<&Trunk>,
    answered: usize,
) -> Option<Header> {
    let challenged = matches!(response.status_code.code(), 401 | 407);
    let credentials = trunk?.credentials().filter(|_| challenged)?;
    let uri = request.uri.to_string();
    let (header, stale) = digest::answer(response, (request.method, &uri), credentials)?;
    // The same name and password would be refused again, unless it was only the nonce.
    (answered == 0 || stale && answered < CHALLENGES_MAX).then_some(header)
}

/// The next number of a sequence.
pub(super) fn next(seq: &AtomicU32) -> u32 {
    seq.fetch_add(1, Ordering::Relaxed) + 1
}

/// `request` as a new transaction with this CSeq number, without answers to challenges.
pub(super) fn renumbered(request: &Request, seq: u32, place: &Place) -> Request {
    let method = request.method;
    let kept = request.headers.iter().filter(|h| !digest::is_answer(h));
    let headers = kept.map(|header| match header {
        Header::Via(_) => Header::Via(via(place).into()),
        Header::CSeq(_) => Header::CSeq(format!("{seq} {method}").into()),
        other => other.clone(),
    });
    Request {
        headers: headers.collect::<Vec<_>>().into(),
        ..request.clone()
    }
}

/// A Via of ours with a fresh branch.
pub(super) fn via(place: &Place) -> String {
    let transport = match place.transport {
        Transport::Udp => "UDP",
        Transport::Tcp => "TCP",
    };
    let branch = new_tag();
    format!(
        "SIP/2.0/{transport} {};branch=z9hG4bK{branch};rport",
        place.addr
    )
}

/// A URI that the library will write exactly as it was given: its own reading would escape the
/// user part a second time.
pub(super) fn verbatim(target: &str) -> Uri {
    let rest = target.split_once(':').map_or(target, |(_, rest)| rest);
    let scheme = target
        .split_once(':')
        .and_then(|(scheme, _)| scheme.parse().ok());
    let host = Domain(rest.to_owned());
    Uri {
        scheme,
        host_with_port: host.into(),
        ..Uri::default()
    }
}

/// A client transaction for `request`, not sent yet; `None` when there is no way.
pub(super) async fn open(
    house: &Arc<House>,
    line: &Line,
    destination: SocketAddr,
    request: &Request,
) -> Option<Transaction> {
    let (connection, to) = way(house, line, destination).await?;
    let key = TransactionKey::from_request(request, TransactionRole::Client).ok()?;
    let endpoint = house.endpoint.clone();
    let mut transaction = Transaction::new_client(key, request.clone(), endpoint, Some(connection));
    transaction.destination = to;
    Some(transaction)
}

/// Sends an ACK, which has no transaction.
pub(crate) async fn deliver(house: Arc<House>, line: Line, hop: Option<String>, mut ack: Request) {
    ack.headers.push(Header::ContentLength(0.into()));
    let destination = resolve(hop, line.source).await;
    if let Some((connection, to)) = way(&house, &line, destination).await {
        // When it is lost the 2xx comes again, and so does this.
        let _ = connection.send(ack.into(), to.as_ref()).await;
    }
}

/// The connection to use: over UDP the socket of the call; over TCP the call's own connection
/// while it lives, else a new one.
async fn way(
    house: &Arc<House>,
    line: &Line,
    destination: SocketAddr,
) -> Option<(SipConnection, Option<SipAddr>)> {
    match (&line.peer, line.place.transport) {
        (Some(peer), _) if peer.is_alive() => Some((peer.connection(), None)),
        (_, Transport::Tcp) => {
            let peer = house
                .ways
                .streams
                .connect(destination, line.place.clone())
                .await?;
            Some((peer.connection(), None))
        }
        (_, Transport::Udp) => {
            let udp = Some(rsipstack::sip::Transport::Udp);
            let to = SipAddr {
                r#type: udp,
                addr: destination.into(),
            };
            Some((line.connection.clone(), Some(to)))
        }
    }
}
