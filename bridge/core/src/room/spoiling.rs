//! The line that spoils it for all others: who is told of it, and how it is kept out.
//!
//! What is wrong with a line is found by whoever hears it, and comes as a fact. Hosts are told, and
//! mute the worst line by one key; or the room does it, as it is set. Such a mute is as any other
//! for one line: its owner hears why, and can take it back. Who does so means it, and is not muted
//! by the room again.
//!
//! Of a line that is noisy or hums the noise may be suppressed instead. Hosts are told of it all
//! the same, since it may be a noise that cannot be; but the room does not mute it for that.

use std::time::Duration;

use confab_dtmf::layout::KeypadCommand;

use crate::effect::Effect;
use crate::event::Fact;
use crate::fault::Fault;
use crate::ids::LegId;
use crate::prompt::{Clip, Prompt};
use crate::settings::BadLines;
use crate::snapshot::MuteState;
use crate::time::Time;

use super::Room;
use super::people::Person;
use super::speech::Kind;

/// When hosts were told.
#[derive(Debug, Default)]
pub(super) struct Spoiling {
    hosts_told: Option<Time>,
}

impl Room {
    /// The sound of a line has become bad, or good again.
    pub(super) fn fault_news(&mut self, leg: LegId, fault: Option<Fault>) {
        let isolates = self.settings.bad_lines == BadLines::Mute;
        let Some(person) = self.people.get_mut(leg) else {
            return;
        };
        if person.fault == fault {
            return;
        }
        person.fault = fault;
        person.fault_told = false;
        let suppressed = person.denoised && matches!(fault, Some(Fault::Noise | Fault::Hum));
        let mutes = isolates && !suppressed && !person.is_host() && !person.isolated;
        let muted_by_room = fault.is_some() && mutes;
        self.emit(Fact::FaultChanged { leg, fault });
        if muted_by_room && self.spoils(leg) {
            self.isolate(leg);
            self.tell_hosts(&[Clip::Prompt(Prompt::DisturbingLineMuted)]);
        }
        self.tell_hosts_of_faults();
    }

    /// Whether the steady noise of a line is suppressed from now on.
    pub(super) fn set_denoised(&mut self, leg: LegId, denoised: bool) {
        let Some(person) = self.people.get_mut(leg) else {
            return;
        };
        if person.denoised != denoised {
            person.denoised = denoised;
            self.effects.push(Effect::SetDenoised { leg, denoised });
            self.emit(Fact::DenoisedChanged { leg, denoised });
        }
    }

    /// A line is heard again: what was wrong with it may be mended, and is looked for anew.
    pub(super) fn judge_anew(&mut self, leg: LegId) {
        if self
            .people
            .get(leg)
            .is_some_and(|person| person.fault.is_some())
        {
            self.fault_news(leg, None);
        }
    }

    /// The key that mutes the line that disturbs most. Who pressed it hears whose it was, if that
    /// caller has said a name.
    pub(super) fn mute_worst(&mut self, by: LegId) {
        let heard = self.people.iter().filter(|person| self.is_bad(person));
        // Of two that are as bad as each other, the one who came first.
        let worst = heard.rev().max_by_key(|person| person.fault);
        let Some((leg, named)) = worst.map(|person| (person.leg, person.spoken_name)) else {
            return self.say(by, &[Prompt::NoLineDisturbs]);
        };
        self.isolate(leg);
        if leg == by {
            return;
        }
        let mut clips: Vec<Clip> = Vec::new();
        if named {
            clips.extend([Clip::Name(leg), Clip::Pause(NAME_GAP_MS)]);
        }
        clips.push(Clip::Prompt(Prompt::DisturbingLineMuted));
        self.say_clips(by, clips, Kind::Plain);
    }

    /// Some line can be muted by that key.
    pub(super) fn any_spoils(&self) -> bool {
        self.people.iter().any(|person| self.is_bad(person))
    }

    fn spoils(&self, leg: LegId) -> bool {
        self.people
            .get(leg)
            .is_some_and(|person| self.is_bad(person))
    }

    fn is_bad(&self, person: &Person) -> bool {
        let heard = || self.begun && self.mute_state(person) == MuteState::Open;
        person.fault.is_some() && person.is_inside() && heard()
    }

    fn isolate(&mut self, leg: LegId) {
        if let Some(person) = self.people.get_mut(leg) {
            person.muted = true;
            person.muted_by_host = true;
            person.lifted = false;
            person.isolated = true;
        }
        self.settle();
        let hint = self.hint(KeypadCommand::ToggleMute);
        let told: Vec<Prompt> = std::iter::once(Prompt::YourLineDisturbs)
            .chain(hint)
            .collect();
        self.say(leg, &told);
    }

    /// Tells hosts of lines they have not been told of, once in a while.
    pub(super) fn tell_hosts_of_faults(&mut self) {
        let lately = |at| self.now - at < FAULTS_TOLD_EVERY;
        let told = self.spoiling.hosts_told.is_some_and(lately);
        if told || !self.any_untold_fault() || !self.people.has_host() {
            return;
        }
        self.spoiling.hosts_told = Some(self.now);
        for person in self.people.iter_mut() {
            person.fault_told |= person.fault.is_some();
        }
        let hint = self.hint(KeypadCommand::MuteWorst);
        let told = std::iter::once(Prompt::LineDisturbs).chain(hint);
        let clips: Vec<Clip> = told.map(Clip::Prompt).collect();
        self.tell_hosts(&clips);
    }

    fn any_untold_fault(&self) -> bool {
        let mut people = self.people.iter();
        people.any(|person| !person.fault_told && self.is_bad(person))
    }

    /// When hosts are to hear of lines that could not be told before.
    pub(super) fn faults_told_deadline(&self) -> Option<Time> {
        let told = self.spoiling.hosts_told?;
        let due = self.any_untold_fault() && self.people.has_host();
        due.then(|| told + FAULTS_TOLD_EVERY)
    }
}

/// Hosts hear of bad lines no more often than this.
const FAULTS_TOLD_EVERY: Duration = Duration::from_secs(60);
/// Between a name and what is said of it.
const NAME_GAP_MS: u32 = 300;
