//! One caller as a row of the live page: who, how the line is, the hand, and what can be done.

use askama::Template;
use confab_core::command::LectureMode;
use confab_core::event::Role;
use confab_core::snapshot::{LegSnapshot, MuteState, RoomSnapshot, Standing};

use super::view::{Sight, display_name};
use crate::when::{Moment, Running};
use crate::words;

#[derive(Template)]
#[template(path = "live_row.html")]
pub(super) struct Row {
    id: String,
    action: String,
    leg: u64,
    name: String,
    number: String,
    host: bool,
    state: &'static str,
    state_class: &'static str,
    /// orders by state: who talks first, who waits last
    state_rank: u8,
    /// what is wrong with it, and what that means
    fault: Option<(&'static str, &'static str)>,
    denoised: bool,
    hand: Option<HandView>,
    hand_rank: u32,
    lowers_hand: bool,
    voice: Voice,
    since: Running,
    since_clock: Moment,
}

/// What can be done about a line's voice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Voice {
    Mute,
    Unmute,
    /// lecture mode mutes it: an opened hand lets it speak
    LetSpeak,
    /// it speaks by an opened hand
    EndSpeech,
    /// it is still at the security code
    Nothing,
}

impl Voice {
    fn of(leg: &LegSnapshot, lecture: LectureMode) -> Self {
        if leg.standing == Standing::KeyingCode {
            return Self::Nothing;
        }
        let opened = leg.hand.is_some_and(|hand| hand.open);
        match leg.mute {
            MuteState::MutedByHost => Self::LetSpeak,
            MuteState::Muted => Self::Unmute,
            MuteState::Open if opened && lecture != LectureMode::Open => Self::EndSpeech,
            MuteState::Open => Self::Mute,
        }
    }
}

struct HandView {
    place: u32,
    open: bool,
    since: Running,
}

impl Row {
    /// Of the element.
    pub(super) fn id(&self) -> &str {
        &self.id
    }

    /// Whether what a row shows, beside the caller, is the same in both: rows are made anew only
    /// when this or their caller has changed.
    pub(super) fn are_alike(before: &RoomSnapshot, now: &RoomSnapshot) -> bool {
        let seen = |room: &RoomSnapshot| (room.lecture, room.hold_music);
        seen(before) == seen(now)
    }

    /// A caller as the row shows them.
    pub(super) fn of(sight: &Sight<'_>, room: &RoomSnapshot, leg: &LegSnapshot) -> Self {
        let (state, state_class, state_rank) = state_of(room, leg);
        let voice = Voice::of(leg, room.lecture);
        let since = sight.running(leg.since.0);
        Self {
            id: leg.leg.to_string(),
            action: sight.action(),
            leg: leg.leg.0,
            name: display_name(leg),
            number: if leg.name.is_empty() {
                String::new()
            } else {
                words::number(leg.number.clone())
            },
            host: leg.role == Role::Host,
            state,
            state_class,
            state_rank,
            fault: leg.fault.map(words::fault),
            denoised: leg.denoised,
            hand: leg.hand.map(|hand| HandView {
                place: hand.place,
                open: hand.open,
                since: sight.running(hand.since.0),
            }),
            hand_rank: leg.hand.map_or(u32::MAX, |hand| hand.place),
            lowers_hand: leg.hand.is_some() && voice != Voice::EndSpeech,
            voice,
            since,
            since_clock: sight.zone.clock(since.since_ms),
        }
    }
}

fn state_of(room: &RoomSnapshot, leg: &LegSnapshot) -> (&'static str, &'static str, u8) {
    match (leg.standing, leg.mute, leg.talking) {
        (Standing::KeyingCode, _, _) => ("keying the code", "waiting", 5),
        (Standing::Waiting, _, _) if room.hold_music => ("waiting, hears music", "waiting", 4),
        (Standing::Waiting, _, _) => ("waiting in silence", "waiting", 4),
        (_, MuteState::MutedByHost, _) => ("muted by host", "muted", 3),
        (_, MuteState::Muted, _) => ("muted", "muted", 2),
        (_, MuteState::Open, true) => ("talking", "talking", 0),
        (_, MuteState::Open, false) => ("line open", "open", 1),
    }
}
