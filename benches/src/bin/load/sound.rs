//! What callers say and how an ear tells it from silence: G.711 mu-law payloads of 20 ms.
//!
//! ```text
//! second   |0---------------------------------------|1--
//! talker 0 |tone tone tone ......                    |tone
//! talker 1 |                    tone tone tone ......|
//! ```
//! Talkers take turns, so that each burst begins in a room that is quiet.

use std::f64::consts::TAU;

use crate::rtp::PAYLOAD_BYTES;

/// Packets of one caller in a second.
pub const TICKS_PER_S: u64 = 50;

/// One turn for each talker of a room.
const ROUND_TICKS: u64 = TICKS_PER_S;

/// Mu-law of zero.
const SILENCE: u8 = 0xff;

/// Pitch of a burst: a whole number of waves fits a packet, so that every packet is the same.
const TONE_HZ: f64 = 400.0;

const TONE_PEAK: f64 = 8_000.0;

/// Mu-law magnitude (the byte inverted, without its sign) of about 1,000: louder is no silence.
const LOUD: u8 = 0x31;

/// A packet's worth of sound.
pub type Payload = [u8; PAYLOAD_BYTES];

/// The two payloads there are.
#[derive(Debug)]
pub struct Sounds {
    pub silence: Payload,
    pub tone: Payload,
}

impl Sounds {
    pub fn new() -> Self {
        let step = TAU * TONE_HZ / 8_000.0;
        Self {
            silence: [SILENCE; PAYLOAD_BYTES],
            tone: std::array::from_fn(|n| mu_law((TONE_PEAK * (n as f64 * step).sin()) as i32)),
        }
    }
}

/// What a talker does in a tick.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Voice {
    Silent,
    /// The first packet of a burst.
    Begins,
    GoesOn,
}

/// What talker number `talker` of `talkers` does in a tick.
pub fn voice(tick: u64, talker: u64, talkers: u64) -> Voice {
    let turn_ticks = ROUND_TICKS / talkers;
    let burst_ticks = turn_ticks * 6 / 10;
    let into = (tick + ROUND_TICKS - talker * turn_ticks) % ROUND_TICKS;
    match into {
        0 => Voice::Begins,
        into if into < burst_ticks => Voice::GoesOn,
        _ => Voice::Silent,
    }
}

/// Index of the first loud sample of a payload.
pub fn onset(payload: &[u8]) -> Option<usize> {
    payload.iter().position(|byte| !byte & 0x7f >= LOUD)
}

/// One sample in mu-law (G.711, table 2a).
fn mu_law(sample: i32) -> u8 {
    const BIAS: i32 = 132;
    const CLIP: i32 = 32_635;
    let sign = if sample < 0 { 0x80 } else { 0 };
    let magnitude = sample.abs().min(CLIP) + BIAS;
    let segment = (31 - magnitude.leading_zeros()) - 7;
    let step = (magnitude >> (segment + 3)) & 0x0f;
    !(sign | (segment as u8) << 4 | step as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mu_law_values() {
        for (sample, byte) in [
            (0, 0xff),
            (-1, 0x7f),
            (32_767, 0x80),
            (-32_767, 0x00),
            (1_000, 0xce),
        ] {
            assert_eq!(mu_law(sample), byte, "{sample}");
        }
    }

    #[test]
    fn an_ear() {
        let sounds = Sounds::new();
        assert_eq!(onset(&sounds.silence), None);
        assert_eq!(onset(&sounds.tone), Some(1));
        let mut late = sounds.silence;
        late[100] = mu_law(-3_000);
        assert_eq!(onset(&late), Some(100));
    }

    /// In a second every talker has one burst, never two at once, and quiet before each.
    #[test]
    fn talkers_take_turns() {
        for talkers in 1..=5 {
            let mut quiet_ticks = 0;
            let mut begun = vec![0; talkers as usize];
            for tick in 0..150 {
                let voices: Vec<_> = (0..talkers).map(|t| voice(tick, t, talkers)).collect();
                let loud = voices.iter().filter(|v| **v != Voice::Silent).count();
                assert!(loud <= 1);
                if let Some(who) = voices.iter().position(|v| *v == Voice::Begins) {
                    assert!(tick == 0 || quiet_ticks >= 4, "{talkers} {tick}");
                    begun[who] += 1;
                }
                quiet_ticks = if loud == 0 { quiet_ticks + 1 } else { 0 };
            }
            assert_eq!(begun, vec![3; talkers as usize]);
        }
    }
}
