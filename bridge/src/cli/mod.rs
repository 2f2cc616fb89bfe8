//! The command line: what an operator does without the web. Each command works on the database
//! directly, so it needs no running server, and a running one sees the change with the next call.

mod check;
mod keep;
mod keypad;
mod people;
mod prompts;
mod secret;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use confab_store::Store;

use crate::config::{Config, ConfigError, Environment};
use crate::serve;

/// Exit status for a configuration that cannot be understood (EX_USAGE of sysexits.h).
const EXIT_USAGE: u8 = 64;

/// A dial-in audio-conference service. Without a command it serves calls.
#[derive(Debug, Parser)]
#[command(name = "confab", version)]
pub struct Cli {
    /// The configuration file; every key can also be set as CONFAB_KEY in the environment
    #[arg(long, global = true, env = "CONFAB_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// Print JSON instead of words
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// People who can log in to the portal
    #[command(subcommand)]
    User(people::UserCommand),
    /// Rooms
    #[command(subcommand)]
    Room(people::RoomCommand),
    /// Access numbers: what callers dial
    #[command(subcommand)]
    Number(people::NumberCommand),
    /// Recordings on disk
    #[command(subcommand)]
    Recordings(keep::RecordingsCommand),
    /// Print the keypads: which keys do what
    Keypad(keypad::KeypadCommand),
    /// What callers hear: sounds of your own in the place of ours
    #[command(subcommand)]
    Prompt(prompts::PromptCommand),
    /// Check the configuration, the database and the folders, and say what is wrong
    Check,
}

/// Does what the command line says.
pub fn run(cli: Cli) -> ExitCode {
    let config = match Config::load(cli.config.as_deref(), &Environment::of_process()) {
        Ok(config) => config,
        Err(error @ ConfigError(_)) => {
            eprintln!("confab: {error}");
            return ExitCode::from(EXIT_USAGE);
        }
    };
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("confab: no threads to work with: {error}");
            return ExitCode::FAILURE;
        }
    };
    let json = cli.json;
    let done = runtime.block_on(async {
        match cli.command {
            None => serve::run(config).await,
            Some(Command::User(command)) => {
                people::user(&open(&config).await?, command, json).await
            }
            Some(Command::Room(command)) => {
                people::room(&open(&config).await?, command, json).await
            }
            Some(Command::Number(command)) => {
                people::number(&open(&config).await?, command, json).await
            }
            Some(Command::Recordings(command)) => {
                keep::recordings(&config, &open(&config).await?, command, json).await
            }
            Some(Command::Keypad(command)) => keypad::print(&config, &command, json),
            Some(Command::Prompt(command)) => prompts::prompt(&config, command, json),
            Some(Command::Check) => check::run(&config, json).await,
        }
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("confab: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Opens the store, for a command or for serving; makes the data folder when it is not there.
pub(crate) async fn open(config: &Config) -> anyhow::Result<Store> {
    use anyhow::Context as _;
    std::fs::create_dir_all(&config.data_dir).with_context(|| {
        format!(
            "the data folder {} cannot be made",
            config.data_dir.display()
        )
    })?;
    let store = Store::open(&config.database_url).await?;
    Ok(store.with_layouts(config.layouts.clone()))
}

fn print_json(value: &serde_json::Value) {
    println!("{value:#}");
}
