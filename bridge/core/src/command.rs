//! What can be asked of a room, whether from the keypad or from the portal: the same commands.

use std::fmt;

use confab_dtmf::layout::KeypadCommand;

use crate::ids::{DialId, DialNumber, LegId};

/// Who asks. What each may do is decided by the room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor {
    /// A caller in the room, by keypad; host or guest as the room knows the leg.
    Leg(LegId),
    /// Somebody at the portal who may run this room; the text is the user's name, for the log.
    Portal(String),
    /// Confab itself: drain, administrator's tools, limits.
    House,
}

/// The three states of `*8`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum LectureMode {
    /// Everybody may speak.
    #[default]
    Open,
    /// Guests were muted and may unmute themselves.
    Relaxed,
    /// Guests are muted and may not unmute themselves; a host may open a hand.
    Strict,
}

/// A command to a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// A command keyed by the leg that is the [`Actor`].
    Keypad(KeypadCommand),
    /// Mute or unmute one line.
    SetMute {
        /// whose line
        leg: LegId,
        /// true: muted
        muted: bool,
    },
    /// Suppress the steady noise of one line, or leave it as it is.
    SetDenoised {
        /// whose line
        leg: LegId,
        /// true: suppressed
        denoised: bool,
    },
    /// Mute every guest now; each may unmute unless the mode forbids it.
    MuteAll,
    /// Open the line of every guest who did not mute it without being asked.
    OpenAll,
    /// Hang up one line.
    Drop(LegId),
    /// Give a line another name.
    Rename {
        /// whose line
        leg: LegId,
        /// 1 to 64 characters, already trimmed
        name: String,
    },
    /// Lock or unlock the room.
    SetLocked(bool),
    /// Let in a caller who knocked at the locked room.
    Admit(LegId),
    /// Start or stop the recording.
    SetRecording(bool),
    /// Choose the lecture mode.
    SetLecture(LectureMode),
    /// Let the line of a raised hand speak in lecture mode, or close it again.
    SetHandOpen {
        /// whose hand
        leg: LegId,
        /// true: may speak
        open: bool,
    },
    /// Close the hand that is open, and open the one that has been up for longest.
    NextHand,
    /// Take a raised hand down.
    LowerHand(LegId),
    /// Entry and exit chimes on or off.
    SetChimes(bool),
    /// May the conference go on after the last host has left?
    SetContinue(bool),
    /// Note the billing code of this conference.
    SetBillingCode(String),
    /// Call a number; who answers waits at the door until let in.
    DialOut(DialNumber),
    /// Give up a call that has not been answered; one that has is ended by `Drop`.
    HangUpDial(DialId),
    /// Put off an end that was announced: a caller who is alone is there, a room that its last host
    /// has left goes on.
    GoOn,
    /// End the conference for everybody.
    End,
}

/// What is asked, in words for the log. Names, codes and numbers that were entered stay out of it.
impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = match self {
            Command::SetMute { leg, muted: true } => return write!(f, "mute {leg}"),
            Command::SetMute { leg, muted: false } => return write!(f, "unmute {leg}"),
            Command::SetDenoised { leg, denoised } => {
                let what = if *denoised { "suppress" } else { "leave" };
                return write!(f, "{what} the noise of {leg}");
            }
            Command::Drop(leg) => return write!(f, "drop {leg}"),
            Command::Rename { leg, .. } => return write!(f, "rename {leg}"),
            Command::Admit(leg) => return write!(f, "admit {leg}"),
            Command::SetHandOpen { leg, open: true } => return write!(f, "open the hand of {leg}"),
            Command::SetHandOpen { leg, open: false } => {
                return write!(f, "close the hand of {leg}");
            }
            Command::LowerHand(leg) => return write!(f, "lower the hand of {leg}"),
            Command::HangUpDial(dial) => return write!(f, "give up call out {}", dial.0),
            Command::Keypad(_) => "a keypad command",
            Command::MuteAll => "mute all guests",
            Command::OpenAll => "open all lines",
            Command::SetLocked(true) => "lock the room",
            Command::SetLocked(false) => "unlock the room",
            Command::SetRecording(true) => "start the recording",
            Command::SetRecording(false) => "stop the recording",
            Command::SetLecture(LectureMode::Open) => "end lecture mode",
            Command::SetLecture(LectureMode::Relaxed) => "lecture mode, guests may unmute",
            Command::SetLecture(LectureMode::Strict) => "lecture mode, guests stay muted",
            Command::NextHand => "open the next hand",
            Command::SetChimes(true) => "chimes on",
            Command::SetChimes(false) => "chimes off",
            Command::SetContinue(true) => "go on without a host",
            Command::SetContinue(false) => "end with the last host",
            Command::SetBillingCode(_) => "set the billing code",
            Command::DialOut(_) => "call somebody",
            Command::GoOn => "put off the end",
            Command::End => "end the conference",
        };
        f.write_str(words)
    }
}

/// Why a command from the portal was not done; the keypad hears a prompt instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum CommandRefusal {
    /// The leg is not, or no longer, in the room.
    #[error("that caller is no longer in the room")]
    NoSuchLeg,
    /// Only hosts may do this.
    #[error("only a host may do that")]
    HostsOnly,
    /// The mode does not allow it.
    #[error("lecture mode does not allow that; open the caller's hand instead")]
    MutedByHost,
    /// There is nobody to record, or the recorder said no.
    #[error("the recording could not be started")]
    CannotRecord,
    /// Lines cannot be opened while strict lecture mode holds.
    #[error("lecture mode keeps the guests muted; end it first")]
    LectureHolds,
    /// Nobody has a hand up.
    #[error("no hand is raised")]
    NoHand,
    /// The room's settings forbid it.
    #[error("calling out is not allowed in this room")]
    DialNotAllowed,
    /// As many calls out as may wait at once.
    #[error("too many calls are under way; wait for their answers")]
    TooManyDials,
    /// There is no place for another caller.
    #[error("the room is full")]
    RoomFull,
    /// The room is not in use.
    #[error("there is no conference in that room now")]
    NoConference,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_says_what_is_asked_and_nothing_that_was_entered() {
        let check = |command: Command, words: &str| assert_eq!(command.to_string(), words);
        let leg = LegId(7);
        check(Command::SetMute { leg, muted: true }, "mute leg-7");
        let denoised = true;
        check(
            Command::SetDenoised { leg, denoised },
            "suppress the noise of leg-7",
        );
        check(Command::Drop(leg), "drop leg-7");
        check(Command::SetLocked(false), "unlock the room");
        let name = "Dr. Secret".to_owned();
        check(Command::Rename { leg, name }, "rename leg-7");
        check(
            Command::SetBillingCode("4711".into()),
            "set the billing code",
        );
        let number = DialNumber::parse("0891234").expect("a number that can be called");
        check(Command::DialOut(number), "call somebody");
        check(Command::HangUpDial(DialId(3)), "give up call out 3");
    }
}
