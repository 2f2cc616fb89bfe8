//! What a crash, a full disk and strangers leave in the spool.

use std::fs::{self, OpenOptions, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Stdio};

use nix::sys::resource::{Resource, getrlimit, setrlimit};

use super::*;

fn entry(n: i64) -> LedgerEntry {
    LedgerEntry::CallEnded {
        call: format!("c{n}"),
        at_ms: n,
        reason: "caller_hung_up".into(),
    }
}

fn line(n: i64) -> Vec<u8> {
    let mut line = serde_json::to_vec(&entry(n)).unwrap();
    line.push(b'\n');
    line
}

/// After an earlier run left these bytes, these entries and one more are kept, `broken` lines are
/// counted once, and nothing is left when all is done.
fn check(left: &[&[u8]], expected: &[i64], broken: u64) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("spool");
    fs::write(&path, left.concat()).unwrap();
    let mut spool = Spool::open(&path).unwrap();
    spool.append(&[entry(99)]).unwrap();
    let expected: Vec<_> = expected.iter().chain(&[99]).map(|n| entry(*n)).collect();
    for _ in 0..3 {
        assert_eq!(spool.next_batch(100).unwrap(), expected);
    }
    assert_eq!(spool.entries(), expected.len() as u64);
    assert_eq!(spool.broken(), broken);
    spool.done().unwrap();
    assert_eq!(spool.entries(), 0);
    assert_eq!(fs::metadata(&path).unwrap().len(), 0);
}

#[test]
fn whole_entries_are_kept_and_broken_ones_counted() {
    let (one, two) = (line(1), line(2));
    let unclosed = &two[..two.len() - 1];
    check(&[], &[], 0);
    check(&[&one, &two], &[1, 2], 0);
    check(&[&one, b"{\"entry\":\"call_en"], &[1], 1);
    check(&[&one, unclosed], &[1, 2], 0);
    check(&[&one, &[0; 4_096]], &[1], 1);
    check(&[&one, b"{\"entry\":\"\xff\xfe"], &[1], 1);
    check(&[&one, b"{\"entry\":\"call_en", &one, &two], &[1, 2], 1);
    check(&[b"\xff\xfe\n", &one, b"no entry\n", &two], &[1, 2], 2);
    check(&[b"no entry"], &[], 1);
    check(&[b"no entry\n"], &[], 1);
    check(&[&one, b"\n", &two], &[1, 2], 0);
}

#[test]
fn lines_that_are_all_broken_are_taken_away() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("spool");
    fs::write(&path, b"no entry\nno entry\n").unwrap();
    let mut spool = Spool::open(&path).unwrap();
    assert_eq!(spool.next_batch(9).unwrap(), []);
    assert_eq!((spool.entries(), spool.broken()), (0, 2));
    assert_eq!(fs::metadata(&path).unwrap().len(), 0);
}

#[test]
fn what_was_spooled_is_there_after_a_crash() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("spool");
    let mut spool = Spool::open(&path).unwrap();
    spool.append(&[entry(1), entry(2), entry(3)]).unwrap();
    assert_eq!(spool.next_batch(2).unwrap(), [entry(1), entry(2)]);
    spool.append(&[entry(4)]).unwrap();
    spool.done().unwrap();
    assert_eq!(spool.entries(), 2);
    assert_eq!(spool.next_batch(9).unwrap(), [entry(3), entry(4)]);
    drop(spool);
    // the place is not kept, so all are written again
    let mut spool = Spool::open(&path).unwrap();
    assert_eq!(spool.entries(), 4);
    let all = [1, 2, 3, 4].map(entry);
    assert_eq!(spool.next_batch(9).unwrap(), all);
}

#[test]
fn a_spool_that_somebody_cut_is_looked_at_again() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("spool");
    let mut spool = Spool::open(&path).unwrap();
    spool.append(&[entry(1), entry(2)]).unwrap();
    let other = OpenOptions::new().write(true).open(&path).unwrap();
    other.set_len(line(1).len() as u64 + 5).unwrap();
    spool.append(&[entry(3)]).unwrap();
    assert_eq!(spool.next_batch(9).unwrap(), [entry(1), entry(3)]);
    assert_eq!((spool.entries(), spool.broken()), (2, 1));
}

#[test]
fn a_probe_leaves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("spool");
    let mut spool = Spool::open(&path).unwrap();
    spool.append(&[entry(1)]).unwrap();
    spool.probe().unwrap();
    assert_eq!(fs::read(&path).unwrap(), line(1));
    assert_eq!(spool.next_batch(9).unwrap(), [entry(1)]);
}

#[test]
fn the_spool_is_for_its_owner_alone() {
    let dir = tempfile::tempdir().unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let path = dir.path().join("new");
    Spool::open(&path).unwrap();
    assert_eq!(mode(&path), 0o600);
    let path = dir.path().join("of an earlier version");
    fs::write(&path, line(1)).unwrap();
    fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
    Spool::open(&path).unwrap();
    assert_eq!(mode(&path), 0o600);
}

#[test]
fn what_is_no_file_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    assert!(Spool::open(dir.path()).is_err());
    let error = Spool::open(Path::new("/dev/full")).unwrap_err();
    assert!(error.to_string().contains("no regular file"), "{error}");
}

/// Names the file to the child; in a run without it the victim does nothing.
const FILE: &str = "CONFAB_FULL_TEST_SPOOL";

/// Runs in a process of its own, in which files may not grow beyond 8 kB, until it lifts that.
#[test]
fn victim() {
    let Some(path) = std::env::var_os(FILE) else {
        return;
    };
    let mut spool = Spool::open(path.as_ref()).unwrap();
    let mut kept = 0;
    while spool.append(&[entry(kept)]).is_ok() {
        kept += 1;
    }
    assert!(kept > 50, "the disk was full after {kept}");
    let whole: Vec<u8> = (0..kept).flat_map(line).collect();
    assert_eq!(fs::read(&path).unwrap(), whole, "the torn line is cut off");
    let many: Vec<_> = (0..100).map(entry).collect();
    assert!(spool.append(&many).is_err());
    assert_eq!(spool.entries(), kept as u64, "nothing of it counts as kept");

    let (_, hard) = getrlimit(Resource::RLIMIT_FSIZE).unwrap();
    setrlimit(Resource::RLIMIT_FSIZE, hard, hard).unwrap();
    spool.append(&[entry(kept)]).unwrap();
    let all: Vec<_> = (0..=kept).map(entry).collect();
    assert_eq!(spool.next_batch(1_000).unwrap(), all);
    assert_eq!(spool.broken(), 0);
}

#[test]
fn a_write_that_failed_leaves_no_part_of_itself() {
    let dir = tempfile::tempdir().unwrap();
    // Blocks of 512 bytes, as POSIX counts them; the signal would end the process.
    let name = "ledger::spool::tests::victim";
    let limited = "trap '' XFSZ; ulimit -S -f 16; exec \"$0\" --exact \"$1\" --nocapture";
    let output = Command::new("sh")
        .args(["-c", limited])
        .arg(std::env::current_exe().unwrap())
        .arg(name)
        .env(FILE, dir.path().join("spool"))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let words = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{words}{errors}");
    assert!(words.contains("1 passed"), "{words}");
}
