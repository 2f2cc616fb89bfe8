//! What can be done on the live page: hands, the door, calls out, all lines. What cannot be done
//! now is not offered, and whoever listens to the page hears of every change.

use confab_core::command::{Command, LectureMode};
use confab_core::event::{DialEnd, DialFailure, Role};
use confab_core::fault::Fault;
use confab_core::ids::{DialId, DialNumber, LegId};
use confab_core::snapshot::{Dial, DialOver, Hand, Knock, RoomSnapshot, Standing};
use confab_core::time::Time;
use serde_json::{Value, json};

use crate::live::Events;
use crate::site::{Site, snapshot};

fn hand(place: u32, open: bool) -> Option<Hand> {
    let since = Time(0);
    Some(Hand { place, since, open })
}

fn knock(leg: u64, name: &str, dialled: bool) -> Knock {
    Knock {
        leg: LegId(leg),
        name: name.into(),
        number: format!("+4930{leg}"),
        at: Time(0),
        dialled,
    }
}

fn dial(dial: u64, ringing: bool) -> Dial {
    Dial {
        dial: DialId(dial),
        number: DialNumber::parse("+33140205050").unwrap(),
        at: Time(0),
        ringing,
    }
}

/// A host and two guests.
fn three() -> RoomSnapshot {
    let mut room = snapshot("1000", &[(1, "Hana"), (2, "Gero"), (3, "Gitte")]);
    room.legs[0].role = Role::Host;
    room
}

/// The page with a room that `change` has made says all of `says` and nothing of `silent`.
async fn check(change: impl FnOnce(&mut RoomSnapshot), says: &[&str], silent: &[&str]) {
    let site = Site::open().await;
    let anna = site.log_in("anna@example.com").await;
    let mut room = three();
    change(&mut room);
    site.publish(vec![room]);
    let page = site.get(&anna, "/rooms/1000").await;
    page.says(says);
    let text = page.text();
    for unwanted in silent {
        assert!(!text.contains(unwanted), "{unwanted:?} is in:\n{text}");
    }
}

#[tokio::test]
async fn only_what_can_be_done_is_offered() {
    let nothing = [
        "Raised hands",
        "Next hand",
        "At the door",
        "Call a number",
        "Calls under way",
    ];
    check(
        |_| {},
        &["value=\"mute_all\"", "value=\"open_all\""],
        &nothing,
    )
    .await;
    let strict = |room: &mut RoomSnapshot| room.lecture = LectureMode::Strict;
    check(strict, &["value=\"mute_all\""], &["value=\"open_all\""]).await;
}

#[tokio::test]
async fn a_line_that_spoils_it_is_marked() {
    let echoes = |room: &mut RoomSnapshot| room.legs[1].fault = Some(Fault::Echo);
    let meaning = "title=\"What others say comes back from this line.";
    check(echoes, &["class=\"chip fault\"", ">echoes<", meaning], &[]).await;
    check(|_| {}, &[], &["chip fault"]).await;
    let site = Site::open().await;
    let anna = site.log_in("anna@example.com").await;
    let mut room = three();
    echoes(&mut room);
    site.publish(vec![room]);
    let now = site.get(&anna, "/api/v1/rooms/1000").await.json();
    let legs = &now["conference"]["legs"];
    assert_eq!(
        (&legs[0]["fault"], &legs[1]["fault"]),
        (&Value::Null, &json!("echo"))
    );
}

#[tokio::test]
async fn the_noise_of_one_line_can_be_suppressed_and_left() {
    let button = |word: &str, pressed: bool| {
        format!("value=\"{word}\" class=\"quiet\" aria-pressed=\"{pressed}\"")
    };
    let off = button("suppress_noise", false);
    let on = button("keep_noise", true);
    check(|_| {}, &[&off], &[&on]).await;
    let suppressed = |room: &mut RoomSnapshot| room.legs[1].denoised = true;
    check(suppressed, &[&off, &on], &[]).await;
    let site = Site::open().await;
    let anna = site.log_in("anna@example.com").await;
    let mut room = three();
    suppressed(&mut room);
    site.publish(vec![room]);
    let now = site.get(&anna, "/api/v1/rooms/1000").await.json();
    let legs = &now["conference"]["legs"];
    let told = |leg: usize| legs[leg]["noise_suppressed"].as_bool();
    assert_eq!((told(0), told(1)), (Some(false), Some(true)));
}

#[tokio::test]
async fn the_turn_of_each_hand_is_seen() {
    let waits = |room: &mut RoomSnapshot| {
        room.legs[1].hand = hand(2, false);
        room.legs[2].hand = hand(1, false);
    };
    let says = [
        "Next: Gitte",
        "and 1 more",
        "value=\"next_hand\"",
        "Next hand",
    ];
    check(waits, &says, &["may speak</p>"]).await;
    let speaks = |room: &mut RoomSnapshot| {
        room.legs[1].hand = hand(2, false);
        room.legs[2].hand = hand(1, true);
    };
    let says = ["Gitte may speak", "Next: Gero", "Next hand"];
    check(speaks, &says, &["more</span>"]).await;
    let last = |room: &mut RoomSnapshot| room.legs[2].hand = hand(1, true);
    let says = ["Gitte may speak", "Nobody comes next", "Close hand"];
    check(last, &says, &["Next hand"]).await;
}

#[tokio::test]
async fn who_is_at_the_door_is_let_in_or_sent_away() {
    let both = |room: &mut RoomSnapshot| {
        room.knocks = vec![knock(8, "<b>Karl", false), knock(9, "", true)];
    };
    let says = [
        "<strong>&#60;b&#62;Karl</strong>",
        "<span class=\"number\">+49308</span>",
        "knocks since",
        "aria-label=\"Let in &#60;b&#62;Karl\"",
        "aria-label=\"Send away &#60;b&#62;Karl\"",
        "<strong>+49309</strong>",
        "called from here, waits since",
        "aria-label=\"Let in +49309\"",
        "aria-label=\"Send away +49309\"",
    ];
    check(both, &says, &["<b>"]).await;
}

#[tokio::test]
async fn calls_are_made_and_given_up() {
    let allowed = |room: &mut RoomSnapshot| {
        room.dial_out = true;
        room.dials = vec![dial(4, true), dial(5, false)];
        room.dial_over = Some(DialOver {
            number: "+4930777".into(),
            end: DialEnd::NotReached(DialFailure::Busy),
            at: Time(0),
        });
    };
    let says = [
        "Call a number",
        "name=\"number\" type=\"tel\"",
        "value=\"dial_out\"",
        "aria-label=\"Hang up the call to +33140205050\"",
        "name=\"dial\" value=\"4\"",
        "rings, ",
        "calling, ",
        "+4930777 was busy",
    ];
    check(allowed, &says, &[]).await;
    let mut site = Site::open().await;
    let anna = site.log_in("anna@example.com").await;
    let number = DialNumber::parse("+493047").unwrap();
    for (form, wanted) in [
        ("command=next_hand", Command::NextHand),
        ("command=open_all", Command::OpenAll),
        ("command=go_on", Command::GoOn),
        ("command=dial_out&number=%2B49+30+47", {
            Command::DialOut(number)
        }),
        (
            "command=hang_up_dial&dial=4",
            Command::HangUpDial(DialId(4)),
        ),
        ("command=drop&leg=9", Command::Drop(LegId(9))),
    ] {
        let router = site.router.clone();
        let sent = crate::live::site_post(&router, &anna, form);
        let (to, ()) = tokio::join!(sent, async {
            let sent = site.commands.recv().await.unwrap();
            assert_eq!(sent.command, wanted);
            sent.reply.send(Ok(())).unwrap();
        });
        assert_eq!(to, "/rooms/1000?done=command", "{form}");
    }
}

#[tokio::test]
async fn who_is_not_yet_inside_is_said_to_be_so() {
    let outside = |room: &mut RoomSnapshot| {
        room.legs[1].standing = Standing::KeyingCode;
        room.legs[2].standing = Standing::Waiting;
        room.hold_music = false;
    };
    let says = [
        "keying the code",
        "waiting in silence",
        "aria-label=\"Drop Gero\"",
    ];
    check(outside, &says, &["aria-label=\"Mute Gero\"", "hears music"]).await;
    let alone = |room: &mut RoomSnapshot| {
        room.legs.truncate(1);
        room.asked_alone = Some(LegId(1));
        room.ends_at = Some(Time(0));
    };
    let says = [
        "Hana is alone",
        "unless a key is pressed",
        "value=\"go_on\"",
    ];
    check(alone, &says, &["last host has left"]).await;
}

#[tokio::test]
async fn changes_are_said() {
    let site = Site::open().await;
    let anna = site.log_in("anna@example.com").await;
    let mut room = three();
    site.publish(vec![room.clone()]);
    let mut events = Events::open(&site, &anna, "/rooms/1000/events").await;
    assert_eq!(events.next().await.0, "whole");
    let mut check = async |room: &RoomSnapshot, says: &[&str]| {
        site.publish(vec![room.clone()]);
        let (_, data) = events.next().await;
        assert_eq!(data["say"], serde_json::json!(says));
        assert!(data["parts"]["panel"].is_string(), "{data}");
    };
    room.legs[1].hand = hand(1, false);
    check(&room, &["Gero raised a hand, number 1."]).await;
    room.legs[1].hand = hand(1, true);
    check(&room, &["Gero may speak."]).await;
    room.dials = vec![dial(1, false)];
    check(&room, &["Calling +33140205050."]).await;
    room.dials = vec![dial(1, true)];
    check(&room, &["It rings at +33140205050."]).await;
    room.dials.clear();
    room.knocks = vec![knock(8, "", true)];
    check(&room, &["+49308 has answered and waits at the door."]).await;
    room.knocks.clear();
    room.dial_over = Some(DialOver {
        number: "+49308".into(),
        end: DialEnd::HungUp,
        at: Time(0),
    });
    check(&room, &["+49308 hung up at the door."]).await;
    room.knocks = vec![knock(9, "Karl", false)];
    check(&room, &["Karl knocks at the locked room."]).await;
    room.knocks.clear();
    room.legs[1].fault = Some(Fault::Noise);
    let noisy = format!("{}: This line is noisy all the time.", room.legs[1].name);
    check(&room, &[&noisy]).await;
}

#[tokio::test]
async fn programs_see_the_same() {
    let site = Site::open().await;
    let anna = site.log_in("anna@example.com").await;
    let mut room = three();
    room.legs[1].standing = Standing::KeyingCode;
    room.asked_alone = Some(LegId(1));
    room.dial_out = true;
    room.dial_over = Some(DialOver {
        number: "+49308".into(),
        end: DialEnd::NotReached(DialFailure::NoAnswer),
        at: Time(7),
    });
    site.publish(vec![room]);
    let now = site.get(&anna, "/api/v1/rooms/1000").await.json()["conference"].take();
    assert_eq!(now["legs"][0]["standing"], "inside");
    assert_eq!(now["legs"][1]["standing"], "keying_code");
    assert_eq!(now["legs"][1]["waiting"], true);
    assert_eq!(
        (&now["dial_out"], &now["asked_alone"]),
        (&true.into(), &1.into())
    );
    let over = serde_json::json!({ "number": "+49308", "end": "no_answer", "at_ms": 7 });
    assert_eq!(now["dial_over"], over);
}
