//! The voice menu: from the answered call to the door of a room, as a state machine.
//!
//! ```text
//! room number# -> * for the host? -> PIN# -> billing code# -> spoken name -> Enter
//!                  | no, or 3 s of nothing: guest             ^
//!                  '------------------------------------------'
//! ```
//!
//! Three tries for each entry, every prompt can be keyed over, and who knows the way keys it all in
//! one go: keys pressed while a room is looked up or a PIN is checked are kept. A wrong room and a
//! wrong PIN have the same words and the same tries, and each answer is waited for as long, so that
//! how long a try takes is up to whoever answers the look-up.
//!
//! A call that goes straight to a room which does not exist is asked the same questions as one to a
//! room that does: a guest then hears that the entry is not valid, and every PIN is checked and
//! wrong. So a caller who tries PINs learns nothing of which rooms there are.
//!
//! Knows no store and no sound; a PIN is in no `Debug` of the menu itself.

mod name;
mod step;
mod typed;

use std::time::Duration;

use confab_dtmf::Key;
use confab_dtmf::digits::Entry;

use crate::event::{EndReason, Role};
use crate::ids::{LegId, PlayId, RoomNumber};
use crate::prompt::{Clip, Prompt};
use crate::refusal::Refusal;
use crate::settings::{Language, RoomSettings};
use crate::time::Time;

use step::{Found, Step};
use typed::Typed;

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
        /// its settings (boxed: they are large beside the rest); without `billing_capture` when
        /// [`crate::room::Room::wants_billing_code`] says that there is a code already
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
pub struct Menu {
    leg: LegId,
    language: Language,
    straight_to: Option<String>,
    step: Step,
    entry: Entry,
    /// tries of the present step that have failed
    failed: u8,
    /// something was keyed that was wrong; otherwise the caller was only silent
    was_wrong: bool,
    typed: Typed,
    found: Option<Found>,
    role: Role,
    billing_code: Option<String>,
    names_taken: u8,
    playing: Option<PlayId>,
    next_play: u64,
    /// of the present step
    step_deadline: Option<Time>,
    /// of the whole menu
    deadline: Option<Time>,
    /// of the input being handled
    now: Time,
    /// of the input being handled
    effects: Vec<MenuEffect>,
}

impl Menu {
    /// A menu for this leg in `language`; `straight_to` when the access number or the SIP URI
    /// already names a room, whose existence is still to be looked up.
    pub fn new(leg: LegId, language: Language, straight_to: Option<String>) -> Self {
        Self {
            leg,
            language,
            straight_to,
            step: Step::Fresh,
            entry: Entry::default(),
            failed: 0,
            was_wrong: false,
            typed: Typed::default(),
            found: None,
            role: Role::Guest,
            billing_code: None,
            names_taken: 0,
            playing: None,
            next_play: 0,
            step_deadline: None,
            deadline: None,
            now: Time::default(),
            effects: Vec::new(),
        }
    }

    /// The language its prompts are in.
    pub fn language(&self) -> Language {
        self.language
    }

    /// Takes one input at time `now` and appends what is to be done to `effects`. What comes too
    /// late, or was not asked for, is ignored.
    pub fn handle(&mut self, now: Time, input: MenuInput, effects: &mut Vec<MenuEffect>) {
        self.now = self.now.max(now);
        match input {
            MenuInput::Begin => self.begin(),
            // A key does not cut the goodbye.
            MenuInput::Key(_) if self.step == Step::Over => {}
            MenuInput::Key(key) => self.typed.push(key),
            MenuInput::Played(play) => self.played(play),
            MenuInput::RoomFound { number, settings } => self.room_found(number, settings),
            MenuInput::RoomUnknown => self.room_unknown(),
            MenuInput::PinChecked(right) => self.pin_checked(right),
            MenuInput::NameRecorded(heard) => self.name_recorded(heard),
            MenuInput::Wake => self.wake(),
        }
        while !self.step.waits_for_answer() {
            let Some(key) = self.typed.next() else { break };
            self.key(key);
        }
        effects.append(&mut self.effects);
    }

    /// When [`MenuInput::Wake`] is wanted next, if ever.
    pub fn next_deadline(&self) -> Option<Time> {
        self.step_deadline.into_iter().chain(self.deadline).min()
    }

    fn begin(&mut self) {
        if self.step != Step::Fresh {
            return;
        }
        self.deadline = Some(self.now + MENU_MAX);
        match self.straight_to.clone() {
            Some(room) => self.look_up(room),
            None => {
                self.step = Step::Room;
                self.ask(&[Prompt::Welcome, Prompt::EnterRoomNumber]);
            }
        }
    }

    fn wake(&mut self) {
        if self.deadline.is_some_and(|deadline| deadline <= self.now) {
            self.stop_playing();
            self.say_goodbye(&[Prompt::Goodbye]);
        } else if self
            .step_deadline
            .is_some_and(|deadline| deadline <= self.now)
        {
            self.step_timed_out();
        }
    }

    fn played(&mut self, play: PlayId) {
        if self.playing != Some(play) {
            return;
        }
        self.playing = None;
        self.prompt_ended();
    }

    /// Every key stops the prompt.
    fn key(&mut self, key: Key) {
        self.stop_playing();
        self.step_key(key);
    }

    /// Asks for something anew.
    fn ask(&mut self, prompts: &[Prompt]) {
        self.entry = Entry::new(self.step.digits_max());
        self.play(prompts.iter().copied().map(Clip::Prompt).collect());
    }

    fn play(&mut self, clips: Vec<Clip>) {
        self.stop_playing();
        self.next_play += 1;
        let play = PlayId(self.next_play);
        self.playing = Some(play);
        self.wake_in(PROMPT_MAX);
        self.effects.push(MenuEffect::Play { play, clips });
    }

    fn stop_playing(&mut self) {
        if self.playing.take().is_some() {
            self.effects.push(MenuEffect::StopPlay);
        }
    }

    fn wake_in(&mut self, time: Duration) {
        self.step_deadline = Some(self.now + time);
    }

    /// The menu has failed; `words` are the last ones.
    fn say_goodbye(&mut self, words: &[Prompt]) {
        self.ask(words);
        self.over();
        let reason = if self.was_wrong {
            EndReason::Refused(Refusal::WrongEntry)
        } else {
            EndReason::MenuTimeout
        };
        self.effects.push(MenuEffect::Hangup(reason));
    }

    fn over(&mut self) {
        self.step = Step::Over;
        self.typed.forget();
        self.step_deadline = None;
        self.deadline = None;
    }
}

/// Nobody needs longer from the answer to the door, three tries of everything included.
const MENU_MAX: Duration = Duration::from_secs(5 * 60);

/// Longer than any prompt: the menu goes on although nobody said that the prompt has ended.
const PROMPT_MAX: Duration = Duration::from_secs(30);
