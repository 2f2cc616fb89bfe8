//! 16,000 to 8,000 samples a second: one low-pass, every second sample of it.

use std::f64::consts::PI;

/// Length of the low-pass: odd, so that it delays by a whole number of samples.
const TAPS: usize = 95;
/// Sums that go on beside each other: one alone would wait for itself at every step.
const LANES: usize = 8;
/// Middle of its slope. Flat to 3,300 Hz, 60 dB down from 4,200 Hz on: next to nothing folds back.
const CUT_HZ: f64 = 3_720.0;
const RATE_HZ: f64 = 16_000.0;

/// Halves rates; made once, as its curve takes longer than a short sound.
#[derive(Debug)]
pub struct Halver {
    /// one that is zero at the end
    taps: [f32; LANES * 12],
}

impl Halver {
    /// Computes the low-pass: a sinc under a Blackman window, with a gain of one at 0 Hz.
    pub fn new() -> Self {
        let middle = (TAPS / 2) as f64;
        let mut curve = [0.0f64; TAPS];
        for (n, tap) in curve.iter_mut().enumerate() {
            let turn = 2.0 * PI * n as f64 / (TAPS - 1) as f64;
            let window = 0.42 - 0.5 * turn.cos() + 0.08 * (2.0 * turn).cos();
            let x = 2.0 * CUT_HZ / RATE_HZ * (n as f64 - middle);
            let sinc = if x == 0.0 {
                1.0
            } else {
                (PI * x).sin() / (PI * x)
            };
            *tap = sinc * window;
        }
        let sum: f64 = curve.iter().sum();
        let mut taps = [0.0; LANES * 12];
        for (tap, value) in taps.iter_mut().zip(curve) {
            *tap = (value / sum) as f32;
        }
        Self { taps }
    }

    /// The same sound at half the rate, not delayed. Taken as silent before and after its ends.
    pub fn halve(&self, wide: &[i16]) -> Vec<i16> {
        self.run(wide, &[0; TAPS / 2], &[0; TAPS / 2])
    }

    /// The same for a sound that is played in a loop: its end is heard before its beginning.
    /// It must be even in length, or the loop would not close.
    pub fn halve_loop(&self, wide: &[i16]) -> Vec<i16> {
        let side = TAPS / 2;
        if wide.len() < side {
            return self.halve(wide);
        }
        self.run(wide, &wide[wide.len() - side..], &wide[..side])
    }

    fn run(&self, wide: &[i16], before: &[i16], after: &[i16]) -> Vec<i16> {
        let padded: Vec<f32> = [before, wide, after, &[0]]
            .iter()
            .flat_map(|part| part.iter().copied().map(f32::from))
            .collect();
        let one = |around: &[f32]| -> f32 {
            let mut sums = [0.0; LANES];
            let taps = self.taps.chunks_exact(LANES);
            for (sounds, taps) in around.chunks_exact(LANES).zip(taps) {
                for n in 0..LANES {
                    sums[n] += sounds[n] * taps[n];
                }
            }
            sums.iter().sum()
        };
        padded
            .windows(self.taps.len())
            .step_by(2)
            .map(|around| one(around).round() as i16)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tone(hz: f64, rate: f64, count: usize) -> Vec<i16> {
        (0..count)
            .map(|n| (20_000.0 * (2.0 * PI * hz * n as f64 / rate).sin()) as i16)
            .collect()
    }

    fn rms(sound: &[i16]) -> f64 {
        let sum: f64 = sound.iter().map(|&s| f64::from(s).powi(2)).sum();
        (sum / sound.len() as f64).sqrt()
    }

    /// Level after halving against the level before, dB, away from the ends.
    fn gain_db(hz: f64) -> f64 {
        let wide = tone(hz, RATE_HZ, 16_000);
        let narrow = Halver::new().halve(&wide);
        20.0 * (rms(&narrow[200..7_800]).max(0.01) / rms(&wide)).log10()
    }

    #[test]
    fn speech_passes_and_what_would_fold_back_is_gone() {
        let check = |hz: f64, low: f64, high: f64| {
            let db = gain_db(hz);
            assert!((low..=high).contains(&db), "{hz} Hz: {db:.2} dB");
        };
        check(300.0, -0.05, 0.05);
        check(1_000.0, -0.05, 0.05);
        check(3_300.0, -0.5, 0.05);
        check(4_300.0, -200.0, -50.0);
        check(6_000.0, -200.0, -60.0);
        check(7_000.0, -200.0, -60.0);
    }

    #[test]
    fn neither_moved_nor_stretched() {
        let narrow = Halver::new().halve(&tone(440.0, RATE_HZ, 8_001));
        let wanted = tone(440.0, RATE_HZ / 2.0, 4_001);
        assert_eq!(narrow.len(), wanted.len());
        let away = narrow[100..3_900].iter().zip(&wanted[100..3_900]);
        assert!(away.map(|(a, b)| (a - b).abs()).max().unwrap() < 20);
    }

    #[test]
    fn a_loop_closes() {
        // 100 whole waves: the tone goes on over the seam.
        let wide = tone(1_000.0, RATE_HZ, 1_600);
        let narrow = Halver::new().halve_loop(&wide);
        let wanted = tone(1_000.0, RATE_HZ / 2.0, 800);
        assert!(narrow.iter().zip(&wanted).all(|(a, b)| (a - b).abs() < 20));
    }

    #[test]
    fn full_scale_does_not_wrap() {
        let square: Vec<i16> = (0..400)
            .map(|n| if n / 20 % 2 == 0 { i16::MAX } else { i16::MIN })
            .collect();
        let narrow = Halver::new().halve(&square);
        assert!(
            narrow[25] > 30_000 && narrow[35] < -30_000,
            "{:?}",
            &narrow[20..40]
        );
        assert!(Halver::new().halve(&[]).is_empty());
    }
}
