//! The dialog of one call as its callee keeps it (RFC 3261, 12): tags, routes, remote target,
//! sequence numbers, and the way back to the peer.

use std::net::SocketAddr;
use std::time::Duration;

use rsipstack::sip::{Header, HeadersExt, Method, Request, Uri, Version};

use crate::Transport;
use crate::exchange::{Exchange, Extra, Line, new_tag};
use crate::registry::DialogKey;
use crate::wire::grammar;

/// How long a name in a Contact may take to resolve.
const RESOLVE: Duration = Duration::from_secs(2);

pub(super) struct Dialog {
    pub key: DialogKey,
    pub line: Line,
    /// CSeq number of the peer's last request
    pub remote_seq: u32,
    /// the peer takes UPDATE
    pub updates: bool,
    local_seq: u32,
    /// our identity: To of the INVITE
    local: String,
    /// theirs: From of the INVITE
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
            remote_seq: exchange.seq(),
            updates: false,
            local_seq: 0,
            local: header("To"),
            remote: header("From"),
            target: String::new(),
            routes: record_routes(&exchange.request),
            behind_nat: behind_nat(exchange),
        };
        dialog.refresh(&exchange.request);
        if let Some(allow) = exchange.header("Allow") {
            dialog.updates = allow.split(',').any(|m| m.trim() == "UPDATE");
        }
        dialog
    }

    /// Target refresh: the Contact of an INVITE or UPDATE that we accept (RFC 3261, 12.2.2).
    pub fn refresh(&mut self, request: &Request) {
        let contact = request.header_value("Contact").unwrap_or_default();
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
        record_routes(&exchange.request)
            .into_iter()
            .map(|r| ("Record-Route", r))
            .collect()
    }

    /// A request of ours in this dialog (RFC 3261, 12.2.1.1).
    pub fn request(&mut self, method: Method) -> Request {
        self.local_seq += 1;
        let place = &self.line.place;
        let transport = match place.transport {
            Transport::Udp => "UDP",
            Transport::Tcp => "TCP",
        };
        let via = format!(
            "SIP/2.0/{transport} {};branch=z9hG4bK{};rport",
            place.addr,
            new_tag()
        );
        let local = format!("{};tag={}", self.local, self.key.local_tag);
        let mut headers = vec![
            Header::Via(via.into()),
            Header::MaxForwards("70".into()),
            Header::From(local.into()),
            Header::To(self.remote.clone().into()),
            Header::CallId(self.key.call_id.clone().into()),
            Header::CSeq(format!("{} {method}", self.local_seq).into()),
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

    /// Where requests of ours go: the first route, else the Contact.
    pub fn next_hop(&self) -> NextHop {
        let uri = match self.routes.first() {
            Some(route) => grammar::name_addr(route).map(|n| n.uri.to_owned()).ok(),
            None if self.behind_nat => None,
            None => Some(self.target.clone()),
        };
        NextHop {
            uri,
            source: self.line.source,
        }
    }
}

/// The next hop of a request, perhaps still a name.
pub(super) struct NextHop {
    /// `None`: straight back to the source
    uri: Option<String>,
    source: SocketAddr,
}

impl NextHop {
    /// Its address; whence the peer's last request came when it has none that can be found.
    pub async fn resolve(self) -> SocketAddr {
        let uri = self.uri.as_deref().and_then(grammar::uri);
        let Some(uri) = uri.filter(|uri| !uri.host.is_empty()) else {
            return self.source;
        };
        let port = uri.port.unwrap_or(5060);
        if let Ok(ip) = uri.host.parse() {
            return SocketAddr::new(ip, port);
        }
        let looked_up = tokio::time::timeout(RESOLVE, tokio::net::lookup_host((uri.host, port)));
        let Ok(Ok(mut found)) = looked_up.await else {
            return self.source;
        };
        let same_family = |addr: &SocketAddr| addr.is_ipv4() == self.source.is_ipv4();
        found.find(same_family).unwrap_or(self.source)
    }
}

/// All Record-Route values, in order.
fn record_routes(request: &Request) -> Vec<String> {
    let lines = request.headers.iter().filter_map(|header| match header {
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

/// A URI that the library will write exactly as it was given: its own reading would escape the
/// user part a second time.
fn verbatim(target: &str) -> Uri {
    let rest = target.split_once(':').map_or(target, |(_, rest)| rest);
    let scheme = target
        .split_once(':')
        .and_then(|(scheme, _)| scheme.parse().ok());
    let host = rsipstack::sip::Domain(rest.to_owned());
    Uri {
        scheme,
        host_with_port: host.into(),
        ..Uri::default()
    }
}
