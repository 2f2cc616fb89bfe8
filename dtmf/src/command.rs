//! What a caller can ask for by keypad, and whom each command is for.
//!
//! Knows no keys: those are a matter of the [layout](crate::layout). Whether somebody may is
//! decided by the room.

/// A command of the keypad. They are declared in the order in which a menu speaks them: first what
/// concerns the own line, last what is wanted least.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum KeypadCommand {
    /// Mute or unmute my line.
    ToggleMute,
    /// Raise or lower my hand.
    ToggleHand,
    /// Hear how many callers there are.
    CountCallers,
    /// Let the first raised hand speak, and close the one that spoke before.
    NextHand,
    /// Let in who waits at the door, the longest wait first.
    Admit,
    /// Next state of lecture mode.
    CycleLecture,
    /// Mute all guests, or open their lines again.
    MuteAll,
    /// Mute the line that disturbs the conference most.
    MuteWorst,
    /// Start or stop the recording.
    ToggleRecording,
    /// Lock or unlock the room.
    ToggleLock,
    /// Hear the recorded names.
    RollCall,
    /// Call a number.
    DialOut,
    /// Hang up on the one I called last.
    DropDialled,
    /// Entry and exit chimes on or off.
    ToggleChimes,
    /// Go on after I hang up, or not.
    ToggleContinue,
    /// End the conference for everybody.
    End,
    /// Hear the commands.
    Menu,
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
    /// Every command that can be keyed on purpose, in the order of the menu.
    pub const ALL: [Self; 17] = [
        Self::ToggleMute,
        Self::ToggleHand,
        Self::CountCallers,
        Self::NextHand,
        Self::Admit,
        Self::CycleLecture,
        Self::MuteAll,
        Self::MuteWorst,
        Self::ToggleRecording,
        Self::ToggleLock,
        Self::RollCall,
        Self::DialOut,
        Self::DropDialled,
        Self::ToggleChimes,
        Self::ToggleContinue,
        Self::End,
        Self::Menu,
    ];

    /// Whom the command is for, in every layout.
    pub fn who(self) -> Who {
        match self {
            Self::Menu | Self::ToggleMute | Self::CountCallers | Self::Unknown => Who::Both,
            Self::ToggleHand => Who::Guest,
            Self::ToggleLock
            | Self::ToggleRecording
            | Self::CycleLecture
            | Self::ToggleChimes
            | Self::ToggleContinue
            | Self::RollCall
            | Self::NextHand
            | Self::Admit
            | Self::MuteAll
            | Self::MuteWorst
            | Self::DialOut
            | Self::DropDialled
            | Self::End => Who::Host,
        }
    }

    /// The word for it in layouts, catalogues, logs and metrics.
    pub fn word(self) -> &'static str {
        match self {
            Self::Menu => "menu",
            Self::ToggleMute => "toggle_mute",
            Self::CountCallers => "count_callers",
            Self::ToggleLock => "toggle_lock",
            Self::ToggleRecording => "toggle_recording",
            Self::CycleLecture => "cycle_lecture",
            Self::ToggleHand => "toggle_hand",
            Self::ToggleChimes => "toggle_chimes",
            Self::ToggleContinue => "toggle_continue",
            Self::RollCall => "roll_call",
            Self::NextHand => "next_hand",
            Self::Admit => "admit",
            Self::MuteAll => "mute_all",
            Self::MuteWorst => "mute_worst",
            Self::DialOut => "dial_out",
            Self::DropDialled => "drop_dialled",
            Self::End => "end",
            Self::Unknown => "unknown",
        }
    }

    /// The command of a layout's word; none for `unknown`, which nobody can want.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|command| command.word() == word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_back() {
        for command in KeypadCommand::ALL {
            assert_eq!(KeypadCommand::from_word(command.word()), Some(command));
        }
        assert_eq!(KeypadCommand::from_word("unknown"), None);
    }

    #[test]
    fn all_are_in_order_and_none_is_missing() {
        let mut sorted = KeypadCommand::ALL;
        sorted.sort_unstable();
        assert_eq!(sorted, KeypadCommand::ALL);
        assert_eq!(KeypadCommand::Unknown as usize, KeypadCommand::ALL.len());
    }
}
