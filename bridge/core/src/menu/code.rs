//! The security code: a host chooses it and keys it twice, or takes the room's preset with pound;
//! a guest keys it.
//!
//! It is keyed twice because a host who mistypes it would lock every guest out and never know. It
//! is not said back: whoever sits beside the host would hear it.

use crate::event::Role;
use crate::ids::RoomNumber;
use crate::keyed::Keyed;
use crate::prompt::Prompt;

use super::step::{Found, Step};
use super::{CodeState, Errand, Menu, MenuEffect, WRONG_AFTER};

impl Menu {
    /// The role is known: the code, if one is to be chosen or keyed, and then what follows.
    pub(super) fn code_step(&mut self) {
        match (self.code_state(), self.role) {
            (CodeState::NotSet { .. }, Role::Host) => {
                self.next_step(Step::CodeNew);
                let question = self.question();
                self.ask(&[question]);
            }
            (CodeState::NotSet { preset: true } | CodeState::Set, Role::Guest) => {
                self.ask_for_code();
            }
            _ => self.billing_step(),
        }
    }

    pub(super) fn ask_for_code(&mut self) {
        self.next_step(Step::Code);
        self.ask(&[Prompt::EnterCode]);
    }

    /// Digits that are complete, for any of the steps of the code.
    pub(super) fn code_entered(&mut self, digits: Keyed) {
        let fits = CODE_DIGITS.contains(&digits.as_str().len());
        match self.step {
            Step::Code if fits => self.check_code(digits),
            Step::Code => self.check_nothing(Step::CheckingCode),
            Step::CodeNew if fits => {
                self.new_code = Some(digits);
                self.step = Step::CodeAgain;
                self.ask(&[Prompt::EnterCodeAgain]);
            }
            Step::CodeNew if digits.as_str().is_empty() && self.has_preset() => self.set_code(None),
            Step::CodeAgain if self.new_code.as_ref() == Some(&digits) => {
                self.set_code(Some(digits));
            }
            // No secret of the house was tried, so nothing is learned from how soon it is told.
            _ => {
                self.step = Step::CodeNew;
                self.wrong();
            }
        }
    }

    /// Nothing was keyed for a while: a host who says nothing takes the preset.
    pub(super) fn code_silent(&mut self) {
        if self.step == Step::CodeNew && self.has_preset() {
            self.set_code(None);
        } else {
            self.silent();
        }
    }

    fn check_code(&mut self, code: Keyed) {
        let Some(number) = self.room() else {
            return self.check_nothing(Step::CheckingCode);
        };
        self.step = Step::CheckingCode;
        self.wake_in(WRONG_AFTER);
        self.effects.push(MenuEffect::CheckCode { number, code });
    }

    /// A wrong one is told when its time has come.
    pub(super) fn code_checked(&mut self, right: bool) {
        if self.step != Step::CheckingCode || !right {
            return;
        }
        self.code_proved = true;
        match &self.errand {
            Errand::Room { .. } => self.billing_step(),
            Errand::Code(number) => {
                let number = number.clone();
                self.over();
                self.effects.push(MenuEffect::CodeProved(number));
            }
        }
    }

    fn set_code(&mut self, code: Option<Keyed>) {
        let Some(number) = self.room() else {
            return self.wrong();
        };
        self.notes.push(if code.is_some() {
            Prompt::CodeIsSet
        } else {
            Prompt::UsualCodeIsSet
        });
        self.new_code = None;
        self.step = Step::SettingCode;
        self.wake_in(WRONG_AFTER);
        self.effects.push(MenuEffect::SetCode { number, code });
    }

    pub(super) fn code_set(&mut self, set: bool) {
        if self.step != Step::SettingCode {
            return;
        }
        if !set {
            self.notes.pop();
            self.notes.push(Prompt::CodeWasSet);
        }
        self.billing_step();
    }

    fn room(&self) -> Option<RoomNumber> {
        match (&self.errand, &self.found) {
            (Errand::Code(number), _) | (_, Some(Found::Room { number, .. })) => {
                Some(number.clone())
            }
            _ => None,
        }
    }

    fn code_state(&self) -> CodeState {
        self.standing().map(|it| it.code).unwrap_or_default()
    }

    pub(super) fn has_preset(&self) -> bool {
        self.code_state() == CodeState::NotSet { preset: true }
    }
}

/// A security code has so many digits.
const CODE_DIGITS: std::ops::RangeInclusive<usize> = 4..=20;
