//! Opus (RFC 6716) by libopus, mono at 48 kHz. Knows no RTP.

mod coder;
mod decoder;
mod repertoire;
mod spares;

use std::sync::Arc;

pub(in crate::media) use coder::{Coder, Told};
use confab_core::audio::rate::Rate;
use confab_core::audio::stream::OpusWishes;
pub(in crate::media) use decoder::samples_in;
use opus::{Application, Bandwidth, Bitrate, Channels};
pub(in crate::media) use repertoire::Repertoire;
pub(super) use spares::Lent;
pub(in crate::media) use spares::Spares;

/// libopus' encoder, and the sound that waits until a packet is full.
#[derive(Debug)]
struct Works {
    encoder: opus::Encoder,
    waiting: Box<[i16; LONGEST_PACKET]>,
}

impl Works {
    /// None when libopus has no memory.
    fn new() -> Option<Self> {
        let encoder = opus::Encoder::new(Rate::Full.hz(), Channels::Mono, Application::Voip);
        Some(Self {
            encoder: encoder.ok()?,
            waiting: Box::new([0; LONGEST_PACKET]),
        })
    }
}

/// The encoder of one stream.
#[derive(Debug)]
pub(in crate::media) struct Encoder {
    /// none while it is not needed, and others may have it
    works: Option<Works>,
    spares: Arc<Spares>,
    wishes: OpusWishes,
    /// samples of a packet
    length: usize,
    waiting_len: usize,
    /// packets of nothing at all, until now
    silent_packets: u32,
    /// the last of those, when it is as short as they are
    silent: ([u8; LONGEST_SILENT], usize),
}

impl Encoder {
    /// For what a peer wishes, and packets of so many milliseconds.
    pub(in crate::media) fn new(spares: &Arc<Spares>, wishes: &OpusWishes, packet_ms: u8) -> Self {
        spares.are_needed();
        Self {
            works: None,
            spares: Arc::clone(spares),
            wishes: *wishes,
            length: samples_of(packet_ms),
            waiting_len: 0,
            silent_packets: 0,
            silent: ([0; LONGEST_SILENT], 0),
        }
    }

    /// Others may have what only encoding needs: it begins anew when it encodes again.
    pub(in crate::media) fn is_lent(&self) -> bool {
        self.works.is_none()
    }

    /// Samples of a packet.
    pub(in crate::media) fn packet_len(&self) -> usize {
        self.length
    }

    /// Samples that wait.
    pub(in crate::media) fn waiting(&self) -> usize {
        self.waiting_len
    }

    /// Takes a tick of sound.
    pub(in crate::media) fn push(&mut self, sound: &[i16]) {
        if self.works.is_none() {
            let spare = self.spares.works();
            self.works = spare.and_then(|spare| heeding(spare, &self.wishes));
        }
        let end = self.waiting_len + sound.len();
        let works = self.works.as_mut();
        if let Some(place) = works.and_then(|works| works.waiting.get_mut(self.waiting_len..end)) {
            place.copy_from_slice(sound);
            self.waiting_len = end;
        }
    }

    /// The next packet's length, when one is full and has been written; zero when there is nothing
    /// to send because all is silent and the peer wished for that.
    pub(in crate::media) fn pop(&mut self, out: &mut [u8]) -> Option<usize> {
        if self.waiting_len < self.length {
            return None;
        }
        let length = self.encode(out);
        if let Some(works) = &mut self.works {
            works.waiting.copy_within(self.length..self.waiting_len, 0);
        }
        self.waiting_len -= self.length;
        Some(length)
    }

    /// libopus works as hard for silence as for a voice, so after a while of it the same packet is
    /// sent again and again; but where it leaves silence out, it says now and then that it is
    /// there.
    fn encode(&mut self, out: &mut [u8]) -> usize {
        let Some(works) = &mut self.works else {
            return 0;
        };
        let sound = &works.waiting[..self.length];
        if self.wishes.dtx || sound.iter().any(|&sample| sample != 0) {
            self.silent_packets = 0;
        } else if self.silent_packets > RESTS_AFTER_PACKETS {
            let (silent, length) = &self.silent;
            out[..*length].copy_from_slice(&silent[..*length]);
            return *length;
        } else {
            self.silent_packets += 1;
        }
        let written = works.encoder.encode(sound, out).ok();
        // One or two octets: nothing need be sent (opus_encode's contract).
        let length = written.filter(|&length| length > 2).unwrap_or(0);
        if self.silent_packets > RESTS_AFTER_PACKETS {
            match out.get(..length).zip(self.silent.0.get_mut(..length)) {
                Some((packet, silent)) => {
                    silent.copy_from_slice(packet);
                    self.silent.1 = length;
                }
                None => self.silent_packets = 0,
            }
        }
        length
    }

    /// Is not needed until the next [`restart`](Self::restart): what only encoding needs is lent
    /// to others. May be called again and again.
    pub(in crate::media) fn rest(&mut self) {
        self.clear();
        self.spares.take_works(&mut self.works);
    }

    /// Forgets what waits.
    pub(in crate::media) fn clear(&mut self) {
        self.waiting_len = 0;
    }

    /// Takes note of a tick that another encoder has encoded, for what follows it.
    pub(in crate::media) fn hear(&mut self, sound: &[i16]) {
        self.push(sound);
        self.pop(&mut [0; LONGEST_BYTES]);
    }

    /// Begins anew: what is encoded next stands by itself as far as it can.
    pub(in crate::media) fn restart(&mut self) {
        self.clear();
        self.silent_packets = 0;
        // It fails for no encoder that there is; one that did not would go on from where it was.
        let works = self.works.as_mut();
        let _ = works.map(|works| works.encoder.reset_state());
    }
}

/// The same, set to what a peer wishes.
fn heeding(mut works: Works, wishes: &OpusWishes) -> Option<Works> {
    heed(&mut works.encoder, wishes).ok().map(|()| works)
}

/// Sets all that any other line may have set differently.
fn heed(encoder: &mut opus::Encoder, wishes: &OpusWishes) -> opus::Result<()> {
    let expected_loss = match wishes.inband_fec {
        true => EXPECTED_LOSS_PERCENT,
        false => 0,
    };
    encoder.set_bitrate(Bitrate::Bits(bit_rate(wishes)))?;
    encoder.set_complexity(COMPLEXITY)?;
    encoder.set_inband_fec(wishes.inband_fec)?;
    encoder.set_packet_loss_perc(expected_loss)?;
    encoder.set_dtx(wishes.dtx)?;
    encoder.set_max_bandwidth(bandwidth(wishes))
}

/// Whether whoever wishes these things gets the same packets.
pub(in crate::media) fn are_alike(one: &OpusWishes, other: &OpusWishes) -> bool {
    let heeded = |wishes: &OpusWishes| (wishes.inband_fec, wishes.dtx, bit_rate(wishes));
    heeded(one) == heeded(other) && bandwidth(one) == bandwidth(other)
}

fn bit_rate(wishes: &OpusWishes) -> i32 {
    let most = wishes.bitrate_max.unwrap_or(BIT_RATE).min(BIT_RATE);
    (most as i32).max(LEAST_BIT_RATE)
}

fn bandwidth(wishes: &OpusWishes) -> Bandwidth {
    match wishes.playback_hz_max {
        ..12_000 => Bandwidth::Narrowband,
        12_000..16_000 => Bandwidth::Mediumband,
        16_000..24_000 => Bandwidth::Wideband,
        24_000..48_000 => Bandwidth::Superwideband,
        _ => Bandwidth::Fullband,
    }
}

/// What libopus can put into one packet of about this length.
fn samples_of(packet_ms: u8) -> usize {
    let ms = match packet_ms {
        ..20 => 10,
        20..40 => 20,
        40..60 => 40,
        _ => 60,
    };
    ms * Rate::Full.hz() as usize / 1_000
}

/// 60 ms. What waits behind a packet that was full is a whole number of ticks, or nothing.
const LONGEST_PACKET: usize = 2_880;
/// Of a frame (RFC 6716, 3.4).
const LONGEST_BYTES: usize = 1_275;
/// Half a second in packets of 20 ms: libopus has learned by then that there is no noise either.
const RESTS_AFTER_PACKETS: u32 = 25;
/// They have 30 to 40 octets at our bit rate.
const LONGEST_SILENT: usize = 96;
/// Fullband speech without audible loss.
const BIT_RATE: u32 = 32_000;
/// RFC 7587, 6.1.
const LEAST_BIT_RATE: i32 = 6_000;
/// Of ten; measured at half of ten's cost.
const COMPLEXITY: i32 = 5;
/// What in-band repetition is made for: at five or less libopus leaves it out when bits are few.
const EXPECTED_LOSS_PERCENT: i32 = 10;

#[cfg(test)]
mod tests {
    use super::*;
    use confab_core::audio::decode::Decoder as _;

    fn tone(packet: usize, hz: f64) -> Vec<i16> {
        let at = |n: usize| (packet * 960 + n) as f64 / 48_000.0;
        (0..960)
            .map(|n| (8_000.0 * (at(n) * hz * std::f64::consts::TAU).sin()) as i16)
            .collect()
    }

    fn packets(wishes: OpusWishes, count: usize) -> Vec<Vec<u8>> {
        let mut encoder = Encoder::new(&Arc::default(), &wishes, 20);
        let packet = |n| {
            encoder.push(&tone(n, 300.0));
            let mut out = [0; 1_275];
            let length = encoder.pop(&mut out).unwrap();
            out[..length].to_vec()
        };
        (0..count).map(packet).collect()
    }

    #[test]
    fn packets_that_repeat_the_last_are_known_and_a_lost_one_is_made_of_them() {
        let check = |inband_fec| {
            let wishes = OpusWishes {
                inband_fec,
                bitrate_max: Some(20_000),
                ..OpusWishes::default()
            };
            let packets = packets(wishes, 50);
            let mut decoder = decoder::Decoder::new().unwrap();
            let mut sound = [0; 960];
            for packet in &packets[..40] {
                decoder.decode(packet, &mut sound);
            }
            (decoder.repeats_the_last(&packets[41]), packets, decoder)
        };
        let (repeats, packets, mut decoder) = check(true);
        assert!(repeats);
        let mut sound = [0; 960];
        decoder.recover(&packets[41], &mut sound);
        let power: f64 = sound.iter().map(|&s| f64::from(s).powi(2)).sum();
        assert!(power / 960.0 > 3_000_000.0, "{}", power / 960.0);
        assert!(!check(false).0);
    }

    /// RFC 6716, 3.1: the first five bits say how wide the sound is.
    #[test]
    fn who_plays_nothing_above_is_sent_nothing_above() {
        let config = |playback_hz_max| {
            let wishes = OpusWishes {
                playback_hz_max,
                ..OpusWishes::default()
            };
            packets(wishes, 20)[19][0] >> 3
        };
        assert!(config(8_000) < 4, "{}", config(8_000));
        assert!((14..16).contains(&config(48_000)), "{}", config(48_000));
    }

    /// Whoever had it before, and for whatever he wished.
    #[test]
    fn an_encoder_that_was_lent_encodes_as_a_new_one() {
        let spares = Arc::<Spares>::default();
        let thrifty = OpusWishes {
            inband_fec: true,
            dtx: true,
            bitrate_max: Some(12_000),
            playback_hz_max: 16_000,
        };
        let mut before = Encoder::new(&spares, &thrifty, 60);
        for n in 0..50 {
            before.push(&tone(n, 700.0));
            before.pop(&mut [0; 1_275]);
        }
        before.rest();
        assert_eq!(spares.count(), (1, 0));
        let mut lent = Encoder::new(&Arc::default(), &OpusWishes::default(), 20);
        lent.rest();
        lent.spares = spares;
        for (n, new) in packets(OpusWishes::default(), 50).into_iter().enumerate() {
            lent.push(&tone(n, 300.0));
            let mut out = [0; 1_275];
            let length = lent.pop(&mut out).unwrap();
            assert_eq!(out[..length], new, "{n}");
            assert_eq!(lent.spares.count(), (0, 0), "it is the one that there was");
        }
        // And one that has rested goes on without being asked to.
        lent.rest();
        lent.restart();
        lent.push(&tone(0, 300.0));
        assert!(lent.pop(&mut [0; 1_275]) > Some(20));
    }

    #[test]
    fn nothing_is_sent_in_silence_if_so_wished() {
        let check = |dtx| {
            let wishes = OpusWishes {
                dtx,
                ..OpusWishes::default()
            };
            let mut encoder = Encoder::new(&Arc::default(), &wishes, 20);
            let silent = |_: &usize| {
                encoder.push(&[0; 960]);
                encoder.pop(&mut [0; 1_275]) == Some(0)
            };
            (0..500).filter(silent).count()
        };
        assert_eq!(check(false), 0);
        // Firewalls and exchanges take a line that sends nothing at all for dead.
        assert!((400..490).contains(&check(true)), "{}", check(true));
    }

    /// How well `voice` comes back, in dB, when it is said after so many packets of silence that
    /// were encoded or repeated.
    fn fidelity_db(repeat: bool, silent: usize) -> f64 {
        let mut encoder = Encoder::new(&Arc::default(), &OpusWishes::default(), 20);
        let mut decoder = decoder::Decoder::new().unwrap();
        let (mut said, mut heard) = (Vec::new(), Vec::new());
        for n in 0..silent + 40 {
            let sound = match n {
                n if n < 20 || n >= silent + 20 => tone(n, 300.0),
                _ => vec![0; 960],
            };
            if !repeat {
                encoder.silent_packets = 0;
            }
            encoder.push(&sound);
            let mut out = [0; 1_275];
            let length = encoder.pop(&mut out).unwrap();
            let mut frame = [0; 960];
            decoder.decode(&out[..length], &mut frame);
            if n >= silent + 20 {
                said.extend(sound);
                heard.extend(frame);
            }
        }
        // 6.5 ms for looking ahead.
        let (mut power, mut error) = (0.0, 0.0);
        for (&said, &heard) in said.iter().zip(&heard[312..]) {
            power += f64::from(said).powi(2);
            error += (f64::from(said) - f64::from(heard)).powi(2);
        }
        10.0 * (power / error).log10()
    }

    #[test]
    fn silence_that_is_repeated_spoils_nothing_after_it() {
        for silent in [30, 60, 500] {
            let (encoded, repeated) = (fidelity_db(false, silent), fidelity_db(true, silent));
            assert!(repeated > encoded - 1.0, "{silent}: {repeated}, {encoded}");
        }
    }

    #[test]
    fn silence_is_the_same_packet_after_a_while() {
        let mut encoder = Encoder::new(&Arc::default(), &OpusWishes::default(), 20);
        let mut packet = |sound: &[i16]| {
            encoder.push(sound);
            let mut out = [0; 1_275];
            let length = encoder.pop(&mut out).unwrap();
            out[..length].to_vec()
        };
        let silent: Vec<_> = (0..60).map(|_| packet(&[0; 960])).collect();
        assert!(silent[30..].iter().all(|packet| *packet == silent[59]));
        assert!(silent[..20].windows(2).any(|pair| pair[0] != pair[1]));
        assert_ne!(packet(&tone(0, 300.0)), silent[59]);
    }

    #[test]
    fn a_packet_of_next_to_nothing_is_a_pause() {
        let decoder = decoder::Decoder::new().unwrap();
        assert!(decoder.pauses(&[0x78]) && decoder.pauses(&[0x78, 0]));
        assert!(!decoder.pauses(&[0x78, 0, 0]));
    }

    #[test]
    fn any_length_can_be_made_up() {
        let mut decoder = decoder::Decoder::new().unwrap();
        for length in [1, 119, 500, 960, 2_401] {
            assert!(decoder.conceal(&mut vec![1; length]));
        }
    }
}
