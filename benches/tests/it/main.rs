//! `load` works against the program as it was built last: packets flow and no figure is missing.
//! Measures nothing: six calls on a busy machine say nothing about speed. And `talkoff` hears no
//! key in the prompts and the music that are at hand. `network` has its own file.

mod network;

use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

/// The program to be called, from the environment or beside our own; nothing when it is not built.
fn confab() -> Option<PathBuf> {
    let beside = || PathBuf::from(env!("CARGO_BIN_EXE_load")).with_file_name("confab");
    let path = std::env::var_os("CONFAB_BIN").map_or_else(beside, PathBuf::from);
    path.is_file().then_some(path)
}

#[test]
fn tiny_load() {
    let Some(confab) = confab() else {
        eprintln!("skipped: confab is not built; `cargo build -p confab` makes it");
        return;
    };
    let output = Command::new(env!("CARGO_BIN_EXE_load"))
        .args(["--tiny", "--json", "--confab"])
        .arg(confab)
        .output()
        .unwrap();
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{words}");
    let figures: Value = serde_json::from_slice(&output.stdout).unwrap();
    let count = |path: &str| figures.pointer(path).and_then(Value::as_u64);
    for side in ["confab", "floor"] {
        for packets in ["packets_sent", "packets_received"] {
            let packets = count(&format!("/{side}/{packets}")).unwrap();
            assert!(
                packets > 300,
                "{side}: six calls for two seconds: {figures:#}"
            );
        }
        assert!(count(&format!("/{side}/packets_lost")).is_some());
        assert!(count(&format!("/{side}/packets_late")).is_some());
        assert!(
            figures
                .pointer(&format!("/{side}/cpu_us_per_call_s"))
                .is_some()
        );
    }
    assert!(
        count("/bursts_heard") > Some(0),
        "listeners hear talkers: {figures:#}"
    );
    assert!(
        count("/late_ticks").is_some(),
        "/metrics tells of late ticks: {figures:#}"
    );
    for figure in ["/delay_median_ms", "/delay_p99_ms", "/memory_kb_per_call"] {
        assert!(
            figures.pointer(figure).is_some_and(Value::is_number),
            "{figure}: {figures:#}"
        );
    }
}

#[test]
fn mistakes_are_told_in_words() {
    let check = |args: &[&str], expected: &str| {
        let output = Command::new(env!("CARGO_BIN_EXE_load"))
            .args(args)
            .output()
            .unwrap();
        let words = String::from_utf8_lossy(&output.stderr);
        assert!(
            !output.status.success() && words.contains(expected),
            "{words}"
        );
    };
    check(
        &["--confab", "/no/such/program", "--calls", "2"],
        "/no/such/program is not there",
    );
    check(
        &["--confab", "/bin/false", "--calls", "2"],
        "confab user add",
    );
    check(&["--calls", "1"], "--calls");
}

/// Minutes instead of the hours of docs/keys.md: every prompt and sound of the repository, at three
/// pitches, through A-law.
#[test]
fn no_key_in_our_own_prompts_and_music() {
    let prompts = concat!(env!("CARGO_MANIFEST_DIR"), "/../bridge/prompts");
    let output = Command::new(env!("CARGO_BIN_EXE_talkoff"))
        .args([
            "--a-law",
            "--places",
            "--level-dbm0=-16",
            "--speeds",
            "0.85,1.0,1.2",
            prompts,
        ])
        .output()
        .unwrap();
    let told = String::from_utf8(output.stdout).unwrap();
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{words}");
    let all: Vec<&str> = told.lines().last().unwrap().split_whitespace().collect();
    let figure = |at: usize| all[at].trim_end_matches('%').parse::<f64>().unwrap();
    let (minutes, keys, cut_percent) = (figure(0), figure(1), figure(5));
    assert!(minutes > 10.0, "only {minutes} minutes of sound");
    assert_eq!(keys, 0.0, "{told}");
    assert!(cut_percent < 0.5, "{cut_percent} % of it would be cut");
}
