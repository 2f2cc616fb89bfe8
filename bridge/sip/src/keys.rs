//! Keys of SRTP that nobody can guess, from the system's generator.

use confab_core::audio::stream::{SrtpKey, SrtpSuite};

/// A new master key and salt.
pub(crate) fn fresh(suite: SrtpSuite) -> SrtpKey {
    let (key, salt) = suite.key_and_salt_len();
    let mut octets = vec![0; key + salt];
    getrandom::fill(&mut octets).expect("the system has a random generator");
    SrtpKey::new(suite, &octets).expect("it is as long as the suite wants it")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_are_alike() {
        let suite = SrtpSuite::AeadAes256Gcm;
        let (one, other) = (fresh(suite), fresh(suite));
        assert_ne!(one, other);
        let parts = [one.parts(suite), other.parts(suite)];
        assert_ne!(parts[0].0, parts[1].0);
        assert_ne!(parts[0].1, parts[1].1);
        assert!(!format!("{one:?}").contains(char::is_numeric));
    }
}
