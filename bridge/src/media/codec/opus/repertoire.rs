//! What is said to callers again and again, kept as packets: to encode it anew for each was most of
//! what a newcomer cost. Encodes nothing itself.
//!
//! libopus makes the same packets of the same sound when it begins anew, as it does after every
//! silence. So a packet is known by all that its listener was sent since then, whoever he is.

use std::hash::{DefaultHasher, Hash, Hasher};

use confab_core::audio::stream::OpusWishes;

use super::{bandwidth, bit_rate};

/// Stands for all that a listener was sent since it was last silent, and in what way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::media) struct Story(u64);

impl Story {
    /// To whom nothing was said yet, and who wishes for this.
    pub(in crate::media) fn begin(wishes: &OpusWishes) -> Self {
        let mut hasher = DefaultHasher::new();
        let (fec, width) = (wishes.inband_fec, bandwidth(wishes) as i32);
        (fec, width, bit_rate(wishes)).hash(&mut hasher);
        Self(hasher.finish())
    }

    /// The same, and then a tick of this sound.
    pub(in crate::media) fn and(self, sound: &[i16]) -> Self {
        let mut hasher = DefaultHasher::new();
        (self.0, sound).hash(&mut hasher);
        // Zero is no story.
        Self(hasher.finish() | 1)
    }
}

/// The packets at the end of each story. When there are too many, those go that were not sent for
/// the longest time.
#[derive(Debug)]
pub(in crate::media) struct Repertoire {
    /// of each packet; 0: there is none
    stories: Box<[u64]>,
    /// ticks in which they were sent last
    sent: Box<[u64]>,
    lengths: Box<[u8]>,
    /// room for the longest at each place; untouched memory until it is used
    packets: Box<[u8]>,
}

impl Default for Repertoire {
    fn default() -> Self {
        Self {
            stories: vec![0; PLACES].into_boxed_slice(),
            sent: vec![0; PLACES].into_boxed_slice(),
            lengths: vec![0; PLACES].into_boxed_slice(),
            packets: vec![0; PLACES * LONGEST].into_boxed_slice(),
        }
    }
}

impl Repertoire {
    /// Writes the packet that ends this story to `out`; its length, if it is there.
    pub(in crate::media) fn find(
        &mut self,
        story: Story,
        tick: u64,
        out: &mut [u8],
    ) -> Option<usize> {
        let row = row_of(story);
        let stories = self.stories[row..row + ROW].iter();
        let place = row + stories.into_iter().position(|&there| there == story.0)?;
        self.sent[place] = tick;
        let length = usize::from(self.lengths[place]);
        let packet = &self.packets[place * LONGEST..][..length];
        out.get_mut(..length)?.copy_from_slice(packet);
        Some(length)
    }

    /// Keeps the packet that ends this story, unless it is longer than packets of speech are.
    pub(in crate::media) fn keep(&mut self, story: Story, tick: u64, packet: &[u8]) {
        let row = row_of(story);
        let oldest = (row..row + ROW).min_by_key(|&place| self.sent[place]);
        let (Some(place), Ok(length)) = (oldest, u8::try_from(packet.len())) else {
            return;
        };
        if packet.len() <= LONGEST {
            self.packets[place * LONGEST..][..packet.len()].copy_from_slice(packet);
            (self.stories[place], self.sent[place]) = (story.0, tick);
            self.lengths[place] = length;
        }
    }
}

fn row_of(story: Story) -> usize {
    (story.0 >> 8) as usize % (PLACES / ROW) * ROW
}

/// Five minutes of packets of 20 ms. Zeroed memory that nobody has written costs nothing.
const PLACES: usize = 16_384;
/// So many places a story may have.
const ROW: usize = 8;
/// 90 kbit/s for 20 ms, where we send 32 on average.
const LONGEST: usize = 224;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_story_is_told_by_every_sample_and_wish_and_by_nothing_else() {
        let wishes = OpusWishes::default();
        let told = |wishes, ticks: &[[i16; 4]]| {
            let begun = Story::begin(&wishes);
            ticks.iter().fold(begun, |story, tick| story.and(tick))
        };
        let one = told(wishes, &[[1, 2, 3, 4], [5, 6, 7, 8]]);
        assert_eq!(one, told(wishes, &[[1, 2, 3, 4], [5, 6, 7, 8]]));
        assert_ne!(one, told(wishes, &[[1, 2, 3, 5], [5, 6, 7, 8]]));
        assert_ne!(one, told(wishes, &[[5, 6, 7, 8]]));
        assert_ne!(one, told(wishes, &[[5, 6, 7, 8], [1, 2, 3, 4]]));
        for other in [
            OpusWishes {
                inband_fec: true,
                ..wishes
            },
            OpusWishes {
                bitrate_max: Some(12_000),
                ..wishes
            },
            OpusWishes {
                playback_hz_max: 8_000,
                ..wishes
            },
        ] {
            assert_ne!(Story::begin(&wishes), Story::begin(&other), "{other:?}");
        }
        // More than we would send is no other wish.
        let more = OpusWishes {
            bitrate_max: Some(90_000),
            ..wishes
        };
        assert_eq!(Story::begin(&wishes), Story::begin(&more));
    }

    #[test]
    fn what_was_sent_last_stays() {
        let mut kept = Repertoire::default();
        let begun = Story::begin(&OpusWishes::default());
        let story = |n: i16| begun.and(&[n]);
        let favourite = story(-1);
        let mut out = [0; 1_275];
        assert_eq!(kept.find(favourite, 1, &mut out), None);
        kept.keep(favourite, 1, &[1, 2, 3]);
        for n in 0..i16::MAX {
            let tick = 2 + n as u64;
            kept.keep(story(n), tick, &[7; 90]);
            assert_eq!(kept.find(favourite, tick, &mut out), Some(3), "{n}");
        }
        assert_eq!(out[..3], [1, 2, 3]);
        let there = |n: &i16| kept.find(story(*n), 1 << 20, &mut [0; 1_275]) == Some(90);
        let latest = i16::MAX - PLACES as i16 / 4;
        let there = (latest..i16::MAX).filter(there).count();
        assert!(there * 100 > PLACES / 4 * 99, "{there}");
    }

    #[test]
    fn what_is_too_long_is_not_kept() {
        let mut kept = Repertoire::default();
        let story = Story::begin(&OpusWishes::default()).and(&[1]);
        for length in [LONGEST + 1, 256, 1_275] {
            kept.keep(story, 1, &vec![1; length]);
            assert_eq!(kept.find(story, 1, &mut [0; 1_275]), None, "{length}");
        }
        kept.keep(story, 1, &[1; LONGEST]);
        assert_eq!(kept.find(story, 1, &mut [0; 1_275]), Some(LONGEST));
    }
}
