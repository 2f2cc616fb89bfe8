//! Whether a line still gives signs of life, and what of its silence is news. Reads no packet.

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

#[cfg(test)]
mod tests {
    use super::*;

    fn at(tick: u64) -> Now {
        Now {
            tick,
            ..Now::default()
        }
    }

    #[test]
    fn who_pauses_has_longer_and_who_is_thinned_does_not_pause() {
        let check = |thinned, after| {
            let mut life = Life::default();
            life.renew(&at(100));
            life.packet(thinned, &at(151));
            let news = (152..2_000).filter_map(|tick| life.turns_silent(true, &at(tick)));
            assert_eq!(news.collect::<Vec<_>>(), [true]);
            life.packet(thinned, &at(2_000));
            assert_eq!(life.turns_silent(true, &at(2_001)), Some(false));
            life.packet(thinned, &at(2_002));
            let silent = |tick: &u64| life.turns_silent(true, &at(*tick)).is_some();
            assert_eq!((2_003..4_000).find(silent), Some(2_002 + after));
        };
        check(false, SILENT_PAUSING_TICKS);
        check(true, SILENT_TICKS);
    }
}
