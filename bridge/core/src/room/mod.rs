//! One conference as a state machine: all policy about who may speak, hear, enter and stay.
//!
//! [`Room::handle`] takes what happened, [`Effect`]s say what is to be done, and
//! [`Room::next_deadline`] says when to call again with [`Input::Wake`]. Who is muted is computed
//! from role, mode, own mute and hand each time it is asked; it is stored nowhere.

use crate::command::{Actor, Command, CommandRefusal};
use crate::effect::Effect;
use crate::event::{EndReason, Role};
use crate::ids::{ConferenceId, LegId, PlayId, RoomNumber};
use crate::settings::RoomSettings;
use crate::snapshot::RoomSnapshot;
use crate::time::Time;

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
    /// A leg keyed something while it hears a list that "keying anything" stops (`#3`, `*1`).
    KeyPressed(LegId),
    /// A leg began or ceased to be heard talking.
    Talking {
        /// which
        leg: LegId,
        /// now
        talking: bool,
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
pub struct Room {}

impl Room {
    /// An empty room in which a conference is about to start.
    pub fn new(_n: RoomNumber, _c: ConferenceId, _s: RoomSettings, _now: Time) -> Self {
        Self {}
    }

    /// Takes one input at time `now` and appends what is to be done to `effects`.
    /// An error is a refusal to an [`Actor::Portal`]; nothing has changed then. Keypad refusals are
    /// spoken instead, and are `Ok`.
    pub fn handle(
        &mut self,
        _now: Time,
        _input: Input,
        _effects: &mut Vec<Effect>,
    ) -> Result<(), CommandRefusal> {
        Ok(())
    }

    /// When [`Input::Wake`] is wanted next, if ever.
    pub fn next_deadline(&self) -> Option<Time> {
        None
    }

    /// What it looks like now.
    pub fn snapshot(&self) -> RoomSnapshot {
        unreachable!()
    }
}
