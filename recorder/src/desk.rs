//! What the recorder thread does in a turn: every stretch is pumped, opened or closed, and the
//! outcome told. Knows no channel to receive from and keeps no time of its own.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::SyncSender;
use std::time::Instant;

use crate::stretch::{Progress, Stretch, StretchError, Written};
use crate::tap::Drain;
use crate::{RecordingId, Report};

/// Samples thrown away at a time once a stretch is over but its tap is not.
const DISCARD_SAMPLES: usize = 65_536;

/// Numbers for `/metrics`, written by the thread and read by anybody.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) open: AtomicU64,
    pub(crate) failed: AtomicU64,
    pub(crate) failing: AtomicBool,
    pub(crate) samples_lost: Arc<AtomicU64>,
    pub(crate) turn_us_max: AtomicU64,
}

impl Counters {
    /// A recording could not be opened or written.
    pub(crate) fn add_failed(&self) {
        self.failed.fetch_add(1, Ordering::Relaxed);
        self.failing.store(true, Ordering::Relaxed);
    }
}

/// A stretch that somebody has asked for.
#[derive(Debug)]
pub(crate) struct Order {
    pub(crate) id: RecordingId,
    pub(crate) path: PathBuf,
    pub(crate) rate_hz: u32,
    pub(crate) drain: Drain,
}

/// ```text
/// Waiting --path free--> Writing --tap gone, file full, error, end--> over
///                           over --tap not gone yet--> Discarding --tap gone--> forgotten
/// ```
#[derive(Debug)]
enum State {
    /// An earlier stretch of the same file is not closed yet; the ring holds the sound.
    Waiting,
    Writing(Box<Stretch>),
    /// Closed or failed; the tap is left its ring, so that the media thread frees no memory.
    Discarding,
}

#[derive(Debug)]
struct Job {
    order: Order,
    state: State,
}

/// All stretches of the house.
#[derive(Debug)]
pub(crate) struct Desk {
    jobs: Vec<Job>,
    limit_ms: u64,
    reports: SyncSender<Report>,
    counters: Arc<Counters>,
    discard: Vec<i16>,
}

impl Desk {
    pub(crate) fn new(limit_ms: u64, reports: SyncSender<Report>, counters: Arc<Counters>) -> Self {
        Self {
            jobs: Vec::new(),
            limit_ms,
            reports,
            counters,
            discard: Vec::with_capacity(DISCARD_SAMPLES),
        }
    }

    /// Takes a stretch on; its file is opened in the next turn.
    pub(crate) fn admit(&mut self, order: Order) {
        let state = State::Waiting;
        self.jobs.push(Job { order, state });
    }

    /// There is nothing to do until something is admitted.
    pub(crate) fn is_idle(&self) -> bool {
        self.jobs.is_empty()
    }

    /// Writes what all taps have handed over.
    pub(crate) fn turn(&mut self, now: Instant) {
        let mut busy = HashSet::new();
        let mut may_sync = true;
        for mut job in std::mem::take(&mut self.jobs) {
            let free = !busy.contains(&job.order.path);
            self.advance(&mut job, free);
            if let State::Writing(stretch) = &mut job.state {
                // One file a turn: a slow disk then costs each ring little.
                match may_sync.then(|| stretch.sync_if_due(now)).transpose() {
                    Ok(synced) => may_sync &= synced != Some(true),
                    Err(e) => self.fail(&mut job, &e),
                }
            }
            if !matches!(job.state, State::Discarding) {
                busy.insert(job.order.path.clone());
            } else if self.is_forgotten(&mut job) {
                continue;
            }
            self.jobs.push(job);
        }
        let open = self.jobs.len() as u64;
        self.counters.open.store(open, Ordering::Relaxed);
    }

    /// Closes every file with what its tap has handed over so far.
    pub(crate) fn close_all(&mut self) {
        for mut job in std::mem::take(&mut self.jobs) {
            // In order of arrival, so an earlier stretch of the same file is closed by now.
            self.advance(&mut job, true);
            if matches!(job.state, State::Writing(_)) {
                self.close(&mut job, Progress::TapGone);
            }
        }
        self.counters.open.store(0, Ordering::Relaxed);
    }

    fn advance(&mut self, job: &mut Job, path_is_free: bool) {
        if matches!(job.state, State::Waiting) && path_is_free {
            match Stretch::open(&job.order.path, job.order.rate_hz, self.limit_ms) {
                Ok(stretch) => job.state = State::Writing(Box::new(stretch)),
                Err(e) => self.fail(job, &e),
            }
        }
        if let State::Writing(stretch) = &mut job.state {
            match stretch.pump(&mut job.order.drain) {
                Ok(Progress::Open) => {}
                Ok(over) => self.close(job, over),
                Err(e) => self.fail(job, &e),
            }
        }
    }

    fn close(&mut self, job: &mut Job, why: Progress) {
        let State::Writing(stretch) = &mut job.state else {
            return;
        };
        match stretch.close() {
            Ok(written) => {
                job.state = State::Discarding;
                // A stretch without sound has not shown that the disk takes any.
                if written.bytes > 0 {
                    self.counters.failing.store(false, Ordering::Relaxed);
                }
                self.tell_stopped(job, written);
                if why == Progress::FileFull {
                    self.tell(Report::Full(job.order.id.clone()));
                }
            }
            Err(e) => self.fail(job, &e),
        }
    }

    /// What was written before stays and is told first, so that whoever hears of the trouble knows
    /// what there is.
    fn fail(&mut self, job: &mut Job, error: &StretchError) {
        self.counters.add_failed();
        if let State::Writing(stretch) = std::mem::replace(&mut job.state, State::Discarding) {
            self.tell_stopped(job, stretch.written());
        }
        self.tell(Report::Failed {
            id: job.order.id.clone(),
            why: error.to_string(),
        });
    }

    fn tell_stopped(&self, job: &Job, written: Written) {
        self.tell(Report::Stopped {
            id: job.order.id.clone(),
            duration_ms: written.duration_ms,
            bytes: written.bytes,
        });
    }

    fn is_forgotten(&mut self, job: &mut Job) -> bool {
        self.discard.clear();
        job.order.drain.take(&mut self.discard, DISCARD_SAMPLES);
        job.order.drain.is_over()
    }

    /// The queue takes thousands; when it is full nobody has read it for long. The report is then
    /// dropped rather than the sound: the file is right, and reconciling finds its size.
    fn tell(&self, report: Report) {
        if let Err(e) = self.reports.try_send(report) {
            tracing::error!(error = %e, "a report on a recording was lost");
        }
    }
}
