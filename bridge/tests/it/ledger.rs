//! The ledger task while the database is away: nothing is lost, nobody waits.

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
    let (ledger, task) = Ledger::start(store.clone(), dir.path()).await.unwrap();

    ledger.write(started(0)).await;
    wait_for("the first entry", async || calls(&store).await == 1).await;
    postgres.stop();
    for n in 1..=200 {
        ledger.write(started(n)).await;
    }
    wait_for("all entries in the spool", async || ledger.waiting() == 200).await;
    postgres.start_again();
    wait_for("all entries in the database", async || {
        calls(&store).await == 201
    })
    .await;
    wait_for("an empty spool", async || ledger.waiting() == 0).await;
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
    let (_ledger, _task) = Ledger::start(store.clone(), dir.path()).await.unwrap();
    assert_eq!(calls(&store).await, 3);
}
