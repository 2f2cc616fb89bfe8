//! The tools work. `talkoff` hears no key in the prompts and the music that are at hand; `load`,
//! `network`, `noise` and `datagrams` have files of their own.

mod datagrams;
mod figures;
mod load;
mod network;
mod noise;

use std::process::Command;

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
