//! Runs one SQL text on whichever database it is: the only place where the two part ways.
//! Knows no table.
//!
//! SQLite has ONE writing connection, because two that read and then write fail each other with
//! SQLITE_BUSY_SNAPSHOT, and a pool of readers, which WAL lets read while it writes.

use std::borrow::Cow;
use std::future::Future;
use std::time::Duration;

use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use sqlx::{FromRow, PgPool, Postgres, Sqlite, SqlitePool, Transaction};

type Answer<T> = std::result::Result<T, sqlx::Error>;

/// The database.
#[derive(Clone, Debug)]
pub(crate) enum Db {
    /// A file of this machine.
    Lite {
        /// Many, and they cannot write.
        read: SqlitePool,
        /// One connection.
        write: SqlitePool,
    },
    /// A server.
    Pg(PgPool),
}

/// A transaction; dropped without [`Tx::commit`], nothing of it has happened.
pub(crate) enum Tx {
    Lite(Transaction<'static, Sqlite>),
    Pg(Transaction<'static, Postgres>),
}

/// A statement, with `$1`, `$2` for its arguments, which both databases understand.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sql {
    pub lite: &'static str,
    pub pg: &'static str,
}

impl From<&'static str> for Sql {
    fn from(both: &'static str) -> Self {
        Self {
            lite: both,
            pg: both,
        }
    }
}

/// One argument of a statement.
#[derive(Clone)]
pub(crate) enum Arg<'a> {
    Text(Cow<'a, str>),
    MaybeText(Option<Cow<'a, str>>),
    Int(i64),
    Flag(bool),
}

impl<'a> From<&'a str> for Arg<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(storable(text.into()))
    }
}

impl<'a> From<&'a String> for Arg<'a> {
    fn from(text: &'a String) -> Self {
        text.as_str().into()
    }
}

impl From<String> for Arg<'_> {
    fn from(text: String) -> Self {
        Self::Text(storable(text.into()))
    }
}

impl<'a> From<Option<&'a str>> for Arg<'a> {
    fn from(text: Option<&'a str>) -> Self {
        Self::MaybeText(text.map(|text| storable(text.into())))
    }
}

impl From<Option<String>> for Arg<'_> {
    fn from(text: Option<String>) -> Self {
        Self::MaybeText(text.map(|text| storable(text.into())))
    }
}

impl From<i64> for Arg<'_> {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<bool> for Arg<'_> {
    fn from(flag: bool) -> Self {
        Self::Flag(flag)
    }
}

/// PostgreSQL takes no zero byte in text. A stranger can put one into an address or a name; that
/// shall find nothing rather than fail, on both databases alike.
fn storable(text: Cow<'_, str>) -> Cow<'_, str> {
    match text.contains('\0') {
        true => text.replace('\0', "\u{fffd}").into(),
        false => text,
    }
}

/// The arguments of a statement, in order: `args![id, now_ms, true]`.
macro_rules! args {
    ($($arg:expr),* $(,)?) => { &[$($crate::db::Arg::from($arg)),*] };
}
pub(crate) use args;

/// What a row can be read into, from either database.
pub(crate) trait Row:
    for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin
{
}

impl<T> Row for T
where
    T: for<'r> FromRow<'r, SqliteRow>,
    T: for<'r> FromRow<'r, PgRow> + Send + Unpin,
{
}

macro_rules! bound {
    ($query:expr, $args:expr) => {{
        let mut query = $query;
        for arg in $args {
            query = match arg {
                Arg::Text(text) => query.bind(text.as_ref()),
                Arg::MaybeText(text) => query.bind(text.as_deref()),
                Arg::Int(number) => query.bind(*number),
                Arg::Flag(flag) => query.bind(*flag),
            };
        }
        query
    }};
}

impl Db {
    /// Every row of a query.
    pub async fn all<T: Row>(&self, sql: impl Into<Sql>, args: &[Arg<'_>]) -> Answer<Vec<T>> {
        let sql = sql.into();
        match self {
            Db::Lite { read, .. } => {
                let query = bound!(sqlx::query_as::<Sqlite, T>(sql.lite), args);
                limited(query.fetch_all(read)).await
            }
            Db::Pg(pool) => {
                let query = bound!(sqlx::query_as::<Postgres, T>(sql.pg), args);
                limited(query.fetch_all(pool)).await
            }
        }
    }

    /// The first row of a query.
    pub async fn one<T: Row>(&self, sql: impl Into<Sql>, args: &[Arg<'_>]) -> Answer<Option<T>> {
        let sql = sql.into();
        match self {
            Db::Lite { read, .. } => {
                let query = bound!(sqlx::query_as::<Sqlite, T>(sql.lite), args);
                limited(query.fetch_optional(read)).await
            }
            Db::Pg(pool) => {
                let query = bound!(sqlx::query_as::<Postgres, T>(sql.pg), args);
                limited(query.fetch_optional(pool)).await
            }
        }
    }

    /// Runs one statement that writes; how many rows it changed.
    pub async fn run(&self, sql: impl Into<Sql>, args: &[Arg<'_>]) -> Answer<u64> {
        let sql = sql.into();
        match self {
            Db::Lite { write, .. } => {
                let query = bound!(sqlx::query::<Sqlite>(sql.lite), args);
                Ok(limited(query.execute(write)).await?.rows_affected())
            }
            Db::Pg(pool) => {
                let query = bound!(sqlx::query::<Postgres>(sql.pg), args);
                Ok(limited(query.execute(pool)).await?.rows_affected())
            }
        }
    }

    /// Closes every connection.
    pub async fn close(&self) {
        match self {
            Db::Lite { read, write } => {
                read.close().await;
                write.close().await;
            }
            Db::Pg(pool) => pool.close().await,
        }
    }

    /// Begins a transaction that writes.
    pub async fn begin(&self) -> Answer<Tx> {
        Ok(match self {
            // IMMEDIATE: one that begins as a reader cannot become a writer when another process,
            // such as the command line, has written meanwhile.
            Db::Lite { write, .. } => Tx::Lite(limited(write.begin_with("BEGIN IMMEDIATE")).await?),
            Db::Pg(pool) => Tx::Pg(limited(pool.begin()).await?),
        })
    }
}

impl Tx {
    /// Runs one statement; how many rows it changed.
    pub async fn run(&mut self, sql: impl Into<Sql>, args: &[Arg<'_>]) -> Answer<u64> {
        let sql = sql.into();
        match self {
            Tx::Lite(tx) => {
                let query = bound!(sqlx::query::<Sqlite>(sql.lite), args);
                Ok(limited(query.execute(&mut **tx)).await?.rows_affected())
            }
            Tx::Pg(tx) => {
                let query = bound!(sqlx::query::<Postgres>(sql.pg), args);
                Ok(limited(query.execute(&mut **tx)).await?.rows_affected())
            }
        }
    }

    /// Makes it so. When this fails with a network error it may have happened all the same.
    pub async fn commit(self) -> Answer<()> {
        match self {
            Tx::Lite(tx) => limited(tx.commit()).await,
            Tx::Pg(tx) => limited(tx.commit()).await,
        }
    }
}

/// Waits a bounded time: a server behind a dead network would keep us for as long as TCP does.
async fn limited<T>(work: impl Future<Output = Answer<T>>) -> Answer<T> {
    match tokio::time::timeout(STATEMENT_LIMIT, work).await {
        Ok(answer) => answer,
        Err(_) => Err(sqlx::Error::Io(std::io::ErrorKind::TimedOut.into())),
    }
}

/// Longer than any statement of ours takes on a large ledger and a slow disk, short enough that
/// whoever waits for an answer still waits.
pub(crate) const STATEMENT_LIMIT: Duration = Duration::from_secs(15);
