//! What each command of the keypad does, in words: for the card of the empty room's page, and for
//! whoever prints one.

use confab_core::settings::RoomSettings;
use confab_dtmf::layout::KeypadCommand;

/// One key sequence and what it does.
#[derive(Clone, Debug)]
pub(crate) struct KeyRow {
    pub(crate) keys: String,
    pub(crate) does: &'static str,
}

/// What hosts can key.
pub(crate) fn host(settings: &RoomSettings) -> Vec<KeyRow> {
    card(settings, true)
}

/// What guests can key.
pub(crate) fn guest(settings: &RoomSettings) -> Vec<KeyRow> {
    card(settings, false)
}

/// What the room forbids is not on it, as it is not in the spoken menu.
fn card(settings: &RoomSettings, host: bool) -> Vec<KeyRow> {
    let calls = |command| {
        use KeypadCommand::{DialOut, DropDialled};
        matches!(command, DialOut | DropDialled)
    };
    let entries = settings.layout.entries_for(host);
    entries
        .filter(|entry| settings.dial_out || !calls(entry.command))
        .filter_map(|entry| {
            Some(KeyRow {
                keys: entry.keys.clone(),
                does: does(entry.command)?,
            })
        })
        .collect()
}

/// The words for a command; none for what nobody keys on purpose.
pub fn does(command: KeypadCommand) -> Option<&'static str> {
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
        KeypadCommand::NextHand => "let the next raised hand speak",
        KeypadCommand::Admit => "let in who waits at the door",
        KeypadCommand::MuteAll => "mute all guests, or open their lines",
        KeypadCommand::MuteWorst => {
            "mute the line that disturbs most: echo, howling, music, noise, hum"
        }
        KeypadCommand::DialOut => "call a number",
        KeypadCommand::DropDialled => "hang up on the person I called",
        KeypadCommand::End => "end the conference for everybody",
        KeypadCommand::Unknown => return None,
    })
}
