//! An entry of digits that pound or a pause ends: a room number, a PIN, a billing code.
//!
//! Knows nothing of what the digits are for. They may be a secret, so `Debug` shows only how many.

use std::fmt;

use crate::Key;

/// What a key did to an [`Entry`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Entered {
    /// It was taken, or meant nothing; the entry goes on.
    More,
    /// It was star: everything keyed so far is forgotten and the entry begins anew.
    Cleared,
    /// It was pound: the entry is complete.
    Complete,
}

/// Digits on their way.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Entry {
    digits: String,
    max: usize,
}

impl Entry {
    /// An entry of up to `max` digits. One more is kept, so that what is too long is seen to be;
    /// everything after that is dropped.
    pub fn new(max: usize) -> Self {
        Self {
            digits: String::new(),
            max,
        }
    }

    /// Takes one key.
    pub fn key(&mut self, key: Key) -> Entered {
        match key {
            Key::Digit(_) if self.digits.len() <= self.max => {
                self.digits.push(key.as_char());
                Entered::More
            }
            Key::Digit(_) | Key::Letter(_) => Entered::More,
            Key::Star => {
                self.digits.clear();
                Entered::Cleared
            }
            Key::Pound => Entered::Complete,
        }
    }

    /// What has been keyed so far.
    pub fn as_str(&self) -> &str {
        &self.digits
    }

    /// Nothing has been keyed yet.
    pub fn is_empty(&self) -> bool {
        self.digits.is_empty()
    }
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Entry({} of {} digits)", self.digits.len(), self.max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(keys: &str, last: Entered, digits: &str) {
        let mut entry = Entry::new(4);
        let did = keys
            .chars()
            .map(|c| entry.key(Key::from_char(c).unwrap()))
            .last()
            .unwrap();
        assert_eq!((did, entry.as_str()), (last, digits), "{keys}");
    }

    #[test]
    fn entries() {
        check("12", Entered::More, "12");
        check("12#", Entered::Complete, "12");
        check("#", Entered::Complete, "");
        check("12*", Entered::Cleared, "");
        check("12*34#", Entered::Complete, "34");
        check("1A2#", Entered::Complete, "12");
        check("1234567#", Entered::Complete, "12345");
    }

    #[test]
    fn debug_keeps_the_secret() {
        let mut entry = Entry::new(20);
        "4711"
            .chars()
            .for_each(|c| _ = entry.key(Key::from_char(c).unwrap()));
        assert!(!format!("{entry:?}").contains("4711"));
    }
}
