//! The legs in the room, in order of arrival, and what each of them has chosen for itself.
//!
//! Decides nothing: what may be said and heard is computed in `mute`.

use crate::effect::{Hear, Voice};
use crate::event::Role;
use crate::ids::LegId;
use crate::time::Time;

use super::Joining;
use super::speech::Queue;

/// One caller in the room.
#[derive(Debug)]
pub(super) struct Person {
    pub leg: LegId,
    pub role: Role,
    pub name: String,
    pub number: String,
    pub spoken_name: bool,
    pub since: Time,
    /// muted on its own account: by its own key, by a host for this line alone, or on entry
    pub muted: bool,
    /// has unmuted itself since the lecture began
    pub lifted: bool,
    pub talking: bool,
    /// what its line was last set to, to set it only when something has changed
    pub told: Voice,
    pub queue: Queue,
}

impl Person {
    pub fn new(joining: Joining, since: Time, muted: bool, told: Voice) -> Self {
        Self {
            leg: joining.leg,
            role: joining.role,
            name: joining.name,
            number: joining.number,
            spoken_name: joining.spoken_name,
            since,
            muted,
            lifted: false,
            talking: false,
            told,
            queue: Queue::default(),
        }
    }

    pub fn is_host(&self) -> bool {
        self.role == Role::Host
    }
}

/// A line as it is before anything was set.
pub(super) const SILENT: Voice = Voice {
    speak: false,
    hear: Hear::Nothing,
};

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

    pub fn get_mut(&mut self, leg: LegId) -> Option<&mut Person> {
        self.0.iter_mut().find(|person| person.leg == leg)
    }

    pub fn iter(&self) -> impl Iterator<Item = &Person> {
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
