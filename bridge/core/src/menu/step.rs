//! The steps of the menu that are keyed: what ends each of them and where it leads.

use std::time::Duration;

use confab_dtmf::Key;
use confab_dtmf::digits::{Entered, Entry};

use crate::event::Role;
use crate::ids::RoomNumber;
use crate::keyed::Keyed;
use crate::prompt::Prompt;
use crate::settings::{Announce, RoomSettings};

use super::{Errand, Menu, MenuEffect, Standing, WRONG_AFTER};

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
    /// A guest keys the security code.
    Code,
    /// Waits until the code has been checked.
    CheckingCode,
    /// A host chooses the security code.
    CodeNew,
    /// Keys it once more.
    CodeAgain,
    /// Waits until it is set.
    SettingCode,
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
    /// Hears what is still to be told before the room.
    Told { spoken_name: bool },
    /// On the way to the room, or hung up.
    Over,
}

impl Step {
    /// Keys wait until an answer has come.
    pub fn waits_for_answer(self) -> bool {
        matches!(
            self,
            Step::Fresh
                | Step::LookingUp
                | Step::CheckingPin
                | Step::CheckingCode
                | Step::SettingCode
        )
    }

    /// The longest entry that can be right.
    pub fn digits_max(self) -> usize {
        match self {
            Step::Room => 12,
            Step::Pin | Step::Code | Step::CodeNew | Step::CodeAgain | Step::Billing => 20,
            _ => 0,
        }
    }

    fn is_entry(self) -> bool {
        self.digits_max() > 0
    }
}

/// The room a call is for.
#[derive(Debug)]
pub(super) enum Found {
    /// It exists.
    Room {
        number: RoomNumber,
        settings: Box<RoomSettings>,
        standing: Standing,
    },
    /// The call went straight to it, and it does not exist; none when it cannot.
    Nothing { number: Option<RoomNumber> },
}

impl Menu {
    pub(super) fn step_key(&mut self, key: Key) {
        match self.step {
            step if step.is_entry() => match self.entry.key(key) {
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
            Step::Told { spoken_name } => self.enter(spoken_name),
            _ => {}
        }
    }

    pub(super) fn prompt_ended(&mut self) {
        match self.step {
            step if step.is_entry() => self.wake_in(FIRST_DIGIT),
            Step::HostStar => self.wake_in(HOST_STAR),
            Step::NameAsked | Step::NameTone | Step::NameTaken | Step::NameReview => {
                self.name_prompt_ended();
            }
            Step::Told { spoken_name } => self.enter(spoken_name),
            _ => {}
        }
    }

    pub(super) fn step_timed_out(&mut self) {
        self.step_deadline = None;
        match self.step {
            Step::Room | Step::Pin | Step::Code if self.entry.is_empty() => self.silent(),
            Step::CodeNew | Step::CodeAgain if self.entry.is_empty() => self.code_silent(),
            step if step.is_entry() => self.entry_complete(),
            Step::HostStar => self.role_known(Role::Guest),
            Step::LookingUp if self.goes_straight() => self.room_unknown(),
            Step::LookingUp => self.wrong_at(Step::Room),
            Step::CheckingPin => self.wrong_at(Step::Pin),
            Step::CheckingCode => self.wrong_at(Step::Code),
            Step::SettingCode => {
                self.notes.clear();
                self.wrong_at(Step::CodeNew);
            }
            Step::NameAsked | Step::NameTone | Step::NameTaken | Step::NameReview => {
                self.name_timed_out();
            }
            Step::Told { spoken_name } => self.enter(spoken_name),
            _ => {}
        }
    }

    fn entry_complete(&mut self) {
        let digits = std::mem::take(&mut self.entry).as_str().to_owned();
        match self.step {
            Step::Room if digits.is_empty() => self.check_nothing(Step::LookingUp),
            Step::Room => self.look_up(digits),
            Step::Pin if digits.is_empty() => self.check_nothing(Step::CheckingPin),
            Step::Pin => self.check_pin(Keyed::new(digits)),
            Step::Billing => self.billing_entered(digits),
            _ => self.code_entered(Keyed::new(digits)),
        }
    }

    fn billing_entered(&mut self, digits: String) {
        let default = self.settings().and_then(|it| it.billing_code.clone());
        match digits.len() {
            0 if default.is_some() => {
                self.billing_code = default;
                self.notes.push(Prompt::DefaultCodeNoted);
            }
            0 => self.notes.push(Prompt::NoBillingCode),
            2..=20 => {
                self.billing_code = Some(digits);
                self.notes.push(Prompt::BillingCodeNoted);
            }
            _ => return self.wrong(),
        }
        self.ask_name();
    }

    pub(super) fn look_up(&mut self, digits: String) {
        self.check_nothing(Step::LookingUp);
        self.effects.push(MenuEffect::LookUpRoom(digits));
    }

    /// What cannot be right needs no answer, and is told as late as if it had one.
    pub(super) fn check_nothing(&mut self, step: Step) {
        self.step = step;
        self.wake_in(WRONG_AFTER);
    }

    pub(super) fn room_found(
        &mut self,
        number: RoomNumber,
        settings: Box<RoomSettings>,
        standing: Standing,
    ) {
        if self.step == Step::LookingUp {
            self.found = Some(Found::Room {
                number,
                settings,
                standing,
            });
            self.ask_for_host();
        }
    }

    /// A wrong room number that was keyed is told when its time has come.
    pub(super) fn room_unknown(&mut self) {
        let Errand::Room {
            straight_to: Some(room),
        } = &self.errand
        else {
            return;
        };
        if self.step == Step::LookingUp {
            self.found = Some(Found::Nothing {
                number: RoomNumber::parse(room),
            });
            self.ask_for_host();
        }
    }

    fn goes_straight(&self) -> bool {
        let Errand::Room { straight_to } = &self.errand else {
            return false;
        };
        straight_to.is_some()
    }

    fn ask_for_host(&mut self) {
        self.next_step(Step::HostStar);
        if self.goes_straight() {
            self.ask(&[Prompt::Welcome, Prompt::HostPressStar]);
        } else {
            self.ask(&[Prompt::HostPressStar]);
        }
    }

    fn check_pin(&mut self, pin: Keyed) {
        self.check_nothing(Step::CheckingPin);
        if let Some(
            Found::Room { number, .. }
            | Found::Nothing {
                number: Some(number),
            },
        ) = &self.found
        {
            let number = number.clone();
            self.effects.push(MenuEffect::CheckPin { number, pin });
        }
    }

    /// A wrong one is told when its time has come.
    pub(super) fn pin_checked(&mut self, right: bool) {
        if self.step == Step::CheckingPin && right && self.settings().is_some() {
            self.role_known(Role::Host);
        }
    }

    fn role_known(&mut self, role: Role) {
        self.role = role;
        let Some(standing) = self.standing() else {
            self.was_wrong = true;
            return self.say_goodbye(&[Prompt::WrongEntry, Prompt::Goodbye]);
        };
        if role == Role::Host && standing.guessed_at {
            self.notes.push(Prompt::SomebodyGuesses);
        }
        self.code_step();
    }

    pub(super) fn billing_step(&mut self) {
        let captures = self.settings().is_some_and(|it| it.billing_capture);
        if self.role == Role::Host && captures {
            self.next_step(Step::Billing);
            self.ask(&[Prompt::EnterBillingCode]);
        } else {
            self.ask_name();
        }
    }

    pub(super) fn wants_name(&self) -> bool {
        let kept = self.standing().is_some_and(|it| it.name_kept);
        let asks = |settings: &RoomSettings| settings.announce == Announce::Name;
        !kept && self.settings().is_some_and(asks)
    }

    /// Into the room, once everything has been told.
    pub(super) fn enter(&mut self, spoken_name: bool) {
        if !self.notes.is_empty() {
            self.next_step(Step::Told { spoken_name });
            return self.ask(&[]);
        }
        let Some(Found::Room {
            number, settings, ..
        }) = self.found.take()
        else {
            return;
        };
        self.stop_playing();
        self.over();
        let enter = MenuEffect::Enter {
            number,
            settings,
            role: self.role,
            billing_code: self.billing_code.take(),
            spoken_name,
            code_proved: self.code_proved,
        };
        self.effects.push(enter);
    }

    fn wrong_at(&mut self, step: Step) {
        self.step = step;
        self.wrong();
    }

    /// What was keyed after a wrong entry was meant for a step that is not reached now.
    pub(super) fn wrong(&mut self) {
        debug_assert!(self.step.is_entry(), "only an entry can be wrong");
        self.was_wrong = true;
        self.new_code = None;
        self.typed.forget();
        self.failed += 1;
        if self.failed >= TRIES {
            self.say_goodbye(&[Prompt::WrongEntry, Prompt::Goodbye]);
        } else {
            let question = self.question();
            self.ask(&[Prompt::WrongEntry, Prompt::TryAgain, question]);
        }
    }

    pub(super) fn silent(&mut self) {
        self.failed += 1;
        if self.failed >= TRIES {
            self.say_goodbye(&[Prompt::Goodbye]);
        } else {
            let question = self.question();
            self.ask(&[question]);
        }
    }

    /// What is asked at the present step.
    pub(super) fn question(&self) -> Prompt {
        match self.step {
            Step::Pin => Prompt::EnterPin,
            Step::Code => Prompt::EnterCode,
            Step::CodeNew if self.has_preset() => Prompt::ChooseCodeOrUsual,
            Step::CodeNew => Prompt::ChooseCode,
            Step::CodeAgain => Prompt::EnterCodeAgain,
            Step::Billing => Prompt::EnterBillingCode,
            _ => Prompt::EnterRoomNumber,
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

    pub(super) fn standing(&self) -> Option<Standing> {
        match &self.found {
            Some(Found::Room { standing, .. }) => Some(*standing),
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
