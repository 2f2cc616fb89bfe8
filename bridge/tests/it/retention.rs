//! Retention on a real database and real files: who is deleted, who is kept, what is told.

use std::path::Path;

use confab::janitor::{Mode, Rules, sweep};
use confab_core::ids::RoomNumber;
use confab_core::settings::RoomSettings;
use confab_store::{LedgerEntry, Store};

const DAY_MS: i64 = 24 * 60 * 60 * 1000;
const NOW_MS: i64 = 1_800_000_000_000;

const RULES: Rules = Rules {
    keep_days: 365,
    now_ms: NOW_MS,
    trust_clock: false,
    mode: Mode::Delete,
};

/// A conference that was recorded `days` ago, with its file.
async fn record(store: &Store, dir: &Path, id: &str, days: i64) {
    let at_ms = NOW_MS - days * DAY_MS;
    let conference = format!("conference-{id}");
    let entries = [
        LedgerEntry::ConferenceStarted {
            conference: conference.clone(),
            room: "1000".into(),
            at_ms,
            billing_code: None,
        },
        LedgerEntry::RecordingStarted {
            recording: id.into(),
            conference: conference.clone(),
            at_ms,
        },
        LedgerEntry::RecordingStopped {
            recording: id.into(),
            at_ms: at_ms + 60_000,
            duration_ms: 60_000,
            bytes: 4,
        },
        LedgerEntry::ConferenceEnded {
            conference,
            at_ms: at_ms + 60_000,
            reason: "nobody_left".into(),
        },
    ];
    store.write_ledger(&entries).await.unwrap();
    std::fs::write(dir.join(format!("{id}.mp3")), b"mp3!").unwrap();
}

async fn house(dir: &Path) -> Store {
    let store = Store::open(&format!("sqlite:{}", dir.join("confab.db").display()))
        .await
        .unwrap();
    store
        .add_user("ann@example.org", "Ann", "secret123", false)
        .await
        .unwrap();
    let number = RoomNumber::parse("1000").unwrap();
    store
        .add_room(
            &number,
            "ann@example.org",
            "24680",
            &RoomSettings::default(),
        )
        .await
        .unwrap();
    store
}

fn there(dir: &Path, id: &str) -> bool {
    dir.join(format!("{id}.mp3")).exists()
}

#[tokio::test]
async fn old_recordings_go_and_leave_a_row() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let store = house(dir).await;
    record(&store, dir, "old", 366).await;
    record(&store, dir, "held", 400).await;
    record(&store, dir, "young", 364).await;
    record(&store, dir, "new", 0).await;
    store.hold_recording("held", true).await.unwrap();

    let dry = sweep(
        &store,
        dir,
        Rules {
            mode: Mode::DryRun,
            ..RULES
        },
    )
    .await
    .unwrap();
    assert_eq!(dry.deleted, ["old"]);
    assert!(there(dir, "old"), "a dry run deletes nothing");
    let real = sweep(&store, dir, RULES).await.unwrap();
    assert_eq!((real.deleted, real.refused), (vec!["old".to_owned()], None));
    for (id, kept) in [
        ("old", false),
        ("held", true),
        ("young", true),
        ("new", true),
    ] {
        assert_eq!(there(dir, id), kept, "{id}");
        let row = store.recording(id).await.unwrap().unwrap();
        assert_eq!(
            row.deleted,
            (!kept).then(|| (NOW_MS, "retention".to_owned())),
            "{id}"
        );
    }
    assert_eq!(
        sweep(&store, dir, RULES).await.unwrap().deleted,
        Vec::<String>::new()
    );

    // a file that came to life again, or was never removed after its row was written
    std::fs::write(dir.join("old.mp3"), b"mp3!").unwrap();
    sweep(&store, dir, RULES).await.unwrap();
    assert!(!there(dir, "old"));
}

#[tokio::test]
async fn a_clock_that_jumps_deletes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let store = house(dir).await;
    record(&store, dir, "old", 366).await;
    record(&store, dir, "new", 0).await;
    for (days, words) in [(-30, "behind"), (200, "ahead")] {
        let rules = Rules {
            now_ms: NOW_MS + days * DAY_MS,
            ..RULES
        };
        let refused = sweep(&store, dir, rules).await.unwrap();
        assert!(refused.deleted.is_empty() && there(dir, "old"));
        assert!(refused.refused.is_some_and(|why| why.contains(words)));
        let trusted = Rules {
            trust_clock: true,
            mode: Mode::DryRun,
            ..rules
        };
        let expected = if days > 0 {
            vec!["old".to_owned()]
        } else {
            Vec::new()
        };
        assert_eq!(sweep(&store, dir, trusted).await.unwrap().deleted, expected);
    }
}
