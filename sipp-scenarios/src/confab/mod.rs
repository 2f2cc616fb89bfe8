//! Starts the real program on free ports with a folder of its own, asks it and stops it.
//!
//! Knows the program only from outside: its command line, its environment, its pages, its log.

mod fresh;
mod kept;
mod log;
pub mod portal;
mod ports;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;
use tokio::process::{Child, Command};
use tokio::sync::OnceCell;

use crate::phone::{Phone, Plan};
use crate::sound::words::Language;
pub use fresh::Card;
use log::Log;
pub use portal::Portal;
use ports::Ports;

/// The host's login.
pub const HOST_EMAIL: &str = "host@example.org";
/// The host's password.
pub const HOST_PASSWORD: &str = "tall4hedge";
/// The number whose calls run the voice menu.
pub const ACCESS_NUMBER: &str = "4989100";
/// The room every instance has.
pub const ROOM: &str = "224466";
/// Its PIN: so long that it stands in no log by chance.
pub const PIN: &str = "7351942680";

/// How long the program may take to start or stop.
const PATIENCE: Duration = Duration::from_secs(30);

/// What an instance is to be like.
#[derive(Clone, Debug)]
pub struct Setup {
    /// settings of [`ROOM`] beside the default ones, as `KEY=VALUE`
    pub room: Vec<String>,
    /// other rooms: number, PIN and settings
    pub rooms: Vec<(String, String, Vec<String>)>,
    /// database; none: the embedded one
    pub database_url: Option<String>,
    /// more environment
    pub env: Vec<(String, String)>,
    /// language of the access number and the room
    pub language: Language,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            room: vec!["guests_may_start=true".into()],
            rooms: Vec::new(),
            database_url: None,
            env: Vec::new(),
            language: Language::default(),
        }
    }
}

impl Setup {
    /// The usual instance with these settings of its room.
    pub fn with_room(settings: &[&str]) -> Self {
        let room = settings.iter().map(ToString::to_string).collect();
        Self {
            room,
            ..Self::default()
        }
    }

    /// Speaking this language to everybody.
    #[must_use]
    pub fn speaking(mut self, language: Language) -> Self {
        self.room.push(format!("language={}", language.word()));
        self.language = language;
        self
    }

    /// With one more variable in the environment.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.env.push((name.into(), value.into()));
        self
    }
}

/// A running instance. When a test drops it without [`Confab::finish`], its log is shown.
#[derive(Debug)]
pub struct Confab {
    setup: Setup,
    ports: Ports,
    dir: TempDir,
    log: Log,
    child: Option<Child>,
    portal: OnceCell<Portal>,
    finished: bool,
}

impl Confab {
    /// The usual instance.
    ///
    /// # Errors
    /// When it does not start; the message has its log.
    pub async fn start() -> Result<Self> {
        Self::start_with(Setup::default()).await
    }

    /// An instance with a user, an access number and rooms, ready for calls.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn start_with(setup: Setup) -> Result<Self> {
        let mut confab = Self::prepare(setup)?;
        let user = [
            "--email",
            HOST_EMAIL,
            "--name",
            "Host",
            "--password",
            HOST_PASSWORD,
        ];
        confab.cli(&[&["user", "add"], &user[..]].concat()).await?;
        let mut rooms = confab.setup.rooms.clone();
        rooms.push((ROOM.into(), PIN.into(), confab.setup.room.clone()));
        for (number, pin, settings) in &rooms {
            confab.add_room(number, pin, settings).await?;
        }
        confab
            .cli(&[
                "number",
                "add",
                ACCESS_NUMBER,
                "--language",
                confab.language().word(),
            ])
            .await?;
        confab.serve().await?;
        Ok(confab)
    }

    /// The usual instance, serving from a copy of another one's data, which is moved to it.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn start_from(copy: &Path) -> Result<Self> {
        let mut confab = Self::prepare(Setup::default())?;
        std::fs::rename(copy, confab.data_dir())?;
        confab.serve().await?;
        Ok(confab)
    }

    fn prepare(setup: Setup) -> Result<Self> {
        let dir = tempfile::tempdir()?;
        let log = Log::in_folder(dir.path());
        Ok(Self {
            setup,
            ports: Ports::take()?,
            dir,
            log,
            child: None,
            portal: OnceCell::new(),
            finished: false,
        })
    }

    /// `confab room add`.
    ///
    /// # Errors
    /// When the program refuses.
    pub async fn add_room(&self, number: &str, pin: &str, settings: &[String]) -> Result<()> {
        let mut args = vec![
            "room", "add", "--number", number, "--pin", pin, "--host", HOST_EMAIL,
        ];
        // The phones of most tests hum at one pitch, and that is one of the things which spoil it.
        let own = |setting: &String| setting.starts_with("isolate_bad_lines=");
        let usual = (!settings.iter().any(own)).then_some("isolate_bad_lines=nothing");
        for setting in settings.iter().map(String::as_str).chain(usual) {
            args.extend(["--set", setting]);
        }
        self.cli(&args).await.map(|_| ())
    }

    /// Serves (again), and waits until it takes calls.
    ///
    /// # Errors
    /// When it does not in time.
    pub async fn serve(&mut self) -> Result<()> {
        let output = self.log.writer()?;
        let mut command = self.command();
        command.stdout(output.try_clone()?).stderr(output);
        self.child = Some(command.spawn().context("start the program")?);
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Ok(text) = portal::get(&self.url("/health")).await {
                ensure!(text.starts_with('{'), "health is no JSON: {text}");
                return Ok(());
            }
            let exited = self
                .child
                .as_mut()
                .and_then(|c| c.try_wait().ok().flatten());
            if exited.is_some() || Instant::now() > deadline {
                bail!("the program does not take calls ({exited:?})");
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    fn command(&self) -> Command {
        let (sip, http) = (self.ports.sip(), self.ports.http());
        let mut command = Command::new(program());
        command
            .env_remove("CONFAB_CONFIG")
            .env("CONFAB_DATA_DIR", self.data_dir())
            .env("CONFAB_SIP_LISTEN", format!("udp:{sip},tcp:{sip}"))
            .env("CONFAB_MEDIA_ADDRESS", "127.0.0.1")
            .env("CONFAB_RTP_PORTS", self.ports.rtp())
            .env("CONFAB_HTTP_LISTEN", http.to_string())
            .env("CONFAB_MEDIA_THREADS", "2")
            // other tests keep the machine busy, and that must not refuse this one's calls
            .env("CONFAB_BUSY_TICK_US", "20000")
            .env(
                "CONFAB_LOG",
                "info,confab=debug,confab_sip=debug,confab_portal=debug",
            )
            .current_dir(self.dir.path())
            .stdin(Stdio::null())
            .kill_on_drop(true);
        if let Some(url) = &self.setup.database_url {
            command.env("CONFAB_DATABASE_URL", url);
        }
        command.envs(self.setup.env.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Runs the command line of the program; returns what it printed.
    ///
    /// # Errors
    /// When it fails; the message has what it said.
    pub async fn cli(&self, args: &[&str]) -> Result<String> {
        let output = self
            .command()
            .args(args)
            .output()
            .await
            .context("run the program")?;
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        if !output.status.success() {
            bail!(
                "confab {}: {said}{}",
                args[0],
                String::from_utf8_lossy(&output.stderr)
            );
        }
        Ok(said)
    }

    /// The language its callers are spoken to in.
    pub fn language(&self) -> Language {
        self.setup.language
    }

    /// Where it takes calls.
    pub fn sip(&self) -> SocketAddr {
        self.ports.sip()
    }

    /// Where its web server listens.
    pub fn http(&self) -> SocketAddr {
        self.ports.http()
    }

    /// An address of its web server.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.ports.http())
    }

    /// Everything it keeps.
    pub fn data_dir(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    /// Its process.
    pub fn pid(&self) -> Option<u32> {
        self.child.as_ref().and_then(Child::id)
    }

    /// Calls straight to a room and waits for the answer.
    ///
    /// # Errors
    /// When it is not answered.
    pub async fn call_room(&self, room: &str, mut plan: Plan) -> Result<Phone> {
        plan.language = self.language();
        Phone::call(self.sip(), room, plan).await
    }

    /// Calls [`ROOM`] as a guest, who presses pound at the door and is in the room when this
    /// returns.
    ///
    /// # Errors
    /// When the call is not answered, or the room is not entered.
    pub async fn guest(&self, plan: Plan) -> Result<Phone> {
        self.enter(plan, "#").await
    }

    /// Calls [`ROOM`] as its host, who is in the room when this returns.
    ///
    /// # Errors
    /// When the call is not answered, or the room is not entered.
    pub async fn host(&self, plan: Plan) -> Result<Phone> {
        self.enter(plan, &format!("*{PIN}#")).await
    }

    async fn enter(&self, plan: Plan, keys: &str) -> Result<Phone> {
        let phone = self.call_room(ROOM, plan).await?;
        phone.key(keys).await?;
        let portal = self.portal().await?;
        let what = format!("{} is in room {ROOM}", phone.name());
        let is_in = || async { Ok(portal.leg(ROOM, phone.name()).await.is_ok()) };
        eventually(&what, PATIENCE, is_in).await?;
        Ok(phone)
    }

    /// How many callers a room has, by the portal.
    ///
    /// # Errors
    /// When the portal does not answer.
    pub async fn callers(&self, room: &str) -> Result<usize> {
        Ok(self.portal().await?.legs(room).await?.len())
    }

    /// Waits until a room has so many callers.
    ///
    /// # Errors
    /// When it does not in time.
    pub async fn until_callers(&self, room: &str, count: usize) -> Result<()> {
        let portal = self.portal().await?;
        let what = format!("{count} callers in room {room}");
        eventually(&what, PATIENCE, || async {
            Ok(portal.legs(room).await?.len() == count)
        })
        .await
    }

    /// A host at the portal, logged in.
    ///
    /// # Errors
    /// When the login fails.
    pub async fn portal(&self) -> Result<&Portal> {
        let base = self.url("");
        self.portal
            .get_or_try_init(|| Portal::log_in(&base, HOST_EMAIL, HOST_PASSWORD))
            .await
    }

    /// A number of `/metrics`; none when there is no such line.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn metric(&self, name: &str) -> Result<Option<f64>> {
        let text = portal::get(&self.url("/metrics")).await?;
        Ok(text.lines().find_map(|line| {
            let (found, value) = line.rsplit_once(' ')?;
            (found == name).then(|| value.parse().ok())?
        }))
    }

    /// Everything it has logged.
    pub fn log(&self) -> String {
        self.log.text()
    }

    /// Kills it like a power cut.
    ///
    /// # Errors
    /// When it is not running.
    pub async fn kill_9(&mut self) -> Result<()> {
        let mut child = self.child.take().context("it is not running")?;
        child.kill().await?;
        Ok(())
    }

    /// Stops it in order (SIGTERM) and waits for its end.
    ///
    /// # Errors
    /// When it does not end in time, or ends with a failure.
    pub async fn stop(&mut self) -> Result<()> {
        let mut child = self.child.take().context("it is not running")?;
        let pid = child.id().context("it has ended by itself")?;
        kill(Pid::from_raw(i32::try_from(pid)?), Signal::SIGTERM)?;
        let status = tokio::time::timeout(PATIENCE, child.wait())
            .await
            .context("it does not stop on SIGTERM")??;
        ensure!(status.success(), "it ended with {status}");
        Ok(())
    }

    /// The last check of every test, when all phones have hung up: no call is left behind, it
    /// stops in order, nothing has panicked, and no PIN is in the log.
    ///
    /// # Errors
    /// What is not so.
    pub async fn finish(mut self) -> Result<()> {
        for metric in ["confab_lines", "confab_calls", "confab_rooms"] {
            let what = format!("no {metric} left");
            let is_zero = || async { Ok(self.metric(metric).await? == Some(0.0)) };
            eventually(&what, Duration::from_secs(10), is_zero).await?;
        }
        self.stop().await?;
        let pins = self
            .setup
            .rooms
            .iter()
            .map(|(_, pin, _)| pin.as_str())
            .chain([PIN]);
        self.log.is_clean(pins)?;
        self.finished = true;
        Ok(())
    }
}

impl Drop for Confab {
    fn drop(&mut self) {
        if !self.finished {
            eprintln!(
                "--- the end of the log of the program ---\n{}",
                self.log.tail(120)
            );
        }
    }
}

/// The program: `CONFAB_BIN`, or the one built into the same folder as the running test.
fn program() -> PathBuf {
    if let Some(path) = std::env::var_os("CONFAB_BIN") {
        return path.into();
    }
    let beside = std::env::current_exe().ok();
    let folder = beside
        .as_deref()
        .and_then(Path::parent)
        .and_then(Path::parent);
    folder.map_or_else(|| "confab".into(), |folder| folder.join("confab"))
}

/// Asks again and again until it is so.
///
/// # Errors
/// When the time is over, or asking fails to the end.
pub async fn eventually<F>(what: &str, within: Duration, ask: impl Fn() -> F) -> Result<()>
where
    F: Future<Output = Result<bool>>,
{
    let deadline = Instant::now() + within;
    loop {
        let answer = ask().await;
        if matches!(answer, Ok(true)) {
            return Ok(());
        }
        if Instant::now() > deadline {
            answer.with_context(|| format!("not within {within:?}: {what}"))?;
            bail!("not within {within:?}: {what}");
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
