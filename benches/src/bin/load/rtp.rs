//! RTP as far as a test caller needs it (RFC 3550, 5.1; RFC 4733, 2.3): 20 ms of G.711 a packet.

/// Samples, and so bytes, in a packet.
pub const PAYLOAD_BYTES: usize = 160;

/// Size of the header without extensions.
pub const HEADER_BYTES: usize = 12;

/// Size of a packet of sound.
pub const PACKET_BYTES: usize = HEADER_BYTES + PAYLOAD_BYTES;

/// Payload type of keys, as our offer names it.
pub const KEY_TYPE: u8 = 101;

/// The pound key as an event of RFC 4733.
const POUND: u8 = 11;

/// Where a sender is in its stream.
#[derive(Debug)]
pub struct Sender {
    ssrc: u32,
    sequence: u16,
    timestamp: u32,
}

impl Sender {
    pub fn new(ssrc: u32) -> Self {
        Self {
            ssrc,
            sequence: 1,
            timestamp: 160,
        }
    }

    /// Writes the next packet of sound.
    pub fn sound(&mut self, payload: &[u8; PAYLOAD_BYTES], packet: &mut [u8; PACKET_BYTES]) {
        self.header(0, false, self.timestamp, packet);
        packet[HEADER_BYTES..].copy_from_slice(payload);
        self.timestamp = self.timestamp.wrapping_add(PAYLOAD_BYTES as u32);
    }

    /// Writes packet number `step` of a pound key, and returns its length: five of the key being
    /// held, three of its end. Nothing when it is over.
    pub fn pound(&mut self, step: u8, packet: &mut [u8; PACKET_BYTES]) -> Option<usize> {
        const HELD_STEPS: u8 = 5;
        const END_STEPS: u8 = 3;
        if step >= HELD_STEPS + END_STEPS {
            return None;
        }
        // The timestamp of a key is that of its begin; sound goes on behind it.
        let begin = self
            .timestamp
            .wrapping_sub(u32::from(step) * PAYLOAD_BYTES as u32);
        self.header(KEY_TYPE, step == 0, begin, packet);
        let ended = step >= HELD_STEPS;
        let held = u16::from(step.min(HELD_STEPS - 1) + 1) * PAYLOAD_BYTES as u16;
        let [high, low] = held.to_be_bytes();
        let event = [POUND, if ended { 0x8a } else { 0x0a }, high, low];
        packet[HEADER_BYTES..][..4].copy_from_slice(&event);
        self.timestamp = self.timestamp.wrapping_add(PAYLOAD_BYTES as u32);
        Some(HEADER_BYTES + 4)
    }

    fn header(&mut self, kind: u8, marker: bool, timestamp: u32, packet: &mut [u8; PACKET_BYTES]) {
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
        let mut sender = Sender::new(7);
        let mut packet = [0; PACKET_BYTES];
        sender.sound(&[0x55; PAYLOAD_BYTES], &mut packet);
        let heard = read(&packet).unwrap();
        assert_eq!((heard.sequence, heard.payload), (1, &[0x55; 160][..]));
        let mut seen = Vec::new();
        for step in 0..10 {
            let Some(length) = sender.pound(step, &mut packet) else {
                break;
            };
            assert_eq!(length, 16);
            assert_eq!(packet[4..8], [0, 0, 1, 64], "timestamp of the begin");
            seen.push((packet[1], packet[3], packet[13], packet[14], packet[15]));
        }
        assert_eq!(seen[0], (0xe5, 2, 0x0a, 0, 160));
        assert_eq!(seen[4], (0x65, 6, 0x0a, 3, 32));
        assert_eq!(seen[7], (0x65, 9, 0x8a, 3, 32));
        assert_eq!(seen.len(), 8);
    }

    #[test]
    fn what_is_no_rtp() {
        for bytes in [&[][..], &[0x80; 11], &[0x00; 172], &[0x90; 172]] {
            assert_eq!(read(bytes), None);
        }
    }
}
