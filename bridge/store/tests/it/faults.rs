//! Databases that are away, broken, shared or busy.

use std::os::unix::fs::MetadataExt;
use std::time::Duration;

use confab_core::settings::RoomSettings;
use confab_store::testing::PrivatePostgres;
use confab_store::{LedgerEntry, Store, StoreError};

use crate::{PIN, check, host, lite, lite_url, number};

fn call(id: String, at_ms: i64) -> LedgerEntry {
    LedgerEntry::CallStarted {
        call: id,
        at_ms,
        caller_number: "123".into(),
        caller_name: String::new(),
        dialled: "1000".into(),
    }
}

/// Far more than any refusal takes, so that a test fails rather than hangs.
const PATIENCE: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_was_away_is_found_again() {
    let Some(mut server) = PrivatePostgres::start() else {
        return;
    };
    let store = Store::open(&server.fresh_database()).await.unwrap();
    host(&store, "h@x", &["1000"]).await;
    store
        .write_ledger(&[call("before".into(), 1)])
        .await
        .unwrap();
    for _ in 0..2 {
        server.stop();
        let away = async {
            store.ping().await.unwrap_err();
            store.check_pin(&number("1000"), PIN).await.unwrap_err();
            store
                .write_ledger(&[call("during".into(), 2)])
                .await
                .unwrap_err()
        };
        let told = tokio::time::timeout(PATIENCE, away)
            .await
            .expect("it gives up soon");
        assert!(matches!(told, StoreError::Database(_)), "{told}");
        server.start_again();
        store.ping().await.unwrap();
        assert!(store.check_pin(&number("1000"), PIN).await.unwrap());
    }
    store
        .write_ledger(&[call("after".into(), 3)])
        .await
        .unwrap();
    let calls = store.calls(0, 10).await.unwrap();
    let ids: Vec<&str> = calls.iter().map(|call| call.id.as_str()).collect();
    assert_eq!(ids, ["after", "before"]);
}

#[tokio::test]
async fn a_server_that_is_not_there_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!(
        "postgres:///confab?host={}&password=hush",
        folder.path().display()
    );
    let opening = tokio::time::timeout(PATIENCE, Store::open(&url));
    let told = opening.await.expect("it gives up soon").unwrap_err();
    assert!(matches!(told, StoreError::Database(_)), "{told}");
    assert!(!told.to_string().contains("hush"), "{told}");
}

#[tokio::test]
async fn what_is_no_database_is_told_with_its_path() {
    let folder = tempfile::tempdir().unwrap();
    let garbage = folder.path().join("garbage.db");
    std::fs::write(
        &garbage,
        "this is not a database, and long enough to be seen\n".repeat(50),
    )
    .unwrap();
    let open = async |path: &std::path::Path| {
        Store::open(&format!("sqlite:{}", path.display()))
            .await
            .unwrap_err()
            .to_string()
    };
    let told = open(&garbage).await;
    assert!(
        told.contains("garbage.db: file is not a database"),
        "{told}"
    );
    let told = open(folder.path()).await;
    assert!(told.contains("s a directory"), "{told}");
    let told = open(&folder.path().join("none/x.db")).await;
    assert!(told.contains("none/x.db: No such file"), "{told}");
    for url in [
        "",
        "mysql://x",
        "/data/confab.db",
        "sqlite:",
        "sqlite::memory:",
    ] {
        let told = Store::open(url).await.unwrap_err();
        assert!(matches!(&told, StoreError::Invalid(_)), "{told}");
        assert!(told.to_string().contains("sqlite:PATH"), "{told}");
    }
}

#[tokio::test]
async fn a_file_that_breaks_while_it_is_open_is_told() {
    let (store, folder) = lite().await;
    let entries: Vec<_> = (0..2_000)
        .map(|nth| call(format!("call-{nth}"), nth))
        .collect();
    store.write_ledger(&entries).await.unwrap();
    store.close().await;
    let path = folder.path().join("confab.db");
    let mut bytes = std::fs::read(&path).unwrap();
    let pages = 4_096 * 2..bytes.len();
    bytes[pages].fill(0x5a);
    std::fs::write(&path, bytes).unwrap();
    let told = match Store::open(&lite_url(&folder)).await {
        Ok(store) => store.calls(0, i64::MAX).await.unwrap_err(),
        Err(told) => told,
    };
    assert!(told.to_string().contains("malformed"), "{told}");
}

#[tokio::test]
async fn a_schema_from_the_future_is_told() {
    let (store, folder) = lite().await;
    store.close().await;
    let file = format!("sqlite://{}", folder.path().join("confab.db").display());
    let pool = sqlx::SqlitePool::connect(&file).await.unwrap();
    let sql = "INSERT INTO _sqlx_migrations (version, description, success, checksum, \
               execution_time) VALUES (99, 'later', TRUE, x'00', 0)";
    sqlx::query(sql).execute(&pool).await.unwrap();
    pool.close().await;
    let told = Store::open(&lite_url(&folder)).await.unwrap_err();
    assert!(
        told.to_string().contains("newer than this program"),
        "{told}"
    );
}

#[tokio::test]
async fn the_file_is_nobody_elses() {
    let (store, folder) = lite().await;
    host(&store, "h@x", &[]).await;
    for name in ["confab.db", "confab.db-wal"] {
        let mode = std::fs::metadata(folder.path().join(name)).unwrap().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_database_can_be_opened_by_many_at_once() {
    async fn open_by_many(url: String) {
        let opening: Vec<_> = (0..6)
            .map(|_| {
                let url = url.clone();
                tokio::spawn(async move { Store::open(&url).await })
            })
            .collect();
        let mut stores = Vec::new();
        for opened in opening {
            stores.push(opened.await.unwrap().unwrap());
        }
        // All hold the same key: a PIN set through one fits through the others.
        host(&stores[0], "h@x", &["1000"]).await;
        for store in &stores {
            assert!(store.check_pin(&number("1000"), PIN).await.unwrap());
        }
    }
    let folder = tempfile::tempdir().unwrap();
    open_by_many(lite_url(&folder)).await;
    if let Some(server) = crate::postgres() {
        open_by_many(server.fresh_database()).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_writes_while_the_server_writes() {
    let (server, folder) = lite().await;
    host(&server, "h@x", &[]).await;
    let tool = Store::open(&lite_url(&folder)).await.unwrap();
    let writing = tokio::spawn({
        let server = server.clone();
        async move {
            for nth in 0..100 {
                server
                    .write_ledger(&[call(format!("call-{nth}"), nth)])
                    .await
                    .unwrap();
            }
        }
    });
    for nth in 0..30 {
        let room = number(&format!("{}", 1_000 + nth));
        tool.add_room(&room, "h@x", PIN, &RoomSettings::default())
            .await
            .unwrap();
        tool.set_room(&room, "join_muted", "true").await.unwrap();
        let seen = server
            .room(room.as_str())
            .await
            .unwrap()
            .expect("there for the next call");
        assert!(seen.settings.join_muted);
    }
    writing.await.unwrap();
    assert_eq!(tool.calls(0, i64::MAX).await.unwrap().len(), 100);
}

#[tokio::test(flavor = "multi_thread")]
async fn eight_writers_get_on() {
    check(async |store| {
        host(&store, "h@x", &["1000"]).await;
        let writers: Vec<_> = (0..8)
            .map(|writer: i64| {
                let store = store.clone();
                tokio::spawn(async move {
                    for nth in 0..25 {
                        let at_ms = writer * 1_000 + nth;
                        let entry = call(format!("call-{writer}-{nth}"), at_ms);
                        store.write_ledger(&[entry]).await.unwrap();
                        let value = if nth % 2 == 0 { "true" } else { "false" };
                        store
                            .set_room(&number("1000"), "join_muted", value)
                            .await
                            .unwrap();
                        store.newest_ledger_ms().await.unwrap().unwrap();
                    }
                })
            })
            .collect();
        for writer in writers {
            writer.await.unwrap();
        }
        assert_eq!(store.calls(0, i64::MAX).await.unwrap().len(), 200);
        assert_eq!(store.newest_ledger_ms().await.unwrap(), Some(7_024));
    })
    .await;
}
