//! Billing codes of an owner: their names, and what was used under each.

use crate::Store;
use crate::db::args;
use crate::error::{Result, one_row, or_missing};
use crate::row::columns;
use crate::settings::check_billing_code;
use crate::text::check_line;
use crate::usage::call_ms;

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

columns!(BillingCode: code, name, conferences, caller_ms);

impl Store {
    /// The codes of one owner with their use within `[from_ms, to_ms)`: those given a name, and
    /// those only used.
    pub async fn billing_codes(
        &self,
        owner: &str,
        from_ms: i64,
        to_ms: i64,
        now_ms: i64,
    ) -> Result<Vec<BillingCode>> {
        Ok(self
            .db
            .all(CODES, args![owner, from_ms, to_ms, now_ms])
            .await?)
    }

    /// Adds a code or gives it another name.
    pub async fn put_billing_code(&self, owner: &str, code: &str, name: &str) -> Result<()> {
        check_billing_code(code)?;
        let name = check_line("a name", name, NAME_CHARS_MAX)?;
        let sql = "INSERT INTO billing_codes (owner, code, name) VALUES ($1, $2, $3) \
                   ON CONFLICT (owner, code) DO UPDATE SET name = excluded.name";
        self.db
            .run(sql, args![owner, code, name])
            .await
            .map_err(|error| or_missing(error, || "that user".into()))?;
        Ok(())
    }

    /// Takes a code off the list; past conferences keep it.
    pub async fn remove_billing_code(&self, owner: &str, code: &str) -> Result<()> {
        let sql = "DELETE FROM billing_codes WHERE owner = $1 AND code = $2";
        let removed = self.db.run(sql, args![owner, code]).await?;
        one_row(removed, || format!("billing code {code:?}"))
    }
}

const NAME_CHARS_MAX: usize = 120;
pub(crate) const CODES: &str = concat!(
    "WITH used AS (SELECT c.billing_code AS code, COUNT(DISTINCT c.id) AS conferences, \
         CAST(COALESCE(SUM(",
    call_ms!("$4"),
    "), 0) AS BIGINT) AS caller_ms \
         FROM rooms m JOIN conferences c ON c.room = m.number \
         LEFT JOIN calls k ON k.conference = c.id \
         WHERE m.owner = $1 AND c.started_ms >= $2 AND c.started_ms < $3 \
             AND c.billing_code IS NOT NULL \
         GROUP BY c.billing_code) \
     SELECT b.code AS code, b.name AS name, COALESCE(u.conferences, 0) AS conferences, \
         COALESCE(u.caller_ms, 0) AS caller_ms \
     FROM billing_codes b LEFT JOIN used u ON u.code = b.code WHERE b.owner = $1 \
     UNION ALL SELECT u.code, '', u.conferences, u.caller_ms FROM used u \
     WHERE NOT EXISTS (SELECT 1 FROM billing_codes b WHERE b.owner = $1 AND b.code = u.code) \
     ORDER BY 1"
);
