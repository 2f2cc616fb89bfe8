//! Which keys mean which command: a table, so that a room can be given another one.
//!
//! Says who a command is for, so that a menu can be made of it; whether somebody may is decided by
//! the room.

/// What a caller can ask for by keypad.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum KeypadCommand {
    /// Hear the commands.
    Menu,
    /// Mute or unmute my line.
    ToggleMute,
    /// Hear how many callers there are.
    CountCallers,
    /// Lock or unlock the room.
    ToggleLock,
    /// Start or stop the recording.
    ToggleRecording,
    /// Next state of lecture mode.
    CycleLecture,
    /// Raise or lower my hand.
    ToggleHand,
    /// Entry and exit chimes on or off.
    ToggleChimes,
    /// Go on after I hang up, or not.
    ToggleContinue,
    /// Hear the recorded names.
    RollCall,
    /// The keys mean nothing.
    Unknown,
}

/// Whom a command is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Who {
    /// Hosts only.
    Host,
    /// Guests only.
    Guest,
    /// Everybody.
    Both,
}

impl Who {
    /// Whether a host (true) or a guest (false) is meant.
    pub fn includes(self, host: bool) -> bool {
        match self {
            Who::Both => true,
            Who::Host => host,
            Who::Guest => !host,
        }
    }
}

impl KeypadCommand {
    /// Whom the command is for, in every layout.
    pub fn who(self) -> Who {
        match self {
            KeypadCommand::Menu
            | KeypadCommand::ToggleMute
            | KeypadCommand::CountCallers
            | KeypadCommand::Unknown => Who::Both,
            KeypadCommand::ToggleHand => Who::Guest,
            KeypadCommand::ToggleLock
            | KeypadCommand::ToggleRecording
            | KeypadCommand::CycleLecture
            | KeypadCommand::ToggleChimes
            | KeypadCommand::ToggleContinue
            | KeypadCommand::RollCall => Who::Host,
        }
    }

    /// The word for it in catalogues, logs and metrics.
    pub fn word(self) -> &'static str {
        match self {
            KeypadCommand::Menu => "menu",
            KeypadCommand::ToggleMute => "toggle_mute",
            KeypadCommand::CountCallers => "count_callers",
            KeypadCommand::ToggleLock => "toggle_lock",
            KeypadCommand::ToggleRecording => "toggle_recording",
            KeypadCommand::CycleLecture => "cycle_lecture",
            KeypadCommand::ToggleHand => "toggle_hand",
            KeypadCommand::ToggleChimes => "toggle_chimes",
            KeypadCommand::ToggleContinue => "toggle_continue",
            KeypadCommand::RollCall => "roll_call",
            KeypadCommand::Unknown => "unknown",
        }
    }
}

/// One line of a layout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// what is pressed, as printed on the keys: `*2`
    pub keys: &'static str,
    /// what it means
    pub command: KeypadCommand,
}

impl Entry {
    /// Whom it is for.
    pub fn who(&self) -> Who {
        self.command.who()
    }
}

/// A keypad: its commands in the order in which a menu speaks them.
#[derive(Debug, PartialEq, Eq)]
pub struct Layout {
    /// how settings name it
    pub name: &'static str,
    /// no two with the same keys
    pub entries: &'static [Entry],
}

/// The keypad that callers of OpenVoice know.
pub static OPENVOICE: Layout = Layout {
    name: "openvoice",
    entries: &[
        Entry {
            keys: "*1",
            command: KeypadCommand::Menu,
        },
        Entry {
            keys: "*2",
            command: KeypadCommand::ToggleMute,
        },
        Entry {
            keys: "*5",
            command: KeypadCommand::CountCallers,
        },
        Entry {
            keys: "*6",
            command: KeypadCommand::ToggleLock,
        },
        Entry {
            keys: "*7",
            command: KeypadCommand::ToggleRecording,
        },
        Entry {
            keys: "*8",
            command: KeypadCommand::CycleLecture,
        },
        Entry {
            keys: "*9",
            command: KeypadCommand::ToggleHand,
        },
        Entry {
            keys: "#1",
            command: KeypadCommand::ToggleChimes,
        },
        Entry {
            keys: "#2",
            command: KeypadCommand::ToggleContinue,
        },
        Entry {
            keys: "#3",
            command: KeypadCommand::RollCall,
        },
    ],
};

/// Every layout there is.
pub static LAYOUTS: &[&Layout] = &[&OPENVOICE];

impl Layout {
    /// The keypad a room has when nothing else was chosen.
    pub fn openvoice() -> &'static Layout {
        &OPENVOICE
    }

    /// The layout that settings call `name`.
    pub fn by_name(name: &str) -> Option<&'static Layout> {
        LAYOUTS.iter().copied().find(|layout| layout.name == name)
    }

    /// The commands of a host (true) or a guest (false), in order.
    pub fn entries_for(&self, host: bool) -> impl Iterator<Item = &'static Entry> + use<> {
        self.entries
            .iter()
            .filter(move |entry| entry.who().includes(host))
    }

    /// The command of exactly these keys.
    pub fn command(&self, keys: &str) -> Option<KeypadCommand> {
        self.entries
            .iter()
            .find(|entry| entry.keys == keys)
            .map(|entry| entry.command)
    }

    /// Some command begins with these keys, or is them.
    pub fn begins(&self, keys: &str) -> bool {
        self.entries
            .iter()
            .any(|entry| entry.keys.starts_with(keys))
    }

    /// Some command begins with these keys and has more.
    pub fn goes_on(&self, keys: &str) -> bool {
        self.entries
            .iter()
            .any(|entry| entry.keys.starts_with(keys) && entry.keys != keys)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Key;

    fn check(host: bool, keys: &str) {
        let told: Vec<&str> = OPENVOICE
            .entries_for(host)
            .map(|entry| entry.keys)
            .collect();
        assert_eq!(told.join(" "), keys);
    }

    #[test]
    fn hosts_and_guests_have_their_own() {
        check(true, "*1 *2 *5 *6 *7 *8 #1 #2 #3");
        check(false, "*1 *2 *5 *9");
    }

    #[test]
    fn every_layout_is_sound() {
        for layout in LAYOUTS {
            assert_eq!(Layout::by_name(layout.name), Some(*layout));
            for entry in layout.entries {
                assert!(
                    entry.keys.chars().all(|c| Key::from_char(c).is_some()),
                    "{entry:?}"
                );
                assert_eq!(layout.command(entry.keys), Some(entry.command), "{entry:?}");
                assert_ne!(entry.command, KeypadCommand::Unknown);
            }
        }
        assert_eq!(Layout::by_name("dvorak"), None);
    }
}
