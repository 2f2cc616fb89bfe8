//! SRTP (RFC 3711) of one line: packets are sealed and opened where they lie, with keys that came
//! by SDP (RFC 4568). Knows no socket and no clock; allocates only when keys are made.
//!
//! `rtc-srtp` and `webrtc-srtp` give every packet memory of its own, which a media thread must not.
//! So what is ours here is the frame of RFC 3711; AES, HMAC and GCM are those of `aes`, `ctr`,
//! `hmac`, `sha1` and `ring`.

mod cipher;
mod inlet;
mod window;

use confab_core::audio::rtp::HEADER_LEN;
use confab_core::audio::stream::{Srtp, SrtpKey, SrtpSuite};

use cipher::{Cipher, Use};
pub(super) use inlet::Inlet;
use window::Sources;

/// Bytes that sealing may add to a packet: a tag and the number of a report.
pub(super) const TAIL_LEN: usize = 20;

/// What seals and opens the packets of one line.
#[derive(Debug)]
pub(super) struct Keys {
    pub(super) sealer: Box<Sealer>,
    pub(super) opener: Box<Opener>,
}

impl Keys {
    /// Derives everything of the master keys. `random` names the stream that is sent.
    pub(super) fn new(srtp: &Srtp, random: u64) -> Self {
        Self {
            sealer: Box::new(Sealer::new(srtp.suite, &srtp.ours, random)),
            opener: Box::new(Opener::new(srtp.suite, &srtp.theirs)),
        }
    }
}

/// Seals what a line sends. For one stream: whoever numbers a second one by the same key lets
/// both be read.
#[derive(Debug)]
pub(super) struct Sealer {
    rtp: Cipher,
    rtcp: Cipher,
    ssrc: u32,
    /// the number of the first packet, and then the last of all numbers, with what they have
    /// wrapped
    index: u64,
    reports: u32,
}

impl Sealer {
    fn new(suite: SrtpSuite, key: &SrtpKey, random: u64) -> Self {
        // In the lower half, so that a receiver who misses the first packets knows that none has
        // wrapped (RFC 4568, 6.4).
        let first = (random >> 32) & 0x7FFF;
        Self {
            rtp: Cipher::new(suite, key, Use::Rtp),
            rtcp: Cipher::new(suite, key, Use::Rtcp),
            ssrc: random as u32,
            index: first,
            reports: 0,
        }
    }

    /// The SSRC and the first sequence number to send with. Whether wraps are counted on under a
    /// new key (RFC 3711, 3.3.1) or from nothing, as many phones do it, makes no difference to a
    /// stream that begins with it.
    pub(super) fn start(&self) -> (u32, u16) {
        (self.ssrc, self.index as u16)
    }

    /// Seals the RTP packet in the first `length` bytes, which must come in the order of their
    /// numbers; returns how long it is then.
    pub(super) fn rtp(&mut self, packet: &mut [u8], length: usize) -> Option<usize> {
        let (clear, ssrc, sequence) = head_of(packet.get(..length)?)?;
        let ahead = sequence.wrapping_sub(self.index as u16);
        self.index += u64::from(ahead);
        self.rtp.seal(packet, length, clear, (ssrc, self.index))
    }

    /// Seals the compound RTCP packet in the first `length` bytes.
    pub(super) fn rtcp(&mut self, packet: &mut [u8], length: usize) -> Option<usize> {
        let ssrc = reporter_of(packet.get(..length)?)?;
        // No call lasts for the 300 years of five-second reports that use the numbers up.
        self.reports = self.reports.checked_add(1).filter(|n| n >> 31 == 0)?;
        let at = (ssrc, u64::from(self.reports));
        self.rtcp.seal(packet, length, REPORT_CLEAR, at)
    }
}

/// Opens what a line receives.
#[derive(Debug)]
pub(super) struct Opener {
    rtp: Cipher,
    rtcp: Cipher,
    streams: Sources,
    reporters: Sources,
    /// what opened the packets before the key was changed, and the tick until which some may come
    former: Option<(Box<Opener>, u64)>,
}

impl Opener {
    fn new(suite: SrtpSuite, key: &SrtpKey) -> Self {
        Self {
            rtp: Cipher::new(suite, key, Use::Rtp),
            rtcp: Cipher::new(suite, key, Use::Rtcp),
            streams: Sources::default(),
            reporters: Sources::default(),
            former: None,
        }
    }

    /// Comes after another key: what that sealed is opened until this tick, as some is still on
    /// its way. A key by which nothing came says nothing of the streams, so the one before it stays
    /// in its place. Returns what is needed no more.
    pub(super) fn follow(&mut self, mut former: Box<Self>, until: u64) -> Option<Box<Self>> {
        match former.former.take() {
            Some((oldest, _)) if former.streams.is_empty() => {
                self.former = Some((oldest, until));
                Some(former)
            }
            oldest => {
                self.former = Some((former, until));
                oldest.map(|(oldest, _)| oldest)
            }
        }
    }

    /// Goes to a shard with another count of ticks.
    pub(super) fn move_to(&mut self, left: u64, tick: u64) {
        if let Some((_, until)) = &mut self.former {
            *until = tick + until.saturating_sub(left);
        }
    }

    /// Opens an RTP packet; returns how long it is then. None: it is not from who has the key, it
    /// came before, or it is far too late.
    pub(super) fn rtp(&mut self, packet: &mut [u8], tick: u64) -> Option<usize> {
        let (clear, ssrc, sequence) = head_of(packet)?;
        match &mut self.former {
            Some((former, until)) if tick < *until => {
                // GCM spoils what it cannot open.
                let mut kept = [0; LONGEST];
                let kept = kept.get_mut(..packet.len())?;
                kept.copy_from_slice(packet);
                let wrapped = former.streams.wraps_of(ssrc);
                let opened = self.stream(packet, (clear, ssrc, sequence), wrapped);
                opened.or_else(|| {
                    let (former, _) = self.former.as_mut()?;
                    packet.copy_from_slice(kept);
                    former.stream(packet, (clear, ssrc, sequence), None)
                })
            }
            former => {
                let wrapped = former
                    .as_ref()
                    .and_then(|(it, _)| it.streams.wraps_of(ssrc));
                self.stream(packet, (clear, ssrc, sequence), wrapped)
            }
        }
    }

    /// `wrapped`: how often the numbers had wrapped when the key was changed.
    fn stream(
        &mut self,
        packet: &mut [u8],
        (clear, ssrc, sequence): (usize, u32, u16),
        wrapped: Option<u64>,
    ) -> Option<usize> {
        if let Some(window) = self.streams.known(ssrc) {
            let index = window.nearest(sequence).filter(|it| !window.has(*it))?;
            let length = self.rtp.open(packet, clear, (ssrc, index))?;
            self.streams.came(ssrc, index);
            return Some(length);
        }
        // A stream begins with no wraps. Its first packets may have been lost just before one,
        // and RFC 3711, 3.3.1, has wraps counted on under a new key.
        let mut kept = [0; LONGEST];
        let kept = kept.get_mut(..packet.len())?;
        kept.copy_from_slice(packet);
        for wraps in [Some(0), Some(1), wrapped, wrapped.map(|wraps| wraps + 1)] {
            let Some(wraps) = wraps else { continue };
            let index = wraps << 16 | u64::from(sequence);
            if let Some(length) = self.rtp.open(packet, clear, (ssrc, index)) {
                self.streams.came(ssrc, index);
                return Some(length);
            }
            packet.copy_from_slice(kept);
        }
        None
    }

    /// As [`rtp`](Self::rtp), for RTCP.
    pub(super) fn rtcp(&mut self, packet: &mut [u8]) -> Option<usize> {
        let ssrc = reporter_of(packet)?;
        let index = self.rtcp.number_of(packet)?;
        let known = self.reporters.known(ssrc);
        if known.is_some_and(|window| window.has(index)) {
            return None;
        }
        let length = self.rtcp.open(packet, REPORT_CLEAR, (ssrc, index))?;
        self.reporters.came(ssrc, index);
        Some(length)
    }
}

/// Length of an RTP header with its sources and extension, SSRC, sequence number.
fn head_of(packet: &[u8]) -> Option<(usize, u32, u16)> {
    let head = packet.first_chunk::<HEADER_LEN>()?;
    if head[0] >> 6 != 2 {
        return None;
    }
    let mut length = HEADER_LEN + 4 * usize::from(head[0] & 0x0F);
    if head[0] & 0x10 != 0 {
        let extension = packet.get(length..)?.first_chunk::<4>()?;
        let words = u16::from_be_bytes([extension[2], extension[3]]);
        length += 4 + 4 * usize::from(words);
    }
    let ssrc = u32::from_be_bytes([head[8], head[9], head[10], head[11]]);
    let sequence = u16::from_be_bytes([head[2], head[3]]);
    (packet.len() >= length).then_some((length, ssrc, sequence))
}

/// The SSRC of who wrote a compound RTCP packet.
fn reporter_of(packet: &[u8]) -> Option<u32> {
    let head = packet.first_chunk::<REPORT_CLEAR>()?;
    (head[0] >> 6 == 2).then(|| u32::from_be_bytes([head[4], head[5], head[6], head[7]]))
}

/// What of RTCP is never encrypted: the first head and the SSRC behind it.
const REPORT_CLEAR: usize = 8;
/// The longest datagram that is read.
const LONGEST: usize = 1_500;

#[cfg(test)]
mod tests;
