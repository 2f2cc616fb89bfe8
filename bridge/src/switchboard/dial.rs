//! Calls that a room places: a line, a leg and a call by the trunk, and what becomes of them.
//!
//! Whether somebody may be called, and for how long it may ring, is the room's to say.

use std::net::{IpAddr, Ipv4Addr};

use confab_core::access::CallType;
use confab_core::event::{DialFailure, EndReason};
use confab_core::ids::{DialId, DialNumber, LegId, RoomNumber};
use confab_core::room::{DialNews, Input};
use confab_sip::{Caller, SipCommand};
use confab_store::LedgerEntry;
use uuid::Uuid;

use super::Switchboard;
use super::leg::{Leg, Stage};
use crate::clock::ms;
use crate::media::{RoomKey, ToShard};

/// Nobody has called from anywhere.
const NOWHERE: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);

impl Switchboard {
    /// Calls a number for a room; gives the room's news when that fails at once.
    pub(super) fn dial(
        &mut self,
        room: &RoomNumber,
        dial: DialId,
        number: &DialNumber,
        by: Option<LegId>,
    ) -> Option<Input> {
        let news = DialNews::Failed(DialFailure::Unreachable);
        let failed = Input::Dialled { dial, news };
        let Some((shard, key)) = self.rooms.get(room).map(|live| (live.shard, live.key)) else {
            return Some(failed);
        };
        let leg = self.parts.sip_legs.next();
        let Some(line) = self.parts.media.open_line(leg) else {
            tracing::warn!(%room, "no port is free for a call out");
            return Some(failed);
        };
        // what the callee is to see: the number that whoever asked for the call has dialled
        let asked = by.and_then(|by| self.legs.get(&by));
        let caller = Caller {
            number: asked.map_or(String::new(), |asked| asked.dialled.clone()),
            name: String::new(),
        };
        let callee = Caller {
            number: number.as_str().to_owned(),
            name: String::new(),
        };
        let call = Uuid::now_v7().to_string();
        let at_ms = ms(self.now());
        self.to_ledger.push_back(LedgerEntry::CallStarted {
            call: call.clone(),
            at_ms,
            caller_number: callee.number.clone(),
            caller_name: String::new(),
            dialled: callee.number.clone(),
        });
        self.to_ledger.push_back(LedgerEntry::CallTyped {
            call: call.clone(),
            call_type: CallType::DialOut.word().to_owned(),
            country: String::new(),
        });
        let (dialled, rtp) = (callee.number.clone(), line.local_rtp());
        let stage = Stage::Called(room.clone(), key, dial);
        let mut entry = Leg::new(call, callee, dialled.clone(), NOWHERE, stage);
        entry.shard = Some(shard);
        entry.local_rtp = Some(rtp);
        self.legs.insert(leg, entry);
        self.lines_on_shard[shard] += 1;
        self.shard(shard, ToShard::Adopt(line));
        tracing::info!(%leg, %room, "calling out");
        self.to_sip.push_back(SipCommand::Dial {
            leg,
            number: dialled,
            caller,
            rtp,
        });
        None
    }

    pub(super) fn dial_rings(&mut self, leg: LegId) {
        if let Some(Stage::Called(room, key, dial)) = self.legs.get(&leg).map(|entry| &entry.stage)
        {
            let (room, key, dial) = (room.clone(), *key, *dial);
            self.dial_news(&room, key, dial, DialNews::Ringing);
        }
    }

    /// Somebody we have called has answered, and is at the room's door from now on.
    pub(super) fn dial_answered(&mut self, leg: LegId) {
        let Some(entry) = self.legs.get_mut(&leg) else {
            return;
        };
        let Stage::Called(room, key, dial) = &entry.stage else {
            return;
        };
        let (room, key, dial) = (room.clone(), *key, *dial);
        let live = self.rooms.get(&room).filter(|live| live.key == key);
        let Some(live) = live.filter(|_| entry.shard.is_some()) else {
            // the conference ended a moment before
            return self.hang_up(leg, EndReason::NotLetIn);
        };
        entry.language = live.language;
        entry.give_keypad(live.layout.clone());
        entry.stage = Stage::InRoom(room.clone());
        self.enter_sound(leg, &room);
        self.dial_news(&room, key, dial, DialNews::Answered(leg));
    }

    /// Dials are numbered anew in each conference, so another one in that room is told nothing.
    fn dial_news(&mut self, room: &RoomNumber, key: RoomKey, dial: DialId, news: DialNews) {
        if self.rooms.get(room).is_some_and(|live| live.key == key) {
            let _ = self.room_input(room, Input::Dialled { dial, news });
        }
    }

    pub(super) fn dial_ended(
        &mut self,
        room: &RoomNumber,
        key: RoomKey,
        dial: DialId,
        reason: EndReason,
    ) {
        let failure = match reason {
            EndReason::NotReached(failure) => failure,
            _ => DialFailure::Unreachable,
        };
        self.dial_news(room, key, dial, DialNews::Failed(failure));
    }

    pub(super) fn hang_up_dial(&mut self, room: &RoomNumber, dial: DialId) {
        let Some(now) = self.rooms.get(room).map(|live| live.key) else {
            return;
        };
        let is_it = |entry: &Leg| match &entry.stage {
            Stage::Called(_, key, it) => *key == now && *it == dial,
            _ => false,
        };
        let found = self.legs.iter().find(|(_, entry)| is_it(entry));
        if let Some(leg) = found.map(|(leg, _)| *leg) {
            self.hang_up(leg, EndReason::NotLetIn);
        }
    }
}
