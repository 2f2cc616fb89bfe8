//! What we put into the library's transport layer: no name is ever looked up in its one central
//! loop, a `received` that it writes can be read by it again, and repeated answers to INVITEs of
//! ours are caught before it throws them away.

use std::sync::Arc;

use rsipstack::sip::{Header, SipMessage};
use rsipstack::transaction::endpoint::TransportEventInspector;
use rsipstack::transport::transport_layer::DomainResolver;
use rsipstack::transport::{SipAddr, TransportEvent};

use super::Boxed;
use crate::accepted::Accepted;

/// Resolves nothing: a stranger's Via must not make everybody wait for a name server. Names in
/// routes and contacts are looked up by the call that needs them.
pub(crate) struct NoNames;

impl DomainResolver for NoNames {
    fn resolve<'s, 't, 'f>(&'s self, target: &'t SipAddr) -> Boxed<'f, rsipstack::Result<SipAddr>>
    where
        's: 'f,
        't: 'f,
        Self: 'f,
    {
        let error = rsipstack::Error::DnsResolutionError(target.addr.to_string());
        Box::pin(async move { Err(error) })
    }
}

/// Sees every message before the library's transactions do.
pub(crate) struct Hooks {
    accepted: Arc<Accepted>,
}

impl Hooks {
    pub fn new(accepted: Arc<Accepted>) -> Self {
        Self { accepted }
    }
}

impl TransportEventInspector for Hooks {
    fn handle<'s, 'f>(&'s self, event: TransportEvent) -> Boxed<'f, Option<TransportEvent>>
    where
        's: 'f,
        Self: 'f,
    {
        Box::pin(async move {
            match event {
                TransportEvent::Incoming(SipMessage::Request(mut request), connection, from) => {
                    request.headers.iter_mut().for_each(unbracket);
                    Some(TransportEvent::Incoming(request.into(), connection, from))
                }
                TransportEvent::Incoming(SipMessage::Response(response), connection, from) => {
                    let response = self.accepted.catch(response)?;
                    let message = SipMessage::Response(response);
                    Some(TransportEvent::Incoming(message, connection, from))
                }
                other => Some(other),
            }
        })
    }
}

/// Writes `received=::1` where the library wrote `received=[[::1]]`: it cannot find the way back
/// from the form in brackets.
fn unbracket(header: &mut Header) {
    let Header::Via(via) = header else { return };
    let Some((before, rest)) = via.value().split_once(";received=[") else {
        return;
    };
    let (ip, after) = rest.split_at(rest.find([';', ',']).unwrap_or(rest.len()));
    // The library puts brackets around an address that has some already.
    let ip = ip.trim_matches(['[', ']']);
    let plain = format!("{before};received={ip}{after}");
    via.replace(plain);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_go() {
        let check = |given: &str, expected: &str| {
            let mut header = Header::Via(given.into());
            unbracket(&mut header);
            assert_eq!(header.value(), expected);
        };
        check(
            "SIP/2.0/UDP h;received=[[::1]];rport=1",
            "SIP/2.0/UDP h;received=::1;rport=1",
        );
        check(
            "SIP/2.0/UDP h;received=[::1], x",
            "SIP/2.0/UDP h;received=::1, x",
        );
        check(
            "SIP/2.0/UDP h;received=10.0.0.1",
            "SIP/2.0/UDP h;received=10.0.0.1",
        );
    }
}
