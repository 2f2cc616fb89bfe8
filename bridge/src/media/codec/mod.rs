//! Opus, the codec that is not the core's, and making what a line needs for its codec away from the
//! media threads, which make nothing.

mod opus;

use std::sync::Arc;

use confab_core::audio::decode::Speech;
use confab_core::audio::g722;
use confab_core::audio::jitter::JitterBuffer;
use confab_core::audio::preroll::Preroll;
use confab_core::audio::stream::{Codec, Stream};

use super::common::StreamId;
pub(super) use opus::{Encoder as OpusEncoder, Spares, are_alike};

/// What a line needs for another codec than G.711.
#[derive(Debug)]
pub(super) struct Gear {
    /// with the decoder in it
    pub(super) jitter: Box<JitterBuffer>,
    pub(super) preroll: Preroll,
    pub(super) coder: Coder,
}

/// Encodes what one line hears.
#[derive(Debug)]
pub(super) enum Coder {
    /// G.711, which remembers nothing and is encoded once for all
    None,
    G722(Box<G722Coder>),
    Opus(Box<OpusCoder>),
}

/// A line's own encoder of G.722.
#[derive(Debug, Default)]
pub(super) struct G722Coder {
    pub(super) own: g722::Encoder,
    /// it was sent what others are a tick ago, and is on its way to become equal
    pub(super) follows: bool,
}

/// A line's own encoder of Opus, and what it sends instead.
#[derive(Debug)]
pub(super) struct OpusCoder {
    pub(super) own: OpusEncoder,
    /// the common stream that it sends
    pub(super) follows: Option<StreamId>,
    /// ticks in which it was sent next to nothing, until now
    pub(super) quiet_ticks: u32,
}

impl OpusCoder {
    /// It goes on by itself; what waits for a full packet is forgotten.
    pub(super) fn pause(&mut self) {
        self.part();
        self.own.clear();
        self.quiet_ticks = 0;
    }

    /// It is sent something of its own from now on.
    pub(super) fn part(&mut self) {
        if self.follows.take().is_some() {
            self.own.restart();
        }
    }
}

impl Gear {
    /// For a stream; none when it needs nothing, or when libopus has no memory for it.
    pub(super) fn for_stream(stream: &Stream, spares: &Arc<Spares>) -> Option<Box<Self>> {
        let (decoder, coder): (Speech, Coder) = match stream.codec {
            Codec::Pcmu | Codec::Pcma => return None,
            Codec::G722 => (
                Speech::Other(Box::<g722::Decoder>::default()),
                Coder::G722(Box::default()),
            ),
            Codec::Opus => (
                Speech::Other(Box::new(opus::Lent::new(spares)?)),
                Coder::Opus(Box::new(OpusCoder {
                    own: OpusEncoder::new(spares, &stream.opus, stream.packet_ms)?,
                    follows: None,
                    quiet_ticks: 0,
                })),
            ),
        };
        Some(Box::new(Self {
            jitter: Box::new(JitterBuffer::new(decoder)),
            preroll: Preroll::new(stream.codec.rate()),
            coder,
        }))
    }
}
