//! Hides lost packets: the last pitch periods are repeated and faded, in the manner of G.711
//! Appendix I but without its added delay. Knows no packets; sees only what was played.
//!
//! ```text
//!   lost:  0..10 ms one period | 10..20 ms two | then three, falling 20 % each 10 ms | 60 ms: zero
//!   found: the first milliseconds of the real sound are blended with the repetition
//! ```

use super::rate::Rate;

/// Memory of one line's recent sound, from which gaps are filled.
#[derive(Clone, Debug)]
pub struct Concealer {
    rate: Rate,
    /// what was played last, written round and round
    history: Box<[i16]>,
    /// where in it the next sample goes, over the oldest
    oldest: usize,
    /// the history as it was when the gap began, newest at the end
    before_gap: Box<[i16]>,
    /// samples made up since the gap began; zero when there is no gap
    made_up: usize,
    period: usize,
    /// where in the repeated stretch the next sample comes from
    at: usize,
    /// step between the last real sample and the first repeated one, taken away gradually
    step: f32,
}

impl Concealer {
    /// For sound of this rate, narrow or wide.
    pub fn new(rate: Rate) -> Self {
        let rate = concealed(rate);
        let nothing = vec![0; HISTORY * rate.scale()].into_boxed_slice();
        Self {
            rate,
            history: nothing.clone(),
            oldest: 0,
            before_gap: nothing,
            made_up: 0,
            period: SHORTEST_PERIOD * rate.scale(),
            at: 0,
            step: 0.0,
        }
    }

    /// Forgets what was played; the sound has this rate from now on, which is no higher than the
    /// first.
    pub fn restart(&mut self, rate: Rate) {
        self.rate = concealed(rate);
        self.history.fill(0);
        self.oldest = 0;
        self.before_gap.fill(0);
        self.made_up = 0;
        self.step = 0.0;
    }

    /// Takes real sound that is about to be played, and blends its beginning with the repetition
    /// when a gap came before it.
    pub fn real(&mut self, samples: &mut [i16]) {
        // After a gap that ended in silence the real sound is the beginning of a word.
        if self.made_up > 0 && self.made_up < self.at_rate(GIVE_UP) {
            let blend = (self.at_rate(BLEND) + self.made_up / 2)
                .min(self.at_rate(LONGEST_BLEND))
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
        if self.made_up >= self.at_rate(GIVE_UP) || self.before_gap.iter().all(|&s| s == 0) {
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
        let length = self.at_rate(HISTORY);
        let (newer, older) = self.history[..length].split_at(self.oldest);
        let room = self.before_gap.len();
        let ordered = &mut self.before_gap[room - length..];
        ordered[..older.len()].copy_from_slice(older);
        ordered[older.len()..].copy_from_slice(newer);
        self.period = best_lag(&self.before_gap, self.rate);
        self.at = 0;
        let last = self.before_gap.len() - 1;
        self.step =
            f32::from(self.before_gap[last]) - f32::from(self.before_gap[last - self.period]);
    }

    fn next_repeated(&mut self) -> f32 {
        let periods = (1 + self.made_up / self.at_rate(PERIOD_ADDED_EVERY)).min(MOST_PERIODS);
        let length = periods * self.period;
        if self.at >= length {
            self.at = 0;
        }
        let start = self.before_gap.len() - length;
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
        let faded = self
            .made_up
            .saturating_sub(self.at_rate(PERIOD_ADDED_EVERY)) as f32;
        let gain = (1.0 - faded / self.at_rate(GIVE_UP - PERIOD_ADDED_EVERY) as f32).max(0.0);
        self.at += 1;
        self.made_up += 1;
        value.clamp(f32::from(i16::MIN), f32::from(i16::MAX)) * gain
    }

    fn remember(&mut self, samples: &[i16]) {
        let length = self.at_rate(HISTORY);
        let fresh = &samples[samples.len().saturating_sub(length)..];
        let (first, rest) = fresh.split_at(fresh.len().min(length - self.oldest));
        self.history[self.oldest..][..first.len()].copy_from_slice(first);
        self.history[..rest.len()].copy_from_slice(rest);
        self.oldest = (self.oldest + fresh.len()) % length;
    }

    fn at_rate(&self, narrow: usize) -> usize {
        narrow * self.rate.scale()
    }
}

/// Fuller codecs conceal for themselves.
fn concealed(rate: Rate) -> Rate {
    match rate {
        Rate::Full => Rate::Narrow,
        rate => rate,
    }
}

/// The lag at which the end of `past` resembles itself most.
fn best_lag(past: &[i16], rate: Rate) -> usize {
    let (scale, end) = (rate.scale(), past.len());
    let compared = COMPARED * scale;
    let earlier = |lag: usize| &past[end - compared - lag..end - lag];
    let lags = SHORTEST_PERIOD * scale..=LONGEST_PERIOD * scale;
    super::stretch::most_alike(&past[end - compared..], earlier, lags, rate)
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
        tone_at(Rate::Narrow, from, len, hz)
    }

    fn tone_at(rate: Rate, from: usize, len: usize, hz: f32) -> Vec<i16> {
        let step = hz / rate.hz() as f32 * std::f32::consts::TAU;
        (from..from + len)
            .map(|n| (8_000.0 * (n as f32 * step).sin()) as i16)
            .collect()
    }

    fn worst_error(rate: Rate, hz: f32, lost: usize) -> i32 {
        let tone = |from, len, hz| tone_at(rate, from, len, hz);
        let mut concealer = Concealer::new(rate);
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
            for rate in [Rate::Narrow, Rate::Wide] {
                let error = worst_error(rate, hz, rate.tick());
                assert!(error < 2_400, "{hz} Hz at {rate:?} is off by {error}");
            }
        }
        // 10 ms: only what is blended has begun to fall
        assert!(worst_error(Rate::Narrow, 400.0, 80) < 500);
        assert!(worst_error(Rate::Wide, 400.0, 160) < 500);
    }

    #[test]
    fn a_long_gap_becomes_exact_silence() {
        let mut concealer = Concealer::new(Rate::Narrow);
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
        let mut concealer = Concealer::new(Rate::Narrow);
        let mut heard = [1; 160];
        concealer.fill(&mut heard);
        assert_eq!(heard, [0; 160]);
    }

    #[test]
    fn nothing_clicks_at_the_borders() {
        let mut concealer = Concealer::new(Rate::Narrow);
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
