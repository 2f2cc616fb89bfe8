//! The ring between the media thread and the writer: [`Tap`] goes in, `Drain` comes out.
//! Neither end ever waits; what did not fit is told by a [`Gap`], so that the drain can put
//! silence where the sound was lost and file and clock agree.

use rtrb::{Consumer, Producer, RingBuffer};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Sound the ring holds, in seconds: as long as a disk may hang before sound is lost. When it is
/// full, samples are dropped, counted, and replaced by silence.
const RING_S: usize = 5;

/// Gaps the ring of gaps holds. When it is full, the present gap grows until there is room.
const GAPS_MAX: usize = 64;

/// Samples that were lost after `at` samples had gone through.
#[derive(Clone, Copy, Debug)]
struct Gap {
    at: u64,
    lost: u64,
}

/// The end of a recording that the media thread holds: takes samples, never blocks.
/// Dropping it ends the stretch.
#[derive(Debug)]
pub struct Tap {
    samples: Producer<i16>,
    // Dropped after `samples`: the drain looks at this one to see that the tap is gone.
    gaps: Producer<Gap>,
    pushed: u64,
    owed: u64,
    lost: Arc<AtomicU64>,
}

/// The writer's end.
#[derive(Debug)]
pub(crate) struct Drain {
    samples: Consumer<i16>,
    gaps: Consumer<Gap>,
    taken: u64,
    silence: u64,
}

/// Makes both ends for samples at `rate_hz`; `lost` counts what the tap could not place.
pub(crate) fn ring(rate_hz: u32, lost: Arc<AtomicU64>) -> (Tap, Drain) {
    let (samples_in, samples_out) = RingBuffer::new(rate_hz as usize * RING_S);
    let (gaps_in, gaps_out) = RingBuffer::new(GAPS_MAX);
    let tap = Tap {
        samples: samples_in,
        gaps: gaps_in,
        pushed: 0,
        owed: 0,
        lost,
    };
    let drain = Drain {
        samples: samples_out,
        gaps: gaps_out,
        taken: 0,
        silence: 0,
    };
    (tap, drain)
}

impl Tap {
    /// Hands over mono samples at the rate given to [`crate::Recorder::open`]. Returns how many did
    /// not fit because the writer is behind; those are lost, counted, and silence in the file.
    pub fn push(&mut self, samples: &[i16]) -> usize {
        // While a gap is open, only a push that fits whole closes it: else a ring that is nearly
        // full would make a gap of every push.
        let behind = self.owed > 0 && (self.samples.slots() < samples.len() || !self.close_gap());
        let fitted = match behind {
            true => 0,
            false => self.samples.push_partial_slice(samples).0.len(),
        };
        let lost = samples.len() - fitted;
        self.pushed += fitted as u64;
        self.owed += lost as u64;
        self.lost.fetch_add(lost as u64, Ordering::Relaxed);
        lost
    }

    /// One place is kept free for the gap that is open when the tap is dropped.
    fn close_gap(&mut self) -> bool {
        self.gaps.slots() > 1 && self.tell_gap()
    }

    fn tell_gap(&mut self) -> bool {
        let gap = Gap {
            at: self.pushed,
            lost: self.owed,
        };
        let told = self.gaps.push(gap).is_ok();
        if told {
            self.owed = 0;
        }
        told
    }
}

impl Drop for Tap {
    fn drop(&mut self) {
        if self.owed > 0 {
            self.tell_gap();
        }
    }
}

impl Drain {
    /// Appends up to `max` samples to `out`, with silence where some were lost, and returns whether
    /// there may be more at once.
    pub(crate) fn take(&mut self, out: &mut Vec<i16>, max: usize) -> bool {
        let full = out.len() + max;
        // Counted before gaps are looked at: a gap is told before any sample that follows it.
        let mut ready = self.samples.slots();
        while out.len() < full {
            let room = full - out.len();
            if self.silence > 0 {
                let silent = room.min(usize::try_from(self.silence).unwrap_or(room));
                out.resize(out.len() + silent, 0);
                self.silence -= silent as u64;
                continue;
            }
            let gap = self.gaps.peek().ok().copied();
            let before_gap = gap.map_or(u64::MAX, |gap| gap.at - self.taken);
            let count = room
                .min(ready)
                .min(usize::try_from(before_gap).unwrap_or(usize::MAX));
            if count > 0 {
                self.pop(count, out);
                ready -= count;
            } else if let Some(gap) = gap.filter(|_| before_gap == 0) {
                self.silence = gap.lost;
                // Peeked above, so it is there.
                let _ = self.gaps.pop();
            } else {
                return false;
            }
        }
        true
    }

    /// The tap is gone and everything it handed over has been taken.
    pub(crate) fn is_over(&self) -> bool {
        self.gaps.is_abandoned()
            && self.silence == 0
            && self.gaps.is_empty()
            && self.samples.is_empty()
    }

    fn pop(&mut self, count: usize, out: &mut Vec<i16>) {
        let begin = out.len();
        out.resize(begin + count, 0);
        let popped = self.samples.pop_partial_slice(&mut out[begin..]).0.len();
        self.taken += popped as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn small(rate_hz: u32) -> (Tap, Drain, Arc<AtomicU64>) {
        let lost = Arc::new(AtomicU64::new(0));
        let (tap, drain) = ring(rate_hz, Arc::clone(&lost));
        (tap, drain, lost)
    }

    fn all(drain: &mut Drain) -> Vec<i16> {
        let mut out = Vec::new();
        while drain.take(&mut out, 7) {}
        out
    }

    #[test]
    fn what_goes_in_comes_out() {
        let (mut tap, mut drain, lost) = small(8_000);
        assert_eq!(tap.push(&[1, 2, 3]), 0);
        assert!(!drain.is_over());
        assert_eq!(all(&mut drain), [1, 2, 3]);
        tap.push(&[4]);
        drop(tap);
        assert!(!drain.is_over());
        assert_eq!(all(&mut drain), [4]);
        assert!(drain.is_over());
        assert_eq!(lost.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn lost_samples_are_silence_in_their_place() {
        let (mut tap, mut drain, lost) = small(2);
        assert_eq!(tap.push(&[1; 8]), 0);
        assert_eq!(tap.push(&[2; 4]), 2);
        assert_eq!(tap.push(&[3; 4]), 4);
        let first = all(&mut drain);
        assert_eq!(first, [&[1i16; 8][..], &[2; 2]].concat());
        assert_eq!(tap.push(&[4; 4]), 0);
        assert_eq!(all(&mut drain), [0, 0, 0, 0, 0, 0, 4, 4, 4, 4]);
        assert_eq!(lost.load(Ordering::Relaxed), 6);
    }

    #[test]
    fn a_gap_at_the_end_is_told_by_the_drop() {
        let (mut tap, mut drain, _lost) = small(1);
        tap.push(&[1; 9]);
        drop(tap);
        assert_eq!(all(&mut drain), [1, 1, 1, 1, 1, 0, 0, 0, 0]);
        assert!(drain.is_over());
    }

    #[test]
    fn the_length_is_kept_however_the_ends_take_turns() {
        let (mut tap, mut drain, lost) = small(10);
        let mut out = Vec::new();
        let mut pushed = 0;
        for turn in 0..20_000usize {
            let count = turn * 7 % 23;
            tap.push(&vec![1; count]);
            pushed += count;
            if turn % 5 == 0 {
                drain.take(&mut out, turn % 70);
            }
        }
        drop(tap);
        out.extend(all(&mut drain));
        assert!(drain.is_over());
        assert_eq!(out.len(), pushed);
        let silent = out.iter().filter(|&&s| s == 0).count() as u64;
        assert_eq!(silent, lost.load(Ordering::Relaxed));
        assert!(silent > 0 && silent < pushed as u64);
    }
}
