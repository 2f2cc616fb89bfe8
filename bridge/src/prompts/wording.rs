//! Which recordings make up a prompt: their keys, the same in every language. Holds no sound and
//! no number's grammar.

use std::borrow::Cow;
use std::fmt::Debug;

use confab_core::prompt::Prompt;
use confab_dtmf::layout::{KeypadCommand, Layout};

/// One sentence: the keys of its parts, which are joined without a gap.
pub type Parts = Vec<Cow<'static, str>>;

/// What a language does its own way.
pub trait Grammar: Debug + Send + Sync {
    /// "There are N callers."
    fn callers(&self, n: u32) -> Parts;
    /// "You are number N", of the raised hands; none beyond what is recorded.
    fn hand_number(&self, n: u32) -> Option<Parts>;
    /// "and N callers without a name"; none when all have one.
    fn without_name(&self, n: u32) -> Option<Parts>;
}

/// The key of a number in a series.
pub fn numbered(series: &str, n: u32) -> Parts {
    vec![format!("{series}-{n}").into()]
}

/// The sentences of a prompt, in order; none when there is nothing to say.
pub fn sentences(prompt: Prompt, grammar: &dyn Grammar, layout: &Layout) -> Vec<Parts> {
    match wording(prompt) {
        Wording::Whole(key) => vec![vec![key.into()]],
        Wording::Press(key, command) => press(key, command, layout).into_iter().collect(),
        Wording::Callers(n) => vec![grammar.callers(n)],
        Wording::HandRaised(n) => {
            let number = grammar.hand_number(n);
            std::iter::once(vec!["hand-raised".into()])
                .chain(number)
                .collect()
        }
        Wording::WithoutName(n) => grammar.without_name(n).into_iter().collect(),
        Wording::Menu { host } => layout
            .entries_for(host)
            .filter_map(|entry| press(menu_key(entry.command)?, entry.command, layout))
            .collect(),
    }
}

/// How a prompt is put together.
enum Wording {
    /// One recording.
    Whole(&'static str),
    /// A sentence that ends in the keys of a command.
    Press(&'static str, KeypadCommand),
    Callers(u32),
    HandRaised(u32),
    WithoutName(u32),
    Menu {
        host: bool,
    },
}

fn wording(prompt: Prompt) -> Wording {
    use Wording::{Press, Whole};
    match prompt {
        Prompt::Welcome => Whole("welcome"),
        Prompt::EnterRoomNumber => Whole("enter-room-number"),
        Prompt::HostPressStar => Whole("host-press-star"),
        Prompt::EnterPin => Whole("enter-pin"),
        Prompt::WrongEntry => Whole("wrong-entry"),
        Prompt::TryAgain => Whole("try-again"),
        Prompt::Goodbye => Whole("goodbye"),
        Prompt::EnterBillingCode => Whole("enter-billing-code"),
        Prompt::SayYourName => Whole("say-your-name"),
        Prompt::KeepNameOrAgain => Whole("keep-name-or-again"),
        Prompt::RoomIsLocked => Whole("room-is-locked"),
        Prompt::HostWasTold => Whole("host-was-told"),
        Prompt::RoomIsFull => Whole("room-is-full"),
        Prompt::HouseIsFull => Whole("house-is-full"),
        Prompt::WaitingForHost => Whole("waiting-for-host"),
        Prompt::ConferenceBegins => Whole("conference-begins"),
        Prompt::YouAreFirst => Whole("you-are-first"),
        Prompt::Callers(n) => Wording::Callers(n),
        Prompt::BeingRecorded => Whole("being-recorded"),
        Prompt::YouAreMuted => Whole("you-are-muted"),
        Prompt::YouAreUnmuted => Whole("you-are-unmuted"),
        Prompt::HostMutedYou => Whole("host-muted-you"),
        Prompt::HostOpenedYou => Whole("host-opened-you"),
        Prompt::HostMutedAllLines => Press("host-muted-all-lines", KeypadCommand::ToggleHand),
        Prompt::RoomNowLocked => Whole("room-now-locked"),
        Prompt::RoomNowUnlocked => Whole("room-now-unlocked"),
        Prompt::RecordingStarted => Whole("recording-started"),
        Prompt::RecordingStopped => Whole("recording-stopped"),
        Prompt::RecordingFull => Whole("recording-full"),
        Prompt::RecordingFailed => Whole("recording-failed"),
        Prompt::LectureRelaxed => Press("lecture-relaxed", KeypadCommand::ToggleMute),
        Prompt::LectureStrict => Press("lecture-strict", KeypadCommand::ToggleHand),
        Prompt::LectureEnded => Whole("lecture-ended"),
        Prompt::HandRaised(n) => Wording::HandRaised(n),
        Prompt::HandLowered => Whole("hand-lowered"),
        Prompt::SomebodyRaisedHand => Whole("somebody-raised-hand"),
        Prompt::ChimesOn => Whole("chimes-on"),
        Prompt::ChimesOff => Whole("chimes-off"),
        Prompt::WillContinue => Whole("will-continue"),
        Prompt::WillEnd => Whole("will-end"),
        Prompt::RollCall => Whole("roll-call"),
        Prompt::WithoutName(n) => Wording::WithoutName(n),
        Prompt::HasJoined => Whole("has-joined"),
        Prompt::HasLeft => Whole("has-left"),
        Prompt::CallerJoined => Whole("caller-joined"),
        Prompt::CallerLeft => Whole("caller-left"),
        Prompt::HostLeftEndsSoon => Whole("host-left-ends-soon"),
        Prompt::HostLeftGoesOn => Whole("host-left-goes-on"),
        Prompt::HostIsBack => Whole("host-is-back"),
        Prompt::ConferenceEnded => Whole("conference-ended"),
        Prompt::YouWereDropped => Whole("you-were-dropped"),
        Prompt::NotACommand => Press("not-a-command", KeypadCommand::Menu),
        Prompt::HostsOnly => Whole("hosts-only"),
        Prompt::HostMenu => Wording::Menu { host: true },
        Prompt::GuestMenu => Wording::Menu { host: false },
    }
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
        KeypadCommand::Unknown => return None,
    })
}

/// "... press" and the keys of the command: none when the layout lacks it or its keys are not
/// recorded, since "press" and then nothing would be worse than silence.
fn press(key: &'static str, command: KeypadCommand, layout: &Layout) -> Option<Parts> {
    let entry = layout
        .entries
        .iter()
        .find(|entry| entry.command == command)?;
    Some(vec![key.into(), spoken_keys(entry.keys)?.into()])
}

/// Star or pound and a digit: what is recorded.
fn spoken_keys(keys: &str) -> Option<String> {
    let (lead, rest) = keys.split_at_checked(1)?;
    let name = match lead {
        "*" => "star",
        "#" => "pound",
        _ => return None,
    };
    let digit = rest.parse::<u8>().ok().filter(|_| rest.len() == 1)?;
    Some(format!("keys-{name}-{digit}"))
}

#[cfg(test)]
mod tests {
    use confab_dtmf::layout::{Entry, LAYOUTS};

    use super::super::english::English;
    use super::*;

    const ELSEWHERE: Layout = Layout {
        name: "elsewhere",
        entries: &[
            Entry {
                keys: "*6",
                command: KeypadCommand::ToggleMute,
            },
            Entry {
                keys: "#0",
                command: KeypadCommand::Menu,
            },
            Entry {
                keys: "*41",
                command: KeypadCommand::ToggleLock,
            },
        ],
    };

    fn said(prompt: Prompt, layout: &Layout) -> Vec<String> {
        sentences(prompt, &English, layout)
            .iter()
            .map(|parts| parts.join(" + "))
            .collect()
    }

    #[test]
    fn the_menu_is_the_layouts() {
        let check = |prompt: Prompt, wanted: &[&str]| {
            assert_eq!(said(prompt, &ELSEWHERE), wanted, "{prompt:?}");
        };
        check(
            Prompt::HostMenu,
            &["menu-mute + keys-star-6", "menu-menu + keys-pound-0"],
        );
        check(
            Prompt::GuestMenu,
            &["menu-mute + keys-star-6", "menu-menu + keys-pound-0"],
        );
        check(Prompt::LectureRelaxed, &["lecture-relaxed + keys-star-6"]);
        check(Prompt::NotACommand, &["not-a-command + keys-pound-0"]);
        check(Prompt::LectureStrict, &[]);
    }

    #[test]
    fn every_layout_can_be_spoken_in_full() {
        for layout in LAYOUTS {
            for (prompt, host) in [(Prompt::HostMenu, true), (Prompt::GuestMenu, false)] {
                let lines = said(prompt, layout).len();
                assert_eq!(lines, layout.entries_for(host).count(), "{}", layout.name);
            }
            for prompt in [
                Prompt::HostMutedAllLines,
                Prompt::LectureRelaxed,
                Prompt::NotACommand,
            ] {
                assert_eq!(said(prompt, layout).len(), 1, "{}: {prompt:?}", layout.name);
            }
        }
    }

    #[test]
    fn a_hand_is_followed_by_its_place() {
        let layout = LAYOUTS[0];
        assert_eq!(
            said(Prompt::HandRaised(3), layout),
            ["hand-raised", "hand-number-3"]
        );
        assert_eq!(said(Prompt::HandRaised(21), layout), ["hand-raised"]);
        assert!(said(Prompt::WithoutName(0), layout).is_empty());
    }
}
