//! A call in the voice menu, with a house around it that answers as the test says.

use std::time::Duration;

use confab_core::ids::{LegId, PlayId, RoomNumber};
use confab_core::menu::{CodeState, Menu, MenuEffect, MenuInput, Standing};
use confab_core::prompt::Clip;
use confab_core::settings::{Language, RoomSettings};
use confab_core::time::Time;
use confab_dtmf::Key;

use crate::settings;

/// A call in the menu, with a house that has room 1000. `settings` are those of the room and how it
/// stands: `code=set`, `code=preset`, `code=none` (wanted, and not set), `locked`, `name_kept`,
/// `guessed_at`.
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
        let straight_to = straight_to.map(str::to_owned);
        Self::with(Menu::new(LegId(7), Language::En, straight_to), settings)
    }

    /// A guest whom room 1000 sends back for the code.
    pub fn sent_back() -> Self {
        let room = RoomNumber::parse("1000").unwrap();
        Self::with(Menu::for_code(LegId(7), Language::En, room), "")
    }

    fn with(menu: Menu, settings: &'static str) -> Self {
        Self {
            menu,
            now: BEGAN,
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
            MenuEffect::CheckPin { number, pin } => {
                self.told.push(format!("pin({number},{})", pin.as_str()))
            }
            MenuEffect::CheckCode { number, code } => {
                self.told.push(format!("code({number},{})", code.as_str()));
            }
            MenuEffect::SetCode { number, code } => {
                let code = code.as_ref().map_or("preset", |code| code.as_str());
                self.told.push(format!("set-code({number},{code})"));
            }
            MenuEffect::CodeProved(number) => {
                self.over = true;
                self.told.push(format!("back-in({number})"));
            }
            MenuEffect::RecordName => self.told.push("record".to_owned()),
            MenuEffect::StopName => self.told.push("stop-name".to_owned()),
            MenuEffect::Enter {
                number,
                role,
                billing_code,
                spoken_name,
                code_proved,
                ..
            } => {
                self.over = true;
                let billing = billing_code
                    .map(|code| format!(",{code}"))
                    .unwrap_or_default();
                let name = if spoken_name { ",name" } else { "" };
                let code = if code_proved { ",code" } else { "" };
                self.told
                    .push(format!("enter({number},{role:?}{billing}{name}{code})"));
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

    /// The time that has passed since the call began.
    pub fn elapsed(&self) -> Duration {
        self.now - BEGAN
    }

    /// `begin`, `1234#`, `played`, `found`, `unknown`, `right`, `wrong`, `code-right`,
    /// `code-wrong`, `code-set`, `had-one`, `name`, `no-name`, `8s`.
    pub fn happen(&mut self, what: &str) {
        match what {
            "begin" => self.input(MenuInput::Begin),
            "played" => {
                let play = self.playing.take().expect("something was playing");
                self.input(MenuInput::Played(play));
            }
            "found" => {
                let (settings, standing) = room_and_standing(self.settings);
                self.input(MenuInput::RoomFound {
                    number: RoomNumber::parse("1000").unwrap(),
                    settings: Box::new(settings),
                    standing,
                });
            }
            "code-right" => self.input(MenuInput::CodeChecked(true)),
            "code-wrong" => self.input(MenuInput::CodeChecked(false)),
            "code-set" => self.input(MenuInput::CodeSet(true)),
            "had-one" => self.input(MenuInput::CodeSet(false)),
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

/// When every call begins.
const BEGAN: Time = Time(1_000_000);

fn room_and_standing(words: &str) -> (RoomSettings, Standing) {
    let mut standing = Standing::default();
    let mut rest = Vec::new();
    for word in words.split_whitespace() {
        match word {
            "code=set" => standing.code = CodeState::Set,
            "code=preset" => standing.code = CodeState::NotSet { preset: true },
            "code=none" => standing.code = CodeState::NotSet { preset: false },
            "locked" => standing.locked = true,
            "name_kept" => standing.name_kept = true,
            "guessed_at" => standing.guessed_at = true,
            other => rest.push(other),
        }
    }
    (settings::parse(&rest.join(" ")), standing)
}

fn word(clip: &Clip) -> String {
    let text = format!("{clip:?}");
    text.strip_prefix("Prompt(")
        .map_or(&*text, |rest| &rest[..rest.len() - 1])
        .to_owned()
}
