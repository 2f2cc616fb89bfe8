//! Sound from one rate to another: two, three or six times as many samples, or as few. Keeps
//! nothing between ticks: whoever calls keeps the end of the tick before, which is given in front.
//!
//! One low-pass for each factor, a sinc under a Kaiser window: flat to 0.42 of the lower rate,
//! 60 dB down from 0.58 on. Delays by [`PAST`] / 2 samples of the lower rate, 1.5 ms at 8 kHz. (The
//! filters of the crate audio-codec have 24 taps at the higher rate too: from 48 to 8 kHz what is
//! above 4 kHz would come back as something else.)

use std::sync::LazyLock;

use super::rate::Rate;

/// Samples of the lower rate that stand before a tick when it is converted: the end of the tick
/// before. From a higher rate it is as many times more as the rates differ.
pub const PAST: usize = 24;
/// [`PAST`] at the highest rate.
pub const LONGEST_PAST: usize = PAST * Rate::Full.scale();

/// Makes the filters, which takes a millisecond and would otherwise be done when they are first
/// needed.
pub fn prepare() {
    for filter in [&*TWO, &*THREE, &*SIX] {
        debug_assert!(!filter.down.is_empty());
    }
}

/// Converts a tick at `from` to one at `to`, into `out` which is as long as that. The tick is what
/// `sound` ends with; before it stand [`past`] samples, the end of the tick before.
pub fn convert(sound: &[i16], from: Rate, to: Rate, out: &mut [i16]) {
    debug_assert!(sound.len() >= past(from, to) + from.tick() && out.len() == to.tick());
    let tick = &sound[sound.len() - from.tick() - past(from, to)..];
    if from < to {
        up(tick, filter(to.scale() / from.scale()), out);
    } else if from > to {
        down(tick, filter(from.scale() / to.scale()), out);
    } else {
        out.copy_from_slice(&sound[sound.len() - out.len()..]);
    }
}

/// How many samples stand before a tick that is converted.
pub const fn past(from: Rate, to: Rate) -> usize {
    let (from, to) = (from.scale(), to.scale());
    if from > to { PAST * from / to } else { PAST }
}

fn up(sound: &[i16], filter: &Filter, out: &mut [i16]) {
    for (window, outs) in sound[1..]
        .windows(PAST)
        .zip(out.chunks_exact_mut(filter.factor))
    {
        for (out, taps) in outs.iter_mut().zip(filter.up.chunks_exact(PAST)) {
            *out = narrow(sum(window, taps));
        }
    }
}

fn down(sound: &[i16], filter: &Filter, out: &mut [i16]) {
    let length = PAST * filter.factor;
    let windows = sound[filter.factor..]
        .windows(length)
        .step_by(filter.factor);
    for (out, window) in out.iter_mut().zip(windows) {
        let parts = window
            .chunks_exact(PAST)
            .zip(filter.down.chunks_exact(PAST));
        *out = narrow(parts.map(|(window, taps)| sum(window, taps)).sum());
    }
}

/// The magnitudes of a filter's taps add up to less than two, so this fits.
fn sum(window: &[i16], taps: &[i16]) -> i32 {
    let products = window.iter().zip(taps);
    products
        .map(|(&sample, &tap)| i32::from(sample) * i32::from(tap))
        .sum()
}

fn narrow(sum: i32) -> i16 {
    ((sum + UNITY / 2) / UNITY).clamp(i16::MIN.into(), i16::MAX.into()) as i16
}

/// One factor's low-pass, laid out for both ways.
#[derive(Debug)]
struct Filter {
    factor: usize,
    /// by phase; each with a gain of one
    up: Vec<i16>,
    down: Vec<i16>,
}

fn filter(factor: usize) -> &'static Filter {
    match factor {
        2 => &TWO,
        3 => &THREE,
        _ => &SIX,
    }
}

static TWO: LazyLock<Filter> = LazyLock::new(|| Filter::new(2));
static THREE: LazyLock<Filter> = LazyLock::new(|| Filter::new(3));
static SIX: LazyLock<Filter> = LazyLock::new(|| Filter::new(6));

impl Filter {
    fn new(factor: usize) -> Self {
        let length = PAST * factor;
        let middle = (length - 1) as f64 / 2.0;
        let curve: Vec<f64> = (0..length)
            .map(|n| {
                let off = (n as f64 - middle) / factor as f64;
                let window = 1.0 - ((n as f64 - middle) / (middle + 1.0)).powi(2);
                let sinc = if off == 0.0 {
                    1.0
                } else {
                    (std::f64::consts::PI * off).sin() / (std::f64::consts::PI * off)
                };
                sinc * bessel(KAISER * window.sqrt())
            })
            .collect();
        // Each phase has the same gain at 0 Hz, or a steady sound would get a tone.
        let phase = |phase: usize| -> Vec<f64> {
            let taps: Vec<f64> = (0..PAST)
                .map(|n| curve[(PAST - 1 - n) * factor + phase])
                .collect();
            let sum: f64 = taps.iter().sum();
            taps.iter().map(|tap| tap / sum).collect()
        };
        let up = (0..factor).flat_map(phase).map(whole).collect();
        let sum: f64 = curve.iter().sum();
        let down = curve.iter().map(|tap| whole(tap / sum)).collect();
        Self { factor, up, down }
    }
}

fn whole(tap: f64) -> i16 {
    (tap * f64::from(UNITY)).round() as i16
}

/// The modified Bessel function of order zero.
fn bessel(x: f64) -> f64 {
    let (mut term, mut sum) = (1.0, 1.0);
    for n in 1..40 {
        term *= (x / 2.0 / f64::from(n)).powi(2);
        sum += term;
    }
    sum
}

/// A gain of one, in fourteen bits.
const UNITY: i32 = 1 << 14;
/// Of the window: 60 dB.
const KAISER: f64 = 5.65;

#[cfg(test)]
mod tests {
    use super::*;

    const PAIRS: [(Rate, Rate); 6] = [
        (Rate::Narrow, Rate::Wide),
        (Rate::Narrow, Rate::Full),
        (Rate::Wide, Rate::Full),
        (Rate::Wide, Rate::Narrow),
        (Rate::Full, Rate::Narrow),
        (Rate::Full, Rate::Wide),
    ];

    /// Half a second of a tone, converted tick by tick.
    fn converted(hz: f64, from: Rate, to: Rate) -> Vec<i16> {
        let step = hz / f64::from(from.hz()) * std::f64::consts::TAU;
        let sound: Vec<i16> = (0..from.tick() * 25)
            .map(|n| (20_000.0 * (n as f64 * step).sin()) as i16)
            .collect();
        let padded = [vec![0; past(from, to)], sound].concat();
        let mut out = vec![0; to.tick() * 25];
        for (n, out) in out.chunks_mut(to.tick()).enumerate() {
            let start = n * from.tick();
            convert(
                &padded[start..start + past(from, to) + from.tick()],
                from,
                to,
                out,
            );
        }
        out
    }

    fn amplitude(samples: &[i16], hz: f64, rate: Rate) -> f64 {
        let (mut cos, mut sin) = (0.0, 0.0);
        for (n, &sample) in samples.iter().enumerate() {
            let angle = n as f64 * hz / f64::from(rate.hz()) * std::f64::consts::TAU;
            cos += f64::from(sample) * angle.cos();
            sin += f64::from(sample) * angle.sin();
        }
        2.0 * f64::hypot(cos, sin) / samples.len() as f64
    }

    #[test]
    fn what_both_rates_can_carry_stays_as_it_was_and_nothing_is_added() {
        for (from, to) in PAIRS {
            for share in [0.05, 0.2, 0.4] {
                let hz = share * f64::from(from.min(to).hz());
                let out = &converted(hz, from, to)[to.tick() * 5..];
                let tone = amplitude(out, hz, to);
                assert!(
                    (19_400.0..20_400.0).contains(&tone),
                    "{from:?} {to:?} {hz}: {tone}"
                );
                let power: f64 = out.iter().map(|&s| f64::from(s).powi(2)).sum();
                let rest = power / out.len() as f64 - tone * tone / 2.0;
                let rest_db = 10.0 * (rest.max(1.0) / (tone * tone / 2.0)).log10();
                assert!(rest_db < -50.0, "{from:?} {to:?} {hz}: {rest_db} dB");
            }
        }
    }

    #[test]
    fn what_the_lower_rate_cannot_carry_does_not_come_back_as_something_else() {
        for (from, to) in PAIRS.into_iter().filter(|(from, to)| from > to) {
            for share in [0.62, 0.8, 0.95] {
                let hz = share * f64::from(to.hz());
                let out = &converted(hz, from, to)[to.tick() * 5..];
                let loudest = out.iter().map(|s| s.unsigned_abs()).max().unwrap();
                assert!(loudest < 60, "{from:?} {to:?} {hz}: {loudest}");
            }
        }
    }

    #[test]
    fn the_loudest_does_not_wrap_and_silence_is_silence() {
        for (from, to) in PAIRS {
            let mut out = vec![1; to.tick()];
            convert(&vec![0; past(from, to) + from.tick()], from, to, &mut out);
            assert!(out.iter().all(|&s| s == 0));
            convert(
                &vec![i16::MIN; past(from, to) + from.tick()],
                from,
                to,
                &mut out,
            );
            assert!(out.iter().all(|&s| s < -32_000), "{from:?} {to:?}");
        }
    }
}
