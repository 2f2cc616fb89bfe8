//! A look-ahead limiter: brings sums of any size into 16 bits without ever cutting off a peak.
//!
//! The gain falls before a peak arrives, stays while peaks go on, and comes back slowly. What is
//! not too loud passes bit for bit, [`LOOK_AHEAD`] samples later.

use super::g711;
use super::rate::Rate;

/// Delay of the limiter in samples: 3 ms at 8 kHz.
pub const LOOK_AHEAD: usize = 24;
const LONGEST_AHEAD: usize = LOOK_AHEAD * Rate::Full.scale();

/// The limiter of one mix.
#[derive(Clone, Debug)]
pub struct Limiter {
    rate: Rate,
    /// how many samples wait
    ahead: usize,
    /// sound that is still to come out, oldest first
    waiting: [i32; LONGEST_AHEAD],
    /// gains demanded when each of those came in
    gains: [u32; LONGEST_AHEAD],
    /// sum of `gains`
    gain_sum: u32,
    /// gain demanded now
    gain: u32,
    /// least gain that the loudest sample of this stretch needs, and of the one before
    needed: [u32; 2],
    /// samples of this stretch
    stretch: u32,
}

impl Default for Limiter {
    fn default() -> Self {
        Self::new(Rate::Narrow)
    }
}

impl Limiter {
    /// For a mix at this rate.
    pub fn new(rate: Rate) -> Self {
        let ahead = LOOK_AHEAD * rate.scale();
        Self {
            rate,
            ahead,
            waiting: [0; LONGEST_AHEAD],
            gains: [UNITY; LONGEST_AHEAD],
            gain_sum: UNITY * ahead as u32,
            gain: UNITY,
            needed: [UNITY; 2],
            stretch: 0,
        }
    }

    /// The rate it is for.
    pub fn rate(&self) -> Rate {
        self.rate
    }

    /// Takes a tick of a mix and gives a tick of sound. Both have the same length, of at least
    /// [`LOOK_AHEAD`].
    pub fn process(&mut self, mix: &[i32], out: &mut [i16]) {
        debug_assert!(mix.len() == out.len() && mix.len() >= self.ahead);
        let peak = mix
            .iter()
            .map(|sample| sample.unsigned_abs())
            .max()
            .unwrap_or(0);
        if peak <= CEILING && self.gain_sum == UNITY * self.ahead as u32 && self.gain == UNITY {
            self.pass(mix, out);
        } else {
            self.limit(mix, out);
        }
    }

    fn pass(&mut self, mix: &[i32], out: &mut [i16]) {
        let (early, late) = out.split_at_mut(self.ahead.min(out.len()));
        for (out, &sample) in early.iter_mut().zip(&self.waiting) {
            *out = sample as i16;
        }
        for (out, &sample) in late.iter_mut().zip(mix) {
            *out = sample as i16;
        }
        let last = &mix[mix.len().saturating_sub(self.ahead)..];
        self.waiting[..last.len()].copy_from_slice(last);
    }

    fn limit(&mut self, mix: &[i32], out: &mut [i16]) {
        for (at, (out, &sample)) in out.iter_mut().zip(mix).enumerate() {
            self.follow(sample);
            let slot = at % self.ahead;
            self.gain_sum = self.gain_sum + self.gain - self.gains[slot];
            self.gains[slot] = self.gain;
            // The mean of the last gains: they fall one by one before the peak comes out.
            let gain = i64::from(self.gain_sum) / self.ahead as i64;
            let delayed = std::mem::replace(&mut self.waiting[slot], sample);
            *out = (i64::from(delayed) * gain / i64::from(UNITY)) as i16;
        }
        let turned = mix.len() % self.ahead;
        self.waiting[..self.ahead].rotate_left(turned);
        self.gains[..self.ahead].rotate_left(turned);
    }

    /// Moves the gain for a sample that comes in: down at once, up slowly and never beyond what
    /// the samples of the last stretches need, which are still to come out.
    fn follow(&mut self, sample: i32) {
        let size = u64::from(sample.unsigned_abs().max(1));
        let needed = u64::from(CEILING) * u64::from(UNITY) / size;
        self.needed[0] = self.needed[0].min(needed.min(u64::from(UNITY)) as u32);
        let most = self.needed[0].min(self.needed[1]);
        // The last steps are whole numbers, so that unity is reached and not only neared.
        let released =
            self.gain + ((UNITY - self.gain) >> (RELEASE_SHIFT + self.rate.scale().ilog2())).max(1);
        self.gain = released.min(most);
        self.stretch += 1;
        if self.stretch == STRETCH * self.rate.scale() as u32 {
            self.needed = [UNITY, self.needed[0]];
            self.stretch = 0;
        }
    }
}

/// The loudest that comes out: what a single caller can say at most passes untouched.
const CEILING: u32 = g711::PEAK as u32;
const UNITY: u32 = 1 << 24;
/// 10 ms, so that peaks count for 10 to 20 ms: longer than the look-ahead and than a period of any
/// voice's fundamental, so that the gain does not wobble with the waveform.
const STRETCH: u32 = 80;
/// Half of the way back in some 180 ms.
const RELEASE_SHIFT: u32 = 11;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn run(mix: &[i32]) -> Vec<i16> {
        let mut limiter = Limiter::default();
        let mut out = vec![0; mix.len()];
        for (mix, out) in mix.chunks(160).zip(out.chunks_mut(160)) {
            limiter.process(mix, out);
        }
        out
    }

    fn tone(hz: f64, peak: f64, len: usize) -> Vec<i32> {
        let step = hz / 8_000.0 * std::f64::consts::TAU;
        (0..len)
            .map(|n| (peak * (n as f64 * step).sin()) as i32)
            .collect()
    }

    #[test]
    fn what_is_not_too_loud_passes_bit_for_bit() {
        let mix = tone(700.0, 30_000.0, 1_600);
        let out = run(&mix);
        assert!(out[..LOOK_AHEAD].iter().all(|&s| s == 0));
        for (out, mix) in out[LOOK_AHEAD..].iter().zip(&mix) {
            assert_eq!(i32::from(*out), *mix);
        }
    }

    #[test]
    fn ten_loud_tones_keep_their_shape() {
        let mut mix = vec![0; 16_000];
        for voice in 0..10 {
            for (sum, s) in
                mix.iter_mut()
                    .zip(tone(310.0 + 170.0 * f64::from(voice), 20_000.0, 16_000))
            {
                *sum += s;
            }
        }
        let out = run(&mix);
        // Settled, the output is the input times one gain but for small errors: fit and compare.
        let (mix, out) = (&mix[8_000 - LOOK_AHEAD..16_000 - LOOK_AHEAD], &out[8_000..]);
        let dot: f64 = mix
            .iter()
            .zip(out)
            .map(|(&m, &o)| f64::from(m) * f64::from(o))
            .sum();
        let power: f64 = mix.iter().map(|&m| f64::from(m) * f64::from(m)).sum();
        let gain = dot / power;
        let noise: f64 = mix
            .iter()
            .zip(out)
            .map(|(&m, &o)| (f64::from(m) * gain - f64::from(o)).powi(2))
            .sum();
        let sound: f64 = out.iter().map(|&o| f64::from(o).powi(2)).sum();
        let distortion_db = 10.0 * (noise / sound).log10();
        assert!(distortion_db < -25.0, "{distortion_db} dB");
    }

    #[test]
    fn one_loud_tone_is_clean() {
        let mix = tone(400.0, 90_000.0, 16_000);
        let out = run(&mix);
        let peak = out[8_000..].iter().map(|s| s.unsigned_abs()).max().unwrap();
        assert!((31_900..=32_256).contains(&peak), "{peak}");
        let error = (8_000..16_000)
            .map(|n| {
                (f64::from(mix[n - LOOK_AHEAD]) * 32_256.0 / 90_000.0 - f64::from(out[n])).abs()
            })
            .fold(0.0, f64::max);
        assert!(error < 100.0, "{error}");
    }

    #[test]
    fn it_lets_go_again() {
        let mut mix = tone(400.0, 90_000.0, 1_600);
        mix.extend(tone(400.0, 9_000.0, 80_000));
        let out = run(&mix);
        for n in 80_000..81_600 {
            assert_eq!(i32::from(out[n]), mix[n - LOOK_AHEAD]);
        }
    }

    #[test]
    fn silence_is_silence() {
        let mut mix = tone(400.0, 90_000.0, 1_600);
        mix.resize(3_200, 0);
        assert!(run(&mix)[1_600 + LOOK_AHEAD..].iter().all(|&s| s == 0));
    }

    proptest! {
        #[test]
        fn nothing_is_ever_beyond_the_ceiling(
            mix in prop::collection::vec(-600_000..600_000i32, 160 * 6)
        ) {
            for sample in run(&mix) {
                prop_assert!(u32::from(sample.unsigned_abs()) <= CEILING);
            }
        }
    }
}
