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
use crate::prompt::{Clip, Prompt};
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
        if person.proving.is_some() {
            return Voice::NONE;
        }
        if !self.begun {
            return self.waiting_voice();
        }
        Voice {
            speak: self.mute_state(person) == MuteState::Open,
            hear: Hear::Room,
        }
    }

    /// Of everybody who waits, in the room or at the door.
    pub(super) fn waiting_voice(&self) -> Voice {
        Voice {
            speak: false,
            hear: if self.settings.hold_music {
                Hear::Music
            } else {
                Hear::Nothing
            },
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
            if voice.speak && !told.speak {
                self.judge_anew(leg);
            }
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
        let person = self.people.inside(leg).ok_or(CommandRefusal::NoSuchLeg)?;
        let state = self.mute_state(person);
        if state == MuteState::MutedByHost && !muted {
            return Err(CommandRefusal::MutedByHost);
        }
        if (state == MuteState::Open) != muted {
            return Ok(());
        }
        let own = *by == Actor::Leg(leg);
        if let Some(person) = self.people.get_mut(leg) {
            person.muted = muted;
            person.muted_by_host = muted && !own;
            person.lifted = !muted;
        }
        self.settle();
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

    pub(super) fn any_guest_is_heard(&self) -> bool {
        self.people.iter().any(|person| self.is_heard_guest(person))
    }

    fn is_heard_guest(&self, person: &Person) -> bool {
        !person.is_host() && person.is_inside() && self.mute_state(person) == MuteState::Open
    }

    /// Mutes every guest who can be heard; each may unmute unless the mode forbids it.
    pub(super) fn mute_all(&mut self) {
        for leg in self.people.legs_where(|person| self.is_heard_guest(person)) {
            if let Some(person) = self.people.get_mut(leg) {
                person.muted = true;
                person.muted_by_host = true;
                person.lifted = false;
            }
        }
        self.settle();
        // there nobody can unmute, and who would speak raises a hand
        let told = match self.lecture {
            LectureMode::Strict => Prompt::LectureStrict,
            LectureMode::Open | LectureMode::Relaxed => Prompt::AllMuted,
        };
        self.tell_room(vec![Clip::Prompt(told)]);
    }

    /// Opens the line of every guest who was muted by somebody else. Who pressed the key for it is
    /// not put on the air, but told that the line is still muted.
    pub(super) fn open_all(&mut self) -> Result<(), CommandRefusal> {
        if self.lecture == LectureMode::Strict {
            return Err(CommandRefusal::LectureHolds);
        }
        let guests = self.people.iter_mut().filter(|person| !person.is_host());
        for person in guests {
            person.lifted = true;
            if person.muted_by_host {
                person.muted = false;
                person.muted_by_host = false;
            }
        }
        self.settle();
        self.tell_room(vec![Clip::Prompt(Prompt::AllOpened)]);
        self.remind_the_muted();
        Ok(())
    }

    /// After everybody was told that all lines are open: tells whom that does not hold for.
    pub(super) fn remind_the_muted(&mut self) {
        if !self.begun {
            return;
        }
        let muted = |person: &Person| {
            let guest = !person.is_host() && person.is_inside();
            guest && self.mute_state(person) == MuteState::Muted
        };
        for leg in self.people.legs_where(muted) {
            self.say(leg, &[Prompt::YouAreMuted]);
        }
    }
}
