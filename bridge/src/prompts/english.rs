//! English numbers: which recordings make up a sentence with a number in it. Holds no sound.

use super::grammar::{Grammar, Parts, numbered};

/// What is recorded; see `prompts/en.toml`.
const CALLERS_WHOLE_MAX: u32 = 50;
const CALLERS_MAX: u32 = 2_000;
const BELOW_TWENTY_MAX: u32 = 19;
const HANDS_MAX: u32 = 20;
const WITHOUT_NAME_MAX: u32 = 20;

/// The English way.
#[derive(Debug)]
pub struct English;

impl Grammar for English {
    fn callers(&self, n: u32) -> Parts {
        match n {
            // Whoever hears it is there: no caller at all cannot be, and is not worth a silence.
            0 | 1 => numbered("callers", 1),
            2..=CALLERS_WHOLE_MAX | 60 | 70 | 80 | 90 => numbered("callers", n),
            51..=99 => tens("callers-tens", n),
            100..=CALLERS_MAX => hundreds(n),
            _ => vec!["callers-many".into()],
        }
    }

    fn hand_number(&self, n: u32) -> Option<Parts> {
        match n {
            0 => None,
            1..=HANDS_MAX => Some(numbered("hand-number", n)),
            _ => Some(vec!["hand-number-many".into()]),
        }
    }

    fn without_name(&self, n: u32) -> Option<Parts> {
        match n {
            0 => None,
            1..=WITHOUT_NAME_MAX => Some(numbered("without-name", n)),
            _ => Some(vec!["without-name-many".into()]),
        }
    }
}

/// "There are two hundred" + "and seven callers." or "and thirty" + "five callers."
fn hundreds(n: u32) -> Parts {
    let mut parts = numbered("callers-hundreds", n / 100);
    match n % 100 {
        0 => parts.push("callers-end-hundreds".into()),
        rest @ 1..=BELOW_TWENTY_MAX => parts.extend(numbered("callers-and", rest)),
        rest => parts.extend(tens("callers-and-tens", rest)),
    }
    parts
}

/// The tens of `n` from a series, then its units, or the end that goes with none.
fn tens(series: &str, n: u32) -> Parts {
    let mut parts = numbered(series, n / 10);
    match n % 10 {
        0 => parts.push("callers-end-tens".into()),
        units => parts.extend(numbered("callers-units", units)),
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_callers() {
        let check = |n: u32, wanted: &str| assert_eq!(English.callers(n).join(" + "), wanted);
        check(0, "callers-1");
        check(1, "callers-1");
        check(2, "callers-2");
        check(50, "callers-50");
        check(51, "callers-tens-5 + callers-units-1");
        check(60, "callers-60");
        check(99, "callers-tens-9 + callers-units-9");
        check(100, "callers-hundreds-1 + callers-end-hundreds");
        check(101, "callers-hundreds-1 + callers-and-1");
        check(219, "callers-hundreds-2 + callers-and-19");
        check(
            220,
            "callers-hundreds-2 + callers-and-tens-2 + callers-end-tens",
        );
        check(
            237,
            "callers-hundreds-2 + callers-and-tens-3 + callers-units-7",
        );
        check(1_015, "callers-hundreds-10 + callers-and-15");
        check(2_000, "callers-hundreds-20 + callers-end-hundreds");
        check(2_001, "callers-many");
        check(u32::MAX, "callers-many");
    }

    #[test]
    fn places_and_callers_without_a_name() {
        let check = |got: Option<Parts>, wanted: Option<&str>| {
            assert_eq!(got.map(|parts| parts.join(" + ")).as_deref(), wanted);
        };
        check(English.hand_number(0), None);
        check(English.hand_number(1), Some("hand-number-1"));
        check(English.hand_number(20), Some("hand-number-20"));
        check(English.hand_number(21), Some("hand-number-many"));
        check(English.without_name(0), None);
        check(English.without_name(1), Some("without-name-1"));
        check(English.without_name(20), Some("without-name-20"));
        check(English.without_name(21), Some("without-name-many"));
    }
}
