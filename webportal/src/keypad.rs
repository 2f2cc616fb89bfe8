//! The keypad card of the empty room's page: every command of the layout, in words.

use confab_dtmf::layout::{KeypadCommand, Layout};

/// One key sequence and what it does.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KeyRow {
    pub(crate) keys: &'static str,
    pub(crate) does: &'static str,
}

/// What hosts can key.
pub(crate) fn host() -> Vec<KeyRow> {
    card(true)
}

/// What guests can key.
pub(crate) fn guest() -> Vec<KeyRow> {
    card(false)
}

fn card(host: bool) -> Vec<KeyRow> {
    let row = |keys, command| {
        Some(KeyRow {
            keys,
            does: does(command)?,
        })
    };
    let entries = Layout::openvoice().entries_for(host);
    entries
        .filter_map(|entry| row(entry.keys, entry.command))
        .collect()
}

fn does(command: KeypadCommand) -> Option<&'static str> {
    Some(match command {
        KeypadCommand::Menu => "hear this list",
        KeypadCommand::ToggleMute => "mute or unmute my line",
        KeypadCommand::CountCallers => "hear how many callers there are",
        KeypadCommand::ToggleLock => "lock or unlock the room",
        KeypadCommand::ToggleRecording => "start or stop the recording",
        KeypadCommand::CycleLecture => {
            "lecture mode: guests are muted; again: and cannot unmute; again: it ends"
        }
        KeypadCommand::ToggleHand => "raise or lower my hand",
        KeypadCommand::ToggleChimes => "entry and exit chimes on or off",
        KeypadCommand::ToggleContinue => "let the conference go on after I hang up, or not",
        KeypadCommand::RollCall => "hear the recorded names",
        KeypadCommand::Unknown => return None,
    })
}
