//! How a listener hears that a burst begins.
//!
//! In a quiet room it is the first loud sample: read off the bytes of mu-law, and after decoding in
//! other codecs. Where others make noise the tone of the burst is looked for: it is there when a
//! whole packet's length of sound goes with it, and began with the first wave that did.

use std::f32::consts::TAU;

use anyhow::Result;

use crate::codec::{Codec, Decoder};
use crate::intake::Nanos;
use crate::sound::TONE_HZ;

/// Packets in which a listener must have heard nothing before something begins.
const QUIET_PACKETS: u32 = 2;

/// Mu-law magnitude (the byte inverted, without its sign) of about 1,000: louder is no silence.
const LOUD_BYTE: u8 = 0x31;

/// The same as a sample: an eighth of what is sent.
const LOUD: u16 = 1_000;

/// Waves of the tone that are held together: 20 ms.
const WAVES: usize = 8;

/// Peak of the tone in them from which on it is there, a third of what is sent, and under which it
/// is not. Eight who speak at once, raised as far as may be, come to some 500.
const TONE_ON: f32 = 2_500.0;
const TONE_OFF: f32 = 1_000.0;

/// One listener's ear.
#[derive(Debug)]
pub struct Ear {
    way: Way,
    rate_hz: u32,
}

#[derive(Debug)]
enum Way {
    /// mu-law in a quiet room
    Bytes(Quiet),
    Samples(Decoder, Quiet),
    Tone(Decoder, Box<Tone>),
}

impl Ear {
    /// For a room in which others make noise, or a quiet one.
    pub fn new(codec: Codec, in_noise: bool) -> Result<Self> {
        let rate_hz = codec.rate().hz();
        let quiet = Quiet::default();
        Ok(Self {
            way: match (codec, in_noise) {
                (_, true) => Way::Tone(Decoder::new(codec)?, Box::new(Tone::new(rate_hz))),
                (Codec::Pcmu, false) => Way::Bytes(quiet),
                (_, false) => Way::Samples(Decoder::new(codec)?, quiet),
            },
            rate_hz,
        })
    }

    /// Hears a payload that came `at` a time. When something has begun, in it or in the one before:
    /// when the packet came in which it began, and later by how far into that packet.
    pub fn hear(&mut self, payload: &[u8], at: Nanos) -> Option<Nanos> {
        let rate_hz = Nanos::from(self.rate_hz);
        let time_of = |sample: usize| at + sample as Nanos * 1_000_000_000 / rate_hz;
        match &mut self.way {
            Way::Bytes(quiet) => {
                let loud = payload.iter().position(|byte| !byte & 0x7f >= LOUD_BYTE);
                quiet.ends(loud).map(time_of)
            }
            Way::Samples(decoder, quiet) => {
                let sound = decoder.decode(payload);
                let loud = sound.iter().position(|s| s.unsigned_abs() >= LOUD);
                quiet.ends(loud).map(time_of)
            }
            Way::Tone(decoder, tone) => tone.begins(&decoder.decode(payload), time_of),
        }
    }
}

/// How long nothing has been heard.
#[derive(Debug)]
struct Quiet {
    packets: u32,
}

impl Default for Quiet {
    /// Whatever comes first begins.
    fn default() -> Self {
        Self {
            packets: QUIET_PACKETS,
        }
    }
}

impl Quiet {
    /// A packet that is `loud` from this sample on, if it is: the same when that is a beginning.
    fn ends(&mut self, loud: Option<usize>) -> Option<usize> {
        if loud.is_none() {
            self.packets += 1;
            return None;
        }
        let before = std::mem::take(&mut self.packets);
        loud.filter(|_| before >= QUIET_PACKETS)
    }
}

/// Holds sound against the tone of the bursts, a wave at a time.
#[derive(Debug)]
struct Tone {
    /// one wave: sine and cosine
    wave: Vec<(f32, f32)>,
    /// the newest waves, the oldest first: the tone in them, and when they came
    newest: [(Phasor, Nanos); WAVES],
    is_on: bool,
}

/// How much of the tone is in something: in phase, and across.
type Phasor = (f32, f32);

impl Tone {
    fn new(rate_hz: u32) -> Self {
        let samples = rate_hz / TONE_HZ;
        let step = TAU / samples as f32;
        Self {
            wave: (0..samples).map(|n| (n as f32 * step).sin_cos()).collect(),
            newest: [((0.0, 0.0), 0); WAVES],
            is_on: false,
        }
    }

    /// When the tone began that has turned out to be there in this sound.
    fn begins(&mut self, sound: &[i16], time_of: impl Fn(usize) -> Nanos) -> Option<Nanos> {
        let mut began = None;
        let length = self.wave.len();
        for (number, part) in sound.chunks_exact(length).enumerate() {
            self.newest.rotate_left(1);
            self.newest[WAVES - 1] = (self.phasor(part), time_of(number * length));
            let sum = self.newest.iter().fold((0.0, 0.0), |sum, (phasor, _)| {
                (sum.0 + phasor.0, sum.1 + phasor.1)
            });
            let peak = sum.0.hypot(sum.1) / WAVES as f32;
            if !self.is_on && peak >= TONE_ON {
                self.is_on = true;
                began = Some(self.first_of(sum));
            } else if peak < TONE_OFF {
                self.is_on = false;
            }
        }
        began
    }

    /// When the first of the newest waves came that go with `tone`. Each counts for or against it
    /// by how much more or less than half of the most it has.
    fn first_of(&self, tone: Phasor) -> Nanos {
        let along = self.newest.map(|((sin, cos), at)| {
            let product = sin * tone.0 + cos * tone.1;
            (product / tone.0.hypot(tone.1), at)
        });
        let half = along.iter().map(|wave| wave.0).fold(0.0, f32::max) / 2.0;
        let (mut most, mut sum, mut first) = (0.0, 0.0, along[WAVES - 1].1);
        for (peak, at) in along.into_iter().rev() {
            sum += peak - half;
            if sum >= most {
                (most, first) = (sum, at);
            }
        }
        first
    }

    fn phasor(&self, part: &[i16]) -> Phasor {
        let (mut in_phase, mut across) = (0.0, 0.0);
        for (&sample, (sin, cos)) in part.iter().zip(&self.wave) {
            in_phase += f32::from(sample) * sin;
            across += f32::from(sample) * cos;
        }
        let scale = 2.0 / part.len() as f32;
        (in_phase * scale, across * scale)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::mu_law;
    use crate::sound::{Manner, Sounds};
    use clap::ValueEnum;

    const TICK_NS: Nanos = 20_000_000;

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
                let heard = (0..100).filter_map(|tick| ear.hear(said(tick), tick * TICK_NS));
                let heard: Vec<_> = heard.collect();
                assert_eq!(heard.len(), 2, "{codec:?} {in_noise} {heard:?}");
                for (tick, at) in [40, 90].into_iter().zip(heard) {
                    let late_ns = at - tick * TICK_NS;
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
            assert_eq!(ear.hear(&payload, 0), None);
        }
        payload[100] = mu_law(-3_000);
        assert_eq!(ear.hear(&payload, 7), Some(12_500_007));
        assert_eq!(ear.hear(&payload, 0), None, "it goes on");
    }

    /// Eight others at once, as loud as a gain makes them, are no burst; every burst among them is,
    /// and is heard where it begins, wherever in a packet that is.
    #[test]
    fn bursts_in_noise() {
        let sounds = Sounds::new(Codec::Pcmu, Manner::default(), 2).unwrap();
        let mut decoder = Decoder::new(Codec::Pcmu).unwrap();
        for shift in [0, 40, 80, 120, 150] {
            let mut ear = Ear::new(Codec::Pcmu, true).unwrap();
            let mut heard = Vec::new();
            let mut held = vec![0; 160];
            for tick in 0..1_000 {
                let mut mix = vec![0; 160];
                let mut add = |sound: &[i16], times: i32| {
                    let sum = mix.iter_mut().zip(sound);
                    sum.for_each(|(sum, sample)| *sum += times * i32::from(*sample));
                };
                for caller in 0..8 {
                    let said = sounds.said(tick, caller, None, true).unwrap();
                    add(&decoder.decode(said), 5);
                }
                // What a caller says comes later by `shift` samples.
                let into = (tick >= 300).then_some(tick % 50);
                let said = sounds.said(tick, 0, into, false).unwrap();
                held.extend(decoder.decode(said));
                add(&held[160 - shift..320 - shift], 1);
                held.drain(..160);
                let mix: Vec<u8> = mix.into_iter().map(mu_law).collect();
                heard.extend(ear.hear(&mix, tick * TICK_NS));
            }
            let late_ns = (300..1_000).step_by(50).zip(&heard);
            let late_ns: Vec<i64> = late_ns
                .map(|(tick, heard)| *heard as i64 - (tick * TICK_NS) as i64)
                .collect();
            assert_eq!((heard.len(), late_ns.len()), (14, 14), "{shift}");
            let expected = shift as i64 * 125_000;
            let right = expected - 2_500_000..=expected + 2_500_000;
            assert!(
                late_ns.iter().all(|l| right.contains(l)),
                "{shift} {late_ns:?}"
            );
        }
    }
}
