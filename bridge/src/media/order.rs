//! A command on its way into a shard, with the memory that it needs. Obeys nothing.

use std::sync::Arc;

use confab_core::audio::denoise::Denoiser;
use confab_core::audio::stream::Stream;
use confab_core::ids::LegId;

use super::codec::Spares;
use super::kit::Kit;
use super::{ToShard, name};

/// A command as it travels: what needs memory has it with it, since a tick makes none.
#[derive(Debug)]
pub(super) enum Order {
    /// As the switchboard gave it.
    Do(ToShard),
    /// `TakeName`, with room for the name.
    TakeName(LegId, u32, Vec<i16>),
    /// `SetStream`, with what codec and encryption need.
    SetStream(LegId, Stream, Kit),
    /// `SetDenoised`, with what does it.
    SetDenoised(LegId, Option<Box<Denoiser>>),
}

impl Order {
    /// Makes the memory, where there is time for it.
    pub(super) fn new(what: ToShard, spares: &Arc<Spares>) -> Self {
        match what {
            ToShard::TakeName(leg, ms) => Self::TakeName(leg, ms, name::room_for(ms)),
            ToShard::SetStream(leg, stream) => {
                let kit = Kit::for_stream(&stream, spares);
                Self::SetStream(leg, stream, kit)
            }
            ToShard::SetDenoised(leg, on) => Self::SetDenoised(leg, on.then(Box::default)),
            what => Self::Do(what),
        }
    }

    /// The command again, to be given back.
    pub(super) fn into_command(self) -> ToShard {
        match self {
            Self::Do(what) => what,
            Self::TakeName(leg, ms, _) => ToShard::TakeName(leg, ms),
            Self::SetStream(leg, stream, _) => ToShard::SetStream(leg, stream),
            Self::SetDenoised(leg, denoiser) => ToShard::SetDenoised(leg, denoiser.is_some()),
        }
    }
}
