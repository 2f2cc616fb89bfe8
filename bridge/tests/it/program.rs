//! Runs the program `confab` once, in a folder, as an operator does on the command line.

use std::path::Path;
use std::process::{Command, Output};

/// The program in this folder, with ports of loopback in case it serves.
pub fn command(here: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_confab"));
    command
        .args(args)
        .current_dir(here)
        .env("CONFAB_SIP_LISTEN", "udp:127.0.0.1:0,tcp:127.0.0.1:0")
        .env("CONFAB_HTTP_LISTEN", "127.0.0.1:0")
        .env("CONFAB_MEDIA_ADDRESS", "127.0.0.1");
    command
}

/// What it said with this environment, and how it ended.
pub fn run(here: &Path, args: &[&str], env: &[(&str, &str)]) -> Output {
    let mut command = command(here, args);
    command.envs(env.iter().copied()).output().unwrap()
}

/// What it printed; it must have done what it was asked for.
pub fn good(here: &Path, args: &[&str], env: &[(&str, &str)]) -> String {
    let output = run(here, args, env);
    let err = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{args:?}: {err}");
    String::from_utf8(output.stdout).unwrap()
}
