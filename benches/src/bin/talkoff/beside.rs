//! Another program that hears the same: samples into its standard input, keys from its output.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

/// How many keys it heard: the signs of a keypad in what it printed.
pub fn keys(program: &Path, samples: &[i16]) -> Result<u64> {
    let mut child = Command::new(program)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| program.display().to_string())?;
    let mut input = child.stdin.take().context("its input was asked for")?;
    let bytes: Vec<u8> = samples
        .iter()
        .flat_map(|sample| sample.to_le_bytes())
        .collect();
    // It may print before it has read everything, so both go on at once.
    let feeder = std::thread::spawn(move || input.write_all(&bytes));
    let output = child.wait_with_output()?;
    feeder.join().ok().context("the feeder panicked")??;
    ensure!(output.status.success(), "{} failed", program.display());
    let is_key = |byte: &&u8| b"0123456789*#ABCD".contains(byte);
    Ok(output.stdout.iter().filter(is_key).count() as u64)
}
