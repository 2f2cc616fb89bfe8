//! What the usage pages show: conferences with their sums, and calls.

use confab_core::ids::RoomNumber;

use crate::Store;
use crate::db::{Sql, args};
use crate::error::{Result, one_row};
use crate::row::columns;
use crate::settings::check_billing_code;

/// `$rest` with the list of rooms in `$1`, a JSON array: the one thing that each database spells
/// in its own way.
macro_rules! per_room_list {
    ($before:expr, $after:expr) => {
        $crate::db::Sql {
            lite: concat!($before, "(SELECT value FROM json_each($1))", $after),
            pg: concat!(
                $before,
                "(SELECT json_array_elements_text(CAST($1 AS json)))",
                $after
            ),
        }
    };
}
pub(crate) use per_room_list;

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

columns!(
    ConferenceRow:
    id, room, started_ms, ended_ms, end_reason, billing_code, callers, caller_ms, recording,
);

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
    /// `CallType::word`
    pub call_type: String,
    /// two letters of ISO 3166, or empty
    pub country: String,
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

columns!(
    CallRow:
    id, conference, caller_number, caller_name, dialled, call_type, country, host, started_ms,
    joined_ms, ended_ms, end_reason,
);

/// The time in its conference `c` of a call `k`, ms, with now in `$now`: never negative, whatever a
/// clock has done, and never longer than the conference.
macro_rules! call_ms {
    ($now:literal) => {
        concat!(
            "CASE WHEN COALESCE(k.ended_ms, c.ended_ms, ",
            $now,
            ") > k.joined_ms \
             THEN COALESCE(k.ended_ms, c.ended_ms, ",
            $now,
            ") - k.joined_ms ELSE 0 END"
        )
    };
}
pub(crate) use call_ms;

macro_rules! conference_columns {
    ($now:literal) => {
        concat!(
            "SELECT c.id, c.room, c.started_ms, c.ended_ms, c.end_reason, c.billing_code, \
             COUNT(k.joined_ms) AS callers, \
             CAST(COALESCE(SUM(",
            $crate::usage::call_ms!($now),
            "), 0) AS BIGINT) AS caller_ms, \
             (SELECT MAX(r.id) FROM recordings r \
                 WHERE r.conference = c.id AND r.deleted_ms IS NULL) AS recording \
             FROM conferences c LEFT JOIN calls k ON k.conference = c.id "
        )
    };
}

macro_rules! call_columns {
    ($rest:literal) => {
        concat!(
            "SELECT id, conference, caller_number, caller_name, dialled, call_type, country, host, \
             started_ms, joined_ms, ended_ms, end_reason FROM calls ",
            $rest
        )
    };
}

impl Store {
    /// Conferences of these rooms that began within `[from_ms, to_ms)`, newest first.
    pub async fn conferences(
        &self,
        rooms: &[RoomNumber],
        from_ms: i64,
        to_ms: i64,
        now_ms: i64,
    ) -> Result<Vec<ConferenceRow>> {
        let rooms = room_list(rooms);
        Ok(self
            .db
            .all(CONFERENCES, args![rooms, from_ms, to_ms, now_ms])
            .await?)
    }

    /// One conference.
    pub async fn conference(&self, id: &str, now_ms: i64) -> Result<Option<ConferenceRow>> {
        Ok(self.db.one(ONE_CONFERENCE, args![id, now_ms]).await?)
    }

    /// Its calls, in order of arrival.
    pub async fn calls_of(&self, conference: &str) -> Result<Vec<CallRow>> {
        Ok(self.db.all(CALLS_OF, args![conference]).await?)
    }

    /// Calls that began within `[from_ms, to_ms)`, those that reached no room as well, newest
    /// first.
    pub async fn calls(&self, from_ms: i64, to_ms: i64) -> Result<Vec<CallRow>> {
        Ok(self.db.all(CALLS, args![from_ms, to_ms]).await?)
    }

    /// Gives a past conference a billing code.
    pub async fn bill_conference(&self, id: &str, code: &str) -> Result<()> {
        check_billing_code(code)?;
        let sql = "UPDATE conferences SET billing_code = $2, billed = TRUE WHERE id = $1";
        let changed = self.db.run(sql, args![id, code]).await?;
        one_row(changed, || format!("conference {id}"))
    }
}

/// Room numbers as the JSON array that the queries take.
pub(crate) fn room_list(rooms: &[RoomNumber]) -> String {
    let quoted: Vec<String> = rooms.iter().map(|room| format!("\"{room}\"")).collect();
    format!("[{}]", quoted.join(","))
}

pub(crate) const CONFERENCES: Sql = per_room_list!(
    concat!(conference_columns!("$4"), "WHERE c.room IN "),
    " AND c.started_ms >= $2 AND c.started_ms < $3 \
     GROUP BY c.id ORDER BY c.started_ms DESC, c.id DESC"
);
pub(crate) const ONE_CONFERENCE: &str =
    concat!(conference_columns!("$2"), "WHERE c.id = $1 GROUP BY c.id");
pub(crate) const CALLS_OF: &str =
    call_columns!("WHERE conference = $1 ORDER BY joined_ms, started_ms, id");
pub(crate) const CALLS: &str =
    call_columns!("WHERE started_ms >= $1 AND started_ms < $2 ORDER BY started_ms DESC, id DESC");
