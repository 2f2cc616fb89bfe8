//! The security code of a conference: whether there is one, and who has keyed it.
//!
//! The code itself is asked for and compared elsewhere. Guests who came before the host had set one
//! wait; once the conference begins each of them is asked, out of everybody's hearing, and comes in
//! when it was right.

use std::time::Duration;

use crate::effect::Effect;
use crate::event::{EndReason, Fact};
use crate::ids::LegId;
use crate::prompt::Prompt;
use crate::refusal::Refusal;

use super::Room;
use super::people::Person;

impl Room {
    /// Whether this conference has a security code, so that guests are to be asked for it. A host
    /// who comes while there is none yet is to be asked to set one.
    pub fn has_code(&self) -> bool {
        self.code_set
    }

    /// Guests wait for the host whatever the settings say, when only the host can set the code.
    pub(super) fn guests_may_begin(&self) -> bool {
        self.settings.guests_may_start && !self.settings.security_code
    }

    /// A host has set a code. Should the conference have begun without one, whoever is in it stays.
    pub(super) fn set_code(&mut self) {
        self.code_set = true;
        if self.begun {
            self.people
                .iter_mut()
                .for_each(|person| person.proved = true);
        }
    }

    pub(super) fn must_prove(&self, person: &Person) -> bool {
        self.code_set && !person.is_host() && !person.proved
    }

    /// Asks everybody who came without having keyed the code. All are held back before the first
    /// is asked, so that none of them is in the sound meanwhile.
    pub(super) fn ask_codes(&mut self) {
        let unproved = self
            .people
            .legs_where(|person| person.is_inside() && self.must_prove(person));
        let deadline = self.now + PROVING;
        for &leg in &unproved {
            if let Some(person) = self.people.get_mut(leg) {
                person.proving = Some(deadline);
            }
            self.be_quiet(leg);
            self.set_hand_aside(leg);
        }
        self.settle();
        for leg in unproved {
            self.emit(Fact::CodeAsked { leg });
            self.effects.push(Effect::AskCode { leg });
        }
    }

    /// The code was right: the leg comes in.
    pub(super) fn code_right(&mut self, leg: LegId) {
        let Some(person) = self.people.get_mut(leg) else {
            return;
        };
        if person.proving.take().is_none() {
            return;
        }
        person.proved = true;
        let since = person.since;
        self.emit(Fact::CodeProved { leg });
        self.come_back(leg, since);
        self.raise_from_aside(leg);
        self.come_in(leg, &[Prompt::YouAreIn]);
    }

    /// Whoever asks has an end of its own; this is for the case that it never comes.
    pub(super) fn proving_times_out(&mut self) {
        let now = self.now;
        let late = |person: &Person| person.proving.is_some_and(|deadline| deadline <= now);
        for leg in self.people.legs_where(late) {
            let Some(person) = self.people.remove(leg) else {
                continue;
            };
            let reason = EndReason::Refused(Refusal::WrongEntry);
            self.send_out(&person, &[Prompt::WrongEntry, Prompt::Goodbye], reason);
            self.without(&person);
        }
    }
}

/// Longer than three tries take.
const PROVING: Duration = Duration::from_secs(180);
