//! The dialog of one call (RFC 3261, 12): tags, routes, remote target, sequence numbers, and the
//! way to the peer. Sends nothing.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use std::time::Duration;

use rsipstack::sip::{Header, Headers, HeadersExt, Method, Request, Response, Version};

use super::outgoing::{next, verbatim, via};
use super::placed::Placed;
use crate::accepted::to_tag;
use crate::digest;
use crate::exchange::{Exchange, Extra, Line, seq_of};
use crate::registry::DialogKey;
use crate::trunk::Trunk;
use crate::wire::grammar;

/// How long a name in a Contact may take to resolve.
const RESOLVE: Duration = Duration::from_secs(2);

pub(crate) struct Dialog {
    pub key: DialogKey,
    pub line: Line,
    /// CSeq number of the peer's last request
    pub remote_seq: Option<u32>,
    /// the peer takes UPDATE
    pub updates: bool,
    /// of a call of ours, where it went: requests in it may be challenged
    pub trunk: Option<Arc<Trunk>>,
    /// CSeq number of our last request; shared with those that repeat one for a challenge
    local_seq: Arc<AtomicU32>,
    /// our identity without its tag
    local: String,
    /// theirs, with its tag
    remote: String,
    /// URI of the peer's Contact
    target: String,
    routes: Vec<String>,
    /// the peer is behind a NAT, so its Contact is of no use
    behind_nat: bool,
}

impl Dialog {
    /// The dialog that the INVITE of `exchange` makes.
    pub fn new(exchange: &Exchange, key: DialogKey) -> Self {
        let header = |name| exchange.header(name).unwrap_or_default();
        let mut dialog = Self {
            key,
            line: exchange.line.clone(),
            remote_seq: Some(exchange.seq()),
            updates: false,
            trunk: None,
            local_seq: Arc::default(),
            local: header("To"),
            remote: header("From"),
            target: String::new(),
            routes: record_routes(&exchange.request.headers),
            behind_nat: behind_nat(exchange),
        };
        dialog.refresh(&exchange.request);
        dialog.updates = takes_update(exchange.header("Allow"));
        dialog
    }

    /// The dialog that a 2xx to an INVITE of ours makes.
    pub fn placed(placed: &Placed, response: &Response) -> Self {
        let key = DialogKey {
            call_id: placed.call_id.clone(),
            local_tag: placed.local_tag.clone(),
            remote_tag: to_tag(response),
        };
        let mut routes = record_routes(&response.headers);
        // RFC 3261, 12.1.2.
        routes.reverse();
        let mut dialog = Self {
            key,
            line: placed.line.clone(),
            remote_seq: None,
            updates: takes_update(response.header_value("Allow")),
            trunk: Some(placed.trunk.clone()),
            local_seq: Arc::new(AtomicU32::new(placed.seq)),
            local: placed.from.clone(),
            remote: response.header_value("To").unwrap_or_default(),
            target: placed.uri.clone(),
            routes,
            behind_nat: false,
        };
        dialog.refresh(response);
        dialog.behind_nat = is_hidden(&dialog.target, placed.line.source.ip());
        dialog
    }

    /// The ACK for a 2xx to this INVITE of ours, with its answer to a challenge (RFC 3261,
    /// 13.2.2.4).
    pub fn ack(&self, invite: &Request) -> Request {
        let mut ack = self.numbered(Method::Ack, seq_of(invite));
        let answers = invite.headers.iter().filter(|h| digest::is_answer(h));
        ack.headers.extend(answers.cloned().collect());
        ack
    }

    /// The counter of our CSeq numbers.
    pub fn seq(&self) -> Arc<AtomicU32> {
        self.local_seq.clone()
    }

    /// Target refresh: the Contact of an INVITE or UPDATE that we accept, or of a 2xx to one of
    /// ours (RFC 3261, 12.2).
    pub fn refresh(&mut self, message: &impl HeadersExt) {
        let contact = message.header_value("Contact").unwrap_or_default();
        if let Some(Ok(named)) = grammar::split_list(&contact)
            .first()
            .map(|c| grammar::name_addr(c))
        {
            self.target = named.uri.to_owned();
        }
    }

    /// What every answer of ours in this dialog carries.
    pub fn extra(&self) -> Extra {
        Extra {
            tag: Some(self.key.local_tag.clone()),
            ..Extra::default()
        }
    }

    /// The Record-Route lines of a request, to be repeated in the 2xx (RFC 3261, 12.1.1).
    pub fn record_routes(&self, exchange: &Exchange) -> Vec<(&'static str, String)> {
        record_routes(&exchange.request.headers)
            .into_iter()
            .map(|r| ("Record-Route", r))
            .collect()
    }

    /// A request of ours in this dialog (RFC 3261, 12.2.1.1).
    pub fn request(&mut self, method: Method) -> Request {
        self.numbered(method, next(&self.local_seq))
    }

    fn numbered(&self, method: Method, seq: u32) -> Request {
        let place = &self.line.place;
        let local = format!("{};tag={}", self.local, self.key.local_tag);
        let mut headers = vec![
            Header::Via(via(place).into()),
            Header::MaxForwards("70".into()),
            Header::From(local.into()),
            Header::To(self.remote.clone().into()),
            Header::CallId(self.key.call_id.clone().into()),
            Header::CSeq(format!("{seq} {method}").into()),
            Header::Contact(place.contact().into()),
        ];
        headers.extend(
            self.routes
                .iter()
                .map(|route| Header::Route(route.clone().into())),
        );
        Request {
            method,
            uri: verbatim(&self.target),
            version: Version::V2,
            headers: headers.into(),
            body: Vec::new(),
        }
    }

    /// The URI that requests of ours go to: the first route, else the Contact; `None`: straight
    /// back to where the peer's last message came from.
    pub fn hop(&self) -> Option<String> {
        match self.routes.first() {
            Some(route) => grammar::name_addr(route).map(|n| n.uri.to_owned()).ok(),
            None if self.behind_nat => None,
            None => Some(self.target.clone()),
        }
    }
}

/// The address of a hop, perhaps still a name; `source` when it has none that can be found.
pub(super) async fn resolve(hop: Option<String>, source: SocketAddr) -> SocketAddr {
    let Some(uri) = hop.as_deref().and_then(grammar::uri) else {
        return source;
    };
    let found = look_up(uri.host, uri.port.unwrap_or(5060)).await;
    let same_family = |addr: &&SocketAddr| addr.is_ipv4() == source.is_ipv4();
    match &found[..] {
        [only] if uri.host.parse::<IpAddr>().is_ok() => *only,
        all => all.iter().find(same_family).copied().unwrap_or(source),
    }
}

/// The addresses of a host, bounded in time; none when there are none.
pub(super) async fn look_up(host: &str, port: u16) -> Vec<SocketAddr> {
    if let Ok(ip) = host.parse() {
        return vec![SocketAddr::new(ip, port)];
    }
    if host.is_empty() {
        return Vec::new();
    }
    match tokio::time::timeout(RESOLVE, tokio::net::lookup_host((host, port))).await {
        Ok(Ok(found)) => found.collect(),
        _ => Vec::new(),
    }
}

fn takes_update(allow: Option<String>) -> bool {
    allow.is_some_and(|allow| allow.split(',').any(|method| method.trim() == "UPDATE"))
}

/// Whether the address in a Contact is one of a network that we cannot reach, because it is
/// private and the peer, at `source`, is not.
fn is_hidden(contact: &str, source: IpAddr) -> bool {
    let private = |ip: IpAddr| match ip {
        IpAddr::V4(v4) => v4.is_private() || v4.is_loopback() || v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_unique_local() || v6.is_loopback(),
    };
    let ip = grammar::uri(contact).and_then(|uri| uri.host.parse().ok());
    ip.is_some_and(|ip| private(ip) && !private(source))
}

/// All Record-Route values, in order.
fn record_routes(headers: &Headers) -> Vec<String> {
    let lines = headers.iter().filter_map(|header| match header {
        Header::RecordRoute(route) => Some(route.value()),
        _ => None,
    });
    lines
        .flat_map(grammar::split_list)
        .map(str::to_owned)
        .collect()
}

/// Whether the address that the peer believes to have is not the one it comes from.
fn behind_nat(exchange: &Exchange) -> bool {
    let via = exchange.header("Via").unwrap_or_default();
    let single = exchange
        .request
        .headers
        .iter()
        .filter(|h| matches!(h, Header::Via(_)))
        .count();
    let values = grammar::split_list(&via);
    let host = values
        .first()
        .and_then(|v| grammar::via(v))
        .map(|via| via.host.to_owned());
    let elsewhere = host.is_some_and(|host| host.parse() != Ok(exchange.line.source.ip()));
    // Behind a proxy the top Via is the proxy's and says nothing about the peer.
    single == 1 && values.len() == 1 && elsewhere
}
