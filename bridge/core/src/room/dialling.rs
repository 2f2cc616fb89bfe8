//! Calling out: a host keys a number, it is called, who answers waits at the door, and is let in or
//! let go. Makes no call itself and knows no trunk.
//!
//! ```text
//! DialOut --> digits, pound --> calling --> ringing --> at the door --Admit--> in the room
//!               | star, silence   | busy, 45 s, Drop       | 60 s, Drop
//!               '-------------> over <---------------------'
//! ```
//!
//! Who asked by keypad hears each step; what was asked on a page is seen there.

use std::time::Duration;

use confab_dtmf::Key;
use confab_dtmf::digits::{Entered, Entry};

use crate::command::CommandRefusal;
use crate::effect::Effect;
use crate::event::{DialEnd, DialFailure, EndReason, Fact, Role};
use crate::ids::{DialId, DialNumber, LegId};
use crate::prompt::{Clip, Prompt};
use crate::snapshot::DialOver;
use crate::time::Time;

use super::door::{Knocker, Wish};
use super::leaving::Leaving;
use super::speech::Kind;
use super::{DialNews, Joining, Room, Stage};

/// A call that has not been answered.
#[derive(Debug)]
pub(super) struct Dial {
    pub dial: DialId,
    pub number: DialNumber,
    pub by: Option<LegId>,
    pub since: Time,
    pub ringing: bool,
}

impl Dial {
    pub fn deadline(&self) -> Time {
        self.since + RINGING
    }
}

/// A number on its way from the keys of a host.
#[derive(Debug)]
pub(super) struct Keying {
    entry: Entry,
    pub deadline: Time,
    /// was asked again after a number that was not complete
    again: bool,
}

impl Room {
    /// Whether the keys of this leg are digits for the room ([`super::Input::Key`]), not commands.
    pub fn takes_keys(&self, leg: LegId) -> bool {
        self.people
            .get(leg)
            .is_some_and(|person| person.keying.is_some())
    }

    /// The key for calling out: asks for the number.
    pub(super) fn ask_number(&mut self, leg: LegId) {
        if let Err(refusal) = self.may_dial() {
            return self.explain(leg, refusal);
        }
        let deadline = self.now + FIRST_DIGIT;
        let entry = Entry::new(DialNumber::MAX);
        if let Some(person) = self.people.get_mut(leg) {
            person.keying = Some(Keying {
                entry,
                deadline,
                again: false,
            });
        }
        let ask = Clip::Prompt(Prompt::EnterNumberToCall);
        self.say_clips(leg, vec![ask], Kind::List);
    }

    pub(super) fn key(&mut self, leg: LegId, key: Key) {
        self.key_pressed(leg);
        let later = self.now + NEXT_DIGIT;
        let Some(person) = self.people.get_mut(leg) else {
            return;
        };
        person.queue.forget_stopped_list();
        let Some(keying) = &mut person.keying else {
            return;
        };
        match keying.entry.key(key) {
            Entered::More => keying.deadline = later,
            Entered::Complete => self.number_keyed(leg),
            Entered::Cleared => {
                person.keying = None;
                self.say(leg, &[Prompt::DialGivenUp]);
            }
        }
    }

    /// Takes what stands there: pound was pressed.
    fn number_keyed(&mut self, leg: LegId) {
        let keying = self
            .people
            .get_mut(leg)
            .and_then(|person| person.keying.take());
        let Some(keying) = keying else { return };
        let digits = keying.entry.as_str();
        match DialNumber::parse(digits) {
            Some(number) => {
                if let Err(refusal) = self.dial_out(number, Some(leg)) {
                    self.explain(leg, refusal);
                }
            }
            None if digits.is_empty() => self.say(leg, &[Prompt::DialGivenUp]),
            None => self.say(leg, &[Prompt::WrongEntry, Prompt::DialGivenUp]),
        }
    }

    /// Nothing more came, and no pound: what stands there may be half a number, and is not called.
    fn number_left(&mut self, leg: LegId) {
        let deadline = self.now + FIRST_DIGIT;
        let Some(person) = self.people.get_mut(leg) else {
            return;
        };
        match &mut person.keying {
            Some(keying) if !keying.again && !keying.entry.as_str().is_empty() => {
                *keying = Keying {
                    entry: Entry::new(DialNumber::MAX),
                    deadline,
                    again: true,
                };
                let ask = Clip::Prompt(Prompt::EnterNumberToCall);
                self.say_clips(leg, vec![ask], Kind::List);
            }
            _ => {
                person.keying = None;
                self.say(leg, &[Prompt::DialGivenUp]);
            }
        }
    }

    fn may_dial(&self) -> Result<(), CommandRefusal> {
        let answered = self.door.knocks.iter().filter(|knock| knock.is_dialled());
        if !self.settings.dial_out {
            Err(CommandRefusal::DialNotAllowed)
        } else if self.dials.len() + answered.count() >= DIALS_MAX {
            Err(CommandRefusal::TooManyDials)
        } else if self.is_full() {
            Err(CommandRefusal::RoomFull)
        } else {
            Ok(())
        }
    }

    pub(super) fn dial_out(
        &mut self,
        number: DialNumber,
        by: Option<LegId>,
    ) -> Result<(), CommandRefusal> {
        self.may_dial()?;
        self.next_dial += 1;
        let dial = DialId(self.next_dial);
        self.dial_over = None;
        self.emit(Fact::Dialled {
            dial,
            number: number.clone(),
        });
        if let Some(leg) = by {
            let digits = number.as_str().bytes().filter(u8::is_ascii_digit);
            let digits = digits.map(|digit| Prompt::Digit(digit - b'0'));
            let clips = std::iter::once(Prompt::Calling).chain(digits);
            self.say_clips(leg, clips.map(Clip::Prompt).collect(), Kind::Plain);
        }
        self.effects.push(Effect::Dial {
            dial,
            number: number.clone(),
            by,
        });
        self.dials.push(Dial {
            dial,
            number,
            by,
            since: self.now,
            ringing: false,
        });
        Ok(())
    }

    pub(super) fn dial_news(&mut self, dial: DialId, news: DialNews) {
        let index = self.dials.iter().position(|known| known.dial == dial);
        match (index, news) {
            (Some(index), DialNews::Ringing) => {
                let known = &mut self.dials[index];
                let first = !std::mem::replace(&mut known.ringing, true);
                let by = known.by;
                if first {
                    self.tell_dialler(by, &[Prompt::DialRinging]);
                }
            }
            (Some(index), DialNews::Answered(leg)) => {
                let known = self.dials.remove(index);
                self.dial_answered(known, leg);
            }
            (Some(index), DialNews::Failed(failure)) => {
                let known = self.dials.remove(index);
                self.dial_failed(&known, DialEnd::NotReached(failure));
            }
            // given up a moment before it was answered
            (None, DialNews::Answered(leg)) if !self.knows(leg) => {
                let reason = EndReason::NotLetIn;
                self.effects.push(Effect::Hangup { leg, reason });
                if self.stage == Stage::Running {
                    let was_inside = false;
                    self.leaving.push(Leaving {
                        leg,
                        was_inside,
                        reason,
                    });
                }
            }
            (None, _) => {}
        }
    }

    fn dial_answered(&mut self, known: Dial, leg: LegId) {
        let Dial {
            dial, number, by, ..
        } = known;
        if self.knows(leg) {
            let failed = DialEnd::NotReached(DialFailure::Unreachable);
            return self.dial_ended(dial, number.as_str(), by, failed);
        }
        self.emit(Fact::DialAnswered { dial, leg });
        let joining = Joining {
            leg,
            role: Role::Guest,
            name: String::new(),
            number: number.as_str().to_owned(),
            spoken_name: false,
            billing_code: None,
            answered: self.now,
            code: true,
        };
        let told = by.is_some_and(|by| self.people.get(by).is_some());
        let mut knock = Knocker::new(joining, self.now, Wish::Dialled { dial, by });
        knock.told = told;
        self.wait_at_the_door(knock);
        self.say(leg, &[Prompt::JoiningConference]);
        let choice = [
            Prompt::DialAnswered,
            Prompt::MenuLine(confab_dtmf::layout::KeypadCommand::Admit),
            Prompt::MenuLine(confab_dtmf::layout::KeypadCommand::DropDialled),
        ];
        if told {
            self.tell_dialler(by, &choice);
        } else {
            self.tell_hosts_of_knocks();
        }
    }

    /// It is over before anybody came in; tells who asked for it, and the record.
    pub(super) fn dial_ended(
        &mut self,
        dial: DialId,
        number: &str,
        by: Option<LegId>,
        end: DialEnd,
    ) {
        self.emit(Fact::DialEnded { dial, end });
        if end != DialEnd::Dropped {
            self.dial_over = Some(DialOver {
                number: number.to_owned(),
                end,
                at: self.now,
            });
        }
        let told = match end {
            DialEnd::NotReached(DialFailure::Busy) => Prompt::DialBusy,
            DialEnd::NotReached(DialFailure::NoAnswer) => Prompt::DialNoAnswer,
            DialEnd::NotReached(_) => Prompt::DialFailed,
            DialEnd::HungUp => Prompt::DialGone,
            DialEnd::NotLetIn => Prompt::DialDropped,
            // said by whoever did it
            DialEnd::Dropped => return,
        };
        self.tell_dialler(by, &[told]);
    }

    fn dial_failed(&mut self, known: &Dial, end: DialEnd) {
        self.dial_ended(known.dial, known.number.as_str(), known.by, end);
    }

    /// Says something to the host who called, if still in the room.
    fn tell_dialler(&mut self, by: Option<LegId>, prompts: &[Prompt]) {
        if let Some(leg) = by.filter(|leg| self.people.get(*leg).is_some()) {
            self.say(leg, prompts);
        }
    }

    /// Gives up a call that has not been answered.
    pub(super) fn hang_up_dial(&mut self, dial: DialId) -> Result<(), CommandRefusal> {
        let index = self.dials.iter().position(|known| known.dial == dial);
        let known = self.dials.remove(index.ok_or(CommandRefusal::NoSuchLeg)?);
        self.effects.push(Effect::HangUpDial { dial });
        self.dial_failed(&known, DialEnd::Dropped);
        Ok(())
    }

    /// The key that drops whom this leg has called last, wherever they are by now.
    pub(super) fn drop_dialled(&mut self, by: LegId) {
        let calling = self.dials.iter().filter(|known| known.by == Some(by));
        let calling = calling.map(|known| (known.dial, None));
        let door = self.door.knocks.iter();
        let door = door.filter_map(|knock| match knock.wish {
            Wish::Dialled { dial, by: who } if who == Some(by) => {
                Some((dial, Some(knock.joining.leg)))
            }
            _ => None,
        });
        let inside = self.people.iter().filter_map(|person| {
            let (dial, who) = person.dialled?;
            (who == Some(by)).then_some((dial, Some(person.leg)))
        });
        let newest = calling.chain(door).chain(inside).max();
        let dropped = match newest {
            Some((dial, None)) => self.hang_up_dial(dial),
            Some((_, Some(leg))) => self.drop_leg(leg),
            None => return self.say(by, &[Prompt::NobodyDialled]),
        };
        let told = if dropped.is_ok() {
            Prompt::DialDropped
        } else {
            Prompt::NobodyDialled
        };
        self.say(by, &[told]);
    }

    /// Whether the key that drops would find anybody.
    pub(super) fn has_dialled(&self, by: LegId) -> bool {
        let mine = |who: Option<LegId>| who == Some(by);
        self.dials.iter().any(|known| mine(known.by))
            || self
                .door
                .knocks
                .iter()
                .any(|knock| matches!(knock.wish, Wish::Dialled { by: who, .. } if mine(who)))
            || self
                .people
                .iter()
                .any(|person| person.dialled.is_some_and(|(_, who)| mine(who)))
    }

    /// Whoever called and comes back on another leg has still called.
    pub(super) fn dialler_is_now(&mut self, was: LegId, leg: LegId) {
        let theirs = |by: &mut Option<LegId>| {
            if *by == Some(was) {
                *by = Some(leg);
            }
        };
        self.dials
            .iter_mut()
            .for_each(|known| theirs(&mut known.by));
        for knock in &mut self.door.knocks {
            if let Wish::Dialled { by, .. } = &mut knock.wish {
                theirs(by);
            }
        }
        for person in self.people.iter_mut() {
            if let Some((_, by)) = &mut person.dialled {
                theirs(by);
            }
        }
    }

    /// Nobody is left who could want them.
    pub(super) fn hang_up_all_dials(&mut self) {
        for known in std::mem::take(&mut self.dials) {
            self.effects.push(Effect::HangUpDial { dial: known.dial });
            self.dial_ended(known.dial, known.number.as_str(), None, DialEnd::Dropped);
        }
    }

    pub(super) fn dialling_deadline(&self) -> Option<Time> {
        let ringing = self.dials.iter().map(Dial::deadline);
        let keying = self
            .people
            .iter()
            .filter_map(|person| person.keying.as_ref());
        ringing.chain(keying.map(|keying| keying.deadline)).min()
    }

    pub(super) fn dialling_times_out(&mut self) {
        let now = self.now;
        while let Some(index) = self.dials.iter().position(|known| known.deadline() <= now) {
            let known = self.dials.remove(index);
            self.effects.push(Effect::HangUpDial { dial: known.dial });
            let silent = DialEnd::NotReached(DialFailure::NoAnswer);
            self.dial_failed(&known, silent);
        }
        let late = |keying: &Keying| keying.deadline <= now;
        for leg in self
            .people
            .legs_where(|person| person.keying.as_ref().is_some_and(late))
        {
            self.number_left(leg);
        }
    }
}

/// Calls out that may be under way at once, those at the door included; one more is refused.
const DIALS_MAX: usize = 5;

/// A number that nobody answers is called for this long.
const RINGING: Duration = Duration::from_secs(45);

/// From the question, which takes five seconds, to the first digit: then no call is made.
const FIRST_DIGIT: Duration = Duration::from_secs(20);

/// After a digit, until the next: then it is asked again, and after that given up.
const NEXT_DIGIT: Duration = Duration::from_secs(5);
