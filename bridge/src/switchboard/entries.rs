//! What callers key that may be wrong: room numbers, PINs, security codes. Each is asked of the
//! guard, looked up or checked in a task of its own, and told to the menu.
//!
//! While the database is away, rooms that were looked up before are still known, and so are their
//! PINs, as what is left of them when they are sealed. No digits are in a log, an event or a
//! metric.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use confab_core::event::Role;
use confab_core::guard::{Alarm, Attempt, Outcome, Ticket};
use confab_core::ids::{LegId, RoomNumber};
use confab_core::keyed::Keyed;
use confab_core::menu::{CodeState, MenuInput, Standing};
use confab_core::room::Input;
use confab_core::time::Time;
use confab_sip::Caller;
use confab_store::{RoomRow, Sealed};
use metrics::counter;
use tokio::time::timeout;

use super::call::LOOK_UP_TIMEOUT;
use super::leg::Entry;
use super::{Found, REMEMBERED, Switchboard};

/// A code that a host has set waits so long for a host to enter, which is as long as a menu takes.
const CODE_WAITS: Duration = Duration::from_secs(6 * 60);
/// Wrong PINs and codes in an hour that a host is told of: more than people mistype.
const GUESSES_TOLD: u32 = 5;
/// A room is shown as guessed at for so long.
const GUESSES_SHOWN: Duration = Duration::from_secs(60 * 60);

/// The security code of a conference that has not begun: a host has set it and is on the way.
pub(super) struct CodeOnItsWay {
    code: Sealed,
    until: Time,
}

impl Switchboard {
    /// Asks the guard; none for a leg that is gone.
    fn ticket(&mut self, leg: LegId, attempt: Attempt) -> Option<Ticket> {
        let now = self.now();
        let line = self.legs.get(&leg)?.line();
        Some(self.guard.ask(now, &line, attempt))
    }

    /// Tells the guard what came of an attempt; true when it was right and counts.
    fn settle(&mut self, ticket: Ticket, outcome: Outcome) -> bool {
        let right = ticket.is_honoured() && outcome == Outcome::Right;
        if !right && outcome != Outcome::Unknown {
            let kind = ticket.attempt().word();
            counter!("confab_wrong_entries_total", "kind" => kind).increment(1);
        }
        if !ticket.is_honoured() {
            counter!("confab_entries_over_budget_total").increment(1);
        }
        for alarm in self.guard.settle(self.now(), ticket, outcome) {
            self.alarm(alarm);
        }
        right
    }

    fn alarm(&mut self, alarm: Alarm) {
        let what = match alarm {
            Alarm::Room { room, wrong } => {
                tracing::warn!(%room, wrong, "wrong PINs or codes within the last hour");
                self.show_guesses(room.clone(), wrong);
                // who is in no conference is told at the next door, by the menu
                let _ = self.room_input(&room, Input::Guessing);
                "room"
            }
            Alarm::Source { source } => {
                tracing::warn!(%source, "so many wrong entries that its budget has run out");
                "source"
            }
            Alarm::House => {
                tracing::warn!("so many wrong entries that the budget of the house has run out");
                "house"
            }
        };
        counter!("confab_guess_alarms_total", "what" => what).increment(1);
    }

    /// For the portal; rooms that are not there are nobody's.
    fn show_guesses(&mut self, room: RoomNumber, wrong: u32) {
        if !self.remembered.contains_key(room.as_str()) {
            return;
        }
        let now = self.now();
        self.parts.guesses.send_modify(|guesses| {
            let mut newer: HashMap<_, _> = guesses.as_ref().clone();
            newer.retain(|_, (_, at)| now - *at < GUESSES_SHOWN);
            newer.insert(room, (wrong, now));
            *guesses = Arc::new(newer);
        });
    }

    /// A room that an access number leads to was not keyed by the caller, and is no attempt.
    pub(super) fn look_up_room(&mut self, leg: LegId, digits: String) {
        let keyed = self.legs.get(&leg).is_some_and(|call| !call.led_by_number);
        let ticket = keyed.then(|| self.ticket(leg, Attempt::Room)).flatten();
        let store = self.parts.store.clone();
        self.look_up(async move {
            let room = match timeout(LOOK_UP_TIMEOUT, store.room(&digits)).await {
                Ok(Ok(room)) => Ok(room.map(Box::new)),
                away => {
                    tracing::warn!(?away, "rooms cannot be looked up");
                    Err(())
                }
            };
            Found::Room {
                leg,
                ticket,
                digits,
                room,
            }
        });
    }

    pub(super) fn room_found(
        &mut self,
        leg: LegId,
        ticket: Option<Ticket>,
        digits: &str,
        room: Result<Option<Box<RoomRow>>, ()>,
    ) {
        let away = room.is_err();
        let row = self.remember_room(digits, room);
        let outcome = match &row {
            Some(_) => Outcome::Right,
            None if away => Outcome::Unknown,
            None => Outcome::Wrong,
        };
        let counts = ticket.is_none_or(|ticket| self.settle(ticket, outcome));
        let input = match row.filter(|_| counts) {
            Some(row) => self.found_input(leg, row),
            None => MenuInput::RoomUnknown,
        };
        self.menu_input(leg, input);
    }

    fn remember_room(
        &mut self,
        digits: &str,
        room: Result<Option<Box<RoomRow>>, ()>,
    ) -> Option<RoomRow> {
        match room {
            Ok(Some(row)) => {
                if self.remembered.len() >= REMEMBERED {
                    self.remembered.clear();
                }
                self.remembered.insert(digits.to_owned(), (*row).clone());
                Some(*row)
            }
            Ok(None) => {
                self.remembered.remove(digits);
                None
            }
            Err(()) => self.remembered.get(digits).cloned(),
        }
    }

    fn found_input(&mut self, leg: LegId, mut row: RoomRow) -> MenuInput {
        let caller = self.legs.get(&leg).map(|call| call.caller.clone());
        let standing = self.standing(&row, &caller.unwrap_or_default());
        // the host of a conference that has its code already is not asked for another
        if let Some(live) = self.rooms.get(&row.number) {
            row.settings.billing_capture = live.room.wants_billing_code();
        }
        let code_then = self.code_of(&row.number).cloned();
        if let Some(call) = self.legs.get_mut(&leg) {
            call.secrets = Some(row.secrets);
            call.code_then = code_then;
            // who called the room itself is spoken to in its language from here on
            if !call.by_access_number {
                call.language = row.settings.language;
            }
        }
        MenuInput::RoomFound {
            number: row.number,
            settings: Box::new(row.settings),
            standing,
        }
    }

    /// As it is for this caller.
    fn standing(&self, row: &RoomRow, caller: &Caller) -> Standing {
        let (now, number) = (self.now(), &row.number);
        let code = if self.code_of(number).is_some() {
            CodeState::Set
        } else if row.settings.security_code {
            let preset = row.secrets.preset_code.is_some();
            CodeState::NotSet { preset }
        } else {
            CodeState::Open
        };
        let live = self.rooms.get(number);
        Standing {
            code,
            locked: live.is_some_and(|live| live.room.is_locked()),
            name_kept: live.is_some_and(|live| {
                let room = &live.room;
                room.remembers_name(now, &caller.number, &caller.name)
            }),
            guessed_at: self.guard.wrong_of(number, now) >= GUESSES_TOLD,
        }
    }

    /// The code of the conference in a room, or of the one that is about to begin.
    fn code_of(&self, number: &RoomNumber) -> Option<&Sealed> {
        let live = self.rooms.get(number).and_then(|live| live.code.as_ref());
        let now = self.now();
        let coming = self.codes_coming.get(number).filter(|it| it.until > now);
        live.or(coming.map(|it| &it.code))
    }

    pub(super) fn check_pin(&mut self, leg: LegId, number: RoomNumber, pin: Keyed) {
        let Some(ticket) = self.ticket(leg, Attempt::Pin(number.clone())) else {
            return;
        };
        let secrets = self.legs.get(&leg).and_then(|call| call.secrets.clone());
        let store = self.parts.store.clone();
        self.look_up(async move {
            let asked = timeout(LOOK_UP_TIMEOUT, store.check_pin(&number, pin.as_str())).await;
            let outcome = match (asked, secrets) {
                (Ok(Ok(right)), _) => outcome(right),
                // as it was when the room was looked up, or remembered, for this very call
                (_, Some(secrets)) => outcome(store.fits(Some(&secrets.pin), pin.as_str())),
                (away, None) => {
                    tracing::warn!(?away, "PINs cannot be checked");
                    Outcome::Unknown
                }
            };
            Found::Pin {
                leg,
                ticket,
                outcome,
            }
        });
    }

    /// Against the conference's code or, when there is none yet, the room's preset.
    pub(super) fn check_code(&mut self, leg: LegId, number: RoomNumber, code: Keyed) {
        let Some(ticket) = self.ticket(leg, Attempt::Code(number.clone())) else {
            return;
        };
        let secrets = self.legs.get(&leg).and_then(|call| call.secrets.as_ref());
        let preset = secrets.and_then(|secrets| secrets.preset_code.as_ref());
        let sealed = self.code_of(&number).or(preset).cloned();
        let store = self.parts.store.clone();
        self.look_up(async move {
            let right = store.fits(sealed.as_ref(), code.as_str());
            Found::Code {
                leg,
                ticket,
                outcome: outcome(right),
                proved: sealed.filter(|_| right),
            }
        });
    }

    pub(super) fn pin_checked(&mut self, leg: LegId, ticket: Ticket, outcome: Outcome) {
        let right = self.settle(ticket, outcome);
        self.menu_input(leg, MenuInput::PinChecked(right));
    }

    pub(super) fn code_checked(
        &mut self,
        leg: LegId,
        ticket: Ticket,
        outcome: Outcome,
        proved: Option<Sealed>,
    ) {
        let right = self.settle(ticket, outcome);
        if let Some(call) = self.legs.get_mut(&leg).filter(|_| right) {
            call.proved = proved;
        }
        self.menu_input(leg, MenuInput::CodeChecked(right));
    }

    /// Seals what a host has chosen; none: takes the room's preset.
    pub(super) fn seal_code(&mut self, leg: LegId, number: RoomNumber, code: Option<Keyed>) {
        let secrets = self.legs.get(&leg).and_then(|call| call.secrets.as_ref());
        let preset = secrets.and_then(|secrets| secrets.preset_code.clone());
        let store = self.parts.store.clone();
        self.look_up(async move {
            let sealed = code.map_or(preset, |code| Some(store.seal(code.as_str())));
            Found::CodeSealed {
                leg,
                number,
                sealed,
            }
        });
    }

    /// The first host who sets the code of a conference has set it.
    pub(super) fn code_sealed(&mut self, leg: LegId, number: RoomNumber, sealed: Option<Sealed>) {
        let free = self.code_of(&number).is_none();
        if let Some(code) = sealed.filter(|_| free) {
            let now = self.now();
            self.codes_coming.retain(|_, coming| coming.until > now);
            let until = now + CODE_WAITS;
            self.codes_coming
                .insert(number.clone(), CodeOnItsWay { code, until });
        }
        let code_then = self.code_of(&number).cloned();
        if let Some(call) = self.legs.get_mut(&leg) {
            call.code_then = code_then;
        }
        self.menu_input(leg, MenuInput::CodeSet(free));
    }

    /// The conference takes over the code that was set for it, with whichever host comes first.
    /// True when this leg need not be asked for it any more.
    pub(super) fn take_code(&mut self, leg: LegId, entry: &Entry) -> bool {
        let now = self.now();
        let number = &entry.number;
        if entry.role == Role::Host
            && let Some(live) = self.rooms.get_mut(number)
        {
            let coming = self.codes_coming.remove(number);
            let coming = coming.filter(|it| it.until > now).map(|it| it.code);
            // a host who was told that there is a code was asked for none: should it have run out
            // on the way, it holds all the same, and no conference begins without
            let then = self.legs.get(&leg).and_then(|call| call.code_then.clone());
            let then = then.filter(|_| entry.settings.security_code);
            if live.code.is_none() {
                live.code = coming.or(then);
            }
        }
        let code = self.rooms.get(number).and_then(|live| live.code.as_ref());
        let proved = self.legs.get(&leg).and_then(|call| call.proved.as_ref());
        let proved = proved.filter(|_| entry.code_proved);
        match entry.role {
            Role::Host => code.is_some(),
            // a preset that was keyed before the conference has a code may not become it
            Role::Guest => code.is_some() && code == proved,
        }
    }

    /// This leg has keyed the code of the conference, perhaps when it was only the room's preset.
    pub(super) fn has_proved(&self, leg: LegId, number: &RoomNumber) -> bool {
        let code = self.rooms.get(number).and_then(|live| live.code.as_ref());
        let proved = self.legs.get(&leg).and_then(|call| call.proved.as_ref());
        code.is_some() && code == proved
    }

    /// A call has got in: whoever shares its line or its trunk is trusted a little more.
    pub(super) fn count_entered(&mut self, leg: LegId) {
        let now = self.now();
        if let Some(call) = self.legs.get(&leg) {
            self.guard.entered(now, &call.line());
        }
    }
}

fn outcome(right: bool) -> Outcome {
    if right {
        Outcome::Right
    } else {
        Outcome::Wrong
    }
}
