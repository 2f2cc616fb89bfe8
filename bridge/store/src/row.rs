//! Rows into structs, of both databases, by the names of their columns. What `sqlx` has a derive
//! for; that would have every build compile the drivers and SQLite a second time, for its macros.

/// Reads a struct's fields from the columns of the same names. A field that is left out does not
/// compile.
macro_rules! columns {
    ($of:ident: $($field:ident),+ $(,)?) => {
        columns!(@ sqlx::sqlite::SqliteRow, $of: $($field),+);
        columns!(@ sqlx::postgres::PgRow, $of: $($field),+);
    };
    (@ $row:ty, $of:ident: $($field:ident),+) => {
        impl sqlx::FromRow<'_, $row> for $of {
            fn from_row(row: &$row) -> sqlx::Result<Self> {
                use sqlx::Row as _;
                Ok(Self { $($field: row.try_get(stringify!($field))?),+ })
            }
        }
    };
}

pub(crate) use columns;
