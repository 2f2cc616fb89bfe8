//! Recordings: samples to MP3 in a thread of its own, files that survive a crash, retention.
//! Knows no room, no caller and no database.
#![forbid(unsafe_code)]

use std::path::PathBuf;
use std::sync::mpsc::Receiver;

/// Names one recording (one file); drawn by the caller.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RecordingId(pub String);

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
    /// It could not be written; what was written before is kept.
    Failed {
        /// which
        id: RecordingId,
        /// in words
        why: String,
    },
}

/// The end of a recording that the media thread holds: takes samples, never blocks.
#[derive(Debug)]
pub struct Tap {}

impl Tap {
    /// Hands over mono samples at the rate given to [`Recorder::open`]. Returns how many did not
    /// fit because the writer is behind; those are lost and counted.
    pub fn push(&mut self, _samples: &[i16]) -> usize {
        0
    }
}

/// Handle of the writer thread.
#[derive(Debug)]
pub struct Recorder {}

impl Recorder {
    /// Starts the thread.
    pub fn start() -> std::io::Result<(Self, Receiver<Report>)> {
        unreachable!()
    }

    /// Begins a stretch of recording into `path`: a new file, or after what is in it already.
    /// Dropping the tap ends the stretch.
    pub fn open(&self, _id: RecordingId, _path: PathBuf, _rate_hz: u32) -> std::io::Result<Tap> {
        unreachable!()
    }
}
