//! The door: who gets in, who is refused, who knocks at the locked room, and how the conference
//! begins.

use std::time::Duration;

use crate::effect::{Effect, Hear, Voice};
use crate::event::{ConferenceEnd, EndReason, Fact, Role};
use crate::ids::LegId;
use crate::prompt::{Clip, Prompt};
use crate::refusal::Refusal;
use crate::settings::Announce;
use crate::time::Time;

use super::leaving::Leaving;
use super::people::{Person, SILENT};
use super::speech::Kind;
use super::{Joining, Room, Stage};

/// The lock and those who knock.
#[derive(Debug, Default)]
pub(super) struct Door {
    pub locked: bool,
    pub knocks: Vec<Knocker>,
}

/// A caller who found the room locked and waits to be let in.
#[derive(Debug)]
pub(super) struct Knocker {
    pub joining: Joining,
    pub since: Time,
}

impl Door {
    pub fn is_empty(&self) -> bool {
        self.knocks.is_empty()
    }

    pub fn next_deadline(&self) -> Option<Time> {
        self.knocks.first().map(|knock| knock.since + KNOCK)
    }

    pub fn take(&mut self, leg: LegId) -> Option<Knocker> {
        let index = self
            .knocks
            .iter()
            .position(|knock| knock.joining.leg == leg)?;
        Some(self.knocks.remove(index))
    }
}

impl Room {
    pub(super) fn join(&mut self, joining: Joining) {
        let leg = joining.leg;
        if self.knows(leg) {
            return;
        }
        match self.stage {
            Stage::Closed => {
                let reason = EndReason::ConferenceEnded;
                return self.effects.push(Effect::Hangup { leg, reason });
            }
            Stage::Empty => {
                self.stage = Stage::Running;
                self.since = self.now;
                self.emit(Fact::ConferenceStarted);
            }
            Stage::Running => {}
        }
        let guest = joining.role == Role::Guest;
        if guest && self.is_full() {
            self.refuse(leg, SILENT, Refusal::RoomFull);
        } else if guest && self.door.locked {
            self.knock(joining);
        } else {
            self.enter(joining, SILENT);
        }
    }

    fn knows(&self, leg: LegId) -> bool {
        self.people.get(leg).is_some()
            || self
                .door
                .knocks
                .iter()
                .any(|knock| knock.joining.leg == leg)
            || self.leaving.iter().any(|leaving| leaving.leg == leg)
    }

    /// Guests are counted against the limit; a host is never kept out of the own room by them.
    fn is_full(&self) -> bool {
        self.people.len() >= self.settings.max_callers as usize
    }

    fn knock(&mut self, joining: Joining) {
        let leg = joining.leg;
        if self.door.knocks.len() >= KNOCKS_MAX {
            return self.refuse(leg, SILENT, Refusal::RoomLocked);
        }
        self.door.knocks.push(Knocker {
            joining,
            since: self.now,
        });
        self.emit(Fact::LegKnocked { leg });
        self.effects.push(Effect::SetVoice {
            leg,
            voice: KNOCKING,
        });
        self.say(leg, &[Prompt::RoomIsLocked, Prompt::HostWasTold]);
    }

    /// Lets a knocking caller in; false when nobody of that name knocks.
    pub(super) fn admit(&mut self, leg: LegId) -> bool {
        let Some(knock) = self.door.take(leg) else {
            return false;
        };
        if self.is_full() {
            self.refuse(leg, KNOCKING, Refusal::RoomFull);
        } else {
            self.effects.push(Effect::StopPlay { leg });
            self.enter(knock.joining, KNOCKING);
        }
        true
    }

    pub(super) fn set_locked(&mut self, locked: bool) {
        if self.door.locked == locked {
            return;
        }
        self.door.locked = locked;
        self.emit(Fact::LockChanged(locked));
        if !locked {
            while let Some(knock) = self.door.knocks.first() {
                let leg = knock.joining.leg;
                self.admit(leg);
            }
        }
    }

    /// Sends knocking callers away whom nobody has let in.
    pub(super) fn give_up_knocks(&mut self) {
        while self
            .door
            .next_deadline()
            .is_some_and(|deadline| deadline <= self.now)
        {
            let knock = self.door.knocks.remove(0);
            self.refuse(knock.joining.leg, KNOCKING, Refusal::RoomLocked);
        }
    }

    pub(super) fn refuse_knocks(&mut self) {
        for knock in std::mem::take(&mut self.door.knocks) {
            self.refuse(knock.joining.leg, KNOCKING, Refusal::RoomLocked);
        }
    }

    /// Sends a caller away in words.
    pub(super) fn refuse(&mut self, leg: LegId, told: Voice, refusal: Refusal) {
        self.emit(Fact::LegRefused { leg, refusal });
        if told != SILENT {
            self.effects.push(Effect::StopPlay { leg });
        }
        let words = [refusal.prompt(), Prompt::Goodbye];
        self.see_out(leg, told, &words, EndReason::Refused(refusal));
        self.leaving.push(Leaving {
            leg,
            was_inside: false,
        });
    }

    fn enter(&mut self, joining: Joining, told: Voice) {
        let (leg, role) = (joining.leg, joining.role);
        let host = role == Role::Host;
        self.why_ended = ConferenceEnd::NobodyLeft;
        let chosen = joining.billing_code.clone().filter(|_| host);
        let muted = !host && self.settings.join_muted;
        self.people
            .push(Person::new(joining, self.now, muted, told));
        self.emit(Fact::LegJoined { leg, role });
        if let Some(code) = chosen {
            self.bill(code);
        }
        if self.begun {
            self.come_in(leg);
        } else if host || self.settings.guests_may_start {
            self.begin(leg);
        } else {
            self.settle();
            self.say(leg, &[Prompt::WaitingForHost]);
        }
    }

    /// The conference begins with this leg; all who wait are let in together.
    fn begin(&mut self, leg: LegId) {
        self.begun = true;
        self.settle();
        if self.people.len() == 1 {
            self.say(leg, &[Prompt::YouAreFirst]);
        } else {
            self.tell_room(vec![Clip::Prompt(Prompt::ConferenceBegins)]);
        }
        for leg in self.people.legs_where(|_| true) {
            self.brief(leg);
        }
        if self.settings.record_at_start {
            self.start_recording();
        }
    }

    /// One more caller comes into the running conference.
    fn come_in(&mut self, leg: LegId) {
        self.settle();
        let mut clips = self.arrival(leg);
        if self.people.get(leg).is_some_and(Person::is_host) && self.ending.take().is_some() {
            clips.push(Clip::Prompt(Prompt::HostIsBack));
        }
        self.tell_room(clips);
        self.brief(leg);
    }

    /// Tells who has just come in what holds for it: its mute, and that it is recorded.
    fn brief(&mut self, leg: LegId) {
        let Some(person) = self.people.get(leg) else {
            return;
        };
        let mute = self.mute_state(person);
        let lesson = if person.is_host() {
            None
        } else {
            self.mute_briefing(mute)
        };
        let notice = self.recording.is_on().then_some(Prompt::BeingRecorded);
        let clips: Vec<Clip> = lesson.into_iter().chain(notice).map(Clip::Prompt).collect();
        if !clips.is_empty() {
            let kind = if notice.is_some() {
                Kind::Notice
            } else {
                Kind::Plain
            };
            self.say_clips(leg, clips, kind);
        }
    }

    fn arrival(&self, leg: LegId) -> Vec<Clip> {
        let Some(person) = self.people.get(leg) else {
            return Vec::new();
        };
        self.announcement(
            person,
            Clip::ChimeIn,
            Prompt::HasJoined,
            Prompt::CallerJoined,
        )
    }

    pub(super) fn departure(&self, person: &Person) -> Vec<Clip> {
        self.announcement(person, Clip::ChimeOut, Prompt::HasLeft, Prompt::CallerLeft)
    }

    fn announcement(
        &self,
        person: &Person,
        chime: Clip,
        named: Prompt,
        nameless: Prompt,
    ) -> Vec<Clip> {
        match self.settings.announce {
            _ if !self.chimes => Vec::new(),
            // A host has switched them on in a room that has none.
            Announce::Chime | Announce::Nothing => vec![chime],
            Announce::Name if person.spoken_name => {
                vec![Clip::Name(person.leg), Clip::Prompt(named)]
            }
            Announce::Name => vec![Clip::Prompt(nameless)],
        }
    }

    /// Notes the billing code of the conference.
    pub(super) fn bill(&mut self, code: String) {
        self.billing_chosen = true;
        if self.billing_code.as_ref() != Some(&code) {
            self.billing_code = Some(code.clone());
            self.emit(Fact::BillingCode(code));
        }
    }
}

/// A caller may knock for this long.
const KNOCK: Duration = Duration::from_secs(60);

/// Callers who may knock at once; those after them are refused without.
const KNOCKS_MAX: usize = 20;

pub(super) const KNOCKING: Voice = Voice {
    speak: false,
    hear: Hear::Music,
};
