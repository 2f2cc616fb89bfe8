//! The ledger task while the database, the spool or both are away: nothing is lost, nobody waits.

use std::path::Path;
use std::time::Duration;

use confab::ledger::Ledger;
use confab_store::testing::PrivatePostgres;
use confab_store::{LedgerEntry, Store};

fn started(n: usize) -> LedgerEntry {
    LedgerEntry::CallStarted {
        call: format!("call-{n:04}"),
        at_ms: 1_700_000_000_000 + n as i64,
        caller_number: "+33100000000".into(),
        caller_name: String::new(),
        dialled: "1000".into(),
    }
}

async fn calls(store: &Store) -> usize {
    store
        .calls(0, i64::MAX)
        .await
        .map(|rows| rows.len())
        .unwrap_or_default()
}

async fn wait_for(what: &str, mut done: impl AsyncFnMut() -> bool) {
    for _ in 0..600 {
        if done().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("not within a minute: {what}");
}

#[tokio::test(flavor = "multi_thread")]
async fn entries_outlive_a_database_that_is_away() {
    let Some(mut postgres) = PrivatePostgres::start() else {
        return;
    };
    let store = Store::open(&postgres.fresh_database()).await.unwrap();
    let dir = tempfile::tempdir().unwrap();
    let (ledger, task) = Ledger::start(store.clone(), dir.path()).await;
    let tally = ledger.tally();

    ledger.write(started(0)).await;
    wait_for("the first entry", async || calls(&store).await == 1).await;
    postgres.stop();
    for n in 1..=200 {
        ledger.write(started(n)).await;
    }
    wait_for("all entries in the spool", async || tally.waiting() == 200).await;
    postgres.start_again();
    wait_for("all entries in the database", async || {
        calls(&store).await == 201
    })
    .await;
    wait_for("an empty spool", async || tally.waiting() == 0).await;
    drop(ledger);
    task.await.unwrap();
    assert_eq!(
        std::fs::metadata(dir.path().join("ledger.spool"))
            .unwrap()
            .len(),
        0
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_spool_left_by_a_crash_is_written_at_the_next_start() {
    let dir = tempfile::tempdir().unwrap();
    let lines: String = (0..3)
        .map(|n| serde_json::to_string(&started(n)).unwrap() + "\n")
        .chain(["{\"entry\":\"call_sta".to_owned()])
        .collect();
    std::fs::write(dir.path().join("ledger.spool"), lines).unwrap();
    let url = format!("sqlite:{}", dir.path().join("confab.db").display());
    let store = Store::open(&url).await.unwrap();
    let (ledger, _task) = Ledger::start(store.clone(), dir.path()).await;
    assert_eq!(calls(&store).await, 3);
    assert_eq!((ledger.tally().waiting(), ledger.tally().broken()), (0, 1));
}

/// Makes the spool of this folder impossible to write, for root as well.
fn block_spool(dir: &Path) {
    std::fs::create_dir(dir.join("ledger.spool")).unwrap();
}

fn unblock_spool(dir: &Path) {
    std::fs::remove_dir(dir.join("ledger.spool")).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_spool_entries_go_to_the_database_at_once() {
    let dir = tempfile::tempdir().unwrap();
    block_spool(dir.path());
    let url = format!("sqlite:{}", dir.path().join("confab.db").display());
    let store = Store::open(&url).await.unwrap();
    let (ledger, task) = Ledger::start(store.clone(), dir.path()).await;
    let tally = ledger.tally();
    assert!(tally.spool_failing());
    for n in 0..1_200 {
        ledger.write(started(n)).await;
    }
    wait_for("all entries in the database", async || {
        calls(&store).await == 1_200
    })
    .await;
    wait_for("nothing waits", async || tally.waiting() == 0).await;
    assert!(tally.spool_failing());

    // it is found to be well again though nothing comes, and is used again
    unblock_spool(dir.path());
    wait_for("a spool that works", async || !tally.spool_failing()).await;
    ledger.write(started(1_200)).await;
    drop(ledger);
    task.await.unwrap();
    assert_eq!(calls(&store).await, 1_201);
    assert_eq!((tally.lost(), tally.waiting()), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_spool_and_database_entries_are_held_until_one_is_back() {
    let Some(mut postgres) = PrivatePostgres::start() else {
        return;
    };
    let store = Store::open(&postgres.fresh_database()).await.unwrap();
    let dir = tempfile::tempdir().unwrap();
    block_spool(dir.path());
    let (ledger, task) = Ledger::start(store.clone(), dir.path()).await;
    let tally = ledger.tally();
    let held = async |count| tally.held() == count && tally.waiting() == count;

    // the database is back first
    postgres.stop();
    for n in 0..700 {
        ledger.write(started(n)).await;
    }
    wait_for("all entries in memory", async || held(700).await).await;
    postgres.start_again();
    wait_for("all in the database", async || calls(&store).await == 700).await;
    wait_for("none in memory", async || held(0).await).await;

    // the spool is back first, and outlives the program
    postgres.stop();
    for n in 700..1_400 {
        ledger.write(started(n)).await;
    }
    wait_for("all entries in memory", async || held(700).await).await;
    unblock_spool(dir.path());
    wait_for("all entries in the spool", async || {
        (tally.held(), tally.waiting()) == (0, 700)
    })
    .await;
    drop(ledger);
    task.await.unwrap();
    let spool = std::fs::read_to_string(dir.path().join("ledger.spool")).unwrap();
    assert_eq!(spool.lines().count(), 700);
    postgres.start_again();
    let (ledger, _task) = Ledger::start(store.clone(), dir.path()).await;
    wait_for("all in the database", async || calls(&store).await == 1_400).await;
    assert_eq!((tally.lost(), ledger.tally().lost()), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_memory_has_no_room_for_is_counted() {
    let Some(mut postgres) = PrivatePostgres::start() else {
        return;
    };
    let store = Store::open(&postgres.fresh_database()).await.unwrap();
    let dir = tempfile::tempdir().unwrap();
    block_spool(dir.path());
    let (ledger, task) = Ledger::start_holding(10, store.clone(), dir.path()).await;
    let tally = ledger.tally();
    postgres.stop();
    for n in 0..25 {
        ledger.write(started(n)).await;
    }
    wait_for("what is lost is counted", async || tally.lost() == 15).await;
    assert_eq!(tally.held(), 10);
    postgres.start_again();
    wait_for("the first are kept", async || calls(&store).await == 10).await;
    wait_for("nothing waits", async || tally.waiting() == 0).await;
    let kept = store.calls(0, i64::MAX).await.unwrap();
    assert!(kept.iter().all(|call| call.id.as_str() < "call-0010"));

    // at the end, too
    postgres.stop();
    for n in 25..30 {
        ledger.write(started(n)).await;
    }
    drop(ledger);
    task.await.unwrap();
    assert_eq!(tally.lost(), 20);
}
