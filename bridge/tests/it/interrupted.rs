//! What a crash left open, on a real database and real files: who is measured, who is left alone.

use std::path::Path;

use confab::interrupted::{Closed, close};
use confab_recorder::{FRAME_BYTES, FRAME_MS};
use confab_store::{LedgerEntry, Store};

const START_MS: i64 = 1_800_000_000_000;
const NOW_MS: i64 = START_MS + 3_600_000;
/// Sound of a minute and a bit, to the frame.
const FRAMES: usize = 2_000;
const SOUND_MS: i64 = (FRAMES as u64 * FRAME_MS) as i64;
const BYTES: i64 = (FRAMES * FRAME_BYTES) as i64;

async fn house(dir: &Path) -> Store {
    Store::open(&format!("sqlite:{}", dir.join("confab.db").display()))
        .await
        .unwrap()
}

/// So many frames as the recorder writes them, and `tail` bytes of one more.
fn mp3(dir: &Path, id: &str, frames: usize, tail: usize) {
    let mut frame = vec![0xff, 0xf3, 0x68, 0xc4];
    frame.resize(FRAME_BYTES, 0);
    let mut bytes = frame.repeat(frames);
    bytes.extend(&frame[..tail]);
    std::fs::write(dir.join(format!("{id}.mp3")), bytes).unwrap();
}

/// A conference named like its recording, which began with it.
fn begun(id: &str) -> [LedgerEntry; 2] {
    [
        LedgerEntry::ConferenceStarted {
            conference: id.into(),
            room: "1000".into(),
            at_ms: START_MS,
            billing_code: None,
        },
        LedgerEntry::RecordingStarted {
            recording: id.into(),
            conference: id.into(),
            at_ms: START_MS,
        },
    ]
}

fn stopped(id: &str, duration_ms: i64, bytes: i64) -> LedgerEntry {
    LedgerEntry::RecordingStopped {
        recording: id.into(),
        at_ms: START_MS + duration_ms,
        duration_ms,
        bytes,
    }
}

fn ended(id: &str) -> LedgerEntry {
    LedgerEntry::ConferenceEnded {
        conference: id.into(),
        at_ms: START_MS + 60_000,
        reason: "nobody_left".into(),
    }
}

/// Length and size as the pages tell them.
async fn told(store: &Store, id: &str) -> (i64, i64) {
    let row = store.recording(id).await.unwrap().unwrap();
    (row.duration_ms, row.bytes)
}

#[tokio::test]
async fn recordings_that_were_not_stopped_get_the_length_of_their_files() {
    let dir = tempfile::tempdir().unwrap();
    let store = house(dir.path()).await;
    for id in ["first", "second", "no-file"] {
        store.write_ledger(&begun(id)).await.unwrap();
    }
    // stopped, started again, and then the crash: the ledger knows the first stretch only
    store
        .write_ledger(&[stopped("second", 36_000, 216_000)])
        .await
        .unwrap();
    mp3(dir.path(), "first", FRAMES, 100);
    mp3(dir.path(), "second", FRAMES, 0);

    let closed = close(&store, dir.path().into(), None, NOW_MS)
        .await
        .unwrap();
    let (recordings, calls) = (3, 3);
    assert_eq!(closed, Closed { recordings, calls });
    assert_eq!(told(&store, "first").await, (SOUND_MS, BYTES + 100));
    assert_eq!(told(&store, "second").await, (SOUND_MS, BYTES));
    assert_eq!(told(&store, "no-file").await, (0, 0));
    // the sound is a sign of life of its conference
    let conference = store.conference("first", NOW_MS).await.unwrap().unwrap();
    assert_eq!(conference.ended_ms, Some(START_MS + SOUND_MS));
    assert_eq!(conference.end_reason.as_deref(), Some("crashed"));
    let again = close(&store, dir.path().into(), None, NOW_MS).await;
    assert_eq!(again.unwrap(), Closed::default());
}

#[tokio::test]
async fn what_was_told_to_its_end_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let store = house(dir.path()).await;
    for id in ["ended", "deleted", "right"] {
        store.write_ledger(&begun(id)).await.unwrap();
        mp3(dir.path(), id, FRAMES, 0);
    }
    let ends = [
        stopped("ended", 36_000, 216_000),
        ended("ended"),
        stopped("right", SOUND_MS, BYTES),
    ];
    store.write_ledger(&ends).await.unwrap();
    store
        .mark_recording_deleted("deleted", NOW_MS, "host")
        .await
        .unwrap();
    let closed = close(&store, dir.path().into(), None, NOW_MS).await;
    assert_eq!(closed.unwrap().recordings, 0);
    assert_eq!(told(&store, "ended").await, (36_000, 216_000));
    assert_eq!(told(&store, "deleted").await, (0, 0));
    assert_eq!(told(&store, "right").await, (SOUND_MS, BYTES));
}

#[tokio::test]
async fn a_file_that_cannot_be_read_keeps_nobody_and_is_asked_again() {
    let dir = tempfile::tempdir().unwrap();
    let store = house(dir.path()).await;
    for id in ["bad", "good"] {
        store.write_ledger(&begun(id)).await.unwrap();
    }
    let in_the_way = dir.path().join("bad.mp3");
    std::fs::create_dir(&in_the_way).unwrap();
    mp3(dir.path(), "good", FRAMES, 0);
    let closed = close(&store, dir.path().into(), None, NOW_MS).await;
    assert_eq!(closed.unwrap().recordings, 1);
    assert_eq!(told(&store, "good").await, (SOUND_MS, BYTES));

    std::fs::remove_dir(in_the_way).unwrap();
    mp3(dir.path(), "bad", FRAMES, 0);
    let closed = close(&store, dir.path().into(), None, NOW_MS).await;
    assert_eq!(closed.unwrap().recordings, 1);
    assert_eq!(told(&store, "bad").await, (SOUND_MS, BYTES));
}
