//! `confab user`, `confab room` and `confab number`.

use anyhow::{Context as _, anyhow, bail};
use clap::Subcommand;
use confab_core::access::{CallType, Country};
use confab_core::ids::RoomNumber;
use confab_core::settings::RoomSettings;
use confab_store::{
    AccessNumber, RoomRow, Store, StoreError, language_word, parse_language, set_setting,
    settings_as_pairs,
};
use serde_json::{Map, Value, json};

use super::place::Absent;
use super::{print_json, secret};

#[derive(Debug, Subcommand)]
pub(super) enum UserCommand {
    /// Add a user
    Add {
        /// Login name
        #[arg(long)]
        email: String,
        /// Name as shown
        #[arg(long)]
        name: String,
        /// 8 or more characters, letters and digits; - reads it from standard input
        #[arg(long)]
        password: String,
        /// May see and do everything
        #[arg(long)]
        admin: bool,
    },
    /// List all users
    List,
    /// Give a user another password
    Passwd {
        /// Login name
        #[arg(long)]
        email: String,
        /// 8 or more characters, letters and digits; - reads it from standard input
        #[arg(long)]
        password: String,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum RoomCommand {
    /// Add a room
    Add {
        /// What callers key in: 3 to 12 digits
        #[arg(long)]
        number: String,
        /// The host's PIN: 4 to 20 digits; - reads it from standard input
        #[arg(long)]
        pin: String,
        /// E-mail address of the host who owns it
        #[arg(long)]
        host: String,
        /// A setting, such as guests_may_start=true; may be given several times
        #[arg(long = "set", value_name = "KEY=VALUE")]
        set: Vec<String>,
    },
    /// List all rooms
    List,
    /// Change settings of a room
    Set {
        /// The room's number
        number: String,
        /// Settings, such as announce=name, and pin=PIN and code=CODE; pin=- and code=- read a
        /// line each from standard input
        #[arg(required = true, value_name = "KEY=VALUE")]
        set: Vec<String>,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum NumberCommand {
    /// Add an access number, or change what it does
    Add {
        /// As dialled: the user part of the SIP URI
        number: String,
        /// Language of its prompts: en, fr or de
        #[arg(long)]
        language: String,
        /// Leads straight to this room
        #[arg(long)]
        room: Option<String>,
        /// Who pays: toll, tollfree, voip or dialout
        #[arg(long = "type", value_name = "TYPE", default_value = "toll")]
        call_type: String,
        /// Whose number it is, for the bill: two letters, such as FR
        #[arg(long)]
        country: Option<String>,
    },
    /// List all access numbers
    List,
}

impl UserCommand {
    /// Whoever adds may be the first one to do anything.
    pub fn absent(&self) -> Absent {
        match self {
            Self::Add { .. } => Absent::Make,
            Self::List | Self::Passwd { .. } => Absent::Refuse,
        }
    }
}

impl RoomCommand {
    /// As [`UserCommand::absent`].
    pub fn absent(&self) -> Absent {
        match self {
            Self::Add { .. } => Absent::Make,
            Self::List | Self::Set { .. } => Absent::Refuse,
        }
    }
}

impl NumberCommand {
    /// As [`UserCommand::absent`].
    pub fn absent(&self) -> Absent {
        match self {
            Self::Add { .. } => Absent::Make,
            Self::List => Absent::Refuse,
        }
    }
}

pub(super) async fn user(store: &Store, command: UserCommand, json: bool) -> anyhow::Result<()> {
    match command {
        UserCommand::Add {
            email,
            name,
            password,
            admin,
        } => {
            let password = secret::given_or_read(password, "password")?;
            let user = store.add_user(&email, &name, &password, admin).await?;
            say(
                json,
                json!({ "email": user.email, "name": user.name, "admin": user.admin }),
                || format!("{} can log in", user.email),
            );
        }
        UserCommand::Passwd { email, password } => {
            let password = secret::given_or_read(password, "password")?;
            store.set_password(&email, &password).await?;
            say(json, json!({ "email": email }), || {
                format!("{email} has a new password")
            });
        }
        UserCommand::List => {
            let users = store.users().await?;
            let values = users
                .iter()
                .map(|user| json!({ "email": user.email, "name": user.name, "admin": user.admin }))
                .collect();
            say(json, Value::Array(values), || {
                let mark = |admin: bool| if admin { "\tadministrator" } else { "" };
                let line =
                    |u: &confab_store::User| format!("{}\t{}{}", u.email, u.name, mark(u.admin));
                users.iter().map(line).collect::<Vec<_>>().join("\n")
            });
        }
    }
    Ok(())
}

pub(super) async fn room(store: &Store, command: RoomCommand, json: bool) -> anyhow::Result<()> {
    match command {
        RoomCommand::Add {
            number,
            pin,
            host,
            set,
        } => {
            let number = room_number(&number)?;
            let mut wanted = RoomSettings::default();
            for (key, value) in key_values(&set)? {
                set_setting(store.layouts(), &mut wanted, key, value)?;
            }
            let pin = secret::given_or_read(pin, "PIN")?;
            let row = store.add_room(&number, &host, &pin, &wanted).await?;
            say(json, room_json(&row), || format!("room {number} is ready"));
        }
        RoomCommand::Set { number, set } => {
            let number = room_number(&number)?;
            let changes = with_secrets(&set)?;
            let changes: Vec<(&str, &str)> = changes
                .iter()
                .map(|(key, value)| (*key, &**value))
                .collect();
            store
                .set_room_all(&number, &changes)
                .await
                .map_err(|error| match error {
                    StoreError::Invalid(why) => anyhow!("nothing is changed: {why}"),
                    other => other.into(),
                })?;
            let row = store
                .room(number.as_str())
                .await?
                .context("the room has gone meanwhile")?;
            say(json, room_json(&row), || {
                format!("room {number} is changed")
            });
        }
        RoomCommand::List => {
            let rows = store.rooms(None).await?;
            say(
                json,
                Value::Array(rows.iter().map(room_json).collect()),
                || {
                    let line = |row: &RoomRow| format!("{}\t{}", row.number, row.owner_email);
                    rows.iter().map(line).collect::<Vec<_>>().join("\n")
                },
            );
        }
    }
    Ok(())
}

pub(super) async fn number(
    store: &Store,
    command: NumberCommand,
    json: bool,
) -> anyhow::Result<()> {
    match command {
        NumberCommand::Add {
            number,
            language,
            room,
            call_type,
            country,
        } => {
            let room = room.as_deref().map(room_number).transpose()?;
            if let Some(room) = &room
                && store.room(room.as_str()).await?.is_none()
            {
                bail!("room {room} does not exist");
            }
            let language = parse_language(&language)?;
            let call_type = CallType::parse(&call_type).with_context(|| {
                let types = CallType::ALL.map(CallType::word).join(", ");
                format!("{call_type:?} is no call type; there are {types}")
            })?;
            let country = country.as_deref().map(country_code).transpose()?;
            let access = AccessNumber {
                number,
                language,
                room,
                call_type,
                country,
            };
            store.put_access_number(&access).await?;
            say(json, number_json(&access), || {
                format!("{} can be dialled", access.number)
            });
        }
        NumberCommand::List => {
            let numbers = store.access_numbers().await?;
            say(
                json,
                Value::Array(numbers.iter().map(number_json).collect()),
                || {
                    let line = |access: &AccessNumber| {
                        let to = access
                            .room
                            .as_ref()
                            .map_or("menu".to_owned(), ToString::to_string);
                        format!(
                            "{}\t{}\t{to}\t{}\t{}",
                            access.number,
                            language_word(access.language),
                            access.call_type,
                            access.country.map_or(String::new(), |it| it.to_string()),
                        )
                    };
                    numbers.iter().map(line).collect::<Vec<_>>().join("\n")
                },
            );
        }
    }
    Ok(())
}

fn say(json: bool, value: Value, words: impl FnOnce() -> String) {
    if json {
        print_json(&value)
    } else {
        println!("{}", words())
    }
}

fn room_number(digits: &str) -> anyhow::Result<RoomNumber> {
    RoomNumber::parse(digits)
        .with_context(|| format!("{digits:?} is no room number: 3 to 12 digits are"))
}

fn country_code(letters: &str) -> anyhow::Result<Country> {
    Country::parse(letters)
        .with_context(|| format!("{letters:?} is no country: two letters are, such as FR"))
}

fn key_values(pairs: &[String]) -> anyhow::Result<Vec<(&str, &str)>> {
    pairs.iter().map(|pair| key_value(pair)).collect()
}

/// The pairs, with what `pin=-` and `code=-` stand for.
fn with_secrets(pairs: &[String]) -> anyhow::Result<Vec<(&str, String)>> {
    let mut full = Vec::new();
    for (key, value) in key_values(pairs)? {
        let value = match key {
            "pin" | "code" => secret::given_or_read(value.to_owned(), key)?,
            _ => value.to_owned(),
        };
        full.push((key, value));
    }
    Ok(full)
}

fn key_value(pair: &str) -> anyhow::Result<(&str, &str)> {
    pair.split_once('=')
        .with_context(|| format!("{pair:?} is not KEY=VALUE"))
}

fn room_json(row: &RoomRow) -> Value {
    let pairs = settings_as_pairs(&row.settings);
    let settings: Map<String, Value> = pairs
        .into_iter()
        .map(|(key, value)| (key.to_owned(), Value::String(value)))
        .collect();
    json!({
        "number": row.number.as_str(),
        "host": row.owner_email,
        "preset_code": row.secrets.preset_code.is_some(),
        "settings": settings,
    })
}

fn number_json(access: &AccessNumber) -> Value {
    json!({
        "number": access.number,
        "language": language_word(access.language),
        "room": access.room.as_ref().map(RoomNumber::as_str),
        "type": access.call_type.word(),
        "country": access.country.map(|country| country.to_string()),
    })
}
