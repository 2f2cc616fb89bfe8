//! A call that we place, up to its answer: INVITE, what comes back, CANCEL (RFC 3261, 9, 13).
//!
//! Redirections are failures: to follow one would let a stranger choose whom we call at our cost.
//! Early media are not taken, so nobody in the room hears ringing or announcements, and nobody is
//! heard who has not answered.
//!
//! ```text
//! Calling --1xx--> Ringing --2xx--> ACK, and a `Call` that is Live
//!    |  `--401, 407--> Calling again, with an answer
//!    |                `--3xx..6xx, none in time--> over
//!    `--Hangup: CANCEL after the first 1xx--> over; a 2xx that crossed it gets ACK and BYE
//! ```

use std::net::SocketAddr;
use std::sync::Arc;

use confab_core::audio::stream::Stream;
use confab_core::event::{DialFailure, EndReason};
use confab_core::ids::LegId;
use rsipstack::sip::{HeadersExt, Response, SipMessage, StatusCodeKind};
use rsipstack::transaction::Transaction;
use rsipstack::transaction::key::TransactionKey;
use rsipstack::transaction::transaction::{TransactionEvent, TransactionEventSender};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use super::desk::{Desk, Finish};
use super::dialog::{Dialog, look_up};
use super::outgoing::{answer_to, bye, open};
use super::placed::Placed;
use super::session_timer::SessionTimer;
use super::{Call, Input, Phase};
use crate::accepted::to_tag;
use crate::door::Place;
use crate::exchange::Line;
use crate::house::{House, SetupSlot};
use crate::registry::Entry;
use crate::sdp::{Origin, OurOffer, Unfit, read_answer, sdp_in, write_offer};
use crate::trunk::{Number, Trunk};
use crate::tuning::CALL_INBOX;
use crate::{Caller, SipCommand, SipEvent, Transport};

/// Whom to call, as `SipCommand::Dial` says.
pub(crate) struct Errand {
    leg: LegId,
    number: String,
    caller: Caller,
    rtp: SocketAddr,
}

impl Errand {
    /// The errand in a `Dial`; `None` of other commands.
    pub fn of(command: SipCommand) -> Option<Self> {
        match command {
            SipCommand::Dial {
                leg,
                number,
                caller,
                rtp,
            } => Some(Self {
                leg,
                number,
                caller,
                rtp,
            }),
            _ => None,
        }
    }
}

/// Starts the task of a call to be placed.
pub(crate) fn start(house: &Arc<House>, errand: Errand) {
    let (sender, inbox) = mpsc::channel(CALL_INBOX);
    let desk = Arc::new(Desk::default());
    let leg = errand.leg;
    let entry = Entry {
        desk: desk.clone(),
        inbox: sender.clone(),
        dialog: None,
        merge: None,
    };
    if !house.registry.enter(leg, entry) {
        return tracing::error!(%leg, "sip: told to dial as a leg that is there already");
    }
    let dial = Dial {
        house: house.clone(),
        leg,
        desk,
        inbox,
        own_sender: sender.downgrade(),
        rtp: errand.rtp,
        origin: Origin::new(leg.0),
        offered: OurOffer::default(),
        until: Instant::now() + house.tuning.ring,
        heard: false,
        rung: false,
        leaving: false,
        early: None,
        slot: None,
    };
    house.tasks.spawn(dial.run(errand));
}

struct Dial {
    house: Arc<House>,
    leg: LegId,
    desk: Arc<Desk>,
    inbox: mpsc::Receiver<Input>,
    own_sender: mpsc::WeakSender<Input>,
    rtp: SocketAddr,
    origin: Origin,
    /// what we offer in `origin`'s name
    offered: OurOffer,
    /// patience ends
    until: Instant,
    /// a 1xx came, so a CANCEL may be sent
    heard: bool,
    /// `Ringing` was told
    rung: bool,
    /// `Ended` was told; only the network's side is left to be finished
    leaving: bool,
    /// tag and media of an early answer: some gateways do not repeat it in the 2xx
    early: Option<(String, Stream)>,
    slot: Option<SetupSlot>,
}

/// The INVITE transaction that runs.
struct Attempt {
    placed: Placed,
    key: TransactionKey,
    events: TransactionEventSender,
    cancelled: bool,
}

/// A call that was answered with media we can take.
struct Connected {
    dialog: Dialog,
    stream: Stream,
    timer: Option<SessionTimer>,
}

type Failed = EndReason;

fn failed(failure: DialFailure) -> Failed {
    EndReason::NotReached(failure)
}

impl Dial {
    async fn run(mut self, errand: Errand) {
        match self.connect(&errand).await {
            Ok(connected) => self.established(connected).await,
            Err(reason) => {
                // Before the event, so that whoever hears of the end finds the tables empty.
                self.house.registry.remove(self.leg);
                self.tell_end(reason).await;
            }
        }
    }

    async fn connect(&mut self, errand: &Errand) -> Result<Connected, Failed> {
        let mut placed = self.prepare(errand).await?;
        let mut answered = 0;
        loop {
            let mut attempt = self.send(placed).await?;
            let response = self.final_answer(&mut attempt).await?;
            if response.status_code.kind() == StatusCodeKind::Successful {
                return self.accept(attempt.placed, &response).await;
            }
            placed = attempt.placed;
            let trunk = Some(&*placed.trunk).filter(|_| !self.leaving);
            match answer_to(&response, &placed.request, trunk, answered) {
                Some(answer) => placed = placed.answering(answer),
                None => return Err(self.refused(&response)),
            }
            answered += 1;
        }
    }

    /// Everything that can be wrong before a word is sent.
    async fn prepare(&mut self, errand: &Errand) -> Result<Placed, Failed> {
        let house = self.house.clone();
        if house.is_draining() {
            return Err(EndReason::Shutdown);
        }
        let trunk = house.ways.trunk.clone();
        let trunk = trunk.ok_or(failed(DialFailure::NoTrunk))?;
        let number = Number::parse(&errand.number).map_err(failed)?;
        self.slot = house.setup_slot();
        let line = self.line_to(&trunk).await;
        let line = line.filter(|_| self.slot.is_some());
        let line = line.ok_or(failed(DialFailure::Unreachable))?;
        let (sdp, offered) = write_offer(&mut self.origin, &house.wishes, None, self.rtp);
        self.offered = offered;
        Ok(Placed::new(trunk, line, &number, &errand.caller, sdp))
    }

    /// The way to the trunk, by the first of its addresses that one of our places can reach.
    async fn line_to(&self, trunk: &Trunk) -> Option<Line> {
        let (host, port) = trunk.host_port();
        for source in look_up(host, port).await {
            let ways = &self.house.ways;
            let reaches = |place: &Place| {
                place.transport == trunk.transport() && place.addr.is_ipv4() == source.is_ipv4()
            };
            match trunk.transport() {
                Transport::Udp => {
                    let mut sockets = ways.sockets.iter();
                    if let Some((place, connection)) = sockets.find(|(p, _)| reaches(p)) {
                        return Some(Line {
                            place: place.clone(),
                            source,
                            connection: connection.clone(),
                            peer: None,
                        });
                    }
                }
                Transport::Tcp => {
                    let Some(place) = ways.places.iter().find(|p| reaches(p)) else {
                        continue;
                    };
                    if let Some(peer) = ways.streams.connect(source, place.clone()).await {
                        return Some(Line {
                            place: place.clone(),
                            source,
                            connection: peer.connection(),
                            peer: Some(peer),
                        });
                    }
                }
            }
        }
        None
    }

    async fn send(&mut self, placed: Placed) -> Result<Attempt, Failed> {
        let unreachable = failed(DialFailure::Unreachable);
        let source = placed.line.source;
        let opened = open(&self.house, &placed.line, source, &placed.request).await;
        let mut transaction = opened.ok_or(unreachable)?;
        let inbox = self.own_sender.upgrade().ok_or(unreachable)?;
        let attempt = Attempt {
            key: transaction.key.clone(),
            events: transaction.tu_sender.clone(),
            cancelled: false,
            placed,
        };
        self.heard = false;
        transaction.send().await.map_err(|_| unreachable)?;
        let seq = attempt.placed.seq;
        self.house.tasks.spawn(follow(transaction, seq, inbox));
        Ok(attempt)
    }

    /// Waits for the final answer. Meanwhile tells of ringing, and gives up when told to or when
    /// it takes too long.
    async fn final_answer(&mut self, attempt: &mut Attempt) -> Result<Box<Response>, Failed> {
        let desk = self.desk.clone();
        loop {
            tokio::select! {
                () = desk.rung() => match desk.take().finish {
                    Some(Finish::Hangup(reason)) => self.leave(attempt, reason).await,
                    Some(Finish::Refuse(refusal)) => {
                        self.leave(attempt, EndReason::Refused(refusal)).await;
                    }
                    None => {}
                },
                input = self.inbox.recv() => match input {
                    Some(Input::Reply(seq, response)) if seq == attempt.placed.seq => {
                        let response = response.ok_or(failed(DialFailure::Unreachable))?;
                        if response.status_code.kind() != StatusCodeKind::Provisional {
                            return Ok(response);
                        }
                        self.provisional(attempt, &response).await;
                    }
                    // Only our own transactions can reach a call that has no dialog yet.
                    _ => {}
                },
                () = sleep_until(self.until) => {
                    if attempt.cancelled || self.leaving {
                        // RFC 3261, 9.1: the callee never says so that it was cancelled.
                        let over = TransactionEvent::Terminate(attempt.key.clone());
                        let _ = attempt.events.send(over);
                        return Err(failed(DialFailure::NoAnswer));
                    }
                    self.leave(attempt, failed(DialFailure::NoAnswer)).await;
                }
            }
        }
    }

    async fn provisional(&mut self, attempt: &mut Attempt, response: &Response) {
        self.heard = true;
        if self.leaving {
            return self.cancel(attempt);
        }
        if let Some(Ok(stream)) = media_of(response, &self.offered) {
            self.early = Some((to_tag(response), stream));
        }
        if response.status_code.code() > 100 && !self.rung {
            self.rung = true;
            self.house.tell(SipEvent::Ringing { leg: self.leg }).await;
        }
    }

    /// Gives up: told at once; the network's part goes on.
    async fn leave(&mut self, attempt: &mut Attempt, reason: EndReason) {
        self.tell_end(reason).await;
        self.until = Instant::now() + self.house.tuning.t1 * 64;
        if self.heard {
            self.cancel(attempt);
        }
    }

    /// RFC 3261, 9.1: only after a 1xx, and then there are 64*T1 for the 487.
    fn cancel(&mut self, attempt: &mut Attempt) {
        if std::mem::replace(&mut attempt.cancelled, true) {
            return;
        }
        self.until = Instant::now() + self.house.tuning.t1 * 64;
        let (house, request) = (self.house.clone(), attempt.placed.cancel());
        let line = attempt.placed.line.clone();
        self.house.tasks.spawn(async move {
            let Some(mut cancel) = open(&house, &line, line.source, &request).await else {
                return;
            };
            if cancel.send().await.is_ok() {
                while cancel.receive().await.is_some() {}
            }
        });
    }

    /// Acknowledges, and judges whether there is anything to be heard.
    async fn accept(&mut self, placed: Placed, response: &Response) -> Result<Connected, Failed> {
        let placed = Arc::new(placed);
        let mut dialog = Dialog::placed(&placed, response);
        let ack = dialog.ack(&placed.request);
        let given_up = self.leaving || self.given_up_now().await;
        let early = self.early.take_if(|(tag, _)| *tag == dialog.key.remote_tag);
        let stream = match (media_of(response, &self.offered), early) {
            (Some(Ok(stream)), _) | (None, Some((_, stream))) => Some(stream),
            _ => None,
        };
        let Some(stream) = stream.filter(|_| !given_up) else {
            let request = &placed.request;
            self.house
                .acknowledge_placed(request, &dialog, ack, Some(placed.clone()));
            bye(&self.house, &mut dialog);
            return Err(failed(DialFailure::Unreachable));
        };
        // First the table, then the ACK: what it lets the callee send must find the call.
        self.house.registry.join(self.leg, &dialog.key);
        self.house
            .acknowledge_placed(&placed.request, &dialog, ack, Some(placed.clone()));
        let timer = SessionTimer::granted_by(response, self.house.tuning.session_min_s);
        Ok(Connected {
            dialog,
            stream,
            timer,
        })
    }

    /// Whether the order to hang up lies there, come together with the answer.
    async fn given_up_now(&mut self) -> bool {
        let reason = match self.desk.take().finish {
            Some(Finish::Hangup(reason)) => reason,
            Some(Finish::Refuse(refusal)) => EndReason::Refused(refusal),
            None => return false,
        };
        self.tell_end(reason).await;
        true
    }

    async fn established(self, connected: Connected) {
        let (leg, stream) = (self.leg, connected.stream);
        let call = Box::new(Call {
            house: self.house.clone(),
            leg,
            dialog: connected.dialog,
            desk: self.desk,
            inbox: self.inbox,
            own_sender: self.own_sender,
            phase: Phase::Live,
            invite: None,
            open: None,
            offering: false,
            origin: self.origin,
            offered: None,
            offer: None,
            local: Some(self.rtp),
            stream: Some(stream),
            timer: connected.timer,
            slot: None,
            setup_until: self.until,
            told_end: false,
        });
        tracing::info!(%leg, "sip: the call we placed was answered");
        self.house.tell(SipEvent::Established { leg, stream }).await;
        call.go_on().await;
    }

    fn refused(&self, response: &Response) -> Failed {
        let status = response.status_code.code();
        let leg = self.leg;
        tracing::info!(%leg, status, "sip: the call we placed was refused");
        // When nobody answers at all the library says 408 in the network's place.
        if status == 408 && !self.heard {
            return failed(DialFailure::Unreachable);
        }
        failed(failure_of(status))
    }

    async fn tell_end(&mut self, reason: EndReason) {
        if !std::mem::replace(&mut self.leaving, true) {
            let leg = self.leg;
            self.house.tell(SipEvent::Ended { leg, reason }).await;
        }
    }
}

/// The media in an answer to `ours`; `None` when it has no SDP.
fn media_of(response: &Response, ours: &OurOffer) -> Option<Result<Stream, Unfit>> {
    let kind = response.header_value("Content-Type")?;
    sdp_in(&kind, &response.body).map(|sdp| read_answer(sdp, ours))
}

/// What a final answer means to whoever wanted the call (RFC 3261, 21; RFC 8197, RFC 8688).
fn failure_of(status: u16) -> DialFailure {
    match status {
        486 | 600 => DialFailure::Busy,
        408 | 480 | 487 => DialFailure::NoAnswer,
        401 | 403 | 407 | 433 | 603 | 607 | 608 => DialFailure::Rejected,
        _ => DialFailure::Unreachable,
    }
}

/// Runs the INVITE transaction to its end and tells the call what it brings.
async fn follow(mut transaction: Transaction, seq: u32, inbox: mpsc::Sender<Input>) {
    while let Some(message) = transaction.receive().await {
        if let SipMessage::Response(response) = message {
            // Fails when the call is over; then the library acknowledges what must be.
            let _ = inbox
                .send(Input::Reply(seq, Some(Box::new(response))))
                .await;
        }
    }
    let _ = inbox.send(Input::Reply(seq, None)).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_status_means() {
        let check = |status, failure| assert_eq!(failure_of(status), failure, "{status}");
        check(486, DialFailure::Busy);
        check(600, DialFailure::Busy);
        check(480, DialFailure::NoAnswer);
        check(603, DialFailure::Rejected);
        check(407, DialFailure::Rejected);
        check(302, DialFailure::Unreachable);
        check(404, DialFailure::Unreachable);
        check(503, DialFailure::Unreachable);
    }
}
