//! One call: a task that owns the dialog and answers everything in it.
//!
//! Requests come through its inbox, commands lie on its desk. It tells the switchboard `Invite`
//! first and `Ended` last, each once. A call of ours begins in [`dial`] and is `Live` when it gets
//! here.
//!
//! ```text
//! Ringing --Answer--> Answered --ACK--> Live --BYE--> Over
//!    |                   |  `--Hangup--> Leaving --ACK, or none in 64*T1--> Over (BYE sent)
//!    |                   `--no ACK in 64*T1--> Over (BYE sent)
//!    `--Refuse, Hangup, CANCEL, BYE, too late--> Over
//! ```

mod desk;
mod dial;
mod dialog;
mod media;
mod opening;
mod outgoing;
mod placed;
mod requests;
mod session_timer;

use std::net::SocketAddr;
use std::sync::Arc;

use confab_core::audio::stream::Stream;
use confab_core::event::EndReason;
use confab_core::ids::LegId;
use confab_core::refusal::Refusal;
use rsipstack::sip::{HeadersExt, Request, Response};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use crate::SipEvent;
use crate::counters::Count;
use crate::exchange::{Exchange, Extra, new_tag, seq_of};
use crate::house::{House, SetupSlot, retry_after};
use crate::registry::{DialogKey, Entry, MergeKey, call_id, from_tag};
use crate::sdp::{Origin, OurOffer, Terms};
use crate::tuning::CALL_INBOX;

pub(crate) use desk::Desk;
use desk::{Finish, Orders};
pub(crate) use dial::{Errand, start as dial};
pub(crate) use dialog::Dialog;
pub(crate) use opening::Opening;
use outgoing::Reply;
pub(crate) use outgoing::{bye, deliver};
pub(crate) use placed::Placed;
use session_timer::SessionTimer;

/// What a call is told by the transactions in its dialog.
pub(crate) enum Input {
    /// a request of the peer
    Request(Box<Exchange>),
    /// an ACK to a 2xx of ours
    Ack(Box<Request>),
    /// a CANCEL of the INVITE; already answered
    Cancel,
    /// the INVITE transaction with this CSeq number has ended
    Gone(u32),
    /// our session refresh was answered, or not at all
    Refreshed(Option<Box<Reply>>),
    /// the INVITE of ours with this CSeq number was answered; `None`: its transaction has ended
    Reply(u32, Option<Box<Response>>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Ringing,
    Answered,
    Live,
    Leaving,
    Over,
}

/// A 2xx to an INVITE that the peer has not acknowledged yet.
struct OpenInvite {
    seq: u32,
    /// our SDP was an offer, so the ACK brings the answer
    wants_answer: bool,
    exchange: Box<Exchange>,
}

struct Call {
    house: Arc<House>,
    leg: LegId,
    dialog: Dialog,
    desk: Arc<Desk>,
    inbox: mpsc::Receiver<Input>,
    own_sender: mpsc::WeakSender<Input>,
    phase: Phase,
    /// the INVITE that is not answered yet
    invite: Option<Box<Exchange>>,
    open: Option<OpenInvite>,
    /// an INVITE of ours waits for its answer
    offering: bool,
    origin: Origin,
    /// our last offer, until it is answered
    offered: Option<OurOffer>,
    /// the offer of the INVITE; `None` when it had none
    offer: Option<Terms>,
    /// our RTP address, once answered
    local: Option<SocketAddr>,
    stream: Option<Stream>,
    timer: Option<SessionTimer>,
    slot: Option<SetupSlot>,
    setup_until: Instant,
    told_end: bool,
}

/// Starts the task of a new call. Gives the sender for its INVITE transaction's events.
pub(crate) fn start(
    house: &Arc<House>,
    leg: LegId,
    exchange: Exchange,
    opening: Opening,
    merge: MergeKey,
    slot: SetupSlot,
) -> Option<mpsc::Sender<Input>> {
    let (sender, inbox) = mpsc::channel(CALL_INBOX);
    let request = &exchange.request;
    let key = DialogKey {
        call_id: call_id(request),
        local_tag: new_tag(),
        remote_tag: from_tag(request),
    };
    let desk = Arc::new(Desk::default());
    let entry = Entry {
        desk: desk.clone(),
        inbox: sender.clone(),
        dialog: Some(key.clone()),
        merge: Some(merge),
    };
    if !house.registry.enter(leg, entry) {
        let mut exchange = exchange;
        exchange.answer(482, Extra::default());
        return None;
    }
    let setup = opening
        .expires
        .unwrap_or(house.tuning.setup)
        .min(house.tuning.setup);
    let call = Box::new(Call {
        house: house.clone(),
        leg,
        dialog: Dialog::new(&exchange, key),
        desk,
        inbox,
        own_sender: sender.downgrade(),
        phase: Phase::Ringing,
        invite: Some(Box::new(exchange)),
        open: None,
        offering: false,
        origin: Origin::new(leg.0),
        stream: opening.offer.as_ref().map(|terms| terms.stream),
        offered: None,
        offer: opening.offer,
        local: None,
        timer: opening.timer,
        slot: Some(slot),
        setup_until: Instant::now() + setup,
        told_end: false,
    });
    let hello = SipEvent::Invite {
        leg,
        caller: opening.caller,
        dialled: opening.dialled,
        source: call.dialog.line.source,
    };
    house.tasks.spawn(call.run(hello));
    Some(sender)
}

impl Call {
    async fn run(self: Box<Self>, hello: SipEvent) {
        Box::pin(self.house.tell(hello)).await;
        self.go_on().await;
    }

    /// What happens seldom is in memory of its own: thousands of these tasks only wait.
    async fn go_on(mut self: Box<Self>) {
        let desk = self.desk.clone();
        while self.phase != Phase::Over {
            let deadline = self.deadline();
            tokio::select! {
                () = desk.rung() => Box::pin(self.obey(desk.take())).await,
                input = self.inbox.recv() => match input {
                    Some(input) => Box::pin(self.take(input)).await,
                    // The registry holds a sender as long as this task runs.
                    None => break,
                },
                () = sleep_until(deadline) => Box::pin(self.late()).await,
            }
        }
        self.house.registry.remove(self.leg);
    }

    /// When something must happen although nobody says anything.
    fn deadline(&self) -> Instant {
        let far = Instant::now() + std::time::Duration::from_secs(3600);
        match self.phase {
            Phase::Ringing => self.setup_until,
            Phase::Live => self.timer.as_ref().map_or(far, SessionTimer::next),
            _ => far,
        }
    }

    async fn late(&mut self) {
        let now = Instant::now();
        match self.phase {
            Phase::Ringing if now >= self.setup_until => {
                self.final_answer(480, Extra::default());
                self.end(EndReason::SignallingFailed).await;
            }
            Phase::Live => self.timer_rings(now).await,
            _ => {}
        }
    }

    async fn take(&mut self, input: Input) {
        match input {
            Input::Request(exchange) => self.request(exchange).await,
            Input::Ack(request) => self.acked(&request).await,
            Input::Cancel if self.phase == Phase::Ringing => {
                self.final_answer(487, Extra::default());
                self.end(EndReason::CallerHungUp).await;
            }
            // Of a call of ours these belong to the time before the answer.
            Input::Cancel | Input::Reply(..) => {}
            Input::Gone(seq) => self.gone(seq).await,
            Input::Refreshed(response) => self.refreshed(response).await,
        }
    }

    async fn obey(&mut self, orders: Orders) {
        if self.phase == Phase::Ringing {
            if orders.ring
                && let Some(invite) = &mut self.invite
            {
                let mut extra = self.dialog.extra();
                extra
                    .headers
                    .push(("Contact", self.dialog.line.place.contact()));
                invite.answer(180, extra);
            }
            if let Some(rtp) = orders.answer
                && orders.finish.is_none()
            {
                self.answer(rtp);
            }
        }
        match orders.finish {
            Some(Finish::Refuse(refusal)) => self.refuse(refusal).await,
            Some(Finish::Hangup(reason)) => self.hang_up(reason).await,
            None => {}
        }
    }

    /// Sends the 200 that takes the call.
    fn answer(&mut self, rtp: SocketAddr) {
        let Some(mut invite) = self.invite.take() else {
            return;
        };
        self.local = Some(rtp);
        let sdp = self.describe(self.offer.clone().as_ref(), rtp);
        let mut extra = self.confirm(Some(sdp));
        extra.headers.extend(self.timer_headers(&invite));
        extra.headers.extend(self.dialog.record_routes(&invite));
        invite.answer(200, extra);
        let seq = invite.seq();
        let wants_answer = self.offer.is_none();
        self.open = Some(OpenInvite {
            seq,
            wants_answer,
            exchange: invite,
        });
        self.phase = Phase::Answered;
    }

    /// A final answer to the INVITE that is not a 2xx.
    fn final_answer(&mut self, status: u16, extra: Extra) {
        if let Some(mut invite) = self.invite.take() {
            invite.answer(
                status,
                Extra {
                    tag: self.dialog.extra().tag,
                    ..extra
                },
            );
        }
    }

    async fn refuse(&mut self, refusal: Refusal) {
        match self.phase {
            Phase::Ringing => {
                let status = refusal.sip_status();
                let extra = if status == 503 {
                    retry_after()
                } else {
                    Extra::default()
                };
                self.final_answer(status, extra);
                self.end(EndReason::Refused(refusal)).await;
            }
            // Too late for a refusal; the caller is to go all the same.
            _ => self.hang_up(EndReason::Refused(refusal)).await,
        }
    }

    async fn hang_up(&mut self, reason: EndReason) {
        match self.phase {
            Phase::Ringing => {
                let (status, extra) = status_of(reason);
                self.final_answer(status, extra);
                self.end(reason).await;
            }
            Phase::Answered => {
                // No BYE before the ACK (RFC 3261, 15).
                self.tell_end(reason).await;
                self.phase = Phase::Leaving;
            }
            Phase::Live => {
                self.say_bye();
                self.end(reason).await;
            }
            Phase::Leaving | Phase::Over => {}
        }
    }

    async fn acked(&mut self, request: &Request) {
        let Some(open) = self.open.take_if(|open| open.seq == seq_of(request)) else {
            return;
        };
        if self.phase == Phase::Leaving {
            self.say_bye();
            self.phase = Phase::Over;
            return;
        }
        let first = self.phase == Phase::Answered;
        let before = self.stream;
        if open.wants_answer {
            let kind = request.header_value("Content-Type");
            self.take_answer(kind.as_deref(), &request.body);
        }
        let Some(stream) = self.stream else {
            self.say_bye();
            return self.end(EndReason::SignallingFailed).await;
        };
        self.slot = None;
        self.phase = Phase::Live;
        let leg = self.leg;
        if first {
            self.start_timer();
            self.house.tell(SipEvent::Established { leg, stream }).await;
        } else {
            self.tell_change(before).await;
        }
    }

    /// An INVITE transaction has ended. If it was still open, nobody has acknowledged.
    async fn gone(&mut self, seq: u32) {
        if self.open.take_if(|open| open.seq == seq).is_none() {
            return;
        }
        self.house.counters.add(Count::NoAck);
        tracing::info!(leg = %self.leg, "sip: the answer was never acknowledged");
        self.say_bye();
        self.end(EndReason::SignallingFailed).await;
    }

    /// The call is over; tells so unless it has.
    async fn end(&mut self, reason: EndReason) {
        if let Some(open) = self.open.take() {
            open.exchange.abandon();
        }
        self.phase = Phase::Over;
        self.tell_end(reason).await;
    }

    async fn tell_end(&mut self, reason: EndReason) {
        if !self.told_end {
            self.told_end = true;
            // Before the event, so that whoever hears of the end finds the tables empty.
            if self.phase == Phase::Over {
                self.house.registry.remove(self.leg);
            }
            self.house
                .tell(SipEvent::Ended {
                    leg: self.leg,
                    reason,
                })
                .await;
        }
    }
}

/// The final answer to a call that is hung up before it was answered.
fn status_of(reason: EndReason) -> (u16, Extra) {
    match reason {
        EndReason::Refused(refusal) if refusal.sip_status() == 503 => (503, retry_after()),
        EndReason::Refused(refusal) => (refusal.sip_status(), Extra::default()),
        EndReason::Shutdown => (503, retry_after()),
        EndReason::SignallingFailed => (500, Extra::default()),
        EndReason::Dropped => (603, Extra::default()),
        EndReason::CallerHungUp => (487, Extra::default()),
        EndReason::ConferenceEnded
        | EndReason::LineDead
        | EndReason::MenuTimeout
        | EndReason::NotReached(_)
        | EndReason::NotLetIn => (480, Extra::default()),
    }
}
