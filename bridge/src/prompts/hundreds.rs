//! French and German numbers: which recordings make up a sentence with a number in it. Holds no
//! sound.
//!
//! Both languages say the hundreds first and then a number below a hundred that cannot be taken
//! apart ("soixante et onze", "siebenunddreißig"), so each of those is recorded in one piece. What
//! they do differently lies in the words of `prompts/fr.toml` and `prompts/de.toml`.

use super::grammar::{Grammar, Parts, numbered};

/// What is recorded.
const CALLERS_WHOLE_MAX: u32 = 29;
const CALLERS_MAX: u32 = 2_000;
const HANDS_MAX: u32 = 20;
const WITHOUT_NAME_MAX: u32 = 20;

/// The French and the German way.
#[derive(Debug)]
pub struct ByHundreds;

impl Grammar for ByHundreds {
    fn callers(&self, n: u32) -> Parts {
        match n {
            // Whoever hears it is there: no caller at all cannot be, and is not worth a silence.
            0 | 1 => numbered("callers", 1),
            2..=CALLERS_WHOLE_MAX => numbered("callers", n),
            30..=99 => {
                let mut parts: Parts = vec!["callers-there-are".into()];
                parts.extend(numbered("callers-rest", n));
                parts
            }
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

/// "Il y a deux cent" + "trente-sept participants.", "Es sind zweihundert" + "Teilnehmer."
fn hundreds(n: u32) -> Parts {
    let mut parts = numbered("callers-hundreds", n / 100);
    match n % 100 {
        0 => parts.push("callers-end".into()),
        rest => parts.extend(numbered("callers-rest", rest)),
    }
    parts
}
