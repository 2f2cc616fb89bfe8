//! Everything Confab keeps: rooms, people, the ledger, recordings. The only crate with SQL.
//!
//! One code for SQLite (embedded, WAL, a single writer) and PostgreSQL: [`Store`] is an enum of two
//! typed pools behind one set of functions. Times are milliseconds since the Unix epoch, ids are
//! UUIDv7 text, flags are BOOLEAN.
#![forbid(unsafe_code)]

use confab_core::ids::RoomNumber;
use confab_core::settings::{Language, RoomSettings};
use serde::{Deserialize, Serialize};

/// Why the store could not do it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database is away or broken; try again later.
    #[error("database: {0}")]
    Database(String),
    /// There is one already: the text says what.
    #[error("{0} exists already")]
    Taken(String),
    /// There is none: the text says what.
    #[error("{0} does not exist")]
    Missing(String),
    /// The value is not acceptable: the text says why.
    #[error("{0}")]
    Invalid(String),
}

/// A person with a login.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// UUIDv7
    pub id: String,
    /// login name, lower case
    pub email: String,
    /// as shown
    pub name: String,
    /// account administrator
    pub admin: bool,
}

/// A room as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoomRow {
    /// what callers key in
    pub number: RoomNumber,
    /// who owns it (user id)
    pub owner: String,
    /// the owner's e-mail address
    pub owner_email: String,
    /// what the owner has chosen
    pub settings: RoomSettings,
}

/// An access number and what it does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessNumber {
    /// as dialled: the user part of the request URI
    pub number: String,
    /// language of its prompts
    pub language: Language,
    /// leads straight to this room
    pub room: Option<RoomNumber>,
}

/// One thing to write into the ledger. Entries are written in order; applying one twice changes
/// nothing, so a spool may be replayed from any point.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "entry", rename_all = "snake_case")]
pub enum LedgerEntry {
    /// A call was answered or refused: its row begins.
    CallStarted {
        /// UUIDv7 of the call
        call: String,
        /// when, ms
        at_ms: i64,
        /// as the network says
        caller_number: String,
        /// as the network says
        caller_name: String,
        /// what was dialled
        dialled: String,
    },
    /// The call entered a conference.
    CallJoined {
        /// which call
        call: String,
        /// which conference
        conference: String,
        /// when, ms
        at_ms: i64,
        /// host or guest
        host: bool,
    },
    /// The caller has (another) name.
    CallNamed {
        /// which call
        call: String,
        /// the name
        name: String,
    },
    /// The call is over.
    CallEnded {
        /// which call
        call: String,
        /// when, ms
        at_ms: i64,
        /// `EndReason::word`
        reason: String,
    },
    /// A conference began.
    ConferenceStarted {
        /// UUIDv7
        conference: String,
        /// in which room
        room: String,
        /// when, ms
        at_ms: i64,
        /// the billing code in force
        billing_code: Option<String>,
    },
    /// Its billing code is now this.
    ConferenceBilled {
        /// which
        conference: String,
        /// code
        billing_code: String,
    },
    /// It is over.
    ConferenceEnded {
        /// which
        conference: String,
        /// when, ms
        at_ms: i64,
        /// `nobody_left`, `host_left`, `ended_by_host`, `shutdown`
        reason: String,
    },
    /// A recording began (its first stretch).
    RecordingStarted {
        /// UUIDv7; the file is `ID.mp3`
        recording: String,
        /// of which conference
        conference: String,
        /// when, ms
        at_ms: i64,
    },
    /// A stretch of it is closed.
    RecordingStopped {
        /// which
        recording: String,
        /// when, ms
        at_ms: i64,
        /// sound in the file
        duration_ms: i64,
        /// size of the file
        bytes: i64,
    },
    /// Somebody was told that it records.
    RecordingNotice {
        /// which recording
        recording: String,
        /// which call was told
        call: String,
        /// when, ms
        at_ms: i64,
    },
}

/// A conference as the usage pages show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConferenceRow {
    /// UUIDv7
    pub id: String,
    /// in which room
    pub room: String,
    /// ms
    pub started_ms: i64,
    /// ms; none while it runs
    pub ended_ms: Option<i64>,
    /// how it ended
    pub end_reason: Option<String>,
    /// billing code
    pub billing_code: Option<String>,
    /// calls that were in it
    pub callers: i64,
    /// sum of the calls' time in it, ms; calls still in it count up to now
    pub caller_ms: i64,
    /// id of its recording, when there is one that is not deleted
    pub recording: Option<String>,
}

/// A call as the usage pages show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallRow {
    /// UUIDv7
    pub id: String,
    /// conference, if it reached one
    pub conference: Option<String>,
    /// number of the caller
    pub caller_number: String,
    /// name given or from the network
    pub caller_name: String,
    /// what was dialled
    pub dialled: String,
    /// was a host
    pub host: bool,
    /// ms
    pub started_ms: i64,
    /// entered the conference, ms
    pub joined_ms: Option<i64>,
    /// ms
    pub ended_ms: Option<i64>,
    /// why it ended
    pub end_reason: Option<String>,
}

/// A recording as its pages show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordingRow {
    /// UUIDv7; the file is `ID.mp3`
    pub id: String,
    /// of which conference
    pub conference: String,
    /// in which room
    pub room: String,
    /// given title, or empty
    pub title: String,
    /// ms
    pub started_ms: i64,
    /// sound in it, ms (as of the last stop)
    pub duration_ms: i64,
    /// bytes (as of the last stop)
    pub bytes: i64,
    /// may not be deleted
    pub held: bool,
    /// when and why the file was deleted (`retention`, `host`), if it was
    pub deleted: Option<(i64, String)>,
}

/// A billing code with what was used under it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BillingCode {
    /// 2 to 20 digits
    pub code: String,
    /// what it stands for, or empty
    pub name: String,
    /// conferences in the asked time
    pub conferences: i64,
    /// time of calls in them, ms
    pub caller_ms: i64,
}

/// The database, whichever it is. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Store {}

type Result<T> = std::result::Result<T, StoreError>;

#[allow(unused_variables, clippy::unused_async)]
impl Store {
    /// Opens `sqlite:PATH` (made if missing) or `postgres://...`, and brings the schema up to date.
    pub async fn open(url: &str) -> Result<Self> {
        Err(StoreError::Database(String::new()))
    }
    /// One round trip, for the health page.
    pub async fn ping(&self) -> Result<()> {
        Ok(())
    }

    /// Adds a user. Passwords: 8 or more characters with letters and digits.
    pub async fn add_user(
        &self,
        email: &str,
        name: &str,
        password: &str,
        admin: bool,
    ) -> Result<User> {
        Err(StoreError::Database(String::new()))
    }
    /// Every user, by e-mail address.
    pub async fn users(&self) -> Result<Vec<User>> {
        Ok(vec![])
    }
    /// The user, when e-mail and password fit; the same time is taken when they do not.
    pub async fn check_login(&self, email: &str, password: &str) -> Result<Option<User>> {
        Ok(None)
    }
    /// Gives a user another password.
    pub async fn set_password(&self, email: &str, password: &str) -> Result<()> {
        Ok(())
    }
    /// A new login session of this user; returns its secret token, which is kept only as a hash.
    pub async fn open_session(&self, user: &str, now_ms: i64, lasts_ms: i64) -> Result<String> {
        Ok(String::new())
    }
    /// Whose session this is, when it has not expired.
    pub async fn session_user(&self, token: &str, now_ms: i64) -> Result<Option<User>> {
        Ok(None)
    }
    /// Ends a session.
    pub async fn close_session(&self, token: &str) -> Result<()> {
        Ok(())
    }

    /// Adds a room. The PIN (4 to 20 digits) is kept only as a keyed hash.
    pub async fn add_room(
        &self,
        number: &RoomNumber,
        owner_email: &str,
        pin: &str,
        settings: &RoomSettings,
    ) -> Result<RoomRow> {
        Err(StoreError::Database(String::new()))
    }
    /// One room.
    pub async fn room(&self, number: &str) -> Result<Option<RoomRow>> {
        Ok(None)
    }
    /// Every room, or those of one owner (user id), by number.
    pub async fn rooms(&self, owner: Option<&str>) -> Result<Vec<RoomRow>> {
        Ok(vec![])
    }
    /// Changes one setting, as `confab room set N KEY=VALUE` gives it; `pin=` too.
    pub async fn set_room(&self, number: &RoomNumber, key: &str, value: &str) -> Result<()> {
        Ok(())
    }
    /// Is this the room's PIN? Constant-time; the same time when there is no such room.
    pub async fn check_pin(&self, number: &RoomNumber, pin: &str) -> Result<bool> {
        Ok(false)
    }

    /// Adds or replaces an access number.
    pub async fn put_access_number(&self, number: &AccessNumber) -> Result<()> {
        Ok(())
    }
    /// One access number.
    pub async fn access_number(&self, number: &str) -> Result<Option<AccessNumber>> {
        Ok(None)
    }
    /// Every access number.
    pub async fn access_numbers(&self) -> Result<Vec<AccessNumber>> {
        Ok(vec![])
    }

    /// Writes ledger entries in order, all or nothing.
    pub async fn write_ledger(&self, entries: &[LedgerEntry]) -> Result<()> {
        Ok(())
    }
    /// Closes what a crash left open: calls and conferences without an end get `end_reason` `crashed`
    /// and the latest time known of them. Called once at start, before the first call.
    pub async fn close_unfinished(&self, now_ms: i64) -> Result<u64> {
        Ok(0)
    }

    /// Conferences of these rooms that began within `[from_ms, to_ms)`, newest first.
    pub async fn conferences(
        &self,
        rooms: &[RoomNumber],
        from_ms: i64,
        to_ms: i64,
        now_ms: i64,
    ) -> Result<Vec<ConferenceRow>> {
        Ok(vec![])
    }
    /// One conference.
    pub async fn conference(&self, id: &str, now_ms: i64) -> Result<Option<ConferenceRow>> {
        Ok(None)
    }
    /// Its calls, in order of arrival.
    pub async fn calls_of(&self, conference: &str) -> Result<Vec<CallRow>> {
        Ok(vec![])
    }
    /// Calls that began within `[from_ms, to_ms)`, those that reached no room as well, newest first.
    pub async fn calls(&self, from_ms: i64, to_ms: i64) -> Result<Vec<CallRow>> {
        Ok(vec![])
    }
    /// Gives a past conference a billing code.
    pub async fn bill_conference(&self, id: &str, code: &str) -> Result<()> {
        Ok(())
    }

    /// Recordings of these rooms, newest first, deleted ones among them.
    pub async fn recordings(&self, rooms: &[RoomNumber]) -> Result<Vec<RecordingRow>> {
        Ok(vec![])
    }
    /// One recording.
    pub async fn recording(&self, id: &str) -> Result<Option<RecordingRow>> {
        Ok(None)
    }
    /// Those that began before `before_ms`, are not held and not deleted.
    pub async fn recordings_due(&self, before_ms: i64) -> Result<Vec<RecordingRow>> {
        Ok(vec![])
    }
    /// Says that the file is gone, when and why (`retention`, `host`). The row stays.
    pub async fn mark_recording_deleted(&self, id: &str, at_ms: i64, why: &str) -> Result<()> {
        Ok(())
    }
    /// Gives it a title of up to 120 characters.
    pub async fn title_recording(&self, id: &str, title: &str) -> Result<()> {
        Ok(())
    }
    /// Legal hold on or off.
    pub async fn hold_recording(&self, id: &str, held: bool) -> Result<()> {
        Ok(())
    }

    /// The codes of one owner with their use within `[from_ms, to_ms)`: those given a name, and those
    /// only used.
    pub async fn billing_codes(
        &self,
        owner: &str,
        from_ms: i64,
        to_ms: i64,
        now_ms: i64,
    ) -> Result<Vec<BillingCode>> {
        Ok(vec![])
    }
    /// Adds a code or gives it another name.
    pub async fn put_billing_code(&self, owner: &str, code: &str, name: &str) -> Result<()> {
        Ok(())
    }
    /// Takes a code off the list; past conferences keep it.
    pub async fn remove_billing_code(&self, owner: &str, code: &str) -> Result<()> {
        Ok(())
    }

    /// The newest time this database has seen written; a clock far behind or ahead of it is not
    /// trusted by retention.
    pub async fn newest_ledger_ms(&self) -> Result<Option<i64>> {
        Ok(None)
    }
}
