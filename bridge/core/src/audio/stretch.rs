//! Makes sound shorter or longer by one period of whatever is periodic in it, without a click:
//! the waveform is laid over itself where it resembles itself most.

use std::ops::RangeInclusive;

use super::rate::Rate;

/// Samples that [`shorten_by`] looks at.
pub(super) const fn needed(rate: Rate) -> usize {
    (LONGEST_CUT + OVERLAP) * rate.scale()
}

/// The most that [`shorten_by`] takes out.
pub(super) const fn longest_cut(rate: Rate) -> usize {
    LONGEST_CUT * rate.scale()
}

/// Takes a stretch of `most` samples at most out of the beginning of `samples`, of which at least
/// [`needed`] are there. Returns how many samples fewer there are.
pub(super) fn shorten_by(samples: &mut [i16], most: usize, rate: Rate) -> usize {
    let (shortest, overlap) = (shortest(rate), OVERLAP * rate.scale());
    if samples.len() < needed(rate) || most < shortest {
        return 0;
    }
    let cuts = shortest..=most.min(LONGEST_CUT * rate.scale());
    let cut = best_cut(samples, overlap, cuts, rate);
    for n in 0..overlap {
        samples[n] = blend(samples[n], samples[n + cut], n, overlap);
    }
    samples.copy_within(overlap + cut.., overlap);
    cut
}

/// Plays a stretch of the first `length` of `samples` twice, the rest being room for it.
/// Returns how many samples more there are.
pub(super) fn lengthen(samples: &mut [i16], length: usize, rate: Rate) -> usize {
    let (shortest, overlap) = (shortest(rate), OVERLAP * rate.scale());
    if length < shortest + overlap {
        return 0;
    }
    let cuts = shortest..=length - overlap;
    let cut = best_cut(&samples[..length], overlap, cuts, rate);
    if length + cut > samples.len() {
        return 0;
    }
    // What follows the overlap moves back by the period; the overlap itself leads from where the
    // sound had come to, to where the period begins. Backwards, so that nothing is read after it
    // was overwritten.
    samples.copy_within(overlap..length, overlap + cut);
    for n in (0..overlap).rev() {
        samples[n + cut] = blend(samples[n + cut], samples[n], n, overlap);
    }
    cut
}

fn best_cut(samples: &[i16], overlap: usize, cuts: RangeInclusive<usize>, rate: Rate) -> usize {
    most_alike(
        &samples[..overlap],
        |cut| &samples[cut..cut + overlap],
        cuts,
        rate,
    )
}

/// The lag whose stretch of sound correlates best with `pattern`; the longest when all is silent.
/// At higher rates only every so many lags and samples are looked at first, as many as there are
/// at 8 kHz, and then the neighbours of the best.
pub(crate) fn most_alike<'a>(
    pattern: &[i16],
    at: impl Fn(usize) -> &'a [i16],
    lags: RangeInclusive<usize>,
    rate: Rate,
) -> usize {
    let step = rate.scale();
    let coarse = best_of(pattern, &at, lags.clone().rev().step_by(step), step);
    if step == 1 || coarse.1 == 0.0 {
        return coarse.0;
    }
    let near = coarse.0.saturating_sub(step - 1).max(*lags.start())
        ..=(coarse.0 + step - 1).min(*lags.end());
    best_of(pattern, &at, near.rev(), 1).0
}

/// The best of these lags, the first of equals, and how alike it is.
fn best_of<'a>(
    pattern: &[i16],
    at: impl Fn(usize) -> &'a [i16],
    lags: impl Iterator<Item = usize>,
    step: usize,
) -> (usize, f32) {
    let mut best = (0, f32::MIN);
    for lag in lags {
        let (mut product, mut energy) = (0.0, 1.0);
        for (&a, &b) in pattern.iter().zip(at(lag)).step_by(step) {
            product += f32::from(a) * f32::from(b);
            energy += f32::from(b) * f32::from(b);
        }
        let likeness = product / f32::sqrt(energy);
        if likeness > best.1 {
            best = (lag, likeness);
        }
    }
    best
}

fn blend(from: i16, to: i16, n: usize, overlap: usize) -> i16 {
    let share = (n as i32 + 1) * 32_768 / (overlap as i32 + 1);
    let step = i64::from(i32::from(to) - i32::from(from)) * i64::from(share);
    (i32::from(from) + (step >> 15) as i32) as i16
}

const fn shortest(rate: Rate) -> usize {
    SHORTEST_CUT * rate.scale()
}

// In samples at 8 kHz: pitch between 67 and 200 Hz, or a multiple of what is higher.
const SHORTEST_CUT: usize = 40;
const LONGEST_CUT: usize = 120;
const OVERLAP: usize = 80;

#[cfg(test)]
mod tests {
    use super::*;

    const RATES: [Rate; 3] = [Rate::Narrow, Rate::Wide, Rate::Full];

    fn tone(len: usize, rate: Rate) -> Vec<i16> {
        let step = 400.0 / rate.hz() as f32 * std::f32::consts::TAU;
        (0..len)
            .map(|n| (8_000.0 * (n as f32 * step).sin()) as i16)
            .collect()
    }

    fn check_still_that_tone(heard: &[i16], rate: Rate) {
        for (n, (heard, truth)) in heard.iter().zip(tone(heard.len(), rate)).enumerate() {
            assert!(
                (heard - truth).abs() < 40,
                "sample {n} is {heard} instead of {truth}"
            );
        }
    }

    #[test]
    fn a_shortened_tone_is_the_same_tone() {
        for rate in RATES {
            let mut sound = tone(2 * rate.tick(), rate);
            let removed = shorten_by(&mut sound, longest_cut(rate), rate);
            let period = rate.hz() as usize / 400;
            assert!(
                removed > 0 && removed.is_multiple_of(period),
                "{removed} at {rate:?}"
            );
            check_still_that_tone(&sound[..2 * rate.tick() - removed], rate);
        }
    }

    #[test]
    fn a_lengthened_tone_is_the_same_tone() {
        for rate in RATES {
            let mut sound = tone(rate.tick(), rate);
            sound.resize(2 * rate.tick(), 0);
            let added = lengthen(&mut sound, rate.tick(), rate);
            let period = rate.hz() as usize / 400;
            assert!(
                added > 0 && added.is_multiple_of(period),
                "{added} at {rate:?}"
            );
            check_still_that_tone(&sound[..rate.tick() + added], rate);
        }
    }

    #[test]
    fn silence_stays_silence() {
        for rate in RATES {
            let mut sound = vec![0; 2 * rate.tick()];
            assert_eq!(
                shorten_by(&mut sound, longest_cut(rate), rate),
                LONGEST_CUT * rate.scale()
            );
            assert_eq!(lengthen(&mut sound, rate.tick(), rate), 80 * rate.scale());
            assert!(sound.iter().all(|&s| s == 0));
        }
    }
}
