//! What the state machines want done: data, carried out by the switchboard.

use crate::event::{EndReason, Fact};
use crate::ids::{DialId, DialNumber, LegId, PlayId};
use crate::prompt::Clip;

/// What a leg hears apart from clips.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Hear {
    /// The mix of the room.
    Room,
    /// Hold music.
    Music,
    /// Silence.
    Nothing,
}

/// The state of a leg's two directions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Voice {
    /// The leg is heard by the room and the recording.
    pub speak: bool,
    /// What it hears.
    pub hear: Hear,
}

impl Voice {
    /// A line as it is before anything was set.
    pub const NONE: Self = Self {
        speak: false,
        hear: Hear::Nothing,
    };
}

/// Who hears a clip.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Audience {
    /// One leg, mixed with what it hears anyway (the room is ducked meanwhile).
    Leg(LegId),
    /// Everybody who hears the room, and the recording.
    Room,
}

/// Something a [`crate::room::Room`] wants done, in this order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Set what a leg may say and hears.
    SetVoice {
        /// which leg
        leg: LegId,
        /// its new state
        voice: Voice,
    },
    /// Suppress the steady noise of a leg, or no longer; at first it is not.
    SetDenoised {
        /// which leg
        leg: LegId,
        /// whether it is suppressed from now on
        denoised: bool,
    },
    /// Play clips, after those already queued for the same audience.
    /// [`crate::room::Input::Played`] follows for audiences of one leg.
    Play {
        /// who hears it
        to: Audience,
        /// names this playback
        play: PlayId,
        /// what is played
        clips: Vec<Clip>,
    },
    /// Stop and forget everything queued for this leg alone; no `Played` follows.
    StopPlay {
        /// which leg
        leg: LegId,
    },
    /// End a leg's call once what is queued for it alone has been heard.
    Hangup {
        /// which leg
        leg: LegId,
        /// why, for the ledger
        reason: EndReason,
    },
    /// The name of this leg is from now on the one that another has recorded before it.
    KeepName {
        /// whose name it will be
        leg: LegId,
        /// whose it was; gone by now
        was: LegId,
    },
    /// Ask a leg for the security code of the conference. It hears nothing of the room meanwhile,
    /// and its keys are for whoever asks. Answered by [`crate::room::Input::CodeRight`], or by the
    /// leg's leaving.
    AskCode {
        /// which leg
        leg: LegId,
    },
    /// Call a number. Answered by [`crate::room::Input::Dialled`].
    Dial {
        /// names this call
        dial: DialId,
        /// which number
        number: DialNumber,
        /// the host who keyed it; none when it was asked for on a page
        by: Option<LegId>,
    },
    /// Give up a call that was asked for and has not been answered. Should it be answered all the
    /// same, the room lets it go again.
    HangUpDial {
        /// which call
        dial: DialId,
    },
    /// Start, or start again, the conference's recording. Answered by an `Input::Recording`.
    StartRecording,
    /// Stop the recording; the same file goes on when it is started again.
    StopRecording,
    /// A fact for the ledger, the portal and the log.
    Emit(Fact),
    /// The conference is over: every leg has left; drop the room.
    Close,
}
