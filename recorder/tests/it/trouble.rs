//! Disks that say no, files that are not ours, and a recorder that is dropped.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use confab_recorder::{FRAME_BYTES, FRAME_MS, Recorder, Report};

use crate::sound::{decode, part, pitch, tone};
use crate::{DEADLINE, House, await_bytes, id, near};

/// Recording into `path` fails with `word` in its words, and other recordings go on.
fn check(path: PathBuf, word: &str) {
    let house = House::new();
    let mut good = house.open("good", 8_000);
    good.push(&tone(400.0, 8_000, 1_000));
    let mut bad = house.recorder.open(id("bad"), path, 8_000).unwrap();
    bad.push(&tone(400.0, 8_000, 4_000));
    match house.report() {
        Report::Failed { id: which, why } => {
            assert_eq!(which, id("bad"));
            assert!(why.contains(word), "{why}");
            assert!(house.recorder.stats().failing);
        }
        other => panic!("{other:?}"),
    }
    bad.push(&tone(400.0, 8_000, 4_000));
    good.push(&tone(400.0, 8_000, 1_000));
    drop((bad, good));
    near(house.stopped("good").0, 2_000);
    assert_eq!(house.recorder.stats().failed, 1);
    assert!(!house.recorder.stats().failing, "the good one came later");
}

#[test]
fn disks_that_say_no() {
    let folder = tempfile::tempdir().unwrap();
    check(
        folder.path().join("no/such/folder.mp3"),
        "cannot open the file: No such file",
    );
    check(folder.path().to_owned(), "cannot open the file");
    check("/dev/full".into(), "no regular file");
    let foreign = folder.path().join("foreign.mp3");
    fs::write(&foreign, "minutes of the meeting\n".repeat(1_000)).unwrap();
    check(foreign.clone(), "no MP3");
    assert_eq!(
        fs::metadata(foreign).unwrap().len(),
        23_000,
        "left as it was"
    );
}

/// Names the file to the child; in a run without it the victim does nothing.
const FILE: &str = "CONFAB_FULL_TEST_FILE";

/// Runs in a process of its own, in which files may not grow beyond 8 kB.
#[test]
fn victim() {
    let Some(path) = std::env::var_os(FILE) else {
        return;
    };
    let (recorder, reports) = Recorder::start().unwrap();
    let mut tap = recorder.open(id("full"), (&path).into(), 8_000).unwrap();
    tap.push(&tone(600.0, 8_000, 5_000));
    // first what there is, then the trouble
    match reports.recv_timeout(DEADLINE).unwrap() {
        Report::Stopped {
            duration_ms, bytes, ..
        } => {
            assert_eq!(bytes, fs::metadata(&path).unwrap().len());
            assert_eq!(duration_ms, bytes / FRAME_BYTES as u64 * FRAME_MS);
            assert!(duration_ms >= 1_000, "the stretch before: {duration_ms}");
        }
        other => panic!("{other:?}"),
    }
    let report = reports.recv_timeout(DEADLINE).unwrap();
    let failed = matches!(&report, Report::Failed { why, .. } if why.contains("cannot write"));
    assert!(failed, "{report:?}");
}

#[test]
fn a_disk_without_room_keeps_what_was_written() {
    let house = House::new();
    let path = house.path("full");
    house.record("full", 8_000, &tone(600.0, 8_000, 1_000));
    let before = fs::read(&path).unwrap();
    // Blocks of 512 bytes, as POSIX counts them; the signal would end the process.
    let limited = "trap '' XFSZ; ulimit -f 16; exec \"$0\" --exact trouble::victim --nocapture";
    let output = Command::new("sh")
        .args(["-c", limited])
        .arg(std::env::current_exe().unwrap())
        .env(FILE, &path)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{words}");
    let after = fs::read(&path).unwrap();
    assert_eq!(after.len() % FRAME_BYTES, 0);
    assert!(after.starts_with(&before) && after.len() <= 16 * 512);
    assert!(pitch(part(&decode(&path), 150, 950), 600.0) > 6_500.0);
}

#[test]
fn a_recording_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let house = House::new();
    house.record("mine", 8_000, &[0; 800]);
    let mode = fs::metadata(house.path("mine"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn dropping_the_recorder_closes_the_files() {
    let house = House::new();
    let mut tap = house.open("end", 8_000);
    tap.push(&tone(600.0, 8_000, 2_000));
    drop(house.recorder);
    match house.reports.recv_timeout(DEADLINE).unwrap() {
        Report::Stopped { duration_ms, .. } => near(duration_ms, 2_000),
        other => panic!("{other:?}"),
    }
    tap.push(&[0; 160]);
    let path = house.folder.path().join("end.mp3");
    assert!(pitch(part(&decode(&path), 150, 1_950), 600.0) > 6_500.0);
    assert!(house.reports.recv().is_err(), "the thread is gone");
}

#[test]
fn an_empty_stretch_and_a_strange_rate() {
    let house = House::new();
    assert_eq!(house.record("nothing", 8_000, &[]), (0, 0));
    let path = house.path("strange");
    assert!(house.recorder.open(id("strange"), path, 0).is_err());
    assert!(house.report_is_none());
}

#[test]
fn a_tail_of_zeros_after_a_power_cut_is_taken_off() {
    let house = House::new();
    house.record("zeros", 8_000, &tone(700.0, 8_000, 1_000));
    let path = house.path("zeros");
    let mut bytes = fs::read(&path).unwrap();
    bytes.resize(bytes.len() + 8_192, 0);
    fs::write(&path, &bytes).unwrap();
    let (duration_ms, size) = house.record("zeros", 8_000, &tone(700.0, 8_000, 1_000));
    near(duration_ms, 2_080);
    assert_eq!(size % FRAME_BYTES as u64, 0);
    assert!(size < bytes.len() as u64 + 7_000);
}

#[test]
fn reports_that_nobody_reads_stop_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (recorder, reports) = Recorder::start().unwrap();
    drop(reports);
    let path = folder.path().join("unread.mp3");
    let mut tap = recorder.open(id("unread"), path.clone(), 8_000).unwrap();
    tap.push(&tone(700.0, 8_000, 1_000));
    drop(tap);
    await_bytes(&path, 28 * FRAME_BYTES as u64);
}

impl House {
    fn report_is_none(&self) -> bool {
        self.reports.try_recv().is_err()
    }
}
