//! What an INVITE says about the call it opens: who, to whom, with which media. Decides only what
//! the protocol decides (488, 422, 400), never policy.

use std::time::Duration;

use confab_core::audio::stream::Stream;
use rsipstack::sip::{HeadersExt, Request, Scheme};

use super::session_timer::SessionTimer;
use crate::Caller;
use crate::exchange::{Exchange, Extra};
use crate::sdp::{self, Terms, Unfit, Wishes};
use crate::tuning::Tuning;
use crate::wire::grammar;

/// Letters of a name or number that are kept; longer ones are somebody's joke.
const TEXT_MAX: usize = 64;

/// The readable part of an INVITE.
pub(crate) struct Opening {
    pub caller: Caller,
    pub dialled: String,
    /// `None`: the INVITE has no SDP, so we shall offer
    pub offer: Option<Terms>,
    pub timer: Option<SessionTimer>,
    /// how long the caller is ready to wait (Expires)
    pub expires: Option<Duration>,
}

impl Opening {
    /// Reads the INVITE of `exchange`, or says how to refuse it.
    pub fn read(
        exchange: &Exchange,
        tuning: &Tuning,
        wishes: &Wishes,
    ) -> Result<Self, (u16, Extra)> {
        let request = &exchange.request;
        let offer = offer_of(request, wishes, None)?;
        let timer = SessionTimer::asked_by(request, tuning.session_min_s)?;
        let expires = request
            .header_value("Expires")
            .and_then(|value| value.parse().ok());
        let expires = expires.filter(|s| *s > 0).map(Duration::from_secs);
        Ok(Self {
            caller: caller(request),
            dialled: dialled(request),
            offer,
            timer,
            expires,
        })
    }
}

/// The offer in a request, when `before` is agreed on so far; `None` without a body.
pub(super) fn offer_of(
    request: &Request,
    wishes: &Wishes,
    before: Option<&Stream>,
) -> Result<Option<Terms>, (u16, Extra)> {
    match sdp_of(request) {
        None if request.body.is_empty() => Ok(None),
        // A multipart body without SDP in it.
        None => Err((415, Extra::header("Accept", crate::wire::judge::ACCEPT))),
        Some(sdp) => {
            let read = sdp::read_offer(sdp, wishes, before);
            read.map(Some)
                .map_err(|unfit| (488, Extra::header("Warning", warning(unfit))))
        }
    }
}

/// Why an offer is of no use, for whoever looks for the mistake.
fn warning(unfit: Unfit) -> &'static str {
    match unfit {
        Unfit::NoCommonCodec => "304 confab \"no audio in a codec and transport that we take\"",
        Unfit::NoUsableKey => "399 confab \"RTP/SAVP without an a=crypto that we can use\"",
        Unfit::MustEncrypt => "399 confab \"only RTP/SAVP with a=crypto is taken\"",
        Unfit::Malformed => "399 confab \"the SDP cannot be read\"",
    }
}

/// The SDP in the body of a request.
fn sdp_of(request: &Request) -> Option<&[u8]> {
    let content_type = request.header_value("Content-Type")?;
    sdp::sdp_in(&content_type, &request.body).filter(|sdp| !sdp.is_empty())
}

/// From, or P-Asserted-Identity when From tells nothing and the caller does not ask for privacy.
fn caller(request: &Request) -> Caller {
    let from = request.header_value("From").unwrap_or_default();
    let mut caller = identity(&from);
    let hidden = caller.number.is_empty() || caller.number.eq_ignore_ascii_case("anonymous");
    let private = request
        .header_value("Privacy")
        .is_some_and(|p| !p.eq_ignore_ascii_case("none"));
    if hidden
        && !private
        && let Some(asserted) = request.header_value("P-Asserted-Identity")
        && let Some(first) = grammar::split_list(&asserted).first()
    {
        caller = identity(first);
    }
    caller
}

fn identity(value: &str) -> Caller {
    let Ok(named) = grammar::name_addr(value) else {
        return Caller::default();
    };
    let user = grammar::uri(named.uri).map_or("", |uri| uri.user);
    let user = user.split(';').next().unwrap_or_default();
    let name = named.display.replace("\\\"", "\"").replace("\\\\", "\\");
    Caller {
        number: tidy(&grammar::unescape(user)),
        name: tidy(&name),
    }
}

fn tidy(text: &str) -> String {
    let plain = text.trim().chars().filter(|c| !c.is_control());
    plain.take(TEXT_MAX).collect()
}

/// The user part of the Request-URI, or the number of a `tel:` URI.
fn dialled(request: &Request) -> String {
    let uri = &request.uri;
    let tel = matches!(&uri.scheme, Some(Scheme::Other(s)) if s.eq_ignore_ascii_case("tel"));
    let user = match uri.user() {
        None if tel => uri.host_with_port.host.to_string(),
        user => user.unwrap_or_default().to_owned(),
    };
    tidy(&grammar::unescape(
        user.split(';').next().unwrap_or_default(),
    ))
}
