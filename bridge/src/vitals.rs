//! Counts that others look at: how many calls and rooms there are, and whether Confab is stopping.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

/// Written by the switchboard, read by `/health` and `/metrics`.
#[derive(Debug, Default)]
pub struct Vitals {
    calls: AtomicUsize,
    rooms: AtomicUsize,
    draining: AtomicBool,
    refused_busy: AtomicU64,
}

impl Vitals {
    /// Calls there are, in menus and rooms, and rooms in use.
    pub fn set_calls(&self, calls: usize, rooms: usize) {
        self.calls.store(calls, Ordering::Relaxed);
        self.rooms.store(rooms, Ordering::Relaxed);
    }

    /// Confab takes no more calls.
    pub fn set_draining(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }

    /// A call was refused because the media threads had enough to do.
    pub fn add_refused_busy(&self) {
        self.refused_busy.fetch_add(1, Ordering::Relaxed);
    }

    /// Calls that were refused for that reason.
    pub fn refused_busy(&self) -> u64 {
        self.refused_busy.load(Ordering::Relaxed)
    }

    /// Calls there are.
    pub fn calls(&self) -> usize {
        self.calls.load(Ordering::Relaxed)
    }

    /// Rooms in use.
    pub fn rooms(&self) -> usize {
        self.rooms.load(Ordering::Relaxed)
    }

    /// Confab is stopping.
    pub fn draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }
}
