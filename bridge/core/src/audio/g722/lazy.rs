//! Decodes exact silence only when it ends. The octets that G.722 makes of it are others all the
//! time; but what they say of the upper band is always the least there is, as of no sound that a
//! microphone hears, not even of noise by half a step of 16 bits.
//!
//! ```text
//!   decoded, each sample faint for a second --the least in the upper band--> kept, silence given
//!   anything else, or eight seconds more are over -> what was kept last is decoded, for the state
//! ```

use super::super::decode;
use super::super::stream::Codec;
use super::Decoder;

/// Decodes one stream.
#[derive(Debug, Default)]
pub struct LazyDecoder {
    decoder: Decoder,
    kept: Kept,
    /// octets in a row that were decoded and in which nothing was
    faint: usize,
    /// octets that were not, since
    since: usize,
}

impl decode::Decoder for LazyDecoder {
    fn codec(&self) -> Codec {
        Codec::G722
    }

    fn samples_in(&self, payload: &[u8]) -> Option<usize> {
        Some(2 * payload.len())
    }

    fn decode(&mut self, payload: &[u8], out: &mut [i16]) {
        if self.faint >= SURE && is_like_silence(payload) && self.since < LOOK {
            self.kept.push(payload);
            self.since += payload.len();
            out.fill(0);
            return;
        }
        self.catch_up();
        self.decoder.decode(payload, out);
        self.faint = match is_faint(out) {
            true => self.faint.saturating_add(payload.len()),
            false => 0,
        };
    }

    fn restart(&mut self) {
        *self = Self::default();
    }
}

impl LazyDecoder {
    /// Decodes what is kept, for nobody.
    fn catch_up(&mut self) {
        if self.since > 0 {
            for octets in self.kept.take() {
                self.decoder.decode(octets, &mut [0; 2 * KEPT]);
            }
            self.since = 0;
        }
    }
}

/// Looks at all of it, as a processor does that with many at once.
fn is_faint(sound: &[i16]) -> bool {
    let peak = |peak: u16, &sample: &i16| peak.max(sample.unsigned_abs());
    sound.iter().fold(0, peak) <= FAINT
}

fn is_like_silence(payload: &[u8]) -> bool {
    payload.iter().fold(LEAST, |all, octet| all & octet) == LEAST
}

/// The last octets that were not decoded.
#[derive(Debug)]
struct Kept {
    /// written round and round
    octets: [u8; KEPT],
    /// where the next one goes
    at: usize,
    length: usize,
}

impl Default for Kept {
    fn default() -> Self {
        Self {
            octets: [0; KEPT],
            at: 0,
            length: 0,
        }
    }
}

impl Kept {
    fn push(&mut self, payload: &[u8]) {
        let payload = &payload[payload.len().saturating_sub(KEPT)..];
        let (first, rest) = payload.split_at(payload.len().min(KEPT - self.at));
        self.octets[self.at..][..first.len()].copy_from_slice(first);
        self.octets[..rest.len()].copy_from_slice(rest);
        self.at = (self.at + payload.len()) % KEPT;
        self.length = (self.length + payload.len()).min(KEPT);
    }

    /// All of them, the oldest first.
    fn take(&mut self) -> [&[u8]; 2] {
        let (newer, older) = self.octets.split_at(self.at);
        let over = self.length.saturating_sub(newer.len());
        let kept = [
            &older[older.len() - over..],
            &newer[newer.len().saturating_sub(self.length)..],
        ];
        self.length = 0;
        kept
    }
}

/// A peak 66 dB down.
const FAINT: u16 = 16;
/// The code of the upper band is in the upper two bits; of its four, 1 and 3 are the least.
const LEAST: u8 = 0x40;

// In octets, of which there are 8,000 a second.

/// A second.
const SURE: usize = 8_000;
/// Eight seconds: so long nobody looks whether it is still silent.
const LOOK: usize = 64_000;
/// What a decoder learned of silence more than 400 ms ago is forgotten but for what nobody hears:
/// of 60 voices the first tenth of a second came out 57 to 107 dB over what differs.
const KEPT: usize = 3_200;

#[cfg(test)]
mod tests {
    use super::super::Encoder;
    use super::super::tests::voice;
    use super::*;
    use crate::audio::decode::Decoder as _;

    /// What a decoder makes of packets, and a lazy one; and how many that one left.
    fn decoded(packets: &[Vec<u8>]) -> (Vec<i16>, Vec<i16>, usize) {
        let (mut whole, mut lazy) = <(Decoder, LazyDecoder)>::default();
        let (mut one, mut other, mut left) = (vec![], vec![], 0);
        for packet in packets {
            let mut out = vec![1; 2 * packet.len()];
            whole.decode(packet, &mut out);
            one.extend(&out);
            lazy.decode(packet, &mut out);
            other.extend(&out);
            left += usize::from(lazy.since > 0);
        }
        (one, other, left)
    }

    fn encoded(sound: &[i16], octets: usize) -> Vec<Vec<u8>> {
        let mut encoder = Encoder::default();
        let encode = |sound: &[i16]| {
            let mut packet = vec![0; octets];
            encoder.encode(sound, &mut packet);
            packet
        };
        sound.chunks_exact(2 * octets).map(encode).collect()
    }

    #[test]
    fn a_voice_behind_silence_is_as_if_all_had_been_decoded() {
        for (seed, octets) in [(1, 160), (2, 80), (3, 240), (4, 480)] {
            let said = voice(seed, 32_000);
            let silence = vec![0; 16_000 * (4 + 2 * seed as usize)];
            let sound = [&said[..], &silence, &said, &silence, &said].concat();
            let (one, other, left) = decoded(&encoded(&sound, octets));
            let loud: f64 = said.iter().map(|&s| f64::from(s).powi(2)).sum::<f64>() / 20.0;
            // In no tenth of a second is the difference less than 50 dB below the voice.
            for (n, (one, other)) in one.chunks(1_600).zip(other.chunks(1_600)).enumerate() {
                let apart = one
                    .iter()
                    .zip(other)
                    .map(|(&a, &b)| f64::from(a) - f64::from(b));
                let apart: f64 = apart.map(|difference| difference.powi(2)).sum();
                assert!(apart < loud * 1e-5, "{seed}, {n}: {apart} of {loud}");
            }
            let silent = silence.len() / octets;
            assert!(left > silent * 3 / 4, "{left} of {silent}");
        }
    }

    #[test]
    fn the_least_noise_is_decoded() {
        let mut seed = 1_u32;
        let noise = (0..160_000).map(|_| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 30 == 0).into()
        });
        let noise: Vec<i16> = noise.collect();
        let (one, other, left) = decoded(&encoded(&noise, 160));
        assert_eq!((one == other, left), (true, 0));
    }

    #[test]
    fn the_last_octets_are_kept_in_order() {
        for length in [1, 80, 160, 240, 480, 1_000] {
            let (mut kept, mut all) = (Kept::default(), vec![]);
            for n in 0..60 {
                let payload: Vec<u8> = (0..length).map(|at| (n * 31 + at * 7) as u8).collect();
                kept.push(&payload);
                all.extend(payload);
                let last = &all[all.len().saturating_sub(KEPT)..];
                let again = Kept { ..kept };
                assert_eq!({ again }.take().concat(), last, "{length}, {n}");
            }
        }
    }

    /// No encoder makes such packets: a tone with nothing above it.
    #[test]
    fn what_only_looks_like_silence_is_found_out() {
        let tone = |n: usize| ((n as f32 * 0.2).sin() * 6_000.0) as i16;
        let sound: Vec<i16> = (0..16_000 * 14)
            .map(|n| if n < 16_000 * 3 { 0 } else { tone(n) })
            .collect();
        let mut packets = encoded(&sound, 160);
        for octet in packets.iter_mut().flatten() {
            *octet |= LEAST;
        }
        let (one, other, left) = decoded(&packets);
        assert!(left > 0);
        let end = |sound: &[i16]| sound[16_000 * 13..].to_vec();
        assert_eq!(end(&one), end(&other));
    }
}
