//! What a media thread must not do itself: free memory, close sockets, make sounds of names and
//! encoders. One thread does it for all shards.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::{Builder, JoinHandle};

use confab_core::audio::decode::Speech;
use confab_core::audio::denoise::Denoiser;
use confab_core::audio::jitter::JitterBuffer;
use confab_core::audio::preroll::Preroll;
use confab_core::audio::stream::OpusWishes;
use confab_core::ids::LegId;
use confab_recorder::Tap;
use tokio::sync::mpsc;

use super::codec::{Coder, Spares};
use super::common::{Made, OpusStream, StreamId, Whose};
use super::srtp::{Opener, Sealer};
use super::{FromShard, Line, Sound, name};

/// Something put aside.
#[derive(Debug)]
pub(super) enum Aside {
    /// What a line said, as it came.
    Name(LegId, Vec<i16>),
    /// Sounds that have been played.
    Sounds(Vec<Sound>),
    /// Hold music that is no longer played.
    Music(Sound),
    /// A closed line; its ports become free.
    Line(Box<Line>),
    /// A decoder, an encoder or a buffer that a line needs no more.
    Gear(Over),
    /// An encoder of Opus is wanted for all who hear a sound, and this is the way back.
    Want(Whose, OpusWishes, SyncSender<Made>),
    /// Of the spare encoders and decoders there are too few or too many.
    Spares,
    /// A recording that is over.
    Tap(Tap),
    /// What has suppressed the noise of a line.
    Denoiser(Box<Denoiser>),
}

/// What a line needs no more, to be freed where there is time.
#[derive(Debug)]
#[expect(dead_code, reason = "nobody looks into what is only to be freed")]
pub(super) enum Over {
    Jitter(Box<JitterBuffer>),
    Speech(Speech),
    Coder(Coder),
    Sealer(Box<Sealer>),
    Opener(Box<Opener>),
    Stream(Box<OpusStream>),
    Preroll(Preroll),
}

/// Puts things aside, without waiting.
#[derive(Clone, Debug)]
pub(super) struct Pusher(SyncSender<Aside>);

impl Pusher {
    /// When the queue is full the thing is freed here and now, which costs the tick some
    /// microseconds. A name that does not fit is given back, and what is only told.
    pub(super) fn push(&self, thing: Aside) -> Result<(), Aside> {
        match self.0.try_send(thing) {
            Err(TrySendError::Full(kept @ (Aside::Name(..) | Aside::Spares))) => Err(kept),
            _ => Ok(()),
        }
    }
}

/// Starts the thread, which ends when every pusher is gone.
pub(super) fn start(
    reports: mpsc::Sender<FromShard>,
    spares: Arc<Spares>,
) -> io::Result<(Pusher, JoinHandle<()>)> {
    let (pusher, things) = sync_channel(MOST_WAITING);
    let thread = Builder::new()
        .name("media-aside".to_owned())
        .spawn(move || run(&things, &reports, &spares))?;
    Ok((Pusher(pusher), thread))
}

fn run(things: &Receiver<Aside>, reports: &mpsc::Sender<FromShard>, spares: &Arc<Spares>) {
    let mut streams = 0;
    while let Ok(thing) = things.recv() {
        match thing {
            Aside::Name(leg, samples) => {
                let report = FromShard::NameTaken(leg, name::finish(samples));
                // When the switchboard is gone there is nobody to tell, but still things to free.
                let _ = reports.blocking_send(report);
            }
            Aside::Sounds(sounds) => drop(sounds),
            Aside::Music(music) => drop(music),
            Aside::Line(line) => drop(line),
            Aside::Gear(over) => drop(over),
            Aside::Tap(tap) => drop(tap),
            Aside::Want(whose, wishes, back) => {
                streams += 1;
                let stream = OpusStream::new(StreamId(streams), wishes, spares);
                // When the shard takes no more, each of its lines goes on by itself.
                let _ = back.try_send(Made { whose, stream });
            }
            Aside::Denoiser(denoiser) => drop(denoiser),
            Aside::Spares => spares.tend(),
        }
    }
}

/// A whole house hanging up at once fits twice.
const MOST_WAITING: usize = 4_096;
