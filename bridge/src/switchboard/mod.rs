//! The switchboard: one task that owns every call, voice menu and room, and so gives all control
//! events one order. It asks the state machines of the core what is to be done, and has it done.
//!
//! It decides no policy, sees no audio and never blocks: look-ups run in tasks of their own and
//! come back as `Found`, and commands to the SIP side wait in an outbox when its queue is full.

mod call;
mod dial;
mod door;
mod entries;
mod keys;
mod leg;
mod live;
mod recording;
mod run;

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::path::PathBuf;
use std::sync::Arc;

use confab_core::event::EndReason;
use confab_core::guard::{Guard, Limits, Outcome, Ticket};
use confab_core::ids::{LegId, PlayId, RoomNumber};
use confab_core::time::Time;
use confab_portal::{Guesses, House, PortalCommand};
use confab_recorder::Recorder;
use confab_sip::{Legs, SipCommand, SipEvent};
use confab_store::{AccessNumber, LedgerEntry, RoomRow, Sealed, Store};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::ledger::Ledger;
use crate::media::{FromShard, Media, ToShard};
use crate::prompts::Prompts;
use crate::vitals::Vitals;
use entries::CodeOnItsWay;
use leg::Leg;
use live::LiveRoom;

/// Answers of look-ups that may wait; the look-up tasks wait when it is full.
const FOUND_QUEUE: usize = 1024;
/// Rooms, and numbers, remembered for the time the database is away; a memory is emptied when it
/// is full.
const REMEMBERED: usize = 10_000;

/// What the switchboard works with.
pub struct Parts {
    /// the program's clock
    pub clock: Clock,
    /// everything kept
    pub store: Store,
    /// the media threads
    pub media: Arc<Media>,
    /// commands to the SIP side
    pub sip: mpsc::Sender<SipCommand>,
    /// names for calls to be placed
    pub sip_legs: Legs,
    /// the MP3 writer
    pub recorder: Recorder,
    /// where the MP3 files go
    pub recordings_dir: PathBuf,
    /// all sounds
    pub prompts: Prompts,
    /// the ledger
    pub ledger: Ledger,
    /// the state of all rooms, for the portal
    pub house: watch::Sender<Arc<House>>,
    /// rooms at which wrong PINs or codes were keyed, for the portal
    pub guesses: watch::Sender<Arc<Guesses>>,
    /// counts for `/health` and `/metrics`
    pub vitals: Arc<Vitals>,
}

/// What comes in from outside.
pub struct Inlets {
    /// calls and keys by SIP
    pub sip: mpsc::Receiver<SipEvent>,
    /// keys, ends of prompts, dead lines
    pub media: mpsc::Receiver<FromShard>,
    /// stops and failures of recordings
    pub recorder: mpsc::Receiver<confab_recorder::Report>,
    /// commands from pages
    pub portal: mpsc::Receiver<PortalCommand>,
    /// asks for the end of the program
    pub stop: CancellationToken,
}

/// The answer of a look-up in the store.
enum Found {
    /// What a dialled number leads to.
    Dialled {
        leg: LegId,
        access: Result<Option<AccessNumber>, ()>,
    },
    /// The room a caller keyed; `Err` when the database is away.
    Room {
        leg: LegId,
        ticket: Option<Ticket>,
        digits: String,
        room: Result<Option<Box<RoomRow>>, ()>,
    },
    /// Whether a PIN is right.
    Pin {
        leg: LegId,
        ticket: Ticket,
        outcome: Outcome,
    },
    /// Whether a security code is right, and which one it was.
    Code {
        leg: LegId,
        ticket: Ticket,
        outcome: Outcome,
        proved: Option<Sealed>,
    },
    /// The code a host has set for the conference.
    CodeSealed {
        leg: LegId,
        number: RoomNumber,
        sealed: Option<Sealed>,
    },
}

/// What a timer wakes.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Sleeper {
    Leg(LegId),
    Room(RoomNumber),
}

/// The switchboard. See the module.
pub struct Switchboard {
    parts: Parts,
    legs: HashMap<LegId, Leg>,
    rooms: HashMap<RoomNumber, LiveRoom>,
    guard: Guard,
    /// no more than there are hosts in menus
    codes_coming: HashMap<RoomNumber, CodeOnItsWay>,
    remembered: HashMap<String, RoomRow>,
    remembered_numbers: HashMap<String, Option<AccessNumber>>,
    lines_on_shard: Vec<usize>,
    timers: BTreeSet<(Time, Sleeper)>,
    armed: HashMap<Sleeper, Time>,
    next_key: u64,
    next_play: u64,
    draining: bool,
    to_sip: VecDeque<SipCommand>,
    to_ledger: VecDeque<LedgerEntry>,
    found: mpsc::Sender<Found>,
    /// as the portal was told last
    house: House,
    /// rooms that may look otherwise by now
    to_show: BTreeSet<RoomNumber>,
    published: Time,
}

impl Switchboard {
    fn new(parts: Parts) -> (Self, mpsc::Receiver<Found>) {
        let (found, answers) = mpsc::channel(FOUND_QUEUE);
        let shards = parts.media.shards();
        let switchboard = Self {
            parts,
            legs: HashMap::new(),
            rooms: HashMap::new(),
            guard: Guard::new(&Limits::default()),
            codes_coming: HashMap::new(),
            remembered: HashMap::new(),
            remembered_numbers: HashMap::new(),
            lines_on_shard: vec![0; shards],
            timers: BTreeSet::new(),
            armed: HashMap::new(),
            next_key: 0,
            next_play: 0,
            draining: false,
            to_sip: VecDeque::new(),
            to_ledger: VecDeque::new(),
            found,
            house: House::new(),
            to_show: BTreeSet::new(),
            published: Time(0),
        };
        (switchboard, answers)
    }

    fn now(&self) -> Time {
        self.parts.clock.now()
    }

    fn next_play(&mut self) -> PlayId {
        self.next_play += 1;
        PlayId(self.next_play)
    }

    fn shard(&self, shard: usize, what: ToShard) {
        if let Err(refused) = self.parts.media.send(shard, what) {
            // the queue holds seconds of commands, so the thread hangs; its callers hear nothing
            // whatever we do, and the late-tick alarm tells the operator
            tracing::error!(shard, command = refused.name(), "media thread hangs");
        }
    }

    /// Sends to the shard that has this leg's line, or will have it in a moment.
    fn tell_line(&mut self, leg: LegId, what: ToShard) {
        let Some(entry) = self.legs.get_mut(&leg) else {
            return;
        };
        if let Some(shard) = entry.shard {
            self.shard(shard, what);
        } else if let Some(lost) = entry.keep_for_line(what) {
            let command = lost.name();
            tracing::error!(%leg, command, "too much for a line on its way");
        }
    }

    /// Once: whoever comes later finds that it has been done.
    fn hang_up(&mut self, leg: LegId, reason: EndReason) {
        if let Some(entry) = self.legs.get_mut(&leg).filter(|leg| !leg.hung_up) {
            entry.ending = Some(entry.ending.unwrap_or(reason));
            entry.hung_up = true;
            self.to_sip.push_back(SipCommand::Hangup { leg, reason });
        }
    }

    /// Sets, moves or takes away the one timer of a leg or a room.
    fn arm(&mut self, sleeper: Sleeper, at: Option<Time>) {
        let before = match at {
            Some(at) => self.armed.insert(sleeper.clone(), at),
            None => self.armed.remove(&sleeper),
        };
        if before == at {
            return;
        }
        if let Some(before) = before {
            self.timers.remove(&(before, sleeper.clone()));
        }
        if let Some(at) = at {
            self.timers.insert((at, sleeper));
        }
    }
}
