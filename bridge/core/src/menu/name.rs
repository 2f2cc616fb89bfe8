//! The spoken name: asked for, taken down after a tone, played back, said again after star.
//!
//! Nobody is kept out for want of a name: who says nothing goes in without one.

use std::time::Duration;

use confab_dtmf::Key;

use crate::event::Role;
use crate::prompt::{Clip, Prompt};

use super::step::Step;
use super::{Menu, MenuEffect};

impl Menu {
    /// The last step: the name, if the room wants one, and the door.
    pub(super) fn ask_name(&mut self) {
        if !self.wants_name() {
            return self.enter(false);
        }
        let locked = self.standing().is_some_and(|it| it.locked);
        if locked && self.role == Role::Guest && self.names_taken == 0 {
            // Before anybody takes the trouble to say a name.
            self.notes.push(Prompt::RoomIsLocked);
        }
        self.next_step(Step::NameAsked);
        // Nobody can key a name ahead.
        self.typed.forget();
        self.play(vec![Clip::Prompt(Prompt::SayYourName), Clip::Beep]);
    }

    pub(super) fn name_key(&mut self, key: Key) {
        match self.step {
            Step::NameAsked => {
                self.step = Step::NameTone;
                self.play(vec![Clip::Beep]);
            }
            // It was cut off by this key, which is as good as its end.
            Step::NameTone => self.take_name(),
            Step::NameTaken => {
                self.effects.push(MenuEffect::StopName);
                self.wake_in(STOPPED_MAX);
            }
            Step::NameReview if key == Key::Star && self.names_taken < NAMES_MAX => self.ask_name(),
            Step::NameReview => self.enter(true),
            _ => {}
        }
    }

    pub(super) fn name_prompt_ended(&mut self) {
        match self.step {
            Step::NameAsked | Step::NameTone => self.take_name(),
            Step::NameReview => self.wake_in(REVIEW),
            _ => {}
        }
    }

    pub(super) fn name_timed_out(&mut self) {
        match self.step {
            Step::NameAsked | Step::NameTone => self.take_name(),
            Step::NameReview => self.enter(true),
            _ => self.enter(false),
        }
    }

    pub(super) fn name_recorded(&mut self, heard: bool) {
        if self.step != Step::NameTaken {
            return;
        }
        if !heard {
            return self.enter(false);
        }
        self.step = Step::NameReview;
        self.play(vec![
            Clip::Name(self.leg),
            Clip::Prompt(Prompt::KeepNameOrAgain),
        ]);
    }

    fn take_name(&mut self) {
        self.step = Step::NameTaken;
        self.names_taken += 1;
        self.wake_in(TAKEN_MAX);
        self.effects.push(MenuEffect::RecordName);
    }
}

/// Times a name may be said: as often as anybody likes, but for a child at the telephone.
const NAMES_MAX: u8 = 10;

/// Taking a name down ends by itself after five seconds; this much later something is wrong.
const TAKEN_MAX: Duration = Duration::from_secs(8);

/// The same once it was told to stop.
const STOPPED_MAX: Duration = Duration::from_secs(2);

/// After the name has been played back, until star: then it is kept.
const REVIEW: Duration = Duration::from_secs(3);
