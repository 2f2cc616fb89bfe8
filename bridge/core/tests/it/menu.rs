//! The voice menu as tables: what is keyed, said and answered on the left, what comes of it on the
//! right.

use std::time::Duration;

use proptest::prelude::*;

use crate::call::Call;

/// Each line: what happens, `->`, all that comes of it.
fn check(settings: &'static str, straight_to: Option<&str>, lines: &[&str]) {
    tell(Call::new(settings, straight_to), lines);
}

pub fn tell(mut call: Call, lines: &[&str]) {
    for line in lines {
        let (happenings, expected) = line.split_once("->").unwrap();
        call.told.clear();
        for what in happenings.split_whitespace() {
            call.happen(what);
        }
        let expected: Vec<&str> = expected.split_whitespace().collect();
        assert_eq!(call.told, expected, "{line}\n{lines:#?}");
    }
}

pub const ROOM_FOUND: &[&str] = &[
    "begin -> Welcome+EnterRoomNumber",
    "1000# -> stop look-up(1000)",
    "found -> HostPressStar",
];

pub fn check_in_room(settings: &'static str, lines: &[&str]) {
    check(settings, None, &[ROOM_FOUND, lines].concat());
}

#[test]
fn guests() {
    check_in_room(
        "",
        &["played 2.9s -> ", "0.1s -> enter(1000,Guest)", "* 90s -> "],
    );
    check_in_room("", &["# -> stop enter(1000,Guest)"]);
    check_in_room("", &["5 -> stop enter(1000,Guest)"]);
    check_in_room("", &["played 5 -> enter(1000,Guest)"]);
    check_in_room("billing_capture", &["# -> stop enter(1000,Guest)"]);
}

#[test]
fn hosts() {
    let star = "* -> stop EnterPin";
    check_in_room(
        "",
        &[
            star,
            "1234# -> stop pin(1000,1234)",
            "right -> enter(1000,Host)",
        ],
    );
    check_in_room(
        "",
        &[
            star,
            "1234 4s -> stop pin(1000,1234)",
            "right -> enter(1000,Host)",
        ],
    );
    check_in_room(
        "",
        &[
            star,
            "12*1234# -> stop pin(1000,1234)",
            "right -> enter(1000,Host)",
        ],
    );
    check_in_room(
        "",
        &["played * -> EnterPin", "played 1234# -> pin(1000,1234)"],
    );
}

#[test]
fn all_in_one_go() {
    check(
        "",
        None,
        &[
            "begin 1000#*1234# -> Welcome+EnterRoomNumber stop look-up(1000)",
            "found -> HostPressStar stop EnterPin stop pin(1000,1234)",
            "right -> enter(1000,Host)",
        ],
    );
    check(
        "",
        None,
        &[
            "1000## begin -> Welcome+EnterRoomNumber stop look-up(1000)",
            "found -> HostPressStar stop enter(1000,Guest)",
        ],
    );
    check(
        "",
        Some("1000"),
        &[
            "begin *1234# -> look-up(1000)",
            "found -> Welcome+HostPressStar stop EnterPin stop pin(1000,1234)",
            "right -> enter(1000,Host)",
        ],
    );
    // what was meant for later steps is no second try
    check(
        "",
        None,
        &[
            "begin 9999#*1234# -> Welcome+EnterRoomNumber stop look-up(9999)",
            "unknown 2s -> WrongEntry+TryAgain+EnterRoomNumber",
            "played 1000# -> look-up(1000)",
        ],
    );
}

#[test]
fn a_wrong_room_three_times() {
    check(
        "",
        None,
        &[
            "begin 9999# -> Welcome+EnterRoomNumber stop look-up(9999)",
            "unknown 2s -> WrongEntry+TryAgain+EnterRoomNumber",
            "# 2s -> stop WrongEntry+TryAgain+EnterRoomNumber",
            "12345678901234567# -> stop look-up(1234567890123)",
            "unknown 2s -> WrongEntry+Goodbye hangup(wrong_entry)",
            "1000# played 300s -> ",
        ],
    );
}

#[test]
fn a_wrong_pin_three_times() {
    check_in_room(
        "",
        &[
            "* -> stop EnterPin",
            "1# -> stop pin(1000,1)",
            "wrong 2s -> WrongEntry+TryAgain+EnterPin",
            "played 2# -> pin(1000,2)",
            "wrong 2s -> WrongEntry+TryAgain+EnterPin",
            "played 3# -> pin(1000,3)",
            "wrong 2s -> WrongEntry+Goodbye hangup(wrong_entry)",
        ],
    );
    // tries of the room do not count for the PIN
    check(
        "",
        None,
        &[
            "begin 1# -> Welcome+EnterRoomNumber stop look-up(1)",
            "unknown 2s 2# -> WrongEntry+TryAgain+EnterRoomNumber stop look-up(2)",
            "unknown 2s 1000# -> WrongEntry+TryAgain+EnterRoomNumber stop look-up(1000)",
            "found * -> HostPressStar stop EnterPin",
            "1# -> stop pin(1000,1)",
            "wrong 2s 2# -> WrongEntry+TryAgain+EnterPin stop pin(1000,2)",
            "wrong 2s 1234# -> WrongEntry+TryAgain+EnterPin stop pin(1000,1234)",
            "right -> enter(1000,Host)",
        ],
    );
}

#[test]
fn silence() {
    check(
        "",
        None,
        &[
            "begin played 7.9s -> Welcome+EnterRoomNumber",
            "0.1s played 8s -> EnterRoomNumber EnterRoomNumber",
            "played 8s -> Goodbye hangup(menu_timeout)",
            "played -> ",
        ],
    );
    check_in_room(
        "",
        &[
            "* -> stop EnterPin",
            "played 8s played 8s -> EnterPin EnterPin",
            "played 8s -> Goodbye hangup(menu_timeout)",
        ],
    );
    check(
        "",
        None,
        &[
            "begin played 9# -> Welcome+EnterRoomNumber look-up(9)",
            "unknown 2s played 8s -> WrongEntry+TryAgain+EnterRoomNumber EnterRoomNumber",
            "played 8s -> Goodbye hangup(wrong_entry)",
        ],
    );
}

#[test]
fn answers_that_never_come() {
    check(
        "",
        None,
        &[
            "begin 1000# 1.9s -> Welcome+EnterRoomNumber stop look-up(1000)",
            "0.1s -> WrongEntry+TryAgain+EnterRoomNumber",
        ],
    );
    check(
        "",
        None,
        &["begin 30s -> Welcome+EnterRoomNumber stop EnterRoomNumber"],
    );
    check(
        "",
        None,
        &[
            "begin played 1000# -> Welcome+EnterRoomNumber look-up(1000)",
            "2s -> WrongEntry+TryAgain+EnterRoomNumber",
            "found right name no-name unknown -> ",
        ],
    );
    check_in_room("", &["30s -> stop enter(1000,Guest)"]);
    check_in_room(
        "",
        &["* 1234# 2s -> stop EnterPin stop pin(1000,1234) WrongEntry+TryAgain+EnterPin"],
    );
    // somebody who keys on and on
    let mut call = Call::new("", None);
    call.happen("begin");
    for _ in 0..200 {
        call.happen("1");
        call.happen("*");
        call.happen("2s");
    }
    assert_eq!(call.told.last().unwrap(), "hangup(menu_timeout)");
}

#[test]
fn straight_to_a_room() {
    check(
        "",
        Some("1000"),
        &[
            "begin -> look-up(1000)",
            "found -> Welcome+HostPressStar",
            "played 3s -> enter(1000,Guest)",
        ],
    );
    // a room that does not exist asks the same, and then is wrong
    check(
        "",
        Some("2000"),
        &[
            "begin -> look-up(2000)",
            "unknown -> Welcome+HostPressStar",
            "played 3s -> WrongEntry+Goodbye hangup(wrong_entry)",
        ],
    );
    check(
        "",
        Some("2000"),
        &[
            "begin -> look-up(2000)",
            "unknown * -> Welcome+HostPressStar stop EnterPin",
            "1# -> stop pin(2000,1)",
            "wrong 2s 2# -> WrongEntry+TryAgain+EnterPin stop pin(2000,2)",
            "wrong 2s 3# -> WrongEntry+TryAgain+EnterPin stop pin(2000,3)",
            "wrong 2s -> WrongEntry+Goodbye hangup(wrong_entry)",
        ],
    );
    // a room that was made between the look-up and the check was not there for this call
    check(
        "",
        Some("2000"),
        &[
            "begin unknown * -> look-up(2000) Welcome+HostPressStar stop EnterPin",
            "1# right 2s -> stop pin(2000,1) WrongEntry+TryAgain+EnterPin",
        ],
    );
    check(
        "",
        Some("voicemail"),
        &[
            "begin unknown * -> look-up(voicemail) Welcome+HostPressStar stop EnterPin",
            "1# 2s 2# 2s -> stop WrongEntry+TryAgain+EnterPin stop WrongEntry+TryAgain+EnterPin",
            "3# 2s -> stop WrongEntry+Goodbye hangup(wrong_entry)",
        ],
    );
}

#[test]
fn billing_codes() {
    let asked = "* 1234# right -> stop EnterPin stop pin(1000,1234) EnterBillingCode";
    let capture = "billing_capture billing_code=100";
    let default = "# -> stop DefaultCodeNoted";
    let noted = "4711# -> stop BillingCodeNoted";
    check_in_room(capture, &[asked, default, "played -> enter(1000,Host,100)"]);
    check_in_room(capture, &[asked, noted, "played -> enter(1000,Host,4711)"]);
    // who is in a hurry need not hear it out
    check_in_room(capture, &[asked, noted, "# -> stop enter(1000,Host,4711)"]);
    check_in_room(
        capture,
        &[
            asked,
            "played 8s -> DefaultCodeNoted",
            "30s -> stop enter(1000,Host,100)",
        ],
    );
    check_in_room(capture, &[asked, "4711 4s -> stop BillingCodeNoted"]);
    check_in_room(
        "billing_capture",
        &[
            asked,
            "# -> stop NoBillingCode",
            "played -> enter(1000,Host)",
        ],
    );
    // what was taken is said before the name is asked for
    check_in_room(
        "billing_capture announce=name",
        &[asked, "12# -> stop BillingCodeNoted+SayYourName+Beep"],
    );
    check_in_room(
        capture,
        &[
            asked,
            "1# -> stop WrongEntry+TryAgain+EnterBillingCode",
            "123456789012345678901# -> stop WrongEntry+TryAgain+EnterBillingCode",
            "1# -> stop WrongEntry+Goodbye hangup(wrong_entry)",
        ],
    );
}

#[test]
fn spoken_names() {
    let asked = "# -> stop SayYourName+Beep";
    let heard = "name -> Name(LegId(7))+KeepNameOrAgain";
    let keep = "played 3s -> enter(1000,Guest,name)";
    check_in_room("announce=name", &[asked, "played -> record", heard, keep]);
    check_in_room(
        "announce=name",
        &[
            asked,
            "played # -> record stop-name",
            heard,
            "# -> stop enter(1000,Guest,name)",
        ],
    );
    check_in_room(
        "announce=name",
        &[
            asked,
            "played -> record",
            heard,
            "* -> stop SayYourName+Beep",
            "played -> record",
            heard,
            "* played -> stop SayYourName+Beep record",
            heard,
            "# -> stop enter(1000,Guest,name)",
        ],
    );
    check_in_room(
        "announce=name",
        &[asked, "played no-name -> record enter(1000,Guest)"],
    );
    check_in_room(
        "announce=name",
        &[asked, "played 8s -> record enter(1000,Guest)"],
    );
    check_in_room(
        "announce=name",
        &[asked, "1 -> stop Beep", "played -> record"],
    );
    check_in_room("announce=name", &[asked, "11 -> stop Beep stop record"]);
    check_in_room(
        "announce=name",
        &["* 1234#99# right -> stop EnterPin stop pin(1000,1234) SayYourName+Beep"],
    );
}

#[test]
fn secrets_are_not_shown() {
    let mut call = Call::new("", None);
    for what in ["begin", "1000#", "found", "*", "8642"] {
        call.happen(what);
    }
    assert!(!format!("{:?}", call.menu).contains("8642"));
    call.happen("#975310");
    let shown = format!("{:?}", call.menu);
    assert!(
        !shown.contains("8642") && !shown.contains("Digit"),
        "{shown}"
    );
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever happens in whatever order, the menu comes to its end by itself.
    #[test]
    fn any_call_ends(
        settings in proptest::sample::select(vec![
            "", "announce=name", "billing_capture", "code=set", "code=preset announce=name locked",
            "code=none billing_capture guessed_at", "announce=name name_kept",
        ]),
        straight in any::<bool>(),
        story in proptest::collection::vec(proptest::sample::select(vec![
            "begin", "1", "1000#", "1234#", "*", "#", "found", "unknown", "right", "wrong", "name",
            "no-name", "0.5s", "3s", "8s", "played", "code-right", "code-wrong", "code-set",
            "had-one",
        ]), 0..60),
    ) {
        let mut call = Call::new(settings, straight.then_some("1000"));
        call.happen("begin");
        for what in story {
            if what != "played" || call.playing.is_some() {
                call.happen(what);
            }
        }
        call.pass(Duration::from_secs(301));
        prop_assert!(call.over, "{:?}", call.menu);
        prop_assert_eq!(call.menu.next_deadline(), None);
    }
}
