//! What comes by itself as time passes, apart from the end after the host: a reminder to those who
//! wait in silence, the question to a caller who is alone, the warning before a carrier cuts.

use std::time::Duration;

use crate::event::ConferenceEnd;
use crate::ids::LegId;
use crate::prompt::{Clip, Prompt};
use crate::time::Time;

use super::Room;
use super::door::Wish;
use super::people::Person;
use super::speech::Kind;

/// Somebody is the only caller.
#[derive(Clone, Copy, Debug)]
pub(super) struct Alone {
    pub leg: LegId,
    ask_at: Time,
    /// the question was put; the conference ends at this time
    pub ends_at: Option<Time>,
}

impl Room {
    /// Begins, or ceases, to watch over a caller who is alone; asked after every input.
    pub(super) fn watch_the_lonely(&mut self) {
        let mut inside = self.people.iter().filter(|person| person.proving.is_none());
        let only = match (inside.next(), inside.next()) {
            (Some(person), None) => Some(person.leg),
            _ => None,
        };
        if self.settings.alone_limit.is_zero() || only != self.alone.map(|alone| alone.leg) {
            self.alone = None;
        }
        if let (None, Some(leg)) = (
            self.alone,
            only.filter(|_| !self.settings.alone_limit.is_zero()),
        ) {
            self.alone = Some(Alone {
                leg,
                ask_at: self.now + self.settings.alone_limit,
                ends_at: None,
            });
        }
    }

    /// Any key says that somebody is there. Whether it was the answer to the question.
    pub(super) fn shows_life(&mut self, leg: LegId) -> bool {
        let ask_at = self.now + self.settings.alone_limit;
        let Some(alone) = self.alone.as_mut().filter(|alone| alone.leg == leg) else {
            return false;
        };
        alone.ask_at = ask_at;
        alone.ends_at.take().is_some()
    }

    fn ask_the_lonely(&mut self) {
        let now = self.now;
        let Some(alone) = &mut self.alone else { return };
        if alone.ends_at.is_some_and(|ends_at| ends_at <= now) {
            return self.end(ConferenceEnd::Alone);
        }
        if alone.ends_at.is_none() && alone.ask_at <= now {
            alone.ends_at = Some(now + ANSWER);
            let leg = alone.leg;
            let ask = Clip::Prompt(Prompt::StillAlone);
            self.say_clips(leg, vec![ask], Kind::List);
        }
    }

    /// When a call of this person is to be warned that it may be cut.
    pub(super) fn cut_warning(&self, answered: Time) -> Option<Time> {
        let limit = self.settings.carrier_limit;
        (!limit.is_zero()).then(|| answered + limit.saturating_sub(CUT_WARNING))
    }

    fn warn_of_the_cut(&mut self) {
        let now = self.now;
        let due = |person: &Person| person.warn_at.is_some_and(|at| at <= now);
        for leg in self
            .people
            .legs_where(|person| due(person) && person.proving.is_none())
        {
            if let Some(person) = self.people.get_mut(leg) {
                person.warn_at = None;
            }
            self.say(leg, &[Prompt::CallMayBeCut]);
        }
    }

    /// When somebody who begins to wait now is to be reminded; never while there is music.
    pub(super) fn first_reminder(&self) -> Option<Time> {
        (!self.settings.hold_music).then(|| self.now + REMINDER)
    }

    fn remind(&mut self) {
        let now = self.now;
        let next = now + REMINDER;
        let knows = self.who_knows_of_knocks();
        let mut due: Vec<(LegId, Prompt)> = Vec::new();
        if !self.begun {
            for person in self.people.iter_mut() {
                if let Some(at) = person.remind_at.as_mut().filter(|at| **at <= now) {
                    *at = next;
                    due.push((person.leg, Prompt::WaitingForHost));
                }
            }
        }
        for knock in &mut self.door.knocks {
            if let Some(at) = knock.remind_at.as_mut().filter(|at| **at <= now) {
                *at = next;
                let words = match knock.wish {
                    Wish::Knocks => knows,
                    Wish::Dialled { .. } => Prompt::JoiningConference,
                };
                due.push((knock.joining.leg, words));
            }
        }
        for (leg, words) in due {
            self.say(leg, &[words]);
        }
    }

    pub(super) fn patience_deadline(&self) -> Option<Time> {
        let alone = self
            .alone
            .map(|alone| alone.ends_at.unwrap_or(alone.ask_at));
        let people = self.people.iter().flat_map(|person| {
            let warn_at = person.warn_at.filter(|_| person.proving.is_none());
            let remind_at = person.remind_at.filter(|_| !self.begun);
            [warn_at, remind_at, person.proving].into_iter().flatten()
        });
        let knocks = self.door.knocks.iter().filter_map(|knock| knock.remind_at);
        alone.into_iter().chain(people).chain(knocks).min()
    }

    pub(super) fn time_passes(&mut self) {
        self.remind();
        self.tell_hosts_of_knocks();
        self.tell_hosts_of_hands();
        self.tell_hosts_of_faults();
        self.warn_of_the_cut();
        self.ask_the_lonely();
    }
}

/// Who waits in silence is told so this often.
const REMINDER: Duration = Duration::from_secs(30);

/// Who was asked whether they are still there has this long to press a key.
const ANSWER: Duration = Duration::from_secs(60);

/// How long before the cut it is told.
const CUT_WARNING: Duration = Duration::from_secs(600);
