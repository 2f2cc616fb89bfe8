//! Room settings as `KEY=VALUE`, as the command line, pages and JSON show and take them: one table
//! of keys. Knows no database.

use std::sync::Arc;
use std::time::Duration;

use confab_core::settings::{Announce, BadLines, Language, RoomSettings};
use confab_dtmf::layout::{Layout, Layouts};

use crate::error::{Result, StoreError};

/// One setting with its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Setting {
    GuestsMayStart(bool),
    Announce(Announce),
    JoinMuted(bool),
    ContinueAfterHost(Duration),
    BillingCapture(bool),
    BillingCode(Option<String>),
    Language(Language),
    RecordAtStart(bool),
    MaxCallers(u32),
    SecurityCode(bool),
    Layout(Arc<Layout>),
    HoldMusic(bool),
    AloneLimit(Duration),
    CarrierLimit(Duration),
    DialOut(bool),
    AutoGain(bool),
    BadLines(BadLines),
    SuppressNoise(bool),
}

/// Every key of [`set_setting`] and what it may be, for help texts and messages.
pub const SETTING_KEYS: [(&str, &str); 18] = [
    ("guests_may_start", "true or false"),
    ("announce", "chime, name or nothing"),
    ("join_muted", "true or false"),
    ("continue_after_host", "whole minutes, 0 to 60"),
    ("billing_capture", "true or false"),
    ("billing_code", "2 to 20 digits, or nothing"),
    ("language", "en, fr or de"),
    ("record_at_start", "true or false"),
    ("max_callers", "2 to 2000"),
    ("security_code", "true or false"),
    ("layout", "the name of a keypad layout"),
    ("hold_music", "true or false"),
    ("alone_minutes", "whole minutes, 0 to 240; 0: never"),
    (
        "carrier_limit_minutes",
        "whole minutes, 0 or 15 to 1440; 0: none",
    ),
    ("dial_out", "true or false"),
    ("auto_gain", "true or false"),
    ("isolate_bad_lines", "tell, mute or nothing"),
    ("suppress_noise", "true or false"),
];

/// Changes one setting; a layout is one of `layouts`. A wrong key or value is
/// [`StoreError::Invalid`] and says what is allowed.
pub fn set_setting(
    layouts: &Layouts,
    settings: &mut RoomSettings,
    key: &str,
    value: &str,
) -> Result<()> {
    Setting::parse(layouts, key, value)?.apply(settings);
    Ok(())
}

/// The settings as keys and values that [`set_setting`] takes, in the order of [`SETTING_KEYS`].
pub fn settings_as_pairs(settings: &RoomSettings) -> Vec<(&'static str, String)> {
    let minutes = |time: Duration| (time.as_secs() / 60).to_string();
    let values = [
        settings.guests_may_start.to_string(),
        announce_word(settings.announce).to_owned(),
        settings.join_muted.to_string(),
        minutes(settings.continue_after_host),
        settings.billing_capture.to_string(),
        settings.billing_code.clone().unwrap_or_default(),
        language_word(settings.language).to_owned(),
        settings.record_at_start.to_string(),
        settings.max_callers.to_string(),
        settings.security_code.to_string(),
        settings.layout.name().to_owned(),
        settings.hold_music.to_string(),
        minutes(settings.alone_limit),
        minutes(settings.carrier_limit),
        settings.dial_out.to_string(),
        settings.auto_gain.to_string(),
        bad_lines_word(settings.bad_lines).to_owned(),
        settings.suppress_noise.to_string(),
    ];
    SETTING_KEYS
        .map(|(key, _)| key)
        .into_iter()
        .zip(values)
        .collect()
}

/// `en`, `fr` or `de`.
pub fn language_word(language: Language) -> &'static str {
    match language {
        Language::En => "en",
        Language::Fr => "fr",
        Language::De => "de",
    }
}

/// The language of a word that [`language_word`] gives.
pub fn parse_language(word: &str) -> Result<Language> {
    match word {
        "en" => Ok(Language::En),
        "fr" => Ok(Language::Fr),
        "de" => Ok(Language::De),
        _ => Err(wrong_value("language", word)),
    }
}

pub(crate) fn announce_word(announce: Announce) -> &'static str {
    match announce {
        Announce::Chime => "chime",
        Announce::Name => "name",
        Announce::Nothing => "nothing",
    }
}

pub(crate) fn parse_announce(word: &str) -> Result<Announce> {
    match word {
        "chime" => Ok(Announce::Chime),
        "name" => Ok(Announce::Name),
        "nothing" => Ok(Announce::Nothing),
        _ => Err(wrong_value("announce", word)),
    }
}

pub(crate) fn bad_lines_word(bad_lines: BadLines) -> &'static str {
    match bad_lines {
        BadLines::Tell => "tell",
        BadLines::Mute => "mute",
        BadLines::Nothing => "nothing",
    }
}

pub(crate) fn parse_bad_lines(word: &str) -> Result<BadLines> {
    match word {
        "tell" => Ok(BadLines::Tell),
        "mute" => Ok(BadLines::Mute),
        "nothing" => Ok(BadLines::Nothing),
        _ => Err(wrong_value("isolate_bad_lines", word)),
    }
}

/// Takes settings whose every value [`set_setting`] would take.
pub(crate) fn check_settings(layouts: &Layouts, settings: &RoomSettings) -> Result<()> {
    for (key, time) in [
        ("continue_after_host", settings.continue_after_host),
        ("alone_minutes", settings.alone_limit),
        ("carrier_limit_minutes", settings.carrier_limit),
    ] {
        if !time.as_millis().is_multiple_of(60_000) {
            return Err(wrong_value(key, &format!("{} s", time.as_secs_f64())));
        }
    }
    for (key, value) in settings_as_pairs(settings) {
        Setting::parse(layouts, key, &value)?;
    }
    Ok(())
}

/// Takes a billing code of 2 to 20 digits.
pub(crate) fn check_billing_code(code: &str) -> Result<()> {
    let fits = (2..=20).contains(&code.len()) && code.bytes().all(|byte| byte.is_ascii_digit());
    fits.then_some(())
        .ok_or_else(|| StoreError::Invalid(format!("a billing code has 2 to 20 digits: {code:?}")))
}

impl Setting {
    pub fn parse(layouts: &Layouts, key: &str, value: &str) -> Result<Self> {
        Ok(match key {
            "guests_may_start" => Self::GuestsMayStart(flag(key, value)?),
            "announce" => Self::Announce(parse_announce(value)?),
            "join_muted" => Self::JoinMuted(flag(key, value)?),
            "continue_after_host" => Self::ContinueAfterHost(minutes(key, value, 0, 60)?),
            "billing_capture" => Self::BillingCapture(flag(key, value)?),
            "billing_code" if value.is_empty() => Self::BillingCode(None),
            "billing_code" => {
                check_billing_code(value).map_err(|_| wrong_value(key, value))?;
                Self::BillingCode(Some(value.to_owned()))
            }
            "language" => Self::Language(parse_language(value)?),
            "record_at_start" => Self::RecordAtStart(flag(key, value)?),
            "max_callers" => Self::MaxCallers(number(key, value, 2, 2000)?),
            "security_code" => Self::SecurityCode(flag(key, value)?),
            "layout" => Self::Layout(layout(layouts, value)?),
            "hold_music" => Self::HoldMusic(flag(key, value)?),
            "alone_minutes" => Self::AloneLimit(minutes(key, value, 0, 240)?),
            "carrier_limit_minutes" if value == "0" => Self::CarrierLimit(Duration::ZERO),
            "carrier_limit_minutes" => Self::CarrierLimit(minutes(key, value, 15, 1440)?),
            "dial_out" => Self::DialOut(flag(key, value)?),
            "auto_gain" => Self::AutoGain(flag(key, value)?),
            "isolate_bad_lines" => Self::BadLines(parse_bad_lines(value)?),
            "suppress_noise" => Self::SuppressNoise(flag(key, value)?),
            _ => return Err(wrong_key(key)),
        })
    }

    fn apply(self, settings: &mut RoomSettings) {
        match self {
            Self::GuestsMayStart(may) => settings.guests_may_start = may,
            Self::Announce(announce) => settings.announce = announce,
            Self::JoinMuted(muted) => settings.join_muted = muted,
            Self::ContinueAfterHost(time) => settings.continue_after_host = time,
            Self::BillingCapture(capture) => settings.billing_capture = capture,
            Self::BillingCode(code) => settings.billing_code = code,
            Self::Language(language) => settings.language = language,
            Self::RecordAtStart(record) => settings.record_at_start = record,
            Self::MaxCallers(callers) => settings.max_callers = callers,
            Self::SecurityCode(code) => settings.security_code = code,
            Self::Layout(layout) => settings.layout = layout,
            Self::HoldMusic(music) => settings.hold_music = music,
            Self::AloneLimit(time) => settings.alone_limit = time,
            Self::CarrierLimit(time) => settings.carrier_limit = time,
            Self::DialOut(may) => settings.dial_out = may,
            Self::AutoGain(gain) => settings.auto_gain = gain,
            Self::BadLines(bad_lines) => settings.bad_lines = bad_lines,
            Self::SuppressNoise(suppress) => settings.suppress_noise = suppress,
        }
    }
}

fn flag(key: &str, value: &str) -> Result<bool> {
    value.parse().map_err(|_| wrong_value(key, value))
}

fn minutes(key: &str, value: &str, least: u32, most: u32) -> Result<Duration> {
    let minutes = number(key, value, least, most)?;
    Ok(Duration::from_secs(60 * u64::from(minutes)))
}

fn layout(layouts: &Layouts, name: &str) -> Result<Arc<Layout>> {
    layouts.get(name).ok_or_else(|| {
        let names: Vec<&str> = layouts.names().collect();
        let names = names.join(", ");
        StoreError::Invalid(format!("there is no layout {name:?}; there are {names}"))
    })
}

fn number(key: &str, value: &str, least: u32, most: u32) -> Result<u32> {
    // `parse` would take "+5", which no list prints.
    let digits = value.bytes().all(|byte| byte.is_ascii_digit());
    let number = value
        .parse()
        .ok()
        .filter(|n| digits && (least..=most).contains(n));
    number.ok_or_else(|| wrong_value(key, value))
}

fn wrong_key(key: &str) -> StoreError {
    let keys = SETTING_KEYS.map(|(key, _)| key).join(", ");
    StoreError::Invalid(format!(
        "there is no room setting {key:?}; there are {keys}, pin and code"
    ))
}

fn wrong_value(key: &str, value: &str) -> StoreError {
    let allowed = SETTING_KEYS.iter().find(|(name, _)| *name == key);
    let allowed = allowed.map_or("something else", |(_, allowed)| allowed);
    StoreError::Invalid(format!("{key} may be {allowed}, not {value:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_printed_is_taken() {
        let layouts = Layouts::shipped();
        let check = |key: &str, value: &str| {
            let mut settings = RoomSettings::default();
            set_setting(&layouts, &mut settings, key, value).unwrap();
            let pairs = settings_as_pairs(&settings);
            let printed = pairs.iter().find(|(name, _)| *name == key);
            assert_eq!(printed.map(|(_, text)| text.as_str()), Some(value), "{key}");
            check_settings(&layouts, &settings).unwrap();
        };
        for value in ["true", "false"] {
            for key in [
                "guests_may_start",
                "join_muted",
                "billing_capture",
                "record_at_start",
                "security_code",
                "hold_music",
                "dial_out",
                "auto_gain",
                "suppress_noise",
            ] {
                check(key, value);
            }
        }
        for value in ["chime", "name", "nothing"] {
            check("announce", value);
        }
        for value in ["tell", "mute", "nothing"] {
            check("isolate_bad_lines", value);
        }
        for value in ["0", "1", "60"] {
            check("continue_after_host", value);
        }
        for value in ["", "12", "00123456789012345678"] {
            check("billing_code", value);
        }
        for value in ["en", "fr", "de"] {
            check("language", value);
        }
        for value in ["2", "500", "2000"] {
            check("max_callers", value);
        }
        for value in ["openvoice", "star-six"] {
            check("layout", value);
        }
        for value in ["0", "5", "240"] {
            check("alone_minutes", value);
        }
        for value in ["0", "15", "360", "1440"] {
            check("carrier_limit_minutes", value);
        }
    }

    #[test]
    fn what_is_wrong_is_told_with_what_is_right() {
        let check = |key: &str, value: &str, says: &str| {
            let mut settings = RoomSettings::default();
            let told = set_setting(&Layouts::shipped(), &mut settings, key, value)
                .unwrap_err()
                .to_string();
            assert!(told.contains(says), "{key}={value}: {told}");
            assert_eq!(settings, RoomSettings::default());
        };
        check(
            "guest_may_start",
            "true",
            "guests_may_start, announce, join_muted",
        );
        check("pin", "1234", "there are");
        check("", "", "suppress_noise, pin and code");
        check(
            "join_muted",
            "yes",
            "join_muted may be true or false, not \"yes\"",
        );
        check("announce", "Name", "chime, name or nothing");
        check("continue_after_host", "61", "whole minutes, 0 to 60");
        check("continue_after_host", "+5", "whole minutes");
        check("continue_after_host", "", "whole minutes");
        check("billing_code", "1", "2 to 20 digits");
        check("billing_code", "12a", "2 to 20 digits");
        check("language", "it", "en, fr or de");
        check("max_callers", "1", "2 to 2000");
        check("max_callers", "99999999999", "2 to 2000");
        check("isolate_bad_lines", "true", "tell, mute or nothing");
        check("layout", "dvorak", "there are openvoice, star-six");
        check("alone_minutes", "241", "0 to 240");
        check("carrier_limit_minutes", "14", "0 or 15 to 1440");
    }

    #[test]
    fn settings_made_in_code_keep_the_rules() {
        let odd = RoomSettings {
            continue_after_host: Duration::from_secs(90),
            ..RoomSettings::default()
        };
        let many = RoomSettings {
            max_callers: 2001,
            ..RoomSettings::default()
        };
        let gone = Layout::parse(
            "gone",
            [("1", "menu"), ("2", "toggle_mute"), ("3", "toggle_hand")],
        );
        let gone = RoomSettings {
            layout: Arc::new(gone.unwrap()),
            ..RoomSettings::default()
        };
        let layouts = Layouts::shipped();
        assert!(check_settings(&layouts, &RoomSettings::default()).is_ok());
        assert!(check_settings(&layouts, &odd).is_err());
        assert!(check_settings(&layouts, &many).is_err());
        assert!(check_settings(&layouts, &gone).is_err());
    }
}
