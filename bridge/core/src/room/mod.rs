//! One conference as a state machine: all policy about who may speak, hear, enter and stay.
//!
//! [`Room::handle`] takes what happened, [`Effect`]s say what is to be done, and
//! [`Room::next_deadline`] says when to call again with [`Input::Wake`]. Who is muted is computed
//! from role, mode, own mute and hand each time it is asked; it is stored nowhere.
//!
//! A leg the room knows is in one of three places:
//!
//! ```text
//!   locked, Join ---> at the door ----- Admit, unlock ----> in the room <--- Join
//!   Dialled --------'     | 60 s, Drop                          | Drop, End, ends_at
//!   full, Join -----> on the way out <--------------------------'
//!                         | Leave                               | Leave
//!                         '-------------> gone <----------------'
//! ```
//!
//! The conference is over, and the room closed, when nobody is in the room or at the door, though
//! the goodbye may still be said to some.
//!
//! In the room everybody waits, with music or without, until the conference has begun: with the
//! first host, or with the first caller when guests may start. Who must still key the security
//! code is in the room but hears and says nothing there. It touches no sound, no clock and no other
//! room.

mod ask;
mod command;
mod dialling;
mod door;
mod ending;
mod entrance;
mod hands;
mod keypad;
mod leaving;
mod lecture;
mod look;
mod mute;
mod patience;
mod people;
mod proving;
mod recording;
mod returning;
mod speech;
mod spoiling;

use std::collections::BTreeSet;

use confab_dtmf::Key;

use crate::command::{Actor, Command, CommandRefusal, LectureMode};
use crate::effect::Effect;
use crate::event::{ConferenceEnd, DialFailure, EndReason, Fact, Role};
use crate::fault::Fault;
use crate::ids::{ConferenceId, DialId, LegId, PlayId, RoomNumber};
use crate::settings::{Announce, RoomSettings};
use crate::snapshot::DialOver;
use crate::time::Time;

use dialling::Dial;
use door::Door;
use ending::Ending;
use hands::Hands;
use leaving::Leaving;
use patience::Alone;
use people::People;
use recording::Recording;
use returning::Absent;
use spoiling::Spoiling;

/// A leg that has passed the voice menu and wants in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Joining {
    /// which
    pub leg: LegId,
    /// as what
    pub role: Role,
    /// name as the network or the caller's phone gave it, or empty
    pub name: String,
    /// number as the network gave it, or empty
    pub number: String,
    /// a name was recorded at the door: `Clip::Name(leg)` has a sound
    pub spoken_name: bool,
    /// the billing code the host chose at the door
    pub billing_code: Option<String>,
    /// when the call was answered
    pub answered: Time,
    /// a host: has set the conference's security code; a guest: has keyed it right
    pub code: bool,
}

/// What became of a call out of the room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DialNews {
    /// It rings there.
    Ringing,
    /// It was answered; its line is in the room's sound, silent and deaf. `Input::Leave` says when
    /// it is over.
    Answered(LegId),
    /// Nobody could be had.
    Failed(DialFailure),
}

/// What the recorder answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecorderReport {
    /// It runs.
    Started,
    /// It could not start, or it broke.
    Failed,
    /// Four hours are full.
    Full,
}

/// Something that happened to a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// A leg comes to the door.
    Join(Joining),
    /// A leg is gone; also for a leg that only knocked.
    Leave {
        /// which
        leg: LegId,
        /// why
        reason: EndReason,
    },
    /// Somebody gave a command.
    Command {
        /// who
        by: Actor,
        /// what
        command: Command,
    },
    /// A leg pressed a key, whatever it meant: it stops a list, and says that somebody is there.
    KeyPressed(LegId),
    /// A leg for which [`Room::takes_keys`] holds pressed this key, which goes to nobody else.
    Key {
        /// which
        leg: LegId,
        /// the key
        key: Key,
    },
    /// What became of a call out of the room.
    Dialled {
        /// of which
        dial: DialId,
        /// what
        news: DialNews,
    },
    /// A leg that was asked for the security code ([`Effect::AskCode`]) has keyed it right.
    CodeRight(LegId),
    /// Somebody tries PINs or codes of this room; may come as often as it happens.
    Guessing,
    /// A leg began or ceased to be heard talking.
    Talking {
        /// which
        leg: LegId,
        /// now
        talking: bool,
    },
    /// What is wrong with the sound of a leg, or that nothing is any more.
    Fault {
        /// which
        leg: LegId,
        /// now
        fault: Option<Fault>,
    },
    /// Nothing comes from a leg any more, for seconds, or something does again: who calls from its
    /// number then is the same caller, whose old call nobody has ended.
    Silent {
        /// which
        leg: LegId,
        /// now
        silent: bool,
    },
    /// What was played to one leg has ended.
    Played {
        /// to whom
        leg: LegId,
        /// what
        play: PlayId,
    },
    /// The recorder answered.
    Recording(RecorderReport),
    /// The time of `next_deadline` has come (or it is later).
    Wake,
}

/// One conference.
#[derive(Debug)]
pub struct Room {
    number: RoomNumber,
    conference: ConferenceId,
    settings: RoomSettings,
    since: Time,
    stage: Stage,
    people: People,
    door: Door,
    leaving: Vec<Leaving>,
    /// who has left and may come back
    absent: Vec<Absent>,
    /// legs from which nothing comes
    silent: BTreeSet<LegId>,
    /// calls out that have not been answered
    dials: Vec<Dial>,
    next_dial: u64,
    dial_over: Option<DialOver>,
    alone: Option<Alone>,
    /// the conference has a security code
    code_set: bool,
    /// hosts were told of somebody's guessing
    guessing_told: Option<Time>,
    /// those in the room hear each other; otherwise they wait
    begun: bool,
    lecture: LectureMode,
    hands: Hands,
    spoiling: Spoiling,
    recording: Recording,
    chimes: bool,
    continues: bool,
    ending: Option<Ending>,
    billing_code: Option<String>,
    billing_chosen: bool,
    why_ended: ConferenceEnd,
    seq: u64,
    next_play: u64,
    /// of the input being handled
    now: Time,
    /// of the input being handled
    effects: Vec<Effect>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Empty,
    Running,
    Closed,
}

impl Room {
    /// An empty room in which a conference is about to start.
    pub fn new(
        number: RoomNumber,
        conference: ConferenceId,
        settings: RoomSettings,
        now: Time,
    ) -> Self {
        Self {
            number,
            conference,
            since: now,
            stage: Stage::Empty,
            people: People::default(),
            door: Door::default(),
            leaving: Vec::new(),
            absent: Vec::new(),
            silent: BTreeSet::new(),
            dials: Vec::new(),
            next_dial: 0,
            dial_over: None,
            alone: None,
            code_set: false,
            guessing_told: None,
            begun: false,
            lecture: LectureMode::default(),
            hands: Hands::default(),
            spoiling: Spoiling::default(),
            recording: Recording::Off,
            chimes: settings.announce != Announce::Nothing,
            continues: !settings.continue_after_host.is_zero(),
            ending: None,
            billing_code: settings.billing_code.clone(),
            billing_chosen: false,
            why_ended: ConferenceEnd::NobodyLeft,
            seq: 0,
            next_play: 0,
            now,
            effects: Vec::new(),
            settings,
        }
    }

    /// Takes one input at time `now` and appends what is to be done to `effects`.
    ///
    /// # Errors
    /// A refusal to an [`Actor::Portal`] or [`Actor::House`]; nothing has changed then. Keypad
    /// refusals are spoken instead, and are `Ok`.
    pub fn handle(
        &mut self,
        now: Time,
        input: Input,
        effects: &mut Vec<Effect>,
    ) -> Result<(), CommandRefusal> {
        self.now = self.now.max(now);
        let answer = match input {
            Input::Command { by, command } => self.command(by, command),
            Input::Join(joining) => {
                self.join(joining);
                Ok(())
            }
            other => {
                self.note(other);
                Ok(())
            }
        };
        self.watch_the_lonely();
        self.close_when_empty();
        effects.append(&mut self.effects);
        answer
    }

    fn note(&mut self, input: Input) {
        match input {
            Input::Leave { leg, reason } => {
                self.silent.remove(&leg);
                self.leave(leg, reason);
            }
            Input::KeyPressed(leg) => self.key_pressed(leg),
            Input::Key { leg, key } => self.key(leg, key),
            Input::Dialled { dial, news } => self.dial_news(dial, news),
            Input::CodeRight(leg) => self.code_right(leg),
            Input::Guessing => self.tell_of_guessing(),
            Input::Talking { leg, talking } => {
                if let Some(person) = self.people.get_mut(leg) {
                    person.talking = talking;
                }
            }
            Input::Fault { leg, fault } => self.fault_news(leg, fault),
            Input::Silent { leg, silent: true } if self.knows(leg) => {
                self.silent.insert(leg);
            }
            Input::Silent { leg, .. } => {
                self.silent.remove(&leg);
            }
            Input::Played { leg, play } => self.played(leg, play),
            Input::Recording(report) => self.recorder_reports(report),
            Input::Wake => {
                self.give_up_knocks();
                self.dialling_times_out();
                self.proving_times_out();
                self.confirming_times_out();
                self.time_passes();
                self.come_to_the_end();
            }
            // `handle` has taken these
            Input::Join(_) | Input::Command { .. } => {}
        }
    }

    /// When [`Input::Wake`] is wanted next, if ever.
    pub fn next_deadline(&self) -> Option<Time> {
        let ending = self.ending.as_ref().map(Ending::next_deadline);
        [
            self.door.next_deadline(),
            ending,
            self.dialling_deadline(),
            self.confirm_deadline(),
            self.patience_deadline(),
            self.knocks_told_deadline(),
            self.hands_told_deadline(),
            self.faults_told_deadline(),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    /// A host who comes now is to be asked for a billing code: the room captures them, and none
    /// has been chosen for this conference.
    pub fn wants_billing_code(&self) -> bool {
        self.settings.billing_capture && !self.billing_chosen
    }

    /// Nobody comes in before a host lets them.
    pub fn is_locked(&self) -> bool {
        self.door.locked
    }

    /// What the conference is billed to.
    pub fn billing_code(&self) -> Option<&str> {
        self.billing_code.as_deref()
    }

    /// Why the conference ended; meant to be asked once [`Effect::Close`] has come.
    pub fn why_ended(&self) -> ConferenceEnd {
        self.why_ended
    }

    fn emit(&mut self, fact: Fact) {
        self.seq += 1;
        self.effects.push(Effect::Emit(fact));
    }
}
