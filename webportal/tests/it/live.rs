//! The live page: commands and their answers, the stream of changes, what callers may be called.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use axum::body::BodyDataStream;
use axum::http::{Request, StatusCode, header};
use confab_core::command::{Command, CommandRefusal, LectureMode};
use confab_core::event::Role;
use confab_core::ids::LegId;
use confab_core::snapshot::{Hand, Knock, MuteState, RecordingState, Standing};
use confab_core::time::Time;
use serde_json::Value;
use tokio_stream::StreamExt;

use crate::site::{DEADLINE, Site, now_ms, room, snapshot};

#[tokio::test]
async fn a_command_arrives_and_its_refusal_is_shown() {
    let mut site = Site::open().await;
    let anna = site.log_in("anna@example.com").await;
    for (form, wanted, answer, to) in [
        (
            "command=mute&leg=7",
            Command::SetMute {
                leg: LegId(7),
                muted: true,
            },
            Ok(()),
            "done=command",
        ),
        (
            "command=suppress_noise&leg=7",
            Command::SetDenoised {
                leg: LegId(7),
                denoised: true,
            },
            Ok(()),
            "done=command",
        ),
        (
            "command=drop&leg=7",
            Command::Drop(LegId(7)),
            Err(CommandRefusal::NoSuchLeg),
            "refused=no_such_leg",
        ),
        (
            "command=record",
            Command::SetRecording(true),
            Err(CommandRefusal::CannotRecord),
            "refused=cannot_record",
        ),
        (
            "command=end",
            Command::End,
            Err(CommandRefusal::NoConference),
            "refused=no_conference",
        ),
    ] {
        let (page, ()) = tokio::join!(site_post(&site.router, &anna, form), async {
            let sent = site.commands.recv().await.unwrap();
            assert_eq!(
                (sent.room.as_str(), sent.by.as_str()),
                ("1000", "anna@example.com")
            );
            assert_eq!(sent.command, wanted);
            sent.reply.send(answer).unwrap();
        });
        assert_eq!(page, format!("/rooms/1000?{to}"), "{form}");
    }
    site.get(&anna, "/rooms/1000?refused=no_such_leg")
        .await
        .says(&["That caller is no longer in the room.", "role=\"alert\""]);
    let forged = site.get(&anna, "/rooms/1000?refused=%3Cb%3Ex").await.text();
    assert!(!forged.contains("<b>x"));
}

pub async fn site_post(router: &axum::Router, cookie: &str, form: &'static str) -> String {
    use tower::ServiceExt;
    let request = Request::post("/rooms/1000/commands")
        .header(header::COOKIE, cookie)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(axum::body::Body::from(form))
        .unwrap();
    let response = router.clone().oneshot(request).await.unwrap();
    response.headers()[header::LOCATION]
        .to_str()
        .unwrap()
        .to_owned()
}

#[tokio::test]
async fn the_script_and_programs_get_json() {
    let mut site = Site::open().await;
    let anna = site.log_in("anna@example.com").await;
    let form = Request::post("/rooms/1000/commands")
        .header(header::COOKIE, &anna)
        .header(header::ACCEPT, "application/json")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    let json = Request::post("/api/v1/rooms/1000/commands")
        .header(header::COOKIE, &anna)
        .header(header::CONTENT_TYPE, "application/json");
    let router = site.router.clone();
    let answers = tokio::spawn(async move {
        while let Some(sent) = site.commands.recv().await {
            let _given_up = sent.reply.send(Err(CommandRefusal::MutedByHost));
        }
    });
    for (request, body) in [
        (form, "command=unmute&leg=3"),
        (json, r#"{"command":"unmute","leg":3}"#),
    ] {
        use tower::ServiceExt;
        let request = request.body(axum::body::Body::from(body)).unwrap();
        let response = router.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), StatusCode::CONFLICT);
        let bytes = axum::body::to_bytes(response.into_body(), 10_000)
            .await
            .unwrap();
        let told: Value = serde_json::from_slice(&bytes).unwrap();
        assert!(
            told["error"]
                .as_str()
                .unwrap()
                .contains("Open the caller's hand instead.")
        );
    }
    answers.abort();
}

#[tokio::test]
async fn a_house_that_does_not_answer_is_told_of() {
    let site = Site::open().await;
    let anna = site.log_in("anna@example.com").await;
    let answer = site
        .post(&anna, "/rooms/1000/commands", "command=lock")
        .await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    answer.says(&["The conference bridge did not answer in time."]);
}

/// The events of a stream, one by one.
pub struct Events {
    body: BodyDataStream,
    rest: String,
}

impl Events {
    pub async fn open(site: &Site, cookie: &str, path: &str) -> Self {
        let response = site
            .send(Request::get(path).header(header::COOKIE, cookie), "")
            .await;
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(
            response.headers()[header::CONTENT_TYPE],
            "text/event-stream"
        );
        Self {
            body: response.into_body().into_data_stream(),
            rest: String::new(),
        }
    }

    /// The next event that is not a heartbeat: name and data.
    pub async fn next(&mut self) -> (String, Value) {
        loop {
            while let Some((event, rest)) = self.rest.split_once("\n\n") {
                let field = |name: &str| {
                    event
                        .lines()
                        .find_map(|line| line.strip_prefix(name))
                        .unwrap_or_default()
                        .trim()
                };
                let found = (field("event:").to_owned(), field("data:").to_owned());
                self.rest = rest.to_owned();
                if found.0 != "beat" {
                    return (found.0, serde_json::from_str(&found.1).unwrap());
                }
            }
            let more = tokio::time::timeout(DEADLINE, self.body.next()).await;
            let more = more
                .expect("an event in time")
                .expect("the stream goes on")
                .unwrap();
            self.rest.push_str(std::str::from_utf8(&more).unwrap());
        }
    }
}

#[tokio::test]
async fn changes_come_by_themselves() {
    let site = Site::open().await;
    let anna = site.log_in("anna@example.com").await;
    let mut events = Events::open(&site, &anna, "/rooms/1000/events").await;
    let (name, data) = events.next().await;
    assert_eq!((name.as_str(), &data["html"]), ("whole", &Value::from("")));

    let mut room = snapshot("1000", &[(1, "Hana"), (2, "<script>alert(1)</script>")]);
    site.publish(vec![room.clone()]);
    let (name, data) = events.next().await;
    let html = data["html"].as_str().unwrap();
    assert_eq!(name, "whole");
    assert!(
        html.contains("id=\"leg-1\"") && html.contains("Hana"),
        "{html}"
    );
    assert!(
        html.contains("&#60;script&#62;") && !html.contains("<script"),
        "{html}"
    );

    // Another room is no news here.
    site.publish(vec![room.clone(), snapshot("2000", &[(9, "Other")])]);
    room.legs[1].talking = true;
    room.legs[1].hand = Some(Hand {
        place: 1,
        since: Time(0),
        open: false,
    });
    site.publish(vec![room.clone()]);
    let (name, data) = events.next().await;
    let parts = data["parts"].as_object().unwrap();
    assert_eq!(name, "parts");
    assert!(
        parts["leg-2"].as_str().unwrap().contains("talking"),
        "{parts:?}"
    );
    assert!(
        !parts.contains_key("leg-1"),
        "only what changed is sent: {parts:?}"
    );
    assert!(
        data["say"][0]
            .as_str()
            .unwrap()
            .contains("raised a hand, number 1")
    );

    room.legs.remove(0);
    site.publish(vec![room]);
    let (_, data) = events.next().await;
    assert_eq!(data["order"], serde_json::json!(["leg-2"]));
    assert_eq!(data["say"], serde_json::json!(["Hana left."]));

    site.publish(vec![]);
    let (name, data) = events.next().await;
    assert_eq!((name.as_str(), &data["html"]), ("whole", &Value::from("")));
}

/// What a row shows is not of its caller alone.
#[tokio::test]
async fn rows_change_with_the_room() {
    let site = Site::open().await;
    let anna = site.log_in("anna@example.com").await;
    let mut events = Events::open(&site, &anna, "/rooms/1000/events").await;
    events.next().await;
    let mut room = snapshot("1000", &[(1, "Hana"), (2, "Igor")]);
    room.legs[0].standing = Standing::Waiting;
    room.legs[1].hand = Some(Hand {
        place: 1,
        since: Time(0),
        open: true,
    });
    site.publish(vec![room.clone()]);
    events.next().await;

    room.lecture = LectureMode::Strict;
    site.publish(vec![room.clone()]);
    let (_, data) = events.next().await;
    assert!(
        data["parts"]["leg-2"]
            .as_str()
            .unwrap()
            .contains("Close line")
    );
    room.hold_music = false;
    site.publish(vec![room]);
    let (_, data) = events.next().await;
    assert!(
        data["parts"]["leg-1"]
            .as_str()
            .unwrap()
            .contains("waiting in silence")
    );
    assert!(data["order"].is_null(), "nobody has moved: {data}");
}

#[tokio::test]
async fn the_list_of_rooms_changes_too() {
    let site = Site::open().await;
    let ada = site.log_in("ada@example.com").await;
    let mut events = Events::open(&site, &ada, "/rooms/events").await;
    let (_, data) = events.next().await;
    assert_eq!(data["parts"].as_object().unwrap().len(), 2);
    site.publish(vec![snapshot("2000", &[(1, "Hana")])]);
    let (_, data) = events.next().await;
    assert!(
        data["parts"]["room-2000"]
            .as_str()
            .unwrap()
            .contains("1 caller")
    );
    assert!(data["parts"].get("room-1000").is_none());
}

#[tokio::test]
async fn the_page_says_all_states_in_words() {
    let site = Site::open().await;
    let anna = site.log_in("anna@example.com").await;
    let mut room = snapshot("1000", &[(1, "Hana"), (2, "Gero"), (3, ""), (4, "Gitte")]);
    room.legs[0].role = Role::Host;
    room.legs[0].talking = true;
    room.legs[1].mute = MuteState::MutedByHost;
    room.legs[1].hand = Some(Hand {
        place: 1,
        since: Time(0),
        open: false,
    });
    room.legs[2].mute = MuteState::Muted;
    room.legs[3].standing = Standing::Waiting;
    room.locked = true;
    room.knocks = vec![Knock {
        leg: LegId(8),
        name: String::new(),
        number: "+4930888".into(),
        at: Time(0),
        dialled: false,
    }];
    room.recording = RecordingState::On { since: room.since };
    room.ends_at = Some(room.since + Duration::from_secs(60));
    site.publish(vec![room]);
    site.get(&anna, "/rooms/1000").await.says(&[
        "4 callers",
        ">host<",
        "talking",
        "muted by host",
        "aria-label=\"Let Gero speak\"",
        "aria-label=\"Lower the hand of Gero\"",
        "aria-label=\"Unmute +49303\"",
        "waiting, hears music",
        "Locked: guests knock",
        "aria-label=\"Let in +4930888\"",
        "Stop recording",
        "unless a host comes back",
        "aria-label=\"Drop Hana\"",
    ]);
}

#[tokio::test]
async fn the_host_sees_that_somebody_guesses() {
    let site = Site::open().await;
    let anna = site.log_in("anna@example.com").await;
    let words = "80 wrong PINs or security codes";
    let page = site.get(&anna, "/rooms/1000").await;
    assert!(!page.text().contains("wrong PINs"));
    let guessed = |ago_ms: u64| {
        let at = Time(u64::try_from(now_ms()).unwrap() - ago_ms);
        let guesses = HashMap::from([(room("1000"), (80, at))]);
        site.guesses.send_replace(Arc::new(guesses));
    };
    guessed(1_000);
    site.get(&anna, "/rooms/1000").await.says(&[words]);
    let bert = site.log_in("bert@example.com").await;
    let page = site.get(&bert, "/rooms/2000").await;
    assert!(!page.text().contains("wrong PINs"));
    // It comes and goes by itself, whether or not anybody is in the room.
    let mut events = Events::open(&site, &anna, "/rooms/1000/events").await;
    let mut warning = async || loop {
        let (_, data) = events.next().await;
        if let Some(html) = data["parts"]["guesses"].as_str() {
            break html.to_owned();
        }
    };
    assert!(warning().await.contains(words));
    guessed(61 * 60 * 1_000);
    assert_eq!(warning().await, "");
    let page = site.get(&anna, "/rooms/1000").await;
    assert!(!page.text().contains("wrong PINs"));
}

#[tokio::test]
async fn the_api_shows_the_room() {
    let site = Site::open().await;
    let anna = site.log_in("anna@example.com").await;
    let empty = site.get(&anna, "/api/v1/rooms/1000").await.json();
    assert_eq!(
        empty,
        serde_json::json!({ "number": "1000", "conference": null })
    );
    site.publish(vec![snapshot("1000", &[(1, "Hana")])]);
    let busy = site.get(&anna, "/api/v1/rooms/1000").await.json();
    assert_eq!(busy["conference"]["legs"][0]["name"], "Hana");
    assert_eq!(busy["conference"]["legs"][0]["mute"], "open");
    let rooms = site.get(&anna, "/api/v1/rooms").await.json();
    assert_eq!(rooms["rooms"][0]["callers"], 1);
}
