//! What the owner of a room has chosen; read when a conference starts and kept for its length.

use std::sync::Arc;
use std::time::Duration;

use confab_dtmf::layout::Layout;

/// How arrivals and departures are told to the room.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Announce {
    /// A short tone in, another out.
    #[default]
    Chime,
    /// "NAME has joined"; the caller is asked for the name at the door.
    Name,
    /// Nothing.
    Nothing,
}

/// Language of the prompts, as an access number or a room sets it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Language {
    /// English.
    #[default]
    En,
    /// French.
    Fr,
    /// German.
    De,
}

/// What is done about a line that spoils the conference: one that echoes, howls, hums, is noisy all
/// the time or plays music.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum BadLines {
    /// Hosts are told, and can mute it.
    #[default]
    Tell,
    /// A guest's is muted, once; hosts are told.
    Mute,
    /// Nobody looks for it.
    Nothing,
}

/// The settings of one room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoomSettings {
    /// Guests may talk before a host has come; otherwise they wait with hold music.
    pub guests_may_start: bool,
    /// How arrivals and departures are told.
    pub announce: Announce,
    /// Guests come in muted and may unmute themselves.
    pub join_muted: bool,
    /// How long the conference goes on after the last host has left; zero: it ends in a minute.
    /// Whole minutes, 0 to 60.
    pub continue_after_host: Duration,
    /// The host is asked for a billing code at the start.
    pub billing_capture: bool,
    /// The code that is taken when none is keyed in: 2 to 20 digits, or none.
    pub billing_code: Option<String>,
    /// Language of the prompts in the room.
    pub language: Language,
    /// Start recording with the first host or, when guests may start, the first caller.
    pub record_at_start: bool,
    /// Most callers at once, 2 to 2,000.
    pub max_callers: u32,
    /// Guests must key a code that the host sets for each conference.
    pub security_code: bool,
    /// The keypad of the room.
    pub layout: Arc<Layout>,
    /// Who waits hears hold music; otherwise silence, and a reminder now and then.
    pub hold_music: bool,
    /// A caller who has been alone for this long is asked to press a key, or the conference ends;
    /// zero: never. Whole minutes, 0 to 240.
    pub alone_limit: Duration,
    /// Carriers cut calls of this length, so callers are warned ten minutes before; zero: they do
    /// not. Whole minutes, 0 or 15 to 1,440.
    pub carrier_limit: Duration,
    /// Hosts may call out from the room.
    pub dial_out: bool,
    /// Quiet and loud callers are brought to the same loudness.
    pub auto_gain: bool,
    /// What is done about lines that spoil it for all others.
    pub bad_lines: BadLines,
    /// The steady noise of every line is suppressed, at first; it may be changed for each.
    pub suppress_noise: bool,
}

impl Default for RoomSettings {
    fn default() -> Self {
        Self {
            guests_may_start: false,
            announce: Announce::default(),
            join_muted: false,
            continue_after_host: Duration::from_secs(60 * 60),
            billing_capture: false,
            billing_code: None,
            language: Language::default(),
            record_at_start: false,
            max_callers: 500,
            security_code: false,
            layout: Layout::openvoice(),
            hold_music: true,
            alone_limit: Duration::ZERO,
            carrier_limit: Duration::ZERO,
            dial_out: false,
            auto_gain: true,
            bad_lines: BadLines::default(),
            suppress_noise: false,
        }
    }
}
