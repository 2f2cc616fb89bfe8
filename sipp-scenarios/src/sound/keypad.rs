//! Keys as tones (ITU-T Q.23), for phones that know no other way.

use super::{PER_MS, RATE_HZ};

const KEYPAD: &str = "123A456B789C*0#D";
const ROWS_HZ: [f64; 4] = [697.0, 770.0, 852.0, 941.0];
const COLUMNS_HZ: [f64; 4] = [1_209.0, 1_336.0, 1_477.0, 1_633.0];

/// The eight frequencies.
pub fn frequencies() -> impl Iterator<Item = u32> {
    ROWS_HZ.into_iter().chain(COLUMNS_HZ).map(|hz| hz as u32)
}

/// Amplitude of each of the two tones: -9 dBm0, as loud as telephones key.
pub const AMPLITUDE: f64 = 8_000.0;

/// The keys of a text, each down for `on_ms` and followed by `off_ms` of silence. What is no key
/// is a pause of its own.
pub fn tones(keys: &str, on_ms: usize, off_ms: usize) -> Vec<i16> {
    let mut sound = Vec::new();
    for key in keys.chars() {
        let place = KEYPAD.find(key);
        let sample = |n: usize| {
            let Some(place) = place else { return 0 };
            let turn = n as f64 / f64::from(RATE_HZ) * std::f64::consts::TAU;
            let both = (turn * ROWS_HZ[place / 4]).sin() + (turn * COLUMNS_HZ[place % 4]).sin();
            (AMPLITUDE * both) as i16
        };
        sound.extend((0..on_ms * PER_MS).map(sample));
        sound.extend(std::iter::repeat_n(0, off_ms * PER_MS));
    }
    sound
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sound::tone::tone_level_dbov;

    #[test]
    fn a_key_is_two_tones() {
        let sound = tones("6", 200, 100);
        assert_eq!(sound.len(), 300 * PER_MS);
        let level = |hz| tone_level_dbov(&sound[..200 * PER_MS], hz);
        for hz in frequencies() {
            let is_of_6 = hz == 770 || hz == 1_477;
            assert_eq!(level(hz) > -20.0, is_of_6, "{hz} Hz at {}", level(hz));
        }
        assert!(sound[200 * PER_MS..].iter().all(|&s| s == 0));
    }
}
