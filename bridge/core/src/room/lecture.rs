//! Lecture mode: one state for the conference, whichever host changes it.
//!
//! ```text
//! Open --*8--> Relaxed --*8--> Strict --*8--> Open
//! ```
//!
//! Each change begins the guests' part anew: who had unmuted itself is muted again, and so is who
//! had been given the word. What a line had
//! muted on its own account stays muted when the lecture ends, and is told so.

use crate::command::LectureMode;
use crate::event::Fact;
use crate::prompt::{Clip, Prompt};
use crate::snapshot::MuteState;

use super::Room;

impl LectureMode {
    /// The state that the next press of the key leads to.
    pub fn next(self) -> Self {
        match self {
            LectureMode::Open => LectureMode::Relaxed,
            LectureMode::Relaxed => LectureMode::Strict,
            LectureMode::Strict => LectureMode::Open,
        }
    }

    fn prompt(self) -> Prompt {
        match self {
            LectureMode::Open => Prompt::LectureEnded,
            LectureMode::Relaxed => Prompt::LectureRelaxed,
            LectureMode::Strict => Prompt::LectureStrict,
        }
    }
}

impl Room {
    pub(super) fn set_lecture(&mut self, mode: LectureMode) {
        if self.lecture == mode {
            return;
        }
        self.lecture = mode;
        self.people
            .iter_mut()
            .for_each(|person| person.lifted = false);
        self.absent
            .iter_mut()
            .for_each(|absent| absent.lifted = false);
        self.emit(Fact::LectureChanged(mode));
        self.lower_open_hands();
        self.settle();
        self.tell_room(vec![Clip::Prompt(mode.prompt())]);
        if mode == LectureMode::Open {
            self.remind_the_muted();
        }
    }

    /// What a guest who comes in now should know about its line.
    pub(super) fn mute_briefing(&self, state: MuteState) -> Option<Prompt> {
        match (self.lecture, state) {
            (_, MuteState::Open) => None,
            (LectureMode::Open, _) => Some(Prompt::YouAreMuted),
            (lecture, _) => Some(lecture.prompt()),
        }
    }
}
