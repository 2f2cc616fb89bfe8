//! Runs SIPp with a scenario of ours: real signalling from its XML, real RTP from its packet files.
//!
//! A scenario plays packet files whose names say what is in them, such as
//! `keys-1000#.pcap` or `hum-810-1500_keys-*2.pcap`; they are written before SIPp starts. It hears
//! nothing by itself, so its call passes a [`Tap`], whose ear is asked what came. A scenario that
//! must wait until others in the room have done something waits for a NOTIFY, the tap's
//! [`Tap::cue`].

mod pcap;
mod tap;

use std::net::SocketAddr;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tempfile::TempDir;
use tokio::process::Command;
use tokio::task::JoinHandle;

use crate::ports::{Block, PHONE};
use crate::sound::words::Language;
pub use tap::Tap;

/// A call that SIPp makes.
#[derive(Debug)]
pub struct Sipp {
    /// what the call hears, and cues for it
    pub tap: Tap,
    scenario: String,
    dir: TempDir,
    ports: Block,
    run: JoinHandle<std::io::Result<Output>>,
}

/// Can SIPp be run here with its packet files? If not, this says so loudly, or panics when
/// `CONFAB_REQUIRE_SIPP=1` forbids to go on without it.
pub fn is_available() -> bool {
    let version = std::process::Command::new("sipp")
        .arg("-v")
        .stdin(Stdio::null())
        .output();
    let why_not = match version {
        Err(error) => format!("sipp cannot be run: {error}"),
        Ok(output) if !String::from_utf8_lossy(&output.stdout).contains("PCAP") => {
            "this sipp was built without packet files (PCAP)".to_owned()
        }
        Ok(_) if !may_send_raw() => "sipp sends its packet files only as root (raw sockets)".into(),
        Ok(_) => return true,
    };
    let is_required = std::env::var_os("CONFAB_REQUIRE_SIPP").is_some_and(|v| v == "1");
    assert!(!is_required, "CONFAB_REQUIRE_SIPP=1, but {why_not}");
    eprintln!("*** SKIPPED: {why_not}; no SIPp scenario is run ***");
    false
}

fn may_send_raw() -> bool {
    use socket2::{Domain, Protocol, Socket, Type};
    Socket::new(Domain::IPV4, Type::RAW, Some(Protocol::UDP)).is_ok()
}

/// The folder of the scenarios.
pub fn scenarios() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios")
}

impl Sipp {
    /// Starts `scenarios/NAME.xml` against a server, calling `user`. `words` replace `@KEY@` in
    /// the scenario, also inside names of packet files; prompts are understood in `language`.
    ///
    /// # Errors
    /// When the scenario cannot be read, or names a packet file that cannot be made.
    pub async fn start(
        scenario: &str,
        server: SocketAddr,
        user: &str,
        words: &[(&str, &str)],
        language: Language,
    ) -> Result<Self> {
        let dir = tempfile::tempdir()?;
        let source = scenarios().join(format!("{scenario}.xml"));
        let mut text =
            std::fs::read_to_string(&source).with_context(|| source.display().to_string())?;
        for (key, value) in words {
            text = text.replace(&format!("@{key}@"), value);
        }
        for name in pcap::names_in(&text) {
            std::fs::write(dir.path().join(&name), pcap::file(&name)?)?;
        }
        std::fs::write(dir.path().join("scenario.xml"), text)?;
        let tap = Tap::open(server, &format!("SIPp ({scenario})"), language).await?;
        let ports = Block::take(&PHONE)?;
        let port = |number| ports.port(number).to_string();
        let mut command = Command::new("sipp");
        command
            .args([
                "-sf",
                "scenario.xml",
                "-s",
                user,
                "-m",
                "1",
                "-r",
                "1",
                "-nostdin",
            ])
            .args(["-i", "127.0.0.1", "-mi", "127.0.0.1"])
            // its media take this port and the next three
            .args(["-cp", &port(1), "-mp", &port(2), "-p", &port(6)])
            // what comes at an unexpected moment is reported at the end, not a reason to give up
            .args(["-default_behaviors", "all,-abortunexp"])
            .args([
                "-timeout",
                "60",
                "-timeout_error",
                "-trace_err",
                "-trace_msg",
            ])
            .arg(tap.address().to_string())
            .current_dir(dir.path())
            .stdin(Stdio::null())
            .kill_on_drop(true);
        let (name, traced) = (scenario.to_owned(), dir.path().to_owned());
        let run = tokio::spawn(async move {
            let output = command.output().await;
            // Told at once: a test that waits for its call would say only that nobody came.
            if output.as_ref().is_ok_and(|output| !output.status.success()) {
                eprintln!("SIPp {name} has failed\n{}", traces(&traced));
            }
            output
        });
        Ok(Self {
            tap,
            scenario: scenario.to_owned(),
            dir,
            ports,
            run,
        })
    }

    /// Waits for the scenario's end.
    ///
    /// # Errors
    /// When it did not go as written; the message has what SIPp says about it.
    pub async fn succeeded(self, within: Duration) -> Result<()> {
        let Self {
            tap: _tap,
            scenario,
            dir,
            ports: _ports,
            run,
        } = self;
        let Ok(output) = tokio::time::timeout(within, run).await else {
            bail!(
                "SIPp {scenario} is not at its end after {within:?}\n{}",
                traces(dir.path())
            );
        };
        let status = output??.status;
        if !status.success() {
            let signal = status.signal();
            bail!(
                "SIPp {scenario}: {status} {signal:?}\n{}",
                traces(dir.path())
            );
        }
        Ok(())
    }
}

/// What SIPp wrote about errors and messages.
fn traces(dir: &Path) -> String {
    let files = std::fs::read_dir(dir).into_iter().flatten().flatten();
    let mut logs: Vec<PathBuf> = files
        .map(|file| file.path())
        .filter(|path| path.extension().is_some_and(|e| e == "log"))
        .collect();
    logs.sort();
    let read = |path: &PathBuf| std::fs::read_to_string(path).unwrap_or_default();
    logs.iter().map(read).collect::<Vec<_>>().join("\n")
}
