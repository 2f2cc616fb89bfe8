//! Settings of a room as words: `guests_may_start announce=name continue=0`.

use std::time::Duration;

use confab_core::settings::{Announce, BadLines, RoomSettings};
use confab_dtmf::layout::Layouts;

pub fn parse(words: &str) -> RoomSettings {
    let mut settings = RoomSettings::default();
    for word in words.split_whitespace() {
        let (name, value) = word.split_once('=').unwrap_or((word, ""));
        match name {
            "guests_may_start" => settings.guests_may_start = true,
            "join_muted" => settings.join_muted = true,
            "record_at_start" => settings.record_at_start = true,
            "billing_capture" => settings.billing_capture = true,
            "billing_code" => settings.billing_code = Some(value.to_owned()),
            "security_code" => settings.security_code = true,
            "dial_out" => settings.dial_out = true,
            "suppress_noise" => settings.suppress_noise = true,
            "no_music" => settings.hold_music = false,
            "layout" => settings.layout = Layouts::shipped().get(value).unwrap(),
            "alone" => settings.alone_limit = minutes(value),
            "carrier" => settings.carrier_limit = minutes(value),
            "max_callers" => settings.max_callers = value.parse().unwrap(),
            "bad_lines" => {
                settings.bad_lines = match value {
                    "tell" => BadLines::Tell,
                    "mute" => BadLines::Mute,
                    "nothing" => BadLines::Nothing,
                    other => panic!("bad_lines={other}?"),
                };
            }
            "continue" => settings.continue_after_host = minutes(value),
            "announce" => {
                settings.announce = match value {
                    "chime" => Announce::Chime,
                    "name" => Announce::Name,
                    "nothing" => Announce::Nothing,
                    other => panic!("announce={other}?"),
                };
            }
            other => panic!("no setting {other}"),
        }
    }
    settings
}

fn minutes(value: &str) -> Duration {
    Duration::from_secs(60 * value.parse::<u64>().unwrap())
}
