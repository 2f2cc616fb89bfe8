//! One stretch of recording, from the tap to the file. Knows no thread, no queue and no other
//! stretch: the desk calls it at its own pace.

use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::encoder_format::{FRAME_BYTES, FRAME_MS};
use crate::file::SoundFile;
use crate::lame::{Encoder, EncoderError};
use crate::tap::Drain;

/// Samples encoded at a time; bounds the buffers, not the sound.
const BLOCK_SAMPLES: usize = 8_192;

/// Longest time that written sound may wait to be on the disk, should the power fail.
const SYNC_EVERY: Duration = Duration::from_secs(5);

/// Why a stretch failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StretchError {
    #[error("cannot open the file: {0}")]
    Open(io::Error),
    #[error("cannot write the file: {0}")]
    Write(#[from] io::Error),
    #[error("cannot encode: {0}")]
    Encode(#[from] EncoderError),
}

/// How a stretch stands after some sound has been written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    Open,
    /// The tap is gone and all its sound is encoded.
    TapGone,
    /// The file holds all the sound it may.
    FileFull,
}

/// A stretch with its file open.
#[derive(Debug)]
pub(crate) struct Stretch {
    file: SoundFile,
    encoder: Encoder,
    /// Samples that the file still has room for.
    samples_left: u64,
    frames_left: u64,
    synced_at: Instant,
    samples: Vec<i16>,
    frames: Vec<u8>,
}

/// What is in the file, earlier stretches among it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Written {
    pub(crate) duration_ms: u64,
    pub(crate) bytes: u64,
}

impl Stretch {
    /// Opens the file for a stretch at `rate_hz`; all stretches together hold `limit_ms` at most.
    pub(crate) fn open(path: &Path, rate_hz: u32, limit_ms: u64) -> Result<Self, StretchError> {
        let encoder = Encoder::new(rate_hz)?;
        let file = SoundFile::open(path).map_err(StretchError::Open)?;
        let left_ms = limit_ms.saturating_sub(file.duration_ms());
        Ok(Self {
            file,
            encoder,
            samples_left: left_ms.saturating_mul(u64::from(rate_hz)) / 1_000,
            frames_left: left_ms / FRAME_MS,
            synced_at: Instant::now(),
            samples: Vec::with_capacity(BLOCK_SAMPLES),
            frames: Vec::new(),
        })
    }

    /// Encodes and writes everything the tap has handed over so far.
    pub(crate) fn pump(&mut self, drain: &mut Drain) -> Result<Progress, StretchError> {
        loop {
            let room = usize::try_from(self.samples_left).unwrap_or(BLOCK_SAMPLES);
            self.samples.clear();
            let more = drain.take(&mut self.samples, room.min(BLOCK_SAMPLES));
            self.samples_left -= self.samples.len() as u64;
            if !self.samples.is_empty() {
                self.encoder.encode(&self.samples, &mut self.frames)?;
            }
            if self.samples_left == 0 || !more {
                break;
            }
        }
        self.write()?;
        if self.samples_left == 0 || self.frames_left == 0 {
            return Ok(Progress::FileFull);
        }
        match drain.is_over() {
            true => Ok(Progress::TapGone),
            false => Ok(Progress::Open),
        }
    }

    /// Brings the file to the disk when that is due, and says whether it did: it may take long.
    pub(crate) fn sync_if_due(&mut self, now: Instant) -> Result<bool, StretchError> {
        if now.duration_since(self.synced_at) < SYNC_EVERY {
            return Ok(false);
        }
        self.file.sync()?;
        self.synced_at = now;
        Ok(true)
    }

    /// Writes what the encoder still holds and brings all to the disk. Nothing more may be pumped.
    pub(crate) fn close(&mut self) -> Result<Written, StretchError> {
        self.encoder.finish(&mut self.frames)?;
        self.write()?;
        self.file.sync()?;
        Ok(self.written())
    }

    /// How far the file has come, also when the last write failed.
    pub(crate) fn written(&self) -> Written {
        Written {
            duration_ms: self.file.duration_ms(),
            bytes: self.file.bytes(),
        }
    }

    fn write(&mut self) -> Result<(), StretchError> {
        let room = usize::try_from(self.frames_left).unwrap_or(usize::MAX);
        self.frames.truncate(room.saturating_mul(FRAME_BYTES));
        self.file.append(&self.frames)?;
        self.frames_left -= (self.frames.len() / FRAME_BYTES) as u64;
        self.frames.clear();
        Ok(())
    }
}
