//! The security code as tables: who is asked for it, how it is chosen, and what is told first.

use crate::call::Call;
use crate::menu::{check_in_room, tell};

const PIN_GIVEN: &str = "* 1234# right ->";

/// What a host of a room in this state hears after the PIN.
fn host(settings: &'static str, hears: &str, lines: &[&str]) {
    let asked = format!("{PIN_GIVEN} stop EnterPin stop pin(1000,1234) {hears}");
    check_in_room(settings, &[&[asked.as_str()], lines].concat());
}

#[test]
fn the_host_keys_a_new_code_twice() {
    host(
        "code=none",
        "ChooseCode",
        &[
            "4711# -> stop EnterCodeAgain",
            "4711# -> stop set-code(1000,4711)",
            "code-set -> CodeIsSet",
            "played -> enter(1000,Host)",
        ],
    );
    // the next question follows what is told
    host(
        "code=none billing_capture",
        "ChooseCode",
        &[
            "4711#4711# -> stop EnterCodeAgain stop set-code(1000,4711)",
            "code-set -> CodeIsSet+EnterBillingCode",
            "12# -> stop BillingCodeNoted",
            "played -> enter(1000,Host,12)",
        ],
    );
}

#[test]
fn the_host_takes_the_usual_code_with_pound() {
    let set = "code-set -> UsualCodeIsSet";
    let usual = "# -> stop set-code(1000,preset)";
    let enter = "played -> enter(1000,Host)";
    host("code=preset", "ChooseCodeOrUsual", &[usual, set, enter]);
    // or by saying nothing
    host(
        "code=preset",
        "ChooseCodeOrUsual",
        &["played 8s -> set-code(1000,preset)", set, enter],
    );
    host(
        "code=preset",
        "ChooseCodeOrUsual",
        &[
            "8888#8888# -> stop EnterCodeAgain stop set-code(1000,8888)",
            "code-set -> CodeIsSet",
        ],
    );
}

#[test]
fn a_code_that_was_mistyped_is_asked_for_anew() {
    host(
        "code=none",
        "ChooseCode",
        &[
            "4711# -> stop EnterCodeAgain",
            "4712# -> stop WrongEntry+TryAgain+ChooseCode",
            "123# -> stop WrongEntry+TryAgain+ChooseCode",
            "# -> stop WrongEntry+Goodbye hangup(wrong_entry)",
        ],
    );
    host(
        "code=none",
        "ChooseCode",
        &[
            "played 8s played 8s -> ChooseCode ChooseCode",
            "played 8s -> Goodbye hangup(menu_timeout)",
        ],
    );
    host(
        "code=none",
        "ChooseCode",
        &[
            "4711# played 8s -> stop EnterCodeAgain EnterCodeAgain",
            "4711# -> stop set-code(1000,4711)",
            // nobody answers
            "2s -> WrongEntry+TryAgain+ChooseCode",
        ],
    );
}

#[test]
fn two_hosts_choose_at_the_same_time() {
    host(
        "code=none",
        "ChooseCode",
        &[
            "4711#4711# -> stop EnterCodeAgain stop set-code(1000,4711)",
            "had-one -> CodeWasSet",
            "played -> enter(1000,Host)",
        ],
    );
}

#[test]
fn the_host_of_a_conference_with_a_code_is_not_asked() {
    host("code=set", "enter(1000,Host)", &[]);
}

#[test]
fn guests_key_the_code() {
    for settings in ["code=set", "code=preset"] {
        check_in_room(
            settings,
            &[
                "# -> stop EnterCode",
                "4711# -> stop code(1000,4711)",
                "code-right -> enter(1000,Guest,code)",
            ],
        );
    }
    check_in_room("code=none", &["# -> stop enter(1000,Guest)"]);
    let asked_again = "2s -> WrongEntry+TryAgain+EnterCode";
    check_in_room(
        "code=set",
        &[
            "# -> stop EnterCode",
            "4711# code-wrong -> stop code(1000,4711)",
            asked_again,
            "12# -> stop",
            asked_again,
            "12345# code-wrong -> stop code(1000,12345)",
            "2s -> WrongEntry+Goodbye hangup(wrong_entry)",
        ],
    );
    check_in_room(
        "code=set",
        &[
            "# played 8s played 8s -> stop EnterCode EnterCode EnterCode",
            "played 8s -> Goodbye hangup(menu_timeout)",
        ],
    );
    // all in one go
    check_in_room(
        "code=set",
        &[
            "#4711# -> stop EnterCode stop code(1000,4711)",
            "code-right -> enter(1000,Guest,code)",
        ],
    );
}

#[test]
fn a_guest_is_sent_back_for_the_code() {
    tell(
        Call::sent_back(),
        &[
            "begin -> EnterCode",
            "4711# -> stop code(1000,4711)",
            "code-right -> back-in(1000)",
            "4711# 300s -> ",
        ],
    );
    tell(
        Call::sent_back(),
        &[
            "begin 1111# 2s -> EnterCode stop code(1000,1111) WrongEntry+TryAgain+EnterCode",
            "2222# 2s -> stop code(1000,2222) WrongEntry+TryAgain+EnterCode",
            "3333# 2s -> stop code(1000,3333) WrongEntry+Goodbye hangup(wrong_entry)",
        ],
    );
}

#[test]
fn locked_is_told_before_the_name() {
    check_in_room(
        "announce=name locked",
        &["# -> stop RoomIsLocked+SayYourName+Beep"],
    );
    check_in_room(
        "announce=name locked code=set",
        &[
            "#4711# -> stop EnterCode stop code(1000,4711)",
            "code-right -> RoomIsLocked+SayYourName+Beep",
            "played name -> record Name(LegId(7))+KeepNameOrAgain",
            // and not each time it is said again
            "* -> stop SayYourName+Beep",
        ],
    );
    // the room itself says so where no name is asked for
    check_in_room("locked", &["# -> stop enter(1000,Guest)"]);
    host("announce=name locked", "SayYourName+Beep", &[]);
}

#[test]
fn who_comes_back_is_not_asked_for_the_name_again() {
    check_in_room("announce=name name_kept", &["# -> stop enter(1000,Guest)"]);
}

#[test]
fn the_host_hears_that_somebody_guesses() {
    host(
        "guessed_at",
        "SomebodyGuesses",
        &["played -> enter(1000,Host)"],
    );
    host(
        "guessed_at code=preset",
        "SomebodyGuesses+ChooseCodeOrUsual",
        &["# -> stop set-code(1000,preset)"],
    );
    check_in_room("guessed_at", &["# -> stop enter(1000,Guest)"]);
}
