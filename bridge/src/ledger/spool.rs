//! The spool: a file of ledger entries, one JSON line each, that the database has not taken yet.
//! Whole entries survive a crash and a full disk; a torn line is counted and taken away, and
//! never runs into the next. Knows no database and is asked by one task.
//!
//! ```text
//! | in the database | offered (the batch) | waiting | torn by a failed write |
//! 0              read_at           batch_ends_at   len            end of the file
//! ```

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::Path;

use confab_recorder::lasting;
use confab_store::LedgerEntry;
use tracing::error;

/// The file, open.
#[derive(Debug)]
pub(super) struct Spool {
    file: File,
    read_at: u64,
    batch_ends_at: u64,
    batch_entries: u64,
    len: u64,
    entries: u64,
    broken: u64,
    /// Lines up to here have been judged; what is read again is not counted again.
    judged_to: u64,
}

impl Spool {
    /// Opens the file, or makes it. What an earlier run left in it is offered first.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let (file, _) = lasting::open(path)?;
        let mut spool = Self {
            file,
            read_at: 0,
            batch_ends_at: 0,
            batch_entries: 0,
            len: 0,
            entries: 0,
            broken: 0,
            judged_to: 0,
        };
        spool.look()?;
        Ok(spool)
    }

    /// Entries that are kept and not yet [`Spool::done`].
    pub(super) fn entries(&self) -> u64 {
        self.entries
    }

    /// Lines that could not be understood, since it was opened.
    pub(super) fn broken(&self) -> u64 {
        self.broken
    }

    /// Keeps entries. When this returns they are on the disk; after an error none of them is kept.
    pub(super) fn append(&mut self, entries: &[LedgerEntry]) -> io::Result<()> {
        let mut text = Vec::new();
        for entry in entries {
            serde_json::to_writer(&mut text, entry)?;
            text.push(b'\n');
        }
        self.write(&text)?;
        self.len += text.len() as u64;
        self.entries += entries.len() as u64;
        Ok(())
    }

    /// Tries whether the disk takes anything, and leaves nothing.
    pub(super) fn probe(&mut self) -> io::Result<()> {
        self.write(b"\n")?;
        self.file.set_len(self.len)
    }

    /// The oldest entries that are not yet [`Spool::done`]. A line that cannot be understood is
    /// counted and passed over with a word in the log: it must not stop every bill behind it.
    pub(super) fn next_batch(&mut self, most: usize) -> io::Result<Vec<LedgerEntry>> {
        let mut batch = Vec::new();
        self.file.seek(SeekFrom::Start(self.read_at))?;
        let mut reader = BufReader::new((&self.file).take(self.len - self.read_at));
        let mut at = self.read_at;
        let mut line = Vec::new();
        while batch.len() < most && reader.read_until(b'\n', &mut line)? > 0 {
            at += line.len() as u64;
            match serde_json::from_slice(&line) {
                Ok(entry) => batch.push(entry),
                Err(_) if is_blank(&line) || at <= self.judged_to => {}
                Err(e) => {
                    error!(error = %e, bytes = line.len(), "a line of the ledger spool is broken");
                    self.broken += 1;
                    self.entries = self.entries.saturating_sub(1);
                }
            }
            self.judged_to = self.judged_to.max(at);
            line.clear();
        }
        self.batch_ends_at = at;
        self.batch_entries = batch.len() as u64;
        if batch.is_empty() {
            self.done()?;
        }
        Ok(batch)
    }

    /// The last batch is in the database.
    pub(super) fn done(&mut self) -> io::Result<()> {
        self.entries -= std::mem::take(&mut self.batch_entries).min(self.entries);
        self.read_at = self.batch_ends_at;
        if self.read_at == self.len && self.len > 0 {
            self.file.set_len(0)?;
            self.begin_at(0);
        }
        Ok(())
    }

    fn begin_at(&mut self, len: u64) {
        (self.read_at, self.batch_ends_at, self.judged_to) = (0, 0, 0);
        self.batch_entries = 0;
        self.len = len;
    }

    /// Writes behind the last whole line. After an error what was written of it is cut off again,
    /// at the latest by the next write.
    fn write(&mut self, text: &[u8]) -> io::Result<()> {
        let there = self.file.metadata()?.len();
        if there < self.len {
            error!("somebody has cut the ledger spool");
            self.look()?;
        } else if there > self.len {
            self.file.set_len(self.len)?;
        }
        self.file.seek(SeekFrom::Start(self.len))?;
        let mut file = &self.file;
        let written = file.write_all(text).and_then(|()| file.sync_data());
        if written.is_err() {
            // The disk that failed may fail here, too.
            let _ = self.file.set_len(self.len);
        }
        written
    }

    /// Counts what is in the file. A last line without an end is closed if it is an entry, or else
    /// cut off: it was never kept for anybody.
    fn look(&mut self) -> io::Result<()> {
        self.file.rewind()?;
        let mut reader = BufReader::new(&self.file);
        let mut line = Vec::new();
        let (mut whole, mut entries, mut torn) = (0, 0, None);
        while reader.read_until(b'\n', &mut line)? > 0 {
            let closed = line.ends_with(b"\n");
            if !closed && serde_json::from_slice::<LedgerEntry>(&line).is_err() {
                torn = Some(line.len());
                break;
            }
            whole += line.len() as u64;
            entries += u64::from(!is_blank(&line));
            if !closed {
                (&self.file).seek(SeekFrom::Start(whole))?;
                (&self.file).write_all(b"\n")?;
                whole += 1;
                break;
            }
            line.clear();
        }
        self.begin_at(whole);
        self.entries = entries;
        if let Some(bytes) = torn {
            error!(
                bytes,
                "the last line of the ledger spool is torn; it is cut off"
            );
            self.broken += 1;
            self.file.set_len(whole)?;
        }
        Ok(())
    }
}

/// What a probe may leave when the power fails.
fn is_blank(line: &[u8]) -> bool {
    line == b"\n"
}

#[cfg(test)]
mod tests;
