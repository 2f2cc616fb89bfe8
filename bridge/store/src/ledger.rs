//! Keeps the ledger's order: entries in one transaction, the ledger's clock, and the ends that a
//! crash kept from being written.

use crate::Store;
use crate::db::args;
use crate::entry::LedgerEntry;
use crate::error::Result;
use crate::text::sane_ms;

impl Store {
    /// Writes ledger entries in order, all or nothing. On SQLite other writers wait meanwhile, so
    /// a long spool is better written a thousand entries at a time.
    pub async fn write_ledger(&self, entries: &[LedgerEntry]) -> Result<()> {
        if entries.is_empty() {
            return Ok(());
        }
        let mut tx = self.db.begin().await?;
        for entry in entries {
            entry.write(&mut tx).await?;
        }
        // Last, because every writer meets in this one row: on PostgreSQL it is held until the
        // commit.
        if let Some(newest_ms) = entries.iter().filter_map(LedgerEntry::at_ms).max() {
            tx.run(MOVE_CLOCK, args![newest_ms]).await?;
        }
        Ok(tx.commit().await?)
    }

    /// Closes what a crash left open: calls and conferences without an end get `end_reason`
    /// `crashed` and the latest time known of them, which is never after `now_ms` unless they began
    /// after it. `alive_ms` is when the run that crashed was last known to carry calls: what was
    /// open then lasted at least until then. Called once at start, before the first call and after
    /// what a spool holds has been written.
    pub async fn close_unfinished(&self, alive_ms: Option<i64>, now_ms: i64) -> Result<u64> {
        let (now_ms, alive_ms) = (sane_ms(now_ms), sane_ms(alive_ms.unwrap_or(0)));
        let mut tx = self.db.begin().await?;
        let conferences = tx.run(CLOSE_CONFERENCES, args![now_ms, alive_ms]).await?;
        let calls = tx.run(CLOSE_CALLS, args![now_ms, alive_ms]).await?;
        tx.commit().await?;
        Ok(conferences + calls)
    }

    /// The newest time this database has seen written; a clock far behind or ahead of it is not
    /// trusted by retention.
    pub async fn newest_ledger_ms(&self) -> Result<Option<i64>> {
        let row: Option<(i64,)> = self.db.one(READ_CLOCK, args![]).await?;
        Ok(row.map(|(newest_ms,)| newest_ms))
    }
}

pub(crate) const READ_CLOCK: &str = "SELECT newest_ms FROM ledger_clock";
const MOVE_CLOCK: &str = "INSERT INTO ledger_clock (one, newest_ms) VALUES (1, $1) \
     ON CONFLICT (one) DO UPDATE SET newest_ms = excluded.newest_ms \
     WHERE ledger_clock.newest_ms < excluded.newest_ms";
/// A conference lasted at least until the last thing that is known to have happened in it.
pub(crate) const CLOSE_CONFERENCES: &str = "UPDATE conferences SET end_reason = 'crashed', \
     ended_ms = (SELECT MAX(CASE WHEN at_ms > $1 THEN conferences.started_ms ELSE at_ms END) \
         FROM (SELECT conferences.started_ms AS at_ms UNION ALL SELECT $2 \
             UNION ALL SELECT joined_ms FROM calls WHERE conference = conferences.id \
             UNION ALL SELECT ended_ms FROM calls WHERE conference = conferences.id \
             UNION ALL SELECT started_ms FROM recordings WHERE conference = conferences.id \
             UNION ALL SELECT stopped_ms FROM recordings WHERE conference = conferences.id \
         ) AS known) \
     WHERE ended_ms IS NULL";
/// A call without an end was there as long as its conference.
pub(crate) const CLOSE_CALLS: &str = "UPDATE calls SET end_reason = 'crashed', \
     ended_ms = (SELECT MAX(CASE WHEN at_ms > $1 THEN calls.started_ms ELSE at_ms END) \
         FROM (SELECT calls.started_ms AS at_ms UNION ALL SELECT $2 \
             UNION ALL SELECT calls.joined_ms \
             UNION ALL SELECT ended_ms FROM conferences WHERE id = calls.conference \
         ) AS known) \
     WHERE ended_ms IS NULL";
