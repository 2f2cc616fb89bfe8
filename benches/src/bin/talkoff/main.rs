//! `talkoff`: how often the in-band detector hears a key in sound that holds none, and how much of
//! that sound it would cut. With `--beside` another program is given the very same samples.

mod beside;
mod tally;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use clap::Parser;
use sipp_scenarios::sound::file;

use tally::Tally;

/// Plays sound without keys to the key detector and counts what it hears all the same.
#[derive(Debug, Parser)]
struct Args {
    /// sound files, and folders of them: WAV, FLAC, Ogg, MP3 at 8 kHz or a multiple of it
    #[arg(required = true)]
    sound: Vec<PathBuf>,
    /// a program that reads 16-bit samples at 8 kHz and prints each key it hears
    #[arg(long)]
    beside: Option<PathBuf>,
    /// speeds at which everything is played, pitch and all
    #[arg(long, value_delimiter = ',', default_value = "1.0")]
    speeds: Vec<f64>,
    /// level that each file is brought to, over its loud parts, in dBm0; as it is when left out
    #[arg(long, allow_hyphen_values = true)]
    level_dbm0: Option<f64>,
    /// through A-law and back
    #[arg(long)]
    a_law: bool,
    /// where each key was heard
    #[arg(long)]
    places: bool,
}

fn main() -> Result<()> {
    let args = Args::parse();
    let mut all = Tally::default();
    println!("{}", Tally::heading());
    for path in files(&args.sound)? {
        let sound = file::read(&path)
            .with_context(|| path.display().to_string())?
            .samples;
        let mut tally = Tally::default();
        for &speed in &args.speeds {
            let mut played = at_speed(&sound, speed);
            if let Some(dbm0) = args.level_dbm0 {
                tally::bring_to(&mut played, dbm0);
            }
            if args.a_law {
                tally::through_a_law(&mut played);
            }
            tally.listen(&played);
            if let Some(program) = &args.beside {
                tally.keys_beside += beside::keys(program, &played)?;
            }
        }
        println!("{}", tally.row(&path.display().to_string()));
        if args.places {
            for (ms, key) in &tally.places {
                println!("    {key} at {:.2} s", *ms as f64 / 1_000.0);
            }
        }
        all.add(&tally);
    }
    println!("{}", all.row("all"));
    ensure!(all.hours() > 0.0, "there was no sound in any of it");
    Ok(())
}

/// Files as given and all that lie in folders, in order.
fn files(given: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for path in given {
        if path.is_dir() {
            let mut inside = Vec::new();
            for entry in std::fs::read_dir(path)? {
                inside.push(entry?.path());
            }
            inside.sort();
            found.extend(files(&inside)?);
        } else if is_sound(path) || given.len() == 1 {
            found.push(path.clone());
        }
    }
    Ok(found)
}

fn is_sound(path: &Path) -> bool {
    let extension = path
        .extension()
        .and_then(|e| e.to_str())
        .unwrap_or_default();
    ["wav", "flac", "ogg", "mp3"].contains(&extension)
}

/// Faster or slower, by straight lines between the samples.
fn at_speed(sound: &[i16], speed: f64) -> Vec<i16> {
    if speed == 1.0 {
        return sound.to_vec();
    }
    let length = (sound.len() as f64 / speed) as usize;
    let at = |n: usize| {
        let place = n as f64 * speed;
        let (whole, part) = (place as usize, place.fract());
        let sample = |n: usize| f64::from(sound.get(n).copied().unwrap_or(0));
        (sample(whole) * (1.0 - part) + sample(whole + 1) * part) as i16
    };
    (0..length).map(at).collect()
}
