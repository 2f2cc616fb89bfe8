//! Coming back: who was cut off and calls again from the same number within two minutes has the
//! name, the mute state and the place in the queue of hands from before.
//!
//! It opens no door: the lock and the security code hold for whoever comes back as for everybody,
//! since a number can be faked.

use std::time::Duration;

use crate::effect::Effect;
use crate::event::{EndReason, Fact, Role};
use crate::ids::LegId;
use crate::time::Time;

use super::hands::Raised;
use super::people::Person;
use super::{Joining, Room};

/// A caller who has left and may come back.
#[derive(Debug)]
pub(super) struct Absent {
    leg: LegId,
    role: Role,
    name: String,
    called_as: String,
    number: String,
    spoken_name: bool,
    muted: bool,
    muted_by_host: bool,
    pub lifted: bool,
    pub hand: Option<Raised>,
    until: Time,
}

impl Absent {
    /// Several people may call from one number, such as that of a company; the name that the
    /// network gives with it tells them apart.
    fn is(&self, number: &str, called_as: &str, now: Time) -> bool {
        self.number == number && self.called_as == called_as && now < self.until
    }
}

impl Room {
    /// Whether a caller of this number, and of this name by the network, who would come now need
    /// not be asked for a name, because it was recorded when they were here before.
    pub fn remembers_name(&self, now: Time, number: &str, called_as: &str) -> bool {
        let newest = self.absent.iter().rev();
        let mut theirs = newest.filter(|absent| absent.is(number, called_as, now));
        theirs.next().is_some_and(|absent| absent.spoken_name)
    }

    /// Remembers somebody who has left, unless they were sent away.
    pub(super) fn remember(&mut self, person: &Person, hand: Option<Raised>, reason: EndReason) {
        let cut_off = match reason {
            EndReason::CallerHungUp | EndReason::LineDead | EndReason::SignallingFailed => true,
            EndReason::Dropped
            | EndReason::ConferenceEnded
            | EndReason::Refused(_)
            | EndReason::NotLetIn
            | EndReason::NotReached(_)
            | EndReason::MenuTimeout
            | EndReason::Shutdown => false,
        };
        if !cut_off || person.proving.is_some() || is_withheld(&person.number) {
            return;
        }
        let now = self.now;
        self.absent.retain(|absent| now < absent.until);
        if self.absent.len() >= ABSENT_MAX {
            self.absent.remove(0);
        }
        self.absent.push(Absent {
            leg: person.leg,
            role: person.role,
            name: person.name.clone(),
            called_as: person.called_as.clone(),
            number: person.number.clone(),
            spoken_name: person.spoken_name,
            muted: person.muted,
            muted_by_host: person.muted_by_host,
            lifted: person.lifted,
            hand,
            until: self.now + RETURN,
        });
    }

    /// Who has come back as `joining`, if anybody; the newest of several.
    pub(super) fn back_from(&mut self, joining: &Joining) -> Option<Absent> {
        let now = self.now;
        let is = |absent: &Absent| absent.is(&joining.number, &joining.name, now);
        let index = self.absent.iter().rposition(is)?;
        Some(self.absent.remove(index))
    }

    /// Gives a person who has just come in what they had before. Mute and hand are those of a role,
    /// and a host who returns without the PIN, or a guest with it, begins anew.
    pub(super) fn restore(&mut self, leg: LegId, back: Absent) {
        let was = back.leg;
        self.emit(Fact::LegReturned { leg, was });
        self.dialler_is_now(was, leg);
        let Some(person) = self.people.get_mut(leg) else {
            return;
        };
        let same_role = person.role == back.role;
        if same_role {
            person.muted = back.muted;
            person.muted_by_host = back.muted_by_host;
            person.lifted = back.lifted;
        }
        person.returned = true;
        if back.spoken_name && !person.spoken_name {
            person.spoken_name = true;
            self.effects.push(Effect::KeepName { leg, was });
        }
        if !back.name.is_empty() && person.name != back.name {
            let name = back.name;
            person.name.clone_from(&name);
            self.emit(Fact::Renamed { leg, name });
        }
        if let Some(hand) = back.hand.filter(|_| same_role) {
            self.raise_again(leg, hand);
        }
    }
}

/// A number that the network gave in place of one it may not tell would fit many callers.
fn is_withheld(number: &str) -> bool {
    let words = ["", "anonymous", "restricted", "unavailable", "unknown"];
    words.iter().any(|word| number.eq_ignore_ascii_case(word))
}

/// How long somebody may be away.
const RETURN: Duration = Duration::from_secs(120);

/// Callers remembered at once; with one more, the one who has been away for longest is forgotten.
const ABSENT_MAX: usize = 200;
