//! Requests of the peer inside the dialog: BYE, INFO, OPTIONS, and the INVITE and UPDATE that
//! change the media, the target or the session timer.

use confab_core::event::EndReason;
use rsipstack::sip::{HeadersExt, Method};

use super::opening::offer_of;
use super::session_timer::SessionTimer;
use super::{Call, OpenInvite, Phase};
use crate::SipEvent;
use crate::exchange::{Exchange, Extra};
use crate::house::capabilities;
use confab_dtmf::info::key_of_info;

impl Call {
    pub(super) async fn request(&mut self, mut exchange: Box<Exchange>) {
        let seq = exchange.seq();
        if self.dialog.remote_seq.is_some_and(|last| seq <= last) {
            // RFC 3261, 12.2.2.
            return exchange.answer(500, self.dialog.extra());
        }
        self.dialog.remote_seq = Some(seq);
        self.dialog.line = exchange.line.clone();
        match exchange.request.method {
            Method::Bye => self.bye(&mut exchange).await,
            Method::Info => self.info(&mut exchange).await,
            Method::Options => {
                let extra = Extra {
                    tag: self.dialog.extra().tag,
                    ..capabilities()
                };
                exchange.answer(200, extra);
            }
            Method::Invite | Method::Update => self.renegotiate(exchange).await,
            // The door lets no other method pass.
            _ => exchange.answer(405, self.dialog.extra()),
        }
    }

    async fn bye(&mut self, exchange: &mut Exchange) {
        exchange.answer(200, self.dialog.extra());
        self.final_answer(487, Extra::default());
        self.end(EndReason::CallerHungUp).await;
    }

    /// RFC 6086 in its old form: a key in the body. An empty INFO only asks whether we are there.
    async fn info(&mut self, exchange: &mut Exchange) {
        if exchange.request.body.is_empty() {
            return exchange.answer(200, self.dialog.extra());
        }
        let kind = exchange.header("Content-Type").unwrap_or_default();
        let Some((key, held_ms)) = key_of_info(&kind, &exchange.request.body) else {
            return exchange.answer(400, self.dialog.extra());
        };
        exchange.answer(200, self.dialog.extra());
        if !self.told_end {
            let leg = self.leg;
            self.house.tell(SipEvent::Key { leg, key, held_ms }).await;
        }
    }

    async fn renegotiate(&mut self, mut exchange: Box<Exchange>) {
        if let Some((status, extra)) = self.objection(&exchange) {
            let tag = self.dialog.extra().tag;
            return exchange.answer(status, Extra { tag, ..extra });
        }
        let read = offer_of(&exchange.request, &self.house.wishes, self.stream.as_ref());
        let read = read.and_then(|offer| {
            let timer = SessionTimer::asked_by(&exchange.request, self.house.tuning.session_min_s)?;
            Ok((offer, timer))
        });
        let (offer, timer) = match read {
            Ok(read) => read,
            Err((status, extra)) => {
                let tag = self.dialog.extra().tag;
                return exchange.answer(status, Extra { tag, ..extra });
            }
        };
        self.dialog.refresh(&exchange.request);
        if self.phase != Phase::Ringing {
            self.timer = timer;
            self.start_timer();
        }
        let invite = exchange.request.method == Method::Invite;
        let sdp = match self.local {
            Some(local) if invite || offer.is_some() => Some(self.describe(offer.as_ref(), local)),
            _ => None,
        };
        let mut extra = self.confirm(sdp);
        extra.headers.extend(self.timer_headers(&exchange));
        exchange.answer(200, extra);
        let before = self.stream;
        self.stream = offer.as_ref().map(|terms| terms.stream).or(self.stream);
        if invite {
            let (seq, wants_answer) = (exchange.seq(), offer.is_none());
            self.open = Some(OpenInvite {
                seq,
                wants_answer,
                exchange,
            });
        }
        self.tell_change(before).await;
    }

    /// Why an INVITE or UPDATE cannot be taken now (RFC 3261, 14.2; RFC 3311, 5.2).
    fn objection(&self, exchange: &Exchange) -> Option<(u16, Extra)> {
        let invite = exchange.request.method == Method::Invite;
        let offers = invite || !exchange.request.body.is_empty();
        match self.phase {
            Phase::Leaving | Phase::Over => Some((481, Extra::default())),
            Phase::Ringing if offers => Some((500, Extra::header("Retry-After", "3"))),
            _ if offers && (self.open.is_some() || self.offering) => Some((491, Extra::default())),
            _ => None,
        }
    }

    /// The Session-Expires of our 2xx, and what must go with it.
    pub(super) fn timer_headers(&self, exchange: &Exchange) -> Vec<(&'static str, String)> {
        let knows = exchange.request.header_contains_token("Supported", "timer");
        self.timer
            .as_ref()
            .map_or(Vec::new(), |timer| timer.headers(knows))
    }
}
