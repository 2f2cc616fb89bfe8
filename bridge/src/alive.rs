//! The sign of life of a server in its data folder: a locked file with the time at which it was
//! last alive. A second server does not get the lock; after a crash the next one reads the time.
//! Knows no calls and no database.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, bail};

use crate::clock::{Clock, ms};

/// The file, locked for as long as this lives.
#[derive(Debug)]
pub struct Alive {
    file: File,
}

impl Alive {
    /// Takes the lock. Gives also when the server before was last alive, in ms, if it told.
    ///
    /// # Errors
    /// In words, when another server has the lock, or the folder cannot be written.
    pub fn take(data_dir: &Path) -> anyhow::Result<(Self, Option<i64>)> {
        let path = data_dir.join(NAME);
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .with_context(|| format!("{} cannot be opened", path.display()))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => bail!(
                "another confab serves from {}; each needs a data folder of its own",
                data_dir.display()
            ),
            Err(TryLockError::Error(error)) => {
                return Err(error).with_context(|| format!("{} cannot be locked", path.display()));
            }
        }
        let mut text = String::new();
        // What is not ours to read tells nothing.
        let read = file.read_to_string(&mut text);
        let before = read.ok().and_then(|_| text.trim().parse().ok());
        Ok((Self { file }, before))
    }

    /// Writes the time, always as many characters: no cut leaves a wrong number.
    fn mark(&mut self, now_ms: i64) -> io::Result<()> {
        self.file.rewind()?;
        self.file.write_all(format!("{now_ms:020}\n").as_bytes())?;
        self.file.sync_data()
    }
}

/// Writes the time every few seconds, for ever.
pub async fn keep(mut alive: Alive, clock: Clock) {
    let mut trouble = false;
    loop {
        let now_ms = ms(clock.now());
        let marked = tokio::task::spawn_blocking(move || {
            let marked = alive.mark(now_ms);
            (alive, marked)
        });
        let Ok((back, marked)) = marked.await else {
            return;
        };
        alive = back;
        if let Err(error) = &marked
            && !trouble
        {
            tracing::warn!(%error, "the sign of life cannot be written: a crash would cost minutes");
        }
        trouble = marked.is_err();
        tokio::time::sleep(EVERY).await;
    }
}

const NAME: &str = "alive";
/// A crash costs this much of each call's time at most.
const EVERY: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_server_at_a_time_and_the_next_is_told_when_it_was() {
        let dir = tempfile::tempdir().unwrap();
        let (mut first, before) = Alive::take(dir.path()).unwrap();
        assert_eq!(before, None);
        let error = Alive::take(dir.path()).unwrap_err().to_string();
        assert!(error.contains("another confab serves from"), "{error}");
        first.mark(1_800_000_000_000).unwrap();
        first.mark(1_700_000_000_000).unwrap();
        drop(first);
        let (_second, before) = Alive::take(dir.path()).unwrap();
        assert_eq!(before, Some(1_700_000_000_000));
    }

    #[test]
    fn what_is_no_time_tells_nothing() {
        let dir = tempfile::tempdir().unwrap();
        for text in ["", "soon", "\u{0}\u{0}"] {
            std::fs::write(dir.path().join(NAME), text).unwrap();
            assert_eq!(Alive::take(dir.path()).unwrap().1, None);
        }
    }
}
