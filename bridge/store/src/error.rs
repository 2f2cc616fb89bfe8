//! The one error of the store, and how the database's own errors become it.

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

pub(crate) type Result<T> = std::result::Result<T, StoreError>;

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(match error {
            sqlx::Error::PoolTimedOut => "it does not answer, or all connections are busy".into(),
            sqlx::Error::Database(inner) => inner.message().to_owned(),
            other => other.to_string(),
        })
    }
}

/// `error`, or [`StoreError::Taken`] when a row with that key is there already.
pub(crate) fn or_taken(error: sqlx::Error, what: impl FnOnce() -> String) -> StoreError {
    match error.as_database_error() {
        Some(inner) if inner.is_unique_violation() => StoreError::Taken(what()),
        _ => error.into(),
    }
}

/// `error`, or [`StoreError::Missing`] when the row it points to is not there.
pub(crate) fn or_missing(error: sqlx::Error, what: impl FnOnce() -> String) -> StoreError {
    match error.as_database_error() {
        Some(inner) if inner.is_foreign_key_violation() => StoreError::Missing(what()),
        _ => error.into(),
    }
}

/// Nothing, or [`StoreError::Missing`] when a statement that names one row has changed none.
pub(crate) fn one_row(changed: u64, what: impl FnOnce() -> String) -> Result<()> {
    match changed {
        0 => Err(StoreError::Missing(what())),
        _ => Ok(()),
    }
}
