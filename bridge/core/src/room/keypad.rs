//! The keypad in the room: a key's command becomes the same command that the portal gives, and is
//! confirmed by voice to the one who pressed.

use confab_dtmf::layout::{KeypadCommand, Who};

use crate::command::{Actor, Command, CommandRefusal};
use crate::ids::LegId;
use crate::prompt::{Clip, Prompt};
use crate::snapshot::MuteState;

use super::Room;
use super::people::Person;
use super::recording::Recording;
use super::speech::Kind;

impl Room {
    pub(super) fn keypad(&mut self, leg: LegId, keyed: KeypadCommand) {
        let Some(person) = self.people.get(leg) else {
            return;
        };
        let host = person.is_host();
        if keyed != KeypadCommand::End {
            self.think_better_of_the_end(leg);
        }
        let Some(person) = self.people.get(leg) else {
            return;
        };
        let open = self.mute_state(person) == MuteState::Open;
        match keyed {
            _ if !keyed.who().includes(host) => {
                let hosts_only = keyed.who() == Who::Host;
                let prompt = if hosts_only {
                    Prompt::HostsOnly
                } else {
                    Prompt::NotACommand
                };
                self.say(leg, &[prompt]);
            }
            KeypadCommand::Menu => self.say_menu(leg),
            KeypadCommand::ToggleMute => {
                self.obey_leg(leg, Command::SetMute { leg, muted: open });
            }
            KeypadCommand::CountCallers => self.say(leg, &[self.count()]),
            KeypadCommand::ToggleHand => self.toggle_hand(leg),
            KeypadCommand::RollCall => self.call_roll(leg),
            KeypadCommand::NextHand => self.call_next(leg),
            KeypadCommand::Admit => self.let_in_first(leg),
            KeypadCommand::MuteAll => self.mute_or_open_all(leg),
            KeypadCommand::MuteWorst => self.mute_worst(leg),
            KeypadCommand::DialOut => self.ask_number(leg),
            KeypadCommand::DropDialled => self.drop_dialled(leg),
            KeypadCommand::End => self.ask_for_the_end(leg),
            KeypadCommand::Unknown if self.only_stopped_a_list(leg) => {}
            KeypadCommand::Unknown => self.say(leg, &[Prompt::NotACommand]),
            KeypadCommand::ToggleLock
            | KeypadCommand::ToggleRecording
            | KeypadCommand::CycleLecture
            | KeypadCommand::ToggleChimes
            | KeypadCommand::ToggleContinue => self.toggle(leg, keyed),
        }
    }

    /// The command that a key means just now, for keys that turn something of the whole room.
    pub(super) fn meaning(&self, keyed: KeypadCommand) -> Option<Command> {
        match keyed {
            KeypadCommand::ToggleLock => Some(Command::SetLocked(!self.door.locked)),
            KeypadCommand::ToggleRecording => {
                Some(Command::SetRecording(self.recording == Recording::Off))
            }
            KeypadCommand::CycleLecture => Some(Command::SetLecture(self.lecture.next())),
            KeypadCommand::ToggleChimes => Some(Command::SetChimes(!self.chimes)),
            KeypadCommand::ToggleContinue => Some(Command::SetContinue(!self.continues)),
            KeypadCommand::Menu
            | KeypadCommand::ToggleMute
            | KeypadCommand::CountCallers
            | KeypadCommand::ToggleHand
            | KeypadCommand::RollCall
            | KeypadCommand::NextHand
            | KeypadCommand::Admit
            | KeypadCommand::MuteAll
            | KeypadCommand::MuteWorst
            | KeypadCommand::DialOut
            | KeypadCommand::DropDialled
            | KeypadCommand::End
            | KeypadCommand::Unknown => None,
        }
    }

    fn toggle(&mut self, leg: LegId, keyed: KeypadCommand) {
        let Some(command) = self.meaning(keyed) else {
            return;
        };
        let confirmation = match command {
            Command::SetLocked(true) => Some(Prompt::RoomNowLocked),
            Command::SetLocked(false) => Some(Prompt::RoomNowUnlocked),
            Command::SetChimes(true) => Some(Prompt::ChimesOn),
            Command::SetChimes(false) => Some(Prompt::ChimesOff),
            Command::SetContinue(true) => Some(Prompt::WillContinue),
            Command::SetContinue(false) => Some(Prompt::WillEnd),
            // Whoever stops what has not begun is alone in knowing of it.
            Command::SetRecording(false) if !self.recording.is_on() => {
                Some(Prompt::RecordingStopped)
            }
            // Lecture mode and recording are told to everybody.
            _ => None,
        };
        self.obey_leg(leg, command);
        if let Some(prompt) = confirmation {
            self.say(leg, &[prompt]);
        }
    }

    /// Carries out what a leg may ask for, or says why not.
    pub(super) fn obey_leg(&mut self, leg: LegId, command: Command) {
        let answer = self.carry_out(&Actor::Leg(leg), command);
        if let Err(refusal) = answer {
            self.explain(leg, refusal);
        }
    }

    /// Says why something was not done.
    pub(super) fn explain(&mut self, leg: LegId, refusal: CommandRefusal) {
        let told = match refusal {
            CommandRefusal::HostsOnly => Prompt::HostsOnly,
            CommandRefusal::MutedByHost => Prompt::HostMutedAllLines,
            CommandRefusal::CannotRecord => Prompt::RecordingFailed,
            CommandRefusal::LectureHolds => Prompt::LectureHolds,
            CommandRefusal::NoHand => Prompt::NoHandRaised,
            CommandRefusal::DialNotAllowed => Prompt::DialNotAllowed,
            CommandRefusal::TooManyDials => Prompt::DialFailed,
            CommandRefusal::RoomFull => Prompt::RoomIsFull,
            CommandRefusal::NoSuchLeg | CommandRefusal::NoConference => Prompt::NotACommand,
        };
        let hint = match refusal {
            CommandRefusal::LectureHolds => self.hint(KeypadCommand::CycleLecture),
            _ => None,
        };
        let told: Vec<Prompt> = std::iter::once(told).chain(hint).collect();
        self.say(leg, &told);
    }

    /// Whom this host has called comes first, then who has knocked, in the order they came in.
    fn let_in_first(&mut self, by: LegId) {
        let Some(first) = self.door.first_for(by) else {
            return self.say(by, &[Prompt::NobodyAtTheDoor]);
        };
        let (leg, named) = (first.joining.leg, first.joining.spoken_name);
        if let Err(refusal) = self.admit(leg) {
            return self.explain(by, refusal);
        }
        let mut clips: Vec<Clip> = named.then_some(Clip::Name(leg)).into_iter().collect();
        clips.push(Clip::Prompt(Prompt::LetIn));
        if !self.door.is_empty() {
            clips.push(Clip::Prompt(Prompt::SomebodyKnocks));
            clips.extend(self.hint(KeypadCommand::Admit).map(Clip::Prompt));
            self.door.all_told();
        }
        self.say_clips(by, clips, Kind::Plain);
    }

    /// Whoever can be heard is muted; when nobody can, those whom a host has muted are opened.
    fn mute_or_open_all(&mut self, by: LegId) {
        let guest = |person: &Person| !person.is_host() && person.is_inside();
        if self.any_guest_is_heard() {
            self.obey_leg(by, Command::MuteAll);
        } else if self.people.iter().any(guest) {
            self.obey_leg(by, Command::OpenAll);
        } else {
            self.say(by, &[Prompt::NoGuests]);
        }
    }

    fn count(&self) -> Prompt {
        Prompt::Callers(u32::try_from(self.people.count_inside()).unwrap_or(u32::MAX))
    }

    /// The recorded names, in order of arrival, then how many have none.
    fn call_roll(&mut self, leg: LegId) {
        let named = self
            .people
            .legs_where(|person| person.spoken_name && person.is_inside());
        if named.is_empty() {
            return self.say(leg, &[self.count()]);
        }
        let nameless = self.people.count_inside() - named.len();
        let names = named
            .into_iter()
            .flat_map(|of| [Clip::Name(of), Clip::Pause(NAME_GAP_MS)]);
        let mut clips = vec![Clip::Prompt(Prompt::RollCall)];
        clips.extend(names);
        if nameless > 0 {
            let nameless = u32::try_from(nameless).unwrap_or(u32::MAX);
            clips.push(Clip::Prompt(Prompt::WithoutName(nameless)));
        }
        self.say_clips(leg, clips, Kind::List);
    }
}

/// Between two names of the roll call.
const NAME_GAP_MS: u32 = 300;
