//! A call in the voice menu, with a house around it that answers as the test says.

use std::time::Duration;

use confab_core::ids::{LegId, PlayId, RoomNumber};
use confab_core::menu::{Menu, MenuEffect, MenuInput};
use confab_core::prompt::Clip;
use confab_core::settings::Language;
use confab_core::time::Time;
use confab_dtmf::Key;

use crate::settings;

/// A call in the menu, with a house that has room 1000 with PIN 1234.
pub struct Call {
    pub menu: Menu,
    now: Time,
    settings: &'static str,
    pub playing: Option<PlayId>,
    pub told: Vec<String>,
    pub over: bool,
}

impl Call {
    pub fn new(settings: &'static str, straight_to: Option<&str>) -> Self {
        Self {
            menu: Menu::new(LegId(7), Language::En, straight_to.map(str::to_owned)),
            now: Time(1_000_000),
            settings,
            playing: None,
            told: Vec::new(),
            over: false,
        }
    }

    fn input(&mut self, input: MenuInput) {
        let mut effects = Vec::new();
        self.menu.handle(self.now, input, &mut effects);
        assert!(
            !self.over || effects.is_empty(),
            "nothing comes after the end"
        );
        for effect in effects {
            self.apply(effect);
        }
    }

    fn apply(&mut self, effect: MenuEffect) {
        match effect {
            MenuEffect::Play { play, clips } => {
                assert_eq!(self.playing.replace(play), None, "one prompt at a time");
                let words: Vec<String> = clips.iter().map(word).collect();
                self.told.push(words.join("+"));
            }
            MenuEffect::StopPlay => {
                assert!(self.playing.take().is_some(), "only what plays is stopped");
                self.told.push("stop".to_owned());
            }
            MenuEffect::LookUpRoom(digits) => self.told.push(format!("look-up({digits})")),
            MenuEffect::CheckPin { number, pin } => self.told.push(format!("pin({number},{pin})")),
            MenuEffect::RecordName => self.told.push("record".to_owned()),
            MenuEffect::StopName => self.told.push("stop-name".to_owned()),
            MenuEffect::Enter {
                number,
                role,
                billing_code,
                spoken_name,
                ..
            } => {
                self.over = true;
                let billing = billing_code
                    .map(|code| format!(",{code}"))
                    .unwrap_or_default();
                let name = if spoken_name { ",name" } else { "" };
                self.told
                    .push(format!("enter({number},{role:?}{billing}{name})"));
            }
            MenuEffect::Hangup(reason) => {
                self.over = true;
                assert!(
                    self.playing.is_some(),
                    "nobody is hung up on without a word"
                );
                self.told.push(format!("hangup({})", reason.word()));
            }
        }
    }

    pub fn pass(&mut self, time: Duration) {
        let until = self.now + time;
        while let Some(at) = self.menu.next_deadline().filter(|at| *at <= until) {
            self.now = at.max(self.now);
            self.input(MenuInput::Wake);
            let next = self.menu.next_deadline();
            assert!(next.is_none_or(|next| next > self.now), "deadlines pass");
        }
        self.now = until;
    }

    /// `begin`, `1234#`, `played`, `found`, `unknown`, `right`, `wrong`, `name`, `no-name`, `8s`.
    pub fn happen(&mut self, what: &str) {
        match what {
            "begin" => self.input(MenuInput::Begin),
            "played" => {
                let play = self.playing.take().expect("something was playing");
                self.input(MenuInput::Played(play));
            }
            "found" => self.input(MenuInput::RoomFound {
                number: RoomNumber::parse("1000").unwrap(),
                settings: Box::new(settings::parse(self.settings)),
            }),
            "unknown" => self.input(MenuInput::RoomUnknown),
            "right" => self.input(MenuInput::PinChecked(true)),
            "wrong" => self.input(MenuInput::PinChecked(false)),
            "name" => self.input(MenuInput::NameRecorded(true)),
            "no-name" => self.input(MenuInput::NameRecorded(false)),
            time if time.ends_with('s') => {
                let seconds: f64 = time[..time.len() - 1].parse().unwrap();
                self.pass(Duration::from_millis((seconds * 1_000.0) as u64));
            }
            keys => {
                for key in keys.chars() {
                    self.now = self.now + Duration::from_millis(100);
                    self.input(MenuInput::Key(Key::from_char(key).unwrap()));
                }
            }
        }
    }
}

fn word(clip: &Clip) -> String {
    let text = format!("{clip:?}");
    text.strip_prefix("Prompt(")
        .map_or(&*text, |rest| &rest[..rest.len() - 1])
        .to_owned()
}
