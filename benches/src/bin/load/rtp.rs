//! RTP as far as a test caller needs it (RFC 3550, 5.1; RFC 4733, 2.3): 20 ms a packet.

use crate::codec::{Codec, PAYLOAD_BYTES_MAX};
use crate::guard::TAG_BYTES_MAX;

/// Size of the header without extensions.
pub const HEADER_BYTES: usize = 12;

/// Size of the longest packet of sound, sealed.
pub const PACKET_BYTES_MAX: usize = HEADER_BYTES + PAYLOAD_BYTES_MAX + TAG_BYTES_MAX;

/// Payload type of keys, as our offer names it.
pub const KEY_TYPE: u8 = 101;

/// Packets of a key that is held, and of its end.
const HELD_STEPS: u8 = 5;
const END_STEPS: u8 = 3;

/// Where a sender is in its stream.
#[derive(Debug)]
pub struct Sender {
    codec: Codec,
    ssrc: u32,
    sequence: u16,
    timestamp: u32,
    /// nothing was sent in the last packet's time
    paused: bool,
}

/// A packet to be filled.
pub type Packet = [u8; PACKET_BYTES_MAX];

impl Sender {
    pub fn new(codec: Codec, ssrc: u32) -> Self {
        Self {
            codec,
            ssrc,
            sequence: 1,
            timestamp: 160,
            paused: false,
        }
    }

    /// What timestamps count in a packet.
    fn span(&self) -> u32 {
        self.codec.clock_hz() / 50
    }

    /// Writes the next packet of sound, and returns its length.
    pub fn sound(&mut self, payload: &[u8], packet: &mut Packet) -> usize {
        // RFC 7587, 4.1: the first after a pause is marked.
        let marker = std::mem::take(&mut self.paused);
        self.header(self.codec.number(), marker, self.timestamp, packet);
        packet[HEADER_BYTES..][..payload.len()].copy_from_slice(payload);
        self.timestamp = self.timestamp.wrapping_add(self.span());
        HEADER_BYTES + payload.len()
    }

    /// Lets a packet's time pass in silence.
    pub fn pause(&mut self) {
        self.timestamp = self.timestamp.wrapping_add(self.span());
        self.paused = true;
    }

    /// Writes packet number `step` of a key (`0-9*#`), and returns its length: five of the key
    /// being held, three of its end. Nothing when it is over.
    pub fn key(&mut self, key: char, step: u8, packet: &mut Packet) -> Option<usize> {
        if step >= HELD_STEPS + END_STEPS {
            return None;
        }
        let event = match key {
            '*' => 10,
            '#' => 11,
            digit => digit.to_digit(10)? as u8,
        };
        // The timestamp of a key is that of its begin; sound goes on behind it.
        let begin = self.timestamp.wrapping_sub(u32::from(step) * self.span());
        self.header(KEY_TYPE, step == 0, begin, packet);
        let ended = step >= HELD_STEPS;
        let held = u32::from(step.min(HELD_STEPS - 1) + 1) * self.span();
        let [high, low] = (held as u16).to_be_bytes();
        let event = [event, if ended { 0x8a } else { 0x0a }, high, low];
        packet[HEADER_BYTES..][..4].copy_from_slice(&event);
        self.timestamp = self.timestamp.wrapping_add(self.span());
        Some(HEADER_BYTES + 4)
    }

    fn header(&mut self, kind: u8, marker: bool, timestamp: u32, packet: &mut Packet) {
        packet[0] = 0x80;
        packet[1] = kind | u8::from(marker) << 7;
        packet[2..4].copy_from_slice(&self.sequence.to_be_bytes());
        packet[4..8].copy_from_slice(&timestamp.to_be_bytes());
        packet[8..12].copy_from_slice(&self.ssrc.to_be_bytes());
        self.sequence = self.sequence.wrapping_add(1);
    }
}

/// What a listener needs of a packet that came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heard<'a> {
    pub sequence: u16,
    pub payload: &'a [u8],
}

/// Reads a packet; nothing when it is no RTP of version 2 or carries extensions.
pub fn read(packet: &[u8]) -> Option<Heard<'_>> {
    let (header, payload) = packet.split_first_chunk::<HEADER_BYTES>()?;
    (header[0] == 0x80).then_some(Heard {
        sequence: u16::from_be_bytes([header[2], header[3]]),
        payload,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sound_and_keys_are_one_stream() {
        let mut sender = Sender::new(Codec::Pcmu, 7);
        let mut packet = [0; PACKET_BYTES_MAX];
        let length = sender.sound(&[0x55; 160], &mut packet);
        let heard = read(&packet[..length]).unwrap();
        assert_eq!((heard.sequence, heard.payload), (1, &[0x55; 160][..]));
        let mut seen = Vec::new();
        for step in 0..10 {
            let Some(length) = sender.key('#', step, &mut packet) else {
                break;
            };
            assert_eq!(length, 16);
            assert_eq!(packet[4..8], [0, 0, 1, 64], "timestamp of the begin");
            assert_eq!(packet[12], 11);
            seen.push((packet[1], packet[3], packet[13], packet[14], packet[15]));
        }
        assert_eq!(seen[0], (0xe5, 2, 0x0a, 0, 160));
        assert_eq!(seen[4], (0x65, 6, 0x0a, 3, 32));
        assert_eq!(seen[7], (0x65, 9, 0x8a, 3, 32));
        assert_eq!(seen.len(), 8);
    }

    #[test]
    fn each_codec_counts_by_its_clock() {
        for (codec, number, timestamps) in [(Codec::G722, 9, 160), (Codec::Opus, 111, 960)] {
            let mut sender = Sender::new(codec, 7);
            let mut packet = [0; PACKET_BYTES_MAX];
            sender.sound(&[1], &mut packet);
            sender.sound(&[1], &mut packet);
            assert_eq!(packet[1], number);
            let timestamp = u32::from_be_bytes(packet[4..8].try_into().unwrap());
            assert_eq!(timestamp, 160 + timestamps);
        }
    }

    /// Time passes and numbers do not.
    #[test]
    fn a_pause() {
        let mut sender = Sender::new(Codec::Opus, 7);
        let mut packet = [0; PACKET_BYTES_MAX];
        let mut next = |pauses: u32| {
            (0..pauses).for_each(|_| sender.pause());
            sender.sound(&[1], &mut packet);
            let timestamp = u32::from_be_bytes(packet[4..8].try_into().unwrap());
            (packet[1] & 0x80 != 0, packet[3], timestamp)
        };
        assert_eq!(next(0), (false, 1, 160));
        assert_eq!(next(20), (true, 2, 160 + 21 * 960));
        assert_eq!(next(0), (false, 3, 160 + 22 * 960));
    }

    #[test]
    fn what_is_no_rtp() {
        for bytes in [&[][..], &[0x80; 11], &[0x00; 172], &[0x90; 172]] {
            assert_eq!(read(bytes), None);
        }
    }
}
