//! Times as people read them: in the visitor's zone when their browser has told it, else in UTC.
//! Owns every format of time and length in the pages; reads no clock.

use std::fmt;

use askama::filters::HtmlSafe;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// The zone times are shown in.
#[derive(Clone, Debug)]
pub(crate) struct Zone(TimeZone);

impl Default for Zone {
    fn default() -> Self {
        Self(TimeZone::UTC)
    }
}

impl Zone {
    /// By its IANA name, as a browser gives it; UTC when there is no such zone.
    pub(crate) fn named(name: &str) -> Self {
        TimeZone::get(name).map(Self).unwrap_or_default()
    }

    /// Its IANA name, `UTC` when it is that.
    pub(crate) fn name(&self) -> &str {
        self.0.iana_name().unwrap_or("UTC")
    }

    /// The day in this zone.
    pub(crate) fn day_of(&self, at_ms: i64) -> Date {
        stamp(at_ms).to_zoned(self.0.clone()).date()
    }

    /// When that day begins here, ms since the epoch.
    pub(crate) fn start_of(&self, day: Date) -> i64 {
        let start = day
            .to_zoned(self.0.clone())
            .and_then(|noon| noon.start_of_day());
        start.map_or(0, |start| start.timestamp().as_millisecond())
    }

    /// Date and time of day: `21 Nov 2026, 21:38`.
    pub(crate) fn moment(&self, at_ms: i64) -> Moment {
        self.show(at_ms, "%-d %b %Y, %H:%M", Form::Full)
    }

    /// Time of day only: `21:38`.
    pub(crate) fn clock(&self, at_ms: i64) -> Moment {
        self.show(at_ms, "%H:%M:%S", Form::Clock)
    }

    /// `2026-11-21 21.38`, fit for a file name.
    pub(crate) fn file_name(&self, at_ms: i64) -> String {
        stamp(at_ms)
            .to_zoned(self.0.clone())
            .strftime("%Y-%m-%d %H.%M")
            .to_string()
    }

    fn show(&self, at_ms: i64, format: &str, form: Form) -> Moment {
        let mut text = stamp(at_ms)
            .to_zoned(self.0.clone())
            .strftime(format)
            .to_string();
        if self.name() == "UTC" {
            text.push_str(" UTC");
        }
        Moment { at_ms, text, form }
    }
}

#[derive(Clone, Copy, Debug)]
enum Form {
    Full,
    Clock,
}

/// A point in time as a `<time>` element, which the page's script shows in the browser's zone.
#[derive(Clone, Debug)]
pub(crate) struct Moment {
    pub(crate) at_ms: i64,
    text: String,
    form: Form,
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let show = match self.form {
            Form::Full => "full",
            Form::Clock => "clock",
        };
        let iso = iso(self.at_ms);
        write!(
            f,
            "<time datetime=\"{iso}\" data-show=\"{show}\">{}</time>",
            self.text
        )
    }
}

// Made from numbers and names of months only.
impl HtmlSafe for Moment {}

/// A length of time that grows while one looks: `12:04`, counted on by the page's script.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Running {
    /// since when, ms since the epoch
    pub(crate) since_ms: i64,
    /// the time of the page, ms since the epoch
    pub(crate) now_ms: i64,
}

impl fmt::Display for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = timer(self.now_ms - self.since_ms);
        write!(
            f,
            "<span class=\"timer\" data-since-ms=\"{}\">{text}</span>",
            self.since_ms
        )
    }
}

impl HtmlSafe for Running {}

/// The moment in ISO 8601, UTC, to the second.
pub(crate) fn iso(at_ms: i64) -> String {
    stamp(at_ms).strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// `4:05`, or `1:04:05` from an hour on; never negative.
pub(crate) fn timer(length_ms: i64) -> String {
    let s = length_ms.max(0) / 1_000;
    match s / 3_600 {
        0 => format!("{}:{:02}", s / 60, s % 60),
        h => format!("{h}:{:02}:{:02}", s / 60 % 60, s % 60),
    }
}

/// Minutes with one decimal, rounded to the nearest: `12.5`.
pub(crate) fn minutes(length_ms: i64) -> String {
    let tenths = (length_ms.max(0) + 3_000) / 6_000;
    format!("{}.{}", tenths / 10, tenths % 10)
}

fn stamp(at_ms: i64) -> Timestamp {
    Timestamp::from_millisecond(at_ms).unwrap_or(Timestamp::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths() {
        for (ms, as_timer, as_minutes) in [
            (-5, "0:00", "0.0"),
            (0, "0:00", "0.0"),
            (2_999, "0:02", "0.0"),
            (3_000, "0:03", "0.1"),
            (245_000, "4:05", "4.1"),
            (3_845_000, "1:04:05", "64.1"),
        ] {
            assert_eq!(timer(ms), as_timer, "{ms}");
            assert_eq!(minutes(ms), as_minutes, "{ms}");
        }
    }

    #[test]
    fn days_begin_at_the_visitors_midnight() {
        let berlin = Zone::named("Europe/Berlin");
        let late = 1_795_305_000_000;
        assert_eq!(iso(late), "2026-11-21T23:50:00Z");
        if berlin.name() == "Europe/Berlin" {
            assert_eq!(berlin.day_of(late).to_string(), "2026-11-22");
            assert_eq!(
                iso(berlin.start_of(berlin.day_of(late))),
                "2026-11-21T23:00:00Z"
            );
        }
        assert_eq!(Zone::named("No/Where").name(), "UTC");
        assert!(
            Zone::default()
                .moment(late)
                .to_string()
                .contains("21 Nov 2026, 23:50 UTC")
        );
    }
}
