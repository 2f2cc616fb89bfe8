//! RTP headers (RFC 3550, 5.1): a checked view of a datagram, and a writer. Knows no socket.

/// Bytes of a header without contributing sources or extension.
pub const HEADER_LEN: usize = 12;

/// A datagram that has been found to be RTP version 2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet<'a> {
    /// what the payload is
    pub payload_type: u8,
    /// first packet of a talk spurt, or of an event
    pub marker: bool,
    /// counts packets, wraps
    pub sequence: u16,
    /// counts samples, wraps
    pub timestamp: u32,
    /// names the sender's stream
    pub ssrc: u32,
    /// without header, extension and padding
    pub payload: &'a [u8],
}

/// Why a datagram is no RTP packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RtpFault {
    /// Shorter than what its header announces.
    #[error("datagram of {0} bytes is too short")]
    Short(usize),
    /// Not version 2.
    #[error("version {0}")]
    Version(u8),
    /// The second byte belongs to RTCP (RFC 5761, 4).
    #[error("RTCP packet type {0}")]
    Rtcp(u8),
    /// Padding longer than the payload, or of no length.
    #[error("padding of {0} bytes")]
    Padding(u8),
}

impl<'a> Packet<'a> {
    /// Reads a datagram. Its payload may be empty.
    pub fn parse(datagram: &'a [u8]) -> Result<Self, RtpFault> {
        let short = RtpFault::Short(datagram.len());
        let (head, rest) = datagram.split_first_chunk::<HEADER_LEN>().ok_or(short)?;
        if head[0] >> 6 != 2 {
            return Err(RtpFault::Version(head[0] >> 6));
        }
        if (RTCP_TYPES).contains(&head[1]) {
            return Err(RtpFault::Rtcp(head[1]));
        }
        let sources_len = 4 * usize::from(head[0] & 0x0F);
        let mut payload = rest.get(sources_len..).ok_or(short)?;
        if head[0] & 0x10 != 0 {
            let (extension, after) = payload.split_first_chunk::<4>().ok_or(short)?;
            let words = u16::from_be_bytes([extension[2], extension[3]]);
            payload = after.get(4 * usize::from(words)..).ok_or(short)?;
        }
        if head[0] & 0x20 != 0 {
            let padding = *payload.last().ok_or(short)?;
            let kept = payload.len().checked_sub(usize::from(padding));
            match kept {
                Some(kept) if padding > 0 => payload = &payload[..kept],
                _ => return Err(RtpFault::Padding(padding)),
            }
        }
        Ok(Self {
            payload_type: head[1] & 0x7F,
            marker: head[1] & 0x80 != 0,
            sequence: u16::from_be_bytes([head[2], head[3]]),
            timestamp: u32::from_be_bytes([head[4], head[5], head[6], head[7]]),
            ssrc: u32::from_be_bytes([head[8], head[9], head[10], head[11]]),
            payload,
        })
    }
}

/// Writes a header without contributing sources, extension or padding.
pub fn write_header(
    head: &mut [u8; HEADER_LEN],
    payload_type: u8,
    marker: bool,
    sequence: u16,
    timestamp: u32,
    ssrc: u32,
) {
    head[0] = 2 << 6;
    head[1] = payload_type & 0x7F | u8::from(marker) << 7;
    head[2..4].copy_from_slice(&sequence.to_be_bytes());
    head[4..8].copy_from_slice(&timestamp.to_be_bytes());
    head[8..12].copy_from_slice(&ssrc.to_be_bytes());
}

/// Second bytes that RTCP uses and RTP must not, marker included.
const RTCP_TYPES: std::ops::RangeInclusive<u8> = 192..=223;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(datagram: &[u8], expected: Result<&[u8], RtpFault>) {
        assert_eq!(
            Packet::parse(datagram).map(|packet| packet.payload),
            expected
        );
    }

    fn datagram(first: u8, rest: &[u8]) -> Vec<u8> {
        let mut bytes = vec![first, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3];
        bytes.extend_from_slice(rest);
        bytes
    }

    #[test]
    fn payloads_are_found_behind_what_stands_before_them() {
        check(&datagram(0x80, b"abc"), Ok(b"abc"));
        check(&datagram(0x80, b""), Ok(b""));
        check(&datagram(0x82, b"12345678abc"), Ok(b"abc"));
        check(&datagram(0x90, b"\xBE\xDE\x00\x01wordabc"), Ok(b"abc"));
        check(&datagram(0xA0, b"abc\0\0\x03"), Ok(b"abc"));
        check(&datagram(0xB1, b"1234\xBE\xDE\x00\x00abc\x01"), Ok(b"abc"));
    }

    #[test]
    fn what_is_no_rtp_is_refused() {
        check(b"", Err(RtpFault::Short(0)));
        check(&datagram(0x80, b"")[..11], Err(RtpFault::Short(11)));
        check(&datagram(0x40, b"abc"), Err(RtpFault::Version(1)));
        check(&datagram(0x81, b"123"), Err(RtpFault::Short(15)));
        check(&datagram(0x90, b"\0\0\0\x02word"), Err(RtpFault::Short(20)));
        check(&datagram(0xA0, b""), Err(RtpFault::Short(12)));
        check(&datagram(0xA0, b"ab\0"), Err(RtpFault::Padding(0)));
        check(&datagram(0xA0, b"ab\x04"), Err(RtpFault::Padding(4)));
        let mut report = datagram(0x80, b"");
        report[1] = 200;
        check(&report, Err(RtpFault::Rtcp(200)));
    }

    proptest! {
        #[test]
        fn random_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
            let _ = Packet::parse(&bytes);
        }

        #[test]
        fn what_is_written_is_read(
            payload_type in 0..64u8, marker: bool, sequence: u16, timestamp: u32, ssrc: u32
        ) {
            let mut head = [0; HEADER_LEN];
            write_header(&mut head, payload_type, marker, sequence, timestamp, ssrc);
            let expected =
                Packet { payload_type, marker, sequence, timestamp, ssrc, payload: &[] };
            prop_assert_eq!(Packet::parse(&head), Ok(expected));
        }
    }
}
