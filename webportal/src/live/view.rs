//! A room as its live page shows it: snapshot in, HTML out, in parts that change by themselves.
//! Pure but for the templates; the stream renders and sends the parts that changed.

use askama::Template;
use confab_core::event::Role;
use confab_core::ids::RoomNumber;
use confab_core::snapshot::{Knock, LegSnapshot, RecordingState, RoomSnapshot};

use super::panel::Panel;
use super::row::Row;
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
    /// Where the commands of the page go.
    pub(super) fn action(&self) -> String {
        format!("/rooms/{}/commands", self.room)
    }

    pub(super) fn running(&self, since_ms: u64) -> Running {
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
        let rows = snapshot.legs.iter().map(|leg| row(sight, snapshot, leg));
        Ok(Self {
            head: head(sight, snapshot)?,
            panel: panel(sight, snapshot)?,
            rows: rows.collect::<Result<_, Trouble>>()?,
        })
    }
}

/// The part `head`.
pub(super) fn head(sight: &Sight<'_>, snapshot: &RoomSnapshot) -> Result<String, Trouble> {
    rendered(&Head::of(sight, snapshot))
}

/// The part `panel`.
pub(super) fn panel(sight: &Sight<'_>, snapshot: &RoomSnapshot) -> Result<String, Trouble> {
    rendered(&Panel::of(sight, snapshot))
}

/// The row of a leg, by its element.
pub(super) fn row(
    sight: &Sight<'_>,
    snapshot: &RoomSnapshot,
    leg: &LegSnapshot,
) -> Result<(String, String), Trouble> {
    let row = Row::of(sight, snapshot, leg);
    Ok((row.id().to_owned(), rendered(&row)?))
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

/// The warning that somebody keys PINs and codes at this room; nothing when nobody does.
pub(crate) fn guesses(room: &RoomNumber, wrong: Option<u32>) -> Result<String, Trouble> {
    let warning = |wrong| Guesses {
        wrong,
        room: room.as_str(),
    };
    wrong.map_or(Ok(String::new()), |wrong| rendered(&warning(wrong)))
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
#[template(path = "live_guesses.html")]
struct Guesses<'a> {
    wrong: u32,
    room: &'a str,
}

#[derive(Template)]
#[template(path = "live_head.html")]
struct Head {
    action: String,
    callers: String,
    hosts: usize,
    hands: usize,
    running: Running,
    since: Moment,
    locked: bool,
    recording: Option<Running>,
    ends_at_ms: Option<u64>,
    ends_in: String,
    /// who is alone and has been asked to press a key
    alone: Option<String>,
}

impl Head {
    fn of(sight: &Sight<'_>, snapshot: &RoomSnapshot) -> Self {
        let left_ms = |at: u64| i64::try_from(at).unwrap_or(sight.now_ms) - sight.now_ms;
        let ends_at_ms = snapshot.ends_at.map(|at| at.0);
        let running = sight.running(snapshot.since.0);
        Self {
            action: sight.action(),
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
            alone: snapshot.asked_alone.and_then(|asked| {
                let alone = snapshot.legs.iter().find(|leg| leg.leg == asked);
                alone.map(display_name)
            }),
        }
    }
}

/// What a caller is called: the name, else the number.
pub(super) fn display_name(leg: &LegSnapshot) -> String {
    name_or_number(&leg.name, &leg.number)
}

/// What somebody at the door is called.
pub(super) fn knock_name(knock: &Knock) -> String {
    name_or_number(&knock.name, &knock.number)
}

fn name_or_number(name: &str, number: &str) -> String {
    if name.is_empty() {
        or_unknown(number)
    } else {
        name.to_owned()
    }
}

fn or_unknown(number: &str) -> String {
    if number.is_empty() {
        "Unknown number".to_owned()
    } else {
        words::number(number.to_owned())
    }
}
