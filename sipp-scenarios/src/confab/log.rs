//! The log of an instance: kept in a file, searched for what must not be in it.

use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

/// A log in a file.
#[derive(Debug)]
pub struct Log {
    path: PathBuf,
}

impl Log {
    /// In this folder.
    pub fn in_folder(folder: &Path) -> Self {
        Self {
            path: folder.join("confab.log"),
        }
    }

    /// The file, to be written at its end.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub fn writer(&self) -> Result<File> {
        Ok(OpenOptions::new()
            .create(true)
            .append(true)
            .open(&self.path)?)
    }

    /// All of it, without colours.
    pub fn text(&self) -> String {
        let bytes = std::fs::read(&self.path).unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes);
        let mut plain = String::with_capacity(text.len());
        let mut rest = text.as_ref();
        while let Some((before, after)) = rest.split_once("\u{1b}[") {
            plain += before;
            rest = after.split_once('m').map_or("", |(_, rest)| rest);
        }
        plain + rest
    }

    /// Its last lines.
    pub fn tail(&self, lines: usize) -> String {
        let text = self.text();
        let all: Vec<&str> = text.lines().collect();
        all[all.len().saturating_sub(lines)..].join("\n")
    }

    /// Nothing has panicked and no secret is in it.
    ///
    /// # Errors
    /// Names the line.
    pub fn is_clean<'a>(&self, secrets: impl Iterator<Item = &'a str>) -> Result<()> {
        let text = self.text();
        if let Some(line) = text.lines().find(|line| line.contains("panicked")) {
            bail!("something has panicked: {line}");
        }
        for secret in secrets {
            if text.contains(secret) {
                bail!("a PIN stands in the log");
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_must_not_be_in_it_is_found() {
        for (text, clean) in [
            ("\u{1b}[32mINFO\u{1b}[0m all well\n", true),
            ("thread 'x' panicked at y\n", false),
            ("pin=12345678\n", false),
        ] {
            let dir = tempfile::tempdir().expect("a folder");
            let log = Log::in_folder(dir.path());
            std::fs::write(&log.path, text).expect("room on the disk");
            assert_eq!(
                log.is_clean(["12345678"].into_iter()).is_ok(),
                clean,
                "{text}"
            );
            assert!(!log.text().contains('\u{1b}'));
        }
    }
}
