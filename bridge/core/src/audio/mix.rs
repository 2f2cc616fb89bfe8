//! Sums of sound in 32 bits: add everybody up, take one's own voice out again, exactly.
//! Limits nothing; works at any number of samples a tick.

/// Adds a voice to the sum.
pub fn add(total: &mut [i32], voice: &[i16]) {
    for (sum, &sample) in total.iter_mut().zip(voice) {
        *sum += i32::from(sample);
    }
}

/// What one hears who is in the sum with `own`.
pub fn minus(total: &[i32], own: &[i16], heard: &mut [i32]) {
    for ((heard, &sum), &own) in heard.iter_mut().zip(total).zip(own) {
        *heard = sum - i32::from(own);
    }
}

/// Adds one sum to another.
pub fn put_in(total: &mut [i32], part: &[i32]) {
    for (sum, &part) in total.iter_mut().zip(part) {
        *sum += part;
    }
}

/// Takes a part of a sum out of it again.
pub fn take_out(total: &mut [i32], part: &[i32]) {
    for (sum, &part) in total.iter_mut().zip(part) {
        *sum -= part;
    }
}

/// Brings a voice in over two milliseconds of a tick, so that one who comes in amid a word makes
/// no click.
pub fn fade_in(voice: &mut [i16]) {
    let ramp = voice.len() as i32 / 10;
    for (sample, n) in voice.iter_mut().zip(1..ramp) {
        *sample = (i32::from(*sample) * n / ramp) as i16;
    }
}

/// A mix that changes its rate: gone before the end of the last tick at the old one, by as much as
/// a limiter looks ahead, and back within half of the first at the new.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dip {
    /// No change.
    #[default]
    None,
    /// The last tick.
    Out,
    /// The first one.
    In,
}

impl Dip {
    /// Makes a tick of a mix quieter.
    pub fn apply(self, mix: &mut [i32]) {
        let length = mix.len() as i32;
        let ramp = length / 2;
        let gain = |n: i32| match self {
            Self::None => ramp,
            Self::Out => (length * 4 / 5 - n).clamp(0, ramp),
            Self::In => n.min(ramp),
        };
        if self != Self::None {
            for (sample, n) in mix.iter_mut().zip(0..) {
                *sample = (i64::from(*sample) * i64::from(gain(n)) / i64::from(ramp)) as i32;
            }
        }
    }
}

/// Takes a voice out over the whole tick.
pub fn fade_out(voice: &mut [i16]) {
    let length = voice.len() as i32;
    for (sample, n) in voice.iter_mut().zip((0..length).rev()) {
        *sample = (i32::from(*sample) * n / length) as i16;
    }
}

/// A gain that moves evenly from where it is to where it is wanted, tick by tick.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fader {
    /// 32,768 is unity
    gain: i32,
}

impl Default for Fader {
    fn default() -> Self {
        Self { gain: UNITY }
    }
}

impl Fader {
    /// Whether sound goes through untouched.
    pub fn is_unity(self) -> bool {
        self.gain == UNITY
    }

    /// Multiplies a tick of `sound`, moving towards ducked or unity: down within the tick, up in
    /// five.
    pub fn apply(&mut self, sound: &mut [i32], ducked: bool) {
        let goal = if ducked {
            DUCKED
        } else {
            (self.gain + (UNITY - DUCKED) / 5).min(UNITY)
        };
        let (from, way, length) = (self.gain, goal - self.gain, sound.len() as i32);
        for (sample, n) in sound.iter_mut().zip(1..) {
            let gain = i64::from(from + way * n / length);
            *sample = ((i64::from(*sample) * gain) >> 15) as i32;
        }
        self.gain = goal;
    }
}

const UNITY: i32 = 1 << 15;
/// -12 dB: a prompt is understood over it, and the room is still followed.
const DUCKED: i32 = UNITY / 4;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Whatever is said, what one hears and what one says add up to the whole.
        #[test]
        fn mix_and_own_are_the_total(
            voices in prop::collection::vec(prop::collection::vec(any::<i16>(), 160), 1..12)
        ) {
            let mut total = [0; 160];
            for voice in &voices {
                add(&mut total, voice);
            }
            for (at, own) in voices.iter().enumerate() {
                let mut heard = [0; 160];
                minus(&total, own, &mut heard);
                for n in 0..160 {
                    let others: i32 = voices.iter().enumerate()
                        .filter(|(other, _)| *other != at)
                        .map(|(_, voice)| i32::from(voice[n]))
                        .sum();
                    prop_assert_eq!(heard[n], others);
                    prop_assert_eq!(heard[n] + i32::from(own[n]), total[n]);
                }
            }
        }
    }

    #[test]
    fn ducking_is_twelve_decibels_and_comes_back() {
        let mut fader = Fader::default();
        let mut sound = [10_000; 160];
        fader.apply(&mut sound, true);
        assert_eq!(sound[159], 2_500);
        assert!(sound.is_sorted_by(|a, b| a >= b));
        for _ in 0..7 {
            sound = [10_000; 160];
            fader.apply(&mut sound, false);
        }
        assert!(fader.is_unity());
        assert_eq!(sound, [10_000; 160]);
    }

    #[test]
    fn fades_end_where_they_should() {
        let mut voice = [1_600; 160];
        fade_out(&mut voice);
        assert_eq!((voice[0], voice[159]), (1_590, 0));
        let mut voice = [1_600; 160];
        fade_in(&mut voice);
        assert_eq!((voice[0], voice[14], voice[15]), (100, 1_500, 1_600));
    }
}
