//! The first start: makes an administrator, a host and a room, and says how to use them.

use confab_core::ids::RoomNumber;
use confab_core::settings::RoomSettings;
use confab_store::{Store, StoreError};
use uuid::Uuid;

use crate::config::Config;

/// What was made; shown once, on the terminal, in no log.
pub struct Welcome {
    host_password: String,
    admin_password: String,
    room: RoomNumber,
    pin: String,
}

const ADMIN: &str = "admin@confab.example";
const HOST: &str = "host@confab.example";

/// Makes the first people and the first room when there is nobody yet.
///
/// # Errors
/// When the store cannot.
pub async fn welcome(store: &Store) -> Result<Option<Welcome>, StoreError> {
    if !store.users().await?.is_empty() {
        return Ok(None);
    }
    let welcome = Welcome {
        host_password: password(),
        admin_password: password(),
        room: RoomNumber::parse(&format!("{}{}", 1 + digits(1) % 9, pad(digits(5), 5)))
            .expect("six digits are a room number"),
        pin: pad(digits(6), 6),
    };
    store
        .add_user(ADMIN, "Administrator", &welcome.admin_password, true)
        .await?;
    store
        .add_user(HOST, "Host", &welcome.host_password, false)
        .await?;
    // whoever tries it first should not be met by hold music
    let settings = RoomSettings {
        guests_may_start: true,
        ..RoomSettings::default()
    };
    store
        .add_room(&welcome.room, HOST, &welcome.pin, &settings)
        .await?;
    Ok(Some(welcome))
}

impl Welcome {
    /// The card for the terminal.
    pub fn card(&self, config: &Config) -> String {
        let sip = config.sip_host();
        let (room, pin) = (&self.room, &self.pin);
        let web = config.reached_at(config.http_listen);
        format!(
            "\nConfab is new here. Note this down, it is shown once:\n\n\
             \x20 dial          sip:0@{sip}     then key {room}#\n\
             \x20 or straight   sip:{room}@{sip}\n\
             \x20 host          press * when asked, then PIN {pin}#\n\
             \x20 portal        http://{web}/\n\
             \x20 host login    {HOST}    {}\n\
             \x20 administrator {ADMIN}   {}\n",
            self.host_password, self.admin_password
        )
    }
}

/// `count` random decimal digits as a number.
fn digits(count: u32) -> u64 {
    (Uuid::new_v4().as_u128() % 10_u128.pow(count)) as u64
}

fn pad(number: u64, width: usize) -> String {
    format!("{number:0width$}")
}

/// 12 characters with letters and digits: about 60 bits.
fn password() -> String {
    const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    let mut random = Uuid::new_v4().as_u128();
    let mut text = String::new();
    for _ in 0..12 {
        // the fixed bits of a version-4 UUID lie above the 64 that are used here
        text.push(LETTERS[(random & 31) as usize] as char);
        random >>= 5;
    }
    // the store wants both kinds; a digit and a letter more cost nothing
    text + "k7"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_differ_and_have_letters_and_digits() {
        let (a, b) = (password(), password());
        assert_ne!(a, b);
        assert!(a.len() == 14 && a.chars().any(|c| c.is_ascii_digit()));
        assert_eq!(pad(digits(6), 6).len(), 6);
    }
}
