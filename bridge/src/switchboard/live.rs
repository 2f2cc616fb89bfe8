//! Rooms in use: carries out what a room wants, and tells its facts to ledger, portal and log.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use confab_core::command::CommandRefusal;
use confab_core::effect::{Audience, Effect};
use confab_core::event::{ConferenceEnd, EndReason, Fact, Role};
use confab_core::ids::{ConferenceId, LegId, RoomNumber};
use confab_core::room::{Input, RecorderReport, Room};
use confab_core::settings::{BadLines, Language};
use confab_dtmf::layout::Layout;
use confab_recorder::RecordingId;
use confab_store::{LedgerEntry, Sealed};
use uuid::Uuid;

use super::leg::{Asker, Entry};
use super::recording::Recording;
use super::{Sleeper, Switchboard};
use crate::clock::ms;
use crate::media::{RoomKey, Sound, ToShard};

/// A room with a conference in it.
pub(super) struct LiveRoom {
    pub room: Room,
    pub key: RoomKey,
    pub shard: usize,
    pub conference: ConferenceId,
    pub language: Language,
    pub layout: Arc<Layout>,
    /// callers are brought to the same loudness
    pub levelled: bool,
    /// it is looked for lines that spoil it
    pub watched: bool,
    pub recording: Option<Recording>,
    /// what is left of its security code
    pub code: Option<Sealed>,
    /// spoken names, of those who have left as well: their leaving is still to be told
    pub names: HashMap<LegId, Sound>,
}

impl Switchboard {
    /// The live room that `entry` leads to; it is made when nobody is in it.
    pub(super) fn live_room(
        &mut self,
        entry: &Entry,
        shard: usize,
        leg: LegId,
        name: Option<Sound>,
    ) -> Arc<Layout> {
        if !self.rooms.contains_key(&entry.number) {
            self.next_key += 1;
            let conference = ConferenceId(Uuid::now_v7().to_string());
            let (number, settings) = (entry.number.clone(), entry.settings.clone());
            let live = LiveRoom {
                room: Room::new(number, conference.clone(), settings, self.now()),
                key: RoomKey(self.next_key),
                shard,
                conference,
                language: entry.settings.language,
                layout: entry.settings.layout.clone(),
                levelled: entry.settings.auto_gain,
                watched: entry.settings.bad_lines != BadLines::Nothing,
                recording: None,
                code: None,
                names: HashMap::new(),
            };
            self.rooms.insert(entry.number.clone(), live);
        }
        let live = self
            .rooms
            .get_mut(&entry.number)
            .expect("it was made above when it was not there");
        live.names.extend(name.map(|name| (leg, name)));
        live.layout.clone()
    }

    /// Puts a line into the sound of its room, on whose shard it is.
    pub(super) fn enter_sound(&mut self, leg: LegId, number: &RoomNumber) {
        if let Some(live) = self.rooms.get(number) {
            let (shard, key, levelled) = (live.shard, live.key, live.levelled);
            let watched = live.watched;
            self.shard(shard, ToShard::Enter(leg, key));
            self.shard(shard, ToShard::SetLevelled(leg, levelled));
            self.shard(shard, ToShard::SetWatched(leg, watched));
        }
    }

    /// Gives a room its input, and what follows from it, until nothing more does.
    pub(super) fn room_input(
        &mut self,
        number: &RoomNumber,
        input: Input,
    ) -> Result<(), CommandRefusal> {
        let now = self.now();
        let mut answer = None;
        let mut inputs = VecDeque::from([input]);
        while let Some(input) = inputs.pop_front() {
            let Some(live) = self.rooms.get_mut(number) else {
                return answer.unwrap_or(Err(CommandRefusal::NoConference));
            };
            let mut effects = Vec::new();
            let result = live.room.handle(now, input, &mut effects);
            answer.get_or_insert(result);
            for effect in effects {
                self.room_effect(number, effect, &mut inputs);
            }
        }
        let at = self
            .rooms
            .get(number)
            .and_then(|live| live.room.next_deadline());
        self.arm(Sleeper::Room(number.clone()), at);
        self.show(number);
        answer.unwrap_or(Ok(()))
    }

    fn room_effect(&mut self, number: &RoomNumber, effect: Effect, inputs: &mut VecDeque<Input>) {
        match effect {
            Effect::SetVoice { leg, voice } => self.tell_line(leg, ToShard::SetVoice(leg, voice)),
            Effect::SetDenoised { leg, denoised } => {
                self.tell_line(leg, ToShard::SetDenoised(leg, denoised));
            }
            Effect::Play {
                to: Audience::Leg(leg),
                play,
                clips,
            } => {
                self.play(leg, Asker::Room, play, &clips);
            }
            Effect::Play {
                to: Audience::Room,
                clips,
                ..
            } => self.play_to_room(number, &clips),
            Effect::StopPlay { leg } => self.stop_play(leg),
            Effect::Hangup { leg, reason } => {
                // whoever keyed the code until now hears no more of that menu
                self.back_to_room(leg);
                self.hang_up_after_goodbye(leg, reason);
            }
            Effect::KeepName { leg, was } => {
                if let Some(live) = self.rooms.get_mut(number)
                    && let Some(name) = live.names.get(&was).cloned()
                {
                    live.names.insert(leg, name);
                }
            }
            Effect::AskCode { leg } if self.has_proved(leg, number) => {
                inputs.push_back(Input::CodeRight(leg));
            }
            Effect::AskCode { leg } => self.ask_code(leg, number.clone()),
            Effect::Dial {
                dial,
                number: callee,
                by,
            } => inputs.extend(self.dial(number, dial, &callee, by)),
            Effect::HangUpDial { dial } => self.hang_up_dial(number, dial),
            Effect::StartRecording => inputs.push_back(self.start_recording(number)),
            Effect::StopRecording => self.stop_recording(number),
            Effect::Emit(fact) => self.fact(number, fact),
            Effect::Close => self.close_room(number),
        }
    }

    fn play_to_room(&mut self, number: &RoomNumber, clips: &[confab_core::prompt::Clip]) {
        let Some(live) = self.rooms.get(number) else {
            return;
        };
        let name_of = |leg: LegId| live.names.get(&leg).cloned();
        let prompts = &self.parts.prompts;
        let sounds = clips
            .iter()
            .flat_map(|clip| prompts.render(live.language, &live.layout, clip, &name_of))
            .collect();
        self.shard(live.shard, ToShard::PlayToRoom(live.key, sounds));
    }

    fn close_room(&mut self, number: &RoomNumber) {
        if let Some(live) = self.rooms.remove(number) {
            self.shard(live.shard, ToShard::CloseRoom(live.key));
            self.show(number);
        }
    }

    /// A bug ended this room on its shard; its callers are let go.
    pub(super) fn room_broken(&mut self, key: RoomKey, legs: Vec<LegId>) {
        tracing::error!(room = key.0, legs = legs.len(), "a room has broken");
        let broken = self.rooms.values().find(|live| live.key == key);
        let recording = broken.and_then(|live| live.recording.as_ref());
        if let Some(id) = recording.map(|recording| RecordingId(recording.id.clone())) {
            self.end_recording(&id, RecorderReport::Failed);
        }
        for leg in legs {
            self.hang_up(leg, EndReason::SignallingFailed);
        }
    }

    fn fact(&mut self, number: &RoomNumber, fact: Fact) {
        let Some(live) = self.rooms.get(number) else {
            return;
        };
        tracing::debug!(room = %number, conference = %live.conference, ?fact, "fact");
        let at_ms = ms(self.now());
        let conference = live.conference.0.clone();
        let call = |leg: &LegId| self.legs.get(leg).map(|entry| entry.call.clone());
        let entry = match &fact {
            Fact::ConferenceStarted => {
                let billing_code = live.room.billing_code().map(str::to_owned);
                let room = number.to_string();
                Some(LedgerEntry::ConferenceStarted {
                    conference,
                    room,
                    at_ms,
                    billing_code,
                })
            }
            Fact::LegJoined { leg, role } => call(leg).map(|call| {
                let host = *role == Role::Host;
                LedgerEntry::CallJoined {
                    call,
                    conference,
                    at_ms,
                    host,
                }
            }),
            Fact::Renamed { leg, name } => call(leg).map(|call| LedgerEntry::CallNamed {
                call,
                name: name.clone(),
            }),
            Fact::BillingCode(code) => Some(LedgerEntry::ConferenceBilled {
                conference,
                billing_code: code.clone(),
            }),
            Fact::RecordingNotice { leg } => live.recording.as_ref().and_then(|recording| {
                let recording = recording.id.clone();
                call(leg).map(|call| LedgerEntry::RecordingNotice {
                    recording,
                    call,
                    at_ms,
                })
            }),
            Fact::ConferenceEnded => {
                let end = if self.draining {
                    ConferenceEnd::Shutdown
                } else {
                    live.room.why_ended()
                };
                let reason = end.word().to_owned();
                Some(LedgerEntry::ConferenceEnded {
                    conference,
                    at_ms,
                    reason,
                })
            }
            _ => None,
        };
        self.to_ledger.extend(entry);
    }

    /// The portal will be told how the room looks. A look is as long as the room has callers, so
    /// it is made only when it is told.
    fn show(&mut self, number: &RoomNumber) {
        if !self.to_show.contains(number) {
            self.to_show.insert(number.clone());
        }
    }

    /// Tells the portal how the rooms look to which something has happened.
    pub(super) fn publish(&mut self) {
        let mut changed = false;
        for number in std::mem::take(&mut self.to_show) {
            let Some(live) = self.rooms.get(&number) else {
                changed |= self.house.remove(&number).is_some();
                continue;
            };
            let look = live.room.snapshot();
            if self.house.get(&number).is_none_or(|told| **told != look) {
                self.house.insert(number, Arc::new(look));
                changed = true;
            }
        }
        if changed {
            self.parts.house.send_replace(Arc::new(self.house.clone()));
        }
    }
}
