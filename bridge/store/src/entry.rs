//! What can be written into the ledger, and what each entry writes.
//!
//! An entry may come twice, late, or before the one that should have made its row. So every entry
//! is an upsert that says only what it knows:
//!
//! | entry | makes the row | changes it |
//! |---|---|---|
//! | started | with all it knows | fills what a row made without it cannot know |
//! | joined | yes | the first one counts |
//! | typed | yes | the latest counts |
//! | named, billed | yes | the latest counts while it runs, afterwards only the first |
//! | ended | yes | the first one counts, but `crashed` gives way |
//! | recording stopped | yes | the newest one counts |
//! | recording notice | yes | never |
//!
//! Text a row does not know is empty, a time it cannot know is 0.

use serde::{Deserialize, Serialize};

use crate::db::{Tx, args};
use crate::error::Result;
use crate::text::{network_line, sane_ms};

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
    /// How the call came, once it is known what the dialled number means.
    CallTyped {
        /// which call
        call: String,
        /// `CallType::word`
        call_type: String,
        /// two letters of ISO 3166, or empty
        country: String,
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

impl LedgerEntry {
    /// When it happened, if it says so.
    pub(crate) fn at_ms(&self) -> Option<i64> {
        match self {
            Self::CallTyped { .. } | Self::CallNamed { .. } | Self::ConferenceBilled { .. } => None,
            Self::CallStarted { at_ms, .. }
            | Self::CallJoined { at_ms, .. }
            | Self::CallEnded { at_ms, .. }
            | Self::ConferenceStarted { at_ms, .. }
            | Self::ConferenceEnded { at_ms, .. }
            | Self::RecordingStarted { at_ms, .. }
            | Self::RecordingStopped { at_ms, .. }
            | Self::RecordingNotice { at_ms, .. } => Some(sane_ms(*at_ms)),
        }
    }

    /// Writes it within a transaction.
    pub(crate) async fn write(&self, tx: &mut Tx) -> Result<()> {
        let at_ms = self.at_ms().unwrap_or(0);
        match self {
            Self::CallStarted {
                call,
                caller_number,
                caller_name,
                dialled,
                ..
            } => {
                let [number, name, dialled] =
                    [caller_number, caller_name, dialled].map(|text| network_line(text));
                tx.run(CALL_STARTED, args![call, at_ms, number, name, dialled])
                    .await?
            }
            Self::CallTyped {
                call,
                call_type,
                country,
            } => {
                let [call_type, country] = [call_type, country].map(|text| network_line(text));
                tx.run(CALL_TYPED, args![call, call_type, country]).await?
            }
            Self::CallJoined {
                call,
                conference,
                host,
                ..
            } => {
                tx.run(CALL_JOINED, args![call, at_ms, conference, *host])
                    .await?
            }
            Self::CallNamed { call, name } => {
                tx.run(CALL_NAMED, args![call, network_line(name)]).await?
            }
            Self::CallEnded { call, reason, .. } => {
                tx.run(CALL_ENDED, args![call, at_ms, network_line(reason)])
                    .await?
            }
            Self::ConferenceStarted {
                conference,
                room,
                billing_code,
                ..
            } => {
                let code = billing_code.as_deref();
                tx.run(CONFERENCE_STARTED, args![conference, at_ms, room, code])
                    .await?
            }
            Self::ConferenceBilled {
                conference,
                billing_code,
            } => {
                let code = network_line(billing_code);
                tx.run(CONFERENCE_BILLED, args![conference, code]).await?
            }
            Self::ConferenceEnded {
                conference, reason, ..
            } => {
                tx.run(
                    CONFERENCE_ENDED,
                    args![conference, at_ms, network_line(reason)],
                )
                .await?
            }
            Self::RecordingStarted {
                recording,
                conference,
                ..
            } => {
                tx.run(RECORDING_STARTED, args![recording, at_ms, conference])
                    .await?
            }
            Self::RecordingStopped {
                recording,
                duration_ms,
                bytes,
                ..
            } => {
                let duration_ms = sane_ms(*duration_ms);
                let begun_ms = sane_ms(at_ms - duration_ms);
                let bytes = (*bytes).max(0);
                let args = args![recording, at_ms, begun_ms, duration_ms, bytes];
                tx.run(RECORDING_STOPPED, args).await?
            }
            Self::RecordingNotice {
                recording, call, ..
            } => {
                tx.run(RECORDING_NOTICE, args![recording, call, at_ms])
                    .await?
            }
        };
        Ok(())
    }
}

const CALL_STARTED: &str = "INSERT INTO calls \
     (id, started_ms, caller_number, caller_name, dialled, named, host) \
     VALUES ($1, $2, $3, $4, $5, FALSE, FALSE) \
     ON CONFLICT (id) DO UPDATE SET started_ms = excluded.started_ms, \
     caller_number = excluded.caller_number, dialled = excluded.dialled, \
     caller_name = CASE WHEN calls.named THEN calls.caller_name ELSE excluded.caller_name END";
const CALL_TYPED: &str = "INSERT INTO calls \
     (id, call_type, country, started_ms, caller_number, caller_name, dialled, named, host) \
     VALUES ($1, $2, $3, 0, '', '', '', FALSE, FALSE) \
     ON CONFLICT (id) DO UPDATE SET call_type = excluded.call_type, country = excluded.country";
const CALL_JOINED: &str = "INSERT INTO calls \
     (id, started_ms, joined_ms, conference, host, caller_number, caller_name, dialled, named) \
     VALUES ($1, $2, $2, $3, $4, '', '', '', FALSE) \
     ON CONFLICT (id) DO UPDATE SET joined_ms = excluded.joined_ms, \
     conference = excluded.conference, host = excluded.host \
     WHERE calls.conference IS NULL";
const CALL_NAMED: &str = "INSERT INTO calls \
     (id, caller_name, named, started_ms, caller_number, dialled, host) \
     VALUES ($1, $2, TRUE, 0, '', '', FALSE) \
     ON CONFLICT (id) DO UPDATE SET caller_name = excluded.caller_name, named = TRUE \
     WHERE NOT calls.named OR calls.ended_ms IS NULL OR calls.end_reason = 'crashed'";
const CALL_ENDED: &str = "INSERT INTO calls \
     (id, started_ms, ended_ms, end_reason, caller_number, caller_name, dialled, named, host) \
     VALUES ($1, $2, $2, $3, '', '', '', FALSE, FALSE) \
     ON CONFLICT (id) DO UPDATE SET ended_ms = excluded.ended_ms, \
     end_reason = excluded.end_reason \
     WHERE calls.ended_ms IS NULL OR calls.end_reason = 'crashed'";
const CONFERENCE_STARTED: &str = "INSERT INTO conferences \
     (id, started_ms, room, billing_code, billed) VALUES ($1, $2, $3, $4, FALSE) \
     ON CONFLICT (id) DO UPDATE SET started_ms = excluded.started_ms, room = excluded.room, \
     billing_code = CASE WHEN conferences.billed \
         THEN conferences.billing_code ELSE excluded.billing_code END";
const CONFERENCE_BILLED: &str = "INSERT INTO conferences \
     (id, billing_code, billed, started_ms, room) VALUES ($1, $2, TRUE, 0, '') \
     ON CONFLICT (id) DO UPDATE SET billing_code = excluded.billing_code, billed = TRUE \
     WHERE NOT conferences.billed OR conferences.ended_ms IS NULL \
         OR conferences.end_reason = 'crashed'";
const CONFERENCE_ENDED: &str = "INSERT INTO conferences \
     (id, started_ms, ended_ms, end_reason, room, billed) VALUES ($1, $2, $2, $3, '', FALSE) \
     ON CONFLICT (id) DO UPDATE SET ended_ms = excluded.ended_ms, \
     end_reason = excluded.end_reason \
     WHERE conferences.ended_ms IS NULL OR conferences.end_reason = 'crashed'";
const RECORDING_STARTED: &str = "INSERT INTO recordings \
     (id, started_ms, conference, title, duration_ms, bytes, held) \
     VALUES ($1, $2, $3, '', 0, 0, FALSE) \
     ON CONFLICT (id) DO UPDATE SET conference = excluded.conference, \
     started_ms = CASE \
         WHEN recordings.conference = '' OR excluded.started_ms < recordings.started_ms \
         THEN excluded.started_ms ELSE recordings.started_ms END";
const RECORDING_STOPPED: &str = "INSERT INTO recordings \
     (id, stopped_ms, started_ms, duration_ms, bytes, conference, title, held) \
     VALUES ($1, $2, $3, $4, $5, '', '', FALSE) \
     ON CONFLICT (id) DO UPDATE SET stopped_ms = excluded.stopped_ms, \
     duration_ms = excluded.duration_ms, bytes = excluded.bytes \
     WHERE recordings.stopped_ms IS NULL OR recordings.stopped_ms <= excluded.stopped_ms";
const RECORDING_NOTICE: &str = "INSERT INTO recording_notices (recording, call_id, at_ms) \
     VALUES ($1, $2, $3) ON CONFLICT (recording, call_id, at_ms) DO NOTHING";
