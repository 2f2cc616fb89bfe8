//! Who may speak: computed from role, mode, own mute and hand whenever it is asked.
//!
//! | | host | guest |
//! |---|---|---|
//! | open | own mute | own mute |
//! | relaxed lecture | own mute | muted until it unmutes itself, or its hand is open |
//! | strict lecture | own mute | muted by the host, unless its hand is open; then own mute |
//!
//! A mute by a host for one line is that line's own mute: `*2` takes it back. Only strict lecture
//! mode forbids `*2`, and a hand can always be raised, so nobody is muted without a way back.

use crate::command::{Actor, CommandRefusal, LectureMode};
use crate::effect::{Effect, Hear, Voice};
use crate::event::{Fact, Role};
use crate::ids::LegId;
use crate::prompt::Prompt;
use crate::snapshot::MuteState;

use super::Room;
use super::people::Person;

impl Room {
    pub(super) fn mute_state(&self, person: &Person) -> MuteState {
        let hand_open = self.hands.is_open(person.leg);
        let own = if person.muted {
            MuteState::Muted
        } else {
            MuteState::Open
        };
        match (person.role, self.lecture) {
            (Role::Host, _) | (Role::Guest, LectureMode::Open) => own,
            (Role::Guest, LectureMode::Relaxed) if person.lifted || hand_open => own,
            (Role::Guest, LectureMode::Relaxed) => MuteState::Muted,
            (Role::Guest, LectureMode::Strict) if hand_open => own,
            (Role::Guest, LectureMode::Strict) => MuteState::MutedByHost,
        }
    }

    fn voice_of(&self, person: &Person) -> Voice {
        if !self.begun {
            return Voice {
                speak: false,
                hear: Hear::Music,
            };
        }
        Voice {
            speak: self.mute_state(person) == MuteState::Open,
            hear: Hear::Room,
        }
    }

    /// Sets every line in the room that is not as it should be.
    pub(super) fn settle(&mut self) {
        let voices: Vec<(LegId, Voice, Voice)> = self
            .people
            .iter()
            .map(|person| (person.leg, person.told, self.voice_of(person)))
            .filter(|(_, told, voice)| told != voice)
            .collect();
        for (leg, told, voice) in voices {
            if let Some(person) = self.people.get_mut(leg) {
                person.told = voice;
            }
            self.effects.push(Effect::SetVoice { leg, voice });
            // Who comes in can be heard unless told otherwise.
            let spoke = told.hear != Hear::Room || told.speak;
            if voice.hear == Hear::Room && spoke != voice.speak {
                self.emit(Fact::MuteChanged {
                    leg,
                    muted: !voice.speak,
                });
            }
        }
    }

    /// Mutes or unmutes one line.
    pub(super) fn set_mute(
        &mut self,
        by: &Actor,
        leg: LegId,
        muted: bool,
    ) -> Result<(), CommandRefusal> {
        let person = self.people.get(leg).ok_or(CommandRefusal::NoSuchLeg)?;
        let state = self.mute_state(person);
        if state == MuteState::MutedByHost && !muted {
            return Err(CommandRefusal::MutedByHost);
        }
        if (state == MuteState::Open) != muted {
            return Ok(());
        }
        if let Some(person) = self.people.get_mut(leg) {
            person.muted = muted;
            person.lifted = !muted;
        }
        self.settle();
        let own = *by == Actor::Leg(leg);
        self.say(
            leg,
            &[match (own, muted) {
                (true, true) => Prompt::YouAreMuted,
                (true, false) => Prompt::YouAreUnmuted,
                (false, true) => Prompt::HostMutedYou,
                (false, false) => Prompt::HostOpenedYou,
            }],
        );
        Ok(())
    }

    /// Mutes every guest who can be heard; each may unmute unless the mode forbids it.
    pub(super) fn mute_all(&mut self, by: &Actor) {
        let heard = self
            .people
            .legs_where(|person| !person.is_host() && self.mute_state(person) == MuteState::Open);
        for leg in heard {
            self.set_mute(by, leg, true)
                .expect("the leg is in the room, and muting is never refused");
        }
    }
}
