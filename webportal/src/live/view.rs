//! A room as its live page shows it: snapshot in, HTML out, in parts that change by themselves.
//! Pure but for the templates; the stream compares the parts and sends those that changed.

use askama::Template;
use confab_core::command::LectureMode;
use confab_core::event::Role;
use confab_core::ids::RoomNumber;
use confab_core::snapshot::{LegSnapshot, MuteState, RecordingState, RoomSnapshot};

use crate::trouble::Trouble;
use crate::when::{Moment, Running, Zone};
use crate::words;

/// Which room is looked at, when, and in which zone.
pub(crate) struct Sight<'a> {
    pub(crate) room: &'a RoomNumber,
    /// 0 in a stream: the page's script counts by itself, and a part is the same as long as
    /// nothing but time has passed
    pub(crate) now_ms: i64,
    pub(crate) zone: &'a Zone,
}

impl Sight<'_> {
    fn running(&self, since_ms: u64) -> Running {
        Running {
            since_ms: i64::try_from(since_ms).unwrap_or(self.now_ms),
            now_ms: self.now_ms,
        }
    }
}

/// The parts of the page that are sent one by one: `head`, `panel`, and a row for each leg.
pub(crate) struct Parts {
    pub(crate) head: String,
    pub(crate) panel: String,
    pub(crate) rows: Vec<(String, String)>,
}

impl Parts {
    /// Renders every part.
    pub(crate) fn of(sight: &Sight<'_>, snapshot: &RoomSnapshot) -> Result<Self, Trouble> {
        let rows = snapshot.legs.iter().map(|leg| {
            let row = Row::of(sight, snapshot.lecture, leg);
            Ok((row.id.clone(), rendered(&row)?))
        });
        Ok(Self {
            head: rendered(&Head::of(sight, snapshot))?,
            panel: rendered(&Panel::of(sight, snapshot))?,
            rows: rows.collect::<Result<_, Trouble>>()?,
        })
    }
}

/// Everything inside the page's live region.
pub(crate) fn whole(sight: &Sight<'_>, snapshot: Option<&RoomSnapshot>) -> Result<String, Trouble> {
    match snapshot {
        None => Ok(String::new()),
        Some(snapshot) => rendered(&Whole {
            parts: Parts::of(sight, snapshot)?,
        }),
    }
}

fn rendered(template: &impl Template) -> Result<String, Trouble> {
    template.render().map_err(|error| {
        tracing::error!(%error, "a part of the live page could not be rendered");
        Trouble::NoBridge
    })
}

#[derive(Template)]
#[template(path = "live_whole.html")]
struct Whole {
    parts: Parts,
}

#[derive(Template)]
#[template(path = "live_head.html")]
struct Head {
    callers: String,
    hosts: usize,
    hands: usize,
    running: Running,
    since: Moment,
    locked: bool,
    recording: Option<Running>,
    ends_at_ms: Option<u64>,
    ends_in: String,
}

impl Head {
    fn of(sight: &Sight<'_>, snapshot: &RoomSnapshot) -> Self {
        let left_ms = |at: u64| i64::try_from(at).unwrap_or(sight.now_ms) - sight.now_ms;
        let ends_at_ms = snapshot.ends_at.map(|at| at.0);
        let running = sight.running(snapshot.since.0);
        Self {
            callers: words::count(snapshot.legs.len(), "caller"),
            hosts: snapshot
                .legs
                .iter()
                .filter(|leg| leg.role == Role::Host)
                .count(),
            hands: snapshot
                .legs
                .iter()
                .filter(|leg| leg.hand.is_some())
                .count(),
            running,
            since: sight.zone.clock(running.since_ms),
            locked: snapshot.locked,
            recording: match snapshot.recording {
                RecordingState::Off => None,
                RecordingState::On { since } => Some(sight.running(since.0)),
            },
            ends_at_ms,
            ends_in: crate::when::timer(ends_at_ms.map_or(0, left_ms)),
        }
    }
}

struct KnockView {
    leg: u64,
    number: String,
    at: Moment,
}

#[derive(Template)]
#[template(path = "live_panel.html")]
struct Panel {
    action: String,
    lecture: &'static str,
    locked: bool,
    recording: Option<Running>,
    chimes: bool,
    continues: bool,
    billing_code: String,
    callers: String,
    knocks: Vec<KnockView>,
}

impl Panel {
    fn of(sight: &Sight<'_>, snapshot: &RoomSnapshot) -> Self {
        let knocks = snapshot.knocks.iter().map(|knock| KnockView {
            leg: knock.leg.0,
            number: or_unknown(&knock.number),
            at: sight.zone.clock(sight.running(knock.at.0).since_ms),
        });
        Self {
            action: format!("/rooms/{}/commands", sight.room),
            lecture: words::lecture_word(snapshot.lecture),
            locked: snapshot.locked,
            recording: match snapshot.recording {
                RecordingState::Off => None,
                RecordingState::On { since } => Some(sight.running(since.0)),
            },
            chimes: snapshot.chimes,
            continues: snapshot.continues,
            billing_code: snapshot.billing_code.clone().unwrap_or_default(),
            callers: words::count(snapshot.legs.len(), "caller"),
            knocks: knocks.collect(),
        }
    }
}

#[derive(Template)]
#[template(path = "live_row.html")]
struct Row {
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
    hand: Option<HandView>,
    hand_rank: u32,
    lowers_hand: bool,
    voice: Voice,
    since: Running,
    since_clock: Moment,
}

/// What can be done about a line's voice.
enum Voice {
    Mute,
    Unmute,
    /// lecture mode mutes it: an opened hand lets it speak
    LetSpeak,
    /// it speaks by an opened hand
    EndSpeech,
}

impl Voice {
    fn of(leg: &LegSnapshot, lecture: LectureMode) -> Self {
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
    fn of(sight: &Sight<'_>, lecture: LectureMode, leg: &LegSnapshot) -> Self {
        let (state, state_class, state_rank) = state_of(leg);
        let since = sight.running(leg.since.0);
        Self {
            id: leg.leg.to_string(),
            action: format!("/rooms/{}/commands", sight.room),
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
            hand: leg.hand.map(|hand| HandView {
                place: hand.place,
                open: hand.open,
                since: sight.running(hand.since.0),
            }),
            hand_rank: leg.hand.map_or(u32::MAX, |hand| hand.place),
            lowers_hand: leg.hand.is_some_and(|hand| !hand.open),
            voice: Voice::of(leg, lecture),
            since,
            since_clock: sight.zone.clock(since.since_ms),
        }
    }
}

fn state_of(leg: &LegSnapshot) -> (&'static str, &'static str, u8) {
    match (leg.waiting, leg.mute, leg.talking) {
        (true, _, _) => ("waiting, hears music", "waiting", 4),
        (_, MuteState::MutedByHost, _) => ("muted by host", "muted", 3),
        (_, MuteState::Muted, _) => ("muted", "muted", 2),
        (_, MuteState::Open, true) => ("talking", "talking", 0),
        (_, MuteState::Open, false) => ("line open", "open", 1),
    }
}

/// What a caller is called: the name, else the number.
pub(crate) fn display_name(leg: &LegSnapshot) -> String {
    if leg.name.is_empty() {
        or_unknown(&leg.number)
    } else {
        leg.name.clone()
    }
}

fn or_unknown(number: &str) -> String {
    if number.is_empty() {
        "Unknown number".to_owned()
    } else {
        words::number(number.to_owned())
    }
}

/// What to tell somebody who listens to the page: who came and went, hands, and what holds for all.
pub(crate) fn news(before: &RoomSnapshot, now: &RoomSnapshot) -> Vec<String> {
    let mut said = vec![];
    for leg in &now.legs {
        let name = display_name(leg);
        match before.legs.iter().find(|old| old.leg == leg.leg) {
            None => said.push(format!("{name} joined.")),
            Some(old) if old.hand.is_none() => {
                if let Some(hand) = leg.hand {
                    said.push(format!("{name} raised a hand, number {}.", hand.place));
                }
            }
            Some(_) => {}
        }
    }
    for leg in &before.legs {
        if !now.legs.iter().any(|still| still.leg == leg.leg) {
            said.push(format!("{} left.", display_name(leg)));
        }
    }
    for knock in &now.knocks {
        if !before.knocks.iter().any(|old| old.leg == knock.leg) {
            said.push(format!(
                "{} knocks at the locked room.",
                or_unknown(&knock.number)
            ));
        }
    }
    if before.locked != now.locked {
        said.push(
            if now.locked {
                "The room is locked."
            } else {
                "The room is open."
            }
            .to_owned(),
        );
    }
    let records = |room: &RoomSnapshot| matches!(room.recording, RecordingState::On { .. });
    if records(before) != records(now) {
        let text = if records(now) {
            "The recording has started."
        } else {
            "The recording has stopped."
        };
        said.push(text.to_owned());
    }
    if before.lecture != now.lecture {
        let text = match now.lecture {
            LectureMode::Open => "Lecture mode has ended.",
            LectureMode::Relaxed => "Guests are muted and may unmute themselves.",
            LectureMode::Strict => "Guests are muted by the host.",
        };
        said.push(text.to_owned());
    }
    said
}
