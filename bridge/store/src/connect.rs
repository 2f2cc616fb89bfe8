//! Opens the database a URL names and brings its schema up to date. Knows no table but through the
//! migrations.

use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::str::FromStr;
use std::time::{Duration, Instant};

use sqlx::migrate::{Migrate, MigrateError, Migration, MigrationType, Migrator};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{Connection, PgConnection, SqlSafeStr};

use crate::db::{Db, STATEMENT_LIMIT};
use crate::error::{Result, StoreError};

/// What a URL names.
pub(crate) enum Place<'a> {
    /// a file
    Lite(&'a Path),
    /// a database of a server
    Pg,
}

/// What `sqlite:PATH` or `postgres://...` names.
pub(crate) fn place(url: &str) -> Result<Place<'_>> {
    if let Some(path) = url.strip_prefix("sqlite:") {
        let path = path.strip_prefix("//").unwrap_or(path);
        if path.is_empty() || path.starts_with(':') {
            return Err(StoreError::Invalid(format!(
                "sqlite:{path} names no file; it must be sqlite:PATH"
            )));
        }
        return Ok(Place::Lite(Path::new(path)));
    }
    if url.starts_with("postgres://") || url.starts_with("postgresql://") {
        return Ok(Place::Pg);
    }
    Err(StoreError::Invalid(
        "the database URL must be sqlite:PATH or postgres://USER:PASSWORD@HOST/DATABASE".into(),
    ))
}

/// Opens `sqlite:PATH` or `postgres://...`.
pub(crate) async fn open(url: &str) -> Result<Db> {
    match place(url)? {
        Place::Lite(path) => open_lite(path).await,
        Place::Pg => open_pg(url).await,
    }
}

/// Applies what is missing.
async fn migrate<C: Migrate>(connection: &mut C) -> Result<()> {
    // `Migrator::run` is this with `Acquire` around it, which makes a future that cannot be
    // spawned.
    let migrated = migrator().run_direct(None, connection, false).await;
    migrated.map_err(in_words)
}

fn migrator() -> Migrator {
    let migrations = [
        (1, "first", include_str!("../migrations/0001_first.sql")),
        (
            2,
            "room settings",
            include_str!("../migrations/0002_room_settings.sql"),
        ),
        (3, "doors", include_str!("../migrations/0003_doors.sql")),
        (4, "levels", include_str!("../migrations/0004_levels.sql")),
        (
            5,
            "bad lines",
            include_str!("../migrations/0005_bad_lines.sql"),
        ),
        (6, "noise", include_str!("../migrations/0006_noise.sql")),
    ];
    Migrator::with_migrations(
        migrations
            .into_iter()
            .map(|(version, name, sql)| {
                let kind = MigrationType::Simple;
                Migration::new(version, name.into(), kind, sql.into_sql_str(), false)
            })
            .collect(),
    )
}

async fn open_lite(path: &Path) -> Result<Db> {
    let told = |error| about(path, error);
    make_file(path).map_err(|error| told(StoreError::Database(error.to_string())))?;
    let options = SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Wal)
        // NORMAL may forget the last transactions in a power cut. A written ledger entry leaves
        // the spool, so it must be on the disk; entries come in batches and off the call path,
        // which makes a sync for each commit cheap.
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(LITE_BUSY_LIMIT);
    let write = SqlitePoolOptions::new()
        .max_connections(1)
        .acquire_timeout(LITE_BUSY_LIMIT)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false);
    let write = first_connection(write, &options).await.map_err(told)?;
    migrate_lite(&write).await.map_err(told)?;
    let read = SqlitePoolOptions::new()
        .max_connections(LITE_READERS)
        .acquire_timeout(ACQUIRE_LIMIT)
        .test_before_acquire(false)
        .connect_lazy_with(options.pragma("query_only", "ON"));
    Ok(Db::Lite { read, write })
}

/// `error`, which came up with this file.
pub(crate) fn about(path: &Path, error: StoreError) -> StoreError {
    match error {
        StoreError::Database(why) => StoreError::Database(format!("{}: {why}", path.display())),
        other => other,
    }
}

/// Makes the file with rights for nobody else: SQLite would make it readable by all, and gives the
/// WAL beside it the rights of the file.
pub(crate) fn make_file(path: &Path) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).mode(0o600);
    options.open(path).map(|_| ())
}

/// Connects, again while another process that opens the same new file has it locked: SQLite does
/// not wait its busy timeout for the change to WAL.
async fn first_connection(
    pool: SqlitePoolOptions,
    options: &SqliteConnectOptions,
) -> Result<SqlitePool> {
    let deadline = Instant::now() + LITE_BUSY_LIMIT;
    loop {
        match pool.clone().connect_with(options.clone()).await {
            Err(error) if is_busy(&error) && Instant::now() < deadline => {
                tokio::time::sleep(LITE_BUSY_PAUSE).await;
            }
            other => return Ok(other?),
        }
    }
}

fn is_busy(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|inner| inner.code());
    // The low byte of an extended result code is the code: 5 is SQLITE_BUSY.
    code.and_then(|code| code.parse::<u32>().ok())
        .is_some_and(|code| code & 0xff == 5)
}

async fn migrate_lite(write: &SqlitePool) -> Result<()> {
    // sqlx does not lock SQLite; within a transaction that writes from its start, the second of
    // two processes finds the work done.
    let mut tx = write.begin_with("BEGIN IMMEDIATE").await?;
    migrate(&mut *tx).await?;
    Ok(tx.commit().await?)
}

async fn open_pg(url: &str) -> Result<Db> {
    let (options, mut connection) = connect_pg(url).await?;
    migrate(&mut connection).await?;
    connection.close().await?;
    let pool = PgPoolOptions::new()
        .max_connections(PG_CONNECTIONS)
        .acquire_timeout(ACQUIRE_LIMIT)
        .after_connect(|connection, _| {
            Box::pin(async move {
                // The server gives up when we do, and does not work for nobody.
                sqlx::query("SELECT set_config('statement_timeout', $1, false)")
                    .bind(STATEMENT_LIMIT.as_millis().to_string())
                    .execute(connection)
                    .await?;
                Ok(())
            })
        })
        .connect_lazy_with(options);
    Ok(Db::Pg(pool))
}

/// One connection apart from the pool, because a migration may take longer than any other
/// statement; and how to make more.
pub(crate) async fn connect_pg(url: &str) -> Result<(PgConnectOptions, PgConnection)> {
    let options = PgConnectOptions::from_str(url)
        .map_err(|error| StoreError::Invalid(format!("the database URL is not valid: {error}")))?
        .application_name("confab");
    let connecting = PgConnection::connect_with(&options);
    let connection = tokio::time::timeout(ACQUIRE_LIMIT, connecting)
        .await
        .map_err(|_| sqlx::Error::PoolTimedOut)??;
    Ok((options, connection))
}

fn in_words(error: MigrateError) -> StoreError {
    StoreError::Database(match error {
        MigrateError::VersionMissing(version) => {
            format!("its schema ({version}) is newer than this program; install the newer one")
        }
        MigrateError::VersionMismatch(version) => {
            format!("its schema {version} is not the one this program knows")
        }
        MigrateError::Execute(inner) | MigrateError::ExecuteMigration(inner, _) => {
            return inner.into();
        }
        other => other.to_string(),
    })
}

/// How long a caller waits for a connection, so that a database that is away is soon known to be.
const ACQUIRE_LIMIT: Duration = Duration::from_secs(3);
/// How long a writer waits for another, in this process or in another one. When it is over the
/// caller gets an error and tries again.
pub(crate) const LITE_BUSY_LIMIT: Duration = Duration::from_secs(5);
const LITE_BUSY_PAUSE: Duration = Duration::from_millis(20);
/// Readers of a file; those who find none free wait up to [`ACQUIRE_LIMIT`].
const LITE_READERS: u32 = 4;
/// Connections to a server, far below its usual limit of 100; those who find none free wait up to
/// [`ACQUIRE_LIMIT`].
const PG_CONNECTIONS: u32 = 10;
