//! What a room looks like from outside at one moment: plain values for the portal and the tools.

use crate::command::LectureMode;
use crate::event::{DialEnd, Role};
use crate::fault::Fault;
use crate::ids::{ConferenceId, DialId, DialNumber, LegId, RoomNumber};
use crate::time::Time;

/// The state of the recording.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RecordingState {
    /// Nothing is being recorded.
    #[default]
    Off,
    /// It runs, since then (this stretch).
    On {
        /// when this stretch began
        since: Time,
    },
}

/// Why a line is not heard; [`MuteState::Open`] when it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MuteState {
    /// Heard.
    Open,
    /// Muted, and may unmute itself.
    Muted,
    /// Muted by the mode or a host; only a host can open it.
    MutedByHost,
}

/// Whether a caller is among those who hear each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Standing {
    /// Is.
    #[default]
    Inside,
    /// Waits until the conference begins.
    Waiting,
    /// Is being asked for the security code.
    KeyingCode,
}

/// A raised hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hand {
    /// place in the queue, from 1
    pub place: u32,
    /// raised at
    pub since: Time,
    /// a host has opened it: the line may speak in lecture mode
    pub open: bool,
}

/// One caller in the room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LegSnapshot {
    /// which
    pub leg: LegId,
    /// host or guest
    pub role: Role,
    /// given name, or empty
    pub name: String,
    /// caller's number as the network gave it, or empty
    pub number: String,
    /// in the room since
    pub since: Time,
    /// is heard talking now
    pub talking: bool,
    /// muted or not
    pub mute: MuteState,
    /// how it spoils, or spoilt until it was muted, the conference
    pub fault: Option<Fault>,
    /// its steady noise is suppressed
    pub denoised: bool,
    /// raised hand, if any
    pub hand: Option<Hand>,
    /// hears the others, or not yet
    pub standing: Standing,
}

/// A caller at the door: who found the room locked, or was called from it and has answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Knock {
    /// which
    pub leg: LegId,
    /// given name, or empty
    pub name: String,
    /// caller's number, or the one that was called
    pub number: String,
    /// when
    pub at: Time,
    /// was called from the room
    pub dialled: bool,
}

/// A call out of the room that has not been answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dial {
    /// which
    pub dial: DialId,
    /// the number
    pub number: DialNumber,
    /// since when it is being called
    pub at: Time,
    /// it rings there
    pub ringing: bool,
}

/// The last call out by which nobody came in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DialOver {
    /// the number that was called
    pub number: String,
    /// how it ended
    pub end: DialEnd,
    /// when
    pub at: Time,
}

/// A room with a conference in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoomSnapshot {
    /// its number
    pub number: RoomNumber,
    /// which conference
    pub conference: ConferenceId,
    /// number of the newest event in it: a page that has seen it is up to date
    pub seq: u64,
    /// since when there is somebody in it
    pub since: Time,
    /// callers, in order of arrival
    pub legs: Vec<LegSnapshot>,
    /// lecture mode
    pub lecture: LectureMode,
    /// locked
    pub locked: bool,
    /// who waits at the door
    pub knocks: Vec<Knock>,
    /// who is being called
    pub dials: Vec<Dial>,
    /// what became of the last one, until the next begins; not told when a host gave it up
    pub dial_over: Option<DialOver>,
    /// hosts may call out
    pub dial_out: bool,
    /// who waits hears music
    pub hold_music: bool,
    /// recording
    pub recording: RecordingState,
    /// chimes on
    pub chimes: bool,
    /// goes on after the last host leaves
    pub continues: bool,
    /// billing code in force
    pub billing_code: Option<String>,
    /// the conference will end at this time unless a host comes, or the one caller who is left
    /// presses a key
    pub ends_at: Option<Time>,
    /// the one caller who is left, and has been asked to press a key
    pub asked_alone: Option<LegId>,
}
