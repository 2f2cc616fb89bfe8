//! A copy of an embedded database, whole and of one moment, while others go on writing.

use std::path::Path;

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions as _, Connection as _};

use crate::connect::{LITE_BUSY_LIMIT, Place, about, make_file, place};
use crate::error::{Result, StoreError};

/// Copies the database of `sqlite:PATH` into the new file `to`, which only its owner may read. The
/// copy is one file, and has every secret of the original. The schema stays as it is.
///
/// A database of a server is [`StoreError::Invalid`]: the server has tools of its own for that.
pub async fn copy_to(url: &str, to: &Path) -> Result<()> {
    let Place::Lite(path) = place(url)? else {
        return Err(StoreError::Invalid(
            "this database is on a PostgreSQL server; pg_dump copies it".into(),
        ));
    };
    let told = |error: String| about(to, StoreError::Database(error));
    let name = to
        .to_str()
        .ok_or_else(|| told("the name is not UTF-8".into()))?;
    // SQLite takes an empty file, and one that it made itself everybody could read.
    make_file(to).map_err(|error| told(error.to_string()))?;
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(false)
        .busy_timeout(LITE_BUSY_LIMIT)
        .disable_statement_logging();
    let mut connection = SqliteConnection::connect_with(&options)
        .await
        .map_err(|error| about(path, error.into()))?;
    // It reads one state of the database to the end, and neither waits for writers nor stops them.
    sqlx::query("VACUUM INTO $1")
        .bind(name)
        .execute(&mut connection)
        .await
        .map_err(|error| about(to, error.into()))?;
    Ok(connection.close().await?)
}
