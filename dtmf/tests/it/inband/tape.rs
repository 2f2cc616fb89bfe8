//! Test tapes: tones, noise, dial tone, speech-like hum, what a telephone line does to them; and
//! the detector run over them in frames of 20 ms. Everything comes from a seed.

use confab_dtmf::Key;
use confab_dtmf::inband::{Detector, Found, Origin};

/// Samples in a millisecond.
pub const PER_MS: usize = 8;
/// Samples in a frame.
pub const FRAME: usize = 160;

pub const KEYPAD: &str = "123A456B789C*0#D";
const ROWS_HZ: [f64; 4] = [697.0, 770.0, 852.0, 941.0];
const COLUMNS_HZ: [f64; 4] = [1209.0, 1336.0, 1477.0, 1633.0];

/// How keys sound.
#[derive(Clone, Copy, Debug)]
pub struct Tones {
    /// levels of row and column
    pub row_dbm0: f64,
    pub column_dbm0: f64,
    /// deviation from the frequencies, in per cent
    pub row_off: f64,
    pub column_off: f64,
    pub on_ms: f64,
    pub off_ms: f64,
}

impl Default for Tones {
    fn default() -> Self {
        Self {
            row_dbm0: -12.0,
            column_dbm0: -12.0,
            row_off: 0.0,
            column_off: 0.0,
            on_ms: 50.0,
            off_ms: 50.0,
        }
    }
}

impl Tones {
    pub fn lasting(on_ms: f64, off_ms: f64) -> Self {
        Self {
            on_ms,
            off_ms,
            ..Self::default()
        }
    }

    pub fn at(row_dbm0: f64, column_dbm0: f64) -> Self {
        Self {
            row_dbm0,
            column_dbm0,
            ..Self::default()
        }
    }

    pub fn off_by(row_off: f64, column_off: f64) -> Self {
        Self {
            row_off,
            column_off,
            ..Self::default()
        }
    }
}

/// The peak of a sine of this level: +3.14 dBm0 is the loudest G.711 can say (G.711, 4).
pub fn peak(dbm0: f64) -> f64 {
    32_767.0 * 10f64.powf((dbm0 - LOUDEST_DBM0) / 20.0)
}

const LOUDEST_DBM0: f64 = 314.0 / 100.0;

/// Numbers without a pattern that matters here, the same for the same seed.
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// Evenly from 0 to 1.
    pub fn next(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Of mean 0 and deviation 1, nearly normal.
    pub fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.next()).sum::<f64>() - 6.0
    }
}

/// A stretch of sound.
#[derive(Clone, Debug, Default)]
pub struct Tape {
    pub sound: Vec<f64>,
}

impl Tape {
    pub fn silence(ms: f64) -> Self {
        Self {
            sound: vec![0.0; (ms * PER_MS as f64) as usize],
        }
    }

    pub fn rest(mut self, ms: f64) -> Self {
        self.sound.extend(Self::silence(ms).sound);
        self
    }

    /// Presses keys, each with its pause.
    pub fn press(mut self, keys: &str, tones: Tones) -> Self {
        for key in keys.chars() {
            let place = KEYPAD.find(key).unwrap();
            let row = ROWS_HZ[place / 4] * (1.0 + tones.row_off / 100.0);
            let column = COLUMNS_HZ[place % 4] * (1.0 + tones.column_off / 100.0);
            // phones do not begin at a zero crossing; where differs from key to key
            let phase = place as f64;
            for n in 0..(tones.on_ms * PER_MS as f64) as usize {
                let turn = n as f64 / 8_000.0 * std::f64::consts::TAU;
                self.sound.push(
                    peak(tones.row_dbm0) * (turn * row + phase).sin()
                        + peak(tones.column_dbm0) * (turn * column + 2.3 * phase).sin(),
                );
            }
            self = self.rest(tones.off_ms);
        }
        self
    }

    /// Adds a sine all along.
    pub fn with_tone(mut self, hz: f64, dbm0: f64) -> Self {
        for (n, sample) in self.sound.iter_mut().enumerate() {
            *sample += peak(dbm0) * (n as f64 * hz / 8_000.0 * std::f64::consts::TAU).sin();
        }
        self
    }

    /// Adds white noise of this level over the whole band.
    pub fn with_noise(mut self, dbm0: f64, seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let deviation = peak(dbm0) / 2f64.sqrt();
        for sample in &mut self.sound {
            *sample += deviation * dice.normal();
        }
        self
    }

    /// Adds the sound once more, later and weaker.
    pub fn with_echo(mut self, ms: f64, db: f64) -> Self {
        let (delay, gain) = ((ms * PER_MS as f64) as usize, 10f64.powf(db / 20.0));
        for n in (delay..self.sound.len()).rev() {
            self.sound[n] += gain * self.sound[n - delay];
        }
        self
    }

    /// As 16 bits, clipped.
    pub fn samples(&self) -> Vec<i16> {
        let clip = |s: &f64| s.round().clamp(-32_768.0, 32_767.0) as i16;
        self.sound.iter().map(clip).collect()
    }

    /// The keys that are found in it.
    pub fn keys(&self) -> String {
        keys(&self.samples())
    }
}

/// The keys in some sound, fed as frames.
pub fn keys(samples: &[i16]) -> String {
    let mut detector = Detector::default();
    let found = |frame: &[i16]| detector.hear(frame, Origin::Line).key;
    samples
        .chunks_exact(FRAME)
        .filter_map(found)
        .map(Key::as_char)
        .collect()
}

/// What is left of some sound for others to hear, and the keys in it.
pub fn cut(samples: &[i16]) -> (Vec<i16>, String) {
    let (mut detector, mut keys) = (Detector::default(), String::new());
    let mut left = Vec::with_capacity(samples.len());
    for frame in samples.chunks_exact(FRAME) {
        let mut frame = frame.to_vec();
        let found: Found = detector.hear(&frame, Origin::Line);
        detector.cut(&mut frame, found);
        keys.extend(found.key.map(Key::as_char));
        left.extend(frame);
    }
    (left, keys)
}

/// Through G.711 and back. The laws are written out as curves, apart from the program's tables.
pub fn mu_law(samples: &[i16]) -> Vec<i16> {
    let step = |s: i16| {
        let size = f64::from(s.unsigned_abs().min(32_635)) + 132.0;
        let segment = (size.log2().floor() - 7.0).max(0.0);
        let width = 8.0 * segment.exp2();
        let value = ((size / width).floor() + 0.5) * width - 132.0;
        (if s < 0 { -value } else { value }) as i16
    };
    samples.iter().map(|&s| step(s)).collect()
}

/// See [`mu_law`].
pub fn a_law(samples: &[i16]) -> Vec<i16> {
    let step = |s: i16| {
        let size = f64::from(s.unsigned_abs());
        let segment = (size.max(256.0).log2().floor() - 8.0).min(6.0);
        let width = 16.0 * segment.exp2();
        let value = ((size / width).floor() + 0.5) * width;
        (if s < 0 { -value } else { value }).clamp(-32_768.0, 32_767.0) as i16
    };
    samples.iter().map(|&s| step(s)).collect()
}
