//! A spoken name: taken down from a line, then trimmed and brought to one loudness.

use confab_core::audio::TICK_SAMPLES;
use confab_core::audio::level::Power;

use super::Sound;

/// A name being taken down.
#[derive(Debug)]
pub(super) struct NameTake {
    /// made with all the room it will ever need
    samples: Vec<i16>,
}

impl NameTake {
    /// Takes down as much as there is room for.
    pub(super) fn new(room: Vec<i16>) -> Self {
        Self { samples: room }
    }

    /// Adds what fits; true when it is full.
    pub(super) fn push(&mut self, sound: &[i16]) -> bool {
        let free = self.samples.capacity() - self.samples.len();
        self.samples
            .extend_from_slice(&sound[..sound.len().min(free)]);
        sound.len() >= free
    }

    /// What was taken down.
    pub(super) fn into_samples(self) -> Vec<i16> {
        self.samples
    }
}

/// Room for a name of this length, in samples at 8 kHz.
pub(super) fn room_for(limit_ms: u32) -> Vec<i16> {
    Vec::with_capacity(limit_ms.min(LONGEST_MS) as usize * 8)
}

/// Cuts the silence off both ends and brings the rest to about -20 dBov, without clipping.
/// Empty when nothing was said.
pub(super) fn finish(mut samples: Vec<i16>) -> Sound {
    let loud = |tick: &[i16]| Power::of(tick).dbov() > SPEECH_DBOV;
    let Some(first) = samples.chunks(TICK_SAMPLES).position(loud) else {
        return Sound::from([]);
    };
    let last = samples
        .chunks(TICK_SAMPLES)
        .rposition(loud)
        .unwrap_or(first);
    // A tick more on both sides keeps soft beginnings and ends.
    let start = first.saturating_sub(1) * TICK_SAMPLES;
    let end = ((last + 2) * TICK_SAMPLES).min(samples.len());
    let name = &mut samples[start..end];
    let speech = Power(mean_power_of_speech(name));
    let peak = name
        .iter()
        .map(|s| s.unsigned_abs())
        .max()
        .unwrap_or(1)
        .max(1);
    let gain = 10f32
        .powf((GOAL_DBOV - speech.dbov()) / 20.0)
        .min(MOST_GAIN)
        .min(f32::from(i16::MAX) / f32::from(peak));
    for sample in name.iter_mut() {
        *sample = (f32::from(*sample) * gain) as i16;
    }
    Sound::from(&*name)
}

/// Pauses within the name do not make it louder.
fn mean_power_of_speech(samples: &[i16]) -> f32 {
    let (mut sum, mut ticks) = (0.0, 0.0);
    for power in samples.chunks(TICK_SAMPLES).map(Power::of) {
        if power.dbov() > SPEECH_DBOV {
            sum += power.0;
            ticks += 1.0;
        }
    }
    sum / f32::max(ticks, 1.0)
}

/// Nobody's name takes longer, whatever is asked for.
const LONGEST_MS: u32 = 10_000;
const SPEECH_DBOV: f32 = -45.0;
const GOAL_DBOV: f32 = -20.0;
/// 20 dB: more would make a sound of the noise of an empty line.
const MOST_GAIN: f32 = 10.0;

#[cfg(test)]
mod tests {
    use super::*;

    fn tone(peak: f32, len: usize) -> Vec<i16> {
        let step = 400.0 / 8_000.0 * std::f32::consts::TAU;
        (0..len)
            .map(|n| (peak * (n as f32 * step).sin()) as i16)
            .collect()
    }

    #[test]
    fn a_name_is_trimmed_and_levelled() {
        for peak in [1_000.0, 4_000.0, 30_000.0] {
            let said = [vec![0; 4_000], tone(peak, 4_800), vec![3; 8_000]].concat();
            let name = finish(said);
            assert!((4_800..=5_280).contains(&name.len()), "{}", name.len());
            let level = Power(mean_power_of_speech(&name)).dbov();
            assert!((level + 20.0).abs() < 0.5, "{level}");
        }
    }

    #[test]
    fn nothing_said_is_nothing() {
        assert!(finish(vec![]).is_empty());
        assert!(finish(vec![5; 8_000]).is_empty());
    }

    #[test]
    fn it_takes_no_more_than_it_has_room_for() {
        let mut take = NameTake::new(room_for(30));
        assert!(!take.push(&[1; 160]));
        assert!(take.push(&[2; 160]));
        assert_eq!(take.into_samples().len(), 240);
    }
}
