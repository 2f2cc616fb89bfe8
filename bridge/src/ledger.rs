//! The ledger task: every entry goes to a spool file first and from there into the store, in order.
//!
//! The spool is what makes a bill survive: entries that the database has not taken yet stay in the
//! file, through a database that is away and through a crash of the program; applying one twice is
//! harmless. Nobody on the call path ever waits for the database.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use confab_store::{LedgerEntry, Store};
use tokio::sync::mpsc;
use tracing::{error, info, warn};

/// Entries that may wait between the switchboard and the spool. The task only appends to a file, so
/// it is never full unless the disk hangs; then the switchboard waits rather than lose a bill.
const QUEUE_ENTRIES: usize = 16_384;
/// Entries written to the store in one transaction.
const BATCH_ENTRIES: usize = 500;
/// Pause after the store has refused, before it is asked again.
const RETRY: Duration = Duration::from_secs(1);

/// Where entries are handed in, and how many still wait for the database.
#[derive(Clone, Debug)]
pub struct Ledger {
    entries: mpsc::Sender<LedgerEntry>,
    waiting: Arc<AtomicU64>,
}

impl Ledger {
    /// Opens the spool in `data_dir` and starts the task; what an earlier run left in the spool is
    /// written first. The task ends, with everything written that can be, when every `Ledger` is
    /// dropped.
    ///
    /// # Errors
    /// When the spool cannot be opened.
    pub async fn start(
        store: Store,
        data_dir: &Path,
    ) -> io::Result<(Self, tokio::task::JoinHandle<()>)> {
        let mut spool = Spool::open(data_dir.join("ledger.spool"))?;
        spool.drain(&store).await?;
        let waiting = Arc::new(AtomicU64::new(spool.entries));
        let (entries, incoming) = mpsc::channel(QUEUE_ENTRIES);
        let task = tokio::spawn(run(store, spool, incoming, waiting.clone()));
        Ok((Self { entries, waiting }, task))
    }

    /// Hands an entry in.
    pub async fn write(&self, entry: LedgerEntry) {
        if self.entries.send(entry).await.is_err() {
            error!("the ledger task has ended; an entry is lost");
        }
    }

    /// Entries not yet in the database.
    pub fn waiting(&self) -> u64 {
        self.waiting.load(Ordering::Relaxed)
    }
}

async fn run(
    store: Store,
    spool: Spool,
    incoming: mpsc::Receiver<LedgerEntry>,
    waiting: Arc<AtomicU64>,
) {
    let mut clerk = Clerk {
        store,
        spool,
        incoming,
        waiting,
        open: true,
        away: false,
    };
    while clerk.open || clerk.spool.entries > 0 {
        let batch = clerk.spool.next_batch(BATCH_ENTRIES).unwrap_or_else(|e| {
            error!(error = %e, "the ledger spool cannot be read");
            Vec::new()
        });
        if batch.is_empty() {
            clerk.wait_for_entries().await;
        } else if !clerk.write(batch).await {
            if !clerk.open {
                let waiting = clerk.spool.entries;
                warn!(waiting, "stopping; the spool keeps what is not written");
                break;
            }
            clerk.pause().await;
        }
        clerk.tell();
    }
}

/// The state of the task.
struct Clerk {
    store: Store,
    spool: Spool,
    incoming: mpsc::Receiver<LedgerEntry>,
    waiting: Arc<AtomicU64>,
    /// somebody may still hand entries in
    open: bool,
    /// the database has refused the last batch
    away: bool,
}

impl Clerk {
    fn tell(&self) {
        self.waiting.store(self.spool.entries, Ordering::Relaxed);
    }

    async fn wait_for_entries(&mut self) {
        // lines that made no sense may still lie there
        self.shorten(0);
        match self.incoming.recv().await {
            Some(entry) => self.take(entry),
            None => self.open = false,
        }
    }

    fn shorten(&mut self, written: usize) {
        if let Err(e) = self.spool.done(written) {
            error!(error = %e, "the ledger spool cannot be shortened");
        }
    }

    /// Offers a batch to the database; entries go on being spooled while it takes its time.
    async fn write(&mut self, batch: Vec<LedgerEntry>) -> bool {
        let count = batch.len();
        let store = self.store.clone();
        let mut write = tokio::spawn(async move { store.write_ledger(&batch).await });
        let written = loop {
            tokio::select! {
                done = &mut write => break done,
                entry = self.incoming.recv(), if self.open => match entry {
                    Some(entry) => self.take(entry),
                    None => self.open = false,
                },
            }
            self.tell();
        };
        let good = matches!(written, Ok(Ok(())));
        if good {
            self.shorten(count);
            if std::mem::take(&mut self.away) {
                info!(
                    waiting = self.spool.entries,
                    "the database is back; the ledger catches up"
                );
            }
        } else if !std::mem::replace(&mut self.away, true) {
            warn!(
                ?written,
                waiting = self.spool.entries,
                "the ledger waits for the database"
            );
        }
        good
    }

    /// Waits out [`RETRY`] while entries go on being spooled.
    async fn pause(&mut self) {
        let until = tokio::time::Instant::now() + RETRY;
        while self.open {
            self.tell();
            match tokio::time::timeout_at(until, self.incoming.recv()).await {
                Ok(Some(entry)) => self.take(entry),
                Ok(None) => self.open = false,
                Err(_) => return,
            }
        }
    }

    /// Spools this entry and whatever else has come, with one write.
    fn take(&mut self, first: LedgerEntry) {
        let mut entries = vec![first];
        while let Ok(entry) = self.incoming.try_recv() {
            entries.push(entry);
        }
        if let Err(e) = self.spool.append(&entries) {
            error!(error = %e, lost = entries.len(), "the ledger spool cannot be written");
        }
    }
}

/// A file of JSON lines; what lies before `read_at` is in the database.
struct Spool {
    file: File,
    read_at: u64,
    batch_ends_at: u64,
    entries: u64,
}

impl Spool {
    fn open(path: PathBuf) -> io::Result<Self> {
        let mut file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(&path)?;
        let mut whole = 0;
        let mut entries = 0;
        let mut line = String::new();
        let mut reader = BufReader::new(&file);
        while reader.read_line(&mut line)? > 0 {
            // a line that a crash cut short was never acknowledged to anybody
            if !line.ends_with('\n') {
                break;
            }
            whole += line.len() as u64;
            entries += 1;
            line.clear();
        }
        file.set_len(whole)?;
        file.seek(SeekFrom::End(0))?;
        Ok(Self {
            file,
            read_at: 0,
            batch_ends_at: 0,
            entries,
        })
    }

    fn append(&mut self, entries: &[LedgerEntry]) -> io::Result<()> {
        let mut text = Vec::new();
        for entry in entries {
            serde_json::to_writer(&mut text, entry)?;
            text.push(b'\n');
        }
        self.file.seek(SeekFrom::End(0))?;
        self.file.write_all(&text)?;
        self.entries += entries.len() as u64;
        Ok(())
    }

    /// The oldest entries that are not yet [`Spool::done`]. A line that cannot be understood is
    /// skipped with a word in the log: it must not stop every bill behind it.
    fn next_batch(&mut self, most: usize) -> io::Result<Vec<LedgerEntry>> {
        let mut batch = Vec::new();
        self.batch_ends_at = self.read_at;
        self.file.seek(SeekFrom::Start(self.read_at))?;
        let mut reader = BufReader::new(&self.file);
        let mut line = String::new();
        while batch.len() < most && reader.read_line(&mut line)? > 0 {
            self.batch_ends_at += line.len() as u64;
            match serde_json::from_str(&line) {
                Ok(entry) => batch.push(entry),
                Err(e) => {
                    error!(error = %e, "a line of the ledger spool makes no sense");
                    self.entries = self.entries.saturating_sub(1);
                }
            }
            line.clear();
        }
        Ok(batch)
    }

    /// Writes everything in the spool, as far as the database takes it.
    async fn drain(&mut self, store: &Store) -> io::Result<()> {
        loop {
            let batch = self.next_batch(BATCH_ENTRIES)?;
            if batch.is_empty() {
                return Ok(());
            }
            if let Err(e) = store.write_ledger(&batch).await {
                warn!(error = %e, waiting = self.entries, "the spool waits for the database");
                return Ok(());
            }
            info!(
                entries = batch.len(),
                "the spool of an earlier run is written"
            );
            self.done(batch.len())?;
        }
    }

    /// The last batch of `count` entries is in the database.
    fn done(&mut self, count: usize) -> io::Result<()> {
        self.entries = self.entries.saturating_sub(count as u64);
        self.read_at = self.batch_ends_at;
        if self.entries == 0 {
            self.file.set_len(0)?;
            self.read_at = 0;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(n: i64) -> LedgerEntry {
        LedgerEntry::CallEnded {
            call: format!("c{n}"),
            at_ms: n,
            reason: "caller_hung_up".into(),
        }
    }

    #[test]
    fn what_was_spooled_is_there_after_a_crash() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("spool");
        let mut spool = Spool::open(path.clone()).unwrap();
        spool.append(&[entry(1), entry(2), entry(3)]).unwrap();
        assert_eq!(spool.next_batch(2).unwrap(), [entry(1), entry(2)]);
        spool.done(2).unwrap();
        drop(spool);
        // a crash in the middle of a line
        let mut file = OpenOptions::new().append(true).open(&path).unwrap();
        file.write_all(b"{\"entry\":\"call_en").unwrap();
        let mut spool = Spool::open(path).unwrap();
        assert_eq!(
            spool.entries, 3,
            "the place is not kept, so all are written again"
        );
        spool.append(&[entry(4)]).unwrap();
        assert_eq!(
            spool.next_batch(9).unwrap(),
            [entry(1), entry(2), entry(3), entry(4)]
        );
        spool.done(4).unwrap();
        assert_eq!(spool.next_batch(9).unwrap(), []);
        assert_eq!(spool.file.metadata().unwrap().len(), 0);
    }
}
