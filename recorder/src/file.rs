//! One recording's file: opened, healed and appended to in whole frames. Encodes nothing and
//! decides nothing about when a recording ends.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

use crate::encoder_format::{FRAME_BYTES, FRAME_MS};
use crate::frames::{Walked, Walker};
use crate::lasting;

/// A file is read in pieces of this size when it is measured.
const PIECE_BYTES: usize = 256 * 1024;

/// The file of a recording in progress.
#[derive(Debug)]
pub(crate) struct SoundFile {
    file: File,
    /// Length up to the last whole frame.
    bytes: u64,
    /// Sound found when the file was opened.
    before_ms: u64,
    written_bytes: u64,
    unsynced: bool,
}

impl SoundFile {
    /// Opens `path`, or makes it. What follows the last whole frame, left by a crash or a full
    /// disk, is cut off; a file that holds no frame at all is somebody else's and is refused.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let (mut file, data) = lasting::open(path)?;
        let walked = walk_file(&mut file)?;
        let length = data.len();
        if walked.frames == 0 && length > FRAME_BYTES as u64 {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "the file is there already and is no MP3",
            ));
        }
        if walked.whole_bytes < length {
            file.set_len(walked.whole_bytes)?;
        }
        file.seek(SeekFrom::Start(walked.whole_bytes))?;
        Ok(Self {
            file,
            bytes: walked.whole_bytes,
            before_ms: walked.duration_ms(),
            written_bytes: 0,
            unsynced: false,
        })
    }

    /// Appends whole frames of [`FRAME_BYTES`]. After an error nothing more may be appended.
    pub(crate) fn append(&mut self, frames: &[u8]) -> io::Result<()> {
        if frames.is_empty() {
            return Ok(());
        }
        self.unsynced = true;
        if let Err(e) = self.file.write_all(frames) {
            // Part of it may have been written; the next opening would heal it as well.
            let _ = self.file.set_len(self.bytes);
            return Err(e);
        }
        self.bytes += frames.len() as u64;
        self.written_bytes += frames.len() as u64;
        Ok(())
    }

    /// Waits until what was appended is on the disk.
    pub(crate) fn sync(&mut self) -> io::Result<()> {
        if self.unsynced {
            self.file.sync_data()?;
            self.unsynced = false;
        }
        Ok(())
    }

    /// Sound in the file.
    pub(crate) fn duration_ms(&self) -> u64 {
        self.before_ms + self.written_bytes / FRAME_BYTES as u64 * FRAME_MS
    }

    /// Size of the file.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }
}

/// Walks a file from its beginning.
pub(crate) fn walk_file(file: &mut File) -> io::Result<Walked> {
    let mut walker = Walker::default();
    let mut piece = vec![0; PIECE_BYTES];
    loop {
        match file.read(&mut piece) {
            Ok(0) => return Ok(walker.finish()),
            Ok(count) => walker.feed(&piece[..count]),
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
}
