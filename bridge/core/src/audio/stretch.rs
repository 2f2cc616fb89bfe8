//! Makes sound shorter or longer by one period of whatever is periodic in it, without a click:
//! the waveform is laid over itself where it resembles itself most.

use std::ops::RangeInclusive;

/// Samples that [`shorten`] looks at.
pub(super) const NEEDED: usize = LONGEST_CUT + OVERLAP;

/// Takes a stretch out of the beginning of `samples`, of which at least [`NEEDED`] are there.
/// Returns how many samples fewer there are.
pub(super) fn shorten(samples: &mut [i16]) -> usize {
    shorten_by(samples, LONGEST_CUT)
}

/// As [`shorten`], but takes out `most` samples at most.
pub(super) fn shorten_by(samples: &mut [i16], most: usize) -> usize {
    if samples.len() < NEEDED || most < SHORTEST_CUT {
        return 0;
    }
    let cut = best_cut(samples, SHORTEST_CUT..=most.min(LONGEST_CUT));
    for n in 0..OVERLAP {
        samples[n] = blend(samples[n], samples[n + cut], n);
    }
    samples.copy_within(OVERLAP + cut.., OVERLAP);
    cut
}

/// Plays a stretch of the first `length` of `samples` twice, the rest being room for it.
/// Returns how many samples more there are.
pub(super) fn lengthen(samples: &mut [i16], length: usize) -> usize {
    if length < SHORTEST_CUT + OVERLAP {
        return 0;
    }
    let cut = best_cut(&samples[..length], SHORTEST_CUT..=length - OVERLAP);
    if length + cut > samples.len() {
        return 0;
    }
    // What follows the overlap moves back by the period; the overlap itself leads from where the
    // sound had come to, to where the period begins. Backwards, so that nothing is read after it
    // was overwritten.
    samples.copy_within(OVERLAP..length, OVERLAP + cut);
    for n in (0..OVERLAP).rev() {
        samples[n + cut] = blend(samples[n + cut], samples[n], n);
    }
    cut
}

fn best_cut(samples: &[i16], cuts: RangeInclusive<usize>) -> usize {
    most_alike(
        &samples[..OVERLAP],
        |cut| &samples[cut..cut + OVERLAP],
        cuts,
    )
}

/// The lag whose stretch of sound correlates best with `pattern`; the longest when all is silent.
pub(crate) fn most_alike<'a>(
    pattern: &[i16],
    at: impl Fn(usize) -> &'a [i16],
    lags: RangeInclusive<usize>,
) -> usize {
    let mut best = (*lags.end(), f32::MIN);
    for lag in lags.rev() {
        let (mut product, mut energy) = (0.0, 1.0);
        for (&a, &b) in pattern.iter().zip(at(lag)) {
            product += f32::from(a) * f32::from(b);
            energy += f32::from(b) * f32::from(b);
        }
        let likeness = product / f32::sqrt(energy);
        if likeness > best.1 {
            best = (lag, likeness);
        }
    }
    best.0
}

fn blend(from: i16, to: i16, n: usize) -> i16 {
    let share = (n as i32 + 1) * 32_768 / (OVERLAP as i32 + 1);
    (i32::from(from) + (((i32::from(to) - i32::from(from)) * share) >> 15)) as i16
}

// In samples at 8 kHz: pitch between 67 and 200 Hz, or a multiple of what is higher.
const SHORTEST_CUT: usize = 40;
const LONGEST_CUT: usize = 120;
const OVERLAP: usize = 80;

#[cfg(test)]
mod tests {
    use super::*;

    fn tone(len: usize) -> Vec<i16> {
        let step = 400.0 / 8_000.0 * std::f32::consts::TAU;
        (0..len)
            .map(|n| (8_000.0 * (n as f32 * step).sin()) as i16)
            .collect()
    }

    fn check_still_that_tone(heard: &[i16]) {
        for (n, (heard, truth)) in heard.iter().zip(tone(heard.len())).enumerate() {
            assert!(
                (heard - truth).abs() < 40,
                "sample {n} is {heard} instead of {truth}"
            );
        }
    }

    #[test]
    fn a_shortened_tone_is_the_same_tone() {
        let mut sound = tone(320);
        let removed = shorten(&mut sound);
        assert_eq!(removed % 20, 0, "whole periods of 400 Hz");
        check_still_that_tone(&sound[..320 - removed]);
    }

    #[test]
    fn a_lengthened_tone_is_the_same_tone() {
        let mut sound = tone(160);
        sound.resize(320, 0);
        let added = lengthen(&mut sound, 160);
        assert!(added > 0 && added.is_multiple_of(20));
        check_still_that_tone(&sound[..160 + added]);
    }

    #[test]
    fn silence_stays_silence() {
        let mut sound = [0; 320];
        assert_eq!(shorten(&mut sound), LONGEST_CUT);
        assert_eq!(lengthen(&mut sound, 160), 80);
        assert_eq!(sound, [0; 320]);
    }
}
