//! The command line: what an operator does without the web. Each command works on the database
//! directly, so it needs no running server, and a running one sees the change with the next call.
//! What it works on must be there: only serving, and adding people, rooms and numbers to a place
//! that was named, make a new service.

mod backup;
mod check;
mod keep;
mod keypad;
mod people;
mod place;
mod prompts;
mod secret;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Parser, Subcommand};

use crate::config::{Config, Environment};
use crate::{allocator, serve};
use place::Absent;
pub(crate) use place::open_or_make;

/// Exit status for a configuration that cannot be understood (EX_USAGE of sysexits.h).
const EXIT_USAGE: u8 = 64;
/// Exit status for a command line that cannot be understood, as clap has it.
const EXIT_WORDS: u8 = 2;

/// A dial-in audio-conference service. Without a command it serves calls.
#[derive(Debug, Parser)]
#[command(name = "confab", version)]
struct Cli {
    /// The configuration file; every key can also be set as CONFAB_KEY in the environment
    #[arg(long, global = true, env = "CONFAB_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// Print JSON instead of words; errors too: {"error": "..."} on standard error
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
    /// Copy what Confab keeps into a new folder, while it serves
    Backup(backup::BackupCommand),
    /// Check the configuration, the database and the folders, and say what is wrong
    Check,
}

/// Does what the command line of this process says.
pub fn run() -> ExitCode {
    // what clap cannot understand may have asked for JSON all the same
    let json = std::env::args_os().any(|word| word == "--json");
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) if json && error.use_stderr() => {
            let text = error.to_string();
            let (why, _usage) = text.split_once("\n\n").unwrap_or((&text, ""));
            tell(why.trim_start_matches("error: ").trim_end(), true);
            return ExitCode::from(EXIT_WORDS);
        }
        Err(error) => error.exit(),
    };
    let json = cli.json;
    let config = match Config::load(cli.config.as_deref(), &Environment::of_process()) {
        Ok(config) => config,
        Err(error) => {
            tell(&error.to_string(), json);
            return ExitCode::from(EXIT_USAGE);
        }
    };
    match work(cli, config) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tell(&format!("{error:#}"), json);
            ExitCode::FAILURE
        }
    }
}

/// Says on standard error what went wrong.
fn tell(why: &str, json: bool) {
    if json {
        eprintln!("{}", serde_json::json!({ "error": why }));
    } else {
        eprintln!("confab: {why}");
    }
}

fn work(cli: Cli, config: Config) -> anyhow::Result<()> {
    if cli.command.is_none() {
        allocator::ask();
    }
    let runtime = tokio::runtime::Runtime::new().context("no threads to work with")?;
    runtime.block_on(async {
        match cli.command {
            None => serve::run(config).await,
            Some(command) => obey(&config, command, cli.json).await,
        }
    })
}

async fn obey(config: &Config, command: Command, json: bool) -> anyhow::Result<()> {
    match command {
        Command::User(command) => {
            let store = place::open(config, command.absent()).await?;
            people::user(&store, command, json).await
        }
        Command::Room(command) => {
            let store = place::open(config, command.absent()).await?;
            people::room(&store, command, json).await
        }
        Command::Number(command) => {
            let store = place::open(config, command.absent()).await?;
            people::number(&store, command, json).await
        }
        Command::Recordings(command) => {
            let store = place::open(config, Absent::Refuse).await?;
            keep::recordings(config, &store, command, json).await
        }
        Command::Keypad(command) => keypad::print(config, &command, json),
        Command::Prompt(command) => {
            place::folder_is_there(config).await?;
            prompts::prompt(config, command, json)
        }
        Command::Backup(command) => backup::backup(config, command, json).await,
        Command::Check => check::run(config, json).await,
    }
}

fn print_json(value: &serde_json::Value) {
    println!("{value:#}");
}
