//! The steps of the menu that are keyed: what ends each of them and where it leads.

use std::time::Duration;

use confab_dtmf::Key;
use confab_dtmf::digits::{Entered, Entry};

use crate::event::Role;
use crate::ids::RoomNumber;
use crate::prompt::Prompt;
use crate::settings::{Announce, RoomSettings};

use super::{Menu, MenuEffect};

/// Where a call is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Not begun.
    Fresh,
    /// Keys the room number.
    Room,
    /// Waits until the room has been looked up.
    LookingUp,
    /// Star, or not.
    HostStar,
    /// Keys the PIN.
    Pin,
    /// Waits until the PIN has been checked.
    CheckingPin,
    /// Keys the billing code.
    Billing,
    /// Hears that the name is wanted.
    NameAsked,
    /// Hears the tone before it.
    NameTone,
    /// Says it.
    NameTaken,
    /// Hears it, and may say it again.
    NameReview,
    /// On the way to the room, or hung up.
    Over,
}

impl Step {
    /// Keys wait until an answer has come.
    pub fn waits_for_answer(self) -> bool {
        matches!(self, Step::Fresh | Step::LookingUp | Step::CheckingPin)
    }

    /// The longest entry that can be right.
    pub fn digits_max(self) -> usize {
        match self {
            Step::Room => 12,
            Step::Pin | Step::Billing => 20,
            _ => 0,
        }
    }

    fn is_entry(self) -> bool {
        matches!(self, Step::Room | Step::Pin | Step::Billing)
    }
}

/// The room a call is for.
#[derive(Debug)]
pub(super) enum Found {
    /// It exists.
    Room {
        number: RoomNumber,
        settings: Box<RoomSettings>,
    },
    /// The call went straight to it, and it does not exist; none when it cannot.
    Nothing { number: Option<RoomNumber> },
}

impl Menu {
    pub(super) fn step_key(&mut self, key: Key) {
        match self.step {
            Step::Room | Step::Pin | Step::Billing => match self.entry.key(key) {
                Entered::More => self.wake_in(NEXT_DIGIT),
                Entered::Cleared => self.wake_in(FIRST_DIGIT),
                Entered::Complete => self.entry_complete(),
            },
            Step::HostStar if key == Key::Star => {
                self.next_step(Step::Pin);
                self.ask(&[Prompt::EnterPin]);
            }
            Step::HostStar => self.role_known(Role::Guest),
            Step::NameAsked | Step::NameTone | Step::NameTaken | Step::NameReview => {
                self.name_key(key);
            }
            Step::Fresh | Step::LookingUp | Step::CheckingPin | Step::Over => {}
        }
    }

    pub(super) fn prompt_ended(&mut self) {
        match self.step {
            Step::Room | Step::Pin | Step::Billing => self.wake_in(FIRST_DIGIT),
            Step::HostStar => self.wake_in(HOST_STAR),
            Step::NameAsked | Step::NameTone | Step::NameTaken | Step::NameReview => {
                self.name_prompt_ended();
            }
            Step::Fresh | Step::LookingUp | Step::CheckingPin | Step::Over => {}
        }
    }

    pub(super) fn step_timed_out(&mut self) {
        self.step_deadline = None;
        match self.step {
            Step::Room | Step::Pin if self.entry.is_empty() => self.silent(),
            Step::Room | Step::Pin | Step::Billing => self.entry_complete(),
            Step::HostStar => self.role_known(Role::Guest),
            Step::LookingUp => self.room_unknown(),
            Step::CheckingPin => self.pin_checked(false),
            Step::NameAsked | Step::NameTone | Step::NameTaken | Step::NameReview => {
                self.name_timed_out();
            }
            Step::Fresh | Step::Over => {}
        }
    }

    fn entry_complete(&mut self) {
        let digits = std::mem::take(&mut self.entry).as_str().to_owned();
        match self.step {
            Step::Room if !digits.is_empty() => self.look_up(digits),
            Step::Pin if !digits.is_empty() => self.check_pin(digits),
            Step::Billing if digits.is_empty() => {
                let default = self
                    .settings()
                    .and_then(|settings| settings.billing_code.clone());
                self.billing_code = default;
                self.ask_name();
            }
            Step::Billing if (2..=20).contains(&digits.len()) => {
                self.billing_code = Some(digits);
                self.ask_name();
            }
            _ => self.wrong(),
        }
    }

    pub(super) fn look_up(&mut self, digits: String) {
        self.step = Step::LookingUp;
        self.wake_in(ANSWER_MAX);
        self.effects.push(MenuEffect::LookUpRoom(digits));
    }

    pub(super) fn room_found(&mut self, number: RoomNumber, settings: Box<RoomSettings>) {
        if self.step == Step::LookingUp {
            self.found = Some(Found::Room { number, settings });
            self.ask_for_host();
        }
    }

    pub(super) fn room_unknown(&mut self) {
        match &self.straight_to {
            _ if self.step != Step::LookingUp => {}
            Some(room) => {
                self.found = Some(Found::Nothing {
                    number: RoomNumber::parse(room),
                });
                self.ask_for_host();
            }
            None => {
                self.step = Step::Room;
                self.wrong();
            }
        }
    }

    fn ask_for_host(&mut self) {
        self.next_step(Step::HostStar);
        if self.straight_to.is_some() {
            self.ask(&[Prompt::Welcome, Prompt::HostPressStar]);
        } else {
            self.ask(&[Prompt::HostPressStar]);
        }
    }

    fn check_pin(&mut self, pin: String) {
        let number = match &self.found {
            Some(
                Found::Room { number, .. }
                | Found::Nothing {
                    number: Some(number),
                },
            ) => number,
            Some(Found::Nothing { number: None }) | None => return self.wrong(),
        };
        let number = number.clone();
        self.step = Step::CheckingPin;
        self.wake_in(ANSWER_MAX);
        self.effects.push(MenuEffect::CheckPin { number, pin });
    }

    pub(super) fn pin_checked(&mut self, right: bool) {
        if self.step != Step::CheckingPin {
            return;
        }
        if right && self.settings().is_some() {
            self.role_known(Role::Host);
        } else {
            self.step = Step::Pin;
            self.wrong();
        }
    }

    fn role_known(&mut self, role: Role) {
        self.role = role;
        let Some(settings) = self.settings() else {
            self.was_wrong = true;
            return self.say_goodbye(&[Prompt::WrongEntry, Prompt::Goodbye]);
        };
        if role == Role::Host && settings.billing_capture {
            self.next_step(Step::Billing);
            self.ask(&[Prompt::EnterBillingCode]);
        } else {
            self.ask_name();
        }
    }

    pub(super) fn wants_name(&self) -> bool {
        self.settings()
            .is_some_and(|settings| settings.announce == Announce::Name)
    }

    pub(super) fn enter(&mut self, spoken_name: bool) {
        let Some(Found::Room { number, settings }) = self.found.take() else {
            return;
        };
        self.stop_playing();
        self.over();
        let (role, billing_code) = (self.role, self.billing_code.take());
        let enter = MenuEffect::Enter {
            number,
            settings,
            role,
            billing_code,
            spoken_name,
        };
        self.effects.push(enter);
    }

    /// What was keyed after a wrong entry was meant for a step that is not reached now.
    fn wrong(&mut self) {
        debug_assert!(self.step.is_entry(), "only an entry can be wrong");
        self.was_wrong = true;
        self.typed.forget();
        self.failed += 1;
        if self.failed >= TRIES {
            self.say_goodbye(&[Prompt::WrongEntry, Prompt::Goodbye]);
        } else {
            self.ask(&[Prompt::WrongEntry, Prompt::TryAgain]);
        }
    }

    fn silent(&mut self) {
        self.failed += 1;
        if self.failed >= TRIES {
            self.say_goodbye(&[Prompt::Goodbye]);
        } else if self.step == Step::Room {
            self.ask(&[Prompt::EnterRoomNumber]);
        } else {
            self.ask(&[Prompt::EnterPin]);
        }
    }

    pub(super) fn next_step(&mut self, step: Step) {
        self.step = step;
        self.failed = 0;
        self.entry = Entry::default();
    }

    fn settings(&self) -> Option<&RoomSettings> {
        match &self.found {
            Some(Found::Room { settings, .. }) => Some(settings),
            Some(Found::Nothing { .. }) | None => None,
        }
    }
}

/// Tries of one entry.
const TRIES: u8 = 3;

/// After the prompt, until the first digit: then the try has failed.
const FIRST_DIGIT: Duration = Duration::from_secs(8);

/// After a digit, until the next: then the entry is complete without pound.
const NEXT_DIGIT: Duration = Duration::from_secs(4);

/// After the prompt, until star: then the caller is a guest.
const HOST_STAR: Duration = Duration::from_secs(3);

/// A look-up or a check that has no answer after this long has failed.
const ANSWER_MAX: Duration = Duration::from_secs(5);
