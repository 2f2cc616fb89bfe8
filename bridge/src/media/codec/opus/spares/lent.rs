//! One line's decoder of Opus, which it has while somebody listens to what it says.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use confab_core::audio::decode;
use confab_core::audio::jitter::stock_of;
use confab_core::audio::rate::Rate;
use confab_core::audio::stock::Stock;
use confab_core::audio::stream::Codec;

use super::super::decoder::{self, Decoder};
use super::{ENOUGH, Spares};

/// One line's decoder, while there is something to decode. Without one, as after
/// [`rest`](decode::Decoder::rest), it decodes to silence.
#[derive(Debug)]
pub(in crate::media) struct Lent {
    decoder: Option<Decoder>,
    /// what it has decoded last, unless that is longer than silence is
    last: ([u8; LONGEST_SILENT], usize),
    /// it has looked for one, and there was none
    misses: bool,
    spares: Arc<Spares>,
}

impl Lent {
    /// That of a line that nobody listens to yet: there will be one for it when somebody does.
    pub(in crate::media) fn new(spares: &Arc<Spares>) -> Self {
        if spares.decoders.len() < ENOUGH {
            let made = Decoder::new().map(|decoder| (decoder, stock_of(Rate::Full)));
            let _ = made.map(|made| spares.decoders.push(made));
        }
        Self {
            decoder: None,
            last: ([0; LONGEST_SILENT], 0),
            misses: false,
            spares: Arc::clone(spares),
        }
    }
}

impl decode::Decoder for Lent {
    fn codec(&self) -> Codec {
        Codec::Opus
    }

    fn samples_in(&self, payload: &[u8]) -> Option<usize> {
        decoder::samples_in(payload)
    }

    fn decode(&mut self, payload: &[u8], out: &mut [i16]) {
        let Some(decoder) = &mut self.decoder else {
            return out.fill(0);
        };
        decoder.decode(payload, out);
        self.last.1 = 0;
        if let Some(last) = self.last.0.get_mut(..payload.len()) {
            last.copy_from_slice(payload);
            self.last.1 = payload.len();
        }
    }

    fn repeats_the_last(&self, payload: &[u8]) -> bool {
        decoder::repeats_the_last(payload)
    }

    fn pauses(&self, payload: &[u8]) -> bool {
        decoder::pauses(payload)
    }

    fn rest(&mut self, stock: &mut Option<Stock>) {
        match (self.decoder.take(), stock.take()) {
            (Some(decoder), Some(kept)) => {
                if let Err((decoder, kept)) = self.spares.decoders.push((decoder, kept)) {
                    (self.decoder, *stock) = (Some(decoder), Some(kept));
                }
            }
            (decoder, kept) => (self.decoder, *stock) = (decoder, kept),
        }
    }

    fn stock(&mut self) -> Option<Stock> {
        let spare = self.spares.decoders.pop();
        if spare.is_none() && !self.misses {
            self.spares.missed.fetch_add(1, Relaxed);
        }
        self.misses = spare.is_none();
        let (decoder, stock) = spare?;
        self.decoder = Some(decoder);
        Some(stock)
    }

    /// Whoever has begun to say something cannot wait: where no decoder is left, it is made now.
    fn resume(&mut self) -> Option<Stock> {
        let spare = self.spares.decoders.pop();
        let (mut decoder, stock) = match spare {
            Some(spare) => spare,
            None => (Decoder::new()?, stock_of(Rate::Full)),
        };
        decoder.restart();
        let (last, length) = &self.last;
        let last = &last[..*length];
        if let Some(samples) = decoder::samples_in(last) {
            let mut sound = [0; LONGEST_SOUND];
            for _ in 0..SETTLES_AFTER {
                decoder.decode(last, &mut sound[..samples]);
            }
        }
        self.decoder = Some(decoder);
        Some(stock)
    }

    fn restart(&mut self) {
        if let Some(decoder) = &mut self.decoder {
            decoder.restart();
        }
    }

    fn recover(&mut self, next: &[u8], out: &mut [i16]) {
        match &mut self.decoder {
            Some(decoder) => decoder.recover(next, out),
            None => out.fill(0),
        }
    }

    fn conceal(&mut self, out: &mut [i16]) -> bool {
        match &mut self.decoder {
            Some(decoder) => decoder.conceal(out),
            None => {
                out.fill(0);
                true
            }
        }
    }
}

/// Octets of 20 ms at 100 kbit/s. Silence has more where a phone sends packets of always the same
/// length, and more than that.
const LONGEST_SILENT: usize = 250;
/// 120 ms, the longest that a packet is (RFC 6716, 3.2.5).
const LONGEST_SOUND: usize = 5_760;
/// So many packets of silence leave nothing of what a decoder begins with.
const SETTLES_AFTER: usize = 8;

#[cfg(test)]
mod tests {
    use confab_core::audio::decode::{Decoder as _, Speech};
    use confab_core::audio::g711::Law;
    use confab_core::audio::jitter::JitterBuffer;
    use confab_core::audio::rtp::Packet;

    use super::super::super::Works;
    use super::super::MOST_GIVEN;
    use super::*;

    /// That of a line that has its decoder.
    fn listening(spares: &Arc<Spares>) -> Lent {
        let mut line = Lent::new(spares);
        assert!(line.stock().is_some());
        line
    }

    /// Whatever it has decoded for others before.
    #[test]
    fn a_decoder_that_was_lent_decodes_as_a_new_one() {
        let mut works = Works::new().unwrap();
        let mut packet = |hz: f32| {
            let turn = std::f32::consts::TAU * hz / 48_000.0;
            let sound: Vec<i16> = (0..960)
                .map(|n| (8_000.0 * (n as f32 * turn).sin()) as i16)
                .collect();
            works.encoder.encode_vec(&sound, 1_000).unwrap()
        };
        let (before, said) = (packet(300.0), packet(1_100.0));
        let spares = Arc::new(Spares::default());
        let decode = |line: &mut Lent, packet: &[u8]| {
            let mut sound = [0; 960];
            line.decode(packet, &mut sound);
            sound
        };
        let (mut one, mut other) = (listening(&spares), listening(&spares));
        decode(&mut one, &before);
        decode(&mut other, &before);
        let goes_on = decode(&mut other, &said);
        let mut stock = Some(stock_of(Rate::Full));
        one.rest(&mut stock);
        assert_eq!((spares.count(), stock.is_some()), ((0, 1), false));
        assert_eq!(decode(&mut one, &said), [0; 960]);
        assert!(one.stock().is_some());
        assert_eq!(spares.count(), (0, 0));
        one.restart();
        let lent = decode(&mut one, &said);
        let mut new = listening(&Arc::default());
        assert_eq!(lent, decode(&mut new, &said));
        assert_ne!(lent, goes_on, "what was before would be heard");
    }

    fn sent(sequence: u16, payload: &[u8]) -> Packet<'_> {
        Packet {
            payload_type: 96,
            marker: false,
            sequence,
            timestamp: u32::from(sequence) * 960,
            ssrc: 5,
            payload,
        }
    }

    /// What is wrong of a word's first 200 ms beside one whose decoder has heard all of the silence
    /// before it, in dB.
    fn missed_db(settles: bool, hz: f64) -> f64 {
        let mut works = Works::new().unwrap();
        works.encoder.set_complexity(5).unwrap();
        let wave = |n: usize| {
            let at = n as f64 / 48_000.0 * std::f64::consts::TAU;
            let word = (at * hz).sin() + 0.3 * (at * 4.7 * hz).sin() + 0.1 * (at * 61.0 * hz).sin();
            // It comes up within a tenth of a second.
            let rise = f64::min(n.saturating_sub(220 * 960) as f64 / 4_800.0, 1.0);
            let rise = if n < 220 * 960 { 1.0 } else { rise };
            (5_000.0 * word * rise) as i16
        };
        let mut packet = |n: usize| {
            let sound = |at: usize| match n {
                0..20 | 220.. => wave(n * 960 + at),
                _ => 0,
            };
            let sound: Vec<i16> = (0..960).map(sound).collect();
            works.encoder.encode_vec(&sound, 1_000).unwrap()
        };
        let spares = Arc::new(Spares::default());
        let mut lines =
            [0, 1].map(|_| JitterBuffer::new(Speech::Other(Box::new(listening(&spares)))));
        let (mut power, mut error) = (0.0, 0.0);
        for n in 0..230 {
            let payload = packet(n);
            let mut sounds = [[0; 960]; 2];
            if n == 220 {
                lines[1].set_listening(true);
            }
            for (line, sound) in lines.iter_mut().zip(&mut sounds) {
                line.put(&sent(n as u16, &payload));
                line.take(sound);
            }
            match n {
                100 if settles => lines[1].doze(),
                100 => lines[1].set_listening(false),
                220.. => {
                    for (&whole, &resumed) in sounds[0].iter().zip(&sounds[1]) {
                        power += f64::from(whole).powi(2);
                        error += (f64::from(whole) - f64::from(resumed)).powi(2);
                    }
                }
                _ => {}
            }
        }
        10.0 * (f64::max(error, 1.0) / power).log10()
    }

    #[test]
    fn a_word_after_silence_is_heard_as_by_who_has_listened_all_along() {
        for hz in [110.0, 170.0, 260.0] {
            let (settled, fresh) = (missed_db(true, hz), missed_db(false, hz));
            assert!(settled < -60.0 && fresh > -40.0, "{hz}: {settled}, {fresh}");
        }
    }

    fn buffers(spares: &Arc<Spares>, count: usize) -> Vec<JitterBuffer> {
        let buffer = |_| JitterBuffer::new(Speech::Other(Box::new(listening(spares))));
        let mut buffers: Vec<_> = (0..count).map(buffer).collect();
        for buffer in &mut buffers {
            buffer.set_listening(false);
            buffer.set_listening(false);
        }
        buffers
    }

    /// As when all are allowed to speak at once.
    #[test]
    fn who_finds_no_decoder_has_one_in_the_next_tick() {
        let payload = Works::new()
            .unwrap()
            .encoder
            .encode_vec(&[5_000; 960], 1_000);
        let payload = payload.unwrap();
        let spares = Arc::new(Spares::default());
        let mut lines = buffers(&spares, 100);
        spares.tend();
        assert_eq!(spares.count(), (8, 8));
        let mut heard = |number: u16| {
            let is_heard = |line: &mut JitterBuffer| {
                line.set_listening(true);
                line.put(&sent(number, &payload));
                let mut sound = [i16::MIN; 960];
                line.take(&mut sound);
                assert!(!sound.contains(&i16::MIN), "all of it is written");
                sound.iter().any(|&sample| sample != 0)
            };
            lines
                .iter_mut()
                .filter_map(|line| is_heard(line).then_some(()))
                .count()
        };
        assert_eq!(heard(0), 8);
        // Whoever makes them is busy for a tick.
        assert_eq!(heard(1), 8);
        spares.tend();
        assert_eq!(spares.count().1, ENOUGH + 92, "one for each that has none");
        assert_eq!(heard(2), 100);
        spares.tend();
        assert_eq!(spares.count(), (8, 8));
    }

    #[test]
    fn what_is_too_much_stays_where_it_is() {
        let spares = Arc::new(Spares::default());
        let mut lines = buffers(&spares, MOST_GIVEN + 1);
        assert_eq!(spares.count().1, MOST_GIVEN);
        // The one that has kept its own needs none.
        lines[MOST_GIVEN].set_listening(true);
        assert!(lines[MOST_GIVEN].listens());
        assert_eq!(spares.count().1, MOST_GIVEN);
        lines[0].set_listening(true);
        assert_eq!(spares.count().1, MOST_GIVEN - 1);
        lines[MOST_GIVEN].set_listening(false);
        assert_eq!(spares.count().1, MOST_GIVEN);
    }

    /// A line that may not speak agrees on G.711, and may speak then.
    #[test]
    fn another_codec_is_heard_by_what_was_lent() {
        for tended in [true, false] {
            let spares = Arc::new(Spares::default());
            let mut line = buffers(&spares, 1).remove(0);
            if !tended {
                spares.decoders.pop();
            }
            line.reset_to(Law::Mu);
            line.set_listening(true);
            assert!(line.listens(), "{tended}");
            let packet = Packet {
                payload_type: 0,
                marker: false,
                sequence: 1,
                timestamp: 160,
                ssrc: 5,
                payload: &[0x10; 160],
            };
            line.put(&packet);
            let mut sound = [0; 160];
            line.take(&mut sound);
            assert!(sound.iter().all(|&sample| sample != 0), "{tended}");
        }
    }
}
