//! Walks the frames of an MP3 file: how many, how long, and where the last whole one ends.
//! Pure: bytes in, numbers out. Never panics on any bytes, and never decodes sound.
//!
//! ```text
//! LOST --header, and another where it says the next one is (or the end)--> LOCKED
//! LOCKED --same kind of header at the end of the frame--> LOCKED
//! LOCKED --anything else--> LOST (bytes are passed over and counted)
//! ```

/// Bytes of a frame header (ISO 11172-3, 2.4.1.3).
const HEADER_BYTES: usize = 4;

/// Bit rates of Layer III in kbit/s, index 1 to 14: MPEG-1, then MPEG-2 and 2.5.
const BIT_RATES_KBPS: [[u32; 14]; 2] = [
    [
        32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320,
    ],
    [8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
];

/// Sample rates of MPEG-1; MPEG-2 halves them, MPEG-2.5 halves them again.
const RATES_HZ: [u32; 3] = [44_100, 48_000, 32_000];

/// The header of one Layer III frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// samples a second
    pub rate_hz: u32,
    /// one channel rather than two
    pub mono: bool,
    /// samples in the frame, each channel
    pub samples: u32,
    /// size of the frame with its header
    pub bytes: usize,
}

impl Header {
    /// Reads a header, or nothing when these four bytes are none: other layers and the free format
    /// are none as well.
    pub fn parse(bytes: [u8; HEADER_BYTES]) -> Option<Self> {
        let [sync, kind, rates, mode] = bytes;
        if sync != 0xff || kind & 0xe0 != 0xe0 {
            return None;
        }
        let halvings = match (kind >> 3) & 0b11 {
            0b11 => 0,
            0b10 => 1,
            0b00 => 2,
            _ => return None,
        };
        let layer_iii = (kind >> 1) & 0b11 == 0b01;
        let no_emphasis_reserved = mode & 0b11 != 0b10;
        if !layer_iii || !no_emphasis_reserved {
            return None;
        }
        let row = &BIT_RATES_KBPS[usize::from(halvings > 0)];
        let kbps = *row.get(usize::from(rates >> 4).checked_sub(1)?)?;
        let rate_hz = RATES_HZ.get(usize::from((rates >> 2) & 0b11))? >> halvings;
        let samples = if halvings == 0 { 1_152 } else { 576 };
        let padding = u32::from((rates >> 1) & 1);
        let bytes = (samples / 8 * kbps * 1_000 / rate_hz + padding) as usize;
        Some(Self {
            rate_hz,
            mono: mode >> 6 == 0b11,
            samples,
            bytes,
        })
    }

    fn same_kind(&self, other: &Self) -> bool {
        (self.rate_hz, self.mono) == (other.rate_hz, other.mono)
    }
}

/// What a walk has found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Walked {
    /// whole frames
    pub frames: u64,
    /// sound in them
    pub duration_us: u64,
    /// offset at which the last whole frame ends; 0 when there is none
    pub whole_bytes: u64,
    /// bytes before that which belong to no frame
    pub passed_over_bytes: u64,
}

impl Walked {
    /// Sound in the whole frames, in milliseconds.
    pub fn duration_ms(&self) -> u64 {
        self.duration_us / 1_000
    }
}

/// Walks a file given in pieces of any size.
#[derive(Debug, Default)]
pub struct Walker {
    found: Walked,
    locked: Option<Header>,
    pending: Vec<u8>,
    at: u64,
}

impl Walker {
    /// Takes the next piece.
    pub fn feed(&mut self, piece: &[u8]) {
        self.pending.extend_from_slice(piece);
        self.walk(false);
    }

    /// Says that there is no more, and what was found.
    pub fn finish(mut self) -> Walked {
        self.walk(true);
        self.found
    }

    /// Frames are taken from `pending`; what cannot be judged without the next piece stays there,
    /// never more than one frame and a header.
    fn walk(&mut self, at_end: bool) {
        let mut pos = 0;
        while let Some(head) = header_at(&self.pending, pos) {
            let Some(header) = head else {
                self.locked = None;
                pos += 1;
                continue;
            };
            let end = pos + header.bytes;
            if end > self.pending.len() {
                if !at_end {
                    break;
                }
                // A whole frame may still hide behind what only looks like a header.
                self.locked = None;
                pos += 1;
                continue;
            }
            let sure = match self.locked {
                Some(kind) if kind.same_kind(&header) => true,
                _ => match header_at(&self.pending, end) {
                    Some(next) => next.is_some_and(|next| next.same_kind(&header)),
                    None if at_end => true,
                    None => break,
                },
            };
            if sure {
                self.take(header, end);
                pos = end;
            } else {
                self.locked = None;
                pos += 1;
            }
        }
        self.at += pos as u64;
        self.pending.drain(..pos);
    }

    fn take(&mut self, header: Header, end: usize) {
        let whole_bytes = self.at + end as u64;
        self.found.passed_over_bytes += whole_bytes - self.found.whole_bytes - header.bytes as u64;
        self.found.whole_bytes = whole_bytes;
        self.found.frames += 1;
        self.found.duration_us += u64::from(header.samples) * 1_000_000 / u64::from(header.rate_hz);
        self.locked = Some(header);
    }
}

/// Walks bytes that are all there.
pub fn walk(bytes: &[u8]) -> Walked {
    let mut walker = Walker::default();
    walker.feed(bytes);
    walker.finish()
}

/// The outer nothing: too few bytes there to say. The inner nothing: no header.
fn header_at(bytes: &[u8], pos: usize) -> Option<Option<Header>> {
    let head = bytes.get(pos..)?.first_chunk::<HEADER_BYTES>()?;
    Some(Header::parse(*head))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A frame of our own kind: MPEG-2, Layer III, 48 kbit/s, 16 kHz, mono.
    fn frame() -> Vec<u8> {
        let mut frame = vec![0xff, 0xf3, 0x68, 0xc4];
        frame.resize(crate::FRAME_BYTES, 0);
        frame
    }

    fn check(bytes: &[u8], frames: u64, whole_bytes: usize, passed_over: usize) {
        let expected = Walked {
            frames,
            duration_us: frames * 36_000,
            whole_bytes: whole_bytes as u64,
            passed_over_bytes: passed_over as u64,
        };
        assert_eq!(walk(bytes), expected);
        for piece_len in [1, 3, 100, 217] {
            let mut walker = Walker::default();
            bytes.chunks(piece_len).for_each(|piece| walker.feed(piece));
            assert_eq!(walker.finish(), expected, "in pieces of {piece_len}");
        }
    }

    #[test]
    fn headers() {
        let parse = |bytes| Header::parse(bytes).map(|h| (h.rate_hz, h.bytes, h.mono));
        assert_eq!(parse([0xff, 0xf3, 0x68, 0xc4]), Some((16_000, 216, true)));
        assert_eq!(parse([0xff, 0xfb, 0x90, 0x00]), Some((44_100, 417, false)));
        assert_eq!(parse([0xff, 0xfb, 0x92, 0x00]), Some((44_100, 418, false)));
        assert_eq!(parse([0xff, 0xe3, 0x48, 0xc0]), Some((8_000, 288, true)));
        assert_eq!(parse([0xff, 0xfd, 0x90, 0x00]), None, "Layer II");
        assert_eq!(parse([0xff, 0xf3, 0x08, 0xc4]), None, "free format");
        assert_eq!(parse([0xff, 0xf3, 0xf8, 0xc4]), None, "bit rate 15");
        assert_eq!(parse([0xff, 0xf3, 0x6c, 0xc4]), None, "rate 3");
        assert_eq!(parse([0xff, 0xeb, 0x68, 0xc4]), None, "version reserved");
        assert_eq!(parse([0xff, 0xf3, 0x68, 0xc6]), None, "emphasis reserved");
        assert_eq!(parse([0x00; 4]), None);
    }

    #[test]
    fn whole_frames_and_what_is_cut() {
        let one = frame();
        let ten = one.repeat(10);
        check(&[], 0, 0, 0);
        check(&one, 1, 216, 0);
        check(&ten, 10, 2_160, 0);
        check(&ten[..2_159], 9, 1_944, 0);
        check(&ten[..217], 1, 216, 0);
        check(&ten[..215], 0, 0, 0);
        check(&[ten.as_slice(), &[0; 4_096]].concat(), 10, 2_160, 0);
        check(&[&ten, b"a hole".as_slice(), &ten].concat(), 20, 4_326, 6);
        check(b"no sound at all, and longer than a header", 0, 0, 0);
    }

    proptest! {
        #[test]
        fn any_bytes_are_walked(bytes: Vec<u8>, piece_len in 1usize..600) {
            let whole = walk(&bytes);
            prop_assert!(whole.whole_bytes <= bytes.len() as u64);
            prop_assert!(whole.passed_over_bytes <= whole.whole_bytes);
            let mut walker = Walker::default();
            bytes.chunks(piece_len).for_each(|piece| walker.feed(piece));
            prop_assert_eq!(walker.finish(), whole);
        }

        #[test]
        fn a_cut_loses_only_the_last_frame(frames in 0usize..20, cut in 0usize..216) {
            let bytes = frame().repeat(frames + 1);
            let walked = walk(&bytes[..frames * 216 + cut]);
            prop_assert_eq!(walked.frames, frames as u64);
            prop_assert_eq!(walked.whole_bytes, frames as u64 * 216);
        }

        #[test]
        fn headers_in_noise(bytes in proptest::collection::vec(
            prop_oneof![Just(0xffu8), Just(0xf3), Just(0x68), Just(0xc4), any::<u8>()], 0..3_000)
        ) {
            prop_assert!(walk(&bytes).whole_bytes <= bytes.len() as u64);
        }
    }
}
