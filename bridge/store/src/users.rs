//! People with a login, and their passwords.

use sqlx::Row;
use uuid::Uuid;

use crate::Store;
use crate::db::args;
use crate::error::{Result, StoreError, one_row, or_taken};
use crate::row::columns;
use crate::text::check_line;

/// A person with a login.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// UUIDv7
    pub id: String,
    /// login name, lower case
    pub email: String,
    /// as shown
    pub name: String,
    /// account administrator
    pub admin: bool,
}

columns!(User: id, email, name, admin);

impl Store {
    /// Adds a user. Passwords: 8 or more characters with letters and digits.
    pub async fn add_user(
        &self,
        email: &str,
        name: &str,
        password: &str,
        admin: bool,
    ) -> Result<User> {
        let email = folded(email);
        check_email(&email)?;
        let user = User {
            id: Uuid::now_v7().to_string(),
            email,
            name: check_line("a name", name, NAME_CHARS_MAX)?.to_owned(),
            admin,
        };
        let hash = self.passwords.hash(password).await?;
        self.db
            .run(
                "INSERT INTO users (id, email, name, password_hash, admin) \
                 VALUES ($1, $2, $3, $4, $5)",
                args![&user.id, &user.email, &user.name, hash, admin],
            )
            .await
            .map_err(|error| or_taken(error, || called(&user.email)))?;
        Ok(user)
    }

    /// Every user, by e-mail address.
    pub async fn users(&self) -> Result<Vec<User>> {
        let sql = "SELECT id, email, name, admin FROM users ORDER BY email";
        Ok(self.db.all(sql, args![]).await?)
    }

    /// The user, when e-mail and password fit; the same time is taken when they do not.
    pub async fn check_login(&self, email: &str, password: &str) -> Result<Option<User>> {
        let found: Option<Login> = self
            .db
            .one(
                "SELECT id, email, name, admin, password_hash FROM users WHERE email = $1",
                args![folded(email)],
            )
            .await?;
        let hash = found.as_ref().map(|login| login.password_hash.clone());
        let fits = self.passwords.fits(password, hash).await?;
        Ok(found.filter(|_| fits).map(|login| login.user))
    }

    /// Gives a user another password and ends the user's login sessions.
    pub async fn set_password(&self, email: &str, password: &str) -> Result<()> {
        let email = folded(email);
        let hash = self.passwords.hash(password).await?;
        let mut tx = self.db.begin().await?;
        let changed = tx
            .run(
                "UPDATE users SET password_hash = $2 WHERE email = $1",
                args![&email, hash],
            )
            .await?;
        one_row(changed, || called(&email))?;
        tx.run(
            "DELETE FROM sessions WHERE user_id = (SELECT id FROM users WHERE email = $1)",
            args![&email],
        )
        .await?;
        Ok(tx.commit().await?)
    }
}

struct Login {
    user: User,
    password_hash: String,
}

impl<'r, R: Row> sqlx::FromRow<'r, R> for Login
where
    User: sqlx::FromRow<'r, R>,
    &'static str: sqlx::ColumnIndex<R>,
    String: sqlx::Decode<'r, R::Database> + sqlx::Type<R::Database>,
{
    fn from_row(row: &'r R) -> sqlx::Result<Self> {
        Ok(Self {
            user: User::from_row(row)?,
            password_hash: row.try_get("password_hash")?,
        })
    }
}

/// How a user is called in messages.
pub(crate) fn called(email: &str) -> String {
    format!("user {email}")
}

/// An address as it is kept and looked up.
pub(crate) fn folded(email: &str) -> String {
    email.trim().to_lowercase()
}

/// Not the whole grammar: only what every address has, and nothing that breaks a header or a page.
fn check_email(email: &str) -> Result<()> {
    let halves = email.split_once('@');
    let fits = halves
        .is_some_and(|(local, host)| !local.is_empty() && !host.is_empty() && !host.contains('@'));
    let plain = !email.chars().any(|c| c.is_whitespace() || c.is_control());
    if fits && plain && email.len() <= EMAIL_BYTES_MAX {
        return Ok(());
    }
    Err(StoreError::Invalid(format!(
        "not an e-mail address: {email:?}"
    )))
}

/// RFC 5321, 4.5.3.1.3, without the brackets.
const EMAIL_BYTES_MAX: usize = 254;
const NAME_CHARS_MAX: usize = 120;
