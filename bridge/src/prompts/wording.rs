//! Which recordings make up a prompt: their keys, the same in every language. Holds no sound and
//! no number's grammar.

use confab_core::prompt::Prompt;
use confab_dtmf::layout::{KeypadCommand, Layout};

use super::grammar::{Grammar, Parts, numbered};
use super::key;

/// The sentences of a prompt, in order; none when there is nothing to say.
pub fn sentences(prompt: Prompt, grammar: &dyn Grammar, layout: &Layout) -> Vec<Parts> {
    match wording(prompt) {
        Wording::Whole => vec![vec![key_of(prompt).into()]],
        Wording::Digit(digit) => vec![numbered("digit", digit.min(9).into())],
        Wording::Press(key, command) => press(key, command, layout).into_iter().collect(),
        Wording::Callers(n) => vec![grammar.callers(n)],
        Wording::HandRaised(n) => {
            let number = grammar.hand_number(n);
            std::iter::once(vec!["hand-raised".into()])
                .chain(number)
                .collect()
        }
        Wording::WithoutName(n) => grammar.without_name(n).into_iter().collect(),
        Wording::Nothing => Vec::new(),
    }
}

/// How a prompt is put together.
enum Wording {
    /// One recording.
    Whole,
    /// A sentence that ends in the keys of a command.
    Press(&'static str, KeypadCommand),
    Callers(u32),
    HandRaised(u32),
    WithoutName(u32),
    Digit(u8),
    /// What nobody can want to hear.
    Nothing,
}

fn wording(prompt: Prompt) -> Wording {
    match prompt {
        Prompt::Callers(n) => Wording::Callers(n),
        Prompt::HandRaised(n) => Wording::HandRaised(n),
        Prompt::WithoutName(n) => Wording::WithoutName(n),
        Prompt::MenuLine(command) => {
            menu_key(command).map_or(Wording::Nothing, |key| Wording::Press(key, command))
        }
        Prompt::Digit(digit) => Wording::Digit(digit),
        Prompt::HostMutedAllLines => {
            Wording::Press("host-muted-all-lines", KeypadCommand::ToggleHand)
        }
        Prompt::LectureRelaxed => Wording::Press("lecture-relaxed", KeypadCommand::ToggleMute),
        Prompt::LectureStrict => Wording::Press("lecture-strict", KeypadCommand::ToggleHand),
        Prompt::NotACommand => Wording::Press("not-a-command", KeypadCommand::Menu),
        Prompt::AllMuted => Wording::Press("all-muted", KeypadCommand::ToggleMute),
        Prompt::EndAsked => Wording::Press("end-asked", KeypadCommand::End),
        _ => Wording::Whole,
    }
}

/// The key of a prompt that is one recording.
fn key_of(prompt: Prompt) -> String {
    key::written(&format!("{prompt:?}"))
}

/// The line of the spoken menu for a command; none for what cannot be keyed on purpose.
fn menu_key(command: KeypadCommand) -> Option<&'static str> {
    Some(match command {
        KeypadCommand::Menu => "menu-menu",
        KeypadCommand::ToggleMute => "menu-mute",
        KeypadCommand::CountCallers => "menu-count",
        KeypadCommand::ToggleLock => "menu-lock",
        KeypadCommand::ToggleRecording => "menu-recording",
        KeypadCommand::CycleLecture => "menu-lecture",
        KeypadCommand::ToggleHand => "menu-hand",
        KeypadCommand::ToggleChimes => "menu-chimes",
        KeypadCommand::ToggleContinue => "menu-continue",
        KeypadCommand::RollCall => "menu-roll-call",
        KeypadCommand::NextHand => "menu-next-hand",
        KeypadCommand::Admit => "menu-admit",
        KeypadCommand::MuteAll => "menu-mute-all",
        KeypadCommand::MuteWorst => "menu-mute-worst",
        KeypadCommand::DialOut => "menu-dial-out",
        KeypadCommand::DropDialled => "menu-drop-dialled",
        KeypadCommand::End => "menu-end",
        KeypadCommand::Unknown => return None,
    })
}

/// "... press" and the keys of the command: none when the layout has none for it, since "press" and
/// then nothing would be worse than silence.
fn press(key: &'static str, command: KeypadCommand, layout: &Layout) -> Option<Parts> {
    let mut parts: Parts = vec![key.into()];
    parts.extend(spoken_keys(layout.keys_of(command)?));
    Some(parts)
}

/// Any keys: star or pound and the digit after it are one recording, whatever else is one for each.
fn spoken_keys(keys: &str) -> Parts {
    let mut parts = Parts::new();
    let mut keys = keys.chars().peekable();
    while let Some(key) = keys.next() {
        let lead = match key {
            '*' => "keys-star",
            '#' => "keys-pound",
            digit => {
                parts.push(format!("digit-{digit}").into());
                continue;
            }
        };
        match keys.next_if(char::is_ascii_digit) {
            Some(digit) => parts.push(format!("{lead}-{digit}").into()),
            None => parts.push(lead.into()),
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use confab_dtmf::layout::Layouts;

    use super::super::english::English;
    use super::*;

    fn elsewhere() -> Layout {
        let lines = [
            ("*6", "toggle_mute"),
            ("#0", "menu"),
            ("*41", "toggle_lock"),
            ("7", "toggle_hand"),
            ("##", "end"),
            ("*#5", "admit"),
        ];
        Layout::parse("elsewhere", lines).unwrap()
    }

    fn said(prompt: Prompt, layout: &Layout) -> Vec<String> {
        sentences(prompt, &English, layout)
            .iter()
            .map(|parts| parts.join(" + "))
            .collect()
    }

    #[test]
    fn keys_are_the_layouts() {
        let check = |prompt: Prompt, wanted: &[&str]| {
            assert_eq!(said(prompt, &elsewhere()), wanted, "{prompt:?}");
        };
        let line = Prompt::MenuLine;
        check(
            line(KeypadCommand::ToggleMute),
            &["menu-mute + keys-star-6"],
        );
        check(
            line(KeypadCommand::ToggleLock),
            &["menu-lock + keys-star-4 + digit-1"],
        );
        check(line(KeypadCommand::ToggleHand), &["menu-hand + digit-7"]);
        check(
            line(KeypadCommand::End),
            &["menu-end + keys-pound + keys-pound"],
        );
        check(
            line(KeypadCommand::Admit),
            &["menu-admit + keys-star + keys-pound-5"],
        );
        check(line(KeypadCommand::DialOut), &[]);
        check(line(KeypadCommand::Unknown), &[]);
        check(Prompt::LectureRelaxed, &["lecture-relaxed + keys-star-6"]);
        check(Prompt::NotACommand, &["not-a-command + keys-pound-0"]);
        check(Prompt::LectureStrict, &["lecture-strict + digit-7"]);
    }

    #[test]
    fn every_layout_can_be_spoken_in_full() {
        for layout in Layouts::shipped().iter() {
            let fixed = [
                Prompt::HostMutedAllLines,
                Prompt::LectureRelaxed,
                Prompt::LectureStrict,
                Prompt::NotACommand,
                Prompt::AllMuted,
                Prompt::EndAsked,
            ];
            let menu = KeypadCommand::ALL.map(Prompt::MenuLine);
            for prompt in fixed.into_iter().chain(menu) {
                let lines = said(prompt, layout).len();
                assert_eq!(lines, 1, "{}: {prompt:?}", layout.name());
            }
        }
    }

    #[test]
    fn a_hand_is_followed_by_its_place() {
        let layout = Layout::openvoice();
        assert_eq!(
            said(Prompt::HandRaised(3), &layout),
            ["hand-raised", "hand-number-3"]
        );
        assert_eq!(
            said(Prompt::HandRaised(21), &layout),
            ["hand-raised", "hand-number-many"]
        );
        assert!(said(Prompt::WithoutName(0), &layout).is_empty());
        assert_eq!(said(Prompt::Digit(7), &layout), ["digit-7"]);
        assert_eq!(
            said(Prompt::RoomNowUnlocked, &layout),
            ["room-now-unlocked"]
        );
    }
}
