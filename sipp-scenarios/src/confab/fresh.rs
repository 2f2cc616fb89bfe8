//! An instance that knows nobody yet: its first start, and starts that are refused.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tokio::sync::OnceCell;

use super::log::Log;
use super::ports::Ports;
use super::{Confab, PATIENCE, Setup};

/// What the first start shows on the terminal.
#[derive(Clone, Debug)]
pub struct Card {
    /// number of the first room
    pub room: String,
    /// its PIN, without the pound
    pub pin: String,
    /// e-mail and password of its host
    pub host: (String, String),
    /// e-mail and password of the administrator
    pub administrator: (String, String),
}

impl Confab {
    /// An instance in which nothing has been set up, not started yet.
    ///
    /// # Errors
    /// When there is no port or folder for it.
    pub fn fresh() -> Result<Self> {
        let dir = tempfile::tempdir()?;
        Ok(Self {
            setup: Setup::default(),
            ports: Ports::take()?,
            log: Log::in_folder(dir.path()),
            dir,
            child: None,
            portal: OnceCell::new(),
            finished: false,
        })
    }

    /// The same, with the data folder of somebody else.
    ///
    /// # Errors
    /// As [`fresh`](Self::fresh).
    pub fn fresh_on(data_dir: &Path) -> Result<Self> {
        let mut confab = Self::fresh()?;
        let data_dir = data_dir.to_str().context("the folder has no plain name")?;
        confab.setup = Setup::default().env("CONFAB_DATA_DIR", data_dir);
        Ok(confab)
    }

    /// Has it serve, expecting that it will not; returns all it printed.
    ///
    /// # Errors
    /// When it serves nevertheless.
    pub async fn refuses_to_serve(&self) -> Result<String> {
        let run = self.command().output();
        let output = tokio::time::timeout(PATIENCE, run)
            .await
            .context("it serves although it should not")??;
        ensure!(!output.status.success(), "it ended as if all were well");
        Ok(format!(
            "{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        ))
    }

    /// The card of the first start, which is in its output by the time it takes calls.
    ///
    /// # Errors
    /// When there is none.
    pub async fn card(&self) -> Result<Card> {
        super::eventually("the card is shown", Duration::from_secs(10), || async {
            Ok(self.log().contains("administrator"))
        })
        .await?;
        let log = self.log();
        let words = |label: &str| -> Result<Vec<String>> {
            let line = log
                .lines()
                .find_map(|line| line.trim_start().strip_prefix(label))
                .with_context(|| format!("no line {label:?} in {log}"))?;
            Ok(line.split_whitespace().map(str::to_owned).collect())
        };
        let last = |label: &str| Ok::<_, anyhow::Error>(words(label)?.pop().unwrap_or_default());
        let login = |label: &str| -> Result<(String, String)> {
            let words = words(label)?;
            let [email, password] = <[String; 2]>::try_from(words)
                .map_err(|words| anyhow::anyhow!("{label}: {words:?}"))?;
            Ok((email, password))
        };
        Ok(Card {
            room: last("dial")?.trim_end_matches('#').to_owned(),
            pin: last("host   ")?.trim_end_matches('#').to_owned(),
            host: login("host login")?,
            administrator: login("administrator")?,
        })
    }
}
