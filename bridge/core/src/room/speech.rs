//! What is said to whom: prompts to one leg and to the room, and what is still queued for a leg.
//!
//! Knows the words by name only; when they are said is decided where the thing happens.

use std::time::Duration;

use confab_dtmf::layout::KeypadCommand;

use crate::effect::{Audience, Effect, Hear};
use crate::event::Fact;
use crate::ids::{LegId, PlayId};
use crate::prompt::{Clip, Prompt};
use crate::time::Time;

use super::Room;
use super::people::Person;

/// What is asked of one playback.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Said, and that is all.
    Plain,
    /// Any key stops it.
    List,
    /// Contains the notice of the recording: must be heard, and is a fact when it has been.
    Notice,
}

/// Playbacks queued for one leg that have not been heard to their end.
#[derive(Debug, Default)]
pub(super) struct Queue {
    plays: Vec<(PlayId, Kind)>,
    list_stopped: Option<Time>,
}

impl Queue {
    pub fn is_empty(&self) -> bool {
        self.plays.is_empty()
    }

    /// Whatever is completed by the key just pressed need not mean anything.
    pub fn ignore_key(&mut self, now: Time) {
        self.list_stopped = Some(now);
    }

    /// The key that stopped a list has been understood as something else.
    pub fn forget_stopped_list(&mut self) {
        self.list_stopped = None;
    }

    fn has(&self, kind: Kind) -> bool {
        self.plays.iter().any(|&(_, queued)| queued == kind)
    }
}

impl Room {
    /// Says prompts to one leg.
    pub(super) fn say(&mut self, leg: LegId, prompts: &[Prompt]) {
        self.say_clips(
            leg,
            prompts.iter().copied().map(Clip::Prompt).collect(),
            Kind::Plain,
        );
    }

    /// Plays clips to one leg. Somebody who keys faster than Confab speaks hears the newest answer
    /// and not all of them.
    pub(super) fn say_clips(&mut self, leg: LegId, clips: Vec<Clip>, kind: Kind) {
        if self
            .people
            .get(leg)
            .is_some_and(|person| person.queue.plays.len() >= QUEUE_MAX)
        {
            self.stop_saying(leg);
        }
        let play = self.play(Audience::Leg(leg), clips);
        if let Some(person) = self.people.get_mut(leg) {
            person.queue.plays.push((play, kind));
        }
    }

    /// Plays clips to everybody who hears the room, and so to the recording.
    pub(super) fn tell_room(&mut self, clips: Vec<Clip>) {
        let hears = |person: &Person| person.told.hear == Hear::Room;
        if self.begun && self.people.iter().any(hears) && !clips.is_empty() {
            self.play(Audience::Room, clips);
        }
    }

    /// Says something to every host.
    pub(super) fn tell_hosts(&mut self, clips: &[Clip]) {
        for leg in self.people.legs_where(Person::is_host) {
            self.say_clips(leg, clips.to_vec(), Kind::Plain);
        }
    }

    /// What can be done about something, when the layout has keys for it.
    pub(super) fn hint(&self, command: KeypadCommand) -> Option<Prompt> {
        let has_key = self.settings.layout.keys_of(command).is_some();
        has_key.then_some(Prompt::MenuLine(command))
    }

    /// Somebody tries codes at the door: hosts are told once in a while.
    pub(super) fn tell_of_guessing(&mut self) {
        let lately = |at| self.now - at < GUESSING_TOLD_EVERY;
        if self.guessing_told.is_some_and(lately) || !self.people.has_host() {
            return;
        }
        self.guessing_told = Some(self.now);
        self.emit(Fact::GuessingTold);
        self.tell_hosts(&[Clip::Prompt(Prompt::SomebodyGuesses)]);
    }

    /// A key stops a list, and says that somebody is there; a key that does so need not mean
    /// anything.
    pub(super) fn key_pressed(&mut self, leg: LegId) {
        let now = self.now;
        let answers = self.shows_life(leg);
        self.stop_list(leg);
        if answers {
            if let Some(person) = self.people.get_mut(leg) {
                person.queue.ignore_key(now);
            }
            self.tell_it_goes_on(leg);
        }
    }

    /// To a caller who is alone and of whom it is known that somebody is there.
    pub(super) fn tell_it_goes_on(&mut self, leg: LegId) {
        let told = if self.begun {
            Prompt::ConferenceGoesOn
        } else {
            Prompt::WaitingForHost
        };
        self.say(leg, &[told]);
    }

    fn stop_list(&mut self, leg: LegId) {
        let now = self.now;
        let Some(person) = self.people.get_mut(leg) else {
            return;
        };
        if person.queue.has(Kind::List) {
            person.queue.list_stopped = Some(now);
            self.stop_saying(leg);
        }
    }

    /// Whether a meaningless key of this leg only stopped a list; asked once, forgotten then.
    pub(super) fn only_stopped_a_list(&mut self, leg: LegId) -> bool {
        let now = self.now;
        let stopped = self
            .people
            .get_mut(leg)
            .and_then(|person| person.queue.list_stopped.take());
        stopped.is_some_and(|at| now - at <= STOPPING_KEY)
    }

    pub(super) fn played(&mut self, leg: LegId, play: PlayId) {
        let Some(person) = self.people.get_mut(leg) else {
            return;
        };
        let Some(index) = person
            .queue
            .plays
            .iter()
            .position(|&(queued, _)| queued == play)
        else {
            return;
        };
        let (_, kind) = person.queue.plays.remove(index);
        if kind == Kind::Notice {
            self.emit(Fact::RecordingNotice { leg });
        }
    }

    /// Forgets what is queued for a leg that is to hear something else altogether.
    pub(super) fn be_quiet(&mut self, leg: LegId) {
        let Some(person) = self.people.get_mut(leg) else {
            return;
        };
        if !person.queue.is_empty() {
            person.queue.plays.clear();
            self.effects.push(Effect::StopPlay { leg });
        }
    }

    /// Forgets what is queued for a leg, except that it is being recorded.
    fn stop_saying(&mut self, leg: LegId) {
        let Some(person) = self.people.get_mut(leg) else {
            return;
        };
        let notice = person.queue.has(Kind::Notice);
        person.queue.plays.clear();
        self.effects.push(Effect::StopPlay { leg });
        if notice {
            self.say_clips(leg, vec![Clip::Prompt(Prompt::BeingRecorded)], Kind::Notice);
        }
    }

    fn play(&mut self, to: Audience, clips: Vec<Clip>) -> PlayId {
        self.next_play += 1;
        let play = PlayId(self.next_play);
        self.effects.push(Effect::Play { to, play, clips });
        play
    }
}

/// Hosts hear of somebody's guessing no more often than this.
const GUESSING_TOLD_EVERY: Duration = Duration::from_secs(60);

/// Playbacks that may wait for one leg. With one more, those before it are forgotten.
const QUEUE_MAX: usize = 4;

/// A key that stopped a list is told to be no command only after this time, in which the keypad
/// waits for a second key.
const STOPPING_KEY: Duration = Duration::from_secs(5);
