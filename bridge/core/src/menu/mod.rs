//! The voice menu: from the answered call to the door of a room, as a state machine.
//!
//! room number -> star for the host? -> PIN -> billing code -> name -> enter. Three tries for each
//! entry, every prompt can be keyed over, a wrong room and a wrong PIN sound alike.

use confab_dtmf::Key;

use crate::event::{EndReason, Role};
use crate::ids::{PlayId, RoomNumber};
use crate::prompt::Clip;
use crate::settings::{Language, RoomSettings};
use crate::time::Time;

/// Something that happened to a call in the menu.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MenuInput {
    /// The call was answered; the menu begins.
    Begin,
    /// A key was pressed.
    Key(Key),
    /// What was played has ended.
    Played(PlayId),
    /// The room that was asked for exists.
    RoomFound {
        /// its number
        number: RoomNumber,
        /// its settings (boxed: they are large beside the rest)
        settings: Box<RoomSettings>,
    },
    /// It does not exist, or could not be looked up.
    RoomUnknown,
    /// The PIN was right or wrong.
    PinChecked(bool),
    /// The spoken name has been taken down: true when there is something to hear in it.
    NameRecorded(bool),
    /// The time of `next_deadline` has come.
    Wake,
}

/// Something the menu wants done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MenuEffect {
    /// Play clips in this language; `Played` follows unless it is stopped.
    Play {
        /// names this playback
        play: PlayId,
        /// what
        clips: Vec<Clip>,
    },
    /// Stop what is playing, at once (barge-in).
    StopPlay,
    /// Look a room up; `RoomFound` or `RoomUnknown` follows.
    LookUpRoom(String),
    /// Check a PIN of the room that was found; `PinChecked` follows.
    CheckPin {
        /// which room
        number: RoomNumber,
        /// what was keyed; goes into no log
        pin: String,
    },
    /// Take down what the caller says, until `StopName` or five seconds have passed;
    /// `NameRecorded` follows.
    RecordName,
    /// Stop taking it down.
    StopName,
    /// The menu is over: take this call into the room.
    Enter {
        /// which room
        number: RoomNumber,
        /// its settings as found
        settings: Box<RoomSettings>,
        /// as what
        role: Role,
        /// the billing code that was chosen
        billing_code: Option<String>,
        /// a spoken name was kept
        spoken_name: bool,
    },
    /// The menu is over: hang up once what is playing has been heard.
    Hangup(EndReason),
}

/// One call's way to the door.
#[derive(Debug)]
pub struct Menu {}

impl Menu {
    /// A menu in `language`; `straight_to` when the access number or the SIP URI already names a
    /// room, whose existence is still to be looked up.
    pub fn new(_language: Language, _straight_to: Option<String>) -> Self {
        Self {}
    }

    /// Takes one input at time `now` and appends what is to be done to `effects`.
    pub fn handle(&mut self, _now: Time, _input: MenuInput, _effects: &mut Vec<MenuEffect>) {}

    /// When [`MenuInput::Wake`] is wanted next, if ever.
    pub fn next_deadline(&self) -> Option<Time> {
        None
    }
}
