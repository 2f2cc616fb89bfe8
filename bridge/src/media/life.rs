//! Whether a line still gives signs of life.

use super::shard::Now;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Life {
    /// tick of the last sign
    heard_at: u64,
    dead_told: bool,
    silent_told: bool,
    /// it has paused before: its phone sends nothing while nobody speaks
    pauses: bool,
}

impl Life {
    /// Something has come.
    pub(super) fn sign(&mut self, now: &Now) {
        self.heard_at = now.tick;
    }

    /// A packet has come; when they are `thinned`, the time since the last says nothing.
    pub(super) fn packet(&mut self, thinned: bool, now: &Now) {
        self.pauses |= !thinned && self.quiet_for(now) >= PAUSE_TICKS;
        self.heard_at = now.tick;
    }

    /// Its phone has told that it pauses.
    pub(super) fn pauses(&mut self) {
        self.pauses = true;
    }

    /// It has all its time again.
    pub(super) fn renew(&mut self, now: &Now) {
        self.heard_at = now.tick;
        self.dead_told = false;
    }

    /// Ticks without a sign.
    fn quiet_for(&self, now: &Now) -> u64 {
        now.tick.saturating_sub(self.heard_at)
    }

    /// Whether nothing has come for seconds, when that is news; `expected`, something should.
    pub(super) fn turns_silent(&mut self, expected: bool, now: &Now) -> Option<bool> {
        let limit = if self.pauses {
            SILENT_PAUSING_TICKS
        } else {
            SILENT_TICKS
        };
        let silent = expected && self.quiet_for(now) >= limit;
        (std::mem::replace(&mut self.silent_told, silent) != silent).then_some(silent)
    }

    /// Whether, for the first time, nothing has come for so long that the line must be dead.
    /// A held line owes us nothing.
    pub(super) fn has_died(&mut self, expected: bool, dead_ticks: u64, now: &Now) -> bool {
        if !expected || self.dead_told || self.quiet_for(now) < dead_ticks {
            return false;
        }
        self.dead_told = true;
        true
    }

    /// Goes to a shard with another count of ticks.
    pub(super) fn move_to(&mut self, now: &Now) {
        self.heard_at = now.tick;
    }
}

/// Three seconds without a sign of life, in which phones that send all the time send 150.
const SILENT_TICKS: u64 = 150;
/// A phone that pauses shows by its RTCP that it is there, about every five seconds.
const SILENT_PAUSING_TICKS: u64 = 600;
/// A second, which no network takes for a packet.
const PAUSE_TICKS: u64 = 50;
