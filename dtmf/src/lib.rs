//! Telephone keys: from RFC 4733 events and SIP INFO bodies to [`Key`]s, and from keys to digits
//! and commands. Knows no room and no call.
#![forbid(unsafe_code)]

pub mod collector;
pub mod command;
pub mod digits;
pub mod event;
pub mod inband;
pub mod info;
pub mod layout;
pub mod merge;

use std::fmt;

/// One press of one key of a telephone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Key {
    /// `0` to `9`.
    Digit(u8),
    /// `*`
    Star,
    /// `#`
    Pound,
    /// `A` to `D`, as 0 to 3: on military phones only; means nothing here.
    Letter(u8),
}

impl Key {
    /// The key that is printed as `c`.
    pub fn from_char(c: char) -> Option<Self> {
        match c {
            '0'..='9' => Some(Key::Digit(c as u8 - b'0')),
            '*' => Some(Key::Star),
            '#' => Some(Key::Pound),
            'A'..='D' => Some(Key::Letter(c as u8 - b'A')),
            'a'..='d' => Some(Key::Letter(c as u8 - b'a')),
            _ => None,
        }
    }

    /// What is printed on the key.
    pub fn as_char(self) -> char {
        match self {
            Key::Digit(d) => (b'0' + d.min(9)) as char,
            Key::Star => '*',
            Key::Pound => '#',
            Key::Letter(l) => (b'A' + l.min(3)) as char,
        }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.as_char())
    }
}
