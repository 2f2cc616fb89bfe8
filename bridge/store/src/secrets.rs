//! What is kept of a secret: argon2id of a password, HMAC-SHA256 of a PIN or a security code,
//! SHA-256 of a token.
//! Stores nothing itself and never shows a secret.
//!
//! A PIN is checked while a caller waits and has at most 20 digits, so a slow hash would cost calls
//! and give little. Its HMAC's key is drawn when the database is made and kept in the table
//! `secrets` of the same database: every machine of a cluster finds it there, and a backup is
//! complete. It keeps PINs from whoever sees the rooms in a log, a list or a part of a dump; it
//! does not keep them from one who has the whole database, as no fast check of a few digits could.

use std::fmt::{self, Write as _};
use std::sync::Arc;
use std::time::Duration;

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier, generate_salt};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use tokio::sync::Semaphore;

use crate::error::{Result, StoreError};

/// Hashes and checks passwords, a few at a time.
#[derive(Clone, Debug)]
pub(crate) struct Passwords {
    gate: Arc<Semaphore>,
}

impl Passwords {
    pub fn new() -> Self {
        Self {
            gate: Arc::new(Semaphore::new(HASHES_AT_ONCE)),
        }
    }

    /// The PHC string of an acceptable password: 8 or more characters with letters and digits.
    pub async fn hash(&self, password: &str) -> Result<String> {
        check_password(password)?;
        let password = password.to_owned();
        self.blocking(move || {
            Argon2::default()
                .hash_password(password.as_bytes())
                .map(|hash| hash.to_string())
                .map_err(|error| StoreError::Invalid(format!("password: {error}")))
        })
        .await?
    }

    /// Does the password fit the hash? Without a hash: no, after as much work.
    pub async fn fits(&self, password: &str, hash: Option<String>) -> Result<bool> {
        let password: String = password.chars().take(PASSWORD_CHARS_MAX + 1).collect();
        self.blocking(move || {
            let text = hash.as_deref().unwrap_or(NOBODYS_HASH);
            let known = hash.is_some();
            let parsed = PasswordHash::new(text).map_err(|error| {
                StoreError::Database(format!("a password hash in users is damaged: {error}"))
            })?;
            let fits = Argon2::default().verify_password(password.as_bytes(), &parsed);
            Ok(fits.is_ok() & known)
        })
        .await?
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T> {
        let busy = || StoreError::Database("too many passwords are being checked".into());
        let turn = tokio::time::timeout(TURN_LIMIT, self.gate.clone().acquire_owned())
            .await
            .map_err(|_| busy())?
            .map_err(|_| busy())?;
        tokio::task::spawn_blocking(move || {
            let done = work();
            drop(turn);
            done
        })
        .await
        .map_err(|error| StoreError::Database(format!("hashing a password: {error}")))
    }
}

fn check_password(password: &str) -> Result<()> {
    let length = password.chars().count();
    let letters = password.chars().any(char::is_alphabetic);
    let digits = password.chars().any(char::is_numeric);
    if (8..=PASSWORD_CHARS_MAX).contains(&length) && letters && digits {
        return Ok(());
    }
    Err(StoreError::Invalid(format!(
        "a password has 8 to {PASSWORD_CHARS_MAX} characters, letters and digits among them"
    )))
}

/// The key of the PINs.
#[derive(Clone)]
pub(crate) struct PinKey(Hmac<Sha256>);

impl fmt::Debug for PinKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PinKey")
    }
}

impl PinKey {
    /// Takes what [`random_hex`] once drew.
    pub fn new(text: &str) -> Self {
        Self(Hmac::new_from_slice(text.as_bytes()).expect("HMAC takes a key of any length"))
    }

    /// What is kept of digits that nobody else may know, in hex. With another salt, such as
    /// another room's, the same digits leave something else.
    pub fn mac(&self, salt: &str, digits: &str) -> String {
        hex(&self.keyed(salt, digits).finalize().into_bytes())
    }

    /// Are these the digits that were sealed? As much work when nothing was: no.
    pub fn fits(&self, sealed: Option<&Sealed>, digits: &str) -> bool {
        let (salt, kept) = sealed.map_or((NO_ROOM, NO_MAC), |it| (&*it.salt, &*it.mac));
        let fits = self.mac(salt, digits).as_bytes().ct_eq(kept.as_bytes());
        bool::from(fits) & sealed.is_some()
    }

    /// Did [`PinKey::mac`] make this of the same salt and text?
    pub fn made(&self, mac: &str, salt: &str, text: &str) -> bool {
        self.mac(salt, text).as_bytes().ct_eq(mac.as_bytes()).into()
    }

    fn keyed(&self, salt: &str, digits: &str) -> Hmac<Sha256> {
        // The zero byte keeps the salt's end and the digits' start apart.
        self.0
            .clone()
            .chain_update(salt)
            .chain_update([0])
            .chain_update(digits)
    }
}

/// What is left of a PIN or a security code: enough to know it again, and not shown by `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed {
    salt: String,
    mac: String,
}

impl Sealed {
    pub(crate) fn new(salt: String, mac: String) -> Self {
        Self { salt, mac }
    }
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealed")
    }
}

/// What a room is opened with. It may be remembered for as long as the program runs: the key it
/// needs to be of use, and the PINs as they are keyed, are in the same memory anyway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoomSecrets {
    /// the host's PIN
    pub pin: Sealed,
    /// the security code a host can take with one key, when there is one
    pub preset_code: Option<Sealed>,
}

/// The salt of a room's preset code: another than its PIN's, or equal ones would look equal.
pub(crate) fn code_salt(room: &str) -> String {
    format!("{room}/code")
}

/// Takes a PIN of 4 to 20 digits.
pub(crate) fn check_pin(pin: &str) -> Result<()> {
    four_to_twenty(pin, "a PIN")
}

/// Takes a security code of 4 to 20 digits.
pub(crate) fn check_code(code: &str) -> Result<()> {
    four_to_twenty(code, "a security code")
}

fn four_to_twenty(digits: &str, what: &str) -> Result<()> {
    let fits = (4..=20).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    fits.then_some(())
        .ok_or_else(|| StoreError::Invalid(format!("{what} has 4 to 20 digits")))
}

/// 256 bits from the system, in hex.
pub(crate) fn random_hex() -> String {
    // The hasher's own source of salts: the system's, and no further dependency for it.
    hex(&[generate_salt(), generate_salt()].concat())
}

/// What is kept of a token with so many random bits that no slow hash is needed.
pub(crate) fn token_hash(token: &str) -> String {
    hex(&Sha256::digest(token.as_bytes()))
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        write!(text, "{byte:02x}").expect("a String takes all that is written");
    }
    text
}

/// Each hash fills 19 MiB and keeps a core busy for tens of milliseconds:
/// strangers at the login page shall neither fill the memory nor starve the audio. Those who find
/// no turn wait up to [`TURN_LIMIT`] and are told to come back.
const HASHES_AT_ONCE: usize = 2;
const TURN_LIMIT: Duration = Duration::from_secs(5);
/// Longer ones are refused, so that nobody can have us hash a megabyte.
const PASSWORD_CHARS_MAX: usize = 200;
/// As long as those of real rooms.
const NO_ROOM: &str = "00000000-0000-0000-0000-000000000000";
const NO_MAC: &str = "0000000000000000000000000000000000000000000000000000000000000000";
/// The hash of a password that was thrown away, made with the parameters in use.
const NOBODYS_HASH: &str = "$argon2id$v=19$m=19456,t=2,p=1$fteFt/K6dS2SZ+pQiSo/oQ\
     $ZAGlsEQSWwWnymmXhcxWavKXGFQ7+AsXjACFzRDRHcc";

#[cfg(test)]
mod tests {
    use argon2::Params;

    use super::*;

    #[test]
    fn nobodys_hash_costs_as_much_as_a_real_one() {
        let parsed = PasswordHash::new(NOBODYS_HASH).unwrap();
        let costs = |of: &Params| (of.m_cost(), of.t_cost(), of.p_cost());
        assert_eq!(
            costs(&Params::try_from(&parsed).unwrap()),
            costs(&Params::default())
        );
    }

    #[test]
    fn a_pin_fits_its_room_only() {
        let key = PinKey::new(&random_hex());
        let sealed = |room: &str| Sealed::new(room.into(), key.mac("room-a", "1234"));
        assert!(key.fits(Some(&sealed("room-a")), "1234"));
        assert!(!key.fits(Some(&sealed("room-a")), "1235"));
        assert!(!key.fits(Some(&sealed("room-b")), "1234"));
        assert!(!key.fits(None, "1234"));
        assert!(!PinKey::new(&random_hex()).fits(Some(&sealed("room-a")), "1234"));
        assert_eq!(format!("{key:?}"), "PinKey");
        assert_eq!(format!("{:?}", sealed("room-a")), "Sealed");
        assert_ne!(
            key.mac("room-a", "1234"),
            key.mac(&code_salt("room-a"), "1234")
        );
    }

    #[test]
    fn passwords_and_pins_have_rules() {
        for good in ["abcdefg1", "1234567x", "pâssword ९ five"] {
            assert!(check_password(good).is_ok(), "{good}");
        }
        let long = "a1".repeat(101);
        for bad in ["", "abcdef1", "abcdefgh", "12345678", long.as_str()] {
            assert!(check_password(bad).is_err(), "{bad}");
        }
        for good in ["1234", "00000000000000000000"] {
            assert!(check_pin(good).is_ok(), "{good}");
        }
        for bad in ["", "123", "12a4", "000000000000000000000", "١٢٣٤"] {
            assert!(check_pin(bad).is_err(), "{bad}");
        }
    }
}
