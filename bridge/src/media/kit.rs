//! What a line needs for a stream, made away from the media threads, which make nothing.

use std::sync::Arc;

use confab_core::audio::stream::Stream;
use uuid::Uuid;

use super::codec::{Gear, Spares};
use super::srtp::Keys;

/// See the module.
#[derive(Debug)]
pub(super) struct Kit {
    /// none: G.711 needs nothing
    pub(super) gear: Option<Box<Gear>>,
    /// there whenever the stream is encrypted
    pub(super) keys: Option<Keys>,
}

impl Kit {
    pub(super) fn for_stream(stream: &Stream, spares: &Arc<Spares>) -> Self {
        let random = || Uuid::new_v4().as_u128() as u64;
        Self {
            gear: Gear::for_stream(stream, spares),
            keys: stream.srtp.map(|srtp| Keys::new(&srtp, random())),
        }
    }
}
