//! Opus (RFC 6716) by libopus, mono at 48 kHz. Knows no RTP.

use confab_core::audio::decode;
use confab_core::audio::rate::{LONGEST_TICK, Rate};
use confab_core::audio::stream::{Codec, OpusWishes};
use opus::{Application, Bandwidth, Bitrate, Channels};

/// One line's decoder.
#[derive(Debug)]
pub(super) struct Decoder(opus::Decoder);

impl Decoder {
    pub(super) fn new() -> Option<Self> {
        opus::Decoder::new(Rate::Full.hz(), Channels::Mono)
            .ok()
            .map(Self)
    }

    fn run(&mut self, payload: &[u8], out: &mut [i16], from_next: bool) {
        let written = self.0.decode(payload, out, from_next).unwrap_or(0);
        let written = written.min(out.len());
        out[written..].fill(0);
    }
}

impl decode::Decoder for Decoder {
    fn codec(&self) -> Codec {
        Codec::Opus
    }

    fn samples_in(&self, payload: &[u8]) -> Option<usize> {
        // An empty packet would be taken for a lost one.
        if payload.is_empty() {
            return None;
        }
        self.0.get_nb_samples(payload).ok()
    }

    fn decode(&mut self, payload: &[u8], out: &mut [i16]) {
        self.run(payload, out, false);
    }

    /// RFC 6716, 4.2.3 and 4.2.4: the first bits of a packet with SILK in it say of each of its
    /// frames whether it is voice, and then whether the one before is repeated.
    fn repeats_the_last(&self, payload: &[u8]) -> bool {
        let [toc, first, ..] = *payload else {
            return false;
        };
        let (config, stereo, count_code) = (toc >> 3, toc & 4 != 0, toc & 3);
        let has_silk = config < 16;
        // 40 and 60 ms are two and three frames of SILK.
        let frames = match config {
            ..12 => [1, 1, 2, 3][usize::from(config & 3)],
            _ => 1,
        };
        has_silk && !stereo && count_code < 2 && first >> (7 - frames) & 1 != 0
    }

    fn recover(&mut self, next: &[u8], out: &mut [i16]) {
        self.run(next, out, true);
    }

    fn conceal(&mut self, out: &mut [i16]) -> bool {
        // libopus makes up whole frames: what is asked for is cut from one.
        let mut frame = [0; LONGEST_TICK];
        for part in out.chunks_mut(LONGEST_TICK) {
            let whole = part.len().next_multiple_of(FRAME_STEP);
            self.run(&[], &mut frame[..whole], false);
            part.copy_from_slice(&frame[..part.len()]);
        }
        true
    }
}

/// One line's encoder, with the sound that waits until a packet is full.
#[derive(Debug)]
pub(in crate::media) struct Encoder {
    encoder: opus::Encoder,
    /// samples of a packet
    length: usize,
    waiting: Box<[i16]>,
    waiting_len: usize,
}

impl Encoder {
    /// For what a peer wishes, and packets of so many milliseconds.
    pub(super) fn new(wishes: &OpusWishes, packet_ms: u8) -> Option<Self> {
        let channels = Channels::Mono;
        let encoder = opus::Encoder::new(Rate::Full.hz(), channels, Application::Voip).ok()?;
        let mut new = Self {
            encoder,
            length: samples_of(packet_ms),
            waiting: vec![0; LONGEST_PACKET + LONGEST_TICK].into_boxed_slice(),
            waiting_len: 0,
        };
        new.heed(wishes).ok()?;
        Some(new)
    }

    fn heed(&mut self, wishes: &OpusWishes) -> opus::Result<()> {
        let most = wishes.bitrate_max.unwrap_or(BIT_RATE) as i32;
        let rate = most.clamp(LEAST_BIT_RATE, BIT_RATE as i32);
        self.encoder.set_bitrate(Bitrate::Bits(rate))?;
        self.encoder.set_complexity(COMPLEXITY)?;
        self.encoder.set_inband_fec(wishes.inband_fec)?;
        if wishes.inband_fec {
            self.encoder.set_packet_loss_perc(EXPECTED_LOSS_PERCENT)?;
        }
        self.encoder.set_dtx(wishes.dtx)?;
        self.encoder
            .set_max_bandwidth(match wishes.playback_hz_max {
                ..12_000 => Bandwidth::Narrowband,
                12_000..16_000 => Bandwidth::Mediumband,
                16_000..24_000 => Bandwidth::Wideband,
                24_000..48_000 => Bandwidth::Superwideband,
                _ => Bandwidth::Fullband,
            })
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
        let end = self.waiting_len + sound.len();
        self.waiting[self.waiting_len..end].copy_from_slice(sound);
        self.waiting_len = end;
    }

    /// The next packet's length, when one is full and has been written; zero when there is nothing
    /// to send because all is silent and the peer wished for that.
    pub(in crate::media) fn pop(&mut self, out: &mut [u8]) -> Option<usize> {
        if self.waiting_len < self.length {
            return None;
        }
        let written = self.encoder.encode(&self.waiting[..self.length], out);
        self.waiting.copy_within(self.length..self.waiting_len, 0);
        self.waiting_len -= self.length;
        // One or two octets: nothing need be sent (opus_encode's contract).
        Some(written.ok().filter(|&length| length > 2).unwrap_or(0))
    }

    /// Forgets what waits.
    pub(in crate::media) fn clear(&mut self) {
        self.waiting_len = 0;
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

const LONGEST_PACKET: usize = 60 * 48;
/// 2.5 ms: what a frame's length is a multiple of.
const FRAME_STEP: usize = 120;
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
        let mut encoder = Encoder::new(&wishes, 20).unwrap();
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
            let mut decoder = super::Decoder::new().unwrap();
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

    #[test]
    fn nothing_is_sent_in_silence_if_so_wished() {
        let check = |dtx| {
            let wishes = OpusWishes {
                dtx,
                ..OpusWishes::default()
            };
            let mut encoder = Encoder::new(&wishes, 20).unwrap();
            let silent = |_: &usize| {
                encoder.push(&[0; 960]);
                encoder.pop(&mut [0; 1_275]) == Some(0)
            };
            (0..100).filter(silent).count()
        };
        assert_eq!(check(false), 0);
        assert!(check(true) > 50, "{}", check(true));
    }

    #[test]
    fn any_length_can_be_made_up() {
        let mut decoder = super::Decoder::new().unwrap();
        for length in [1, 119, 500, 960, 2_401] {
            assert!(decoder.conceal(&mut vec![1; length]));
        }
    }
}
