//! The ledger task at work: entries into the spool, from there into the store, and what is done
//! when one of the two does not take them.
//!
//! ```text
//! incoming -> held (memory) -> spool (disk) -> store
//!                 '--- the spool fails --------'
//! ```
//! What is held is newer than everything in the spool, so the order is kept either way.

use std::collections::VecDeque;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use confab_store::{LedgerEntry, Store};
use tokio::sync::mpsc;
use tokio::task::block_in_place;
use tokio::time::Instant;
use tracing::{error, info, warn};

use super::Tally;
use super::spool::Spool;

/// Entries written to the spool, or to the store, at once.
const BATCH_ENTRIES: usize = 500;
/// Pause after the store, or the spool, has refused, before it is asked again.
const RETRY: Duration = Duration::from_secs(1);

/// Where a batch was taken from.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Source {
    Spool,
    Held,
}

/// The oldest entries that the store has not taken.
struct Batch {
    entries: Vec<LedgerEntry>,
    from: Source,
}

/// The state of the task.
pub(super) struct Clerk {
    store: Store,
    path: PathBuf,
    /// none while it could not be opened
    spool: Option<Spool>,
    incoming: mpsc::Receiver<LedgerEntry>,
    tally: Arc<Tally>,
    /// what the spool has not taken
    held: VecDeque<LedgerEntry>,
    held_most: usize,
    /// entries that went from `held` into the spool
    moved: u64,
    /// the spool failed, and is asked again then
    spool_again_at: Option<Instant>,
    /// somebody may still hand entries in
    open: bool,
    /// the database has refused the last batch
    away: bool,
}

impl Clerk {
    pub(super) fn new(
        store: Store,
        path: PathBuf,
        held_most: usize,
        incoming: mpsc::Receiver<LedgerEntry>,
        tally: Arc<Tally>,
    ) -> Self {
        Self {
            store,
            path,
            spool: None,
            incoming,
            tally,
            held: VecDeque::new(),
            held_most,
            moved: 0,
            spool_again_at: None,
            open: true,
            away: false,
        }
    }

    /// Writes what an earlier run left in the spool, as far as the database takes it.
    pub(super) async fn catch_up(&mut self) {
        self.try_spool(|_| Ok(()));
        loop {
            let batch = self.next_batch();
            let entries = batch.entries.len();
            if entries == 0 || !self.write(batch).await {
                break;
            }
            info!(entries, "the spool of an earlier run is written");
        }
        self.tell();
    }

    pub(super) async fn run(mut self) {
        while self.open || self.waiting() > 0 {
            self.keep();
            let batch = self.next_batch();
            self.tell();
            if !batch.entries.is_empty() {
                if !self.write(batch).await {
                    if !self.open {
                        break;
                    }
                    self.pause().await;
                }
            } else if self.open {
                self.wait_for_entries().await;
            } else {
                // what the spool still has cannot be read now
                break;
            }
        }
        self.leave();
    }

    fn waiting(&self) -> u64 {
        self.spooled() + self.held.len() as u64
    }

    fn spooled(&self) -> u64 {
        self.spool.as_ref().map_or(0, Spool::entries)
    }

    fn tell(&self) {
        let broken = self.spool.as_ref().map_or(0, Spool::broken);
        let tally = &self.tally;
        // in this order, so that nobody who reads both takes an entry on its way for gone
        tally.spooled.store(self.spooled(), Ordering::Relaxed);
        tally.held.store(self.held.len() as u64, Ordering::Relaxed);
        tally.broken.store(broken, Ordering::Relaxed);
        let failing = self.spool_again_at.is_some();
        tally.spool_failing.store(failing, Ordering::Relaxed);
    }

    async fn wait_for_entries(&mut self) {
        let came = match self.spool_again_at {
            None => Ok(self.incoming.recv().await),
            Some(at) => tokio::time::timeout_at(at, self.incoming.recv()).await,
        };
        match came {
            Ok(Some(entry)) => self.take(entry),
            Ok(None) => self.open = false,
            // nothing comes that would show that the spool can be written again
            Err(_) => {
                self.try_spool(Spool::probe);
            }
        }
    }

    /// Waits out [`RETRY`] while entries go on being kept.
    async fn pause(&mut self) {
        let until = Instant::now() + RETRY;
        while self.open {
            match tokio::time::timeout_at(until, self.incoming.recv()).await {
                Ok(Some(entry)) => self.take(entry),
                Ok(None) => self.open = false,
                Err(_) => return,
            }
        }
    }

    /// Keeps this entry and whatever else has come.
    fn take(&mut self, first: LedgerEntry) {
        self.hold(first);
        while self.held.len() < self.held_most
            && let Ok(entry) = self.incoming.try_recv()
        {
            self.hold(entry);
        }
        self.keep();
        self.tell();
    }

    fn hold(&mut self, entry: LedgerEntry) {
        if self.held.len() < self.held_most {
            self.held.push_back(entry);
            return;
        }
        let lost = self.tally.lost.fetch_add(1, Ordering::Relaxed) + 1;
        if lost.is_power_of_two() {
            error!(
                lost,
                "neither the spool nor the database takes entries; entries are lost"
            );
        }
    }

    /// Moves what is held into the spool.
    fn keep(&mut self) {
        let too_early = |at: Instant| Instant::now() < at;
        if self.held.is_empty() || self.spool_again_at.is_some_and(too_early) {
            return;
        }
        while !self.held.is_empty() {
            let count = self.held.len().min(BATCH_ENTRIES);
            let entries: Vec<_> = self.held.drain(..count).collect();
            if !self.try_spool(|spool| spool.append(&entries)) {
                for entry in entries.into_iter().rev() {
                    self.held.push_front(entry);
                }
                return;
            }
            self.moved += count as u64;
        }
    }

    /// Does something with the spool, which is opened if it is not. The disk may take its time, so
    /// this thread's other tasks go elsewhere meanwhile.
    fn try_spool(&mut self, work: impl FnOnce(&mut Spool) -> io::Result<()>) -> bool {
        let done = block_in_place(|| {
            let spool = match &mut self.spool {
                Some(spool) => spool,
                none => none.insert(Spool::open(&self.path)?),
            };
            work(spool)
        });
        match &done {
            Ok(()) => {
                if self.spool_again_at.take().is_some() {
                    info!("the ledger spool can be written again");
                }
            }
            Err(e) => {
                let again_at = Instant::now() + RETRY;
                if self.spool_again_at.replace(again_at).is_none() {
                    error!(error = %e, "the ledger spool cannot be written; entries go to the \
                        database at once");
                }
            }
        }
        done.is_ok()
    }

    /// From the spool as long as it has any: what is held came later.
    fn next_batch(&mut self) -> Batch {
        let spooled = match &mut self.spool {
            Some(spool) if spool.entries() > 0 => {
                block_in_place(|| spool.next_batch(BATCH_ENTRIES)).unwrap_or_else(|e| {
                    error!(error = %e, "the ledger spool cannot be read");
                    Vec::new()
                })
            }
            _ => Vec::new(),
        };
        let (entries, from) = if spooled.is_empty() {
            let held = self.held.iter().take(BATCH_ENTRIES).cloned().collect();
            (held, Source::Held)
        } else {
            (spooled, Source::Spool)
        };
        Batch { entries, from }
    }

    /// Offers a batch to the database; entries go on being kept while it takes its time.
    async fn write(&mut self, Batch { entries, from }: Batch) -> bool {
        let (count, moved) = (entries.len(), self.moved);
        let store = self.store.clone();
        let mut write = tokio::spawn(async move { store.write_ledger(&entries).await });
        let written = loop {
            let keep_at = self.spool_again_at.filter(|_| !self.held.is_empty());
            tokio::select! {
                done = &mut write => break done,
                entry = self.incoming.recv(), if self.open => match entry {
                    Some(entry) => self.take(entry),
                    None => self.open = false,
                },
                () = tokio::time::sleep_until(keep_at.unwrap_or_else(Instant::now)),
                    if keep_at.is_some() => self.keep(),
            }
            self.tell();
        };
        let good = matches!(written, Ok(Ok(())));
        if good {
            match from {
                Source::Spool => self.shorten(),
                Source::Held if self.moved == moved => drop(self.held.drain(..count)),
                // They are in the spool by now. Written again in their order, they change nothing.
                Source::Held => {}
            }
        }
        let waiting = self.waiting();
        match (good, std::mem::replace(&mut self.away, !good)) {
            (true, true) => info!(waiting, "the database is back; the ledger catches up"),
            (false, false) => warn!(?written, waiting, "the ledger waits for the database"),
            (true, false) | (false, true) => {}
        }
        good
    }

    fn shorten(&mut self) {
        let shortened = self
            .spool
            .as_mut()
            .map(|spool| block_in_place(|| spool.done()));
        if let Some(Err(e)) = shortened {
            error!(error = %e, "the ledger spool cannot be shortened");
        }
    }

    /// The end: what the database does not take stays in the spool, if that takes it.
    fn leave(&mut self) {
        self.spool_again_at = self.spool_again_at.map(|_| Instant::now());
        self.keep();
        self.tell();
        let (spooled, held) = (self.spooled(), self.held.len() as u64);
        if spooled > 0 {
            warn!(
                waiting = spooled,
                "stopping; the spool keeps what is not written"
            );
        }
        if held > 0 {
            self.tally.lost.fetch_add(held, Ordering::Relaxed);
            error!(
                lost = held,
                "stopping; neither the spool nor the database took these entries"
            );
        }
    }
}
