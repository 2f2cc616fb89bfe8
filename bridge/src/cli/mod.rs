//! The command line: what an operator does without the web. Each command works on the database
//! directly, so it needs no running server, and a running one sees the change with the next call.
//! What it works on must be there: only serving, and adding people, rooms and numbers to a place
//! that was named, make a new service.

mod check;
mod keep;
mod keypad;
mod people;
mod place;
mod prompts;
mod secret;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::config::{Config, ConfigError, Environment};
use crate::serve;
use place::Absent;
pub(crate) use place::open_or_make;

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
            Some(command) => obey(&config, command, json).await,
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
        Command::Check => check::run(config, json).await,
    }
}

fn print_json(value: &serde_json::Value) {
    println!("{value:#}");
}
