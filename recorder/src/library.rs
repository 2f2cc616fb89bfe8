//! The folder of recordings: where the file of an id is, what is there, what belongs to nobody.
//! Decides nothing about what is to be deleted; see [`crate::retention`].

use std::collections::HashSet;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use crate::RecordingId;
use crate::file::walk_file;

/// Longest id, in bytes: a file name stays far below what file systems allow.
const ID_BYTES_MAX: usize = 64;

const EXTENSION: &str = "mp3";

/// Why the library could not do it.
#[derive(Debug, thiserror::Error)]
pub enum LibraryError {
    /// Ids become file names: 1 to 64 letters, digits, `-` or `_`.
    #[error("`{0}` cannot be the name of a recording")]
    BadId(RecordingId),
    /// The disk said no.
    #[error("{}: {source}", path.display())]
    Io {
        /// which file or folder
        path: PathBuf,
        /// what the system said
        source: io::Error,
    },
}

/// A recording on the disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// which
    pub id: RecordingId,
    /// size of the file
    pub bytes: u64,
    /// when it was last written, ms since the Unix epoch
    pub modified_ms: u64,
}

/// Where the disk and a list of ids differ.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Differences {
    /// files that no one on the list owns
    pub orphans: Vec<Found>,
    /// ids on the list that have no file
    pub missing: Vec<RecordingId>,
}

/// Length and size of a recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Measured {
    /// sound in whole frames
    pub duration_ms: u64,
    /// size of the file
    pub bytes: u64,
}

/// One folder with one file per recording, named by its id.
#[derive(Clone, Debug)]
pub struct Library {
    root: PathBuf,
}

impl Library {
    /// Makes the folder if it is not there.
    pub fn open(root: PathBuf) -> Result<Self, LibraryError> {
        fs::create_dir_all(&root).map_err(|source| at(&root, source))?;
        Ok(Self { root })
    }

    /// Where the file of a recording is, or will be.
    pub fn path(&self, id: &RecordingId) -> Result<PathBuf, LibraryError> {
        match is_name(&id.0) {
            true => Ok(self.root.join(&id.0).with_extension(EXTENSION)),
            false => Err(LibraryError::BadId(id.clone())),
        }
    }

    /// Every recording on the disk, by id. Other files in the folder are passed over.
    pub fn scan(&self) -> Result<Vec<Found>, LibraryError> {
        let mut found = Vec::new();
        for entry in fs::read_dir(&self.root).map_err(|source| at(&self.root, source))? {
            let entry = entry.map_err(|source| at(&self.root, source))?;
            let path = entry.path();
            let Some(id) = id_of(&path) else { continue };
            match entry.metadata() {
                Ok(data) if data.is_file() => found.push(Found {
                    id,
                    bytes: data.len(),
                    modified_ms: modified_ms(&data),
                }),
                Ok(_) => {}
                // Deleted since the folder was read.
                Err(e) if e.kind() == io::ErrorKind::NotFound => {}
                Err(source) => return Err(at(&path, source)),
            }
        }
        found.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(found)
    }

    /// Compares the disk with the ids that ought to be there.
    pub fn compare(&self, known: &HashSet<RecordingId>) -> Result<Differences, LibraryError> {
        let found = self.scan()?;
        let there: HashSet<_> = found.iter().map(|f| f.id.clone()).collect();
        let mut missing: Vec<_> = known.difference(&there).cloned().collect();
        missing.sort();
        let orphans = found.into_iter().filter(|f| !known.contains(&f.id));
        Ok(Differences {
            orphans: orphans.collect(),
            missing,
        })
    }

    /// Reads a file and says how long it is; nothing when there is no such file.
    pub fn measure(&self, id: &RecordingId) -> Result<Option<Measured>, LibraryError> {
        let path = self.path(id)?;
        let read = || {
            let mut file = File::open(&path)?;
            let duration_ms = walk_file(&mut file)?.duration_ms();
            let bytes = file.metadata()?.len();
            Ok(Measured { duration_ms, bytes })
        };
        none_if_absent(read(), &path)
    }

    /// Deletes a file and returns what it was; nothing when there was none.
    pub fn delete(&self, id: &RecordingId) -> Result<Option<Found>, LibraryError> {
        let path = self.path(id)?;
        let remove = || {
            let data = fs::metadata(&path)?;
            fs::remove_file(&path)?;
            Ok(Found {
                id: id.clone(),
                bytes: data.len(),
                modified_ms: modified_ms(&data),
            })
        };
        none_if_absent(remove(), &path)
    }
}

fn none_if_absent<T>(result: io::Result<T>, path: &Path) -> Result<Option<T>, LibraryError> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(at(path, source)),
    }
}

fn at(path: &Path, source: io::Error) -> LibraryError {
    LibraryError::Io {
        path: path.to_owned(),
        source,
    }
}

fn is_name(id: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    (1..=ID_BYTES_MAX).contains(&id.len()) && id.bytes().all(allowed)
}

fn id_of(path: &Path) -> Option<RecordingId> {
    let is_ours = path.extension()? == EXTENSION;
    let stem = path.file_stem()?.to_str()?;
    (is_ours && is_name(stem)).then(|| RecordingId(stem.to_owned()))
}

fn modified_ms(data: &fs::Metadata) -> u64 {
    let since = data.modified().ok();
    let since = since.and_then(|at| at.duration_since(UNIX_EPOCH).ok());
    since.map_or(0, |since| {
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    })
}
