//! Passwords and PINs of the command line: an argument can be read in the list of processes by
//! everybody on the machine, a line of standard input by nobody.

use std::io::{self, BufRead, IsTerminal as _};

use anyhow::{Context as _, bail};

/// The secret as it was given, or the next line of standard input when it was given as `-`.
pub(super) fn given_or_read(given: String, what: &str) -> anyhow::Result<String> {
    if given != "-" {
        return Ok(given);
    }
    let mut input = io::stdin().lock();
    if input.is_terminal() {
        eprint!("{what}: ");
    }
    next_line(&mut input, what)
}

fn next_line(input: &mut impl BufRead, what: &str) -> anyhow::Result<String> {
    let mut line = String::new();
    let read = input.read_line(&mut line);
    read.with_context(|| format!("the {what} cannot be read from standard input"))?;
    let line = line.trim_end_matches(['\r', '\n']);
    if line.is_empty() {
        bail!("there is no {what} on standard input");
    }
    Ok(line.to_owned())
}
