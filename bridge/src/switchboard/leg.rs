//! One call as the switchboard sees it: where it is on its way, and what it is being played.

use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use confab_core::event::{EndReason, Role};
use confab_core::guard::Line;
use confab_core::ids::{DialId, PlayId, RoomNumber};
use confab_core::menu::Menu;
use confab_core::settings::{Language, RoomSettings};
use confab_core::time::Time;
use confab_dtmf::collector::Collector;
use confab_dtmf::layout::Layout;
use confab_dtmf::merge::Merger;
use confab_sip::Caller;
use confab_store::{RoomSecrets, Sealed};

use crate::media::{RoomKey, Sound, ToShard};

/// Commands kept for a line on its way: what comes in a tick or two. When it is full the newest
/// is given up.
const MOST_WAITING: usize = 32;

/// Where a call is on its way.
pub(super) enum Stage {
    /// Not answered yet: what was dialled is being looked up.
    Arriving,
    /// In the voice menu; it begins when the caller has acknowledged the answer.
    Menu(Box<Menu>),
    /// Its line is moving to the shard of the room.
    Entering(Box<Entry>),
    /// In the room, or at its door.
    InRoom(RoomNumber),
    /// In the room, but to be heard there only once the security code has been keyed.
    Proving(RoomNumber, Box<Menu>),
    /// Called from a room for this conference in it, and not answered yet.
    Called(RoomNumber, RoomKey, DialId),
    /// Nothing more but the goodbye.
    Leaving,
}

/// What the voice menu found out.
pub(super) struct Entry {
    pub number: RoomNumber,
    pub settings: RoomSettings,
    pub role: Role,
    pub billing_code: Option<String>,
    pub spoken_name: bool,
    pub code_proved: bool,
}

/// Who asked for a playback, to whom its end is told.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Asker {
    Menu,
    Room,
}

/// A playback that has not ended.
pub(super) struct Playing {
    /// its name on the shard
    pub on_shard: PlayId,
    pub asker: Asker,
    /// its name with the one who asked
    pub asked_as: PlayId,
}

/// One call.
pub(super) struct Leg {
    /// its id in the ledger
    pub call: String,
    pub caller: Caller,
    pub dialled: String,
    /// when the caller acknowledged the answer, which is when carriers begin to count
    pub answered: Time,
    /// what is said to this caller alone is in it
    pub language: Language,
    /// the keypad it has in the room
    pub layout: Arc<Layout>,
    /// it came by an access number, whose language it keeps in every room
    pub by_access_number: bool,
    /// the access number leads straight to a room: the caller has keyed none
    pub led_by_number: bool,
    /// where the INVITE came from
    pub source: IpAddr,
    /// of the room it is for, as of when that was looked up
    pub secrets: Option<RoomSecrets>,
    /// the security code that the conference had, or was about to have, when the menu was told
    pub code_then: Option<Sealed>,
    /// the security code this caller has shown to know
    pub proved: Option<Sealed>,
    pub stage: Stage,
    /// the shard that has its line; none while the line is between two
    pub shard: Option<usize>,
    /// what the SDP names as ours
    pub local_rtp: Option<SocketAddr>,
    /// what the line is to be told when it has come to its next shard
    pub waiting: Vec<ToShard>,
    pub merger: Merger,
    pub collector: Collector,
    pub spoken_name: Option<Sound>,
    pub playing: VecDeque<Playing>,
    /// it is to be hung up for this reason when what it is played has ended
    pub ending: Option<EndReason>,
    /// the goodbye is over at this time at the latest
    pub ends_at: Option<Time>,
    /// the SIP side has been told to hang up
    pub hung_up: bool,
    /// nothing comes from its line
    pub silent: bool,
}

impl Leg {
    /// A call that has just come, or is about to be placed; it has no line yet.
    pub fn new(
        call: String,
        caller: Caller,
        dialled: String,
        source: IpAddr,
        stage: Stage,
    ) -> Self {
        Self {
            call,
            caller,
            dialled,
            answered: Time(0),
            language: Language::default(),
            layout: Layout::openvoice(),
            by_access_number: false,
            led_by_number: false,
            source,
            secrets: None,
            code_then: None,
            proved: None,
            stage,
            shard: None,
            local_rtp: None,
            waiting: Vec::new(),
            merger: Merger::new(),
            collector: Collector::new(Layout::openvoice()),
            spoken_name: None,
            playing: VecDeque::new(),
            ending: None,
            ends_at: None,
            hung_up: false,
            silent: false,
        }
    }

    /// The voice menu it is in.
    pub fn menu_mut(&mut self) -> Option<&mut Menu> {
        match &mut self.stage {
            Stage::Menu(menu) | Stage::Proving(_, menu) => Some(menu),
            _ => None,
        }
    }

    /// It has a keypad of commands from now on.
    pub fn give_keypad(&mut self, layout: Arc<Layout>) {
        self.collector = Collector::new(layout.clone());
        self.layout = layout;
    }

    /// Who it is for the guard of the doors.
    pub fn line(&self) -> Line {
        Line::new(self.source, &self.caller.number)
    }

    /// The room it is in, or at the door of.
    pub fn room(&self) -> Option<&RoomNumber> {
        match &self.stage {
            Stage::InRoom(number) | Stage::Proving(number, _) => Some(number),
            _ => None,
        }
    }

    /// Keeps a command while the line is between two shards, which takes a tick or two. A leg that
    /// never had a line needs none. What is beyond [`MOST_WAITING`] is given back.
    pub fn keep_for_line(&mut self, what: ToShard) -> Option<ToShard> {
        if !matches!(self.stage, Stage::Entering(_)) {
            return None;
        }
        if self.waiting.len() >= MOST_WAITING {
            return Some(what);
        }
        self.waiting.push(what);
        None
    }

    /// When the switchboard must look after this leg again, whatever happens.
    pub fn next_deadline(&self) -> Option<Time> {
        if self.hung_up {
            return None;
        }
        let stage = match &self.stage {
            Stage::Menu(menu) | Stage::Proving(_, menu) => menu.next_deadline(),
            Stage::InRoom(_) => self.collector.deadline().map(Time),
            Stage::Arriving | Stage::Called(..) | Stage::Entering(_) | Stage::Leaving => None,
        };
        [stage, self.ends_at].into_iter().flatten().min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    use confab_core::ids::LegId;

    fn leg(stage: Stage) -> Leg {
        let nowhere = Ipv4Addr::LOCALHOST.into();
        Leg::new(
            String::new(),
            Caller::default(),
            String::new(),
            nowhere,
            stage,
        )
    }

    #[test]
    fn what_is_for_a_line_on_its_way_is_kept_in_order_and_in_bounds() {
        let number = RoomNumber::parse("1000").unwrap();
        let mut moving = leg(Stage::Entering(Box::new(Entry {
            number,
            settings: RoomSettings::default(),
            role: Role::Guest,
            billing_code: None,
            spoken_name: false,
            code_proved: false,
        })));
        for n in 0..MOST_WAITING as u64 {
            assert!(moving.keep_for_line(ToShard::StopPlay(LegId(n))).is_none());
        }
        assert!(moving.keep_for_line(ToShard::StopPlay(LegId(99))).is_some());
        for (n, what) in moving.waiting.iter().enumerate() {
            assert!(matches!(what, ToShard::StopPlay(LegId(leg)) if *leg == n as u64));
        }
    }

    #[test]
    fn a_leg_that_was_refused_a_line_keeps_nothing() {
        let mut refused = leg(Stage::Arriving);
        assert!(refused.keep_for_line(ToShard::StopPlay(LegId(1))).is_none());
        assert!(refused.waiting.is_empty());
    }

    #[test]
    fn a_goodbye_wakes_the_switchboard_until_it_has_hung_up() {
        let mut leaving = leg(Stage::Leaving);
        leaving.ends_at = Some(Time(7));
        assert_eq!(leaving.next_deadline(), Some(Time(7)));
        leaving.hung_up = true;
        assert_eq!(leaving.next_deadline(), None);
    }
}
