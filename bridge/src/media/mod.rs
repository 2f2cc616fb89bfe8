//! Media threads and the way to talk to them. One OS thread owns a shard: whole rooms with their
//! sockets, buffers and mixers. The switchboard sends [`ToShard`], the shards send [`FromShard`].
//!
//! No lock, no allocation in the tick, no await, no log line, no file in here.

mod aside;
mod cleaner;
mod codec;
mod common;
mod counters;
mod ear;
mod encoded;
mod heard;
mod inbound;
mod keypad;
mod kit;
mod latch;
mod life;
mod line;
mod name;
mod narrow;
mod order;
mod outbound;
mod outbox;
mod pcm;
mod ports;
mod received;
mod report;
mod room;
mod said;
mod shard;
mod sieve;
mod srtp;
mod still;
mod sys;
mod thread;
mod wider;
mod wire;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use confab_core::audio::TICK_MS;
use confab_core::audio::stream::Stream;
use confab_core::effect::Voice;
use confab_core::fault::Fault;
use confab_core::ids::{LegId, PlayId};
use confab_dtmf::Key;
use confab_dtmf::merge::Source;
use confab_recorder::Tap;
use tokio::sync::mpsc;
use uuid::Uuid;

use codec::Spares;
use counters::Counters;
pub use line::Line;
use order::Order;
use outbox::Outbox;
use ports::PortPool;
pub use ports::bound_at;
use report::Reports;
use shard::{Shard, Tools};

/// Mono samples at 8,000 Hz, decoded long before they are played.
pub type Sound = Arc<[i16]>;

/// A room as the shards know it: a plain number drawn by the switchboard, one per conference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RoomKey(pub u64);

/// What a shard is asked to do. What names a leg or room it does not have is ignored.
#[derive(Debug)]
pub enum ToShard {
    /// Take over a line; it is in no room, hears silence and is heard by nobody.
    Adopt(Box<Line>),
    /// Give a line back as [`FromShard::Released`], to be adopted elsewhere.
    Release(LegId),
    /// Close a line: RTCP BYE, sockets drained and closed.
    Close(LegId),
    /// Media starts, or has been renegotiated.
    SetStream(LegId, Stream),
    /// Put a line into a room, which is made if it is new here; it hears nothing until `SetVoice`.
    Enter(LegId, RoomKey),
    /// What it may say and what it hears.
    SetVoice(LegId, Voice),
    /// Whether what it says is brought to the loudness of everybody else; at first it is not.
    SetLevelled(LegId, bool),
    /// Whether its steady noise is suppressed; at first, and when it comes into a room, it is not.
    SetDenoised(LegId, bool),
    /// Whether it is looked for what spoils the room, which [`FromShard::Fault`] tells; at first
    /// it is not.
    SetWatched(LegId, bool),
    /// Play sounds one after the other to one line, after those queued; `Played` follows.
    PlayToLeg(LegId, PlayId, Vec<Sound>),
    /// Play sounds to everybody who hears the room, and to its recording.
    PlayToRoom(RoomKey, Vec<Sound>),
    /// Forget what is queued for the line; no `Played` follows.
    StopPlay(LegId),
    /// Take down what the line says, up to this many milliseconds; `NameTaken` follows.
    TakeName(LegId, u32),
    /// Stop taking it down now.
    StopName(LegId),
    /// Give the room's sound to a recording.
    Record(RoomKey, Tap),
    /// Stop giving it; the tap is dropped.
    StopRecord(RoomKey),
    /// The room is over.
    CloseRoom(RoomKey),
    /// From now on this is the hold music, from its beginning.
    SetMusic(Sound),
}

impl ToShard {
    /// What it asks for, as a log names it: without whom and without the sound.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Adopt(_) => "adopt",
            Self::Release(_) => "release",
            Self::Close(_) => "close",
            Self::SetStream(..) => "set_stream",
            Self::Enter(..) => "enter",
            Self::SetVoice(..) => "set_voice",
            Self::SetLevelled(..) => "set_levelled",
            Self::SetDenoised(..) => "set_denoised",
            Self::SetWatched(..) => "set_watched",
            Self::PlayToLeg(..) => "play_to_leg",
            Self::PlayToRoom(..) => "play_to_room",
            Self::StopPlay(_) => "stop_play",
            Self::TakeName(..) => "take_name",
            Self::StopName(_) => "stop_name",
            Self::Record(..) => "record",
            Self::StopRecord(_) => "stop_record",
            Self::CloseRoom(_) => "close_room",
            Self::SetMusic(_) => "set_music",
        }
    }
}

/// What a shard tells.
#[derive(Debug)]
pub enum FromShard {
    /// A key, by RFC 4733 or as a tone.
    Key(LegId, Key, Source),
    /// The end of a key that came by RFC 4733; not told when it was lost on the way.
    KeyLetGo(LegId, Key),
    /// The line began or ceased to be heard talking.
    Talking(LegId, bool),
    /// What is wrong with what the line says, or that nothing is any more.
    Fault(LegId, Option<Fault>),
    /// What was queued under this name has been played.
    Played(LegId, PlayId),
    /// Nothing comes from the line any more, for seconds, or something does again.
    Silent(LegId, bool),
    /// Sound comes from another address than the SDP names, and none that is believed; told once a
    /// line.
    Stranger {
        /// whose line it comes to
        leg: LegId,
        /// where it comes from
        from: SocketAddr,
        /// where it should
        named: SocketAddr,
    },
    /// What comes is not sealed by the key that was agreed on; told once a line.
    Unopened(LegId),
    /// Nothing has come from the line for the dead-line time.
    LineDead(LegId),
    /// What was taken down, trimmed and levelled; empty when nothing was said.
    NameTaken(LegId, Sound),
    /// The line, whole.
    Released(Box<Line>),
    /// A bug ended this room (caught panic): these lines are without a home and have been closed.
    RoomBroken(RoomKey, Vec<LegId>),
}

/// How to run the media side.
#[derive(Clone, Debug)]
pub struct MediaConfig {
    /// number of threads, 1 or more
    pub threads: usize,
    /// address to name in SDP; RTP sockets are bound to it when it is of this machine
    pub address: std::net::IpAddr,
    /// first and last RTP port, even numbers are RTP
    pub ports: std::ops::RangeInclusive<u16>,
    /// a line is dead after this long without a packet
    pub dead_line_ms: u32,
    /// a thread whose ticks are usually done later than this after their moment, in microseconds,
    /// is busy: it should get no more lines
    pub busy_tick_us: u32,
    /// packets go out by io_uring where the system has it and lets us
    pub io_uring: bool,
    /// the system drops most of a sound that nobody hears, where it can and lets us
    pub drop_unheard: bool,
    /// hold music, looped
    pub music: Sound,
}

/// Counters of all shards, summed, for `/metrics` and the health page.
#[derive(Clone, Copy, Debug, Default)]
pub struct MediaStats {
    /// packets taken from sockets
    pub packets_in: u64,
    /// packets given to sockets
    pub packets_out: u64,
    /// datagrams that were no RTP, from a stranger, or sealed by another key than agreed
    pub packets_rejected: u64,
    /// expected and never came, or came after their time
    pub packets_lost: u64,
    /// ticks run
    pub ticks: u64,
    /// ticks that began more than 5 ms after their deadline
    pub ticks_late: u64,
    /// longest tick since the last reading, microseconds
    pub tick_us_max: u64,
    /// how long after its moment a tick is usually done, in microseconds, of the busiest shard
    pub done_after_us: u64,
    /// ticks left out because the machine was too busy for a tenth of a second or longer
    pub ticks_skipped: u64,
    /// lines open
    pub lines: u64,
    /// reports to the switchboard that were given up; not zero: it is dead or far too slow
    pub reports_dropped: u64,
    /// samples of recordings lost because the writer was behind
    pub samples_unrecorded: u64,
}

/// The media side: its threads, its ports. Dropping it says goodbye on every line and ends the
/// threads.
#[derive(Debug)]
pub struct Media {
    shards: Vec<Handle>,
    ports: Arc<PortPool>,
    spares: Arc<Spares>,
    busy_tick_us: u64,
    by_ring: bool,
    aside: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Handle {
    /// none when the shard is to end
    orders: Option<SyncSender<Order>>,
    counters: Arc<Counters>,
    thread: Option<JoinHandle<()>>,
}

impl Media {
    /// Starts the threads.
    pub fn start(config: MediaConfig, reports: mpsc::Sender<FromShard>) -> io::Result<Self> {
        let spares = Arc::<Spares>::default();
        let (pusher, aside) = aside::start(reports.clone(), Arc::clone(&spares))?;
        let mut media = Self {
            shards: Vec::with_capacity(config.threads),
            ports: PortPool::new(config.address, config.ports),
            spares,
            busy_tick_us: config.busy_tick_us.into(),
            by_ring: config.io_uring && Outbox::with_ring().is_ok(),
            aside: Some(aside),
        };
        let threads = config.threads.max(1) as u32;
        for number in 0..threads {
            let (orders, receiver) = sync_channel(MOST_ORDERS);
            let counters = Arc::<Counters>::default();
            let reports = Reports::new(reports.clone());
            let (pusher, music) = (pusher.clone(), Arc::clone(&config.music));
            let (counted, dead_line_ms) = (Arc::clone(&counters), config.dead_line_ms);
            let phase = Duration::from_millis(u64::from(TICK_MS)) * number / threads;
            let (by_ring, spares) = (media.by_ring, Arc::clone(&media.spares));
            let drops_unheard = config.drop_unheard;
            // The shard is made on its thread, which it cannot leave: it holds system structures.
            let run = move || {
                let counters = Arc::clone(&counted);
                let mut tools = Tools::new(reports, pusher, spares, counters, dead_line_ms);
                tools.drops_unheard = drops_unheard;
                if by_ring {
                    tools.outbox = Outbox::with_ring().unwrap_or_default();
                }
                thread::run(Shard::new(receiver, music, tools), &counted, phase);
            };
            let thread = Builder::new().name(format!("media-{number}")).spawn(run)?;
            media.shards.push(Handle {
                orders: Some(orders),
                counters,
                thread: Some(thread),
            });
        }
        Ok(media)
    }

    /// Whether packets go out by io_uring.
    pub fn sends_by_ring(&self) -> bool {
        self.by_ring
    }

    /// How many shards there are; they are numbered from 0.
    pub fn shards(&self) -> usize {
        self.shards.len()
    }

    /// Whether a shard has so much to do that another line could make its ticks late, and so be
    /// heard by those it has. One without a line is not, however slow the machine is.
    pub fn is_busy(&self, shard: usize) -> bool {
        self.shards.get(shard).is_some_and(|shard| {
            let (lines, after_us) = (&shard.counters.lines, &shard.counters.done_after_us);
            lines.load(Relaxed) > 0 && after_us.load(Relaxed) > self.busy_tick_us
        })
    }

    /// Binds a pair of ports for a leg; none when all are taken.
    pub fn open_line(&self, leg: LegId) -> Option<Box<Line>> {
        let ports = self.ports.open()?;
        Some(Line::new(leg, ports, Uuid::new_v4().as_u128()))
    }

    /// Sends to a shard. The queue is bounded; when it is full the shard has been dead for
    /// seconds, and the command is given back.
    #[expect(
        clippy::result_large_err,
        reason = "what is not taken is given back whole; a box would be freed by the media thread"
    )]
    pub fn send(&self, shard: usize, what: ToShard) -> Result<(), ToShard> {
        let Some(orders) = self
            .shards
            .get(shard)
            .and_then(|shard| shard.orders.as_ref())
        else {
            return Err(what);
        };
        let order = Order::new(what, &self.spares);
        orders.try_send(order).map_err(|error| match error {
            TrySendError::Full(order) | TrySendError::Disconnected(order) => order.into_command(),
        })
    }

    /// What has been counted.
    pub fn stats(&self) -> MediaStats {
        let mut stats = MediaStats::default();
        for shard in &self.shards {
            shard.counters.add_to(&mut stats);
        }
        stats
    }
}

impl Drop for Media {
    fn drop(&mut self) {
        for shard in &mut self.shards {
            shard.orders = None;
        }
        let threads = self
            .shards
            .iter_mut()
            .filter_map(|shard| shard.thread.take());
        for thread in threads.chain(self.aside.take()) {
            // A thread that has panicked has nothing left to say goodbye with.
            let _ = thread.join();
        }
    }
}

/// Commands that wait for a shard: minutes of a busy house. When it is full the command is given
/// back.
const MOST_ORDERS: usize = 4_096;
