//! The command line as an operator uses it: real processes on a database of their own.

use std::path::Path;
use std::process::{Command, Output};

fn confab(dir: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_confab"))
        .args(args)
        .env("CONFAB_DATA_DIR", dir)
        .env("CONFAB_SIP_LISTEN", "udp:127.0.0.1:0,tcp:127.0.0.1:0")
        .env("CONFAB_HTTP_LISTEN", "127.0.0.1:0")
        .env("CONFAB_MEDIA_ADDRESS", "127.0.0.1")
        .output()
        .unwrap()
}

fn good(dir: &Path, args: &[&str]) -> String {
    let output = confab(dir, args);
    let (out, err) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(output.status.success(), "{args:?}: {out}{err}");
    out.into_owned()
}

fn refused(dir: &Path, args: &[&str], word: &str) {
    let output = confab(dir, args);
    let err = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        !output.status.success() && err.contains(word),
        "{args:?}: {err}"
    );
}

#[test]
fn people_rooms_and_numbers() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let ann = [
        "user",
        "add",
        "--email",
        "ann@example.org",
        "--name",
        "Ann",
        "--password",
        "secret123",
    ];
    good(dir, &ann);
    refused(dir, &ann, "exists already");
    let weak = [
        "user",
        "add",
        "--email",
        "bob@example.org",
        "--name",
        "Bob",
        "--password",
        "short",
    ];
    refused(dir, &weak, "8");

    let room = [
        "room",
        "add",
        "--number",
        "1000",
        "--pin",
        "24680",
        "--host",
        "ann@example.org",
    ];
    good(
        dir,
        &[
            &room[..],
            &["--set", "announce=name", "--set", "billing_code=4711"],
        ]
        .concat(),
    );
    refused(dir, &room, "exists already");
    refused(
        dir,
        &[
            "room", "add", "--number", "12", "--pin", "1234", "--host", "x",
        ],
        "3 to 12 digits",
    );
    let bad = [
        "room",
        "add",
        "--number",
        "1001",
        "--pin",
        "12",
        "--host",
        "ann@example.org",
    ];
    refused(dir, &bad, "4");
    refused(dir, &["room", "set", "1000", "announce=trumpet"], "chime");
    refused(dir, &["room", "set", "1000", "anounce=chime"], "anounce");
    refused(dir, &["room", "set", "1000", "announce"], "KEY=VALUE");
    refused(
        dir,
        &["room", "set", "4444", "announce=chime"],
        "does not exist",
    );
    good(
        dir,
        &[
            "room",
            "set",
            "1000",
            "join_muted=true",
            "continue_after_host=0",
        ],
    );

    let listed: serde_json::Value =
        serde_json::from_str(&good(dir, &["room", "list", "--json"])).unwrap();
    let first = &listed[0];
    assert_eq!(first["number"], "1000");
    assert_eq!(first["host"], "ann@example.org");
    assert_eq!(first["settings"]["announce"], "name");
    assert_eq!(first["settings"]["join_muted"], "true");
    assert_eq!(first["settings"]["continue_after_host"], "0");
    assert_eq!(first["settings"]["billing_code"], "4711");
    assert!(
        !listed.to_string().contains("24680"),
        "the PIN is told to nobody"
    );

    good(dir, &["number", "add", "5000", "--language", "en"]);
    let french = ["number", "add", "5003", "--language", "fr"];
    let paid = [&french[..], &["--type", "tollfree", "--country", "fr"]].concat();
    good(dir, &paid);
    refused(
        dir,
        &[&french[..], &["--type", "free"]].concat(),
        "tollfree",
    );
    refused(
        dir,
        &[&french[..], &["--country", "fra"]].concat(),
        "two letters",
    );
    good(
        dir,
        &[
            "number",
            "add",
            "5001",
            "--language",
            "de",
            "--room",
            "1000",
        ],
    );
    refused(
        dir,
        &["number", "add", "5002", "--language", "xx"],
        "en, fr",
    );
    refused(
        dir,
        &[
            "number",
            "add",
            "5002",
            "--language",
            "en",
            "--room",
            "4444",
        ],
        "does not exist",
    );
    assert!(good(dir, &["number", "list"]).contains("5001\tde\t1000\ttoll\t"));
    assert!(good(dir, &["number", "list"]).contains("5003\tfr\tmenu\ttollfree\tFR"));
    good(dir, &["check"]);
    assert!(good(dir, &["recordings", "prune", "--dry-run"]).contains("0 recordings"));
}

#[test]
fn mistakes_of_the_configuration_are_told_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_confab"))
        .arg("check")
        .env("CONFAB_DATA_DIR", dir.path())
        .env("CONFAB_RTP_PORTS", "none")
        .env("CONFAB_SIP_LISTEN", "5060")
        .output()
        .unwrap();
    let err = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(64), "{err}");
    assert!(
        err.contains("rtp_ports") && err.contains("sip_listen"),
        "{err}"
    );
}

#[test]
fn a_taken_port_is_found_by_check() {
    let dir = tempfile::tempdir().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_confab"))
        .args(["check", "--json"])
        .env("CONFAB_DATA_DIR", dir.path())
        .env("CONFAB_SIP_LISTEN", "udp:127.0.0.1:0")
        .env("CONFAB_MEDIA_ADDRESS", "127.0.0.1")
        .env(
            "CONFAB_HTTP_LISTEN",
            taken.local_addr().unwrap().to_string(),
        )
        .output()
        .unwrap();
    let findings: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let wrong: Vec<_> = findings
        .as_array()
        .unwrap()
        .iter()
        .filter(|finding| finding["ok"] == false)
        .collect();
    assert!(!output.status.success() && wrong.len() == 1, "{findings:#}");
    assert!(wrong[0]["what"].as_str().unwrap().starts_with("portal"));
}

#[test]
fn the_table_of_keys_in_the_documents_is_the_programs_own() {
    let dir = tempfile::tempdir().unwrap();
    let printed = good(dir.path(), &["keypad"]);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/keypad.md");
    let written = std::fs::read_to_string(&path).unwrap();
    assert_eq!(
        written, printed,
        "make docs/keypad.md anew: confab keypad > docs/keypad.md"
    );
    refused(dir.path(), &["keypad", "--layout", "dvorak"], "star-six");
    let one = good(dir.path(), &["--json", "keypad", "--layout", "star-six"]);
    let one: serde_json::Value = serde_json::from_str(&one).unwrap();
    assert_eq!(one["star-six"]["*6"]["command"], "toggle_mute");
}
