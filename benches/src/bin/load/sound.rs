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
use crate::noise::{self, NOISE_TICKS};

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

/// How phones behave when nobody speaks into them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Manner {
    /// they send the noise of a quiet line, not digital silence
    pub open_line: bool,
    /// they send next to nothing in silence (Opus)
    pub dtx: bool,
}

/// The payloads that there are. Where one is missing, nothing is sent.
#[derive(Debug)]
pub struct Sounds {
    quiet: Vec<Payload>,
    burst: Vec<Payload>,
    /// how much of the burst there is when noise follows
    burst_ticks: u64,
    noise: Vec<Payload>,
}

type Payload = Option<Vec<u8>>;

impl Sounds {
    /// For rooms in which so many take turns.
    pub fn new(codec: Codec, manner: Manner, talkers: u64) -> Result<Self> {
        let rate_hz = codec.rate().hz();
        let samples = rate_hz as usize / TICKS_PER_S as usize;
        let line = match manner.open_line {
            true => noise::line(rate_hz),
            false => vec![0; samples * NOISE_TICKS],
        };
        let mut line = line.chunks(samples).cycle();
        let mut encoder = Encoder::new(codec, manner.dtx)?;
        if manner.dtx {
            // libopus takes noise for silence only beside what it has heard before.
            for sound in noise::voice(rate_hz).chunks(samples) {
                encoder.encode(sound)?;
            }
        }
        let settle = SETTLE_TICKS * if manner.dtx { 5 } else { 1 };
        for sound in line.by_ref().take(settle) {
            encoder.encode(sound)?;
        }
        let quiet_ticks = if manner == Manner::default() {
            1
        } else {
            NOISE_TICKS
        };
        let quiet = line
            .by_ref()
            .take(quiet_ticks)
            .map(|sound| encoder.encode(sound));
        let quiet = quiet.collect::<Result<_>>()?;

        // With nothing to be sent in silence, the whole of a turn differs from the next quiet one.
        let tone = tone(rate_hz, samples);
        let short = burst_ticks(talkers) + TAIL_TICKS;
        let (before, length) = match manner.dtx {
            true => (2 * ROUND_TICKS, ROUND_TICKS),
            false => (0, short),
        };
        let mut burst = Vec::new();
        for (tick, sound) in (0..before + length).zip(line) {
            let tone_now = tick % ROUND_TICKS < burst_ticks(talkers);
            let payload = encoder.encode(if tone_now { &tone } else { sound })?;
            if tick >= before {
                burst.push(payload);
            }
        }
        // One that has not heard how much louder bursts are.
        let mut encoder = Encoder::new(codec, manner.dtx)?;
        let hiss = noise::hiss(rate_hz);
        let noise = hiss.chunks(samples).map(|sound| encoder.encode(sound));
        Ok(Self {
            quiet,
            burst,
            burst_ticks: short,
            noise: noise.collect::<Result<_>>()?,
        })
    }

    /// What caller number `caller` sends in a tick, `into` ticks after the begin of its turn if it
    /// has one; nothing when nothing need be sent.
    pub fn said(&self, tick: u64, caller: usize, into: Option<u64>, noisy: bool) -> Option<&[u8]> {
        let into = into.filter(|&into| !noisy || into < self.burst_ticks);
        let burst = into.and_then(|into| self.burst.get(into as usize));
        let payload = burst.unwrap_or_else(|| {
            let repeated = if noisy { &self.noise } else { &self.quiet };
            // A stride without a common divisor spreads callers over the whole.
            let at = tick as usize + caller * 37;
            &repeated[at % repeated.len()]
        });
        payload.as_deref()
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

#[cfg(test)]
mod tests {
    use super::*;

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
        for open_line in [false, true] {
            let manner = Manner {
                open_line,
                dtx: false,
            };
            for codec in [Codec::Pcmu, Codec::G722] {
                let sounds = Sounds::new(codec, manner, 2).unwrap();
                let said = |into, noisy| sounds.said(1_000, 499, into, noisy).unwrap();
                for payload in [said(None, false), said(Some(0), false), said(None, true)] {
                    assert_eq!(payload.len(), 160);
                }
                assert_ne!(said(Some(18), false), said(None, true));
                assert_eq!(said(Some(19), false), said(None, false));
                assert_eq!(said(Some(19), true), said(None, true));
                let moves = said(None, false) != sounds.said(1_001, 499, None, false).unwrap();
                assert_eq!(moves, open_line, "{codec:?}");
            }
        }
        let sounds = Sounds::new(Codec::Opus, Manner::default(), 5).unwrap();
        let length = |into| sounds.said(0, 0, into, false).unwrap().len();
        assert!(length(None) < length(Some(3)));
    }

    /// One packet in 21 on a quiet line; bursts and noise are whole.
    #[test]
    fn silence_is_left_out() {
        for open_line in [false, true] {
            let manner = Manner {
                open_line,
                dtx: true,
            };
            let sounds = Sounds::new(Codec::Opus, manner, 2).unwrap();
            let count = |into: fn(u64) -> Option<u64>, ticks: u64, noisy| {
                let said = (0..ticks).filter_map(|t| sounds.said(t, 3, into(t), noisy));
                said.count()
            };
            let quiet = count(|_| None, NOISE_TICKS as u64, false);
            assert!((9..=11).contains(&quiet), "{open_line}: {quiet}");
            assert_eq!(count(Some, burst_ticks(2), false), 15);
            let round = count(Some, ROUND_TICKS, false);
            // Behind a tone libopus takes noise for sound for longer than this.
            let most = if open_line { 50 } else { 30 };
            assert!((20..=most).contains(&round), "{open_line}: {round}");
            assert!(count(|_| None, 150, true) > 140);
        }
    }
}
