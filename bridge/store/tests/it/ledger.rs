//! The ledger: whatever a spool brings, once or again, in order or not.

use confab_store::{LedgerEntry, Store};

use crate::{check, lite, number};

fn text(text: &str) -> String {
    text.to_owned()
}

fn call_started(call: &str, at_ms: i64) -> LedgerEntry {
    LedgerEntry::CallStarted {
        call: text(call),
        at_ms,
        caller_number: text("+4912345"),
        caller_name: text("NETWORK"),
        dialled: text("1000"),
    }
}

fn call_typed(call: &str, call_type: &str, country: &str) -> LedgerEntry {
    LedgerEntry::CallTyped {
        call: text(call),
        call_type: text(call_type),
        country: text(country),
    }
}

fn call_joined(call: &str, at_ms: i64, host: bool) -> LedgerEntry {
    LedgerEntry::CallJoined {
        call: text(call),
        conference: text("c1"),
        at_ms,
        host,
    }
}

fn call_named(call: &str, name: &str) -> LedgerEntry {
    LedgerEntry::CallNamed {
        call: text(call),
        name: text(name),
    }
}

fn call_ended(call: &str, at_ms: i64) -> LedgerEntry {
    LedgerEntry::CallEnded {
        call: text(call),
        at_ms,
        reason: text("caller_hung_up"),
    }
}

fn conference_started(at_ms: i64) -> LedgerEntry {
    LedgerEntry::ConferenceStarted {
        conference: text("c1"),
        room: text("1000"),
        at_ms,
        billing_code: Some(text("11")),
    }
}

fn billed(code: &str) -> LedgerEntry {
    LedgerEntry::ConferenceBilled {
        conference: text("c1"),
        billing_code: text(code),
    }
}

fn conference_ended(at_ms: i64) -> LedgerEntry {
    LedgerEntry::ConferenceEnded {
        conference: text("c1"),
        at_ms,
        reason: text("nobody_left"),
    }
}

fn recording_stopped(at_ms: i64, duration_ms: i64) -> LedgerEntry {
    LedgerEntry::RecordingStopped {
        recording: text("r1"),
        at_ms,
        duration_ms,
        bytes: duration_ms * 8,
    }
}

/// A host and a guest, two names, two codes, a recording with two stretches, and a refused call.
fn story() -> Vec<LedgerEntry> {
    vec![
        call_started("k1", 1_000),
        call_typed("k1", "tollfree", "FR"),
        conference_started(2_000),
        call_joined("k1", 2_000, true),
        call_named("k1", "Anna"),
        call_named("k1", "Anne"),
        call_started("k2", 2_500),
        LedgerEntry::RecordingStarted {
            recording: text("r1"),
            conference: text("c1"),
            at_ms: 3_000,
        },
        LedgerEntry::RecordingNotice {
            recording: text("r1"),
            call: text("k1"),
            at_ms: 3_010,
        },
        billed("22"),
        recording_stopped(4_000, 900),
        call_joined("k2", 4_100, false),
        LedgerEntry::RecordingNotice {
            recording: text("r1"),
            call: text("k2"),
            at_ms: 4_150,
        },
        recording_stopped(5_000, 1_700),
        billed("33"),
        call_ended("k2", 5_500),
        call_ended("k1", 6_000),
        conference_ended(6_000),
        call_started("k3", 7_000),
        call_ended("k3", 7_100),
    ]
}

/// All that can be seen of the story.
async fn seen(store: &Store) -> String {
    format!(
        "{:#?}",
        (
            store
                .conferences(&[number("1000")], 0, i64::MAX, 10_000)
                .await
                .unwrap(),
            store.conference("c1", 10_000).await.unwrap(),
            store.calls_of("c1").await.unwrap(),
            store.calls(0, i64::MAX).await.unwrap(),
            store.recording("r1").await.unwrap(),
            store.recording_notices("r1").await.unwrap(),
            store.newest_ledger_ms().await.unwrap(),
        )
    )
}

#[tokio::test]
async fn a_story_is_told_as_it_happened() {
    check(async |store| {
        assert_eq!(store.newest_ledger_ms().await.unwrap(), None);
        store.write_ledger(&[]).await.unwrap();
        store.write_ledger(&story()).await.unwrap();
        let conference = store.conference("c1", 10_000).await.unwrap().unwrap();
        assert_eq!(conference.room, "1000");
        assert_eq!(
            (conference.started_ms, conference.ended_ms),
            (2_000, Some(6_000))
        );
        assert_eq!(conference.end_reason.as_deref(), Some("nobody_left"));
        assert_eq!(conference.billing_code.as_deref(), Some("33"));
        assert_eq!(
            (conference.callers, conference.caller_ms),
            (2, 4_000 + 1_400)
        );
        assert_eq!(conference.recording.as_deref(), Some("r1"));
        let calls = store.calls_of("c1").await.unwrap();
        let [host, guest] = calls.as_slice() else {
            panic!("{calls:?}");
        };
        assert_eq!((host.caller_name.as_str(), host.host), ("Anne", true));
        assert_eq!((&*host.call_type, &*host.country), ("tollfree", "FR"));
        assert_eq!((&*guest.call_type, &*guest.country), ("voip", ""));
        assert_eq!((guest.caller_name.as_str(), guest.host), ("NETWORK", false));
        assert_eq!((guest.started_ms, guest.joined_ms), (2_500, Some(4_100)));
        assert_eq!(guest.end_reason.as_deref(), Some("caller_hung_up"));
        let calls = store.calls(2_500, 7_000).await.unwrap();
        assert_eq!(calls.as_slice(), std::slice::from_ref(guest));
        let calls = store.calls(0, 10_000).await.unwrap();
        let ids: Vec<&str> = calls.iter().map(|call| call.id.as_str()).collect();
        assert_eq!(ids, ["k3", "k2", "k1"]);
        assert_eq!(
            (calls[0].conference.as_deref(), calls[0].joined_ms),
            (None, None)
        );
        let recording = store.recording("r1").await.unwrap().unwrap();
        assert_eq!(
            (recording.room.as_str(), recording.started_ms),
            ("1000", 3_000)
        );
        assert_eq!((recording.duration_ms, recording.bytes), (1_700, 13_600));
        let notices = store.recording_notices("r1").await.unwrap();
        let told: Vec<(&str, i64)> = notices.iter().map(|n| (n.call.as_str(), n.at_ms)).collect();
        assert_eq!(told, [("k1", 3_010), ("k2", 4_150)]);
        assert_eq!(store.newest_ledger_ms().await.unwrap(), Some(7_100));
    })
    .await;
}

#[tokio::test]
async fn told_again_from_anywhere_to_anywhere_it_stays_the_same() {
    check(async |store| {
        let story = story();
        store.write_ledger(&story).await.unwrap();
        let once = seen(&store).await;
        for from in 0..story.len() {
            for to in from + 1..=story.len() {
                store.write_ledger(&story[from..to]).await.unwrap();
            }
            assert_eq!(seen(&store).await, once, "from entry {from}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_story_that_goes_on_may_be_told_again_up_to_now() {
    check(async |store| {
        let story = story();
        for now in 1..=story.len() {
            store.write_ledger(&story[now - 1..now]).await.unwrap();
            let once = seen(&store).await;
            for from in 0..now {
                store.write_ledger(&story[from..now]).await.unwrap();
            }
            assert_eq!(seen(&store).await, once, "up to entry {now}");
        }
    })
    .await;
}

#[tokio::test]
async fn whatever_came_first_the_whole_story_ends_the_same() {
    let (store, _folder) = lite().await;
    store.write_ledger(&story()).await.unwrap();
    let told = seen(&store).await;
    check(async |store| {
        for entry in story().into_iter().rev() {
            store.write_ledger(&[entry]).await.unwrap();
        }
        store.write_ledger(&story()).await.unwrap();
        assert_eq!(seen(&store).await, told);
    })
    .await;
}

#[tokio::test]
async fn an_end_without_a_beginning_is_kept() {
    check(async |store| {
        store
            .write_ledger(&[call_ended("k9", 5_000), conference_ended(6_000)])
            .await
            .unwrap();
        store
            .write_ledger(&[recording_stopped(5_000, 400)])
            .await
            .unwrap();
        let calls = store.calls(0, 10_000).await.unwrap();
        assert_eq!(calls.len(), 1);
        assert_eq!(
            (calls[0].started_ms, calls[0].ended_ms),
            (5_000, Some(5_000))
        );
        let conference = store.conference("c1", 10_000).await.unwrap().unwrap();
        assert_eq!((conference.callers, conference.ended_ms), (0, Some(6_000)));
        // Retention must find the file of a recording that nobody knows more about.
        let due = store.recordings_due(10_000).await.unwrap();
        assert_eq!(
            (due.len(), due[0].room.as_str(), due[0].started_ms),
            (1, "", 4_600)
        );
        assert_eq!(store.close_unfinished(None, 10_000).await.unwrap(), 0);
    })
    .await;
}

#[tokio::test]
async fn what_the_network_sends_can_always_be_written() {
    check(async |store| {
        let entries = [
            LedgerEntry::CallStarted {
                call: text("k1"),
                at_ms: i64::MAX,
                caller_number: text("12\0-3\r\n4"),
                caller_name: "ä".repeat(100_000),
                dialled: text("'; DROP TABLE calls; --"),
            },
            conference_started(i64::MIN),
            call_joined("k1", i64::MIN, false),
            LedgerEntry::CallStarted {
                call: text("k\0"),
                at_ms: 1,
                caller_number: text(""),
                caller_name: text(""),
                dialled: text(""),
            },
            recording_stopped(i64::MIN, i64::MAX / 8),
        ];
        store.write_ledger(&entries).await.unwrap();
        store.write_ledger(&entries).await.unwrap();
        let calls = store.calls(0, i64::MAX).await.unwrap();
        assert_eq!(calls.len(), 2);
        assert_eq!(calls[0].caller_number, "12-34");
        assert_eq!(calls[0].caller_name, "ä".repeat(256));
        assert_eq!(calls[0].dialled, "'; DROP TABLE calls; --");
        // No sum may overflow, whatever the clock said.
        store.conference("c1", i64::MAX).await.unwrap().unwrap();
        store.conference("k\0", 0).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn what_a_crash_left_open_ends_when_it_was_last_known() {
    check(async |store| {
        let story = story();
        // Up to the guest's joining; then silence.
        store.write_ledger(&story[..13]).await.unwrap();
        store
            .write_ledger(&[call_started("k4", 4_050)])
            .await
            .unwrap();
        assert_eq!(store.close_unfinished(None, 9_000).await.unwrap(), 4);
        assert_eq!(store.close_unfinished(None, 9_000).await.unwrap(), 0);
        let conference = store.conference("c1", 9_000).await.unwrap().unwrap();
        assert_eq!(conference.end_reason.as_deref(), Some("crashed"));
        assert_eq!(conference.ended_ms, Some(4_100));
        assert_eq!(conference.caller_ms, 2_100);
        let ends: Vec<_> = store.calls(0, 9_000).await.unwrap();
        let ends: Vec<_> = ends
            .iter()
            .map(|call| (call.id.as_str(), call.ended_ms))
            .collect();
        assert_eq!(
            ends,
            [
                ("k4", Some(4_050)),
                ("k2", Some(4_100)),
                ("k1", Some(4_100))
            ]
        );
        // What the spool knew better is believed, late as it comes.
        store.write_ledger(&story).await.unwrap();
        let conference = store.conference("c1", 9_000).await.unwrap().unwrap();
        assert_eq!(conference.end_reason.as_deref(), Some("nobody_left"));
        assert_eq!(conference.billing_code.as_deref(), Some("33"));
        assert_eq!(conference.caller_ms, 4_000 + 1_400);
    })
    .await;
}

#[tokio::test]
async fn a_crash_costs_only_the_time_since_the_program_was_last_alive() {
    check(async |store| {
        let entries = [
            conference_started(1_000),
            call_joined("k1", 1_100, true),
            call_joined("k2", 1_200, false),
            call_ended("k2", 3_000),
            call_started("k3", 2_000),
            call_started("k4", 8_500),
        ];
        store.write_ledger(&entries).await.unwrap();
        store.close_unfinished(Some(8_000), 9_000).await.unwrap();
        let conference = store.conference("c1", 9_000).await.unwrap().unwrap();
        assert_eq!(
            (conference.ended_ms, conference.caller_ms),
            (Some(8_000), 6_900 + 1_800)
        );
        let calls = store.calls(0, 9_000).await.unwrap();
        let end = |id: &str| calls.iter().find(|call| call.id == id).unwrap().ended_ms;
        assert_eq!(
            ["k1", "k2", "k3", "k4"].map(end),
            [8_000, 3_000, 8_000, 8_500].map(Some)
        );
        // A clock that stood ahead when the program was last alive adds nothing.
        let next = LedgerEntry::CallStarted {
            call: text("k5"),
            at_ms: 9_100,
            caller_number: text(""),
            caller_name: text(""),
            dialled: text(""),
        };
        store.write_ledger(&[next]).await.unwrap();
        store.close_unfinished(Some(99_000), 9_500).await.unwrap();
        let calls = store.calls(0, 10_000).await.unwrap();
        assert_eq!(calls[0].ended_ms, Some(9_100));
    })
    .await;
}

#[tokio::test]
async fn a_clock_that_jumped_is_not_billed() {
    check(async |store| {
        let far = 99_000_000;
        let entries = [conference_started(1_000), call_joined("k1", 1_100, true)];
        store.write_ledger(&entries).await.unwrap();
        store
            .write_ledger(&[recording_stopped(far, 1)])
            .await
            .unwrap();
        let started = LedgerEntry::RecordingStarted {
            recording: text("r1"),
            conference: text("c1"),
            at_ms: 2_000,
        };
        store.write_ledger(&[started]).await.unwrap();
        store.close_unfinished(None, 5_000).await.unwrap();
        let conference = store.conference("c1", 5_000).await.unwrap().unwrap();
        assert_eq!(
            (conference.ended_ms, conference.caller_ms),
            (Some(2_000), 900)
        );
        assert_eq!(store.newest_ledger_ms().await.unwrap(), Some(far));
        // A call that ends before it joined, by a clock set back, counts nothing rather than less.
        store.write_ledger(&[call_ended("k1", 500)]).await.unwrap();
        let conference = store.conference("c1", 5_000).await.unwrap().unwrap();
        assert_eq!(conference.caller_ms, 0);
    })
    .await;
}

#[test]
fn a_spool_of_today_can_be_read_tomorrow() {
    let check = |entry: LedgerEntry, line: &str| {
        assert_eq!(serde_json::to_string(&entry).unwrap(), line);
        assert_eq!(serde_json::from_str::<LedgerEntry>(line).unwrap(), entry);
    };
    check(
        call_named("k", "N"),
        r#"{"entry":"call_named","call":"k","name":"N"}"#,
    );
    check(
        call_joined("k", 5, true),
        r#"{"entry":"call_joined","call":"k","conference":"c1","at_ms":5,"host":true}"#,
    );
    check(
        conference_started(5),
        concat!(
            r#"{"entry":"conference_started","conference":"c1","room":"1000","at_ms":5,"#,
            r#""billing_code":"11"}"#,
        ),
    );
    check(
        recording_stopped(5, 2),
        r#"{"entry":"recording_stopped","recording":"r1","at_ms":5,"duration_ms":2,"bytes":16}"#,
    );
}
