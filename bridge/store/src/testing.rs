//! What tests need of databases: a private PostgreSQL. Not part of the program.
//!
//! The server listens on a socket in its own temporary folder only: no port to clash, nobody else
//! gets in, and nothing is left when the process that asked for it is gone, however it went: a
//! shell holds the server and stops it when the pipe from us closes.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// A PostgreSQL cluster of this process alone, stopped and removed when dropped.
#[derive(Debug)]
pub struct PrivatePostgres {
    home: TempDir,
    programs: PathBuf,
    user: Option<(u32, u32)>,
    server: Option<Child>,
    databases: AtomicU32,
}

impl PrivatePostgres {
    /// A running cluster; none when PostgreSQL is not installed, said loudly on standard error.
    ///
    /// # Panics
    /// When it is installed and does not start, or is not installed though
    /// `CONFAB_REQUIRE_POSTGRES=1` says that it must be.
    pub fn start() -> Option<Self> {
        let Some(programs) = find_programs() else {
            let required = std::env::var_os("CONFAB_REQUIRE_POSTGRES");
            assert!(
                required.is_none_or(|value| value != "1"),
                "CONFAB_REQUIRE_POSTGRES=1, but there is no initdb in PATH or \
                 /usr/lib/postgresql/*/bin"
            );
            // Not eprintln, which the test harness keeps to itself when a test succeeds.
            let _ = io::stderr().write_all(SKIPPED);
            return None;
        };
        let home = tempfile::Builder::new()
            .prefix("confab-pg-")
            .tempdir()
            .expect("a temp folder");
        let user = other_user();
        if let Some((uid, gid)) = user {
            chown(home.path(), Some(uid), Some(gid)).expect("root may give a folder away");
        }
        let mut cluster = Self {
            home,
            programs,
            user,
            server: None,
            databases: AtomicU32::new(0),
        };
        cluster.init();
        cluster.start_again();
        Some(cluster)
    }

    /// The URL of a new, empty database.
    ///
    /// # Panics
    /// When the server does not make it.
    pub fn fresh_database(&self) -> String {
        let number = self.databases.fetch_add(1, Ordering::Relaxed);
        let name = format!("test_{number}");
        let done = self
            .command("psql")
            .args(["-h"])
            .arg(self.home.path())
            .args(["-U", ROLE, "-d", "postgres", "-X", "-q", "-c"])
            .arg(format!("CREATE DATABASE {name}"))
            .output();
        succeeded("psql", done);
        self.url(&name)
    }

    /// Takes the server away as a crash would: connections break, what was committed stays.
    pub fn stop(&mut self) {
        let Some(mut server) = self.server.take() else {
            return;
        };
        if let Some(mut pipe) = server.stdin.take() {
            // A shell that is gone already has nothing more to be told.
            let _ = pipe.write_all(STOP);
        }
        server.wait().expect("the shell is our child");
    }

    /// Brings it back with all it held; the URLs stay.
    ///
    /// # Panics
    /// When it does not answer within half a minute.
    pub fn start_again(&mut self) {
        self.stop();
        let log = fs::File::create(self.home.path().join("log")).expect("the folder is ours");
        let server = self
            .command("sh")
            .args(["-c", HOLD])
            .arg(self.home.path())
            .arg(self.program("postgres"))
            .arg("-D")
            .arg(self.home.path().join("data"))
            .arg("-k")
            .arg(self.home.path())
            .args(SERVER_OPTIONS)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("there is a shell");
        self.server = Some(server);
        let deadline = Instant::now() + START_LIMIT;
        while !self.answers() {
            assert!(
                Instant::now() < deadline,
                "PostgreSQL does not start: {}",
                self.log()
            );
            thread::sleep(START_PAUSE);
        }
    }

    fn init(&self) {
        let done = self
            .command("initdb")
            .args([
                "-U",
                ROLE,
                "-A",
                "trust",
                "-E",
                "UTF8",
                "--locale=C",
                "-N",
                "-D",
            ])
            .arg(self.home.path().join("data"))
            .output();
        succeeded("initdb", done);
    }

    fn answers(&self) -> bool {
        let asked = self
            .command("pg_isready")
            .arg("-q")
            .arg("-h")
            .arg(self.home.path())
            .status();
        asked.is_ok_and(|status| status.success())
    }

    fn log(&self) -> String {
        fs::read_to_string(self.home.path().join("log")).unwrap_or_default()
    }

    fn url(&self, database: &str) -> String {
        format!(
            "postgres:///{database}?host={}&user={ROLE}",
            self.home.path().display()
        )
    }

    fn program(&self, name: &str) -> PathBuf {
        self.programs.join(name)
    }

    /// A command as the server's user, for PostgreSQL refuses to run as root.
    fn command(&self, name: &str) -> Command {
        let path = self.program(name);
        let mut command = match path.exists() {
            true => Command::new(path),
            false => Command::new(name),
        };
        if let Some((uid, gid)) = self.user {
            command.uid(uid).gid(gid);
        }
        command.current_dir(self.home.path());
        command
    }
}

impl Drop for PrivatePostgres {
    fn drop(&mut self) {
        self.stop();
    }
}

fn succeeded(name: &str, done: io::Result<std::process::Output>) {
    let output = done.unwrap_or_else(|error| panic!("{name}: {error}"));
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{name}: {told}");
}

fn find_programs() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let mut installed: Vec<PathBuf> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok().map(|entry| entry.path().join("bin")))
        .collect();
    installed.sort();
    folders.extend(installed.into_iter().rev());
    folders.into_iter().find(|folder| {
        ["initdb", "postgres", "psql", "pg_isready"]
            .iter()
            .all(|name| folder.join(name).exists())
    })
}

/// Who runs the server when we are root: `postgres`, or else `nobody`.
fn other_user() -> Option<(u32, u32)> {
    let we = fs::metadata("/proc/self").ok()?.uid();
    if we != 0 {
        return None;
    }
    let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
    ["postgres", "nobody"].into_iter().find_map(|wanted| {
        let line = users
            .lines()
            .find(|line| line.split(':').next() == Some(wanted))?;
        let mut ids = line.split(':').skip(2).map(str::parse);
        Some((ids.next()?.ok()?, ids.next()?.ok()?))
    })
}

const SKIPPED: &[u8] =
    b"\n*** SKIPPED: PostgreSQL is not installed, nothing is tested with it ***\n";
/// What is written to [`HOLD`] to say that the folder is still needed.
const STOP: &[u8] = b"stop\n";
/// Runs the server given by the arguments after the folder `$0` until it reads a line, or until we
/// are gone: then nobody else removes the folder.
const HOLD: &str = r#"
"$@" </dev/null &
server=$!
read -r word
kill -QUIT $server
wait $server
[ "$word" = stop ] || rm -rf "$0"
"#;
/// No durability: the data lives as long as the test.
const SERVER_OPTIONS: [&str; 10] = [
    "-c",
    "listen_addresses=",
    "-c",
    "fsync=off",
    "-c",
    "full_page_writes=off",
    "-c",
    "shared_buffers=16MB",
    "-c",
    "dynamic_shared_memory_type=mmap",
];
const ROLE: &str = "confab";
const START_LIMIT: Duration = Duration::from_secs(30);
const START_PAUSE: Duration = Duration::from_millis(50);
