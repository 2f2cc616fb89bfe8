//! Conferences as text. Each file in `stories/` is one conference: lines that say what happens, and
//! lines after `>` that say what comes of the newest one. `#` begins a comment.
//!
//! ```text
//! room WORD...                the settings, in the first line
//! host|guest joins as NAME [named] [code] [billing CODE] [from NUMBER] [called TIME ago]
//! NAME keys KEYS              through the keypad's collector, like real keys
//! NAME leaves | NAME hears it out | NAME talks | NAME is quiet | NAME is dead | NAME is alive
//! NAME proves the code | somebody guesses | NAME spoils it by echo | NAME is mended
//! dial N rings | dial N ends HOW | NAME answers dial N | TIME passes (90s, 5m)
//! recorder started|failed|full
//! portal COMMAND              see `command`; `portal COMMAND, WHY` when it is refused
//! NAME asks COMMAND           the same from a leg, not by key
//! > NAME hears CLIP...        clips said to that leg alone, in one go
//! > everybody hears CLIP...   said to the room
//! > NAME|nobody hears nothing
//! > NAME speaks|is muted|waits|waits in silence|knocks|is hung up WORD|is gone
//! > fact FACT                 as `Debug` shows it, with names for legs
//! > effect EFFECT             the same
//! > no fact WORD              no fact begins with it
//! > N callers | > hand NAME N | > locked | > unlocked | > recording | > not recording
//! > billing CODE | > closed | > open | > ends in TIME | > ended by WORD
//! > asked alone NAME | > asked nobody | > last dial END|unknown
//! ```

use std::collections::BTreeMap;
use std::fs;
use std::panic::catch_unwind;
use std::path::Path;
use std::sync::Arc;

use confab_core::command::{Actor, Command, LectureMode};
use confab_core::effect::{Audience, Effect, Hear, Voice};
use confab_core::event::{DialFailure, EndReason, Role};
use confab_core::ids::{DialId, DialNumber, LegId};
use confab_core::room::{DialNews, Input, Joining, RecorderReport};
use confab_core::snapshot::RecordingState;
use confab_core::time::Time;
use confab_dtmf::Key;
use confab_dtmf::collector::Collector;
use confab_dtmf::layout::Layout;

use crate::settings;
use crate::world::{World, fault_called, refusal_words};

#[test]
fn every_story_is_true() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/stories");
    let (mut told, mut untrue) = (0, Vec::new());
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        if catch_unwind(|| tell(&path, &text)).is_err() {
            untrue.push(path);
        }
        told += 1;
    }
    assert!(told > 10, "the stories were found");
    assert!(untrue.is_empty(), "{untrue:#?}");
}

fn tell(path: &Path, text: &str) {
    let mut story = Story::default();
    for (number, line) in text.lines().enumerate() {
        let line = without_comment(line);
        if !line.is_empty() {
            story.at = format!("{}:{}: {line}", path.display(), number + 1);
            story.line(line);
        }
    }
}

/// `#` is a key as well: a comment begins at the start of a line or after two blanks.
fn without_comment(line: &str) -> &str {
    if line.trim_start().starts_with('#') {
        return "";
    }
    line.find("  #")
        .map_or(line, |comment| &line[..comment])
        .trim()
}

#[derive(Default)]
struct Story {
    at: String,
    world: Option<World>,
    layout: Option<Arc<Layout>>,
    names: BTreeMap<String, LegId>,
    collectors: BTreeMap<LegId, Collector>,
}

impl Story {
    fn line(&mut self, line: &str) {
        if let Some(expected) = line.strip_prefix('>') {
            return self.expect(expected.trim());
        }
        if let Some(words) = line.strip_prefix("room") {
            let settings = settings::parse(words);
            self.layout = Some(settings.layout.clone());
            self.world = Some(World::new(settings));
            return;
        }
        self.world().effects.clear();
        let words: Vec<&str> = line.split_whitespace().collect();
        match words[..] {
            [
                role @ ("host" | "guest"),
                "joins",
                "as",
                name,
                ref rest @ ..,
            ] => {
                self.join(role, name, rest);
            }
            [time, "passes"] => self.world().pass(millis(time)),
            ["recorder", report] => {
                let report = match report {
                    "started" => RecorderReport::Started,
                    "failed" => RecorderReport::Failed,
                    "full" => RecorderReport::Full,
                    other => panic!("{}: {other}?", self.at),
                };
                self.input(Input::Recording(report));
            }
            ["somebody", "guesses"] => self.input(Input::Guessing),
            [name, "proves", "the", "code"] => {
                let leg = self.leg(name);
                self.input(Input::CodeRight(leg));
            }
            ["dial", n, "rings"] => self.dialled(n, DialNews::Ringing),
            ["dial", n, "ends", how] => {
                let failure = match how {
                    "Busy" => DialFailure::Busy,
                    "NoAnswer" => DialFailure::NoAnswer,
                    "Rejected" => DialFailure::Rejected,
                    other => panic!("{}: {other}?", self.at),
                };
                self.dialled(n, DialNews::Failed(failure));
            }
            [name, "answers", "dial", n] => {
                let leg = self.new_leg(name);
                self.dialled(n, DialNews::Answered(leg));
            }
            ["portal", ref command @ ..] => self.portal(&command.join(" ")),
            [name, "keys", keys] => self.keys(name, keys),
            [name, "asks", ref command @ ..] => {
                let (leg, command) = (self.leg(name), self.command(&command.join(" ")));
                self.world().command(Actor::Leg(leg), command).unwrap();
            }
            [name, "leaves"] => {
                let leg = self.leg(name);
                self.input(Input::Leave {
                    leg,
                    reason: EndReason::CallerHungUp,
                });
            }
            [name, "hears", "it", "out"] => {
                let leg = self.leg(name);
                self.world().hear_out(leg);
            }
            [name, "talks"] => {
                let leg = self.leg(name);
                self.input(Input::Talking { leg, talking: true });
            }
            [name, "spoils", "it", "by", word] => {
                let (leg, fault) = (self.leg(name), fault_called(word));
                self.input(Input::Fault { leg, fault });
            }
            [name, "is", "mended"] => {
                let (leg, fault) = (self.leg(name), None);
                self.input(Input::Fault { leg, fault });
            }
            [name, "is", "quiet"] => {
                let leg = self.leg(name);
                self.input(Input::Talking {
                    leg,
                    talking: false,
                });
            }
            [name, "is", how @ ("dead" | "alive")] => {
                let (leg, silent) = (self.leg(name), how == "dead");
                self.input(Input::Silent { leg, silent });
            }
            _ => panic!("{}: what is that?", self.at),
        }
    }

    fn world(&mut self) -> &mut World {
        self.world
            .as_mut()
            .unwrap_or_else(|| panic!("{}: begin with `room`", self.at))
    }

    fn leg(&self, name: &str) -> LegId {
        *self
            .names
            .get(name)
            .unwrap_or_else(|| panic!("{}: who is {name}?", self.at))
    }

    fn input(&mut self, input: Input) {
        self.world().input(input).unwrap();
    }

    fn new_leg(&mut self, name: &str) -> LegId {
        let leg = LegId(self.names.len() as u64 + 1);
        assert!(self.names.insert(name.to_owned(), leg).is_none());
        leg
    }

    fn dialled(&mut self, n: &str, news: DialNews) {
        let dial = DialId(n.parse().unwrap());
        self.input(Input::Dialled { dial, news });
    }

    fn join(&mut self, role: &str, name: &str, rest: &[&str]) {
        let leg = self.new_leg(name);
        let after = |word: &str| {
            let at = rest.iter().position(|given| *given == word)?;
            Some(rest[at + 1].to_owned())
        };
        let called_ms = after("called").map_or(0, |time| millis(&time));
        let answered = Time(self.world().now.0 - called_ms);
        self.input(Input::Join(Joining {
            leg,
            role: if role == "host" {
                Role::Host
            } else {
                Role::Guest
            },
            name: after("known")
                .or_else(|| after("from"))
                .unwrap_or_else(|| name.to_owned()),
            number: after("from").unwrap_or_else(|| format!("+49{}", leg.0)),
            spoken_name: rest.contains(&"named"),
            billing_code: after("billing"),
            answered,
            code: rest.contains(&"code"),
        }));
    }

    /// As the switchboard does: the collector first, then the key, then what it completed.
    fn keys(&mut self, name: &str, keys: &str) {
        let leg = self.leg(name);
        for key in keys.chars().map(|c| Key::from_char(c).unwrap()) {
            self.world().pass(100);
            let now_ms = self.world().now.0;
            if self.world().room.takes_keys(leg) {
                self.input(Input::Key { leg, key });
                continue;
            }
            let layout = self.layout.clone();
            let collector = self
                .collectors
                .entry(leg)
                .or_insert_with(|| Collector::new(layout.unwrap_or_else(Layout::openvoice)));
            let command = collector.key(now_ms, key);
            self.input(Input::KeyPressed(leg));
            if let Some(command) = command {
                self.world()
                    .command(Actor::Leg(leg), Command::Keypad(command))
                    .unwrap();
            }
        }
    }

    fn portal(&mut self, text: &str) {
        let (text, refused) = match text.split_once(", ") {
            Some((text, why)) => (text, Some(why)),
            None => (text, None),
        };
        let command = self.command(text);
        let answer = self
            .world()
            .command(Actor::Portal("ann@example.com".to_owned()), command);
        let refusal = answer.err().map(refusal_words);
        assert_eq!(refusal, refused, "{}", self.at);
    }

    fn command(&self, text: &str) -> Command {
        let words: Vec<&str> = text.split_whitespace().collect();
        match words[..] {
            ["mutes", "all"] => Command::MuteAll,
            ["opens", "all"] => Command::OpenAll,
            ["calls", "the", "next", "hand"] => Command::NextHand,
            ["dials", number] => Command::DialOut(DialNumber::parse(number).unwrap()),
            ["hangs", "up", "dial", n] => Command::HangUpDial(DialId(n.parse().unwrap())),
            [word @ ("mutes" | "unmutes"), name] => Command::SetMute {
                leg: self.leg(name),
                muted: word == "mutes",
            },
            [word @ ("cleans" | "leaves"), name] => Command::SetDenoised {
                leg: self.leg(name),
                denoised: word == "cleans",
            },
            ["opens", name] => Command::SetHandOpen {
                leg: self.leg(name),
                open: true,
            },
            ["closes", name] => Command::SetHandOpen {
                leg: self.leg(name),
                open: false,
            },
            ["lowers", name] => Command::LowerHand(self.leg(name)),
            ["drops", name] => Command::Drop(self.leg(name)),
            ["admits", name] => Command::Admit(self.leg(name)),
            ["renames", name, "to", new] => Command::Rename {
                leg: self.leg(name),
                name: new.to_owned(),
            },
            [word @ ("locks" | "unlocks")] => Command::SetLocked(word == "locks"),
            ["goes", "on"] => Command::GoOn,
            ["records"] => Command::SetRecording(true),
            ["stops", "recording"] => Command::SetRecording(false),
            ["lecture", "open"] => Command::SetLecture(LectureMode::Open),
            ["lecture", "relaxed"] => Command::SetLecture(LectureMode::Relaxed),
            ["lecture", "strict"] => Command::SetLecture(LectureMode::Strict),
            ["chimes", on] => Command::SetChimes(on == "on"),
            ["continues", on] => Command::SetContinue(on == "on"),
            ["bills", code] => Command::SetBillingCode(code.to_owned()),
            ["ends"] => Command::End,
            _ => panic!("{}: what is that?", self.at),
        }
    }

    /// Effects of the newest happening with names for legs: `LegId(1)` becomes `h`.
    fn named(&self, what: &impl std::fmt::Debug) -> String {
        let mut text = format!("{what:?}");
        for (name, leg) in &self.names {
            text = text.replace(&format!("{leg:?}"), name);
        }
        text
    }

    /// What was said: to whom (empty: to the room), and the clips in words.
    fn said(&mut self) -> Vec<(Option<LegId>, String)> {
        let effects = self.world().effects.clone();
        let plays = effects.iter().filter_map(|effect| match effect {
            Effect::Play {
                to: Audience::Leg(leg),
                clips,
                ..
            } => Some((Some(*leg), clips)),
            Effect::Play {
                to: Audience::Room,
                clips,
                ..
            } => Some((None, clips)),
            _ => None,
        });
        plays
            .map(|(to, clips)| {
                let words: Vec<String> = clips
                    .iter()
                    .map(|clip| {
                        let word = self.named(clip);
                        let word = word
                            .strip_prefix("Prompt(")
                            .map_or(&*word, |w| &w[..w.len() - 1]);
                        word.to_owned()
                    })
                    .collect();
                (to, words.join(" "))
            })
            .collect()
    }

    fn expect(&mut self, expected: &str) {
        let words: Vec<&str> = expected.split_whitespace().collect();
        match words[..] {
            [who, "hears", ref clips @ ..] => self.expect_heard(who, &clips.join(" ")),
            ["fact", ..] => self.expect_effect(&format!("Emit({})", &expected["fact ".len()..])),
            ["effect", ..] => self.expect_effect(&expected["effect ".len()..]),
            ["no", "fact", word] => {
                let start = format!("Emit({word}");
                let all = self.effects();
                assert!(
                    !all.iter().any(|effect| effect.starts_with(&start)),
                    "{}: {all:?}",
                    self.at
                );
            }
            [name, "speaks"] => self.expect_voice(name, true, Hear::Room),
            [name, "is", "muted"] => self.expect_voice(name, false, Hear::Room),
            [name, "waits", "in", "silence"] => self.expect_voice(name, false, Hear::Nothing),
            [name, "waits" | "knocks"] => self.expect_voice(name, false, Hear::Music),
            [name, "is", "hung", "up", word] => {
                let leg = self.leg(name);
                let reason = self.world().lines[&leg].hung_up.map(EndReason::word);
                assert_eq!(reason, Some(word), "{}", self.at);
            }
            [name, "is", "gone"] => {
                let leg = self.leg(name);
                assert!(!self.world().lines.contains_key(&leg), "{}", self.at);
            }
            _ => self.expect_look(&words),
        }
    }

    fn expect_look(&mut self, words: &[&str]) {
        let now = self.world().now;
        let closed = self.world().closed;
        let why = self.world().room.why_ended().word();
        let look = self.world().room.snapshot();
        let as_expected = match *words {
            [n, "callers"] => look.legs.len() == n.parse::<usize>().unwrap(),
            ["hand", name, place] => {
                let leg = self.leg(name);
                let hand = look
                    .legs
                    .iter()
                    .find(|l| l.leg == leg)
                    .and_then(|leg| leg.hand);
                hand.map(|hand| hand.place) == place.parse().ok()
            }
            ["talking", name] => {
                let leg = self.leg(name);
                look.legs.iter().any(|l| l.leg == leg && l.talking)
            }
            ["locked"] => look.locked,
            ["unlocked"] => !look.locked,
            ["recording"] => matches!(look.recording, RecordingState::On { .. }),
            ["not", "recording"] => look.recording == RecordingState::Off,
            ["billing", code] => look.billing_code.as_deref() == Some(code),
            ["closed"] => closed,
            ["open"] => !closed,
            ["ends", "in", time] => {
                look.ends_at.map(|at| (at - now).as_millis() as u64) == Some(millis(time))
            }
            ["ends", "never"] => look.ends_at.is_none(),
            ["asked", "alone", name] => look.asked_alone == Some(self.leg(name)),
            ["asked", "nobody"] => look.asked_alone.is_none(),
            ["last", "dial", how] => {
                let over = look
                    .dial_over
                    .as_ref()
                    .map(|over| format!("{:?}", over.end));
                over.as_deref().unwrap_or("unknown") == how
            }
            ["ended", "by", word] => closed && why == word,
            _ => panic!("{}: what is that?", self.at),
        };
        assert!(as_expected, "{}\n{look:#?}", self.at);
    }

    fn effects(&mut self) -> Vec<String> {
        let effects = self.world().effects.clone();
        effects.iter().map(|effect| self.named(effect)).collect()
    }

    fn expect_effect(&mut self, expected: &str) {
        let all = self.effects();
        assert!(
            all.iter().any(|effect| effect == expected),
            "{}\n{all:#?}",
            self.at
        );
    }

    fn expect_heard(&mut self, who: &str, clips: &str) {
        let to = match who {
            "everybody" | "nobody" => None,
            name => Some(self.leg(name)),
        };
        let said = self.said();
        let as_expected = match (who, clips) {
            ("nobody", "nothing") => panic!("{}: say `everybody hears nothing`", self.at),
            ("nobody", clips) => said.iter().all(|(_, words)| words != clips),
            (_, "nothing") => said.iter().all(|(heard_by, _)| *heard_by != to),
            _ => said
                .iter()
                .any(|(heard_by, words)| *heard_by == to && words == clips),
        };
        assert!(as_expected, "{}\n{said:#?}", self.at);
    }

    fn expect_voice(&mut self, name: &str, speak: bool, hear: Hear) {
        let leg = self.leg(name);
        let at = self.at.clone();
        let line = self
            .world()
            .lines
            .get(&leg)
            .unwrap_or_else(|| panic!("{at}: is gone"));
        assert_eq!(line.voice, Voice { speak, hear }, "{at}");
    }
}

fn millis(time: &str) -> u64 {
    let (number, unit) = time.split_at(time.len() - 1);
    let number: u64 = number.parse().unwrap();
    match unit {
        "s" => number * 1_000,
        "m" => number * 60_000,
        other => panic!("{other} is no unit of time"),
    }
}
