//! The recorder as a whole: tones go in by taps, files come out and are decoded again.
// A helper of a test fails like the test itself.
#![allow(clippy::unwrap_used)]

mod kill;
mod library;
mod sound;
mod stretches;
mod trouble;

use std::path::{Path, PathBuf};
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use confab_recorder::{Config, Recorder, RecordingId, Report, Tap};
use tempfile::TempDir;

/// Longest wait for anything; only a failing test ever waits so long.
const DEADLINE: Duration = Duration::from_secs(30);

/// Sound may begin and end so much off the clock.
const SLACK_MS: u64 = 100;

/// A recorder that writes into a folder of its own.
struct House {
    recorder: Recorder,
    reports: Receiver<Report>,
    folder: TempDir,
}

impl House {
    fn new() -> Self {
        Self::with(Config::default())
    }

    fn with(config: Config) -> Self {
        let (recorder, reports) = Recorder::start_with(config).unwrap();
        Self {
            recorder,
            reports,
            folder: TempDir::new().unwrap(),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name).with_extension("mp3")
    }

    fn open(&self, name: &str, rate_hz: u32) -> Tap {
        let path = self.path(name);
        self.recorder.open(id(name), path, rate_hz).unwrap()
    }

    fn report(&self) -> Report {
        self.reports.recv_timeout(DEADLINE).expect("a report")
    }

    /// One stretch of at most five seconds, which is what the ring holds.
    fn record(&self, name: &str, rate_hz: u32, samples: &[i16]) -> (u64, u64) {
        let mut tap = self.open(name, rate_hz);
        assert_eq!(tap.push(samples), 0);
        drop(tap);
        self.stopped(name)
    }

    fn stopped(&self, name: &str) -> (u64, u64) {
        match self.report() {
            Report::Stopped {
                id: which,
                duration_ms,
                bytes,
            } if which == id(name) => (duration_ms, bytes),
            other => panic!("{other:?}"),
        }
    }
}

fn id(name: &str) -> RecordingId {
    RecordingId(name.into())
}

/// Waits until a file is so long.
fn await_bytes(path: &Path, bytes: u64) {
    let deadline = Instant::now() + DEADLINE;
    while std::fs::metadata(path).map_or(0, |data| data.len()) < bytes {
        assert!(
            Instant::now() < deadline,
            "{} does not grow",
            path.display()
        );
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// `value` is `expected` or up to the slack more or less.
#[track_caller]
fn near(value: u64, expected: u64) {
    assert!(
        value.abs_diff(expected) <= SLACK_MS,
        "{value} ms, not {expected} ms"
    );
}
