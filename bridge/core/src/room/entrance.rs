//! Coming in: what holds for who enters, how the conference begins, and what is told of it.
//!
//! Who is let in at all is decided at the door.

use crate::effect::Voice;
use crate::event::{ConferenceEnd, Fact, Role};
use crate::ids::{DialId, LegId};
use crate::prompt::{Clip, Prompt};
use crate::settings::Announce;
use crate::snapshot::MuteState;
use crate::time::Time;

use super::people::Person;
use super::speech::Kind;
use super::{Joining, Room};

/// How somebody comes in.
#[derive(Debug)]
pub(super) struct Entrance {
    /// what its line was last set to
    pub told: Voice,
    /// was let in at the door
    pub let_in: bool,
    /// came to the door
    pub since: Time,
    pub dialled: Option<(DialId, Option<LegId>)>,
}

impl Room {
    pub(super) fn enter(&mut self, joining: Joining, how: Entrance) {
        let (leg, role) = (joining.leg, joining.role);
        let host = role == Role::Host;
        self.why_ended = ConferenceEnd::NobodyLeft;
        let billing_code = joining.billing_code.clone().filter(|_| host);
        if host && joining.code && self.settings.security_code && !self.code_set {
            self.set_code();
        }
        let warn_at = self.cut_warning(joining.answered);
        let mut person = Person::new(joining, self.now, how.told);
        person.muted = !host && self.settings.join_muted;
        person.muted_by_host = person.muted;
        person.dialled = how.dialled;
        person.warn_at = warn_at;
        person.remind_at = self.first_reminder();
        let must_prove = self.must_prove(&person);
        self.people.push(person);
        self.emit(Fact::LegJoined { leg, role });
        self.set_denoised(leg, self.settings.suppress_noise);
        // who must still key the code has it when they are in
        if !must_prove && how.dialled.is_none() {
            self.come_back(leg, how.since);
        }
        if let Some(code) = billing_code {
            self.bill(code);
        }
        if self.begun && must_prove {
            self.ask_codes();
        } else if self.begun {
            let words = how.let_in.then_some(Prompt::YouAreIn);
            self.come_in(leg, words.as_slice());
        } else if host || self.guests_may_begin() {
            self.begin();
        } else {
            self.settle();
            let back = self.welcome_back(leg);
            let words: Vec<Prompt> = back.into_iter().chain([Prompt::WaitingForHost]).collect();
            self.say(leg, &words);
        }
    }

    /// The conference begins; all who wait are let in together, but for the security code.
    fn begin(&mut self) {
        self.begun = true;
        self.ask_codes();
        let inside = self.people.legs_where(Person::is_inside);
        if let [only] = inside[..] {
            self.say(only, &[Prompt::YouAreFirst]);
        } else {
            self.tell_room(vec![Clip::Prompt(Prompt::ConferenceBegins)]);
        }
        for leg in inside {
            self.brief(leg, &[]);
        }
        if self.settings.record_at_start {
            self.start_recording();
        }
    }

    /// One more caller comes into the running conference, and hears these words first.
    pub(super) fn come_in(&mut self, leg: LegId, words: &[Prompt]) {
        self.settle();
        let mut clips = self.arrival(leg);
        if self.people.get(leg).is_some_and(Person::is_host) && self.ending.take().is_some() {
            clips.push(Clip::Prompt(Prompt::HostIsBack));
        }
        self.tell_room(clips);
        self.brief(leg, words);
    }

    /// What only who has come back is told; once.
    fn welcome_back(&mut self, leg: LegId) -> Option<Prompt> {
        let person = self.people.get_mut(leg)?;
        std::mem::take(&mut person.returned).then_some(Prompt::WelcomeBack)
    }

    /// Tells who has just come in what holds for it: its place in the queue, its mute, and that it
    /// is recorded; a host, who waits for a word.
    fn brief(&mut self, leg: LegId, words: &[Prompt]) {
        let back = self.welcome_back(leg);
        let Some(person) = self.people.get(leg) else {
            return;
        };
        let mute = self.mute_state(person);
        let lesson = if person.is_host() && mute == MuteState::Open {
            None
        } else if person.is_host() {
            Some(Prompt::YouAreMuted)
        } else {
            self.mute_briefing(mute)
        };
        let hand = self.hands.get(leg).filter(|_| back.is_some());
        let hand = hand.map(|hand| match hand.open {
            true => Prompt::YouMaySpeak,
            false => Prompt::HandRaised(hand.place),
        });
        let notice = self.recording.is_on().then_some(Prompt::BeingRecorded);
        let end = self.ends_soon().then_some(Prompt::HostLeftEndsSoon);
        let words = words.iter().copied();
        let told = words.chain(back).chain(hand).chain(lesson);
        let told = told.chain(end).chain(notice);
        let clips: Vec<Clip> = told.map(Clip::Prompt).collect();
        if !clips.is_empty() {
            let kind = if notice.is_some() {
                Kind::Notice
            } else {
                Kind::Plain
            };
            self.say_clips(leg, clips, kind);
        }
        if self.people.get(leg).is_some_and(Person::is_host) {
            self.tell_host_who_waits(leg);
            self.tell_hosts_of_hands();
            self.tell_hosts_of_faults();
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
