//! Where the data is. Serving makes what is missing; commands work on what is there, and a wrong
//! folder is told rather than filled with a new database.

use anyhow::{Context as _, bail};
use confab_store::Store;

use crate::config::Config;

/// What a command does when there is no data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Absent {
    /// it makes a new service, where it was said to be
    Make,
    /// it refuses
    Refuse,
}

/// Opens the store; makes it, and the data folder, when it is not there.
pub(crate) async fn open_or_make(config: &Config) -> anyhow::Result<Store> {
    std::fs::create_dir_all(&config.data_dir).with_context(|| {
        format!(
            "the data folder {} cannot be made",
            config.data_dir.display()
        )
    })?;
    open_made(config).await
}

/// Opens the store for a command.
pub(super) async fn open(config: &Config, absent: Absent) -> anyhow::Result<Store> {
    if confab_store::is_made(&config.database_url).await? {
        return open_made(config).await;
    }
    if absent == Absent::Refuse || !config.place_is_said {
        bail!(nothing_here(config));
    }
    open_or_make(config).await
}

/// Refuses when the data folder is neither in use nor one that was named and is there.
pub(super) async fn folder_is_there(config: &Config) -> anyhow::Result<()> {
    let named = config.place_is_said && config.data_dir.is_dir();
    if !named && !confab_store::is_made(&config.database_url).await? {
        bail!(nothing_here(config));
    }
    Ok(())
}

/// That there is no data, where it was looked for, and how to name another place.
pub(super) fn nothing_here(config: &Config) -> String {
    let looked = match config.database_url.strip_prefix("sqlite:") {
        Some(path) => {
            let path = path.strip_prefix("//").unwrap_or(path);
            let whole = std::path::absolute(path);
            whole.map_or_else(|_| path.to_owned(), |whole| whole.display().to_string())
        }
        // the URL may hold a password
        None => "the PostgreSQL database of database_url".to_owned(),
    };
    format!(
        "there is no Confab data in {looked}. If it is elsewhere, say where by CONFAB_DATA_DIR, \
         CONFAB_DATABASE_URL or --config FILE. A new service is made by serving, or by adding a \
         user when its place is said so"
    )
}

async fn open_made(config: &Config) -> anyhow::Result<Store> {
    let store = Store::open(&config.database_url).await?;
    Ok(store.with_layouts(config.layouts.clone()))
}
