//! Raised hands: a queue in order of arrival, in every mode.
//!
//! In lecture mode a host opens a hand: that line may speak until the hand is closed, which takes
//! it down, or its owner lowers it, or the lecture ends. Opening a line that has no hand up raises
//! it, so that a host can call on anybody.

use std::time::Duration;

use confab_dtmf::layout::KeypadCommand;

use crate::command::CommandRefusal;
use crate::event::Fact;
use crate::ids::LegId;
use crate::prompt::{Clip, Prompt};
use crate::snapshot::{Hand, MuteState};
use crate::time::Time;

use super::Room;
use super::speech::Kind;

/// The queue.
#[derive(Debug, Default)]
pub(super) struct Hands {
    /// in the order in which they went up
    raised: Vec<Raised>,
    next_turn: u64,
    hosts_told: Option<Time>,
}

/// One hand.
#[derive(Debug)]
pub(super) struct Raised {
    leg: LegId,
    since: Time,
    /// smaller for whoever has raised it before
    turn: u64,
    pub open: bool,
    /// a host has been told
    told: bool,
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

    pub fn any_up(&self) -> bool {
        !self.raised.is_empty()
    }

    fn any_untold(&self) -> bool {
        self.raised.iter().any(|hand| !hand.open && !hand.told)
    }

    /// Takes a hand down without a word.
    pub fn take(&mut self, leg: LegId) -> Option<Raised> {
        let index = self.raised.iter().position(|hand| hand.leg == leg)?;
        Some(self.raised.remove(index))
    }

    /// Those for whom `open` says whether the line is open.
    fn legs(&self, open: bool) -> impl Iterator<Item = LegId> {
        let those = self.raised.iter().filter(move |hand| hand.open == open);
        those.map(|hand| hand.leg)
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
            self.tell_hosts_of_hands();
        }
    }

    /// Opens or closes a line by its hand.
    pub(super) fn set_hand_open(&mut self, leg: LegId, open: bool) -> Result<(), CommandRefusal> {
        let person = self.people.inside(leg).ok_or(CommandRefusal::NoSuchLeg)?;
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

    /// The turn of the first in the queue whose line is not open; who spoke before has had it.
    /// Gives whose turn it is, if anybody is left.
    pub(super) fn next_hand(&mut self) -> Result<Option<LegId>, CommandRefusal> {
        if !self.hands.any_up() {
            return Err(CommandRefusal::NoHand);
        }
        let spoke: Vec<LegId> = self.hands.legs(true).collect();
        for leg in spoke {
            self.close_hand(leg);
        }
        let next = self.hands.legs(false).next();
        if let Some(leg) = next {
            self.open_hand(leg);
            // the others have moved up as well; only the one who comes next has use for it
            let after = self.hands.legs(false).next();
            if let Some(leg) = after {
                self.say(leg, &[Prompt::YouAreNext]);
            }
        }
        Ok(next)
    }

    /// The key for the next hand, and who it is by name or number.
    pub(super) fn call_next(&mut self, by: LegId) {
        let turn = match self.next_hand() {
            Ok(Some(leg)) => self.people.get(leg),
            Ok(None) | Err(_) => return self.say(by, &[Prompt::NoHandRaised]),
        };
        let Some(person) = turn else { return };
        let digits: Vec<u8> = person.number.bytes().filter(u8::is_ascii_digit).collect();
        let mut clips = Vec::new();
        if person.spoken_name {
            clips.push(Clip::Name(person.leg));
            clips.push(Clip::Prompt(Prompt::MaySpeakNow));
        } else if digits.len() >= ENDING_DIGITS {
            let ending = &digits[digits.len() - ENDING_DIGITS..];
            let ending = ending.iter().map(|digit| Prompt::Digit(digit - b'0'));
            clips.push(Clip::Prompt(Prompt::NumberEndsIn));
            clips.extend(ending.map(Clip::Prompt));
            clips.push(Clip::Prompt(Prompt::MaySpeakNow));
        } else {
            clips.push(Clip::Prompt(Prompt::NextMaySpeak));
        }
        self.say_clips(by, clips, Kind::Plain);
    }

    fn open_hand(&mut self, leg: LegId) {
        if self.hands.get(leg).is_none() {
            self.raise_hand(leg);
        }
        self.hands.open(leg);
        if let Some(person) = self.people.get_mut(leg) {
            person.muted = false;
            person.muted_by_host = false;
        }
        self.settle();
        self.say(leg, &[Prompt::YouMaySpeak]);
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
        self.people.inside(leg).ok_or(CommandRefusal::NoSuchLeg)?;
        if self.hands.is_open(leg) {
            return self.set_hand_open(leg, false);
        }
        if self.hands.get(leg).is_some() {
            self.take_hand_down(leg);
            self.say(leg, &[Prompt::HandLowered]);
        }
        Ok(())
    }

    /// The mode has changed: who was given the word has had it. The others keep their place.
    pub(super) fn lower_open_hands(&mut self) {
        let open: Vec<LegId> = self
            .hands
            .raised
            .iter()
            .filter(|hand| hand.open)
            .map(|hand| hand.leg)
            .collect();
        for leg in open {
            self.hands.take(leg);
            self.emit(Fact::HandLowered { leg });
        }
        for absent in &mut self.absent {
            absent.hand.take_if(|hand| hand.open);
        }
    }

    /// The hand of who has come back goes where it was. Its line is open as before, unless another
    /// has the word by now.
    pub(super) fn raise_again(&mut self, leg: LegId, hand: Raised) {
        let raised = &mut self.hands.raised;
        let open = hand.open && raised.iter().all(|other| !other.open);
        let index = raised.partition_point(|other| other.turn < hand.turn);
        raised.insert(index, Raised { leg, open, ..hand });
        let place = u32::try_from(index + 1).unwrap_or(u32::MAX);
        self.emit(Fact::HandRaised { leg, place });
    }

    fn raise_hand(&mut self, leg: LegId) -> u32 {
        self.hands.next_turn += 1;
        self.hands.raised.push(Raised {
            leg,
            since: self.now,
            turn: self.hands.next_turn,
            open: false,
            told: false,
        });
        let place = u32::try_from(self.hands.raised.len()).unwrap_or(u32::MAX);
        self.emit(Fact::HandRaised { leg, place });
        place
    }

    fn take_hand_down(&mut self, leg: LegId) {
        self.hands.take(leg);
        self.emit(Fact::HandLowered { leg });
        self.settle();
    }

    /// Who keys the code has no hand in the queue meanwhile; it goes up again when they are in.
    pub(super) fn set_hand_aside(&mut self, leg: LegId) {
        let hand = self.hands.take(leg);
        if hand.is_some() {
            self.emit(Fact::HandLowered { leg });
        }
        if let Some(person) = self.people.get_mut(leg) {
            person.hand_aside = hand.map(|hand| Raised {
                open: false,
                ..hand
            });
        }
    }

    /// And now they are.
    pub(super) fn raise_from_aside(&mut self, leg: LegId) {
        let aside = self.people.get_mut(leg);
        if let Some(hand) = aside.and_then(|person| person.hand_aside.take()) {
            self.raise_again(leg, hand);
            self.tell_hosts_of_hands();
        }
    }

    /// Tells hosts of hands they have not been told of. A hundred at once must not talk over the
    /// lecture: once in a while.
    pub(super) fn tell_hosts_of_hands(&mut self) {
        let lately = |at| self.now - at < HANDS_TOLD_EVERY;
        let told = self.hands.hosts_told.is_some_and(lately);
        if told || !self.hands.any_untold() || !self.people.has_host() {
            return;
        }
        self.hands.hosts_told = Some(self.now);
        self.hands
            .raised
            .iter_mut()
            .for_each(|hand| hand.told = true);
        let hint = self.hint(KeypadCommand::NextHand);
        let told = std::iter::once(Prompt::SomebodyRaisedHand).chain(hint);
        let clips: Vec<Clip> = told.map(Clip::Prompt).collect();
        self.tell_hosts(&clips);
    }

    /// When hosts are to hear of hands that could not be told before.
    pub(super) fn hands_told_deadline(&self) -> Option<Time> {
        let told = self.hands.hosts_told.filter(|_| self.hands.any_untold())?;
        self.people.has_host().then(|| told + HANDS_TOLD_EVERY)
    }
}

/// Digits of a number by which a caller without a name is told from others.
const ENDING_DIGITS: usize = 4;

/// Hosts hear of raised hands no more often than this.
const HANDS_TOLD_EVERY: Duration = Duration::from_secs(10);
