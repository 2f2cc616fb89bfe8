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
                let menu = if host {
                    Prompt::HostMenu
                } else {
                    Prompt::GuestMenu
                };
                self.say_clips(leg, vec![Clip::Prompt(menu)], Kind::List);
            }
            KeypadCommand::ToggleMute => {
                self.obey_leg(leg, Command::SetMute { leg, muted: open });
            }
            KeypadCommand::CountCallers => self.say(leg, &[self.count()]),
            KeypadCommand::ToggleHand => self.toggle_hand(leg),
            KeypadCommand::RollCall => self.call_roll(leg),
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
