//! Requests of ours inside the dialog: each is one client transaction in a task of its own.

use std::sync::Arc;

use rsipstack::sip::{Method, Request, Response, SipMessage, StatusCodeKind};
use rsipstack::transaction::Transaction;
use rsipstack::transaction::key::{TransactionKey, TransactionRole};
use rsipstack::transport::{SipAddr, SipConnection};

use super::Call;
use crate::Transport;
use crate::exchange::Line;
use crate::house::House;

impl Call {
    /// Sends BYE and looks after it until it is answered or forgotten; the call itself is over.
    pub(super) fn say_bye(&mut self) {
        let request = self.dialog.request(Method::Bye);
        let sending = self.sending(request);
        self.house.tasks.spawn(async move {
            // Whatever is answered, the call is over (RFC 3261, 15.1.1).
            let _ = sending.await;
        });
    }

    /// The final answer to a request, once it is awaited; `None` when none could be had.
    pub(super) fn sending(
        &self,
        request: Request,
    ) -> impl Future<Output = Option<Response>> + Send + use<> {
        let (house, line) = (self.house.clone(), self.dialog.line.clone());
        let next_hop = self.dialog.next_hop();
        async move {
            let destination = next_hop.resolve().await;
            let (connection, to) = way(&house, &line, destination).await?;
            let key = TransactionKey::from_request(&request, TransactionRole::Client).ok()?;
            let endpoint = house.endpoint.clone();
            let mut transaction = Transaction::new_client(key, request, endpoint, Some(connection));
            transaction.destination = to;
            transaction.send().await.ok()?;
            while let Some(message) = transaction.receive().await {
                if let SipMessage::Response(response) = message
                    && response.status_code.kind() != StatusCodeKind::Provisional
                {
                    return Some(response);
                }
            }
            None
        }
    }
}

/// The connection to use: over UDP the socket the call came in by; over TCP the call's own
/// connection while it lives, else a new one.
async fn way(
    house: &Arc<House>,
    line: &Line,
    destination: std::net::SocketAddr,
) -> Option<(SipConnection, Option<SipAddr>)> {
    match (&line.peer, line.place.transport) {
        (Some(peer), _) if peer.is_alive() => Some((peer.connection(), None)),
        (_, Transport::Tcp) => {
            let peer = house
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
