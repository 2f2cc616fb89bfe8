//! `confab backup` without a server: what is in the copy, what is refused. The copy of a server in
//! the middle of a call, and serving from it, are tested with telephones.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use confab_store::Store;
use confab_store::testing::PrivatePostgres;

use crate::program;

const DATA: (&str, &str) = ("CONFAB_DATA_DIR", "data");

fn good(here: &Path, args: &[&str]) -> String {
    program::good(here, args, &[DATA])
}

fn refused(here: &Path, args: &[&str], env: &[(&str, &str)], words: &str) {
    let output = program::run(here, args, &[&[DATA], env].concat());
    let err = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{args:?}: {err}");
    assert!(err.contains(words), "{args:?}: {err}");
}

fn add_user(here: &Path, email: &str) {
    let user = ["user", "add", "--name", "Ann", "--password", "secret123"];
    good(here, &[&user[..], &["--email", email]].concat());
}

#[tokio::test]
async fn a_copy_has_everything_and_overwrites_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let here = dir.path();
    refused(here, &["backup", "copy"], &[], "there is no Confab data");
    assert!(!here.join("copy").exists());

    add_user(here, "ann@x");
    // a server that goes on writing has these open
    let store = format!("sqlite:{}", here.join("data/confab.db").display());
    let store = Store::open(&store).await.unwrap();
    let data = here.join("data");
    for folder in ["prompts/de", "sounds", "recordings"] {
        fs::create_dir_all(data.join(folder)).unwrap();
    }
    fs::write(data.join("ledger.spool"), "waits\n").unwrap();
    fs::write(data.join("prompts/de/welcome.wav"), "own").unwrap();
    fs::write(data.join("sounds/hold-music.wav"), "music").unwrap();
    fs::write(data.join("recordings/one.mp3"), "sound").unwrap();
    fs::write(data.join("recordings/one.part"), "rest").unwrap();

    let told = good(here, &["backup", "copy"]);
    assert!(
        told.contains("sounds of your own: 2; recordings: none"),
        "{told}"
    );
    let copy = here.join("copy");
    let read = |name: &str| fs::read_to_string(copy.join(name)).unwrap();
    assert_eq!(read("ledger.spool"), "waits\n");
    assert_eq!(read("prompts/de/welcome.wav"), "own");
    assert_eq!(read("sounds/hold-music.wav"), "music");
    assert!(!copy.join("recordings").exists());
    for name in ["", "confab.db", "ledger.spool"] {
        let mode = fs::metadata(copy.join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{name}");
    }

    store
        .add_user("bob@x", "Bob", "secret123", false)
        .await
        .unwrap();
    refused(
        here,
        &["backup", "copy"],
        &[],
        "not empty, and nothing is overwritten",
    );
    let copied = [("CONFAB_DATA_DIR", "copy")];
    let listed = program::run(here, &["user", "list"], &copied).stdout;
    assert_eq!(String::from_utf8_lossy(&listed), "ann@x\tAnn\n");

    fs::create_dir(here.join("empty")).unwrap();
    let told = good(here, &["backup", "empty", "--recordings", "--json"]);
    let told: serde_json::Value = serde_json::from_str(&told).unwrap();
    assert_eq!(
        (&told["sounds"], &told["recordings"]),
        (&2.into(), &1.into())
    );
    assert!(told["database_bytes"].as_u64().unwrap() > 0);
    let recordings: Vec<_> = fs::read_dir(here.join("empty/recordings"))
        .unwrap()
        .collect();
    assert_eq!(recordings.len(), 1);
    let listed = program::run(here, &["user", "list"], &[("CONFAB_DATA_DIR", "empty")]).stdout;
    assert_eq!(String::from_utf8_lossy(&listed), "ann@x\tAnn\nbob@x\tBob\n");
}

#[test]
fn a_copy_that_fails_is_no_database() {
    let dir = tempfile::tempdir().unwrap();
    let here = dir.path();
    add_user(here, "ann@x");
    fs::write(here.join("data/prompts"), "a file where a folder should be").unwrap();
    refused(
        here,
        &["backup", "copy"],
        &[],
        "no whole copy, and may be deleted",
    );
    assert!(!here.join("copy/confab.db").exists());
}

#[test]
fn a_server_of_postgres_copies_its_own() {
    let Some(postgres) = PrivatePostgres::start() else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let url = postgres.fresh_database();
    let named = [("CONFAB_DATABASE_URL", url.as_str())];
    refused(dir.path(), &["backup", "copy"], &named, "pg_dump");
    assert!(!dir.path().join("copy").exists());
}
