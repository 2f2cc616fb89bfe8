//! Browsers from which a user has logged in before: a mark that the browser keeps and only this
//! database's key can have made. Nothing is stored.
//!
//! A mark is `EXPIRES_MS.ID.MAC`: until when it holds, which browser, and the seal of both with the
//! e-mail address. It opens nothing; the portal lets it pass the limits that strangers share.

use crate::Store;
use crate::secrets::random_hex;
use crate::users::folded;

/// Keeps these seals apart from those of PINs, whose salts are ids of rooms.
const SALT: &str = "browser";

impl Store {
    /// A mark for the browser of somebody who has just given the right password.
    pub fn mark_browser(&self, email: &str, now_ms: i64, lasts_ms: i64) -> String {
        let expires_ms = now_ms.saturating_add(lasts_ms);
        let id: String = random_hex().chars().take(32).collect();
        let mac = self.pin_key.mac(SALT, &sealed(email, expires_ms, &id));
        format!("{expires_ms}.{id}.{mac}")
    }

    /// Which browser this is, when the mark was made for this e-mail address and still holds.
    pub fn browser_of_mark<'a>(&self, mark: &'a str, email: &str, now_ms: i64) -> Option<&'a str> {
        let (expires, rest) = mark.split_once('.')?;
        let (id, mac) = rest.split_once('.')?;
        let expires_ms: i64 = expires.parse().ok()?;
        let text = sealed(email, expires_ms, id);
        let fits = self.pin_key.made(mac, SALT, &text);
        (fits && now_ms < expires_ms).then_some(id)
    }
}

/// The address stands last, for it may hold anything.
fn sealed(email: &str, expires_ms: i64, id: &str) -> String {
    format!("{expires_ms}.{id}.{}", folded(email))
}
