//! The store, each test on SQLite and on PostgreSQL.
// Clippy lets tests unwrap, but does not see that the functions they share are tests too.
#![allow(clippy::unwrap_used)]

mod faults;
mod history;
mod ledger;
mod people;
mod rooms;
mod secrets;

use std::sync::OnceLock;

use confab_core::ids::RoomNumber;
use confab_core::settings::RoomSettings;
use confab_store::testing::PrivatePostgres;
use confab_store::{Store, User};
use tempfile::TempDir;

/// Runs a test on a new database of each kind.
pub(crate) async fn check(test: impl AsyncFn(Store)) {
    let (store, _folder) = lite().await;
    eprintln!("on SQLite");
    test(store).await;
    if let Some(postgres) = postgres() {
        eprintln!("on PostgreSQL");
        test(Store::open(&postgres.fresh_database()).await.unwrap()).await;
    }
}

/// A new SQLite database and the folder it lives in.
pub(crate) async fn lite() -> (Store, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&lite_url(&folder)).await.unwrap();
    (store, folder)
}

pub(crate) fn lite_url(folder: &TempDir) -> String {
    format!("sqlite:{}", folder.path().join("confab.db").display())
}

/// The one server of all tests; it ends with this process.
pub(crate) fn postgres() -> Option<&'static PrivatePostgres> {
    static SERVER: OnceLock<Option<PrivatePostgres>> = OnceLock::new();
    SERVER.get_or_init(PrivatePostgres::start).as_ref()
}

pub(crate) const PASSWORD: &str = "correct horse 7";
pub(crate) const PIN: &str = "8417265";

pub(crate) fn number(digits: &str) -> RoomNumber {
    RoomNumber::parse(digits).unwrap()
}

/// A host with rooms.
pub(crate) async fn host(store: &Store, email: &str, rooms: &[&str]) -> User {
    let user = store
        .add_user(email, "A Host", PASSWORD, false)
        .await
        .unwrap();
    for room in rooms {
        let settings = RoomSettings::default();
        store
            .add_room(&number(room), email, PIN, &settings)
            .await
            .unwrap();
    }
    user
}
