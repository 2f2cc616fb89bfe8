//! Session timers (RFC 4028): who refreshes, when we do, and when the call is given up. We ask for
//! none ourselves and keep those that the peer asks for or grants.

use std::time::Duration;

use confab_core::event::EndReason;
use rsipstack::sip::{Header, HeadersExt, Method, Request, Response};
use tokio::time::Instant;

use super::outgoing::Reply;
use super::{Call, Input, Phase};
use crate::counters::Count;
use crate::exchange::Extra;

/// Who keeps the session alive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Refresher {
    Them,
    Us,
}

/// The agreement of one call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SessionTimer {
    interval: Duration,
    refresher: Refresher,
    /// when we refresh, if we do
    refresh_at: Option<Instant>,
    expires_at: Instant,
}

impl SessionTimer {
    /// What a request asks for: `None` when nothing, 422 when less than `min_s`.
    pub fn asked_by(request: &Request, min_s: u32) -> Result<Option<Self>, (u16, Extra)> {
        let Some(value) = request.header_value("Session-Expires") else {
            return Ok(None);
        };
        let Some((seconds, wish)) = read(&value) else {
            return Err((400, Extra::default()));
        };
        if seconds < min_s {
            return Err((422, Extra::header("Min-SE", min_s.to_string())));
        }
        // Without a wish the caller refreshes if it can (RFC 4028, 9, table 2).
        let knows = request.header_contains_token("Supported", "timer");
        let refresher = match wish.as_deref() {
            Some("uas") => Refresher::Us,
            Some("uac") => Refresher::Them,
            _ if knows => Refresher::Them,
            _ => Refresher::Us,
        };
        Ok(Some(Self::new(seconds, refresher)))
    }

    /// What the 2xx to an INVITE of ours grants; nothing shorter than `min_s`, which no honest peer
    /// grants (RFC 4028, 5).
    pub fn granted_by(response: &Response, min_s: u32) -> Option<Self> {
        let (seconds, refresher) = read(&response.header_value("Session-Expires")?)?;
        let refresher = match refresher.as_deref() {
            Some("uas") => Refresher::Them,
            _ => Refresher::Us,
        };
        Some(Self::new(seconds.max(min_s), refresher))
    }

    fn new(seconds: u32, refresher: Refresher) -> Self {
        let mut timer = Self {
            interval: Duration::from_secs(u64::from(seconds)),
            refresher,
            refresh_at: None,
            expires_at: Instant::now(),
        };
        timer.restart(Instant::now());
        timer
    }

    /// Counts from now (RFC 4028, 10): we refresh at half time, and give up a little before the
    /// end when they should have.
    fn restart(&mut self, now: Instant) {
        let early = (self.interval / 3).min(Duration::from_secs(32));
        self.expires_at = now + self.interval - early;
        self.refresh_at = (self.refresher == Refresher::Us).then(|| now + self.interval / 2);
    }

    /// When something is due.
    pub fn next(&self) -> Instant {
        self.refresh_at
            .map_or(self.expires_at, |at| at.min(self.expires_at))
    }

    /// For our 2xx; `knows`: the peer supports timers.
    pub fn headers(&self, knows: bool) -> Vec<(&'static str, String)> {
        let who = if self.refresher == Refresher::Us {
            "uas"
        } else {
            "uac"
        };
        let expires = format!("{};refresher={who}", self.interval.as_secs());
        let mut headers = vec![("Session-Expires", expires)];
        if self.refresher == Refresher::Them && knows {
            headers.push(("Require", "timer".to_owned()));
        }
        headers
    }
}

/// Seconds and refresher of a Session-Expires.
fn read(value: &str) -> Option<(u32, Option<String>)> {
    let mut parts = value.split(';').map(str::trim);
    let seconds = parts.next()?.parse().ok()?;
    let refresher = parts.find_map(|p| {
        let (name, value) = p.split_once('=')?;
        name.trim()
            .eq_ignore_ascii_case("refresher")
            .then(|| value.trim().to_ascii_lowercase())
    });
    Some((seconds, refresher))
}

impl Call {
    pub(super) fn start_timer(&mut self) {
        if let Some(timer) = &mut self.timer {
            timer.restart(Instant::now());
        }
    }

    pub(super) async fn timer_rings(&mut self, now: Instant) {
        let Some(timer) = &mut self.timer else { return };
        if now >= timer.expires_at {
            self.house.counters.add(Count::SessionExpired);
            tracing::info!(leg = %self.leg, "sip: the session was not refreshed");
            self.say_bye();
            return self.end(EndReason::SignallingFailed).await;
        }
        if timer.refresh_at.take_if(|at| now >= *at).is_some() {
            let expires = format!("{};refresher=uac", timer.interval.as_secs());
            self.send_refresh(expires);
        }
    }

    /// A bare UPDATE when the peer takes it, else an INVITE that offers what we have.
    fn send_refresh(&mut self, expires: String) {
        let bare = self.dialog.updates;
        let method = if bare { Method::Update } else { Method::Invite };
        let mut request = self.dialog.request(method);
        let mut extra = vec![
            ("Session-Expires", expires),
            ("Supported", "timer".to_owned()),
        ];
        if let Some(local) = self.local.filter(|_| !bare) {
            request.body = self.describe(None, local).into_bytes();
            extra.push(("Content-Type", "application/sdp".to_owned()));
        }
        for (name, value) in extra {
            request.headers.push(Header::Other(name.to_owned(), value));
        }
        let Some(inbox) = self.own_sender.upgrade() else {
            return;
        };
        self.offering = !bare;
        let sending = self.sending(request);
        self.house.tasks.spawn(async move {
            let reply = sending.await;
            // Fails when the call has ended meanwhile.
            let _ = inbox.send(Input::Refreshed(reply.map(Box::new))).await;
        });
    }

    pub(super) async fn refreshed(&mut self, reply: Option<Box<Reply>>) {
        self.offering = false;
        if let Some(reply) = &reply
            && reply.is_accepted_invite()
        {
            // Even when the call is over: the peer repeats its answer until it is acknowledged.
            let ack = self.dialog.ack(&reply.request);
            self.house.acknowledge(&reply.request, &self.dialog, ack);
        }
        if self.phase != Phase::Live {
            return;
        }
        let response = reply.map(|reply| reply.response);
        let status = response.as_ref().map_or(408, |r| r.status_code.code());
        match status {
            200..=299 => {
                self.start_timer();
                if let Some(response) = response {
                    let before = self.stream;
                    let kind = response.header_value("Content-Type");
                    self.take_answer(kind.as_deref(), &response.body);
                    self.tell_change(before).await;
                }
            }
            // The peer knows nothing of this call any more (RFC 3261, 12.2.1.2).
            408 | 481 => {
                self.say_bye();
                self.end(EndReason::SignallingFailed).await;
            }
            // Once more later, as long as there is time; then the session expires.
            _ => {
                if let Some(timer) = &mut self.timer {
                    let left = timer.expires_at.saturating_duration_since(Instant::now());
                    timer.refresh_at = Some(Instant::now() + left / 2 + Duration::from_secs(1));
                }
            }
        }
    }
}
