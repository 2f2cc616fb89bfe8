//! Raised hands: a queue in order of arrival, in every mode.
//!
//! In lecture mode a host opens a hand: that line may speak until the hand is closed, which takes
//! it down, or its owner lowers it, or the lecture ends. Opening a line that has no hand up raises
//! it, so that a host can call on anybody.

use std::time::Duration;

use crate::command::CommandRefusal;
use crate::event::Fact;
use crate::ids::LegId;
use crate::prompt::Prompt;
use crate::snapshot::{Hand, MuteState};
use crate::time::Time;

use super::Room;

/// The queue.
#[derive(Debug, Default)]
pub(super) struct Hands {
    raised: Vec<Raised>,
    hosts_told: Option<Time>,
}

#[derive(Debug)]
struct Raised {
    leg: LegId,
    since: Time,
    open: bool,
}

impl Hands {
    pub fn is_open(&self, leg: LegId) -> bool {
        self.raised.iter().any(|hand| hand.leg == leg && hand.open)
    }

    pub fn get(&self, leg: LegId) -> Option<Hand> {
        let index = self.raised.iter().position(|hand| hand.leg == leg)?;
        let Raised { since, open, .. } = self.raised[index];
        Some(Hand {
            place: u32::try_from(index + 1).unwrap_or(u32::MAX),
            since,
            open,
        })
    }

    /// Takes a hand down without a word.
    pub fn forget(&mut self, leg: LegId) {
        self.raised.retain(|hand| hand.leg != leg);
    }

    fn open(&mut self, leg: LegId) {
        self.raised
            .iter_mut()
            .filter(|hand| hand.leg == leg)
            .for_each(|hand| hand.open = true);
    }
}

impl Room {
    /// The hand key of a guest.
    pub(super) fn toggle_hand(&mut self, leg: LegId) {
        if self.hands.get(leg).is_some() {
            self.take_hand_down(leg);
            self.say(leg, &[Prompt::HandLowered]);
        } else {
            let place = self.raise_hand(leg);
            self.say(leg, &[Prompt::HandRaised(place)]);
            self.tell_hosts_of_hand();
        }
    }

    /// Opens or closes a line by its hand.
    pub(super) fn set_hand_open(&mut self, leg: LegId, open: bool) -> Result<(), CommandRefusal> {
        let person = self.people.get(leg).ok_or(CommandRefusal::NoSuchLeg)?;
        if person.is_host() || self.hands.is_open(leg) == open {
            return Ok(());
        }
        if open {
            self.open_hand(leg);
        } else {
            self.close_hand(leg);
        }
        Ok(())
    }

    fn open_hand(&mut self, leg: LegId) {
        if self.hands.get(leg).is_none() {
            self.raise_hand(leg);
        }
        self.hands.open(leg);
        if let Some(person) = self.people.get_mut(leg) {
            person.muted = false;
        }
        self.settle();
        self.say(leg, &[Prompt::HostOpenedYou]);
    }

    fn close_hand(&mut self, leg: LegId) {
        let heard = |room: &Room| {
            let person = room.people.get(leg);
            person.is_some_and(|person| room.mute_state(person) == MuteState::Open)
        };
        let was_heard = heard(self);
        self.take_hand_down(leg);
        let silenced = was_heard && !heard(self);
        self.say(
            leg,
            &[if silenced {
                Prompt::HostMutedYou
            } else {
                Prompt::HandLowered
            }],
        );
    }

    /// A host takes a hand down; an open line is closed by it.
    pub(super) fn lower_hand(&mut self, leg: LegId) -> Result<(), CommandRefusal> {
        self.people.get(leg).ok_or(CommandRefusal::NoSuchLeg)?;
        if self.hands.is_open(leg) {
            return self.set_hand_open(leg, false);
        }
        if self.hands.get(leg).is_some() {
            self.take_hand_down(leg);
            self.say(leg, &[Prompt::HandLowered]);
        }
        Ok(())
    }

    /// The lecture is over: who was given the word has had it. The others keep their place.
    pub(super) fn lower_open_hands(&mut self) {
        let open: Vec<LegId> = self
            .hands
            .raised
            .iter()
            .filter(|hand| hand.open)
            .map(|hand| hand.leg)
            .collect();
        for leg in open {
            self.hands.forget(leg);
            self.emit(Fact::HandLowered { leg });
        }
    }

    fn raise_hand(&mut self, leg: LegId) -> u32 {
        self.hands.raised.push(Raised {
            leg,
            since: self.now,
            open: false,
        });
        let place = u32::try_from(self.hands.raised.len()).unwrap_or(u32::MAX);
        self.emit(Fact::HandRaised { leg, place });
        place
    }

    fn take_hand_down(&mut self, leg: LegId) {
        self.hands.forget(leg);
        self.emit(Fact::HandLowered { leg });
        self.settle();
    }

    /// A hundred hands at once must not talk over the lecture: hosts are told once in a while.
    fn tell_hosts_of_hand(&mut self) {
        if self
            .hands
            .hosts_told
            .is_some_and(|at| self.now - at < HANDS_TOLD_EVERY)
        {
            return;
        }
        self.hands.hosts_told = Some(self.now);
        for leg in self.people.legs_where(|person| person.is_host()) {
            self.say(leg, &[Prompt::SomebodyRaisedHand]);
        }
    }
}

/// Hosts hear of raised hands no more often than this.
const HANDS_TOLD_EVERY: Duration = Duration::from_secs(10);
