//! Commands, from wherever they come: who may give them, and where each is carried out.

use crate::command::{Actor, Command, CommandRefusal};
use crate::event::{ConferenceEnd, Fact};
use crate::ids::LegId;

use super::Room;

impl Room {
    pub(super) fn command(&mut self, by: Actor, command: Command) -> Result<(), CommandRefusal> {
        match (by, command) {
            // Who only knocks, or is on the way out, commands nothing.
            (Actor::Leg(leg), _) if self.people.inside(leg).is_none() => Ok(()),
            (Actor::Leg(leg), Command::Keypad(keyed)) => {
                self.keypad(leg, keyed);
                Ok(())
            }
            (Actor::Leg(leg), command) => {
                self.obey_leg(leg, command);
                Ok(())
            }
            _ if self.people.is_empty() => Err(CommandRefusal::NoConference),
            (by, Command::Keypad(keyed)) => {
                let command = self.meaning(keyed).ok_or(CommandRefusal::NoSuchLeg)?;
                self.carry_out(&by, command)
            }
            (by, command) => self.carry_out(&by, command),
        }
    }

    /// Does what was asked, if that actor may ask it. Nothing has changed when it is refused.
    pub(super) fn carry_out(&mut self, by: &Actor, command: Command) -> Result<(), CommandRefusal> {
        if !self.may(by, &command) {
            return Err(CommandRefusal::HostsOnly);
        }
        match command {
            Command::SetMute { leg, muted } => return self.set_mute(by, leg, muted),
            Command::SetDenoised { leg, denoised } => {
                self.people.inside(leg).ok_or(CommandRefusal::NoSuchLeg)?;
                self.set_denoised(leg, denoised);
            }
            Command::Drop(leg) => return self.drop_leg(leg),
            Command::Rename { leg, name } => return self.rename(leg, name),
            Command::Admit(leg) => return self.admit(leg),
            Command::OpenAll => return self.open_all(),
            Command::NextHand => return self.next_hand().map(|_| ()),
            Command::DialOut(number) => {
                let leg = match by {
                    Actor::Leg(leg) => Some(*leg),
                    Actor::Portal(_) | Actor::House => None,
                };
                return self.dial_out(number, leg);
            }
            Command::HangUpDial(dial) => return self.hang_up_dial(dial),
            Command::SetRecording(on) => return self.set_recording(on),
            Command::SetHandOpen { leg, open } => return self.set_hand_open(leg, open),
            Command::LowerHand(leg) => return self.lower_hand(leg),
            Command::MuteAll => self.mute_all(),
            Command::SetLocked(locked) => self.set_locked(locked),
            Command::SetLecture(mode) => self.set_lecture(mode),
            Command::SetChimes(on) => self.set_chimes(on),
            Command::SetContinue(on) => self.set_continue(on),
            Command::SetBillingCode(code) => self.bill(code),
            Command::GoOn => self.go_on(),
            Command::End if *by == Actor::House => self.end(ConferenceEnd::Shutdown),
            Command::End => self.end(ConferenceEnd::EndedByHost),
            // keys become other commands before they come here
            Command::Keypad(_) => {}
        }
        Ok(())
    }

    /// Guests may do what concerns their own line only.
    fn may(&self, by: &Actor, command: &Command) -> bool {
        let Actor::Leg(actor) = by else { return true };
        let host = self
            .people
            .get(*actor)
            .is_some_and(|person| person.is_host());
        host || match command {
            Command::SetMute { leg, .. } | Command::LowerHand(leg) => leg == actor,
            _ => false,
        }
    }

    fn rename(&mut self, leg: LegId, name: String) -> Result<(), CommandRefusal> {
        let person = self.people.get_mut(leg).ok_or(CommandRefusal::NoSuchLeg)?;
        if person.name != name {
            person.name.clone_from(&name);
            self.emit(Fact::Renamed { leg, name });
        }
        Ok(())
    }
}
