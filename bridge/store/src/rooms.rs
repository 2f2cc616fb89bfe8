//! Rooms: whose they are, what their owners have chosen, and their PINs.

use std::time::Duration;

use confab_core::ids::RoomNumber;
use confab_core::settings::RoomSettings;
use confab_dtmf::layout::{Layout, Layouts};
use uuid::Uuid;

use crate::Store;
use crate::db::{Arg, args};
use crate::error::{Result, StoreError, one_row, or_taken};
use crate::row::columns;
use crate::secrets::{RoomSecrets, Sealed, check_code, check_pin, code_salt, random_hex};
use crate::settings::{
    Setting, announce_word, bad_lines_word, check_settings, language_word, parse_announce,
    parse_bad_lines, parse_language,
};
use crate::users::{called, folded};

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT r.id, r.pin_mac, r.code_mac, r.number, r.owner, u.email AS owner_email, \
             r.guests_may_start, r.announce, \
             r.join_muted, r.continue_after_host_min, r.billing_capture, r.billing_code, \
             r.language, r.record_at_start, r.max_callers, r.security_code, r.layout, \
             r.hold_music, r.alone_min, r.carrier_limit_min, r.dial_out, \
             r.auto_gain, r.isolate_bad_lines, r.suppress_noise \
             FROM rooms r JOIN users u ON u.id = r.owner ",
            $rest
        )
    };
}

macro_rules! update {
    ($column:literal) => {
        concat!("UPDATE rooms SET ", $column, " = $2 WHERE id = $1")
    };
}

/// A room as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoomRow {
    /// what callers key in
    pub number: RoomNumber,
    /// who owns it (user id)
    pub owner: String,
    /// the owner's e-mail address
    pub owner_email: String,
    /// what the owner has chosen
    pub settings: RoomSettings,
    /// its PIN and its preset security code, not to be read
    pub secrets: RoomSecrets,
}

impl Store {
    /// Adds a room. The PIN (4 to 20 digits) is kept only as a keyed hash.
    pub async fn add_room(
        &self,
        number: &RoomNumber,
        owner_email: &str,
        pin: &str,
        settings: &RoomSettings,
    ) -> Result<RoomRow> {
        check_pin(pin)?;
        check_settings(&self.layouts, settings)?;
        let id = Uuid::now_v7().to_string();
        let owner_email = folded(owner_email);
        let added = self
            .db
            .run(
                ADD_ROOM,
                args![
                    &id,
                    number.as_str(),
                    &owner_email,
                    self.pin_key.mac(&id, pin),
                    settings.guests_may_start,
                    announce_word(settings.announce),
                    settings.join_muted,
                    minutes(settings.continue_after_host),
                    settings.billing_capture,
                    settings.billing_code.as_deref(),
                    language_word(settings.language),
                    settings.record_at_start,
                    i64::from(settings.max_callers),
                    settings.security_code,
                    settings.layout.name(),
                    settings.hold_music,
                    minutes(settings.alone_limit),
                    minutes(settings.carrier_limit),
                    settings.dial_out,
                    settings.auto_gain,
                    bad_lines_word(settings.bad_lines),
                    settings.suppress_noise,
                ],
            )
            .await
            .map_err(|error| or_taken(error, || room_called(number)))?;
        one_row(added, || called(&owner_email))?;
        let room = self.room(number.as_str()).await?;
        room.ok_or_else(|| StoreError::Missing(room_called(number)))
    }

    /// One room.
    pub async fn room(&self, number: &str) -> Result<Option<RoomRow>> {
        // What is no room number is no room, whatever bytes it has.
        let Some(number) = RoomNumber::parse(number) else {
            return Ok(None);
        };
        let row: Option<Kept> = self.db.one(ONE_ROOM, args![number.as_str()]).await?;
        row.map(|row| row.read(&self.layouts)).transpose()
    }

    /// Every room, or those of one owner (user id), by number.
    pub async fn rooms(&self, owner: Option<&str>) -> Result<Vec<RoomRow>> {
        let rows: Vec<Kept> = match owner {
            Some(owner) => self.db.all(ROOMS_OF, args![owner]).await?,
            None => self.db.all(ALL_ROOMS, args![]).await?,
        };
        rows.into_iter()
            .map(|row| row.read(&self.layouts))
            .collect()
    }

    /// Changes one setting, as [`Store::set_room_all`] does.
    pub async fn set_room(&self, number: &RoomNumber, key: &str, value: &str) -> Result<()> {
        self.set_room_all(number, &[(key, value)]).await
    }

    /// Changes several settings, as `confab room set N KEY=VALUE ...` gives them, all of them or
    /// none; `pin=` too, and `code=`, the preset security code (empty: none). Everything that is
    /// wrong with them is told at once. No conference begins with half of them.
    pub async fn set_room_all(&self, number: &RoomNumber, changes: &[(&str, &str)]) -> Result<()> {
        let (mut fit, mut wrong) = (Vec::new(), Vec::new());
        for (key, value) in changes {
            match Change::parse(&self.layouts, key, value) {
                Ok(change) => fit.push(change),
                Err(error) => wrong.push(error.to_string()),
            }
        }
        if !wrong.is_empty() {
            return Err(StoreError::Invalid(wrong.join("; ")));
        }
        let id = self.room_id(number).await?;
        let mut tx = self.db.begin().await?;
        for change in fit {
            let (sql, value) = match change {
                Change::Setting(setting) => statement(setting),
                Change::Pin(pin) => (update!("pin_mac"), self.pin_key.mac(&id, pin).into()),
                Change::Code(code) => {
                    let mac = code.map(|code| self.pin_key.mac(&code_salt(&id), code));
                    (update!("code_mac"), mac.into())
                }
            };
            let changed = tx.run(sql, &[id.as_str().into(), value]).await?;
            one_row(changed, || room_called(number))?;
        }
        Ok(tx.commit().await?)
    }

    /// Is this the room's PIN? Constant-time; the same time when there is no such room.
    pub async fn check_pin(&self, number: &RoomNumber, pin: &str) -> Result<bool> {
        let sql = "SELECT id, pin_mac FROM rooms WHERE number = $1";
        let kept: Option<(String, String)> = self.db.one(sql, args![number.as_str()]).await?;
        let pin_kept = kept.map(|(id, mac)| Sealed::new(id, mac));
        Ok(self.pin_key.fits(pin_kept.as_ref(), pin))
    }

    /// What is to be remembered of the security code of one conference.
    pub fn seal(&self, code: &str) -> Sealed {
        let salt = random_hex();
        let mac = self.pin_key.mac(&salt, code);
        Sealed::new(salt, mac)
    }

    /// Are these the digits that were sealed? Asks no database, so it works while that is away.
    /// Constant-time; the same time when nothing was sealed.
    pub fn fits(&self, sealed: Option<&Sealed>, digits: &str) -> bool {
        self.pin_key.fits(sealed, digits)
    }

    async fn room_id(&self, number: &RoomNumber) -> Result<String> {
        let sql = "SELECT id FROM rooms WHERE number = $1";
        let id: Option<(String,)> = self.db.one(sql, args![number.as_str()]).await?;
        id.map(|(id,)| id)
            .ok_or_else(|| StoreError::Missing(room_called(number)))
    }
}

/// One `KEY=VALUE` of a room, secrets among them.
enum Change<'a> {
    Setting(Setting),
    Pin(&'a str),
    Code(Option<&'a str>),
}

impl<'a> Change<'a> {
    fn parse(layouts: &Layouts, key: &str, value: &'a str) -> Result<Self> {
        Ok(match key {
            "pin" => {
                check_pin(value)?;
                Self::Pin(value)
            }
            "code" if value.is_empty() => Self::Code(None),
            "code" => {
                check_code(value)?;
                Self::Code(Some(value))
            }
            _ => Self::Setting(Setting::parse(layouts, key, value)?),
        })
    }
}

/// What keeps one setting.
fn statement(setting: Setting) -> (&'static str, Arg<'static>) {
    match setting {
        Setting::GuestsMayStart(may) => (update!("guests_may_start"), may.into()),
        Setting::Announce(announce) => (update!("announce"), announce_word(announce).into()),
        Setting::JoinMuted(muted) => (update!("join_muted"), muted.into()),
        Setting::ContinueAfterHost(time) => {
            (update!("continue_after_host_min"), minutes(time).into())
        }
        Setting::BillingCapture(capture) => (update!("billing_capture"), capture.into()),
        Setting::BillingCode(code) => (update!("billing_code"), code.into()),
        Setting::Language(language) => (update!("language"), language_word(language).into()),
        Setting::RecordAtStart(record) => (update!("record_at_start"), record.into()),
        Setting::MaxCallers(callers) => (update!("max_callers"), i64::from(callers).into()),
        Setting::SecurityCode(code) => (update!("security_code"), code.into()),
        Setting::Layout(layout) => (update!("layout"), layout.name().to_owned().into()),
        Setting::HoldMusic(music) => (update!("hold_music"), music.into()),
        Setting::AloneLimit(time) => (update!("alone_min"), minutes(time).into()),
        Setting::CarrierLimit(time) => (update!("carrier_limit_min"), minutes(time).into()),
        Setting::DialOut(may) => (update!("dial_out"), may.into()),
        Setting::AutoGain(gain) => (update!("auto_gain"), gain.into()),
        Setting::BadLines(bad_lines) => (
            update!("isolate_bad_lines"),
            bad_lines_word(bad_lines).into(),
        ),
        Setting::SuppressNoise(suppress) => (update!("suppress_noise"), suppress.into()),
    }
}

/// How a room is called in messages.
pub(crate) fn room_called(number: &RoomNumber) -> String {
    format!("room {number}")
}

fn minutes(time: Duration) -> i64 {
    i64::try_from(time.as_secs() / 60).unwrap_or(i64::MAX)
}

struct Kept {
    id: String,
    pin_mac: String,
    code_mac: Option<String>,
    number: String,
    owner: String,
    owner_email: String,
    guests_may_start: bool,
    announce: String,
    join_muted: bool,
    continue_after_host_min: i64,
    billing_capture: bool,
    billing_code: Option<String>,
    language: String,
    record_at_start: bool,
    max_callers: i64,
    security_code: bool,
    layout: String,
    hold_music: bool,
    alone_min: i64,
    carrier_limit_min: i64,
    dial_out: bool,
    auto_gain: bool,
    isolate_bad_lines: String,
    suppress_noise: bool,
}

columns!(
    Kept:
    id, pin_mac, code_mac, number, owner, owner_email, guests_may_start, announce, join_muted,
    continue_after_host_min, billing_capture, billing_code, language, record_at_start,
    max_callers, security_code, layout, hold_music, alone_min, carrier_limit_min, dial_out,
    auto_gain, isolate_bad_lines, suppress_noise,
);

impl Kept {
    /// Fails on what only another hand can have written. A layout that is no longer in the
    /// configuration is no reason to turn callers away: they get the one everybody knows.
    fn read(self, layouts: &Layouts) -> Result<RoomRow> {
        let kept = self;
        let damaged =
            || StoreError::Database(format!("the row of room {} is damaged", kept.number));
        let time = |minutes: i64| {
            let minutes = u64::try_from(minutes).map_err(|_| damaged())?;
            Ok::<_, StoreError>(Duration::from_secs(minutes.saturating_mul(60)))
        };
        let layout = layouts.get(&kept.layout).unwrap_or_else(|| {
            let (room, layout) = (&kept.number, &kept.layout);
            tracing::warn!(room, layout, "the layout is gone; openvoice stands in");
            Layout::openvoice()
        });
        Ok(RoomRow {
            number: RoomNumber::parse(&kept.number).ok_or_else(damaged)?,
            settings: RoomSettings {
                guests_may_start: kept.guests_may_start,
                announce: parse_announce(&kept.announce).map_err(|_| damaged())?,
                join_muted: kept.join_muted,
                continue_after_host: time(kept.continue_after_host_min)?,
                billing_capture: kept.billing_capture,
                language: parse_language(&kept.language).map_err(|_| damaged())?,
                record_at_start: kept.record_at_start,
                max_callers: u32::try_from(kept.max_callers).map_err(|_| damaged())?,
                security_code: kept.security_code,
                layout,
                hold_music: kept.hold_music,
                alone_limit: time(kept.alone_min)?,
                carrier_limit: time(kept.carrier_limit_min)?,
                dial_out: kept.dial_out,
                auto_gain: kept.auto_gain,
                bad_lines: parse_bad_lines(&kept.isolate_bad_lines).map_err(|_| damaged())?,
                suppress_noise: kept.suppress_noise,
                billing_code: kept.billing_code,
            },
            secrets: RoomSecrets {
                preset_code: kept
                    .code_mac
                    .map(|mac| Sealed::new(code_salt(&kept.id), mac)),
                pin: Sealed::new(kept.id, kept.pin_mac),
            },
            owner: kept.owner,
            owner_email: kept.owner_email,
        })
    }
}

const ONE_ROOM: &str = select!("WHERE r.number = $1");
const ROOMS_OF: &str = select!("WHERE r.owner = $1 ORDER BY r.number");
const ALL_ROOMS: &str = select!("ORDER BY r.number");
const ADD_ROOM: &str = "INSERT INTO rooms (id, number, owner, pin_mac, guests_may_start, \
     announce, join_muted, continue_after_host_min, billing_capture, billing_code, language, \
     record_at_start, max_callers, security_code, layout, hold_music, alone_min, \
     carrier_limit_min, dial_out, auto_gain, isolate_bad_lines, suppress_noise) \
     SELECT $1, $2, u.id, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, \
     $19, $20, $21, $22 \
     FROM users u WHERE u.email = $3";
