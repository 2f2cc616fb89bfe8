//! Coming back: who was cut off and calls again from the same number within two minutes has the
//! name, the mute state and the place in the queue of hands from before, and a line that is
//! cleaned of noise, or not, as it was.
//!
//! The old call may still be in the room when the new one comes: a telephone that has lost its
//! radio says no goodbye. Nothing comes from such a line, and it is let go once its caller is back;
//! a line from which anything comes is somebody else's, such as a colleague's.
//!
//! It opens no door: the lock and the security code hold for whoever comes back as for everybody,
//! since a number can be faked.

use std::time::Duration;

use crate::effect::Effect;
use crate::event::{EndReason, Fact, Role};
use crate::ids::LegId;
use crate::time::Time;

use super::Room;
use super::door::KNOCK;
use super::hands::Raised;
use super::people::Person;

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
    denoised: bool,
    pub hand: Option<Raised>,
    until: Time,
}

impl Absent {
    /// Several people may call from one number, such as that of a company; the name that the
    /// network gives with it tells them apart.
    fn is(&self, number: &str, called_as: &str, now: Time) -> bool {
        self.number == number && self.called_as == called_as && now < self.until
    }

    fn of(person: &Person, hand: Option<Raised>, until: Time) -> Self {
        Self {
            leg: person.leg,
            role: person.role,
            name: person.name.clone(),
            called_as: person.called_as.clone(),
            number: person.number.clone(),
            spoken_name: person.spoken_name,
            muted: person.muted,
            muted_by_host: person.muted_by_host,
            lifted: person.lifted,
            denoised: person.denoised,
            hand,
            until,
        }
    }
}

impl Room {
    /// Whether a caller of this number, and of this name by the network, who would come now need
    /// not be asked for a name, because it was recorded when they were here before.
    pub fn remembers_name(&self, now: Time, number: &str, called_as: &str) -> bool {
        let newest = self.absent.iter().rev();
        let mut theirs = newest.filter(|absent| absent.is(number, called_as, now));
        let mut dead = self.people.iter().filter(|person| {
            self.is_dead(person) && person.number == number && person.called_as == called_as
        });
        match theirs.next() {
            Some(absent) => absent.spoken_name,
            None => dead.next().is_some_and(|person| person.spoken_name),
        }
    }

    /// Nothing comes from this line, and it has a number by which its caller would be known.
    fn is_dead(&self, person: &Person) -> bool {
        self.silent.contains(&person.leg) && person.is_inside() && !is_withheld(&person.number)
    }

    /// The dead line in the room whose caller calls again, in the same role.
    pub(super) fn dead_line_of(&self, role: Role, number: &str, called_as: &str) -> Option<LegId> {
        let is = |person: &&Person| {
            let same = person.number == number && person.called_as == called_as;
            same && person.role == role && self.is_dead(person)
        };
        self.people.iter().find(is).map(|person| person.leg)
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
        // who knocked in time may be let in a little later
        self.absent.retain(|absent| now < absent.until + KNOCK);
        if self.absent.len() >= ABSENT_MAX {
            self.absent.remove(0);
        }
        self.absent.push(Absent::of(person, hand, now + RETURN));
    }

    /// Somebody is in who came at `since`: they have again what they had before, if anything; of
    /// several who left, the newest. Until then it is kept, however often they knock in vain.
    pub(super) fn come_back(&mut self, leg: LegId, since: Time) {
        let Some(person) = self.people.get(leg) else {
            return;
        };
        let is = |absent: &Absent| absent.is(&person.number, &person.called_as, since);
        if let Some(index) = self.absent.iter().rposition(is) {
            let back = self.absent.remove(index);
            self.restore(leg, back);
        } else if let Some(dead) = self.dead_line_of(person.role, &person.number, &person.called_as)
        {
            self.take_over(leg, dead);
        }
    }

    fn take_over(&mut self, leg: LegId, dead: LegId) {
        let Some(person) = self.people.remove(dead) else {
            return;
        };
        let hand = self.hands.take(dead);
        let back = Absent::of(&person, hand, self.now);
        self.send_out(&person, &[], EndReason::LineDead);
        self.restore(leg, back);
        self.without(&person);
    }

    /// Gives a person who has just come in what they had before. Mute and hand are those of a role,
    /// and a host who returns without the PIN, or a guest with it, begins anew.
    fn restore(&mut self, leg: LegId, back: Absent) {
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
        self.set_denoised(leg, back.denoised);
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
