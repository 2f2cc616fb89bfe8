//! Recordings: samples to MP3 in a thread of its own, files that survive a crash, retention.
//! Knows no room, no caller and no database.
//!
//! ```text
//! media thread                    recorder thread
//! Tap::push -> ring of samples -> Encoder -> whole frames -> one file per recording
//! ```
//!
//! A file is a plain row of MP3 frames, all of one size and with nothing before, between or after
//! them. So any cut at a frame is a good file, stretches are joined by appending, and a player
//! gets the length from the size.
#![forbid(unsafe_code)]

use std::fmt;

mod desk;
mod encoder_format;
mod file;
pub mod frames;
mod lame;
pub mod lasting;
pub mod library;
mod recorder;
pub mod retention;
mod stretch;
mod tap;

pub use encoder_format::{FRAME_BYTES, FRAME_MS, OUTPUT_HZ};
pub use recorder::{Config, Meter, Recorder, Stats};
pub use tap::Tap;

/// Names one recording (one file); drawn by the caller.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RecordingId(pub String);

impl fmt::Display for RecordingId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What the writer thread tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Report {
    /// A stretch has been closed; the file can be played.
    Stopped {
        /// which
        id: RecordingId,
        /// sound in the file, all stretches together
        duration_ms: u64,
        /// size of the file
        bytes: u64,
    },
    /// Four hours are full; the stretch has been closed as by `Stopped`, which was sent before.
    Full(RecordingId),
    /// It could not be opened or written. What was written before is kept, and `Stopped` was sent
    /// before if the file was open.
    Failed {
        /// which
        id: RecordingId,
        /// in words
        why: String,
    },
}
