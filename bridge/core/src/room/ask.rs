//! The menu of `*1`, and the question before the end for all.
//!
//! The menu names what this caller can do at this moment, and nothing that would only be refused.

use std::time::Duration;

use confab_dtmf::layout::KeypadCommand;

use crate::command::{Command, LectureMode};
use crate::ids::LegId;
use crate::prompt::{Clip, Prompt};
use crate::snapshot::MuteState;
use crate::time::Time;

use super::Room;
use super::people::Person;
use super::speech::Kind;

impl Room {
    pub(super) fn say_menu(&mut self, leg: LegId) {
        let Some(person) = self.people.get(leg) else {
            return;
        };
        let lines = KeypadCommand::ALL
            .into_iter()
            .filter(|&line| self.is_possible(person, line))
            .map(|line| Clip::Prompt(Prompt::MenuLine(line)))
            .collect();
        self.say_clips(leg, lines, Kind::List);
    }

    fn is_possible(&self, person: &Person, command: KeypadCommand) -> bool {
        let has_key = self.settings.layout.keys_of(command).is_some();
        if !has_key || !command.who().includes(person.is_host()) {
            return false;
        }
        let guests = || self.people.iter().any(|person| !person.is_host());
        match command {
            KeypadCommand::ToggleMute => self.mute_state(person) != MuteState::MutedByHost,
            KeypadCommand::NextHand => self.hands.any_up(),
            KeypadCommand::Admit => !self.door.is_empty(),
            KeypadCommand::MuteWorst => self.any_spoils(),
            KeypadCommand::MuteAll => {
                guests() && (self.lecture != LectureMode::Strict || self.any_guest_is_heard())
            }
            KeypadCommand::DialOut => self.settings.dial_out,
            KeypadCommand::DropDialled => self.has_dialled(person.leg),
            KeypadCommand::RollCall => self.people.iter().any(|person| person.spoken_name),
            KeypadCommand::Unknown => false,
            KeypadCommand::ToggleHand
            | KeypadCommand::CountCallers
            | KeypadCommand::CycleLecture
            | KeypadCommand::ToggleRecording
            | KeypadCommand::ToggleLock
            | KeypadCommand::ToggleChimes
            | KeypadCommand::ToggleContinue
            | KeypadCommand::End
            | KeypadCommand::Menu => true,
        }
    }

    /// The key that ends the conference: the first press asks, the second ends it.
    pub(super) fn ask_for_the_end(&mut self, leg: LegId) {
        let until = self.now + CONFIRM;
        let Some(person) = self.people.get_mut(leg) else {
            return;
        };
        if person.end_asked.take().is_some() {
            return self.obey_leg(leg, Command::End);
        }
        person.end_asked = Some(until);
        self.say(leg, &[Prompt::EndAsked]);
    }

    /// Another command is the answer no, and says what it does itself.
    pub(super) fn think_better_of_the_end(&mut self, leg: LegId) {
        if let Some(person) = self.people.get_mut(leg) {
            person.end_asked = None;
        }
    }

    pub(super) fn confirm_deadline(&self) -> Option<Time> {
        self.people
            .iter()
            .filter_map(|person| person.end_asked)
            .min()
    }

    pub(super) fn confirming_times_out(&mut self) {
        let now = self.now;
        let late = |person: &Person| person.end_asked.is_some_and(|until| until <= now);
        for leg in self.people.legs_where(late) {
            self.think_better_of_the_end(leg);
            self.say(leg, &[Prompt::ConferenceGoesOn]);
        }
    }
}

/// The question takes five seconds, the answer may take ten.
const CONFIRM: Duration = Duration::from_secs(15);
