//! Writes our compound reports: SR or RR, SDES with the canonical name, BYE at the end.

use super::{DESCRIPTION, GOODBYE, RECEIVER_REPORT, ReportBlock, SENDER_REPORT, SenderInfo};

/// What one of our reports says.
#[derive(Clone, Copy, Debug)]
pub struct Report<'a> {
    /// our stream
    pub ssrc: u32,
    /// when we have sent something since the last report
    pub sender: Option<SenderInfo>,
    /// when the peer has sent something at all
    pub block: Option<ReportBlock>,
    /// our canonical name, up to 255 bytes
    pub cname: &'a str,
    /// our stream is over
    pub goodbye: bool,
}

impl Report<'_> {
    /// Writes the datagram; returns its length, or none when `out` is too small for it.
    pub fn write(&self, out: &mut [u8]) -> Option<usize> {
        let mut words = Writer { out, length: 0 };
        let blocks = u32::from(self.block.is_some());
        let kind = if self.sender.is_some() {
            SENDER_REPORT
        } else {
            RECEIVER_REPORT
        };
        let length = 1 + 5 * u32::from(self.sender.is_some()) + 6 * blocks;
        words.head(blocks, kind, length)?;
        words.put(self.ssrc)?;
        if let Some(info) = self.sender {
            words.put((info.ntp >> 32) as u32)?;
            words.put(info.ntp as u32)?;
            words.put(info.timestamp)?;
            words.put(info.packets)?;
            words.put(info.bytes)?;
        }
        if let Some(block) = self.block {
            let lost = block.lost.clamp(-LOST_LIMIT, LOST_LIMIT - 1) as u32 & 0x00FF_FFFF;
            words.put(block.ssrc)?;
            words.put(u32::from(block.fraction_lost) << 24 | lost)?;
            words.put(block.highest)?;
            words.put(block.jitter)?;
            words.put(block.last_sr)?;
            words.put(block.delay_since_last_sr)?;
        }
        self.describe(&mut words)?;
        if self.goodbye {
            words.head(1, GOODBYE, 1)?;
            words.put(self.ssrc)?;
        }
        Some(words.length)
    }

    /// RFC 3550, 6.5: one chunk with one item, ended by one to four zero bytes.
    fn describe(&self, words: &mut Writer<'_>) -> Option<()> {
        let name = &self.cname.as_bytes()[..self.cname.len().min(255)];
        let item_words = (2 + name.len()) / 4 + 1;
        words.head(1, DESCRIPTION, 1 + item_words as u32)?;
        words.put(self.ssrc)?;
        let item = words
            .out
            .get_mut(words.length..words.length + 4 * item_words)?;
        item.fill(0);
        item[0] = 1;
        item[1] = name.len() as u8;
        item[2..2 + name.len()].copy_from_slice(name);
        words.length += 4 * item_words;
        Some(())
    }
}

struct Writer<'a> {
    out: &'a mut [u8],
    length: usize,
}

impl Writer<'_> {
    fn head(&mut self, count: u32, kind: u8, words_after: u32) -> Option<()> {
        self.put(2 << 30 | count << 24 | u32::from(kind) << 16 | words_after)
    }

    fn put(&mut self, word: u32) -> Option<()> {
        let place = self.out.get_mut(self.length..self.length + 4)?;
        place.copy_from_slice(&word.to_be_bytes());
        self.length += 4;
        Some(())
    }
}

/// Losses are told in 24 bits with a sign.
const LOST_LIMIT: i32 = 1 << 23;
