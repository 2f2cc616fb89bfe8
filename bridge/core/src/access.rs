//! What the number a caller dialled means for the bill. Knows no rates and no money.

use std::fmt;

/// How a call reached the house, which decides who pays for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum CallType {
    /// By a number for which the caller pays.
    Toll,
    /// By a number for which the house pays.
    TollFree,
    /// By a SIP address.
    #[default]
    Voip,
    /// Called by the house.
    DialOut,
}

impl CallType {
    /// Every type there is.
    pub const ALL: [Self; 4] = [Self::Toll, Self::TollFree, Self::Voip, Self::DialOut];

    /// The word for it on the command line, in the ledger and in JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Toll => "toll",
            Self::TollFree => "tollfree",
            Self::Voip => "voip",
            Self::DialOut => "dialout",
        }
    }

    /// The type of a word that [`CallType::word`] gives.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }
}

impl fmt::Display for CallType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// A country, as the two letters of ISO 3166: `FR`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Country([u8; 2]);

impl Country {
    /// Takes two letters, small or capital. Whether there is such a country is not asked.
    pub fn parse(letters: &str) -> Option<Self> {
        let letters: [u8; 2] = letters.as_bytes().try_into().ok()?;
        letters
            .iter()
            .all(u8::is_ascii_alphabetic)
            .then(|| Self(letters.map(|letter| letter.to_ascii_uppercase())))
    }

    /// Two capital letters.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("only ASCII letters are taken")
    }
}

impl fmt::Display for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_taken_as_they_are_given() {
        for kind in CallType::ALL {
            assert_eq!(CallType::parse(kind.word()), Some(kind));
        }
        assert_eq!(CallType::parse("Toll"), None);
    }

    #[test]
    fn countries_are_two_letters() {
        assert_eq!(Country::parse("fr").unwrap().as_str(), "FR");
        for bad in ["", "F", "FRA", "F1", "é"] {
            assert_eq!(Country::parse(bad), None, "{bad}");
        }
    }
}
