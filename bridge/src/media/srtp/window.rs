//! Which packets of a stream have come (RFC 3711, 3.3): the count of wraps that no packet carries,
//! and the window in which a repetition is known. Learns only of packets that were authentic.

/// What has come of one stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Window {
    /// the highest index
    highest: u64,
    /// bit n: the index n below the highest has come
    seen: u128,
}

impl Window {
    fn begin(index: u64) -> Self {
        Self {
            highest: index,
            seen: 1,
        }
    }

    /// The index of this number that is nearest to the highest; none: it would be before the
    /// beginning.
    pub(super) fn nearest(&self, sequence: u16) -> Option<u64> {
        let ahead = sequence.wrapping_sub(self.highest as u16) as i16;
        self.highest.checked_add_signed(ahead.into())
    }

    /// It has come before, or so long ago that nobody knows.
    pub(super) fn has(&self, index: u64) -> bool {
        match self.highest.checked_sub(index) {
            None => false,
            Some(behind) if behind < u64::from(u128::BITS) => self.seen >> behind & 1 == 1,
            Some(_) => true,
        }
    }

    fn came(&mut self, index: u64) {
        match self.highest.checked_sub(index) {
            Some(behind) if behind < u64::from(u128::BITS) => self.seen |= 1 << behind,
            Some(_) => {}
            None => {
                let ahead = index - self.highest;
                let shifted = u32::try_from(ahead)
                    .ok()
                    .and_then(|n| self.seen.checked_shl(n));
                self.seen = shifted.unwrap_or(0) | 1;
                self.highest = index;
            }
        }
    }
}

/// The streams that have come under one key. Some phones send keys as a stream of their own, and
/// some begin a new one after a hold.
#[derive(Debug, Default)]
pub(super) struct Sources {
    /// SSRC, when it last came, and what has
    list: [Option<(u32, u64, Window)>; MOST],
    count: u64,
}

impl Sources {
    pub(super) fn known(&self, ssrc: u32) -> Option<Window> {
        let mut list = self.list.iter().flatten();
        list.find(|(of, ..)| *of == ssrc)
            .map(|(.., window)| *window)
    }

    /// Nothing has come.
    pub(super) fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// How often the numbers of this stream have wrapped.
    pub(super) fn wraps_of(&self, ssrc: u32) -> Option<u64> {
        self.known(ssrc).map(|window| window.highest >> 16)
    }

    /// An authentic packet has come. A stream too many takes the place of the one that has been
    /// quiet for longest.
    pub(super) fn came(&mut self, ssrc: u32, index: u64) {
        self.count += 1;
        let now = self.count;
        for (of, at, window) in self.list.iter_mut().flatten() {
            if *of == ssrc {
                *at = now;
                window.came(index);
                return;
            }
        }
        let quietest = |place: &&mut Option<(u32, u64, Window)>| place.map_or(0, |(_, at, _)| at);
        if let Some(place) = self.list.iter_mut().min_by_key(quietest) {
            *place = Some((ssrc, now, Window::begin(index)));
        }
    }
}

/// Streams that are told apart.
const MOST: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_wrap_and_repetitions_are_known() {
        let mut window = Window::begin(65_530);
        // number, its index, whether it has come before
        for (sequence, index, had) in [
            (65_530, 65_530, true),
            (65_535, 65_535, false),
            (65_535, 65_535, true),
            (2, 65_538, false),
            (65_534, 65_534, false),
            (65_534, 65_534, true),
            (2, 65_538, true),
            (300, 65_836, false),
            (172, 65_708, true),
            (173, 65_709, false),
        ] {
            assert_eq!(window.nearest(sequence), Some(index), "{sequence}");
            assert_eq!(window.has(index), had, "{sequence}");
            window.came(index);
        }
        assert_eq!(Window::begin(3).nearest(65_530), None);
    }

    #[test]
    fn the_quietest_stream_makes_room() {
        let mut sources = Sources::default();
        for ssrc in 0..8 {
            sources.came(ssrc, 1);
        }
        sources.came(0, 70_000);
        sources.came(8, 5);
        assert_eq!(sources.known(1), None);
        assert_eq!(sources.known(8), Some(Window::begin(5)));
        assert_eq!(sources.wraps_of(0), Some(1));
    }
}
