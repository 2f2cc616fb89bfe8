//! What can be done about the room as a whole: who waits at the door, whose turn it is to speak,
//! the calls out, and the switches. Decides nothing; what cannot be done now is not offered.

use askama::Template;
use confab_core::command::LectureMode;
use confab_core::snapshot::{Dial, DialOver, Knock, LegSnapshot, RecordingState, RoomSnapshot};

use super::view::{Sight, display_name, knock_name};
use crate::when::{Moment, Running};
use crate::words;

#[derive(Template)]
#[template(path = "live_panel.html")]
pub(super) struct Panel {
    action: String,
    lecture: &'static str,
    /// strict lecture mode keeps the lines shut
    opens_all: bool,
    locked: bool,
    recording: Option<Running>,
    chimes: bool,
    continues: bool,
    billing_code: String,
    callers: String,
    knocks: Vec<KnockView>,
    hands: Option<Turns>,
    calls: Option<Calls>,
}

struct KnockView {
    leg: u64,
    name: String,
    /// empty when it stands for the name
    number: String,
    dialled: bool,
    at: Moment,
}

impl KnockView {
    fn of(sight: &Sight<'_>, knock: &Knock) -> Self {
        let number = if knock.name.is_empty() {
            String::new()
        } else {
            words::number(knock.number.clone())
        };
        Self {
            leg: knock.leg.0,
            name: knock_name(knock),
            number,
            dialled: knock.dialled,
            at: sight.zone.clock(sight.running(knock.at.0).since_ms),
        }
    }
}

/// The raised hands: whose turn it is, and whose will be.
struct Turns {
    /// those who may speak
    open: Vec<String>,
    /// the first of the others
    next: Option<String>,
    /// how many come after that one
    after: usize,
}

impl Turns {
    /// None when no hand is up.
    fn of(legs: &[LegSnapshot]) -> Option<Self> {
        let mut hands: Vec<_> = legs
            .iter()
            .filter_map(|leg| Some((leg.hand?, leg)))
            .collect();
        hands.sort_by_key(|(hand, _)| hand.place);
        let (open, shut): (Vec<_>, Vec<_>) = hands.iter().partition(|(hand, _)| hand.open);
        (!hands.is_empty()).then(|| Self {
            open: open.iter().map(|(_, leg)| display_name(leg)).collect(),
            next: shut.first().map(|(_, leg)| display_name(leg)),
            after: shut.len().saturating_sub(1),
        })
    }
}

/// Calls out of the room.
struct Calls {
    /// another may be made
    allowed: bool,
    dials: Vec<DialView>,
    over: Option<OverView>,
}

struct DialView {
    dial: u64,
    number: String,
    ringing: bool,
    since: Running,
}

struct OverView {
    number: String,
    end: &'static str,
    at: Moment,
}

impl Calls {
    /// None when the room does not call anybody.
    fn of(sight: &Sight<'_>, room: &RoomSnapshot) -> Option<Self> {
        let dial = |dial: &Dial| DialView {
            dial: dial.dial.0,
            number: dial.number.as_str().to_owned(),
            ringing: dial.ringing,
            since: sight.running(dial.at.0),
        };
        let over = |over: &DialOver| OverView {
            number: over.number.clone(),
            end: words::dial_end(over.end),
            at: sight.zone.clock(sight.running(over.at.0).since_ms),
        };
        let calls = Self {
            allowed: room.dial_out,
            dials: room.dials.iter().map(dial).collect(),
            over: room.dial_over.as_ref().map(over),
        };
        let any = calls.allowed || !calls.dials.is_empty() || calls.over.is_some();
        any.then_some(calls)
    }
}

impl Panel {
    /// The room as the panel shows it.
    pub(super) fn of(sight: &Sight<'_>, snapshot: &RoomSnapshot) -> Self {
        let knocks = snapshot.knocks.iter();
        Self {
            action: sight.action(),
            lecture: words::lecture_word(snapshot.lecture),
            opens_all: snapshot.lecture != LectureMode::Strict,
            locked: snapshot.locked,
            recording: match snapshot.recording {
                RecordingState::Off => None,
                RecordingState::On { since } => Some(sight.running(since.0)),
            },
            chimes: snapshot.chimes,
            continues: snapshot.continues,
            billing_code: snapshot.billing_code.clone().unwrap_or_default(),
            callers: words::count(snapshot.legs.len(), "caller"),
            knocks: knocks.map(|knock| KnockView::of(sight, knock)).collect(),
            hands: Turns::of(&snapshot.legs),
            calls: Calls::of(sight, snapshot),
        }
    }
}
