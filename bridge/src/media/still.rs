//! Sound in which nothing is: the same few octets again and again, as phones send that are muted at
//! their own key. Compares octets; decodes nothing.

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

/// How long a line has sent the same.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Stillness {
    still: Option<Still>,
    /// octets that were so
    run: u32,
}

impl Stillness {
    /// Takes note of a payload, and whether it is all that is in its packet behind the shortest
    /// header; false when it is not as the last ones were.
    pub(super) fn goes_on(&mut self, payload: &[u8], is_all: bool) -> bool {
        let still = Still::of(payload).filter(|_| is_all);
        let before = std::mem::replace(&mut self.still, still);
        let same = before.is_some() && before == self.still;
        self.run = match same {
            true => self.run.saturating_add(payload.len() as u32),
            false => 0,
        };
        same
    }

    /// Begins anew.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }

    /// What it has sent for so long that decoder, gate and gain have nothing to learn of it.
    pub(super) fn is_long(&self) -> Option<Still> {
        self.still.filter(|_| self.run >= LONG)
    }
}

pub(super) const WORD: usize = 4;
/// 60 ms at 64 kbit/s.
pub(super) const LONGEST: usize = 480;
/// Octets of three seconds at 64 kbit/s: then there is nothing else in what the echo's watch has
/// of it.
const LONG: u32 = 24_000;

#[cfg(test)]
mod tests {
    use super::*;

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
                stillness.goes_on(&vec![octet; length], true);
                stillness.is_long().is_some()
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
