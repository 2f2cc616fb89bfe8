//! Media threads and the way to talk to them. One OS thread owns a shard: whole rooms with their
//! sockets, buffers and mixers. The switchboard sends [`ToShard`], the shards send [`FromShard`].
//!
//! No lock, no allocation in the tick, no await, no log line, no file in here.

use std::net::SocketAddr;
use std::sync::Arc;

use confab_core::audio::stream::Stream;
use confab_core::effect::Voice;
use confab_core::ids::{LegId, PlayId};
use confab_dtmf::Key;
use confab_recorder::Tap;
use tokio::sync::mpsc;

/// Mono samples at 8,000 Hz, decoded long before they are played.
pub type Sound = Arc<[i16]>;

/// A room as the shards know it: a plain number drawn by the switchboard, one per conference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RoomKey(pub u64);

/// One caller's end of the media: sockets, jitter buffer, codec state. Moves whole between shards.
#[derive(Debug)]
pub struct Line {}

impl Line {
    /// The leg it belongs to.
    pub fn leg(&self) -> LegId {
        unreachable!()
    }
    /// The address to name in SDP; RTCP is one port above.
    pub fn local_rtp(&self) -> SocketAddr {
        unreachable!()
    }
}

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
}

/// What a shard tells.
#[derive(Debug)]
pub enum FromShard {
    /// A key by RFC 4733.
    Key(LegId, Key),
    /// The line began or ceased to be heard talking.
    Talking(LegId, bool),
    /// What was queued under this name has been played.
    Played(LegId, PlayId),
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
    /// address to bind RTP sockets to, and to name in SDP
    pub address: std::net::IpAddr,
    /// first and last RTP port, even numbers are RTP
    pub ports: std::ops::RangeInclusive<u16>,
    /// a line is dead after this long without a packet
    pub dead_line_ms: u32,
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
    /// datagrams that were no RTP, or from a stranger
    pub packets_rejected: u64,
    /// expected and never came, or came after their time
    pub packets_lost: u64,
    /// ticks run
    pub ticks: u64,
    /// ticks that began more than 5 ms after their deadline
    pub ticks_late: u64,
    /// longest tick since the last reading, microseconds
    pub tick_us_max: u64,
    /// lines open
    pub lines: u64,
}

/// The media side: its threads, its ports.
#[derive(Debug)]
pub struct Media {}

impl Media {
    /// Starts the threads.
    pub fn start(_config: MediaConfig, _reports: mpsc::Sender<FromShard>) -> std::io::Result<Self> {
        Ok(Self {})
    }
    /// How many shards there are; they are numbered from 0.
    pub fn shards(&self) -> usize {
        1
    }
    /// Binds a pair of ports for a leg; none when all are taken.
    pub fn open_line(&self, _leg: LegId) -> Option<Box<Line>> {
        None
    }
    /// Sends to a shard. The queue is bounded; when it is full the shard has been dead for
    /// seconds, and the command is given back.
    pub fn send(&self, _shard: usize, _what: ToShard) -> Result<(), ToShard> {
        Ok(())
    }
    /// What has been counted.
    pub fn stats(&self) -> MediaStats {
        MediaStats::default()
    }
}
