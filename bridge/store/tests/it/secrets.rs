//! What can be found in a database that was stolen: no PIN, no password, no token.

use confab_core::settings::RoomSettings;
use confab_store::Store;
use sqlx::AssertSqlSafe;

use crate::{PASSWORD, PIN, host, lite, number, postgres};

const PIN_AFTER: &str = "30952817";
const PASSWORD_AFTER: &str = "battery staple 8";

/// Everything that takes a secret; what must not be found afterwards, and what must.
async fn fill(store: &Store) -> ([String; 5], String) {
    let user = host(store, "h@x", &["1000"]).await;
    store
        .set_room(&number("1000"), "pin", PIN_AFTER)
        .await
        .unwrap();
    store
        .add_room(&number("2000"), "h@x", PIN, &RoomSettings::default())
        .await
        .unwrap();
    store.set_password("h@x", PASSWORD_AFTER).await.unwrap();
    let token = store.open_session(&user.id, 0, 9_000).await.unwrap();
    let secrets = [PIN, PIN_AFTER, PASSWORD, PASSWORD_AFTER, &token].map(str::to_owned);
    (secrets, user.id)
}

#[tokio::test]
async fn no_secret_is_in_the_file() {
    let (store, folder) = lite().await;
    let (secrets, known) = fill(&store).await;
    let mut bytes = Vec::new();
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        bytes.extend(std::fs::read(entry.unwrap().path()).unwrap());
    }
    let found = |text: &str| {
        bytes
            .windows(text.len())
            .any(|window| window == text.as_bytes())
    };
    assert!(found(&known));
    for secret in &secrets {
        assert!(!found(secret), "{secret}");
    }
}

#[tokio::test]
async fn no_secret_is_in_any_table() {
    let Some(server) = postgres() else {
        return;
    };
    let url = server.fresh_database();
    let store = Store::open(&url).await.unwrap();
    let (secrets, known) = fill(&store).await;
    let pool = sqlx::PgPool::connect(&url).await.unwrap();
    let sql = "SELECT table_name::text FROM information_schema.tables \
               WHERE table_schema = 'public'";
    let tables: Vec<(String,)> = sqlx::query_as(sql).fetch_all(&pool).await.unwrap();
    assert!(tables.len() > 10, "{tables:?}");
    let mut all = String::new();
    for (table,) in tables {
        let sql = AssertSqlSafe(format!("SELECT t::text FROM {table} t"));
        let rows: Vec<(String,)> = sqlx::query_as(sql).fetch_all(&pool).await.unwrap();
        all.extend(rows.into_iter().map(|(row,)| row));
    }
    assert!(all.contains(&known));
    for secret in &secrets {
        assert!(!all.contains(secret), "{secret}");
    }
}

#[tokio::test]
async fn equal_pins_of_two_rooms_do_not_look_equal() {
    let (store, folder) = lite().await;
    host(&store, "h@x", &["1000", "2000"]).await;
    let file = format!("sqlite://{}", folder.path().join("confab.db").display());
    let pool = sqlx::SqlitePool::connect(&file).await.unwrap();
    let sql = "SELECT COUNT(DISTINCT pin_mac) FROM rooms";
    let (different,): (i64,) = sqlx::query_as(sql).fetch_one(&pool).await.unwrap();
    assert_eq!(different, 2);
}

#[tokio::test]
async fn nothing_printed_for_a_log_holds_the_key() {
    let (store, folder) = lite().await;
    let file = format!("sqlite://{}", folder.path().join("confab.db").display());
    let pool = sqlx::SqlitePool::connect(&file).await.unwrap();
    let sql = "SELECT value FROM secrets WHERE name = 'pin_key'";
    let (key,): (String,) = sqlx::query_as(sql).fetch_one(&pool).await.unwrap();
    assert_eq!(key.len(), 64);
    assert!(!format!("{store:?}").contains(&key));
}

#[tokio::test]
async fn a_browsers_mark_holds_for_its_account_and_its_time() {
    let (store, _folder) = lite().await;
    let (other, _other_folder) = lite().await;
    let mark = store.mark_browser("Anna@Example.com ", 1_000, 500);
    let id = store.browser_of_mark(&mark, "anna@example.com", 1_499);
    assert_eq!(id.map(str::len), Some(32));
    let (expires, rest) = mark.split_once('.').unwrap();
    let later = format!("{}9.{rest}", expires);
    let cut = &mark[..mark.len() - 1];
    for (store, mark, email, now_ms) in [
        (&store, mark.as_str(), "anna@example.com", 1_500),
        (&store, &mark, "bert@example.com", 1_000),
        (&other, &mark, "anna@example.com", 1_000),
        (&store, &later, "anna@example.com", 1_000),
        (&store, cut, "anna@example.com", 1_000),
        (&store, "..", "anna@example.com", 1_000),
        (&store, "", "anna@example.com", 1_000),
    ] {
        assert_eq!(store.browser_of_mark(mark, email, now_ms), None, "{mark}");
    }
    let again = store.mark_browser("anna@example.com", 1_000, 500);
    assert_ne!(again, mark, "each browser has an id of its own");
}
