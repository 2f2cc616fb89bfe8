//! The legs in the room, in order of arrival, and what each of them has chosen for itself.
//!
//! Decides nothing: what may be said and heard is computed in `mute`.

use crate::effect::Voice;
use crate::event::Role;
use crate::fault::Fault;
use crate::ids::{DialId, LegId};
use crate::time::Time;

use super::Joining;
use super::dialling::Keying;
use super::hands::Raised;
use super::speech::Queue;

/// One caller in the room.
#[derive(Debug)]
pub(super) struct Person {
    pub leg: LegId,
    pub role: Role,
    pub name: String,
    /// the name as the network gave it, whatever a host has made of it since
    pub called_as: String,
    pub number: String,
    pub spoken_name: bool,
    pub since: Time,
    /// muted on its own account: by its own key, by a host for this line alone, or on entry
    pub muted: bool,
    /// and it was not by its own key
    pub muted_by_host: bool,
    /// has unmuted itself since the lecture began
    pub lifted: bool,
    pub talking: bool,
    /// how its line spoils the conference, or did until it was muted
    pub fault: Option<Fault>,
    /// hosts were told of that
    pub fault_told: bool,
    /// it has been muted for that once
    pub isolated: bool,
    /// its steady noise is suppressed
    pub denoised: bool,
    /// what its line was last set to, to set it only when something has changed
    pub told: Voice,
    pub queue: Queue,
    /// keys a number to call
    pub keying: Option<Keying>,
    /// was asked whether it wants to end the conference, and may say yes until then
    pub end_asked: Option<Time>,
    /// was called from the room: by which call, and by whose key
    pub dialled: Option<(DialId, Option<LegId>)>,
    /// need not be asked for the security code
    pub proved: bool,
    /// is being asked for it, until then at the latest
    pub proving: Option<Time>,
    /// was up before it was asked
    pub hand_aside: Option<Raised>,
    /// is to be warned at this time that the carrier may cut the call
    pub warn_at: Option<Time>,
    /// is to be reminded at this time, should it still wait, that it waits
    pub remind_at: Option<Time>,
    /// has come back, and has not been told so
    pub returned: bool,
}

impl Person {
    pub fn new(joining: Joining, since: Time, told: Voice) -> Self {
        Self {
            leg: joining.leg,
            role: joining.role,
            name: joining.name.clone(),
            called_as: joining.name,
            number: joining.number,
            spoken_name: joining.spoken_name,
            since,
            muted: false,
            muted_by_host: false,
            lifted: false,
            talking: false,
            fault: None,
            fault_told: false,
            isolated: false,
            denoised: false,
            told,
            queue: Queue::default(),
            keying: None,
            end_asked: None,
            dialled: None,
            proved: joining.code,
            proving: None,
            hand_aside: None,
            warn_at: None,
            remind_at: None,
            returned: false,
        }
    }

    pub fn is_host(&self) -> bool {
        self.role == Role::Host
    }

    /// In the room for good, and not still on the way in by the security code.
    pub fn is_inside(&self) -> bool {
        self.proving.is_none()
    }
}

/// Everybody in the room.
#[derive(Debug, Default)]
pub(super) struct People(Vec<Person>);

impl People {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn push(&mut self, person: Person) {
        self.0.push(person);
    }

    pub fn remove(&mut self, leg: LegId) -> Option<Person> {
        let index = self.0.iter().position(|person| person.leg == leg)?;
        Some(self.0.remove(index))
    }

    pub fn take_all(&mut self) -> Vec<Person> {
        std::mem::take(&mut self.0)
    }

    pub fn get(&self, leg: LegId) -> Option<&Person> {
        self.0.iter().find(|person| person.leg == leg)
    }

    /// Somebody who can be spoken to and about.
    pub fn inside(&self, leg: LegId) -> Option<&Person> {
        self.get(leg).filter(|person| person.is_inside())
    }

    /// How many of them there are.
    pub fn count_inside(&self) -> usize {
        self.0.iter().filter(|person| person.is_inside()).count()
    }

    pub fn get_mut(&mut self, leg: LegId) -> Option<&mut Person> {
        self.0.iter_mut().find(|person| person.leg == leg)
    }

    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Person> {
        self.0.iter()
    }

    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut Person> {
        self.0.iter_mut()
    }

    pub fn has_host(&self) -> bool {
        self.0.iter().any(Person::is_host)
    }

    /// Legs of everybody for whom `is` holds, in order of arrival.
    pub fn legs_where(&self, is: impl Fn(&Person) -> bool) -> Vec<LegId> {
        self.0
            .iter()
            .filter(|person| is(person))
            .map(|person| person.leg)
            .collect()
    }
}
