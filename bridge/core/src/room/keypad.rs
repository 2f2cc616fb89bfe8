//! The keypad in the room: a key's command becomes the same command that the portal gives, and is
//! confirmed by voice to the one who pressed.

use confab_dtmf::layout::{KeypadCommand, Who};

use crate::command::{Actor, Command, CommandRefusal};
use crate::ids::LegId;
use crate::prompt::{Clip, Prompt};
use crate::snapshot::MuteState;

use super::Room;
use super::recording::Recording;
use super::speech::Kind;

impl Room {
    pub(super) fn keypad(&mut self, leg: LegId, keyed: KeypadCommand) {
        let Some(person) = self.people.get(leg) else {
            return;
        };
        let host = person.is_host();
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
            KeypadCommand::Menu => {
                let lines = KeypadCommand::ALL
                    .into_iter()
                    .filter(|&line| line.who().includes(host) && self.is_possible(leg, line))
                    .map(|line| Clip::Prompt(Prompt::MenuLine(line)))
                    .collect();
                self.say_clips(leg, lines, Kind::List);
            }
            KeypadCommand::ToggleMute => {
                self.obey_leg(leg, Command::SetMute { leg, muted: open });
            }
            KeypadCommand::CountCallers => self.say(leg, &[self.count()]),
            KeypadCommand::ToggleHand => self.toggle_hand(leg),
            KeypadCommand::RollCall => self.call_roll(leg),
            KeypadCommand::Admit => match self.door.knocks.first() {
                Some(knock) => {
                    let leg = knock.joining.leg;
                    self.admit(leg);
                }
                None => self.say(leg, &[Prompt::NobodyAtTheDoor]),
            },
            KeypadCommand::NextHand => self.say(leg, &[Prompt::NoHandRaised]),
            KeypadCommand::MuteAll => self.obey_leg(leg, Command::MuteAll),
            KeypadCommand::DialOut => self.say(leg, &[Prompt::DialNotAllowed]),
            KeypadCommand::DropDialled => self.say(leg, &[Prompt::NobodyDialled]),
            KeypadCommand::End => self.obey_leg(leg, Command::End),
            KeypadCommand::Unknown if self.only_stopped_a_list(leg) => {}
            KeypadCommand::Unknown => self.say(leg, &[Prompt::NotACommand]),
            KeypadCommand::ToggleLock
            | KeypadCommand::ToggleRecording
            | KeypadCommand::CycleLecture
            | KeypadCommand::ToggleChimes
            | KeypadCommand::ToggleContinue => self.toggle(leg, keyed),
        }
    }

    /// Whether the menu names this command to that leg: what would only be refused is left out.
    fn is_possible(&self, leg: LegId, command: KeypadCommand) -> bool {
        if self.settings.layout.keys_of(command).is_none() {
            return false;
        }
        match command {
            KeypadCommand::ToggleMute => {
                let person = self.people.get(leg);
                person.is_some_and(|person| self.mute_state(person) != MuteState::MutedByHost)
            }
            KeypadCommand::Admit => !self.door.is_empty(),
            KeypadCommand::NextHand
            | KeypadCommand::DialOut
            | KeypadCommand::DropDialled
            | KeypadCommand::Unknown => false,
            _ => true,
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
            self.say(
                leg,
                &[match refusal {
                    CommandRefusal::HostsOnly => Prompt::HostsOnly,
                    CommandRefusal::MutedByHost => Prompt::HostMutedAllLines,
                    CommandRefusal::CannotRecord => Prompt::RecordingFailed,
                    CommandRefusal::NoSuchLeg | CommandRefusal::NoConference => Prompt::NotACommand,
                }],
            );
        }
    }

    fn count(&self) -> Prompt {
        Prompt::Callers(u32::try_from(self.people.len()).unwrap_or(u32::MAX))
    }

    /// The recorded names, in order of arrival, then how many have none.
    fn call_roll(&mut self, leg: LegId) {
        let named = self.people.legs_where(|person| person.spoken_name);
        if named.is_empty() {
            return self.say(leg, &[self.count()]);
        }
        let nameless = self.people.len() - named.len();
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
