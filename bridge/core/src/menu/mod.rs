//! The voice menu: from the answered call to the door of a room, as a state machine.
//!
//! ```text
//! room# -> * for the host? -> PIN# -> new code#, again# -> billing code# -> name -> Enter
//!                 | no, or 3 s of nothing: guest                            ^
//!                 '---------> code# ----------------------------------------'
//! ```
//!
//! Steps a room does not ask for are left out. Three tries for each entry, every prompt can be
//! keyed over, and who knows the way keys it all in one go: keys pressed while something is checked
//! are kept. A wrong room, a wrong PIN and a wrong code have the same words and the same tries, and
//! all of them are told [`WRONG_AFTER`] the entry, however soon or late the answer has come, so
//! that nobody learns anything from how long it takes.
//!
//! A call that goes straight to a room which does not exist is asked the same questions as one to a
//! room that does: a guest then hears that the entry is not valid, and every PIN is checked and
//! wrong. So a caller who tries PINs learns nothing of which rooms there are.
//!
//! A guest whom a room sends back for the security code is in a menu of that one step.
//!
//! Knows no store and no sound; a PIN and a code are in no `Debug` of the menu.

mod code;
mod name;
mod step;
mod typed;

use std::time::Duration;

use confab_dtmf::Key;
use confab_dtmf::digits::Entry;

use crate::event::{EndReason, Role};
use crate::ids::{LegId, PlayId, RoomNumber};
use crate::keyed::Keyed;
use crate::prompt::{Clip, Prompt};
use crate::refusal::Refusal;
use crate::settings::{Language, RoomSettings};
use crate::time::Time;

use step::{Found, Step};
use typed::Typed;

/// What is known of a room besides its settings when a call comes for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// the security code of the conference
    pub code: CodeState,
    /// the room is locked
    pub locked: bool,
    /// this caller has just left it and keeps the name given then
    pub name_kept: bool,
    /// wrong PINs or codes were keyed at it within the last hour, more than people mistype
    pub guessed_at: bool,
}

/// The security code of a conference.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CodeState {
    /// Nobody is asked for one.
    #[default]
    Open,
    /// The room wants one and the conference has none yet: the first host chooses it.
    NotSet {
        /// the room has one that the host can take with a single key; guests are asked for it
        preset: bool,
    },
    /// Guests are asked for it.
    Set,
}

/// Something that happened to a call in the menu.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MenuInput {
    /// The call was answered, or is sent back for the code; the menu begins.
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
        /// how it stands now
        standing: Standing,
    },
    /// It does not exist, or could not be looked up.
    RoomUnknown,
    /// The PIN was right or wrong.
    PinChecked(bool),
    /// The security code was right or wrong.
    CodeChecked(bool),
    /// The security code is set; false when another host was quicker.
    CodeSet(bool),
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
        /// what was keyed
        pin: Keyed,
    },
    /// Check a guest's security code; `CodeChecked` follows.
    CheckCode {
        /// which room
        number: RoomNumber,
        /// what was keyed
        code: Keyed,
    },
    /// The host has chosen the conference's security code; `CodeSet` follows.
    SetCode {
        /// which room
        number: RoomNumber,
        /// what was keyed, 4 to 20 digits; none: the room's preset
        code: Option<Keyed>,
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
        /// the security code was keyed, and right
        code_proved: bool,
    },
    /// The menu is over: the room that sent this call back may let it in.
    CodeProved(RoomNumber),
    /// The menu is over: hang up once what is playing has been heard.
    Hangup(EndReason),
}

/// What a menu is for.
#[derive(Debug)]
enum Errand {
    /// To find the room and the way in; `straight_to` when the number dialled names a room.
    Room { straight_to: Option<String> },
    /// To key the security code of this room.
    Code(RoomNumber),
}

/// One call's way to the door.
#[derive(Debug)]
pub struct Menu {
    leg: LegId,
    language: Language,
    errand: Errand,
    step: Step,
    entry: Entry,
    /// tries of the present step that have failed
    failed: u8,
    /// something was keyed that was wrong; otherwise the caller was only silent
    was_wrong: bool,
    typed: Typed,
    found: Option<Found>,
    role: Role,
    /// keyed once by a host, until it has been keyed again
    new_code: Option<Keyed>,
    code_proved: bool,
    billing_code: Option<String>,
    names_taken: u8,
    /// said before whatever is said next
    notes: Vec<Prompt>,
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
        Self::with_errand(leg, language, Errand::Room { straight_to })
    }

    /// A menu for a guest whom `room` sends back for the security code: it ends with
    /// [`MenuEffect::CodeProved`] or with [`MenuEffect::Hangup`].
    pub fn for_code(leg: LegId, language: Language, room: RoomNumber) -> Self {
        Self::with_errand(leg, language, Errand::Code(room))
    }

    fn with_errand(leg: LegId, language: Language, errand: Errand) -> Self {
        Self {
            leg,
            language,
            errand,
            step: Step::Fresh,
            entry: Entry::default(),
            failed: 0,
            was_wrong: false,
            typed: Typed::default(),
            found: None,
            role: Role::Guest,
            new_code: None,
            code_proved: false,
            billing_code: None,
            names_taken: 0,
            notes: Vec::new(),
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
            MenuInput::RoomFound {
                number,
                settings,
                standing,
            } => self.room_found(number, settings, standing),
            MenuInput::RoomUnknown => self.room_unknown(),
            MenuInput::PinChecked(right) => self.pin_checked(right),
            MenuInput::CodeChecked(right) => self.code_checked(right),
            MenuInput::CodeSet(set) => self.code_set(set),
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
        match &self.errand {
            Errand::Room {
                straight_to: Some(room),
            } => {
                let room = room.clone();
                self.look_up(room);
            }
            Errand::Room { straight_to: None } => {
                self.step = Step::Room;
                self.ask(&[Prompt::Welcome, Prompt::EnterRoomNumber]);
            }
            Errand::Code(_) => self.ask_for_code(),
        }
    }

    fn wake(&mut self) {
        if self.deadline.is_some_and(|deadline| deadline <= self.now) {
            self.time_is_up();
        } else if self
            .step_deadline
            .is_some_and(|deadline| deadline <= self.now)
        {
            self.step_timed_out();
        }
    }

    /// Who has got as far as the name has shown all there is to show.
    fn time_is_up(&mut self) {
        self.stop_playing();
        match self.step {
            Step::NameReview => self.enter(true),
            Step::Told { spoken_name } => self.enter(spoken_name),
            Step::NameAsked | Step::NameTone | Step::NameTaken => self.enter(false),
            _ => self.say_goodbye(&[Prompt::Goodbye]),
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
        let notes = self.notes.drain(..).map(Clip::Prompt);
        let clips = notes.chain(clips).collect();
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
        self.notes.clear();
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
        self.new_code = None;
        self.step_deadline = None;
        self.deadline = None;
    }
}

/// A wrong entry is told this long after it was complete, and an answer that has not come by then
/// counts as wrong. Whoever answers gives up sooner.
pub const WRONG_AFTER: Duration = Duration::from_secs(2);

/// Nobody needs longer from the answer to the door, three tries of everything included.
const MENU_MAX: Duration = Duration::from_secs(5 * 60);

/// Longer than any prompt: the menu goes on although nobody said that the prompt has ended.
const PROMPT_MAX: Duration = Duration::from_secs(30);
