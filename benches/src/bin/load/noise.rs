//! Noise, the same in every run: syllables of those who speak all the time, a quiet open line. Made
//! at the telephone's rate and brought up to others. Knows no codec.

use crate::sound::TICKS_PER_S;

/// Length of what noisy callers repeat; each is at a place of its own in it. That of a line, too.
pub const NOISE_TICKS: usize = 199;

/// A syllable and a pause; the gate of a line stays open for 400 ms.
const SYLLABLE_TICKS: usize = 8;
const PAUSE_TICKS: usize = 5;

/// Root mean square of syllables, one after the other: around -40 dBov.
const SYLLABLES: [f64; 5] = [330.0, 250.0, 420.0, 290.0, 370.0];

/// That of pauses: -66 dBov.
const PAUSE: f64 = 16.0;

/// That of a line on which nobody speaks, in a quiet place: -65 dBov.
const LINE: f64 = 18.4;

/// That of a voice before it.
const VOICE: f64 = 3_300.0;

/// Samples in a tick, at the telephone's rate.
const AT_8_KHZ: usize = 8_000 / TICKS_PER_S as usize;

/// xorshift64.
struct Random(u64);

impl Random {
    fn new() -> Self {
        Self(0x2545_f491_4f6c_dd1d)
    }

    /// Between -1 and 1.
    fn next(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
    }
}

/// Syllables. Random numbers twice differentiated, which takes away what is low.
pub fn hiss(rate_hz: u32) -> Vec<i16> {
    syllables(rate_hz, level)
}

/// As loud as a voice near a telephone.
pub fn voice(rate_hz: u32) -> Vec<i16> {
    let loudest = |tick| level(tick) / SYLLABLES[0] * VOICE;
    syllables(rate_hz, loudest)
}

fn syllables(rate_hz: u32, level: impl Fn(usize) -> f64) -> Vec<i16> {
    let mut random = Random::new();
    let (mut last, mut before) = (0.0, 0.0);
    let at_8_khz = (0..NOISE_TICKS * AT_8_KHZ).map(|n| {
        let now = random.next();
        let high = now - 2.0 * last + before;
        (last, before) = (now, last);
        // Six times the power of the numbers, which is a third.
        high / 2.0_f64.sqrt() * level(n / AT_8_KHZ)
    });
    let sound = brought_up(at_8_khz, rate_hz);
    sound.into_iter().map(|sample| sample as i16).collect()
}

/// The noise of a line that is open and quiet.
pub fn line(rate_hz: u32) -> Vec<i16> {
    let mut random = Random::new();
    let sound = brought_up((0..NOISE_TICKS * AT_8_KHZ).map(|_| random.next()), rate_hz);
    let power = sound.iter().map(|s| s * s).sum::<f64>() / sound.len() as f64;
    let gain = LINE / power.sqrt();
    let samples = sound.into_iter().map(|sample| (sample * gain).round());
    samples.map(|sample| sample as i16).collect()
}

/// By straight lines.
fn brought_up(at_8_khz: impl Iterator<Item = f64>, rate_hz: u32) -> Vec<f64> {
    let steps = rate_hz as usize / 8_000;
    let mut from = 0.0;
    let mut sound = Vec::with_capacity(NOISE_TICKS * AT_8_KHZ * steps);
    for to in at_8_khz {
        sound.extend((1..=steps).map(|step| from + (to - from) * step as f64 / steps as f64));
        from = to;
    }
    sound
}

/// How loud it is in a tick.
fn level(tick: usize) -> f64 {
    let (syllable, into) = (
        tick / (SYLLABLE_TICKS + PAUSE_TICKS),
        tick % (SYLLABLE_TICKS + PAUSE_TICKS),
    );
    match into {
        ..SYLLABLE_TICKS => SYLLABLES[syllable % SYLLABLES.len()],
        _ => PAUSE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dbov(sound: &[i16]) -> f64 {
        let power: f64 = sound.iter().map(|&s| f64::from(s).powi(2)).sum();
        10.0 * (power / sound.len() as f64 / 32_768_f64.powi(2)).log10()
    }

    #[test]
    fn noise_is_as_loud_as_said() {
        for rate_hz in [8_000, 16_000, 48_000] {
            let sound = hiss(rate_hz);
            let tick = rate_hz as usize / 50;
            assert_eq!(sound.len(), tick * NOISE_TICKS);
            for ticks in sound.chunks(tick * (SYLLABLE_TICKS + PAUSE_TICKS)).take(15) {
                let (loud, quiet) = ticks.split_at(tick * SYLLABLE_TICKS);
                let (loud, quiet) = (dbov(loud), dbov(quiet));
                // Straight lines between samples take some of what is high.
                assert!((-46.0..-37.0).contains(&loud), "{rate_hz}: {loud}");
                assert!(quiet < -60.0, "{rate_hz}: {quiet}");
            }
            let line = line(rate_hz);
            assert_eq!(line.len(), sound.len());
            assert!((dbov(&line) + 65.0).abs() < 0.2, "{}", dbov(&line));
            assert!(dbov(&voice(rate_hz)) > -30.0);
        }
    }
}
