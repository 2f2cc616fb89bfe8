//! How one line can spoil a conference for all others.

/// What is wrong with the sound of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Fault {
    /// It hums, or whistles at one pitch: mains, a broken cable, a dead exchange.
    Hum,
    /// It is noisy all the time.
    Noise,
    /// It plays music, as a telephone that has been put on hold does.
    Music,
    /// What it is sent comes back from it.
    Echo,
    /// Its loudspeaker feeds its microphone, louder and louder.
    Howl,
}

impl Fault {
    /// Every one there is, what disturbs least first.
    pub const ALL: [Self; 5] = [Self::Hum, Self::Noise, Self::Music, Self::Echo, Self::Howl];

    /// The word for it in logs and JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Hum => "hum",
            Self::Noise => "noise",
            Self::Music => "music",
            Self::Echo => "echo",
            Self::Howl => "howl",
        }
    }
}
