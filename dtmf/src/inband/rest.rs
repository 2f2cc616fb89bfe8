//! When a line is so quiet that it is not worth measuring: most lines are, most of the time.
//! Knows no tones.
//!
//! A stretch whose every sample is far below the quietest key, after a window of such, can neither
//! be nor end nor go on with a key. Of these only the last is kept, in case the next is louder.

use super::tones::HOP_SAMPLES;
use super::{QUIETEST_HOP, WINDOW_HOPS};

/// The quiet of one line.
#[derive(Clone, Debug)]
pub(super) struct Rest {
    /// quiet hops in a row that were measured; beyond a window they no longer are
    hops: usize,
    /// the last window of what was not measured
    kept: [i16; WINDOW],
    is_kept: bool,
    is_silent: bool,
}

impl Default for Rest {
    fn default() -> Self {
        Self {
            hops: WINDOW_HOPS,
            kept: [0; WINDOW],
            is_kept: false,
            is_silent: true,
        }
    }
}

impl Rest {
    /// Whether this stretch needs no measuring, because it is quiet and all was before it.
    pub(super) fn goes_on(&mut self, samples: &[i16], key_is_down: bool) -> bool {
        let peak = peak(samples);
        if peak > QUIET_PEAK {
            self.hops = 0;
            return false;
        }
        let last = samples.last_chunk::<WINDOW>();
        let (Some(last), false) = (last, key_is_down || self.hops < WINDOW_HOPS) else {
            self.hops = (self.hops + samples.len() / HOP_SAMPLES).min(WINDOW_HOPS);
            return false;
        };
        if peak > 0 || !self.is_silent {
            self.kept = *last;
            self.is_silent = peak == 0;
        }
        self.is_kept = true;
        true
    }

    /// The stretch that comes is to be measured: gives what came before and was not.
    pub(super) fn end(&mut self) -> Option<&[i16; WINDOW]> {
        std::mem::take(&mut self.is_kept).then_some(&self.kept)
    }

    /// A pause is as quiet as can be. True when something had been kept.
    pub(super) fn pause(&mut self) -> bool {
        self.hops = WINDOW_HOPS;
        std::mem::take(&mut self.is_kept)
    }
}

fn peak(samples: &[i16]) -> i16 {
    samples
        .iter()
        .fold(0, |peak, sample| peak.max(sample.saturating_abs()))
}

/// As many samples as a key is sought in.
const WINDOW: usize = WINDOW_HOPS * HOP_SAMPLES;
/// A hop of such samples has less than half of the energy that a key needs at least.
const QUIET_PEAK: i16 = 140;
const _: () =
    assert!((QUIET_PEAK as f32) * (QUIET_PEAK as f32) * (HOP_SAMPLES as f32) * 2.0 < QUIETEST_HOP);

#[cfg(test)]
mod tests {
    use super::*;

    /// Stretches by their peaks, and which of them need no measuring.
    fn check(peaks: &[(i16, bool)], kept: Option<i16>) {
        let mut rest = Rest::default();
        for (number, &(peak, expected)) in peaks.iter().enumerate() {
            let goes_on = rest.goes_on(&[peak; WINDOW], false);
            assert_eq!(goes_on, expected, "stretch {number} of {peaks:?}");
        }
        assert_eq!(rest.end(), kept.map(|peak| [peak; WINDOW]).as_ref());
        assert_eq!(rest.end(), None, "it is given once");
    }

    #[test]
    fn a_window_is_quiet_before_the_measuring_stops() {
        check(&[(0, true), (0, true)], Some(0));
        check(&[(90, true), (-100, true)], Some(-100));
        check(&[(90, true), (0, true)], Some(0));
        check(&[(90, true), (QUIET_PEAK + 1, false)], Some(90));
        check(&[(i16::MIN, false), (0, false), (50, true)], Some(50));
        check(&[(9_000, false), (0, false)], None);
    }

    #[test]
    fn a_key_that_is_down_is_followed_to_its_end() {
        let mut rest = Rest::default();
        assert!(!rest.goes_on(&[0; WINDOW], true));
        assert!(rest.goes_on(&[0; WINDOW], false));
    }
}
