//! A real browser on the live page: Debian's Chromium, driven by `browser/live.mjs`, whose lines
//! say what the page shows and when.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::timeout;

use crate::confab::{Confab, HOST_EMAIL, HOST_PASSWORD};

/// How long the page may take to show what is waited for.
const PATIENCE: Duration = Duration::from_secs(30);

/// A browser that shows the live page of one room. Killed when dropped.
#[derive(Debug)]
pub struct Browser {
    _child: Child,
    hand: ChildStdin,
    eye: Lines<BufReader<ChildStdout>>,
    seen: Vec<Value>,
}

/// Are Chromium, Node and playwright-core installed? If not, this says so loudly, or panics when
/// `CONFAB_REQUIRE_BROWSER=1`.
pub fn is_available() -> bool {
    let chromium = std::env::var_os("CHROMIUM")
        .map_or_else(|| PathBuf::from("/usr/bin/chromium"), PathBuf::from);
    if chromium.exists() && folder().join("node_modules/playwright-core").exists() {
        return true;
    }
    let is_required = std::env::var_os("CONFAB_REQUIRE_BROWSER").is_some_and(|v| v == "1");
    assert!(
        !is_required,
        "CONFAB_REQUIRE_BROWSER=1, but Chromium or playwright-core is missing"
    );
    eprintln!("*** SKIPPED: Chromium or playwright-core is missing, no page is looked at ***");
    false
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("browser")
}

fn node(script: &str, confab: &Confab, room: &str) -> Command {
    let mut command = Command::new("node");
    command
        .arg(script)
        .current_dir(folder())
        .env("PORTAL_URL", confab.url(""))
        .env("EMAIL", HOST_EMAIL)
        .env("PASSWORD", HOST_PASSWORD)
        .env("ROOM", room)
        .kill_on_drop(true);
    command
}

/// Takes a picture of every page, wide and narrow; fails when one is wider than the screen.
///
/// # Errors
/// When a page is missing, too wide, or a script in it fails.
pub async fn picture_every_page(confab: &Confab, room: &str, into: &Path) -> Result<()> {
    let done = timeout(
        6 * PATIENCE,
        node("shots.mjs", confab, room).arg(into).output(),
    )
    .await??;
    if !done.status.success() {
        let (out, err) = (
            String::from_utf8_lossy(&done.stdout),
            String::from_utf8_lossy(&done.stderr),
        );
        bail!("the pages are not as they should be: {out}{err}");
    }
    Ok(())
}

impl Browser {
    /// Logs in as the host, opens the live page of `room` and waits until it follows the room.
    ///
    /// # Errors
    /// When the page does not come.
    pub async fn watch(confab: &Confab, room: &str) -> Result<Self> {
        let mut child = node("live.mjs", confab, room)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("node cannot be started")?;
        let hand = child.stdin.take().context("it has a standard input")?;
        let eye = BufReader::new(child.stdout.take().context("it has a standard output")?).lines();
        let mut browser = Self {
            _child: child,
            hand,
            eye,
            seen: Vec::new(),
        };
        browser
            .until("the page is ready", |seen| seen["event"] == "ready")
            .await?;
        Ok(browser)
    }

    /// Waits until the page shows something that `wanted` likes, and returns it. What was seen on
    /// the way is looked at first, and each thing only once.
    ///
    /// # Errors
    /// When it is not seen in time, or a script in the page fails.
    pub async fn until(&mut self, what: &str, wanted: impl Fn(&Value) -> bool) -> Result<Value> {
        if let Some(at) = self.seen.iter().position(&wanted) {
            return Ok(self.seen.remove(at));
        }
        let look = async {
            loop {
                let line = self
                    .eye
                    .next_line()
                    .await?
                    .context("the browser has ended")?;
                let seen: Value = serde_json::from_str(&line).with_context(|| line.clone())?;
                if seen["event"] == "error" {
                    bail!("the page has a fault: {}", seen["why"]);
                }
                if wanted(&seen) {
                    return Ok(seen);
                }
                self.seen.push(seen);
            }
        };
        match timeout(PATIENCE, look).await {
            Ok(seen) => seen.with_context(|| what.to_owned()),
            Err(_) => bail!("not seen in the page: {what}; seen was {:#?}", self.seen),
        }
    }

    /// Clicks as `line` of the protocol of `live.mjs` says, and waits for the server's answer.
    ///
    /// # Errors
    /// When there is nothing to click or it is refused.
    pub async fn click(&mut self, line: &str) -> Result<()> {
        self.hand.write_all(format!("{line}\n").as_bytes()).await?;
        let is_answer = |seen: &Value| {
            seen["command"] == line && (seen["event"] == "done" || seen["event"] == "failed")
        };
        let answer = self.until(line, is_answer).await?;
        if answer["event"] == "failed" {
            bail!("{line}: {}", answer["why"]);
        }
        Ok(())
    }
}
