//! Nobody learns from the menu which rooms there are or how near a guess was: every wrong entry has
//! the same words at the same time, whatever the house does meanwhile.

use std::time::Duration;

use crate::call::Call;

/// What the house answers, and after how long, in milliseconds.
const ANSWERS: [(&str, u64); 6] = [
    ("wrong", 1),
    ("wrong", 700),
    ("unknown", 1),
    ("unknown", 1_900),
    ("code-wrong", 30),
    ("nothing", 0),
];

/// Each of three wrong entries: how long after it which words come.
fn told(settings: &'static str, way_there: &str, answer: (&str, u64)) -> Vec<(Duration, String)> {
    let straight_to = way_there.starts_with("straight").then_some("2000");
    let mut call = Call::new(settings, straight_to);
    for what in way_there.split_whitespace().skip(1) {
        call.happen(what);
    }
    let mut told = Vec::new();
    for entry in ["1111#", "22222#", "3#"] {
        call.happen(entry);
        let entered = call.elapsed();
        call.told.clear();
        call.pass(Duration::from_millis(answer.1));
        if answer.0 != "nothing" {
            call.happen(answer.0);
        }
        while call.told.is_empty() {
            call.pass(Duration::from_millis(1));
        }
        // the question differs, as the caller knows
        let words = call.told.join(" ");
        let question = words.rfind("+Enter").unwrap_or(words.len());
        told.push((call.elapsed() - entered, words[..question].to_owned()));
    }
    assert!(call.over);
    told
}

#[test]
fn every_wrong_entry_sounds_the_same_and_takes_the_same() {
    let ways = [
        // a room number
        ("", "menu begin"),
        // the PIN of a room there is
        ("", "menu begin 1000# found *"),
        // of one that was dialled and is not there
        ("", "straight begin unknown *"),
        // the code of a conference, of a room's own choice, of one that a room sends back for
        ("code=set", "menu begin 1000# found #"),
        ("code=preset", "menu begin 1000# found #"),
    ];
    let first = told("", "menu begin", ("unknown", 1));
    assert_eq!(
        first
            .iter()
            .map(|(_, words)| words.as_str())
            .collect::<Vec<_>>(),
        [
            "WrongEntry+TryAgain",
            "WrongEntry+TryAgain",
            "WrongEntry+Goodbye hangup(wrong_entry)"
        ]
    );
    for (settings, way_there) in ways {
        for answer in ANSWERS {
            let now = told(settings, way_there, answer);
            assert_eq!(now, first, "{settings} {way_there} {answer:?}");
        }
    }
}

#[test]
fn what_was_keyed_is_in_no_debug() {
    let mut call = Call::new("code=none", None);
    for what in [
        "begin", "1000#", "found", "*", "8642#", "right", "7531#", "75",
    ] {
        call.happen(what);
        let shown = format!("{:?}", call.menu);
        for secret in ["8642", "7531", "\"75"] {
            assert!(!shown.contains(secret), "{shown}");
        }
    }
}
