//! A program that is killed while it records leaves a file that holds all but the last second.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use confab_recorder::{FRAME_BYTES, Recorder, frames};

use crate::sound::{decode, part, pitch, tone};
use crate::{House, id};

/// Names the file to the child; in a run without it the victim does nothing.
const FILE: &str = "CONFAB_KILL_TEST_FILE";

const SECOND_MS: u64 = 1_000;

/// Runs in a process of its own: records a tone in real time, says how far it is, until killed.
#[test]
fn victim() {
    let Some(path) = std::env::var_os(FILE) else {
        return;
    };
    let (recorder, _reports) = Recorder::start().unwrap();
    let mut tap = recorder.open(id("victim"), path.into(), 8_000).unwrap();
    let second = tone(600.0, 8_000, SECOND_MS);
    let begin = Instant::now();
    for tick in 0..3_000u64 {
        let block = (tick % 50) as usize * 160;
        tap.push(&second[block..block + 160]);
        println!("pushed {}", (tick + 1) * 20);
        std::io::stdout().flush().unwrap();
        let next = begin + Duration::from_millis(20 * (tick + 1));
        sleep(next.saturating_duration_since(Instant::now()));
    }
}

/// Kills the victim once it has pushed so much; the file holds it up to the last second.
fn check(path: &Path, kill_at_ms: u64) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "kill::victim", "--nocapture"])
        .env(FILE, path)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let before_ms = std::fs::read(path).map_or(0, |bytes| frames::walk(&bytes).duration_ms());
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let pushed = |line: &str| line.split_once("pushed ")?.1.trim().parse::<u64>().ok();
    let reached = lines
        .map_while(Result::ok)
        .filter_map(|line| pushed(&line))
        .find(|&ms| ms >= kill_at_ms);
    child.kill().unwrap();
    child.wait().unwrap();
    let reached_ms = reached.expect("the victim gets so far");

    let walked = frames::walk(&std::fs::read(path).unwrap());
    let kept_ms = walked.duration_ms() - before_ms;
    assert!(
        kept_ms + SECOND_MS >= reached_ms,
        "{kept_ms} of {reached_ms} ms"
    );
    let heard = decode(path);
    assert!(pitch(part(&heard, before_ms + 200, walked.duration_ms()), 600.0) > 6_000.0);
}

#[test]
fn killed_and_started_again() {
    let house = House::new();
    let path = house.path("killed");
    check(&path, 2_500);
    check(&path, 1_700);
    let (_, bytes) = house.record("killed", 8_000, &tone(600.0, 8_000, 1_000));
    assert_eq!(bytes % FRAME_BYTES as u64, 0);
}
