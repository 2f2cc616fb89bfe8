//! Reads a compound RTCP datagram, item by item.

use super::{DESCRIPTION, GOODBYE, RECEIVER_REPORT, ReportBlock, SENDER_REPORT, SenderInfo};

/// One thing a datagram tells. What else it holds (names, application data) is passed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Item {
    /// About the sender's own stream.
    Sender {
        /// whose
        ssrc: u32,
        /// what
        info: SenderInfo,
    },
    /// About a stream the sender receives.
    Block(ReportBlock),
    /// This stream is over.
    Goodbye(u32),
}

/// Why a datagram is no RTCP (RFC 3550, A.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RtcpFault {
    /// Shorter than what its headers announce.
    #[error("too short")]
    Short,
    /// Not version 2.
    #[error("not version 2")]
    Version,
    /// It does not begin with a sender or receiver report.
    #[error("does not begin with a report")]
    NotAReport,
}

/// Hands every item of the datagram to `each`, up to the first fault.
pub fn read(datagram: &[u8], mut each: impl FnMut(Item)) -> Result<(), RtcpFault> {
    let mut rest = datagram;
    let mut first = true;
    while first || !rest.is_empty() {
        let (head, after) = rest.split_first_chunk::<4>().ok_or(RtcpFault::Short)?;
        if head[0] >> 6 != 2 {
            return Err(RtcpFault::Version);
        }
        if first && !matches!(head[1], SENDER_REPORT | RECEIVER_REPORT) {
            return Err(RtcpFault::NotAReport);
        }
        let length = 4 * usize::from(u16::from_be_bytes([head[2], head[3]]));
        let (body, next) = after.split_at_checked(length).ok_or(RtcpFault::Short)?;
        let count = usize::from(head[0] & 0x1F);
        match head[1] {
            SENDER_REPORT => read_sender(body, count, &mut each)?,
            RECEIVER_REPORT => {
                let blocks = body.get(4..).ok_or(RtcpFault::Short)?;
                read_blocks(blocks, count, &mut each)?;
            }
            GOODBYE => {
                let sources = body.get(..4 * count).ok_or(RtcpFault::Short)?;
                sources
                    .chunks_exact(4)
                    .for_each(|ssrc| each(Item::Goodbye(word(ssrc, 0))));
            }
            DESCRIPTION | 0..=199 | 204..=255 => {}
        }
        rest = next;
        first = false;
    }
    Ok(())
}

fn read_sender(body: &[u8], count: usize, each: &mut impl FnMut(Item)) -> Result<(), RtcpFault> {
    let (head, blocks) = body.split_at_checked(24).ok_or(RtcpFault::Short)?;
    let info = SenderInfo {
        ntp: u64::from(word(head, 1)) << 32 | u64::from(word(head, 2)),
        timestamp: word(head, 3),
        packets: word(head, 4),
        bytes: word(head, 5),
    };
    each(Item::Sender {
        ssrc: word(head, 0),
        info,
    });
    read_blocks(blocks, count, each)
}

fn read_blocks(bytes: &[u8], count: usize, each: &mut impl FnMut(Item)) -> Result<(), RtcpFault> {
    let blocks = bytes.get(..24 * count).ok_or(RtcpFault::Short)?;
    for block in blocks.chunks_exact(24) {
        let losses = word(block, 1);
        each(Item::Block(ReportBlock {
            ssrc: word(block, 0),
            fraction_lost: (losses >> 24) as u8,
            // Shifted up and down again to carry the sign of 24 bits.
            lost: (losses << 8) as i32 >> 8,
            highest: word(block, 2),
            jitter: word(block, 3),
            last_sr: word(block, 4),
            delay_since_last_sr: word(block, 5),
        }));
    }
    Ok(())
}

/// The big-endian word at a place the caller has made sure of.
fn word(bytes: &[u8], at: usize) -> u32 {
    let word = bytes[4 * at..]
        .first_chunk()
        .expect("the caller has checked the length");
    u32::from_be_bytes(*word)
}
