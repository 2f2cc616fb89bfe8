//! `confab backup`: a copy of what Confab keeps, taken while it serves. The copy is a data folder:
//! to bring it back is to serve from it.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use serde_json::json;

use super::{place, print_json};
use crate::config::Config;

#[derive(Debug, clap::Args)]
pub(super) struct BackupCommand {
    /// Folder of the copy; it is made, and nothing is overwritten. To bring the copy back, serve
    /// from it: CONFAB_DATA_DIR=FOLDER confab. The configuration file is not in it
    folder: PathBuf,
    /// Copy the recordings, too
    #[arg(long)]
    recordings: bool,
}

/// Files beside the database; the server reads each again, whatever moment it is of.
///
/// The spool comes before the database: an entry that goes from the one into the other meanwhile is
/// in both, which is harmless, and not in neither.
const FILES: [&str; 2] = ["alive", "ledger.spool"];
/// The operator's own sounds.
const SOUNDS: [&str; 4] = ["sounds", "prompts/en", "prompts/fr", "prompts/de"];
const DATABASE: &str = "confab.db";

/// Makes the copy and says what is in it.
pub(super) async fn backup(
    config: &Config,
    command: BackupCommand,
    json: bool,
) -> anyhow::Result<()> {
    if !config.database_url.starts_with("sqlite:") {
        bail!(
            "the database is on a PostgreSQL server: copy it with pg_dump. What else there is to \
             keep is in {}: ledger.spool, sounds, prompts and recordings",
            config.data_dir.display()
        );
    }
    if !confab_store::is_made(&config.database_url).await? {
        bail!(place::nothing_here(config));
    }
    let to = std::path::absolute(&command.folder)?;
    make_folder(&to)?;
    let copied = copy_all(config, &to, command.recordings).await;
    let copied = copied.with_context(|| {
        let folder = to.display();
        format!("{folder} is no whole copy, and may be deleted")
    })?;
    copied.tell(&to, json);
    Ok(())
}

/// What was copied.
struct Copied {
    database_bytes: u64,
    sounds: usize,
    recordings: Option<usize>,
}

impl Copied {
    fn tell(&self, to: &Path, json: bool) {
        let folder = to.display().to_string();
        if json {
            return print_json(&json!({
                "folder": folder,
                "database_bytes": self.database_bytes,
                "sounds": self.sounds,
                "recordings": self.recordings,
            }));
        }
        let recordings = match self.recordings {
            Some(count) => count.to_string(),
            None => "none (--recordings copies them)".to_owned(),
        };
        println!(
            "{folder} has the database; sounds of your own: {}; recordings: {recordings}\n\
             To serve from it: CONFAB_DATA_DIR={folder} confab",
            self.sounds
        );
    }
}

fn make_folder(to: &Path) -> anyhow::Result<()> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(to);
    made.with_context(|| format!("{} cannot be made", to.display()))?;
    let mut files = fs::read_dir(to).with_context(|| to.display().to_string())?;
    if files.next().is_some() {
        bail!("{} is not empty, and nothing is overwritten", to.display());
    }
    Ok(())
}

async fn copy_all(config: &Config, to: &Path, recordings: bool) -> anyhow::Result<Copied> {
    let from = &config.data_dir;
    for name in FILES {
        if from.join(name).exists() {
            copy(&from.join(name), &to.join(name))?;
        }
    }
    // It gets its name at the end: nobody shall serve from a copy that is not whole.
    let unnamed = to.join("confab.db.part");
    confab_store::copy_to(&config.database_url, &unnamed).await?;
    let file = File::open(&unnamed)?;
    file.sync_all()?;
    let mut sounds = 0;
    for folder in SOUNDS {
        sounds += copy_folder(&from.join(folder), &to.join(folder), "wav")?;
    }
    // After the database: a recording without a row does no harm, and a row without one does.
    let recordings = recordings
        .then(|| copy_folder(&config.recordings_dir(), &to.join("recordings"), "mp3"))
        .transpose()?;
    fs::rename(&unnamed, to.join(DATABASE))?;
    File::open(to)?.sync_all()?;
    Ok(Copied {
        database_bytes: file.metadata()?.len(),
        sounds,
        recordings,
    })
}

/// Copies the files with this extension; how many. One that has gone meanwhile was deleted.
fn copy_folder(from: &Path, to: &Path, extension: &str) -> anyhow::Result<usize> {
    let files = match fs::read_dir(from) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
        files => files.with_context(|| from.display().to_string())?,
    };
    DirBuilder::new().recursive(true).mode(0o700).create(to)?;
    let mut count = 0;
    for file in files {
        let path = file.with_context(|| from.display().to_string())?.path();
        let Some(name) = path.file_name() else {
            continue;
        };
        if path.extension().is_some_and(|it| it == extension) && path.is_file() {
            count += usize::from(copy(&path, &to.join(name))?);
        }
    }
    File::open(to)?.sync_all()?;
    Ok(count)
}

/// Copies one file into a new one that only its owner may read; false when it has gone.
fn copy(from: &Path, to: &Path) -> anyhow::Result<bool> {
    let mut source = match File::open(from) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        source => source.with_context(|| from.display().to_string())?,
    };
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(0o600);
    let copied = options.open(to).and_then(|mut target| {
        io::copy(&mut source, &mut target)?;
        target.sync_all()
    });
    copied.with_context(|| to.display().to_string())?;
    Ok(true)
}
