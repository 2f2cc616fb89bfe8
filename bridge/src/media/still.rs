//! Sound in which nothing is, as phones send that are muted at their own key: the same few octets
//! again and again, or what looks like nothing in G.722. Decodes nothing.

use confab_core::audio::g722::Quiet;
use confab_core::audio::rtp::Packet;
use confab_core::audio::stream::Codec;

/// A payload that is one word throughout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Still {
    pub(super) word: [u8; WORD],
    /// octets
    pub(super) length: u16,
}

impl Still {
    /// None when it is anything else, or longer than 60 ms at 64 kbit/s.
    pub(super) fn of(payload: &[u8]) -> Option<Self> {
        let length = payload.len();
        let word = *payload.first_chunk()?;
        let is_one = length.is_multiple_of(WORD)
            && length <= LONGEST
            && payload[WORD..] == payload[..length - WORD];
        is_one.then_some(Self {
            word,
            length: length as u16,
        })
    }
}

/// How long a line has been silent.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Stillness {
    still: Option<Still>,
    quiet: Quiet,
    /// octets that were so
    run: u32,
}

impl Stillness {
    /// Takes note of a packet of this codec, and whether its payload is all that is in it behind
    /// the shortest header; false when it must be listened to.
    pub(super) fn goes_on(&mut self, codec: Codec, packet: &Packet<'_>, is_all: bool) -> bool {
        let payload = packet.payload;
        let same = match codec {
            Codec::G722 => self.quiet.goes_on(payload),
            _ => self.is_the_same(payload, is_all),
        };
        let run = self.run.saturating_add(payload.len() as u32);
        self.run = if same { run } else { 0 };
        // By numbers, since not all who fell silent at once may be listened to at once.
        let in_doubt = codec == Codec::G722 && packet.sequence.is_multiple_of(LOOK);
        if in_doubt && self.run > ALMOST {
            self.run = ALMOST;
        }
        same && !in_doubt
    }

    fn is_the_same(&mut self, payload: &[u8], is_all: bool) -> bool {
        let still = Still::of(payload).filter(|_| is_all);
        let before = std::mem::replace(&mut self.still, still);
        before.is_some() && before == self.still
    }

    /// Begins anew.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }

    /// It has been silent for so long that decoder, gate and gain have nothing to learn of it.
    pub(super) fn is_long(&self) -> bool {
        self.run >= LONG
    }

    /// What it sends again and again, where that is so.
    pub(super) fn still(&self) -> Option<Still> {
        self.still
    }
}

pub(super) const WORD: usize = 4;
/// 60 ms at 64 kbit/s.
pub(super) const LONGEST: usize = 480;
/// Octets of three seconds at 64 kbit/s: then there is nothing else in what the echo's watch has
/// of it.
const LONG: u32 = 24_000;
/// A third of a second less.
const ALMOST: u32 = LONG - 2_667;
/// Of so many packets of G.722, ten seconds of packets of 20 ms, one is listened to, and those of a
/// third of a second after it: a tone may have come up that slowly that nothing told it.
const LOOK: u16 = 512;

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(sequence: u16, payload: &[u8]) -> Packet<'_> {
        Packet {
            payload_type: 0,
            marker: false,
            sequence,
            timestamp: 0,
            ssrc: 0,
            payload,
        }
    }

    #[test]
    fn one_word_is_still_and_whatever_differs_by_an_octet_is_not() {
        let zero = Still::of(&[0xff; 160]);
        assert_eq!(
            zero.map(|still| (still.word, still.length)),
            Some(([0xff; 4], 160))
        );
        let words = [0xfa, 0xde, 0xfa, 0xdf].repeat(120);
        assert_eq!(Still::of(&words).map(|still| still.length), Some(480));
        for at in 0..160 {
            let mut payload = [0xd5; 160];
            payload[at] = 0x55;
            assert_eq!(Still::of(&payload), None, "{at}");
        }
        for odd in [&[0xff; 159][..], &[0xff; 484], &[0xff; 3], &[]] {
            assert_eq!(Still::of(odd), None, "{}", odd.len());
        }
    }

    #[test]
    fn it_takes_three_seconds_without_a_change() {
        for length in [80, 160, 240, 480] {
            let mut stillness = Stillness::default();
            let mut send = |octet: u8, length: usize| {
                stillness.goes_on(Codec::Pcma, &packet(1, &vec![octet; length]), true);
                stillness.is_long()
            };
            let first = (0..).find(|_| send(0xff, length));
            assert_eq!(first, Some(24_000 / length), "{length}");
            assert!(!send(0x7f, length));
            assert_eq!(
                (0..).find(|_| send(0x7f, length)),
                Some(24_000 / length - 1)
            );
            assert!(!send(0x7f, length / 2));
        }
    }
}
