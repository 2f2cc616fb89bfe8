//! The command line as an operator uses it: real processes on a database of their own.

use std::path::Path;
use std::process::Output;

use crate::program;

/// The data is the folder it is run in.
const HERE: (&str, &str) = ("CONFAB_DATA_DIR", ".");

fn confab(dir: &Path, args: &[&str]) -> Output {
    program::run(dir, args, &[HERE])
}

fn good(dir: &Path, args: &[&str]) -> String {
    program::good(dir, args, &[HERE])
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
    let wrong = ["room", "set", "1000", "join_muted=yes", "max_callers=3"];
    refused(dir, &wrong, "nothing is changed: join_muted may be true");
    refused(dir, &[&wrong[..], &["pin=12"]].concat(), "a PIN has 4");
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
    assert_eq!(first["settings"]["max_callers"], "500");
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
    let wrong = [("CONFAB_RTP_PORTS", "none"), ("CONFAB_SIP_LISTEN", "5060")];
    let output = program::run(dir.path(), &["check"], &wrong);
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
    let taken = taken.local_addr().unwrap().to_string();
    let listen = [HERE, ("CONFAB_HTTP_LISTEN", &*taken)];
    let output = program::run(dir.path(), &["check", "--json"], &listen);
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

#[test]
fn prompts_of_ones_own() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let listed = |args: &[&str]| -> serde_json::Value {
        serde_json::from_str(&good(dir, &[&["prompt", "list", "--json"], args].concat())).unwrap()
    };
    let all = listed(&["--language", "fr"]);
    let welcome = |all: &serde_json::Value| {
        let mut rows = all.as_array().unwrap().iter();
        rows.find(|row| row["key"] == "welcome").cloned()
    };
    assert_eq!(welcome(&all).unwrap()["own"], false);
    assert!(all.as_array().unwrap().len() > 100);

    let file = dir.join("tone.wav");
    let path = file.to_str().unwrap();
    let set = ["prompt", "set", "welcome", "--language", "fr", path];
    refused(dir, &set, "tone.wav");
    std::fs::write(&file, "no sound at all".repeat(100)).unwrap();
    refused(dir, &set, "not a sound file");
    std::fs::write(&file, tone()).unwrap();
    refused(dir, &["prompt", "set", "welcome", path], "--language");
    refused(
        dir,
        &["prompt", "set", "no-such-key", "--language", "fr", path],
        "no prompt with this key",
    );
    good(dir, &set);
    let own = listed(&["--own"]);
    assert_eq!(own.as_array().unwrap().len(), 1, "{own}");
    assert_eq!(own[0]["language"], "fr");
    good(dir, &["prompt", "reset", "welcome", "--language", "fr"]);
    assert_eq!(listed(&["--own"]).as_array().unwrap().len(), 0);
}

/// A second of a square wave of 500 Hz as a WAV file of 8,000 samples a second.
fn tone() -> Vec<u8> {
    let head = [
        &b"RIFF"[..],
        &(36u32 + 16_000).to_le_bytes(),
        b"WAVEfmt ",
        &[
            16, 0, 0, 0, 1, 0, 1, 0, 0x40, 0x1F, 0, 0, 0x80, 0x3E, 0, 0, 2, 0, 16, 0,
        ],
        b"data",
        &16_000u32.to_le_bytes(),
    ]
    .concat();
    let sample = |n: i32| if n / 8 % 2 == 0 { 8_000i16 } else { -8_000 };
    let samples = (0..8_000).flat_map(|n| sample(n).to_le_bytes());
    head.into_iter().chain(samples).collect()
}
