//! The sampling rates of lines and rooms, and how long a tick is at each. Converts nothing.

/// A rate that a line has and a room can run at; a higher one is greater.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rate {
    /// 8 kHz: G.711.
    #[default]
    Narrow,
    /// 16 kHz: G.722.
    Wide,
    /// 48 kHz: Opus.
    Full,
}

impl Rate {
    /// Samples a second.
    pub const fn hz(self) -> u32 {
        8_000 * self.scale() as u32
    }

    /// How many times that of a narrow line it is.
    pub const fn scale(self) -> usize {
        match self {
            Self::Narrow => 1,
            Self::Wide => 2,
            Self::Full => 6,
        }
    }

    /// Samples of a tick.
    pub const fn tick(self) -> usize {
        super::TICK_SAMPLES * self.scale()
    }
}

/// Samples of a tick at the highest rate.
pub const LONGEST_TICK: usize = Rate::Full.tick();
