//! Access numbers: what each dialled number does.

use confab_core::access::{CallType, Country};
use confab_core::ids::RoomNumber;
use confab_core::settings::Language;

use crate::Store;
use crate::db::args;
use crate::error::{Result, StoreError, or_missing};
use crate::rooms::room_called;
use crate::row::columns;
use crate::settings::{language_word, parse_language};

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT number, language, room, call_type, country FROM access_numbers ",
            $rest
        )
    };
}

/// An access number and what it does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessNumber {
    /// as dialled: the user part of the request URI
    pub number: String,
    /// language of its prompts
    pub language: Language,
    /// leads straight to this room
    pub room: Option<RoomNumber>,
    /// who pays for calls that come by it
    pub call_type: CallType,
    /// the country it is a number of, if that matters for the bill
    pub country: Option<Country>,
}

impl Store {
    /// Adds or replaces an access number.
    pub async fn put_access_number(&self, number: &AccessNumber) -> Result<()> {
        if !can_be_dialled(&number.number) {
            return Err(StoreError::Invalid(format!(
                "an access number has 1 to {NUMBER_BYTES_MAX} visible ASCII characters: {:?}",
                number.number
            )));
        }
        let room = number.room.as_ref();
        let sql = "INSERT INTO access_numbers (number, language, room, call_type, country) \
                   VALUES ($1, $2, $3, $4, $5) ON CONFLICT (number) DO UPDATE \
                   SET language = excluded.language, room = excluded.room, \
                   call_type = excluded.call_type, country = excluded.country";
        let language = language_word(number.language);
        let country = number.country.as_ref().map_or("", Country::as_str);
        self.db
            .run(
                sql,
                args![
                    &number.number,
                    language,
                    room.map(RoomNumber::as_str),
                    number.call_type.word(),
                    country
                ],
            )
            .await
            .map_err(|error| or_missing(error, || room.map_or_else(String::new, room_called)))?;
        Ok(())
    }

    /// One access number.
    pub async fn access_number(&self, number: &str) -> Result<Option<AccessNumber>> {
        // What cannot be dialled is in no table, whatever bytes a stranger sent.
        if !can_be_dialled(number) {
            return Ok(None);
        }
        let sql = select!("WHERE number = $1");
        let row: Option<Kept> = self.db.one(sql, args![number]).await?;
        row.map(AccessNumber::try_from).transpose()
    }

    /// Every access number.
    pub async fn access_numbers(&self) -> Result<Vec<AccessNumber>> {
        let sql = select!("ORDER BY number");
        let rows: Vec<Kept> = self.db.all(sql, args![]).await?;
        rows.into_iter().map(AccessNumber::try_from).collect()
    }
}

fn can_be_dialled(number: &str) -> bool {
    (1..=NUMBER_BYTES_MAX).contains(&number.len())
        && number.bytes().all(|byte| byte.is_ascii_graphic())
}

struct Kept {
    number: String,
    language: String,
    room: Option<String>,
    call_type: String,
    country: String,
}

columns!(Kept: number, language, room, call_type, country);

impl TryFrom<Kept> for AccessNumber {
    type Error = StoreError;

    /// Fails on what only another hand can have written.
    fn try_from(kept: Kept) -> Result<Self> {
        let damaged =
            || StoreError::Database(format!("the row of number {} is damaged", kept.number));
        let room = kept.room.as_deref();
        Ok(Self {
            language: parse_language(&kept.language).map_err(|_| damaged())?,
            room: room
                .map(|room| RoomNumber::parse(room).ok_or_else(damaged))
                .transpose()?,
            call_type: CallType::parse(&kept.call_type).ok_or_else(damaged)?,
            country: match kept.country.as_str() {
                "" => None,
                country => Some(Country::parse(country).ok_or_else(damaged)?),
            },
            number: kept.number,
        })
    }
}

const NUMBER_BYTES_MAX: usize = 64;
