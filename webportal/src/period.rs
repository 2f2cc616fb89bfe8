//! The time a page of records is about: the last months, or from one day to another, in the
//! visitor's zone. Pure: today is handed in.

use jiff::ToSpan;
use jiff::civil::Date;
use serde::Deserialize;

use crate::frame::query_value;
use crate::when::Zone;

/// What a page asks for.
#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    pub(crate) months: String,
    #[serde(default)]
    pub(crate) from: String,
    #[serde(default)]
    pub(crate) to: String,
}

/// Whole days, both ends included.
#[derive(Clone, Debug)]
pub(crate) struct Period {
    pub(crate) from: Date,
    pub(crate) to: Date,
    /// the last so many months; 0 when days were chosen
    pub(crate) months: i8,
    pub(crate) error: Option<&'static str>,
    /// whose records they are, when the page must ask for it again
    pub(crate) owner: Option<String>,
    zone: Zone,
}

/// The months that can be chosen.
const MONTHS: [i8; 3] = [1, 3, 6];

impl Period {
    /// What was asked for; the last month when nothing was, or nothing that makes sense.
    pub(crate) fn of(asked: &Asked, zone: &Zone, now_ms: i64) -> Self {
        let today = zone.day_of(now_ms);
        let last = |months: i8, error| Self {
            from: today
                .saturating_sub(months.months())
                .saturating_add(1.day()),
            to: today,
            months,
            error,
            owner: None,
            zone: zone.clone(),
        };
        if asked.from.is_empty() && asked.to.is_empty() {
            let months = asked
                .months
                .parse()
                .ok()
                .filter(|months| MONTHS.contains(months));
            return last(months.unwrap_or(1), None);
        }
        let day = |text: &str| text.parse::<Date>();
        match (day(&asked.from), day(&asked.to)) {
            (Ok(from), Ok(to)) if from <= to => Self {
                from,
                to,
                months: 0,
                error: None,
                owner: None,
                zone: zone.clone(),
            },
            (Ok(_), Ok(_)) => last(1, Some("The first day lies after the last one.")),
            _ => last(1, Some("Please give both days, as in 2026-11-21.")),
        }
    }

    /// Its first millisecond.
    pub(crate) fn first_ms(&self) -> i64 {
        self.zone.start_of(self.from)
    }

    /// The first millisecond after it.
    pub(crate) fn end_ms(&self) -> i64 {
        self.zone.start_of(self.to.saturating_add(1.day()))
    }

    /// The query that asks for it again.
    pub(crate) fn query(&self) -> String {
        match self.months {
            0 => format!("from={}&to={}", self.from, self.to),
            months => format!("months={}", query_value(&months.to_string())),
        }
    }

    /// The choices of months: number, words, chosen.
    pub(crate) fn choices(&self) -> Vec<Choice> {
        let choice = |months| Choice {
            months,
            text: if months == 1 {
                "Last month".into()
            } else {
                format!("Last {months} months")
            },
            chosen: months == self.months,
        };
        MONTHS.into_iter().map(choice).collect()
    }
}

/// One choice of the page.
pub(crate) struct Choice {
    pub(crate) months: i8,
    pub(crate) text: String,
    pub(crate) chosen: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for() {
        let now_ms = 1_795_305_000_000; // 2026-11-21 23:50 UTC
        for (months, from, to, first, last, wrong) in [
            ("", "", "", "2026-10-22", "2026-11-21", false),
            ("3", "", "", "2026-08-22", "2026-11-21", false),
            ("7", "", "", "2026-10-22", "2026-11-21", false),
            (
                "3",
                "2026-01-01",
                "2026-01-31",
                "2026-01-01",
                "2026-01-31",
                false,
            ),
            (
                "",
                "2026-02-01",
                "2026-01-31",
                "2026-10-22",
                "2026-11-21",
                true,
            ),
            ("", "yesterday", "", "2026-10-22", "2026-11-21", true),
            (
                "",
                "-999999-01-01",
                "9999-12-31",
                "2026-10-22",
                "2026-11-21",
                true,
            ),
        ] {
            let asked = Asked {
                months: months.into(),
                from: from.into(),
                to: to.into(),
            };
            let period = Period::of(&asked, &Zone::default(), now_ms);
            let found = (
                period.from.to_string(),
                period.to.to_string(),
                period.error.is_some(),
            );
            assert_eq!(found, (first.into(), last.into(), wrong), "{asked:?}");
            assert!(period.first_ms() < period.end_ms());
        }
    }
}
