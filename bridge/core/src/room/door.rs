//! The door: who gets in, who is refused, and who waits there, having knocked or been called.

use std::time::Duration;

use confab_dtmf::layout::KeypadCommand;

use crate::command::CommandRefusal;
use crate::effect::{Effect, Voice};
use crate::event::{DialEnd, EndReason, Fact, Role};
use crate::ids::{DialId, LegId};
use crate::prompt::{Clip, Prompt};
use crate::refusal::Refusal;
use crate::time::Time;

use super::entrance::Entrance;
use super::leaving::Leaving;
use super::speech::Kind;
use super::{Joining, Room, Stage};

/// The lock and those who knock.
#[derive(Debug, Default)]
pub(super) struct Door {
    pub locked: bool,
    /// in the order in which they came
    pub knocks: Vec<Knocker>,
    hosts_told: Option<Time>,
}

/// Why somebody is at the door.
#[derive(Debug)]
pub(super) enum Wish {
    /// Found the room locked.
    Knocks,
    /// Was called from the room, by the key of `by` or from a page.
    Dialled { dial: DialId, by: Option<LegId> },
}

/// A caller who waits to be let in.
#[derive(Debug)]
pub(super) struct Knocker {
    pub joining: Joining,
    pub since: Time,
    pub wish: Wish,
    /// is to be reminded at this time that it waits
    pub remind_at: Option<Time>,
    /// a host has been told
    pub told: bool,
}

impl Knocker {
    pub fn new(joining: Joining, since: Time, wish: Wish) -> Self {
        Self {
            joining,
            since,
            wish,
            remind_at: None,
            told: false,
        }
    }

    pub fn is_dialled(&self) -> bool {
        matches!(self.wish, Wish::Dialled { .. })
    }
}

impl Door {
    pub fn is_empty(&self) -> bool {
        self.knocks.is_empty()
    }

    pub fn next_deadline(&self) -> Option<Time> {
        self.knocks.first().map(|knock| knock.since + KNOCK)
    }

    /// Whom a host means who lets somebody in without saying whom.
    pub fn first_for(&self, by: LegId) -> Option<&Knocker> {
        let rank = |knock: &Knocker| match knock.wish {
            Wish::Dialled { by: who, .. } if who == Some(by) => 0,
            Wish::Knocks => 1,
            Wish::Dialled { .. } => 2,
        };
        self.knocks.iter().min_by_key(|knock| rank(knock))
    }

    /// Hosts know that somebody waits.
    pub fn all_told(&mut self) {
        self.knocks.iter_mut().for_each(|knock| knock.told = true);
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
        if guest && !self.has_place_for(&joining) {
            return self.refuse(leg, None, Refusal::RoomFull);
        }
        if guest && self.door.locked {
            self.knock(joining);
        } else {
            let how = Entrance {
                told: Voice::NONE,
                let_in: false,
                since: self.now,
                dialled: None,
            };
            self.enter(joining, how);
        }
    }

    pub(super) fn knows(&self, leg: LegId) -> bool {
        self.people.get(leg).is_some()
            || self
                .door
                .knocks
                .iter()
                .any(|knock| knock.joining.leg == leg)
            || self.leaving.iter().any(|leaving| leaving.leg == leg)
    }

    /// Guests are counted against the limit; a host is never kept out of the own room by them.
    pub(super) fn is_full(&self) -> bool {
        self.people.len() >= self.settings.max_callers as usize
    }

    /// Whoever has a dead line in the room takes its place.
    fn has_place_for(&self, joining: &Joining) -> bool {
        let Joining {
            role, number, name, ..
        } = joining;
        !self.is_full() || self.dead_line_of(*role, number, name).is_some()
    }

    fn knock(&mut self, joining: Joining) {
        let leg = joining.leg;
        if self.door.knocks.len() >= KNOCKS_MAX {
            return self.refuse(leg, None, Refusal::RoomLocked);
        }
        self.emit(Fact::LegKnocked { leg });
        self.wait_at_the_door(Knocker::new(joining, self.now, Wish::Knocks));
        self.say(leg, &[Prompt::RoomIsLocked, self.who_knows_of_knocks()]);
        self.tell_hosts_of_knocks();
    }

    pub(super) fn wait_at_the_door(&mut self, mut knock: Knocker) {
        let leg = knock.joining.leg;
        let voice = self.waiting_voice();
        if voice != Voice::NONE {
            self.effects.push(Effect::SetVoice { leg, voice });
        }
        knock.remind_at = self.first_reminder();
        self.door.knocks.push(knock);
    }

    /// What somebody who knocks may be told to hope for.
    pub(super) fn who_knows_of_knocks(&self) -> Prompt {
        if self.people.has_host() {
            Prompt::HostWasTold
        } else {
            Prompt::WaitingForHost
        }
    }

    /// Tells hosts of those whom nobody has told them of. Twenty who knock at once must not talk
    /// over the conference: once in a while, of all of them by the first.
    pub(super) fn tell_hosts_of_knocks(&mut self) {
        let lately = |at| self.now - at < KNOCKS_TOLD_EVERY;
        if self.door.hosts_told.is_some_and(lately) || !self.people.has_host() {
            return;
        }
        if let Some(clips) = self.knocks_in_words(|knock| !knock.told) {
            self.door.hosts_told = Some(self.now);
            self.door.all_told();
            self.tell_hosts(&clips);
        }
    }

    /// A host who comes hears of everybody who waits.
    pub(super) fn tell_host_who_waits(&mut self, host: LegId) {
        if let Some(clips) = self.knocks_in_words(|_| true) {
            self.door.all_told();
            self.say_clips(host, clips, Kind::Plain);
        }
    }

    fn knocks_in_words(&self, which: impl Fn(&Knocker) -> bool) -> Option<Vec<Clip>> {
        let first = self.door.knocks.iter().find(|knock| which(knock))?;
        let mut clips = if first.joining.spoken_name {
            vec![
                Clip::Name(first.joining.leg),
                Clip::Prompt(Prompt::IsAtTheDoor),
            ]
        } else {
            vec![Clip::Prompt(Prompt::SomebodyKnocks)]
        };
        clips.extend(self.hint(KeypadCommand::Admit).map(Clip::Prompt));
        Some(clips)
    }

    /// When hosts are to hear of those who could not be told before.
    pub(super) fn knocks_told_deadline(&self) -> Option<Time> {
        let untold = self.door.knocks.iter().any(|knock| !knock.told);
        let told = self.door.hosts_told.filter(|_| untold)?;
        self.people.has_host().then(|| told + KNOCKS_TOLD_EVERY)
    }

    /// Lets in somebody who waits at the door.
    pub(super) fn admit(&mut self, leg: LegId) -> Result<(), CommandRefusal> {
        let waits = |knock: &&Knocker| knock.joining.leg == leg;
        let Some(knock) = self.door.knocks.iter().find(waits) else {
            return Err(CommandRefusal::NoSuchLeg);
        };
        if !self.has_place_for(&knock.joining) {
            return Err(CommandRefusal::RoomFull);
        }
        if let Some(knock) = self.door.take(leg) {
            self.let_in(knock);
        }
        Ok(())
    }

    fn let_in(&mut self, knock: Knocker) {
        let leg = knock.joining.leg;
        self.effects.push(Effect::StopPlay { leg });
        let dialled = match knock.wish {
            Wish::Knocks => None,
            Wish::Dialled { dial, by } => Some((dial, by)),
        };
        let how = Entrance {
            told: self.waiting_voice(),
            let_in: true,
            since: knock.since,
            dialled,
        };
        self.enter(knock.joining, how);
    }

    pub(super) fn set_locked(&mut self, locked: bool) {
        if self.door.locked == locked {
            return;
        }
        self.door.locked = locked;
        self.emit(Fact::LockChanged(locked));
        if locked {
            return;
        }
        // who was called waits for a host's word, lock or no lock
        let (called, knocks): (Vec<_>, Vec<_>) = std::mem::take(&mut self.door.knocks)
            .into_iter()
            .partition(Knocker::is_dialled);
        self.door.knocks = called;
        for knock in knocks {
            if !self.has_place_for(&knock.joining) {
                let voice = self.waiting_voice();
                self.refuse(knock.joining.leg, Some(voice), Refusal::RoomFull);
            } else {
                self.let_in(knock);
            }
        }
    }

    /// Sends callers at the door away whom nobody has let in.
    pub(super) fn give_up_knocks(&mut self) {
        while self
            .door
            .next_deadline()
            .is_some_and(|deadline| deadline <= self.now)
        {
            let knock = self.door.knocks.remove(0);
            self.turn_away(knock, DialEnd::NotLetIn);
        }
    }

    pub(super) fn refuse_knocks(&mut self) {
        for knock in std::mem::take(&mut self.door.knocks) {
            self.turn_away(knock, DialEnd::Dropped);
        }
    }

    /// Sends somebody away from the door; `end` is how it ended for one who was called.
    pub(super) fn turn_away(&mut self, knock: Knocker, end: DialEnd) {
        let leg = knock.joining.leg;
        let voice = self.waiting_voice();
        let Wish::Dialled { dial, by } = knock.wish else {
            return self.refuse(leg, Some(voice), Refusal::RoomLocked);
        };
        self.dial_ended(dial, &knock.joining.number, by, end);
        self.effects.push(Effect::StopPlay { leg });
        let words = if self.people.is_empty() {
            [Prompt::ConferenceEnded, Prompt::Goodbye].as_slice()
        } else {
            &[Prompt::Goodbye]
        };
        self.see_out(leg, voice, words, EndReason::NotLetIn);
        self.leaving.push(Leaving {
            leg,
            was_inside: false,
            reason: EndReason::NotLetIn,
        });
    }

    /// Sends a caller away in words; `told` is what the line was set to, if it was.
    fn refuse(&mut self, leg: LegId, told: Option<Voice>, refusal: Refusal) {
        self.emit(Fact::LegRefused { leg, refusal });
        if told.is_some() {
            self.effects.push(Effect::StopPlay { leg });
        }
        let words = [refusal.prompt(), Prompt::Goodbye];
        let told = told.unwrap_or(Voice::NONE);
        self.see_out(leg, told, &words, EndReason::Refused(refusal));
        self.leaving.push(Leaving {
            leg,
            was_inside: false,
            reason: EndReason::Refused(refusal),
        });
    }
}

/// A caller may knock for this long.
pub(super) const KNOCK: Duration = Duration::from_secs(60);

/// Callers who may knock at once; those after them are refused without.
const KNOCKS_MAX: usize = 20;

/// Hosts hear of those who knock no more often than this.
const KNOCKS_TOLD_EVERY: Duration = Duration::from_secs(10);
