//! From the voice menu to the room: carries out what the menu wants, and moves the call in.

use confab_core::event::EndReason;
use confab_core::ids::{LegId, PlayId, RoomNumber};
use confab_core::menu::{Menu, MenuEffect, MenuInput};
use confab_core::prompt::Clip;
use confab_core::refusal::Refusal;
use confab_core::room::{Input, Joining};
use confab_core::time::Time;

use super::leg::{Asker, Entry, Playing, Stage};
use super::{Found, Sleeper, Switchboard};
use crate::media::{Line, Sound, ToShard};

/// The longest spoken name.
const NAME_MS: u32 = 5_000;
/// A goodbye that has not ended after this long is cut short.
const GOODBYE_MS: u64 = 20_000;

impl Switchboard {
    pub(super) fn menu_input(&mut self, leg: LegId, input: MenuInput) {
        let now = self.now();
        let Some(entry) = self.legs.get_mut(&leg) else {
            return;
        };
        let Some(menu) = entry.menu_mut() else {
            return;
        };
        let mut effects = Vec::new();
        menu.handle(now, input, &mut effects);
        for effect in effects {
            self.menu_effect(leg, effect);
        }
        self.arm_leg(leg);
    }

    pub(super) fn arm_leg(&mut self, leg: LegId) {
        let at = self.legs.get(&leg).and_then(|entry| entry.next_deadline());
        self.arm(Sleeper::Leg(leg), at);
    }

    fn menu_effect(&mut self, leg: LegId, effect: MenuEffect) {
        match effect {
            MenuEffect::Play { play, clips } => self.play(leg, Asker::Menu, play, &clips),
            MenuEffect::StopPlay => self.stop_play(leg),
            MenuEffect::LookUpRoom(digits) => self.look_up_room(leg, digits),
            MenuEffect::CheckPin { number, pin } => self.check_pin(leg, number, pin),
            MenuEffect::CheckCode { number, code } => self.check_code(leg, number, code),
            MenuEffect::SetCode { number, code } => self.seal_code(leg, number, code),
            MenuEffect::CodeProved(number) => {
                self.back_to_room(leg);
                let _ = self.room_input(&number, Input::CodeRight(leg));
            }
            MenuEffect::RecordName => self.tell_line(leg, ToShard::TakeName(leg, NAME_MS)),
            MenuEffect::StopName => self.tell_line(leg, ToShard::StopName(leg)),
            MenuEffect::Enter {
                number,
                settings,
                role,
                billing_code,
                spoken_name,
                code_proved,
            } => {
                let settings = *settings;
                self.enter(
                    leg,
                    Entry {
                        number,
                        settings,
                        role,
                        billing_code,
                        spoken_name,
                        code_proved,
                    },
                );
            }
            MenuEffect::Hangup(reason) => {
                self.back_to_room(leg);
                if let Some(entry) = self.legs.get_mut(&leg)
                    && let Stage::Menu(_) = entry.stage
                {
                    entry.stage = Stage::Leaving;
                }
                self.hang_up_after_goodbye(leg, reason);
            }
        }
    }

    /// A room wants the security code keyed by somebody who is in it.
    pub(super) fn ask_code(&mut self, leg: LegId, number: RoomNumber) {
        if let Some(entry) = self.legs.get_mut(&leg) {
            let menu = Menu::for_code(leg, entry.language, number.clone());
            entry.stage = Stage::Proving(number, Box::new(menu));
        }
        self.menu_input(leg, MenuInput::Begin);
    }

    /// The menu in which somebody keyed the code is over, whatever came of it.
    pub(super) fn back_to_room(&mut self, leg: LegId) {
        if let Some(entry) = self.legs.get_mut(&leg)
            && let Stage::Proving(number, _) = &entry.stage
        {
            entry.stage = Stage::InRoom(number.clone());
        }
    }

    pub(super) fn found(&mut self, found: Found) {
        match found {
            Found::Dialled { leg, access } => self.dialled_found(leg, access),
            Found::Room {
                leg,
                ticket,
                digits,
                room,
            } => self.room_found(leg, ticket, &digits, room),
            Found::Pin {
                leg,
                ticket,
                outcome,
            } => self.pin_checked(leg, ticket, outcome),
            Found::Code {
                leg,
                ticket,
                outcome,
                proved,
            } => self.code_checked(leg, ticket, outcome, proved),
            Found::CodeSealed {
                leg,
                number,
                sealed,
            } => self.code_sealed(leg, number, sealed),
        }
    }

    /// Takes the call into the room, whose shard its line moves to when it is on another one. A
    /// room that is not there yet is made on the shard that has the line already.
    fn enter(&mut self, leg: LegId, entry: Entry) {
        let Some(call) = self.legs.get_mut(&leg) else {
            return;
        };
        let Some(here) = call.shard else { return };
        let there = self
            .rooms
            .get(&entry.number)
            .map_or(here, |live| live.shard);
        call.stage = Stage::Entering(Box::new(entry));
        if there == here {
            self.join(leg, here);
        } else if self.parts.media.is_busy(there) {
            // All of a room is on one shard, and who is in it must not hear that one more came.
            self.parts.vitals.add_refused_busy();
            call.stage = Stage::Leaving;
            let refusal = Refusal::HouseFull;
            let play = self.next_play();
            self.play(leg, Asker::Menu, play, &[Clip::Prompt(refusal.prompt())]);
            self.hang_up_after_goodbye(leg, EndReason::Refused(refusal));
        } else {
            call.shard = None;
            call.playing.clear();
            self.lines_on_shard[here] -= 1;
            self.shard(here, ToShard::Release(leg));
        }
    }

    /// A line has been given back by its shard and goes to the one of its room.
    pub(super) fn released(&mut self, line: Box<Line>) {
        let leg = line.leg();
        // hung up on the way: closing the line is all that is left
        let Some(call) = self.legs.get_mut(&leg).filter(|call| !call.hung_up) else {
            return drop(line);
        };
        let Stage::Entering(entry) = &call.stage else {
            return drop(line);
        };
        let number = entry.number.clone();
        let there = self
            .rooms
            .get(&number)
            .map(|live| live.shard)
            .unwrap_or_default();
        let waiting = std::mem::take(&mut call.waiting);
        call.shard = Some(there);
        self.lines_on_shard[there] += 1;
        self.shard(there, ToShard::Adopt(line));
        for what in waiting {
            self.shard(there, what);
        }
        self.join(leg, there);
    }

    fn join(&mut self, leg: LegId, shard: usize) {
        let Some(call) = self.legs.get_mut(&leg) else {
            return;
        };
        let Stage::Entering(entry) = std::mem::replace(&mut call.stage, Stage::Leaving) else {
            return;
        };
        call.stage = Stage::InRoom(entry.number.clone());
        // who dialled a number for French goes on in French; what is said to everybody is in the
        // room's language
        if !call.by_access_number {
            call.language = entry.settings.language;
        }
        let name = call.spoken_name.clone().filter(|_| entry.spoken_name);
        let layout = self.live_room(&entry, shard, leg, name);
        self.enter_sound(leg, &entry.number);
        let code = self.take_code(leg, &entry);
        self.count_entered(leg);
        let Some(call) = self.legs.get_mut(&leg) else {
            return;
        };
        // what the room was made with holds, even when its settings have changed since
        call.give_keypad(layout);
        let joining = Joining {
            leg,
            role: entry.role,
            name: call.caller.name.clone(),
            number: call.caller.number.clone(),
            spoken_name: entry.spoken_name,
            billing_code: entry.billing_code.clone(),
            answered: call.answered,
            code,
        };
        let silent = call.silent;
        // being refused is spoken; joining has no other errors
        let _ = self.room_input(&entry.number, Input::Join(joining));
        if silent {
            self.line_is_silent(leg, true);
        }
    }

    /// Nothing comes from a line any more, or something does again; its room may come later.
    pub(super) fn line_is_silent(&mut self, leg: LegId, silent: bool) {
        let Some(entry) = self.legs.get_mut(&leg) else {
            return;
        };
        entry.silent = silent;
        if let Some(number) = entry.room().cloned() {
            let _ = self.room_input(&number, Input::Silent { leg, silent });
        }
    }

    pub(super) fn play(&mut self, leg: LegId, asker: Asker, asked_as: PlayId, clips: &[Clip]) {
        let on_shard = self.next_play();
        let Some(entry) = self.legs.get_mut(&leg) else {
            return;
        };
        let own = entry.spoken_name.clone();
        let live = entry.room().and_then(|number| self.rooms.get(number));
        let names = live.map(|live| &live.names);
        let name_of = |whose: LegId| -> Option<Sound> {
            names
                .and_then(|names| names.get(&whose).cloned())
                .or(own.clone().filter(|_| whose == leg))
        };
        let prompts = &self.parts.prompts;
        let mut sounds: Vec<Sound> = Vec::new();
        for clip in clips {
            sounds.extend(prompts.render(entry.language, &entry.layout, clip, &name_of));
        }
        entry.playing.push_back(Playing {
            on_shard,
            asker,
            asked_as,
        });
        self.tell_line(leg, ToShard::PlayToLeg(leg, on_shard, sounds));
    }

    pub(super) fn stop_play(&mut self, leg: LegId) {
        if let Some(entry) = self.legs.get_mut(&leg) {
            entry.playing.clear();
        }
        self.tell_line(leg, ToShard::StopPlay(leg));
        // no `Played` follows that could end a call whose goodbye this was
        self.hang_up_if_said(leg);
    }

    pub(super) fn played(&mut self, leg: LegId, on_shard: PlayId) {
        let Some(entry) = self.legs.get_mut(&leg) else {
            return;
        };
        let Some(at) = entry
            .playing
            .iter()
            .position(|playing| playing.on_shard == on_shard)
        else {
            return;
        };
        let ended = entry
            .playing
            .remove(at)
            .expect("its position was just found");
        match (ended.asker, entry.room().cloned()) {
            (Asker::Menu, _) => self.menu_input(leg, MenuInput::Played(ended.asked_as)),
            (Asker::Room, Some(number)) => {
                let play = ended.asked_as;
                let _ = self.room_input(&number, Input::Played { leg, play });
            }
            (Asker::Room, None) => {}
        }
        self.hang_up_if_said(leg);
    }

    pub(super) fn hang_up_after_goodbye(&mut self, leg: LegId, reason: EndReason) {
        let latest = Time(self.now().0 + GOODBYE_MS);
        if let Some(entry) = self.legs.get_mut(&leg) {
            entry.ending = Some(entry.ending.unwrap_or(reason));
            entry.ends_at = Some(latest);
        }
        self.hang_up_if_said(leg);
        self.arm_leg(leg);
    }

    fn hang_up_if_said(&mut self, leg: LegId) {
        let Some(entry) = self.legs.get(&leg) else {
            return;
        };
        // a reason alone is not enough: it may be known before the goodbye has been asked for
        if let Some(reason) = entry.ending
            && entry.ends_at.is_some()
            && entry.playing.is_empty()
            && !entry.hung_up
        {
            self.hang_up(leg, reason);
        }
    }
}
