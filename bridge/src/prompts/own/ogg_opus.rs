//! Opus in Ogg (RFC 7845): the header, what is cut from both ends, the gain. Reads no Ogg pages;
//! libopus decodes.

use opus::{Channels, Decoder};
use symphonia::core::packet::Packet;

use super::Unfit;

/// Opus is always decoded at this rate.
pub const RATE_HZ: u32 = 48_000;
/// Samples of the longest packet, 120 ms, of one channel (RFC 6716, 2.1.4).
const PACKET_MAX: usize = 5_760;

/// The header of a stream (RFC 7845, 5.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Head {
    channels: u8,
    /// samples at the beginning that are not to be heard
    pre_skip: u16,
    /// in 256ths of a decibel
    gain: i16,
}

impl Head {
    fn read(head: &[u8]) -> Result<Self, Unfit> {
        let (Some(b"OpusHead"), Some(&rest)) = (head.get(..8), head.get(8..).and_then(first))
        else {
            return Err(Unfit::Broken);
        };
        let [
            version,
            channels,
            skip_low,
            skip_high,
            _,
            _,
            _,
            _,
            gain_low,
            gain_high,
            family,
        ] = rest;
        // Other versions in the upper four bits are not compatible.
        if version >> 4 != 0 || channels == 0 {
            return Err(Unfit::Broken);
        }
        // Beyond two channels there are several streams in a packet, of two at most each.
        let one_stream = match family {
            0 => true,
            _ => head.get(19) == Some(&1),
        };
        if channels > 2 || !one_stream {
            return Err(Unfit::Surround);
        }
        Ok(Self {
            channels,
            pre_skip: u16::from_le_bytes([skip_low, skip_high]),
            gain: i16::from_le_bytes([gain_low, gain_high]),
        })
    }
}

/// What every header has after its mark.
fn first(rest: &[u8]) -> Option<&[u8; 11]> {
    rest.first_chunk()
}

/// A stream that is being decoded.
#[derive(Debug)]
pub struct OggOpus {
    decoder: Decoder,
    channels: usize,
    /// samples of each channel that are still to be left out
    skip: usize,
    out: Vec<f32>,
}

impl OggOpus {
    /// For the stream that begins with this header.
    ///
    /// # Errors
    /// When the header is wrong, or tells of more than two channels.
    pub fn new(head: &[u8]) -> Result<Self, Unfit> {
        let head = Head::read(head)?;
        let (channels, count) = match head.channels {
            1 => (Channels::Mono, 1),
            _ => (Channels::Stereo, 2),
        };
        let mut decoder = Decoder::new(RATE_HZ, channels).map_err(|_| Unfit::Broken)?;
        decoder
            .set_gain(head.gain.into())
            .map_err(|_| Unfit::Broken)?;
        Ok(Self {
            decoder,
            channels: count,
            skip: head.pre_skip.into(),
            out: vec![0.0; PACKET_MAX * count],
        })
    }

    /// How many channels are interleaved in what it decodes.
    pub fn channels(&self) -> usize {
        self.channels
    }

    /// What is heard of a packet; none when it is damaged.
    pub fn decode(&mut self, packet: &Packet) -> Option<&[f32]> {
        // An empty packet would be taken for a lost one.
        if packet.data.is_empty() {
            return None;
        }
        let decoded = self
            .decoder
            .decode_float(&packet.data, &mut self.out, false);
        let length = decoded.ok()?;
        let from = self.skip.min(length);
        self.skip -= from;
        // The page tells where the sound ends in the last packet.
        let trim = usize::try_from(packet.trim_end.get()).unwrap_or(length);
        let until = length.saturating_sub(trim).max(from);
        Some(&self.out[from * self.channels..until * self.channels])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A header with these in it, and what follows it.
    fn head(version: u8, channels: u8, family: u8, after: &[u8]) -> Vec<u8> {
        let mut head = b"OpusHead".to_vec();
        head.extend([
            version, channels, 0x38, 0x01, 0x80, 0xBB, 0, 0, 0x00, 0xFE, family,
        ]);
        head.extend(after);
        head
    }

    #[test]
    fn headers() {
        let good = |bytes: &[u8], channels: u8| {
            let wanted = Head {
                channels,
                pre_skip: 312,
                gain: -512,
            };
            assert_eq!(Head::read(bytes), Ok(wanted));
            assert!(OggOpus::new(bytes).is_ok());
        };
        good(&head(1, 1, 0, &[]), 1);
        good(&head(15, 2, 0, &[]), 2);
        good(&head(1, 2, 1, &[1, 1, 0, 1]), 2);
        let bad = |bytes: &[u8], unfit: Unfit| assert_eq!(Head::read(bytes), Err(unfit));
        bad(&head(16, 1, 0, &[]), Unfit::Broken);
        bad(&head(1, 0, 0, &[]), Unfit::Broken);
        bad(&head(1, 6, 1, &[4, 2, 0, 4, 1, 2, 3, 5]), Unfit::Surround);
        bad(&head(1, 2, 255, &[2, 0, 0, 1]), Unfit::Surround);
        bad(&head(1, 2, 1, &[]), Unfit::Surround);
        bad(&head(1, 1, 0, &[])[..18], Unfit::Broken);
        bad(b"OpusTags and nothing of a head", Unfit::Broken);
        bad(&[], Unfit::Broken);
    }
}
