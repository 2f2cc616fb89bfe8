//! How a listener hears that a burst begins.
//!
//! In a quiet room it is the first loud sample: read off the bytes of mu-law, and after decoding in
//! other codecs. Where others make noise it is the first wave of the tone that is in the sound.

use std::f32::consts::TAU;

use anyhow::Result;

use crate::codec::{Codec, Decoder};
use crate::intake::Nanos;
use crate::sound::TONE_HZ;

/// Packets in which a listener must have heard nothing before something begins.
const QUIET_PACKETS: u32 = 2;

/// Mu-law magnitude (the byte inverted, without its sign) of about 1,000: louder is no silence.
const LOUD_BYTE: u8 = 0x31;

/// The same as a sample, and as the peak of a tone: an eighth of what is sent.
const LOUD: u16 = 1_000;

/// One listener's ear.
#[derive(Debug)]
pub struct Ear {
    way: Way,
    rate_hz: u32,
    quiet_packets: u32,
}

#[derive(Debug)]
enum Way {
    /// mu-law in a quiet room
    Bytes,
    Samples(Decoder),
    Tone(Decoder, Wave),
}

impl Ear {
    /// For a room in which others make noise, or a quiet one.
    pub fn new(codec: Codec, in_noise: bool) -> Result<Self> {
        let rate_hz = codec.rate_hz();
        Ok(Self {
            way: match (codec, in_noise) {
                (_, true) => Way::Tone(Decoder::new(codec)?, Wave::new(rate_hz)),
                (Codec::Pcmu, false) => Way::Bytes,
                (_, false) => Way::Samples(Decoder::new(codec)?),
            },
            rate_hz,
            // Whatever comes first begins.
            quiet_packets: QUIET_PACKETS,
        })
    }

    /// Hears a payload. When something begins in it: how long after its first sample.
    pub fn hear(&mut self, payload: &[u8]) -> Option<Nanos> {
        let Some(onset) = self.way.onset(payload) else {
            self.quiet_packets += 1;
            return None;
        };
        let begins = self.quiet_packets >= QUIET_PACKETS;
        self.quiet_packets = 0;
        begins.then(|| onset as Nanos * 1_000_000_000 / Nanos::from(self.rate_hz))
    }
}

impl Way {
    /// Index of the first sample that is heard.
    fn onset(&mut self, payload: &[u8]) -> Option<usize> {
        match self {
            Self::Bytes => payload.iter().position(|byte| !byte & 0x7f >= LOUD_BYTE),
            Self::Samples(decoder) => {
                let sound = decoder.decode(payload);
                sound.iter().position(|s| s.unsigned_abs() >= LOUD)
            }
            Self::Tone(decoder, wave) => wave.first_in(&decoder.decode(payload)),
        }
    }
}

/// One wave of the tone, against which sound is held.
#[derive(Debug)]
struct Wave(Vec<(f32, f32)>);

impl Wave {
    fn new(rate_hz: u32) -> Self {
        let samples = rate_hz / TONE_HZ;
        let step = TAU / samples as f32;
        Self((0..samples).map(|n| (n as f32 * step).sin_cos()).collect())
    }

    /// Index of the first wave's first sample in which the tone is.
    fn first_in(&self, sound: &[i16]) -> Option<usize> {
        let length = self.0.len();
        let waves = sound.chunks_exact(length);
        let at = waves.map(|part| self.peak_in(part));
        at.enumerate()
            .find(|&(_, peak)| peak >= f32::from(LOUD))
            .map(|(number, _)| number * length)
    }

    fn peak_in(&self, part: &[i16]) -> f32 {
        let (mut in_phase, mut across) = (0.0, 0.0);
        for (&sample, (sin, cos)) in part.iter().zip(&self.0) {
            in_phase += f32::from(sample) * sin;
            across += f32::from(sample) * cos;
        }
        in_phase.hypot(across) * 2.0 / part.len() as f32
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::mu_law;
    use crate::sound::{Manner, Sounds};
    use clap::ValueEnum;

    /// Bursts are heard where they begin, by each way, and nothing else is.
    #[test]
    fn bursts_begin() {
        for codec in Codec::value_variants() {
            for in_noise in [false, true] {
                let sounds = Sounds::new(*codec, Manner::default(), 2).unwrap();
                let mut ear = Ear::new(*codec, in_noise).unwrap();
                let said = |tick: u64| {
                    let into = (tick % 50).checked_sub(40);
                    sounds.said(tick, 0, into, false).unwrap()
                };
                let heard = (0..100).filter_map(|tick| Some((tick, ear.hear(said(tick))?)));
                let heard: Vec<_> = heard.collect();
                assert_eq!(heard.len(), 2, "{codec:?} {in_noise} {heard:?}");
                for (tick, (at, after)) in [40, 90].into_iter().zip(heard) {
                    let late_ns = (at - tick) * 20_000_000 + after;
                    assert!(late_ns < 15_000_000, "{codec:?} {in_noise} {late_ns}");
                }
            }
        }
    }

    #[test]
    fn loud_bytes() {
        let mut ear = Ear::new(Codec::Pcmu, false).unwrap();
        let mut payload = [0xff; 160];
        for _ in 0..2 {
            assert_eq!(ear.hear(&payload), None);
        }
        payload[100] = mu_law(-3_000);
        assert_eq!(ear.hear(&payload), Some(12_500_000));
        assert_eq!(ear.hear(&payload), None, "it goes on");
    }

    /// Eight others at once, and as loud as a gain makes them, are no burst; a burst among them is.
    #[test]
    fn a_burst_in_noise() {
        let sounds = Sounds::new(Codec::Pcmu, Manner::default(), 2).unwrap();
        let mut ear = Ear::new(Codec::Pcmu, true).unwrap();
        let mut decoder = Decoder::new(Codec::Pcmu).unwrap();
        let mut heard = Vec::new();
        for tick in 0..400 {
            let mut mix = vec![0; 160];
            let mut add = |payload: &[u8], times: i32| {
                let sound = decoder.decode(payload);
                mix.iter_mut()
                    .zip(sound)
                    .for_each(|(sum, sample)| *sum += times * i32::from(sample));
            };
            for caller in 0..8 {
                add(sounds.said(tick, caller, None, true).unwrap(), 5);
            }
            if tick >= 300 {
                add(sounds.said(tick, 0, Some(tick - 300), false).unwrap(), 1);
            }
            let mix: Vec<u8> = mix.into_iter().map(mu_law).collect();
            heard.extend(ear.hear(&mix).map(|after| (tick, after)));
        }
        assert_eq!(heard, [(300, 0)]);
    }
}
