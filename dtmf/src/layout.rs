//! Which keys mean which command: a table, so that a room can be given another one.

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
