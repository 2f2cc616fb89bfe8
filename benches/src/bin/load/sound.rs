//! What callers say, encoded before anybody says it.
//!
//! ```text
//! round    |0---------------------------------------|1--
//! talker 0 |tone tone tone ......                    |tone
//! talker 1 |                    tone tone tone ......|
//! noisy    |hiss ..... hiss ..... hiss ..... hiss ....
//! ```
//! Talkers take turns, so that each burst begins in a room without another. Noisy callers never
//! end: syllables that keep a gate open, with pauses by which it knows the line's own noise. There
//! is next to nothing in them at the pitch of the bursts, so that these can be told apart.

use std::f64::consts::TAU;

use anyhow::Result;

use crate::codec::{Codec, Encoder};

/// Packets of one caller in a second.
pub const TICKS_PER_S: u64 = 50;

/// More talkers than this cannot take turns: the others of them are noisy.
pub const TURNS_MAX: usize = 5;

/// One turn for each talker of a room.
const ROUND_TICKS: u64 = TICKS_PER_S;

/// Pitch of a burst: whole waves fit a packet, so that every packet of G.711 is the same.
pub const TONE_HZ: u32 = 400;

const TONE_PEAK: f64 = 8_000.0;

/// What is encoded behind a burst, for the decoder to become quiet.
const TAIL_TICKS: u64 = 4;

/// Silence before what is recorded, for the encoder to settle.
const SETTLE_TICKS: usize = 50;

/// Length of what noisy callers repeat; each is at a place of its own in it.
const NOISE_TICKS: usize = 199;

/// A syllable and a pause; the gate of a line stays open for 400 ms.
const SYLLABLE_TICKS: usize = 8;
const PAUSE_TICKS: usize = 5;

/// Root mean square of syllables, one after the other: around -40 dBov.
const SYLLABLES: [f64; 5] = [330.0, 250.0, 420.0, 290.0, 370.0];

/// That of pauses: -66 dBov.
const PAUSE: f64 = 16.0;

/// The payloads that there are.
#[derive(Debug)]
pub struct Sounds {
    pub silence: Vec<u8>,
    burst: Vec<Vec<u8>>,
    noise: Vec<Vec<u8>>,
}

impl Sounds {
    /// For rooms in which so many take turns.
    pub fn new(codec: Codec, talkers: u64) -> Result<Self> {
        let samples = codec.rate_hz() as usize / TICKS_PER_S as usize;
        let quiet = vec![0; samples];
        let mut encoder = Encoder::new(codec)?;
        let mut silence = Vec::new();
        for _ in 0..SETTLE_TICKS {
            silence = encoder.encode(&quiet)?;
        }
        let tone = tone(codec.rate_hz(), samples);
        let burst = (0..burst_ticks(talkers) + TAIL_TICKS).map(|tick| {
            let tone_now = tick < burst_ticks(talkers);
            encoder.encode(if tone_now { &tone } else { &quiet })
        });
        let burst = burst.collect::<Result<_>>()?;
        let hiss = hiss(codec.rate_hz());
        let noise = hiss.chunks(samples).map(|sound| encoder.encode(sound));
        Ok(Self {
            silence,
            burst,
            noise: noise.collect::<Result<_>>()?,
        })
    }

    /// What a talker sends so many ticks after the begin of its turn; nothing when it is over.
    pub fn burst(&self, into: u64) -> Option<&[u8]> {
        self.burst.get(into as usize).map(Vec::as_slice)
    }

    /// What noisy caller number `caller` sends in a tick.
    pub fn noise(&self, tick: u64, caller: usize) -> &[u8] {
        // A stride without a common divisor spreads callers over the whole.
        let at = tick as usize + caller * 37;
        &self.noise[at % self.noise.len()]
    }
}

/// Ticks since talker number `talker` of `talkers` began its turn.
pub fn into_turn(tick: u64, talker: u64, talkers: u64) -> u64 {
    (tick + ROUND_TICKS - talker * (ROUND_TICKS / talkers)) % ROUND_TICKS
}

/// Ticks of a turn in which there is a tone.
fn burst_ticks(talkers: u64) -> u64 {
    ROUND_TICKS / talkers * 6 / 10
}

fn tone(rate_hz: u32, samples: usize) -> Vec<i16> {
    let step = TAU * f64::from(TONE_HZ) / f64::from(rate_hz);
    (0..samples)
        .map(|n| (TONE_PEAK * (n as f64 * step).sin()) as i16)
        .collect()
}

/// Random numbers twice differentiated, which takes away what is low, at the telephone's rate and
/// brought up to another by straight lines.
fn hiss(rate_hz: u32) -> Vec<i16> {
    const AT_8_KHZ: usize = 160;
    let mut seed = 0x2545_f491_4f6c_dd1d_u64;
    // Between -1 and 1, the same in every run (xorshift64).
    let mut random = || {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        (seed >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
    };
    let (mut last, mut before) = (0.0, 0.0);
    let at_8_khz = (0..NOISE_TICKS * AT_8_KHZ).map(|n| {
        let now = random();
        let high = now - 2.0 * last + before;
        (last, before) = (now, last);
        // Six times the power of the numbers, which is a third.
        high / 2.0_f64.sqrt() * level(n / AT_8_KHZ)
    });
    let steps = rate_hz as usize / 8_000;
    let mut from = 0.0;
    let mut sound = Vec::with_capacity(NOISE_TICKS * AT_8_KHZ * steps);
    for to in at_8_khz {
        let part = |step: usize| from + (to - from) * step as f64 / steps as f64;
        sound.extend((1..=steps).map(|step| part(step) as i16));
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
    fn hiss_is_as_loud_as_said() {
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
        }
    }

    /// In a second every talker has one burst, never two at once, and quiet before each.
    #[test]
    fn talkers_take_turns() {
        for talkers in 1..=TURNS_MAX as u64 {
            let mut quiet_ticks = 0;
            let mut begun = vec![0; talkers as usize];
            for tick in 0..150 {
                let into = (0..talkers).map(|talker| into_turn(tick, talker, talkers));
                let into: Vec<u64> = into.collect();
                let loud = into.iter().filter(|&&i| i < burst_ticks(talkers)).count();
                assert!(loud <= 1);
                if let Some(who) = into.iter().position(|&into| into == 0) {
                    assert!(tick == 0 || quiet_ticks >= 4, "{talkers} {tick}");
                    begun[who] += 1;
                }
                quiet_ticks = if loud == 0 { quiet_ticks + 1 } else { 0 };
            }
            assert_eq!(begun, vec![3; talkers as usize]);
        }
    }

    #[test]
    fn payloads_are_those_of_the_codec() {
        for (codec, bytes) in [(Codec::Pcmu, 160), (Codec::G722, 160)] {
            let sounds = Sounds::new(codec, 2).unwrap();
            assert_eq!(sounds.silence.len(), bytes);
            assert_eq!(sounds.burst(0).unwrap().len(), bytes);
            assert_eq!(sounds.burst(19), None);
            assert_eq!(sounds.noise(1_000, 499).len(), bytes);
        }
        let sounds = Sounds::new(Codec::Opus, 5).unwrap();
        assert!(sounds.silence.len() < sounds.burst(3).unwrap().len());
    }
}
