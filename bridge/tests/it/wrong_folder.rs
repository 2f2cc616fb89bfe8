//! Commands where there is no data: they say so and make nothing.

use std::fs;
use std::path::Path;

use confab_store::testing::PrivatePostgres;

use crate::program::{good, run};

const ADD: [&str; 8] = [
    "user",
    "add",
    "--email",
    "ann@example.org",
    "--name",
    "Ann",
    "--password",
    "secret123",
];

/// Refused with the place that was looked at.
fn nothing_there(here: &Path, args: &[&str], env: &[(&str, &str)], place: &str) {
    let output = run(here, args, env);
    let err = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{args:?}: {err}");
    assert!(
        err.contains(&format!("there is no Confab data in {place}")),
        "{args:?}: {err}"
    );
    assert!(
        err.contains("CONFAB_DATA_DIR") && err.contains("--config"),
        "{err}"
    );
}

fn is_empty(folder: &Path) -> bool {
    fs::read_dir(folder).unwrap().next().is_none()
}

#[test]
fn a_wrong_folder_is_told_and_stays_as_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let here = dir.path().canonicalize().unwrap();
    let place = here.join("data/confab.db");
    let room = [
        "room", "add", "--number", "1000", "--pin", "24680", "--host", "a@x",
    ];
    for args in [
        &ADD[..],
        &["user", "list"],
        &[
            "user",
            "passwd",
            "--email",
            "a@x",
            "--password",
            "secret123",
        ],
        &room,
        &["room", "list"],
        &["room", "set", "1000", "announce=name"],
        &["number", "add", "5000", "--language", "en"],
        &["number", "list"],
        &["recordings", "list"],
        &["recordings", "prune", "--dry-run"],
        &["prompt", "list"],
        &["prompt", "reset", "hold-music"],
    ] {
        nothing_there(&here, args, &[], place.to_str().unwrap());
        assert!(is_empty(&here), "{args:?}");
    }
    let there = here.join("elsewhere");
    let named = [("CONFAB_DATA_DIR", there.to_str().unwrap())];
    let place = there.join("confab.db");
    for args in [["user", "list"], ["prompt", "list"]] {
        nothing_there(&here, &args, &named, place.to_str().unwrap());
    }
    let output = run(
        &here,
        &["check"],
        &[("CONFAB_SIP_LISTEN", "udp:127.0.0.1:0")],
    );
    let out = String::from_utf8_lossy(&output.stdout);
    assert!(out.contains("folder ./data: good"), "{out}");
    assert!(
        out.contains("database (sqlite): warning: there is no Confab data"),
        "{out}"
    );
    assert!(is_empty(&here));
}

#[test]
fn a_new_service_is_made_where_it_was_said_to_be() {
    let check = |env: &[(&str, &str)], first: &[&str], made: &str| {
        let dir = tempfile::tempdir().unwrap();
        let here = dir.path();
        fs::write(here.join("confab.toml"), "data_dir = \"kept\"\n").unwrap();
        good(here, &[first, &ADD].concat(), env);
        assert!(here.join(made).exists(), "{made}");
        good(here, &[first, &["user", "list"]].concat(), env);
    };
    check(&[("CONFAB_DATA_DIR", "named")], &[], "named/confab.db");
    check(&[("CONFAB_DATABASE_URL", "sqlite:x.db")], &[], "x.db");
    check(&[], &["--config", "confab.toml"], "kept/confab.db");
    check(&[("CONFAB_CONFIG", "confab.toml")], &[], "kept/confab.db");

    let dir = tempfile::tempdir().unwrap();
    good(dir.path(), &ADD, &[("CONFAB_DATA_DIR", "data")]);
    // what is under the current folder is found without a word
    good(dir.path(), &["user", "list"], &[]);
}

#[test]
fn an_empty_postgres_is_no_service_either() {
    let Some(postgres) = PrivatePostgres::start() else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let here = dir.path();
    let url = postgres.fresh_database();
    let named = [("CONFAB_DATABASE_URL", url.as_str())];
    let place = "the PostgreSQL database of database_url";
    nothing_there(here, &["room", "list"], &named, place);
    nothing_there(here, &["room", "list"], &named, place);
    assert!(is_empty(here));
    good(here, &ADD, &named);
    good(here, &["room", "list"], &named);
}
