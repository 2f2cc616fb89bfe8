//! `confab recordings`: what is on disk, and what retention would delete.

use clap::Subcommand;
use confab_store::Store;
use serde_json::{Value, json};

use super::print_json;
use crate::clock::Clock;
use crate::config::Config;
use crate::janitor::{self, Mode, Rules};

#[derive(Debug, Subcommand)]
pub(super) enum RecordingsCommand {
    /// List all recordings, deleted ones among them
    List,
    /// Delete the recordings whose time has come, as the server does by itself every hour
    Prune {
        /// Only say what would be deleted
        #[arg(long)]
        dry_run: bool,
        /// The clock is right, though the ledger has been silent for long
        #[arg(long)]
        trust_clock: bool,
    },
}

pub(super) async fn recordings(
    config: &Config,
    store: &Store,
    command: RecordingsCommand,
    json: bool,
) -> anyhow::Result<()> {
    match command {
        RecordingsCommand::List => list(store, json).await,
        RecordingsCommand::Prune {
            dry_run,
            trust_clock,
        } => {
            let mode = if dry_run { Mode::DryRun } else { Mode::Delete };
            let now_ms = crate::clock::ms(Clock::start().now());
            let keep_days = config.recording_keep_days;
            let rules = Rules {
                keep_days,
                now_ms,
                trust_clock,
                mode,
            };
            let sweep = janitor::sweep(store, &config.recordings_dir(), rules).await?;
            if json {
                print_json(&json!({
                    "dry_run": dry_run,
                    "deleted": sweep.deleted,
                    "refused": sweep.refused,
                }));
            } else {
                let verb = if dry_run {
                    "would be deleted"
                } else {
                    "deleted"
                };
                for id in &sweep.deleted {
                    println!("{id}\t{verb}");
                }
                println!("{} recordings {verb}", sweep.deleted.len());
                if let Some(why) = &sweep.refused {
                    println!("nothing was deleted: {why}");
                }
            }
            Ok(())
        }
    }
}

async fn list(store: &Store, json: bool) -> anyhow::Result<()> {
    let rooms: Vec<_> = store
        .rooms(None)
        .await?
        .into_iter()
        .map(|row| row.number)
        .collect();
    let rows = store.recordings(&rooms).await?;
    if json {
        let value = |row: &confab_store::RecordingRow| {
            json!({
                "id": row.id, "room": row.room, "title": row.title, "started_ms": row.started_ms,
                "duration_ms": row.duration_ms, "bytes": row.bytes, "held": row.held,
                "deleted": row.deleted.as_ref().map(|(at_ms, why)| json!({ "at_ms": at_ms, "why": why })),
            })
        };
        print_json(&Value::Array(rows.iter().map(value).collect()));
        return Ok(());
    }
    for row in rows {
        let state = row
            .deleted
            .map_or(String::new(), |(_, why)| format!("\tdeleted: {why}"));
        println!(
            "{}\t{}\t{} s\t{} bytes{state}",
            row.id,
            row.room,
            row.duration_ms / 1000,
            row.bytes
        );
    }
    Ok(())
}
