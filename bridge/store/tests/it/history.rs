//! Usage, billing codes and recordings, as the portal asks for them.

use confab_store::{LedgerEntry, Store, StoreError};

use crate::{check, host, number};

/// A conference of a few calls that all join at its start.
fn conference(
    id: &str,
    room: &str,
    started_ms: i64,
    length_ms: i64,
    calls: usize,
) -> Vec<LedgerEntry> {
    let mut entries = vec![LedgerEntry::ConferenceStarted {
        conference: id.into(),
        room: room.into(),
        at_ms: started_ms,
        billing_code: None,
    }];
    for nth in 0..calls {
        let call = format!("{id}-{nth}");
        entries.push(LedgerEntry::CallJoined {
            call: call.clone(),
            conference: id.into(),
            at_ms: started_ms,
            host: nth == 0,
        });
        entries.push(LedgerEntry::CallEnded {
            call,
            at_ms: started_ms + length_ms,
            reason: "caller_hung_up".into(),
        });
    }
    entries.push(LedgerEntry::ConferenceEnded {
        conference: id.into(),
        at_ms: started_ms + length_ms,
        reason: "nobody_left".into(),
    });
    entries
}

fn recording(id: &str, conference: &str, at_ms: i64) -> [LedgerEntry; 2] {
    [
        LedgerEntry::RecordingStarted {
            recording: id.into(),
            conference: conference.into(),
            at_ms,
        },
        LedgerEntry::RecordingStopped {
            recording: id.into(),
            at_ms: at_ms + 500,
            duration_ms: 480,
            bytes: 4_000,
        },
    ]
}

async fn ids(store: &Store, rooms: &[&str], from_ms: i64, to_ms: i64) -> Vec<String> {
    let rooms: Vec<_> = rooms.iter().map(|room| number(room)).collect();
    let rows = store
        .conferences(&rooms, from_ms, to_ms, 99_000)
        .await
        .unwrap();
    rows.into_iter().map(|row| row.id).collect()
}

#[tokio::test]
async fn conferences_are_those_of_the_rooms_and_the_time_asked_for() {
    check(async |store| {
        for (id, room, started_ms) in [
            ("a", "100", 1_000),
            ("b", "100", 2_000),
            ("c", "200", 2_500),
            ("d", "300", 2_600),
        ] {
            store
                .write_ledger(&conference(id, room, started_ms, 100, 2))
                .await
                .unwrap();
        }
        assert_eq!(
            ids(&store, &["100", "200"], 0, 9_000).await,
            ["c", "b", "a"]
        );
        assert_eq!(ids(&store, &["100", "200"], 1_000, 2_000).await, ["a"]);
        assert_eq!(ids(&store, &["100", "200"], 1_001, 2_501).await, ["c", "b"]);
        assert_eq!(ids(&store, &["300"], 0, 9_000).await, ["d"]);
        assert!(ids(&store, &["400"], 0, 9_000).await.is_empty());
        assert!(ids(&store, &[], 0, 9_000).await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn a_conference_that_runs_counts_up_to_now() {
    check(async |store| {
        let mut entries = conference("a", "100", 1_000, 300, 2);
        entries.pop();
        entries.remove(2);
        store.write_ledger(&entries).await.unwrap();
        let row = store.conference("a", 2_000).await.unwrap().unwrap();
        assert_eq!(
            (row.ended_ms, row.callers, row.caller_ms),
            (None, 2, 1_000 + 300)
        );
        let row = store.conference("a", 900).await.unwrap().unwrap();
        assert_eq!(
            row.caller_ms, 300,
            "a clock behind the conference takes nothing away"
        );
        assert_eq!(store.conference("b", 900).await.unwrap(), None);
        // A call whose end was lost does not go on after its conference.
        let end = LedgerEntry::ConferenceEnded {
            conference: "a".into(),
            at_ms: 1_400,
            reason: "ended_by_host".into(),
        };
        store.write_ledger(&[end]).await.unwrap();
        let row = store.conference("a", 9_000).await.unwrap().unwrap();
        assert_eq!(row.caller_ms, 400 + 300);
    })
    .await;
}

#[tokio::test]
async fn minutes_add_up_by_code() {
    check(async |store| {
        let owner = host(&store, "h@x", &["100", "200"]).await;
        host(&store, "other@x", &["300"]).await;
        for (id, room, at_ms, code) in [
            ("a", "100", 1_000, Some("11")),
            ("b", "200", 2_000, Some("11")),
            ("c", "200", 3_000, Some("22")),
            ("d", "100", 4_000, None),
            ("e", "300", 1_000, Some("11")),
            ("f", "100", 9_000, Some("11")),
        ] {
            store
                .write_ledger(&conference(id, room, at_ms, 100, 3))
                .await
                .unwrap();
            if let Some(code) = code {
                store.bill_conference(id, code).await.unwrap();
            }
        }
        store
            .put_billing_code(&owner.id, "22", "Client")
            .await
            .unwrap();
        store
            .put_billing_code(&owner.id, "33", "Unused")
            .await
            .unwrap();
        store
            .put_billing_code(&owner.id, "22", " Another client ")
            .await
            .unwrap();
        let listed = async || -> Vec<(String, String, i64, i64)> {
            let codes = store
                .billing_codes(&owner.id, 1_000, 9_000, 99_000)
                .await
                .unwrap();
            codes
                .into_iter()
                .map(|c| (c.code, c.name, c.conferences, c.caller_ms))
                .collect()
        };
        let row = |code: &str, name: &str, n, ms| (code.to_owned(), name.to_owned(), n, ms);
        assert_eq!(
            listed().await,
            [
                row("11", "", 2, 600),
                row("22", "Another client", 1, 300),
                row("33", "Unused", 0, 0),
            ]
        );
        store.remove_billing_code(&owner.id, "22").await.unwrap();
        store.remove_billing_code(&owner.id, "33").await.unwrap();
        assert_eq!(
            listed().await,
            [row("11", "", 2, 600), row("22", "", 1, 300)]
        );
        let told = store
            .remove_billing_code(&owner.id, "33")
            .await
            .unwrap_err();
        assert!(matches!(told, StoreError::Missing(_)), "{told}");
        let told = store
            .put_billing_code(&owner.id, "1", "")
            .await
            .unwrap_err();
        assert!(matches!(told, StoreError::Invalid(_)), "{told}");
        let told = store
            .put_billing_code("nobody", "11", "")
            .await
            .unwrap_err();
        assert!(matches!(told, StoreError::Missing(_)), "{told}");
        let told = store.bill_conference("nothing", "11").await.unwrap_err();
        assert_eq!(told.to_string(), "conference nothing does not exist");
        let told = store.bill_conference("a", "eleven").await.unwrap_err();
        assert!(matches!(told, StoreError::Invalid(_)), "{told}");
    })
    .await;
}

#[tokio::test]
async fn a_code_given_to_a_past_conference_outlives_a_replay() {
    check(async |store| {
        let entries = conference("a", "100", 1_000, 100, 1);
        store.write_ledger(&entries).await.unwrap();
        store.bill_conference("a", "77").await.unwrap();
        store.write_ledger(&entries).await.unwrap();
        let row = store.conference("a", 0).await.unwrap().unwrap();
        assert_eq!(row.billing_code.as_deref(), Some("77"));
    })
    .await;
}

#[tokio::test]
async fn a_recording_lives_and_its_row_stays() {
    check(async |store| {
        for (id, room, at_ms) in [
            ("a", "100", 1_000),
            ("b", "100", 2_000),
            ("c", "200", 3_000),
        ] {
            store
                .write_ledger(&conference(id, room, at_ms, 900, 1))
                .await
                .unwrap();
            store
                .write_ledger(&recording(&format!("r{id}"), id, at_ms + 10))
                .await
                .unwrap();
        }
        let listed = async |rooms: &[&str]| -> Vec<String> {
            let rooms: Vec<_> = rooms.iter().map(|room| number(room)).collect();
            let rows = store.recordings(&rooms).await.unwrap();
            rows.into_iter().map(|row| row.id).collect()
        };
        let due = async |before_ms: i64| -> Vec<String> {
            let rows = store.recordings_due(before_ms).await.unwrap();
            rows.into_iter().map(|row| row.id).collect()
        };
        assert_eq!(listed(&["100", "200"]).await, ["rc", "rb", "ra"]);
        assert_eq!(listed(&["100"]).await, ["rb", "ra"]);
        assert!(listed(&[]).await.is_empty());
        assert_eq!(due(3_010).await, ["ra", "rb"]);

        store
            .title_recording("ra", " Board meeting ")
            .await
            .unwrap();
        store.hold_recording("ra", true).await.unwrap();
        assert_eq!(due(9_000).await, ["rb", "rc"]);
        let told = store
            .mark_recording_deleted("ra", 5_000, "retention")
            .await
            .unwrap_err();
        assert_eq!(told.to_string(), "recording ra is held");
        store.hold_recording("ra", false).await.unwrap();
        store
            .mark_recording_deleted("ra", 6_000, "host")
            .await
            .unwrap();
        store
            .mark_recording_deleted("ra", 7_000, "retention")
            .await
            .unwrap();

        let row = store.recording("ra").await.unwrap().unwrap();
        assert_eq!(row.title, "Board meeting");
        assert_eq!(row.deleted, Some((6_000, "host".to_owned())));
        assert_eq!(due(9_000).await, ["rb", "rc"]);
        assert_eq!(listed(&["100"]).await, ["rb", "ra"]);
        let row = store.conference("a", 0).await.unwrap().unwrap();
        assert_eq!(row.recording, None);
        // A replay does not bring it back.
        store
            .write_ledger(&recording("ra", "a", 1_010))
            .await
            .unwrap();
        assert!(
            store
                .recording("ra")
                .await
                .unwrap()
                .unwrap()
                .deleted
                .is_some()
        );

        assert_eq!(store.recording("no\0ne").await.unwrap(), None);
        for told in [
            store.title_recording("rx", "t").await.unwrap_err(),
            store.hold_recording("rx", true).await.unwrap_err(),
            store
                .mark_recording_deleted("rx", 1, "host")
                .await
                .unwrap_err(),
        ] {
            assert_eq!(told.to_string(), "recording rx does not exist");
        }
        let told = store
            .title_recording("rb", &"t".repeat(121))
            .await
            .unwrap_err();
        assert_eq!(told.to_string(), "a title has at most 120 characters");
        store.title_recording("rb", &"ü".repeat(120)).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_large_ledger_adds_up() {
    const CONFERENCES: usize = 400;
    const CALLS: usize = 25;
    check(async |store| {
        let owner = host(&store, "h@x", &["100", "200"]).await;
        let mut batch = Vec::new();
        for nth in 0..CONFERENCES {
            let room = if nth % 2 == 0 { "100" } else { "200" };
            let started_ms = 1_000 * nth as i64;
            batch.extend(conference(
                &format!("c{nth:06}"),
                room,
                started_ms,
                60_000,
                CALLS,
            ));
            if batch.len() > 1_000 || nth + 1 == CONFERENCES {
                store.write_ledger(&batch).await.unwrap();
                batch.clear();
            }
        }
        let rooms = [number("100"), number("200")];
        let rows = store.conferences(&rooms, 0, i64::MAX, 0).await.unwrap();
        assert_eq!(rows.len(), CONFERENCES);
        assert_eq!(
            rows.iter().map(|row| row.callers).sum::<i64>(),
            (CONFERENCES * CALLS) as i64
        );
        assert!(
            rows.iter()
                .all(|row| row.caller_ms == 60_000 * CALLS as i64)
        );
        assert!(rows.is_sorted_by(|newer, older| newer.started_ms > older.started_ms));
        let half = store
            .conferences(&rooms[..1], 100_000, 200_000, 0)
            .await
            .unwrap();
        assert_eq!(half.len(), 50);
        assert_eq!(
            store.calls(0, i64::MAX).await.unwrap().len(),
            CONFERENCES * CALLS
        );
        assert!(
            store
                .billing_codes(&owner.id, 0, i64::MAX, 0)
                .await
                .unwrap()
                .is_empty()
        );
    })
    .await;
}
