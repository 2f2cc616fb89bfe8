//! What an instance keeps on the disk: its recordings.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use super::Confab;
use crate::sound::file::{self, SoundFile};

impl Confab {
    /// The recordings there are on the disk, oldest first.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn recordings(&self) -> Result<Vec<PathBuf>> {
        let dir = self.data_dir().join("recordings");
        let mut files: Vec<PathBuf> = std::fs::read_dir(&dir)
            .with_context(|| dir.display().to_string())?
            .flatten()
            .map(|file| file.path())
            .filter(|path| path.extension().is_some_and(|e| e == "mp3"))
            .collect();
        files.sort();
        Ok(files)
    }

    /// The one recording there is, decoded.
    ///
    /// # Errors
    /// When there is none, or more, or it cannot be decoded.
    pub fn recording(&self) -> Result<SoundFile> {
        match self.recordings()?.as_slice() {
            [one] => file::read(one),
            several => bail!("{} recordings instead of one", several.len()),
        }
    }
}
