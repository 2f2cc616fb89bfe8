//! Any rate to 16,000 samples a second: a sinc under a Blackman window, read from a table. Made for
//! uploads, where a second more does not matter; the live path has its own.

use std::f64::consts::PI;

/// Zero crossings of the sinc on each side: 60 dB down within 10 % beyond its cut.
const CROSSINGS: usize = 24;
/// Points of the table between two crossings; between them the line is straight.
const POINTS: usize = 512;
/// The cut stands so far below half of the lower rate that what folds back is gone.
const CUT: f64 = 0.92;

/// The same sound at `to_hz`. Taken as silent before and after its ends.
pub fn resample(samples: &[f32], from_hz: u32, to_hz: u32) -> Vec<f32> {
    if from_hz == to_hz {
        return samples.to_vec();
    }
    let (from, to) = (f64::from(from_hz), f64::from(to_hz));
    // Of the source's samples, how much of a crossing each is.
    let scale = CUT * (to / from).min(1.0);
    let table = table();
    let reach = (CROSSINGS as f64 / scale).ceil() as i64;
    let count = (samples.len() as u64 * u64::from(to_hz)).div_ceil(u64::from(from_hz));
    let one = |n: u64| -> f32 {
        let at = n as f64 * from / to;
        let middle = at.floor() as i64;
        let first = (middle - reach + 1).max(0);
        let last = (middle + reach).min(samples.len() as i64 - 1);
        let sum: f64 = (first..=last)
            .map(|k| f64::from(samples[k as usize]) * weight(&table, (at - k as f64) * scale))
            .sum();
        (sum * scale) as f32
    };
    (0..count).map(one).collect()
}

/// One side of the windowed sinc, with one point beyond its end.
fn table() -> Vec<f64> {
    let side = CROSSINGS * POINTS;
    let point = |n: usize| {
        let x = n as f64 / POINTS as f64;
        let turn = PI * (1.0 + n as f64 / side as f64);
        let window = 0.42 - 0.5 * turn.cos() + 0.08 * (2.0 * turn).cos();
        let sinc = if n == 0 {
            1.0
        } else {
            (PI * x).sin() / (PI * x)
        };
        sinc * window
    };
    (0..=side).map(point).chain([0.0]).collect()
}

fn weight(table: &[f64], crossings: f64) -> f64 {
    let place = crossings.abs() * POINTS as f64;
    let below = place as usize;
    match table.get(below..below + 2) {
        Some([a, b]) => a + (b - a) * place.fract(),
        _ => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tone(hz: f64, rate: u32, count: usize) -> Vec<f32> {
        let turn = 2.0 * PI * hz / f64::from(rate);
        (0..count)
            .map(|n| (0.5 * (turn * n as f64).sin()) as f32)
            .collect()
    }

    fn rms(samples: &[f32]) -> f64 {
        let sum: f64 = samples.iter().map(|s| f64::from(*s).powi(2)).sum();
        (sum / samples.len() as f64).sqrt()
    }

    #[test]
    fn tones_keep_their_place_and_level() {
        let check = |rate: u32, hz: f64| {
            let got = resample(&tone(hz, rate, rate as usize), rate, 16_000);
            let wanted = tone(hz, 16_000, 16_000);
            assert_eq!(got.len(), wanted.len(), "{rate}");
            let away = got[1_000..15_000].iter().zip(&wanted[1_000..15_000]);
            let most = away.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(most < 0.005, "{rate} Hz, tone of {hz} Hz: off by {most}");
        };
        for rate in [8_000, 11_025, 22_050, 24_000, 32_000, 44_100, 48_000] {
            check(rate, 440.0);
            check(rate, 3_000.0);
        }
        check(16_000, 7_000.0);
        check(44_100, 6_500.0);
    }

    #[test]
    fn what_would_fold_back_is_gone() {
        let check = |rate: u32, hz: f64| {
            let got = resample(&tone(hz, rate, rate as usize), rate, 16_000);
            let db = 20.0 * (rms(&got[1_000..15_000]) / 0.3536).log10();
            assert!(db < -55.0, "{rate} Hz, tone of {hz} Hz: {db:.1} dB");
        };
        check(48_000, 8_500.0);
        check(48_000, 15_000.0);
        check(44_100, 9_000.0);
        check(44_100, 20_000.0);
        check(22_050, 9_500.0);
    }

    #[test]
    fn nothing_stays_nothing() {
        assert!(resample(&[], 44_100, 16_000).is_empty());
        assert_eq!(resample(&[0.5], 48_000, 16_000).len(), 1);
    }
}
