//! Hides lost packets: the last pitch periods are repeated and faded, in the manner of G.711
//! Appendix I but without its added delay. Knows no packets; sees only what was played.
//!
//! ```text
//!   lost:  0..10 ms one period | 10..20 ms two | then three, falling 20 % each 10 ms | 60 ms: zero
//!   found: the first milliseconds of the real sound are blended with the repetition
//! ```

/// Memory of one line's recent sound, from which gaps are filled.
#[derive(Clone, Debug)]
pub struct Concealer {
    /// what was played last, newest at the end
    history: [i16; HISTORY],
    /// the history as it was when the gap began
    before_gap: [i16; HISTORY],
    /// samples made up since the gap began; zero when there is no gap
    made_up: usize,
    period: usize,
    /// where in the repeated stretch the next sample comes from
    at: usize,
    /// step between the last real sample and the first repeated one, taken away gradually
    step: f32,
}

impl Default for Concealer {
    fn default() -> Self {
        Self {
            history: [0; HISTORY],
            before_gap: [0; HISTORY],
            made_up: 0,
            period: SHORTEST_PERIOD,
            at: 0,
            step: 0.0,
        }
    }
}

impl Concealer {
    /// Takes real sound that is about to be played, and blends its beginning with the repetition
    /// when a gap came before it.
    pub fn real(&mut self, samples: &mut [i16]) {
        // After a gap that ended in silence the real sound is the beginning of a word.
        if self.made_up > 0 && self.made_up < GIVE_UP {
            let blend = (BLEND + self.made_up / 2)
                .min(LONGEST_BLEND)
                .min(samples.len());
            for (n, sample) in samples.iter_mut().take(blend).enumerate() {
                let real = (n + 1) as f32 / (blend + 1) as f32;
                let repeated = self.next_repeated();
                *sample = (f32::from(*sample) * real + repeated * (1.0 - real)) as i16;
            }
        }
        self.made_up = 0;
        self.remember(samples);
    }

    /// Fills `samples` with what is likeliest to have been there. After 60 ms of it: silence.
    pub fn fill(&mut self, samples: &mut [i16]) {
        if self.made_up == 0 {
            self.begin_gap();
        }
        if self.made_up >= GIVE_UP || self.before_gap == [0; HISTORY] {
            samples.fill(0);
            self.made_up += samples.len();
        } else {
            for sample in samples.iter_mut() {
                *sample = self.next_repeated() as i16;
            }
        }
        self.remember(samples);
    }

    fn begin_gap(&mut self) {
        self.before_gap = self.history;
        self.period = best_lag(&self.history, SHORTEST_PERIOD..=LONGEST_PERIOD);
        self.at = 0;
        let last = HISTORY - 1;
        self.step = f32::from(self.history[last]) - f32::from(self.history[last - self.period]);
    }

    fn next_repeated(&mut self) -> f32 {
        let periods = (1 + self.made_up / PERIOD_ADDED_EVERY).min(MOST_PERIODS);
        let length = periods * self.period;
        if self.at >= length {
            self.at = 0;
        }
        let start = HISTORY - length;
        let mut value = f32::from(self.before_gap[start + self.at]);
        // The end of the stretch flows into what stood before its beginning, so that going round
        // makes no click.
        let seam = self.period / 4;
        let to_end = length - self.at;
        if to_end <= seam {
            let other = f32::from(self.before_gap[start - to_end]);
            let share = (seam + 1 - to_end) as f32 / (seam + 1) as f32;
            value += (other - value) * share;
        }
        if self.made_up < seam {
            value += self.step * (1.0 - self.made_up as f32 / seam as f32);
        }
        let faded = self.made_up.saturating_sub(PERIOD_ADDED_EVERY) as f32;
        let gain = (1.0 - faded / (GIVE_UP - PERIOD_ADDED_EVERY) as f32).max(0.0);
        self.at += 1;
        self.made_up += 1;
        value.clamp(f32::from(i16::MIN), f32::from(i16::MAX)) * gain
    }

    fn remember(&mut self, samples: &[i16]) {
        let fresh = &samples[samples.len().saturating_sub(HISTORY)..];
        self.history.copy_within(fresh.len().., 0);
        self.history[HISTORY - fresh.len()..].copy_from_slice(fresh);
    }
}

/// The lag at which the end of `past` resembles itself most.
fn best_lag(past: &[i16; HISTORY], lags: std::ops::RangeInclusive<usize>) -> usize {
    let recent = &past[HISTORY - COMPARED..];
    let earlier = |lag: usize| &past[HISTORY - COMPARED - lag..HISTORY - lag];
    super::stretch::most_alike(recent, earlier, lags)
}

// In samples at 8 kHz; the lengths are those of G.711 Appendix I.
const SHORTEST_PERIOD: usize = 40;
const LONGEST_PERIOD: usize = 120;
const MOST_PERIODS: usize = 3;
const PERIOD_ADDED_EVERY: usize = 80;
const COMPARED: usize = 160;
const GIVE_UP: usize = 480;
const BLEND: usize = 32;
const LONGEST_BLEND: usize = 80;
/// Three longest periods and the quarter that is blended in before them.
const HISTORY: usize = MOST_PERIODS * LONGEST_PERIOD + LONGEST_PERIOD / 4;

#[cfg(test)]
mod tests {
    use super::*;

    fn tone(from: usize, len: usize, hz: f32) -> Vec<i16> {
        let step = hz / 8_000.0 * std::f32::consts::TAU;
        (from..from + len)
            .map(|n| (8_000.0 * (n as f32 * step).sin()) as i16)
            .collect()
    }

    fn worst_error(hz: f32, lost: usize) -> i32 {
        let mut concealer = Concealer::default();
        concealer.real(&mut tone(0, 800, hz));
        let mut heard = vec![0; lost];
        concealer.fill(&mut heard);
        let mut after = tone(800 + lost, 160, hz);
        concealer.real(&mut after);
        heard.extend(after);
        let truth = tone(800, lost + 160, hz);
        heard
            .iter()
            .zip(&truth)
            .map(|(h, t)| (i32::from(*h) - i32::from(*t)).abs())
            .max()
            .unwrap()
    }

    #[test]
    fn a_lost_packet_in_a_steady_tone_is_hardly_there() {
        for hz in [200.0, 400.0, 500.0, 1_000.0] {
            // 20 ms: the second half has fallen by a fifth
            let error = worst_error(hz, 160);
            assert!(error < 2_400, "{hz} Hz is off by {error}");
        }
        // 10 ms: only what is blended has begun to fall
        assert!(worst_error(400.0, 80) < 500);
    }

    #[test]
    fn a_long_gap_becomes_exact_silence() {
        let mut concealer = Concealer::default();
        concealer.real(&mut tone(0, 800, 400.0));
        let mut heard = vec![1; 1_600];
        for part in heard.chunks_mut(160) {
            concealer.fill(part);
        }
        assert!(heard[..320].iter().any(|s| s.abs() > 1_000));
        assert!(heard[480..].iter().all(|&s| s == 0));
    }

    #[test]
    fn a_gap_in_silence_is_silence() {
        let mut concealer = Concealer::default();
        let mut heard = [1; 160];
        concealer.fill(&mut heard);
        assert_eq!(heard, [0; 160]);
    }

    #[test]
    fn nothing_clicks_at_the_borders() {
        let mut concealer = Concealer::default();
        let mut heard = tone(0, 800, 310.0);
        concealer.real(&mut heard);
        let mut gap = vec![0; 160];
        concealer.fill(&mut gap);
        heard.extend(&gap);
        // The sender has gone on with quite another tone.
        let mut after = tone(37, 160, 520.0);
        concealer.real(&mut after);
        heard.extend(after);
        let steepest = |s: &[i16]| s.windows(2).map(|w| (w[1] - w[0]).abs()).max().unwrap();
        let natural = steepest(&tone(0, 800, 520.0));
        assert!(
            steepest(&heard[700..]) < 2 * natural,
            "{}",
            steepest(&heard[700..])
        );
    }
}
