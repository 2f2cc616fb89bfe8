//! Everything Confab keeps: rooms, people, the ledger, recordings. The only crate with SQL.
//!
//! One code for SQLite (embedded, WAL, a single writer) and PostgreSQL: [`Store`] holds one of two
//! typed pools behind one set of functions. Times are milliseconds since the Unix epoch, ids are
//! UUIDv7 text, flags are BOOLEAN.
//!
//! A database that is away makes every function fail within seconds with [`StoreError::Database`];
//! when it is back they succeed again without opening anything anew.
#![forbid(unsafe_code)]

mod billing;
mod browsers;
mod connect;
#[cfg(feature = "testing")]
mod copies;
mod copy;
mod db;
mod entry;
mod error;
mod ledger;
mod look;
mod numbers;
#[cfg(test)]
mod plans;
mod recordings;
mod rooms;
mod row;
mod secrets;
mod sessions;
mod settings;
#[cfg(feature = "testing")]
pub mod testing;
mod text;
mod usage;
mod users;

pub use billing::BillingCode;
pub use copy::copy_to;
pub use entry::LedgerEntry;
pub use error::StoreError;
pub use look::is_made;
pub use numbers::AccessNumber;
pub use recordings::{RecordingNotice, RecordingRow, UnstoppedRecording};
pub use rooms::RoomRow;
pub use secrets::{RoomSecrets, Sealed};
pub use settings::{SETTING_KEYS, language_word, parse_language, set_setting, settings_as_pairs};
pub use usage::{CallRow, ConferenceRow};
pub use users::User;

use std::sync::Arc;

use confab_dtmf::layout::Layouts;

use db::{Db, args};
use error::Result;
use secrets::{Passwords, PinKey, random_hex};

/// The database, whichever it is. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Store {
    db: Db,
    passwords: Passwords,
    pin_key: PinKey,
    layouts: Arc<Layouts>,
}

impl Store {
    /// Opens `sqlite:PATH` (made if missing) or `postgres://...`, and brings the schema up to date.
    pub async fn open(url: &str) -> Result<Self> {
        let db = connect::open(url).await?;
        let pin_key = kept_pin_key(&db).await?;
        Ok(Self {
            db,
            passwords: Passwords::new(),
            pin_key,
            layouts: Arc::default(),
        })
    }

    /// Rooms may be given these keypads, and not only those that come with Confab.
    #[must_use]
    pub fn with_layouts(self, layouts: Arc<Layouts>) -> Self {
        Self { layouts, ..self }
    }

    /// The keypads that rooms may be given.
    pub fn layouts(&self) -> &Layouts {
        &self.layouts
    }

    /// One round trip, for the health page.
    pub async fn ping(&self) -> Result<()> {
        self.newest_ledger_ms().await.map(|_| ())
    }

    /// Gives the connections back; what is asked afterwards fails. Not needed before the end of the
    /// program, but it leaves an SQLite database in one file.
    pub async fn close(&self) {
        self.db.close().await;
    }
}

/// The key of the PINs; whoever opens a new database first draws it.
async fn kept_pin_key(db: &Db) -> Result<PinKey> {
    let read = "SELECT value FROM secrets WHERE name = 'pin_key'";
    let mut kept: Option<(String,)> = db.one(read, args![]).await?;
    if kept.is_none() {
        let draw = "INSERT INTO secrets (name, value) VALUES ('pin_key', $1) \
                    ON CONFLICT (name) DO NOTHING";
        db.run(draw, args![random_hex()]).await?;
        kept = db.one(read, args![]).await?;
    }
    let (key,) =
        kept.ok_or_else(|| StoreError::Database("it does not keep what it took".into()))?;
    Ok(PinKey::new(&key))
}
