//! Tests that no query of a page reads a whole table, so that it is as quick in its tenth year.

use crate::Store;
use crate::db::{Db, Sql};
use crate::{billing, ledger, recordings, usage};

/// Runs EXPLAIN on an empty database, where SQLite plans by the indexes alone.
async fn check(store: &Store, sql: impl Into<Sql>, index: &str) {
    let sql = sql.into().lite;
    let Db::Lite { write, .. } = &store.db else {
        panic!("opened as SQLite");
    };
    let explain = sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}"));
    let steps: Vec<(i64, i64, i64, String)> =
        sqlx::query_as(explain).fetch_all(write).await.unwrap();
    let steps: Vec<String> = steps.into_iter().map(|(_, _, _, step)| step).collect();
    // A list it was given, what it made itself, and the index of what is open may well be read as
    // a whole.
    let small = [
        "json_each",
        "CONSTANT",
        "SCAN u",
        "SCAN ledger_clock",
        "_open",
    ];
    let scans = steps.iter().filter(|step| step.starts_with("SCAN"));
    let whole: Vec<_> = scans
        .filter(|step| !small.iter().any(|s| step.contains(s)))
        .collect();
    assert!(
        whole.is_empty(),
        "{sql}\nreads all of {whole:#?}\nin {steps:#?}"
    );
    assert!(
        steps.iter().any(|step| step.contains(index)),
        "{sql}\n{steps:#?}"
    );
}

#[tokio::test]
async fn every_page_finds_its_rows_by_an_index() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("plans.db").display());
    let store = Store::open(&url).await.unwrap();
    check(
        &store,
        usage::CONFERENCES,
        "conferences_room (room=? AND started_ms>?",
    )
    .await;
    check(
        &store,
        usage::CONFERENCES,
        "COVERING INDEX calls_conference",
    )
    .await;
    check(&store, usage::CONFERENCES, "recordings_conference").await;
    check(&store, usage::ONE_CONFERENCE, "calls_conference").await;
    check(&store, usage::CALLS_OF, "calls_conference (conference=?)").await;
    check(&store, usage::CALLS, "calls_started (started_ms>?").await;
    check(&store, recordings::RECORDINGS, "conferences_room (room=?)").await;
    check(
        &store,
        recordings::RECORDINGS,
        "recordings_conference (conference=?)",
    )
    .await;
    check(&store, recordings::ONE_RECORDING, "(id=?)").await;
    check(
        &store,
        recordings::RECORDINGS_DUE,
        "recordings_kept (started_ms<?)",
    )
    .await;
    check(&store, recordings::NOTICES, "(recording=?)").await;
    check(
        &store,
        billing::CODES,
        "conferences_room (room=? AND started_ms>?",
    )
    .await;
    check(&store, billing::CODES, "COVERING INDEX calls_conference").await;
    check(&store, ledger::READ_CLOCK, "").await;
    check(&store, ledger::CLOSE_CALLS, "calls_open").await;
    check(&store, ledger::CLOSE_CONFERENCES, "conferences_open").await;
}
