//! Opus, the codec that is not the core's, and making what a line needs for its codec away from the
//! media threads, which make nothing.

mod opus;

use std::sync::Arc;

use confab_core::audio::decode::Speech;
use confab_core::audio::g722;
use confab_core::audio::jitter::JitterBuffer;
use confab_core::audio::preroll::Preroll;
use confab_core::audio::stream::{Codec, Stream};

pub(super) use opus::{
    Coder as OpusCoder, Encoder as OpusEncoder, Repertoire, Spares, Told, are_alike,
    samples_in as opus_samples_in,
};

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

impl Gear {
    /// For a stream; none when it needs nothing.
    pub(super) fn for_stream(stream: &Stream, spares: &Arc<Spares>) -> Option<Box<Self>> {
        let (jitter, coder): (JitterBuffer, Coder) = match stream.codec {
            Codec::Pcmu | Codec::Pcma => return None,
            Codec::G722 => (
                JitterBuffer::new(Speech::Other(Box::<g722::Decoder>::default())),
                Coder::G722(Box::default()),
            ),
            Codec::Opus => (
                JitterBuffer::unheard(Speech::Other(Box::new(opus::Lent::new(spares)))),
                Coder::Opus(Box::new(OpusCoder::new(
                    spares,
                    &stream.opus,
                    stream.packet_ms,
                ))),
            ),
        };
        Some(Box::new(Self {
            jitter: Box::new(jitter),
            preroll: Preroll::new(stream.codec.rate()),
            coder,
        }))
    }
}
