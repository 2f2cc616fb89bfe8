//! Login sessions of the portal: a token to the browser, its hash to the database.

use crate::Store;
use crate::db::args;
use crate::error::{Result, or_missing};
use crate::secrets::{random_hex, token_hash};
use crate::users::User;

impl Store {
    /// A new login session of this user; returns its secret token, which is kept only as a hash.
    /// Forgets the sessions that have expired.
    pub async fn open_session(&self, user: &str, now_ms: i64, lasts_ms: i64) -> Result<String> {
        let token = random_hex();
        let mut tx = self.db.begin().await?;
        tx.run("DELETE FROM sessions WHERE expires_ms <= $1", args![now_ms])
            .await?;
        tx.run(
            "INSERT INTO sessions (token_hash, user_id, expires_ms) VALUES ($1, $2, $3)",
            args![token_hash(&token), user, now_ms.saturating_add(lasts_ms)],
        )
        .await
        .map_err(|error| or_missing(error, || "that user".into()))?;
        tx.commit().await?;
        Ok(token)
    }

    /// Whose session this is, when it has not expired.
    pub async fn session_user(&self, token: &str, now_ms: i64) -> Result<Option<User>> {
        let sql = "SELECT u.id, u.email, u.name, u.admin \
                   FROM sessions s JOIN users u ON u.id = s.user_id \
                   WHERE s.token_hash = $1 AND s.expires_ms > $2";
        Ok(self.db.one(sql, args![token_hash(token), now_ms]).await?)
    }

    /// Ends a session.
    pub async fn close_session(&self, token: &str) -> Result<()> {
        let sql = "DELETE FROM sessions WHERE token_hash = $1";
        self.db.run(sql, args![token_hash(token)]).await?;
        Ok(())
    }
}
