//! One call as the switchboard sees it: where it is on its way, and what it is being played.

use std::collections::VecDeque;
use std::net::SocketAddr;

use confab_core::audio::stream::Stream;
use confab_core::event::{EndReason, Role};
use confab_core::ids::{PlayId, RoomNumber};
use confab_core::menu::Menu;
use confab_core::settings::{Language, RoomSettings};
use confab_core::time::Time;
use confab_dtmf::collector::Collector;
use confab_dtmf::merge::Merger;
use confab_sip::Caller;

use crate::media::Sound;

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
    pub language: Language,
    pub stage: Stage,
    /// the shard that has its line; none while the line is between two
    pub shard: Option<usize>,
    /// what the SDP names as ours
    pub local_rtp: Option<SocketAddr>,
    /// media agreed anew while the line was between two shards
    pub stream_in_transit: Option<Stream>,
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
}

impl Leg {
    /// The room it is in, or at the door of.
    pub fn room(&self) -> Option<&RoomNumber> {
        match &self.stage {
            Stage::InRoom(number) => Some(number),
            _ => None,
        }
    }

    /// When the switchboard must look after this leg again, whatever happens.
    pub fn next_deadline(&self) -> Option<Time> {
        if self.hung_up {
            return None;
        }
        let stage = match &self.stage {
            Stage::Menu(menu) => menu.next_deadline(),
            Stage::InRoom(_) => self.collector.deadline().map(Time),
            Stage::Arriving | Stage::Entering(_) | Stage::Leaving => None,
        };
        [stage, self.ends_at].into_iter().flatten().min()
    }
}
