//! The way out: callers who hang up, are dropped or are sent away, and what their going means for
//! those who stay.

use crate::command::CommandRefusal;
use crate::effect::{Effect, Voice};
use crate::event::{ConferenceEnd, DialEnd, EndReason, Fact};
use crate::ids::LegId;
use crate::prompt::{Clip, Prompt};
use crate::refusal::Refusal;

use super::door::Wish;
use super::hands::Hands;
use super::people::Person;
use super::{Room, Stage};

/// A leg that has been told goodbye and is being hung up.
#[derive(Debug)]
pub(super) struct Leaving {
    pub leg: LegId,
    /// it had been let in, so its leaving is a fact
    pub was_inside: bool,
    /// why it is being hung up
    pub reason: EndReason,
}

impl Room {
    pub(super) fn leave(&mut self, leg: LegId, reason: EndReason) {
        if let Some(person) = self.people.remove(leg) {
            self.emit(Fact::LegLeft { leg, reason });
            let hand = self.hands.take(leg);
            self.remember(&person, hand, reason);
            self.without(&person);
        } else if let Some(knock) = self.door.take(leg) {
            match knock.wish {
                Wish::Knocks => self.emit(Fact::LegRefused {
                    leg,
                    refusal: Refusal::RoomLocked,
                }),
                Wish::Dialled { dial, by } => {
                    let number = &knock.joining.number;
                    self.dial_ended(dial, number, by, DialEnd::HungUp);
                }
            }
        } else if self
            .take_leaving(leg)
            .is_some_and(|leaving| leaving.was_inside)
        {
            self.emit(Fact::LegLeft { leg, reason });
        }
    }

    fn take_leaving(&mut self, leg: LegId) -> Option<Leaving> {
        let index = self.leaving.iter().position(|leaving| leaving.leg == leg)?;
        Some(self.leaving.remove(index))
    }

    /// A host ends one call.
    pub(super) fn drop_leg(&mut self, leg: LegId) -> Result<(), CommandRefusal> {
        if let Some(knock) = self.door.take(leg) {
            self.turn_away(knock, DialEnd::Dropped);
            return Ok(());
        }
        let person = self.people.remove(leg).ok_or(CommandRefusal::NoSuchLeg)?;
        self.send_out(
            &person,
            &[Prompt::YouWereDropped, Prompt::Goodbye],
            EndReason::Dropped,
        );
        self.without(&person);
        Ok(())
    }

    /// Everybody is told that it is over, and let go.
    pub(super) fn end(&mut self, why: ConferenceEnd) {
        let reason = match why {
            ConferenceEnd::Shutdown => EndReason::Shutdown,
            _ => EndReason::ConferenceEnded,
        };
        for person in self.people.take_all() {
            self.send_out(&person, &[Prompt::ConferenceEnded, Prompt::Goodbye], reason);
        }
        self.why_ended = why;
        self.deserted();
    }

    pub(super) fn send_out(&mut self, person: &Person, words: &[Prompt], reason: EndReason) {
        let leg = person.leg;
        if !person.queue.is_empty() || person.proving.is_some() {
            self.effects.push(Effect::StopPlay { leg });
        }
        self.see_out(leg, person.told, words, reason);
        self.leaving.push(Leaving {
            leg,
            was_inside: true,
            reason,
        });
    }

    /// Takes a leg out of the sound, says the last words to it and hangs up.
    pub(super) fn see_out(&mut self, leg: LegId, told: Voice, words: &[Prompt], reason: EndReason) {
        if told != Voice::NONE {
            self.effects.push(Effect::SetVoice {
                leg,
                voice: Voice::NONE,
            });
        }
        if !words.is_empty() {
            self.say(leg, words);
        }
        self.effects.push(Effect::Hangup { leg, reason });
    }

    /// What follows from somebody's no longer being in the room.
    pub(super) fn without(&mut self, person: &Person) {
        self.hands.take(person.leg);
        if self.people.is_empty() {
            return self.deserted();
        }
        // who was still to prove that they may come in has not been announced either
        let mut clips = if person.is_inside() {
            self.departure(person)
        } else {
            Vec::new()
        };
        if self.begun && person.is_host() && !self.people.has_host() {
            clips.push(Clip::Prompt(self.last_host_left()));
        }
        self.tell_room(clips);
    }

    /// Nobody is in the room, and nobody is left at the door: the conference is over.
    fn deserted(&mut self) {
        self.stop_recording();
        self.refuse_knocks();
        self.hang_up_all_dials();
        self.absent.clear();
        self.ending = None;
        self.hands = Hands::default();
    }

    /// Everybody has left, or has nothing more to hear than the goodbye. Whoever comes while that
    /// is still being said comes into another conference.
    pub(super) fn close_when_empty(&mut self) {
        let empty = self.people.is_empty() && self.door.is_empty();
        if self.stage != Stage::Running || !empty {
            return;
        }
        self.stage = Stage::Closed;
        for Leaving {
            leg,
            was_inside,
            reason,
        } in std::mem::take(&mut self.leaving)
        {
            if was_inside {
                self.emit(Fact::LegLeft { leg, reason });
            }
        }
        self.emit(Fact::ConferenceEnded);
        self.effects.push(Effect::Close);
    }
}
