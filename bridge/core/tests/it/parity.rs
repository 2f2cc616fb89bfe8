//! What a page can do, a telephone can: every command of the portal has keys, or a reason why not.

use confab_core::command::{Command, LectureMode};
use confab_core::ids::{DialId, DialNumber, LegId};
use confab_dtmf::layout::{KeypadCommand, Layouts};

/// How a host with nothing but a telephone does the same.
enum ByTelephone {
    Keys(KeypadCommand),
    /// By another way, or not at all, and why that is enough.
    Not(&'static str),
}

/// A new command does not compile here until somebody has decided which keys it has.
fn by_telephone(command: &Command) -> ByTelephone {
    use ByTelephone::{Keys, Not};
    match command {
        Command::Keypad(keyed) => Keys(*keyed),
        Command::SetMute { .. } => Not(
            "one line of many cannot be pointed at by keys: *0 mutes all, each unmutes alone; the \
             own line is *2",
        ),
        Command::SetDenoised { .. } => Not(
            "one line of many cannot be pointed at by keys; the room can be set to do it for all",
        ),
        Command::MuteAll | Command::OpenAll => Keys(KeypadCommand::MuteAll),
        Command::Drop(_) => Not(
            "one line of many cannot be pointed at by keys: strict lecture mode silences it, and \
             whom the host has called is dropped by keys of its own",
        ),
        Command::Rename { .. } => Not("a name is written; by telephone it is spoken at the door"),
        Command::SetLocked(_) => Keys(KeypadCommand::ToggleLock),
        Command::Admit(_) => Keys(KeypadCommand::Admit),
        Command::SetRecording(_) => Keys(KeypadCommand::ToggleRecording),
        Command::SetLecture(_) => Keys(KeypadCommand::CycleLecture),
        Command::SetHandOpen { .. } | Command::NextHand => Keys(KeypadCommand::NextHand),
        Command::LowerHand(_) => Keys(KeypadCommand::NextHand),
        Command::SetChimes(_) => Keys(KeypadCommand::ToggleChimes),
        Command::SetContinue(_) => Keys(KeypadCommand::ToggleContinue),
        Command::SetBillingCode(_) => Not("keyed at the door, when the conference starts"),
        Command::DialOut(_) => Keys(KeypadCommand::DialOut),
        Command::HangUpDial(_) => Keys(KeypadCommand::DropDialled),
        Command::GoOn => Keys(KeypadCommand::ToggleContinue),
        Command::End => Keys(KeypadCommand::End),
    }
}

/// One of each.
fn every_command() -> Vec<Command> {
    let leg = LegId(1);
    vec![
        Command::Keypad(KeypadCommand::CountCallers),
        Command::SetMute { leg, muted: true },
        Command::SetDenoised {
            leg,
            denoised: true,
        },
        Command::MuteAll,
        Command::OpenAll,
        Command::Drop(leg),
        Command::Rename {
            leg,
            name: "N".to_owned(),
        },
        Command::SetLocked(true),
        Command::Admit(leg),
        Command::SetRecording(true),
        Command::SetLecture(LectureMode::Strict),
        Command::SetHandOpen { leg, open: true },
        Command::NextHand,
        Command::LowerHand(leg),
        Command::SetChimes(true),
        Command::SetContinue(true),
        Command::SetBillingCode("12".to_owned()),
        Command::DialOut(DialNumber::parse("12").unwrap()),
        Command::HangUpDial(DialId(1)),
        Command::GoOn,
        Command::End,
    ]
}

#[test]
fn whatever_a_page_can_do_a_telephone_can() {
    let mut without_keys = Vec::new();
    for command in every_command() {
        match by_telephone(&command) {
            ByTelephone::Keys(keyed) => {
                assert!(keyed.who().includes(true), "{command:?} is not for hosts");
                for layout in Layouts::shipped().iter() {
                    let keys = layout.keys_of(keyed);
                    assert!(keys.is_some(), "{}: {command:?}", layout.name());
                }
            }
            ByTelephone::Not(why) => {
                assert!(!why.is_empty());
                let name = format!("{command:?}");
                without_keys.push(name.split([' ', '(']).next().unwrap().to_owned());
            }
        }
    }
    assert_eq!(
        without_keys,
        ["SetMute", "SetDenoised", "Drop", "Rename", "SetBillingCode"],
        "the list of what only a page can do"
    );
}
