//! A real softphone: baresip without a screen or a sound card, its microphone a file that hums, its
//! loudspeaker a file, its keyboard a TCP connection.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::json;
use tempfile::TempDir;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

use crate::phone::Codec;
use crate::ports::{Block, PHONE};
use crate::sound::file::{self, SoundFile};
use crate::sound::g711::Law;
use crate::sound::tone::Hum;

/// How long it may take to start or stop.
const PATIENCE: Duration = Duration::from_secs(10);

/// Time between two keys, as a person takes it.
const FINGER: Duration = Duration::from_millis(300);

/// Its microphone is this long; after that the call would fall silent.
const HUM_MS: u32 = 90_000;

/// A running softphone. Killed when dropped.
#[derive(Debug)]
pub struct Baresip {
    child: Child,
    keyboard: TcpStream,
    dir: TempDir,
    _ports: Block,
}

/// Is baresip installed? If not, this says so loudly, or panics when `CONFAB_REQUIRE_BARESIP=1`.
pub fn is_available() -> bool {
    if modules().is_some() {
        return true;
    }
    let is_required = std::env::var_os("CONFAB_REQUIRE_BARESIP").is_some_and(|v| v == "1");
    assert!(
        !is_required,
        "CONFAB_REQUIRE_BARESIP=1, but there is no baresip with its modules"
    );
    eprintln!("*** SKIPPED: baresip is not installed, no softphone is tried ***");
    false
}

fn modules() -> Option<&'static Path> {
    let folders = ["/usr/lib/baresip/modules", "/usr/local/lib/baresip/modules"];
    folders
        .map(Path::new)
        .into_iter()
        .find(|folder| folder.join("aufile.so").exists())
}

impl Baresip {
    /// Starts one that hums this tone.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn start(name: &str, hz: u32) -> Result<Self> {
        Self::start_speaking(name, hz, Codec::Law(Law::Mu)).await
    }

    /// The same in another codec.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn start_speaking(name: &str, hz: u32, codec: Codec) -> Result<Self> {
        Self::start_with(name, hz, codec, "").await
    }

    /// Starts one that takes no sound but by SRTP (`RTP/SAVP`).
    ///
    /// # Errors
    /// When it does not start.
    pub async fn start_sealed(name: &str, hz: u32) -> Result<Self> {
        Self::start_with(name, hz, Codec::Law(Law::Mu), ";mediaenc=srtp-mand").await
    }

    async fn start_with(name: &str, hz: u32, codec: Codec, more: &str) -> Result<Self> {
        let dir = tempfile::tempdir()?;
        write_hum(&dir.path().join("microphone.wav"), hz, codec.rate_hz())?;
        let ports = Block::take(&PHONE)?;
        // SIP over TLS listens at the port above that of SIP.
        let (control, sip) = (ports.port(1), ports.port(2));
        std::fs::write(
            dir.path().join("config"),
            config(dir.path(), sip, control, codec)?,
        )?;
        let codecs = format!("audio_codecs={}", codec.name());
        let account = format!("\"{name}\" <sip:{name}@127.0.0.1>;regint=0;{codecs}{more}\n");
        std::fs::write(dir.path().join("accounts"), account)?;
        std::fs::write(dir.path().join("contacts"), "")?;
        let log = std::fs::File::create(dir.path().join("log"))?;
        let child = Command::new("baresip")
            .args(["-4", "-n", "127.0.0.1", "-f"])
            .arg(dir.path())
            .current_dir(dir.path())
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .context("start baresip")?;
        let deadline = Instant::now() + PATIENCE;
        let keyboard = loop {
            match TcpStream::connect((Ipv4Addr::LOCALHOST, control)).await {
                Ok(stream) => break stream,
                Err(_) if Instant::now() < deadline => {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
                Err(error) => bail!("no keyboard: {error}\n{}", log_in(dir.path())),
            }
        };
        Ok(Self {
            child,
            keyboard,
            dir,
            _ports: ports,
        })
    }

    /// Dials a user at a server.
    ///
    /// # Errors
    /// When it is gone.
    pub async fn dial(&mut self, user: &str, server: SocketAddr) -> Result<()> {
        self.order("dial", &format!("sip:{user}@{server}")).await
    }

    /// Presses keys one after the other.
    ///
    /// # Errors
    /// When it is gone.
    pub async fn key(&mut self, keys: &str) -> Result<()> {
        for key in keys.chars() {
            self.order("sndcode", &key.to_string()).await?;
            tokio::time::sleep(FINGER).await;
        }
        Ok(())
    }

    /// Hangs up, and ends; returns what came out of its loudspeaker.
    ///
    /// # Errors
    /// When it does not end, or has no sound to show.
    pub async fn hang_up(mut self) -> Result<SoundFile> {
        self.order("hangup", "").await?;
        tokio::time::sleep(FINGER).await;
        self.order("quit", "").await?;
        tokio::time::timeout(PATIENCE, self.child.wait())
            .await
            .with_context(|| format!("baresip does not quit\n{}", self.log()))??;
        let mut heard: Vec<PathBuf> = std::fs::read_dir(self.dir.path())?
            .flatten()
            .map(|file| file.path())
            .filter(|path| path.to_string_lossy().ends_with("-dec.wav"))
            .collect();
        heard.sort();
        let path = heard
            .pop()
            .with_context(|| format!("it heard nothing\n{}", self.log()))?;
        file::read(&path)
    }

    /// What it has written.
    pub fn log(&self) -> String {
        log_in(self.dir.path())
    }

    /// One command in a netstring of JSON.
    async fn order(&mut self, command: &str, params: &str) -> Result<()> {
        let text = json!({ "command": command, "params": params }).to_string();
        let message = format!("{}:{text},", text.len());
        self.keyboard
            .write_all(message.as_bytes())
            .await
            .context("baresip is gone")?;
        Ok(())
    }
}

fn config(dir: &Path, sip: u16, control: u16, codec: Codec) -> Result<String> {
    let rate_hz = codec.rate_hz();
    let module = match codec {
        Codec::Law(_) => "g711",
        Codec::G722 => "g722",
        Codec::Opus => "opus",
    };
    let dir = dir.display();
    let modules = modules().context("no modules of baresip")?.display();
    Ok(format!(
        "poll_method epoll\nsip_listen 127.0.0.1:{sip}\n\
         audio_source aufile,{dir}/microphone.wav\naudio_player aubridge,nowhere\n\
         audio_alert aubridge,nowhere\nausrc_srate {rate_hz}\nauplay_srate {rate_hz}\n\
         ausrc_channels 1\nauplay_channels 1\naudio_path {dir}\n\
         ctrl_tcp_listen 127.0.0.1:{control}\nsnd_path {dir}\n\
         module_path {modules}\nmodule {module}.so\nmodule aufile.so\nmodule aubridge.so\n\
         module sndfile.so\nmodule srtp.so\n\
         module_app account.so\nmodule_app menu.so\nmodule_app ctrl_tcp.so\n"
    ))
}

fn write_hum(path: &Path, hz: u32, rate_hz: u32) -> Result<()> {
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: rate_hz,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut writer = hound::WavWriter::create(path, spec)?;
    let mut hum = Hum::default();
    for _ in 0..u64::from(rate_hz) * u64::from(HUM_MS) / 1_000 {
        writer.write_sample(hum.next_at(hz, 8_000.0, rate_hz))?;
    }
    writer.finalize()?;
    Ok(())
}

fn log_in(dir: &Path) -> String {
    std::fs::read_to_string(dir.join("log")).unwrap_or_default()
}
