//! Looks at a database without opening it for work: nothing is made, no schema is changed.

use sqlx::Connection as _;

use crate::connect::{Place, about, connect_pg, place};
use crate::error::{Result, StoreError};

/// Is there anything of ours at `sqlite:PATH` or `postgres://...`?
pub async fn is_made(url: &str) -> Result<bool> {
    match place(url)? {
        Place::Lite(path) => match path.metadata() {
            Ok(file) => Ok(file.len() > 0),
            Err(error) if is_absent(&error) => Ok(false),
            Err(error) => Err(about(path, StoreError::Database(error.to_string()))),
        },
        Place::Pg => {
            let (_, mut connection) = connect_pg(url).await?;
            let sql = "SELECT to_regclass('ledger_clock') IS NOT NULL";
            let made: bool = sqlx::query_scalar(sql).fetch_one(&mut connection).await?;
            connection.close().await?;
            Ok(made)
        }
    }
}

fn is_absent(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{NotADirectory, NotFound};
    matches!(error.kind(), NotFound | NotADirectory)
}
