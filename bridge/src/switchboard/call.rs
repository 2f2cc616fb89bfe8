//! Calls: how they come, how they are answered or refused, how they end.

use std::net::IpAddr;
use std::time::Duration;

use confab_core::access::CallType;
use confab_core::audio::stream::Stream;
use confab_core::event::EndReason;
use confab_core::ids::LegId;
use confab_core::menu::{Menu, MenuInput};
use confab_core::refusal::Refusal;
use confab_core::room::Input;
use confab_dtmf::merge::Source;
use confab_sip::{Caller, SipCommand, SipEvent};
use confab_store::{AccessNumber, LedgerEntry};
use tokio::time::timeout;
use uuid::Uuid;

use super::leg::{Leg, Stage};
use super::{Found, REMEMBERED, Sleeper, Switchboard};
use crate::clock::ms;
use crate::media::ToShard;

/// A look-up that takes longer counts as a database that is away.
pub(super) const LOOK_UP_TIMEOUT: Duration = Duration::from_millis(1_500);

impl Switchboard {
    pub(super) fn sip_event(&mut self, event: SipEvent) {
        match event {
            SipEvent::Invite {
                leg,
                caller,
                dialled,
                source,
            } => {
                tracing::info!(%leg, %source, dialled, "call");
                self.invite(leg, caller, dialled, source.ip());
            }
            SipEvent::Ringing { leg } => self.dial_rings(leg),
            SipEvent::Established { leg, stream } => self.established(leg, stream),
            SipEvent::MediaChanged { leg, stream } => {
                self.tell_line(leg, ToShard::SetStream(leg, stream));
            }
            SipEvent::Key { leg, key, held_ms } => self.key(leg, key, Source::Info, held_ms),
            SipEvent::Ended { leg, reason } => self.ended(leg, reason),
        }
    }

    fn invite(&mut self, leg: LegId, caller: Caller, dialled: String, source: IpAddr) {
        let call = Uuid::now_v7().to_string();
        self.to_ledger.push_back(LedgerEntry::CallStarted {
            call: call.clone(),
            at_ms: ms(self.now()),
            caller_number: caller.number.clone(),
            caller_name: caller.name.clone(),
            dialled: dialled.clone(),
        });
        let shard = self.least_busy();
        let busy = self.parts.media.is_busy(shard);
        if busy {
            self.parts.vitals.add_refused_busy();
        }
        let line = if self.draining || busy {
            None
        } else {
            self.parts.media.open_line(leg)
        };
        let mut entry = Leg::new(call, caller, dialled.clone(), source, Stage::Arriving);
        let Some(line) = line else {
            entry.ending = Some(EndReason::Refused(Refusal::HouseFull));
            entry.hung_up = true;
            self.legs.insert(leg, entry);
            self.to_sip.push_back(SipCommand::Refuse {
                leg,
                refusal: Refusal::HouseFull,
            });
            return;
        };
        self.lines_on_shard[shard] += 1;
        entry.shard = Some(shard);
        entry.local_rtp = Some(line.local_rtp());
        self.legs.insert(leg, entry);
        self.shard(shard, ToShard::Adopt(line));
        self.to_sip.push_back(SipCommand::Ring(leg));
        let store = self.parts.store.clone();
        self.look_up(async move {
            let access = match timeout(LOOK_UP_TIMEOUT, store.access_number(&dialled)).await {
                Ok(Ok(access)) => Ok(access),
                away => {
                    tracing::warn!(?away, "access numbers cannot be looked up");
                    Err(())
                }
            };
            Found::Dialled { leg, access }
        });
    }

    /// The shard that a new line goes to: one that can take it, with the fewest lines.
    fn least_busy(&self) -> usize {
        (0..self.lines_on_shard.len())
            .min_by_key(|&shard| (self.parts.media.is_busy(shard), self.lines_on_shard[shard]))
            .expect("there is at least one shard")
    }

    /// Runs a look-up in a task of its own; its answer comes back through the queue.
    pub(super) fn look_up(&self, ask: impl Future<Output = Found> + Send + 'static) {
        let found = self.found.clone();
        tokio::spawn(async move {
            // the receiver is gone only when the program ends
            let _ = found.send(ask.await).await;
        });
    }

    /// While the database is away, numbers that were looked up before are still known.
    pub(super) fn dialled_found(&mut self, leg: LegId, access: Result<Option<AccessNumber>, ()>) {
        let dialled = self
            .legs
            .get(&leg)
            .map(|entry| entry.dialled.clone())
            .unwrap_or_default();
        let access = match access {
            Ok(access) => {
                if self.remembered_numbers.len() >= REMEMBERED {
                    self.remembered_numbers.clear();
                }
                self.remembered_numbers.insert(dialled, access.clone());
                access
            }
            Err(()) => self.remembered_numbers.get(&dialled).cloned().flatten(),
        };
        let Some(entry) = self.legs.get_mut(&leg) else {
            return;
        };
        if !matches!(entry.stage, Stage::Arriving) || entry.hung_up {
            return;
        }
        let straight_to = match &access {
            Some(access) => access.room.as_ref().map(|room| room.as_str().to_owned()),
            None => looks_like_a_room(&entry.dialled).then(|| entry.dialled.clone()),
        };
        entry.by_access_number = access.is_some();
        entry.led_by_number = access.as_ref().is_some_and(|it| it.room.is_some());
        entry.language = access.as_ref().map(|it| it.language).unwrap_or_default();
        let country = access.as_ref().and_then(|it| it.country);
        self.to_ledger.push_back(LedgerEntry::CallTyped {
            call: entry.call.clone(),
            call_type: access
                .map_or(CallType::Voip, |it| it.call_type)
                .word()
                .to_owned(),
            country: country.map_or(String::new(), |it| it.to_string()),
        });
        entry.stage = Stage::Menu(Box::new(Menu::new(leg, entry.language, straight_to)));
        let rtp = entry
            .local_rtp
            .expect("a line was opened before the look-up");
        self.to_sip.push_back(SipCommand::Answer { leg, rtp });
    }

    fn established(&mut self, leg: LegId, stream: Stream) {
        let now = self.now();
        if let Some(entry) = self.legs.get_mut(&leg) {
            entry.answered = now;
        }
        self.tell_line(leg, ToShard::SetStream(leg, stream));
        self.menu_input(leg, MenuInput::Begin);
        self.dial_answered(leg);
    }

    fn ended(&mut self, leg: LegId, reason: EndReason) {
        let Some(entry) = self.legs.remove(&leg) else {
            return;
        };
        self.arm(Sleeper::Leg(leg), None);
        // a reason of our own came first: the SIP side may only know that it was told to hang up
        let reason = entry.ending.unwrap_or(reason);
        tracing::info!(%leg, reason = reason.word(), "call ended");
        if let Some(shard) = entry.shard {
            self.lines_on_shard[shard] -= 1;
            self.shard(shard, ToShard::Close(leg));
        }
        // a room has no objection to somebody's leaving
        if let Some(number) = entry.room() {
            let _ = self.room_input(&number.clone(), Input::Leave { leg, reason });
        } else if let Stage::Called(number, key, dial) = &entry.stage {
            self.dial_ended(number, *key, *dial, reason);
        }
        self.to_ledger.push_back(LedgerEntry::CallEnded {
            call: entry.call,
            at_ms: ms(self.now()),
            reason: reason.word().to_owned(),
        });
    }
}

/// A dialled number that names a room itself; anything else reaches the voice menu.
fn looks_like_a_room(dialled: &str) -> bool {
    confab_core::ids::RoomNumber::parse(dialled).is_some()
}
