//! The program that is measured: its data in a folder of its own, its rooms by its command line,
//! its counters by `/metrics`. Knows of it what an operator knows; only a great many idle rooms
//! are put straight into its database.

use std::fs::File;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use confab_store::Store;
use tempfile::TempDir;

use crate::child::Child;
use crate::codec::Codec;
use crate::plan::Plan;

/// Longest time to the first good answer of `/health`.
const READY_WITHIN: Duration = Duration::from_secs(30);

/// Longest wait for an answer over HTTP.
const HTTP_WITHIN: Duration = Duration::from_secs(5);

/// Below the ports that the system gives to our own sockets.
const RTP_PORTS_FROM: u16 = 10_000;

/// Runs that overlap begin at different ports.
const RTP_PORT_BLOCKS: u32 = 8;

/// All our calls come from one address, which the defences would take for an attack.
const SOURCE_RATE_PER_S: &str = "100000";

/// Spare ports, for callers who come before the crowd.
const PORTS_SPARE: u32 = 128;

/// Number of the first room; the others follow.
pub const FIRST_ROOM: usize = 1_001;

/// That of the first room that nobody calls but for a look at it.
pub const FIRST_IDLE_ROOM: u32 = 10_000_000;

const HOST: &str = "load@confab.example";

const PIN: &str = "482913";

/// What a host keys in the menu, and what a guest does.
pub const HOST_KEYS: &str = "*482913#";
pub const GUEST_KEYS: &str = "#";

/// Callers that a room takes when nothing is said, and at least.
const CALLERS_USUAL: usize = 500;

/// A running confab.
#[derive(Debug)]
pub struct Confab {
    pub child: Child,
    /// where it takes calls
    pub sip: SocketAddr,
    http: SocketAddr,
    folder: TempDir,
}

impl Confab {
    /// Makes the rooms, starts the program and waits until it can take calls.
    pub fn start(plan: &Plan) -> Result<Self> {
        ensure!(
            plan.confab.is_file(),
            "{} is not there; `cargo build --release -p confab` makes it",
            plan.confab.display()
        );
        let folder = TempDir::new()?;
        let sip = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
        let http = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
        let setting = Setting {
            plan,
            sip,
            http,
            data: folder.path().join("data"),
        };
        make_rooms(&setting)?;
        if let Some(rooms) = plan.idle_rooms {
            make_idle_rooms(&setting.data, rooms).context("cannot make idle rooms")?;
        }
        let log = File::create(folder.path().join("log"))?;
        let child = setting
            .command()
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .with_context(|| format!("cannot start {}", plan.confab.display()))?;
        let mut confab = Self {
            child: Child::new(child),
            sip,
            http,
            folder,
        };
        let deadline = Instant::now() + READY_WITHIN;
        while !confab.is_healthy() {
            if confab.child.has_ended() || Instant::now() > deadline {
                bail!("confab did not come up\n{}", confab.last_words());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(confab)
    }

    /// Ticks that media threads began late; nothing when `/metrics` does not tell.
    pub fn late_ticks(&self) -> Option<u64> {
        sum_of(&self.get("/metrics").ok()?, "ticks_late")
    }

    /// The end of its log, for an error message.
    pub fn last_words(&self) -> String {
        let log = std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
        let lines: Vec<_> = log.lines().collect();
        let from = lines.len().saturating_sub(12);
        format!("the end of confab's log:\n{}", lines[from..].join("\n"))
    }

    fn is_healthy(&self) -> bool {
        self.get("/health").is_ok()
    }

    /// The body of a good answer.
    fn get(&self, path: &str) -> Result<String> {
        let mut stream = TcpStream::connect_timeout(&self.http, HTTP_WITHIN)?;
        stream.set_read_timeout(Some(HTTP_WITHIN))?;
        write!(stream, "GET {path} HTTP/1.0\r\nHost: {}\r\n\r\n", self.http)?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        let (head, body) = answer.split_once("\r\n\r\n").context("no HTTP")?;
        ensure!(head.split(' ').nth(1) == Some("200"), "{path}: {head}");
        Ok(body.to_owned())
    }
}

/// How confab is set up.
struct Setting<'a> {
    plan: &'a Plan,
    sip: SocketAddr,
    http: SocketAddr,
    data: PathBuf,
}

impl Setting<'_> {
    fn command(&self) -> Command {
        let block = u32::try_from(self.plan.calls).unwrap_or(0) * 4 + PORTS_SPARE;
        let blocks = (20_000 / block.max(1)).clamp(1, RTP_PORT_BLOCKS);
        let first = u32::from(RTP_PORTS_FROM) + std::process::id() % blocks * block;
        let mut command = Command::new(&self.plan.confab);
        command
            .env("CONFAB_DATA_DIR", &self.data)
            .env("CONFAB_SIP_LISTEN", format!("udp:{}", self.sip))
            .env("CONFAB_MEDIA_ADDRESS", "127.0.0.1")
            .env("CONFAB_RTP_PORTS", format!("{first}-{}", first + block - 1))
            .env("CONFAB_HTTP_LISTEN", self.http.to_string())
            .env("CONFAB_SIP_SOURCE_RATE_PER_S", SOURCE_RATE_PER_S)
            .env("CONFAB_SRTP", "accept")
            .env("CONFAB_LOG", "warn")
            .env_remove("CONFAB_CONFIG")
            .env_remove("CONFAB_DATABASE_URL")
            .current_dir("/");
        if self.plan.codec != Codec::Pcmu {
            command.env("CONFAB_CODECS", "opus,g722,pcma,pcmu");
        }
        if let Some(threads) = self.plan.media_threads {
            command.env("CONFAB_MEDIA_THREADS", threads.to_string());
        }
        command
    }
}

fn make_rooms(setting: &Setting<'_>) -> Result<()> {
    let user = [
        "user",
        "add",
        "--email",
        HOST,
        "--name",
        "Load",
        "--password",
        "load1234",
    ];
    run(setting, &user)?;
    let callers = setting.plan.room_size.max(CALLERS_USUAL);
    let max_callers = format!("max_callers={callers}");
    for room in 0..setting.plan.rooms() {
        let number = (FIRST_ROOM + room).to_string();
        let args = [
            "room",
            "add",
            "--number",
            &number,
            "--pin",
            PIN,
            "--host",
            HOST,
            "--set",
            "guests_may_start=true",
            "--set",
            "announce=nothing",
            "--set",
            &max_callers,
        ];
        run(setting, &args)?;
    }
    Ok(())
}

/// Copies the first room so often, straight into the database: the command line makes one at a
/// time.
fn make_idle_rooms(data: &Path, rooms: u32) -> Result<()> {
    let url = format!("sqlite:{}", data.join("confab.db").display());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let store = Store::open(&url).await?;
        store
            .copy_room(&FIRST_ROOM.to_string(), FIRST_IDLE_ROOM, rooms)
            .await?;
        store.close().await;
        Ok(())
    })
}

fn run(setting: &Setting<'_>, args: &[&str]) -> Result<()> {
    let output = setting.command().args(args).stdin(Stdio::null()).output()?;
    let words = String::from_utf8_lossy(&output.stderr);
    ensure!(
        output.status.success(),
        "confab {}: {words}",
        args[..2].join(" ")
    );
    Ok(())
}

/// Sum of all samples of the metrics whose name contains `word`; nothing when there is none.
fn sum_of(metrics: &str, word: &str) -> Option<u64> {
    let samples = metrics.lines().filter_map(|line| {
        let (name, value) = line.rsplit_once(' ')?;
        let ours = !line.starts_with('#') && name.contains(word);
        ours.then(|| value.parse::<f64>().ok())?
    });
    samples.map(|value| value as u64).reduce(|a, b| a + b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_key_the_pin() {
        assert_eq!(HOST_KEYS, format!("*{PIN}#"));
    }

    #[test]
    fn metrics_are_summed() {
        let text = "# TYPE x_ticks_late counter\nx_ticks_late{shard=\"0\"} 3\n\
                    x_ticks_late{shard=\"1\"} 4\nx_ticks 900\n";
        assert_eq!(sum_of(text, "ticks_late"), Some(7));
        assert_eq!(sum_of(text, "nothing"), None);
    }
}
