//! The recorder thread and its handle: takes orders, keeps the pace. What is done in a turn is
//! the desk's affair.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::desk::{Counters, Desk, Order};
use crate::{RecordingId, Report, Tap, tap};

/// How often rings are emptied and files written. With the encoder's own hold of a tenth of a
/// second this is what a sudden end costs.
const TURN: Duration = Duration::from_millis(100);

/// Orders that may wait. When it is full the thread hangs in a disk, and opening is refused.
const ORDERS_MAX: usize = 1_024;

/// Reports that may wait; see `Desk::tell` for what happens when it is full.
const REPORTS_MAX: usize = 4_096;

/// Sample rates that a tap may have: every rate a room can run at.
const RATES_HZ: [u32; 3] = [8_000, 16_000, 48_000];

/// How to record.
#[derive(Clone, Copy, Debug)]
pub struct Config {
    /// most sound in one file, all stretches together
    pub limit_ms: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            limit_ms: 4 * 60 * 60 * 1_000,
        }
    }
}

/// What has been counted, for `/metrics`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// stretches in progress
    pub open: u64,
    /// stretches that could not be opened or written, since the start
    pub failed: u64,
    /// the last of them came after the last stretch that was closed as it should be
    pub failing: bool,
    /// samples replaced by silence because the writer was behind, since the start
    pub samples_lost: u64,
    /// longest turn of the thread since the last reading, microseconds
    pub turn_us_max: u64,
}

/// Reads the counts, also of a recorder that somebody else holds or has dropped.
#[derive(Clone, Debug)]
pub struct Meter {
    counters: Arc<Counters>,
}

impl Meter {
    /// What has been counted so far.
    pub fn read(&self) -> Stats {
        let counters = &self.counters;
        Stats {
            open: counters.open.load(Ordering::Relaxed),
            failed: counters.failed.load(Ordering::Relaxed),
            failing: self.is_failing(),
            samples_lost: counters.samples_lost.load(Ordering::Relaxed),
            turn_us_max: counters.turn_us_max.swap(0, Ordering::Relaxed),
        }
    }

    /// [`Stats::failing`], without beginning the longest turn anew.
    pub fn is_failing(&self) -> bool {
        self.counters.failing.load(Ordering::Relaxed)
    }
}

/// Handle of the writer thread. Dropping it closes every file and waits for that.
#[derive(Debug)]
pub struct Recorder {
    orders: Option<SyncSender<Order>>,
    thread: Option<JoinHandle<()>>,
    counters: Arc<Counters>,
}

impl Recorder {
    /// Starts the thread, with four hours of sound a file at most.
    pub fn start() -> io::Result<(Self, Receiver<Report>)> {
        Self::start_with(Config::default())
    }

    /// Starts the thread.
    pub fn start_with(config: Config) -> io::Result<(Self, Receiver<Report>)> {
        let (orders_in, orders) = sync_channel(ORDERS_MAX);
        let (reports_in, reports) = sync_channel(REPORTS_MAX);
        let counters = Arc::new(Counters::default());
        let desk = Desk::new(config.limit_ms, reports_in, Arc::clone(&counters));
        let seen = Arc::clone(&counters);
        let thread = std::thread::Builder::new()
            .name("recorder".into())
            .spawn(move || run(desk, &orders, &seen))?;
        let recorder = Self {
            orders: Some(orders_in),
            thread: Some(thread),
            counters,
        };
        Ok((recorder, reports))
    }

    /// Begins a stretch of recording into `path`: a new file, or after what is in it already.
    /// Dropping the tap ends the stretch. `rate_hz` is 8,000, 16,000 or 48,000.
    ///
    /// Never waits: the file is opened by the thread, and what is wrong with it comes as
    /// [`Report::Failed`]. A stretch for a file whose last stretch is not closed yet begins when
    /// it is.
    ///
    /// # Errors
    /// `InvalidInput` for another rate, `WouldBlock` when the thread is stuck, `BrokenPipe` when
    /// it is gone.
    pub fn open(&self, id: RecordingId, path: PathBuf, rate_hz: u32) -> io::Result<Tap> {
        if !RATES_HZ.contains(&rate_hz) {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                format!("cannot record at {rate_hz} Hz"),
            ));
        }
        let (tap, drain) = tap::ring(rate_hz, Arc::clone(&self.counters.samples_lost));
        let order = Order {
            id,
            path,
            rate_hz,
            drain,
        };
        self.send(order)
            .inspect_err(|_| self.counters.add_failed())?;
        Ok(tap)
    }

    fn send(&self, order: Order) -> io::Result<()> {
        let orders = self.orders.as_ref().ok_or(io::ErrorKind::BrokenPipe)?;
        orders.try_send(order).map_err(|e| match e {
            TrySendError::Full(_) => io::ErrorKind::WouldBlock.into(),
            TrySendError::Disconnected(_) => io::ErrorKind::BrokenPipe.into(),
        })
    }

    /// What has been counted so far.
    pub fn stats(&self) -> Stats {
        self.meter().read()
    }

    /// Reads the counts without the recorder.
    pub fn meter(&self) -> Meter {
        let counters = Arc::clone(&self.counters);
        Meter { counters }
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        drop(self.orders.take());
        if let Some(thread) = self.thread.take() {
            // A panic of the thread has been printed; there is nothing left to do about it.
            let _ = thread.join();
        }
    }
}

fn run(mut desk: Desk, orders: &Receiver<Order>, counters: &Counters) {
    let mut turn_at = Instant::now();
    loop {
        let order = match desk.is_idle() {
            true => orders.recv().map_err(RecvTimeoutError::from),
            false => orders.recv_timeout(turn_at.saturating_duration_since(Instant::now())),
        };
        match order {
            Ok(order) => desk.admit(order),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
        let now = Instant::now();
        if now >= turn_at {
            desk.turn(now);
            let turn_us = u64::try_from(now.elapsed().as_micros()).unwrap_or(u64::MAX);
            counters.turn_us_max.fetch_max(turn_us, Ordering::Relaxed);
            turn_at = now + TURN;
        }
    }
    desk.close_all();
}
