//! Minutes over time as bars: which bars there are and how high. The template draws them.

use jiff::ToSpan;
use jiff::civil::Date;

use crate::period::Period;
use crate::when::{Zone, minutes};

/// One bar; the drawing is 100 high and as wide as there are bars, ten to each.
pub(crate) struct Bar {
    pub(crate) x: usize,
    pub(crate) y: u64,
    pub(crate) height: u64,
    pub(crate) title: String,
}

/// The drawing.
pub(crate) struct Chart {
    pub(crate) bars: Vec<Bar>,
    pub(crate) width: usize,
    pub(crate) highest: String,
    pub(crate) each: &'static str,
    pub(crate) first: String,
    pub(crate) last: String,
}

/// More bars than this are too thin to see: then a bar is a week, then a month.
const BARS_MAX: i64 = 100;

/// Units of height; a bar of anything at all is at least one of them high.
const HEIGHT: u64 = 100;

impl Chart {
    /// From moments (ms since the epoch) with the time used at each (ms).
    pub(crate) fn of(period: &Period, zone: &Zone, used: &[(i64, i64)]) -> Self {
        let days = days_between(period.from, period.to) + 1;
        let (step_days, each) = if days <= BARS_MAX {
            (1, "day")
        } else if days <= 7 * BARS_MAX {
            (7, "week")
        } else {
            (30, "30 days")
        };
        let count = usize::try_from(((days - 1) / step_days + 1).clamp(1, 1_000)).unwrap_or(1);
        let mut sums_ms = vec![0_i64; count];
        for (at_ms, length_ms) in used {
            let place = days_between(period.from, zone.day_of(*at_ms)) / step_days;
            if let Some(sum) = usize::try_from(place)
                .ok()
                .and_then(|place| sums_ms.get_mut(place))
            {
                *sum += length_ms;
            }
        }
        let highest_ms = sums_ms.iter().copied().max().unwrap_or(0);
        let bars = sums_ms.iter().enumerate().map(|(place, sum_ms)| {
            let height = height(*sum_ms, highest_ms);
            let begins = i64::try_from(place).unwrap_or(0) * step_days;
            let day = period.from.saturating_add(begins.days());
            let title = format!("{}: {} minutes", short(day), minutes(*sum_ms));
            Bar {
                x: place * 10 + 1,
                y: HEIGHT - height,
                height,
                title,
            }
        });
        Self {
            bars: bars.collect(),
            width: count * 10,
            highest: minutes(highest_ms),
            each,
            first: short(period.from),
            last: short(period.to),
        }
    }
}

fn height(sum_ms: i64, highest_ms: i64) -> u64 {
    if sum_ms <= 0 || highest_ms <= 0 {
        return 0;
    }
    (sum_ms.unsigned_abs().saturating_mul(HEIGHT) / highest_ms.unsigned_abs()).max(1)
}

fn days_between(from: Date, to: Date) -> i64 {
    from.until(to).map_or(0, |span| i64::from(span.get_days()))
}

fn short(day: Date) -> String {
    day.strftime("%-d %b").to_string()
}
