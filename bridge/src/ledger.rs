//! The ledger: every entry goes to a spool file first and from there into the store, in order.
//!
//! The spool is what makes a bill survive: entries that the database has not taken yet stay in the
//! file, through a database that is away and through a crash of the program; applying one twice is
//! harmless. Nobody on the call path ever waits for the database or the disk: this task does.

mod clerk;
mod spool;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use confab_store::{LedgerEntry, Store};
use tokio::sync::mpsc;
use tracing::error;

use clerk::Clerk;

/// Entries that may wait between the switchboard and the spool. The task only appends to a file, so
/// it is never full unless the disk hangs; then the switchboard waits rather than lose a bill.
const QUEUE_ENTRIES: usize = 16_384;
/// Entries held in memory while neither the spool nor the database takes any: some tens of MB. When
/// it is full, those that come later are lost and counted; calls that are kept are kept whole.
const HELD_MOST: usize = 50_000;

/// Where entries are handed in.
#[derive(Clone, Debug)]
pub struct Ledger {
    entries: mpsc::Sender<LedgerEntry>,
    tally: Arc<Tally>,
}

impl Ledger {
    /// Opens the spool in `data_dir` and starts the task; what an earlier run left in the spool is
    /// written first. A spool that cannot be opened is tried again and again; meanwhile entries
    /// go to the store at once. The task ends, with everything written that can be, when every
    /// `Ledger` is dropped.
    pub async fn start(store: Store, data_dir: &Path) -> (Self, tokio::task::JoinHandle<()>) {
        Self::start_holding(HELD_MOST, store, data_dir).await
    }

    /// The same, with so many entries in memory at most while nothing takes them.
    pub async fn start_holding(
        most: usize,
        store: Store,
        data_dir: &Path,
    ) -> (Self, tokio::task::JoinHandle<()>) {
        let (entries, incoming) = mpsc::channel(QUEUE_ENTRIES);
        let tally = Arc::new(Tally::default());
        let path = data_dir.join("ledger.spool");
        let mut clerk = Clerk::new(store, path, most, incoming, tally.clone());
        clerk.catch_up().await;
        let task = tokio::spawn(clerk.run());
        (Self { entries, tally }, task)
    }

    /// Hands an entry in.
    pub async fn write(&self, entry: LedgerEntry) {
        if self.entries.send(entry).await.is_err() {
            self.tally.lost.fetch_add(1, Ordering::Relaxed);
            error!("the ledger task has ended; an entry is lost");
        }
    }

    /// The counts, which can be read when the ledger is gone.
    pub fn tally(&self) -> Arc<Tally> {
        self.tally.clone()
    }
}

/// What the task tells of itself.
#[derive(Debug, Default)]
pub struct Tally {
    spooled: AtomicU64,
    held: AtomicU64,
    lost: AtomicU64,
    broken: AtomicU64,
    spool_failing: AtomicBool,
}

impl Tally {
    /// Entries not yet in the database.
    pub fn waiting(&self) -> u64 {
        self.spooled.load(Ordering::Relaxed) + self.held()
    }

    /// Those of them that are not in the spool either: a crash would lose them.
    pub fn held(&self) -> u64 {
        self.held.load(Ordering::Relaxed)
    }

    /// Entries that nothing had room for, since the start.
    pub fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    /// Lines of the spool that could not be understood, since the start.
    pub fn broken(&self) -> u64 {
        self.broken.load(Ordering::Relaxed)
    }

    /// The spool cannot be written.
    pub fn spool_failing(&self) -> bool {
        self.spool_failing.load(Ordering::Relaxed)
    }
}
