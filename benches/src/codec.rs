//! The codecs that `load` and `network` speak: what they are called, and what they count by.
//! Encodes nothing.

use clap::ValueEnum;
use confab_core::audio::rate::Rate;

/// A codec.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Codec {
    /// G.711 mu-law
    #[default]
    Pcmu,
    /// G.722
    G722,
    /// Opus
    Opus,
}

impl Codec {
    /// RTP payload type; that of Opus is our choice.
    pub fn number(self) -> u8 {
        match self {
            Self::Pcmu => 0,
            Self::G722 => 9,
            Self::Opus => 111,
        }
    }

    /// As `a=rtpmap` names it.
    pub fn map(self) -> &'static str {
        match self {
            Self::Pcmu => "PCMU/8000",
            Self::G722 => "G722/8000",
            Self::Opus => "opus/48000/2",
        }
    }

    /// What people call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pcmu => "G.711",
            Self::G722 => "G.722",
            Self::Opus => "Opus",
        }
    }

    /// Of its sound.
    pub fn rate(self) -> Rate {
        match self {
            Self::Pcmu => Rate::Narrow,
            Self::G722 => Rate::Wide,
            Self::Opus => Rate::Full,
        }
    }

    /// What its timestamps count by; that of G.722 is not its rate (RFC 3551, 4.5.2).
    pub fn clock_hz(self) -> u32 {
        match self {
            Self::Pcmu | Self::G722 => 8_000,
            Self::Opus => 48_000,
        }
    }
}
