//! What was counted: keys heard, sound cut, hours listened. And what is done to sound before.

use confab_core::audio::g711::{self, Law};
use confab_core::audio::level::Power;
use confab_dtmf::inband::{Detector, HOP_SAMPLES, Origin};

const PER_MS: u64 = 8;
const FRAME: usize = 160;

/// Counts of some sound.
#[derive(Debug, Default)]
pub struct Tally {
    samples: u64,
    /// hops louder than [`LOUD_DBOV`], and those of them that would have been cut
    loud_hops: u64,
    cut_hops: u64,
    keys: u64,
    pub keys_beside: u64,
    /// milliseconds from the beginning, and the key
    pub places: Vec<(u64, char)>,
}

impl Tally {
    /// Plays the sound to the detector, and then some silence.
    pub fn listen(&mut self, samples: &[i16]) {
        let mut detector = Detector::default();
        for (number, frame) in samples.chunks_exact(FRAME).enumerate() {
            let found = detector.hear(frame, Origin::Line);
            if let Some(key) = found.key {
                self.keys += 1;
                let at_ms = (number * FRAME) as u64 / PER_MS;
                self.places.push((at_ms, key.as_char()));
            }
            for (number, hop) in frame.chunks(HOP_SAMPLES).enumerate() {
                if Power::of(hop).dbov() > LOUD_DBOV {
                    self.loud_hops += 1;
                    self.cut_hops += u64::from(found.tone >> number & 1);
                }
            }
        }
        self.samples += samples.len() as u64;
    }

    pub fn add(&mut self, other: &Self) {
        self.samples += other.samples;
        self.loud_hops += other.loud_hops;
        self.cut_hops += other.cut_hops;
        self.keys += other.keys;
        self.keys_beside += other.keys_beside;
    }

    pub fn hours(&self) -> f64 {
        self.samples as f64 / PER_MS as f64 / 3_600_000.0
    }

    pub fn heading() -> String {
        format!(
            "{:>8} {:>5} {:>7} {:>7} {:>8} {:>8}  sound",
            "minutes", "keys", "beside", "per h", "beside", "cut"
        )
    }

    pub fn row(&self, name: &str) -> String {
        let per_hour = |keys: u64| keys as f64 / self.hours().max(1e-9);
        format!(
            "{:>8.1} {:>5} {:>7} {:>7.2} {:>8.2} {:>7.4}%  {name}",
            self.hours() * 60.0,
            self.keys,
            self.keys_beside,
            per_hour(self.keys),
            per_hour(self.keys_beside),
            100.0 * self.cut_hops as f64 / self.loud_hops.max(1) as f64,
        )
    }
}

/// Brings the loud parts of some sound to a mean level, as far as nothing is clipped.
pub fn bring_to(samples: &mut [i16], dbm0: f64) {
    let (mut sum, mut count) = (0.0, 0u32);
    for power in samples.chunks(FRAME).map(Power::of) {
        if power.dbov() > LOUD_DBOV {
            sum += f64::from(power.0);
            count += 1;
        }
    }
    if count == 0 {
        return;
    }
    let is_dbm0 = 10.0 * (sum / f64::from(count)).log10() + DBOV_TO_DBM0;
    let gain = 10f64.powf((dbm0 - is_dbm0) / 20.0);
    for sample in samples {
        *sample = (f64::from(*sample) * gain).clamp(-32_768.0, 32_767.0) as i16;
    }
}

pub fn through_a_law(samples: &mut [i16]) {
    let mut codes = vec![0; samples.len()];
    g711::encode(Law::A, samples, &mut codes);
    g711::decode(Law::A, &codes, samples);
}

const LOUD_DBOV: f32 = -45.0;
/// A full-scale sine is at -3.01 dBov and +3.14 dBm0.
const DBOV_TO_DBM0: f64 = 6.15;
