//! What happened: facts about a conference, told once, never changed.

use crate::command::LectureMode;
use crate::fault::Fault;
use crate::ids::{ConferenceId, DialId, DialNumber, LegId, RoomNumber};
use crate::refusal::Refusal;
use crate::time::Time;

/// Host or guest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Gave the room's PIN.
    Host,
    /// Everybody else.
    Guest,
}

/// Why a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EndReason {
    /// The caller hung up (BYE or CANCEL from them).
    CallerHungUp,
    /// A host dropped the line.
    Dropped,
    /// The conference ended: by a host for all, or after the last host had left.
    ConferenceEnded,
    /// No packets for the dead-line time: hung up without a goodbye.
    LineDead,
    /// The caller was refused.
    Refused(Refusal),
    /// Somebody who was called from the room was not let in.
    NotLetIn,
    /// The voice menu ran out of tries or of time.
    MenuTimeout,
    /// Confab called, and nobody could be had.
    NotReached(DialFailure),
    /// The SIP side failed: no ACK, a transport that is gone, a session timer.
    SignallingFailed,
    /// Confab stopped.
    Shutdown,
}

impl EndReason {
    /// The word for it in the ledger, in logs and in metrics.
    pub fn word(self) -> &'static str {
        match self {
            EndReason::CallerHungUp => "caller_hung_up",
            EndReason::Dropped => "dropped",
            EndReason::ConferenceEnded => "conference_ended",
            EndReason::LineDead => "line_dead",
            EndReason::Refused(refusal) => refusal.word(),
            EndReason::NotLetIn => "not_let_in",
            EndReason::MenuTimeout => "menu_timeout",
            EndReason::NotReached(failure) => failure.word(),
            EndReason::SignallingFailed => "signalling_failed",
            EndReason::Shutdown => "shutdown",
        }
    }
}

/// Why somebody whom Confab called could not be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DialFailure {
    /// The line is engaged.
    Busy,
    /// It rang, and nobody took the call.
    NoAnswer,
    /// The callee or the network would not have the call.
    Rejected,
    /// No such number, no way there, or no answer from the network.
    Unreachable,
    /// What was dialled is no telephone number.
    BadNumber,
    /// Nobody has set where calls of ours go.
    NoTrunk,
}

impl DialFailure {
    /// The word for it in the ledger, in logs and in metrics.
    pub fn word(self) -> &'static str {
        match self {
            DialFailure::Busy => "busy",
            DialFailure::NoAnswer => "no_answer",
            DialFailure::Rejected => "rejected",
            DialFailure::Unreachable => "unreachable",
            DialFailure::BadNumber => "bad_number",
            DialFailure::NoTrunk => "no_trunk",
        }
    }
}

/// Why a conference ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ConferenceEnd {
    /// The last caller hung up.
    NobodyLeft,
    /// The last host had left, and none came back in time.
    HostLeft,
    /// A host ended it for everybody.
    EndedByHost,
    /// One caller was left and did not say that they are there.
    Alone,
    /// Confab stopped.
    Shutdown,
}

impl ConferenceEnd {
    /// The word for it in the ledger, in logs and in metrics.
    pub fn word(self) -> &'static str {
        match self {
            ConferenceEnd::NobodyLeft => "nobody_left",
            ConferenceEnd::HostLeft => "host_left",
            ConferenceEnd::EndedByHost => "ended_by_host",
            ConferenceEnd::Alone => "alone",
            ConferenceEnd::Shutdown => "shutdown",
        }
    }
}

/// How a call out of the room ended before it came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DialEnd {
    /// Nobody could be had.
    NotReached(DialFailure),
    /// Who had answered hung up at the door.
    HungUp,
    /// Nobody let them in in time.
    NotLetIn,
    /// A host gave it up, or the conference ended.
    Dropped,
}

/// A fact about one conference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact {
    /// The first leg has entered.
    ConferenceStarted,
    /// A leg entered the room (it may still wait with music).
    LegJoined {
        /// which
        leg: LegId,
        /// as what
        role: Role,
    },
    /// A leg left the room.
    LegLeft {
        /// which
        leg: LegId,
        /// why
        reason: EndReason,
    },
    /// A caller found the room locked and waits at the door; `LegJoined` or `LegRefused` follows.
    LegKnocked {
        /// which
        leg: LegId,
    },
    /// A caller was refused at the room's door.
    LegRefused {
        /// which
        leg: LegId,
        /// why
        refusal: Refusal,
    },
    /// A caller who had left is back and has the name, mute state and place they had; follows
    /// `LegJoined`.
    LegReturned {
        /// which
        leg: LegId,
        /// which it was before
        was: LegId,
    },
    /// A caller who waited must key the security code now.
    CodeAsked {
        /// which
        leg: LegId,
    },
    /// And has.
    CodeProved {
        /// which
        leg: LegId,
    },
    /// A number is being called from the room.
    Dialled {
        /// names this call
        dial: DialId,
        /// which
        number: DialNumber,
    },
    /// Who was called has answered and waits at the door; `LegJoined` or `DialEnded` follows.
    DialAnswered {
        /// which call
        dial: DialId,
        /// who it is from now on
        leg: LegId,
    },
    /// A call out of the room ended before it came in.
    DialEnded {
        /// which call
        dial: DialId,
        /// how
        end: DialEnd,
    },
    /// Hosts were told that somebody tries codes at the door.
    GuessingTold,
    /// A line's mute state changed, for whatever reason.
    MuteChanged {
        /// whose
        leg: LegId,
        /// can no longer be heard
        muted: bool,
    },
    /// What is wrong with the sound of a line, or that nothing is any more.
    FaultChanged {
        /// whose
        leg: LegId,
        /// none: it sounds as it should
        fault: Option<Fault>,
    },
    /// The steady noise of a line is suppressed, or no longer.
    DenoisedChanged {
        /// whose
        leg: LegId,
        /// it is
        denoised: bool,
    },
    /// A hand went up.
    HandRaised {
        /// whose
        leg: LegId,
        /// its place in the queue, from 1
        place: u32,
    },
    /// A hand went down.
    HandLowered {
        /// whose
        leg: LegId,
    },
    /// The mode changed.
    LectureChanged(LectureMode),
    /// The lock changed.
    LockChanged(bool),
    /// Chimes were switched.
    ChimesChanged(bool),
    /// Whether the conference may go on after the last host has left was switched.
    ContinueChanged(bool),
    /// Recording started (again).
    RecordingStarted,
    /// Recording stopped.
    RecordingStopped,
    /// This leg was told that it is being recorded.
    RecordingNotice {
        /// who was told
        leg: LegId,
    },
    /// The billing code of the conference is now this.
    BillingCode(String),
    /// A line has another name.
    Renamed {
        /// whose
        leg: LegId,
        /// the new name
        name: String,
    },
    /// Everything is over.
    ConferenceEnded,
}

/// A numbered fact: `seq` counts from 1 within the conference and has no gaps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// place in the conference's story
    pub seq: u64,
    /// when
    pub at: Time,
    /// which conference
    pub conference: ConferenceId,
    /// in which room
    pub room: RoomNumber,
    /// what happened
    pub fact: Fact,
}
