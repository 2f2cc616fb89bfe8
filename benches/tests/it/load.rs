//! `load` works against the program as it was built last: packets flow and no figure is missing,
//! whatever the crowd. Measures nothing: a dozen calls on a busy machine say nothing about speed.

use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

/// The program to be called, from the environment or beside our own; nothing when it is not built.
fn confab() -> Option<PathBuf> {
    let beside = || PathBuf::from(env!("CARGO_BIN_EXE_load")).with_file_name("confab");
    let path = std::env::var_os("CONFAB_BIN").map_or_else(beside, PathBuf::from);
    path.is_file().then_some(path)
}

/// The figures of a tiny run; nothing, said loudly, when there is no program.
struct Figures(Value);

impl Figures {
    fn of(args: &[&str]) -> Option<Self> {
        let Some(confab) = confab() else {
            eprintln!("skipped: confab is not built; `cargo build -p confab` makes it");
            return None;
        };
        let output = Command::new(env!("CARGO_BIN_EXE_load"))
            .args(["--tiny", "--json", "--confab"])
            .arg(confab)
            .args(args)
            .output()
            .expect("it was built for this test");
        let words = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{args:?}: {words}");
        Some(Self(
            serde_json::from_slice(&output.stdout).expect("it speaks JSON"),
        ))
    }

    fn number(&self, path: &str) -> f64 {
        let number = self.0.pointer(path).and_then(Value::as_f64);
        number.unwrap_or_else(|| panic!("no {path} in {:#}", self.0))
    }

    /// What each run must show of so many calls.
    fn check(&self, calls: f64) {
        for side in ["confab", "floor"] {
            for packets in ["packets_sent", "packets_received"] {
                let packets = self.number(&format!("/{side}/{packets}"));
                let least = calls * 30.0;
                assert!(packets > least, "{side}, one second: {:#}", self.0);
            }
            for figure in ["packets_lost", "packets_late", "cpu_us_per_call_s"] {
                self.number(&format!("/{side}/{figure}"));
            }
        }
        self.check_set_ups(calls);
        for figure in [
            "/delay_median_ms",
            "/delay_p99_ms",
            "/memory_kb_per_call",
            "/late_ticks",
        ] {
            self.number(figure);
        }
    }

    /// All were answered.
    fn check_set_ups(&self, calls: f64) {
        assert_eq!(self.number("/set_ups/dialled"), calls);
        assert_eq!(self.number("/set_ups/answered"), calls);
        assert!(self.number("/set_ups/answer_p99_ms") < 10_000.0);
    }

    /// Most of the bursts were heard, and few that nobody sent.
    fn check_bursts(&self) {
        let (heard, expected) = (
            self.number("/bursts_heard"),
            self.number("/bursts_expected"),
        );
        assert!(
            expected > 0.0 && heard > expected / 2.0 && heard < expected * 1.5,
            "listeners hear talkers: {:#}",
            self.0
        );
        assert!(self.number("/delay_median_ms") < 1_000.0);
    }
}

#[test]
fn tiny_load() {
    let Some(figures) = Figures::of(&[]) else {
        return;
    };
    figures.check(6.0);
    assert!(figures.number("/bursts_heard") > 0.0);
    assert!(figures.0["at_rest"].is_null());
}

/// Twelve in one room: five with bursts, four who speak all the time, and all of them noisy.
#[test]
fn bursts_are_heard_where_all_are_noisy() {
    let Some(figures) = Figures::of(&["--talkers", "50", "--all-noisy"]) else {
        return;
    };
    figures.check(12.0);
    figures.check_bursts();
    assert_eq!(figures.number("/what/talkers_by_turns"), 5.0);
}

/// The guests make noise, and no burst could begin in it if it were heard.
#[test]
fn in_a_lecture_only_the_host_is_heard() {
    for when in ["early", "late"] {
        let crowd = ["--lecture", when, "--all-noisy", "--codec", "g722"];
        let Some(figures) = Figures::of(&crowd) else {
            return;
        };
        figures.check(6.0);
        figures.check_bursts();
        assert_eq!(figures.0["what"]["codec"], "G.722");
        assert_eq!(figures.0["what"]["lecture"], when);
    }
}

#[test]
fn callers_of_opus() {
    let Some(figures) = Figures::of(&["--codec", "opus"]) else {
        return;
    };
    figures.check(6.0);
    figures.check_bursts();
}

/// They send less than confab does, and are heard as well.
#[test]
fn callers_of_opus_who_send_no_silence() {
    let Some(figures) = Figures::of(&["--codec", "opus", "--dtx"]) else {
        return;
    };
    figures.check_set_ups(6.0);
    figures.check_bursts();
    for side in ["confab", "floor"] {
        let sent = figures.number(&format!("/{side}/packets_sent"));
        let received = figures.number(&format!("/{side}/packets_received"));
        assert!(
            sent > 6.0 && sent < 200.0 && received > 180.0,
            "{:#}",
            figures.0
        );
    }
}

#[test]
fn lines_that_are_quiet_and_open() {
    let Some(figures) = Figures::of(&["--open-lines"]) else {
        return;
    };
    figures.check(6.0);
    figures.check_bursts();
    assert_eq!(figures.0["what"]["open_lines"], true);
}

/// Every packet that a listener with an ear opens is authentic.
#[test]
fn callers_who_encrypt() {
    for (args, suite) in [
        (&["--srtp"][..], "AES_CM_128_HMAC_SHA1_80"),
        (&["--srtp", "gcm", "--codec", "g722"], "AEAD_AES_128_GCM"),
    ] {
        let Some(figures) = Figures::of(args) else {
            return;
        };
        figures.check(6.0);
        figures.check_bursts();
        assert_eq!(figures.0["what"]["srtp"], suite);
        assert_eq!(figures.number("/packets_unopened"), 0.0);
    }
}

#[test]
fn rooms_that_nobody_calls_and_callers_in_a_hurry() {
    let args = ["--idle-rooms", "500", "--setup-rate", "200"];
    let Some(figures) = Figures::of(&args) else {
        return;
    };
    figures.check(6.0);
    assert_eq!(figures.number("/what/setup_rate_per_s"), 200.0);
    assert_eq!(figures.number("/at_rest/idle_rooms"), 500.0);
    assert_eq!(figures.number("/at_rest/cold/answered"), 20.0);
    assert!(figures.number("/at_rest/threads") > 1.0);
    assert!(figures.number("/at_rest/rss_kb") > 1_000.0);
    for heard in ["packet", "sound"] {
        let ms = figures.number(&format!("/at_rest/cold_{heard}/median_ms"));
        assert!(ms > 0.0 && ms < 10_000.0, "{:#}", figures.0);
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
    check(&["--room-size", "2001"], "--room-size");
    check(&["--lecture", "--talkers", "2"], "--talkers");
    check(&["--codec", "g729"], "--codec");
    check(&["--srtp", "f8"], "--srtp");
    check(&["--dtx"], "--dtx is of --codec opus");
}

/// More calls than the system gives files for are refused before anything is started.
#[test]
fn too_few_files_are_told() {
    let output = Command::new("sh")
        .args(["-c", "ulimit -n 300 && exec \"$0\" --calls 2000 --lecture"])
        .arg(env!("CARGO_BIN_EXE_load"))
        .output()
        .unwrap();
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(
        !output.status.success() && words.contains("2000 calls take 4256 open files"),
        "{words}"
    );
}
