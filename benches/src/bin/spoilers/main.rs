//! `spoilers`: how often the watch over a line takes speech for what spoils a conference, and how
//! soon it finds what does. Plays sound files into the core's gate and watch; there is no clock and
//! no chance in it.
#![forbid(unsafe_code)]

mod made;

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use clap::Parser;
use confab_core::audio::g711::{self, Law};
use confab_core::audio::gate::Gate;
use confab_core::audio::level::Power;
use confab_core::audio::spoil::{Watch, halves, mean};
use confab_core::audio::{Frame, SILENCE, TICK_MS, TICK_SAMPLES};
use confab_core::fault::Fault;
use sipp_scenarios::sound::file;

/// Plays speech, and what is no speech, to the watch over a line.
#[derive(Debug, Parser)]
struct Args {
    /// folders of speech, each a voice: WAV or FLAC at 8 kHz or a multiple of it
    #[arg(long, required = true, num_args = 1..)]
    speech: Vec<PathBuf>,
    /// files of music
    #[arg(long, num_args = 1..)]
    music: Vec<PathBuf>,
    /// pause after each file of speech, in milliseconds
    #[arg(long, default_value_t = 300)]
    pause_ms: usize,
    /// only count false alarms
    #[arg(long)]
    alarms: bool,
}

/// Something that was found, and when.
#[derive(Clone, Copy, Debug)]
pub struct Found {
    at_s: f64,
    fault: Fault,
}

/// Plays what comes from a line, through A-law, and what it is sent meanwhile.
fn watch(came: &[i16], sent: Option<&[i16]>) -> Vec<Found> {
    let (mut gate, mut watch) = (Gate::default(), Watch::new());
    let (mut found, mut before) = (Vec::new(), None);
    for (tick, samples) in came.chunks_exact(TICK_SAMPLES).enumerate() {
        let (mut codes, mut frame): ([u8; TICK_SAMPLES], Frame) = ([0; TICK_SAMPLES], SILENCE);
        g711::encode(Law::A, samples, &mut codes);
        g711::decode(Law::A, &codes, &mut frame);
        let parts = halves(&frame);
        let state = gate.hear(mean(&parts));
        watch.came(&frame, &parts, state, gate.noise());
        let from = tick * TICK_SAMPLES;
        let sent = sent.and_then(|sent| sent.get(from..from + TICK_SAMPLES));
        watch.sent(&sent.map_or([Power::SILENT; 2], halves));
        let fault = watch.fault();
        if fault != before
            && let Some(fault) = fault
        {
            let at_s = (tick as f64 + 1.0) * f64::from(TICK_MS) / 1_000.0;
            found.push(Found { at_s, fault });
        }
        before = fault;
    }
    found
}

/// One voice: every file of a folder, one after the other.
struct Voice {
    name: String,
    samples: Vec<i16>,
    /// where each file begins
    files: Vec<(usize, PathBuf)>,
}

impl Voice {
    fn read(folder: &Path, pause_ms: usize) -> Result<Self> {
        let mut paths = Vec::new();
        collect(folder, &mut paths)?;
        ensure!(!paths.is_empty(), "no sound in {}", folder.display());
        let (mut samples, mut files) = (Vec::new(), Vec::new());
        for path in paths {
            let sound = file::read(&path).with_context(|| path.display().to_string())?;
            files.push((samples.len(), path));
            samples.extend(sound.samples);
            samples.resize(samples.len() + pause_ms * 8, 0);
        }
        let name = folder.file_name().unwrap_or(folder.as_os_str());
        Ok(Self {
            name: name.to_string_lossy().into_owned(),
            samples,
            files,
        })
    }

    fn hours(&self) -> f64 {
        hours(self.samples.len())
    }

    /// What was being played then.
    fn file_at(&self, at_s: f64) -> &Path {
        let at = (at_s * 8_000.0) as usize;
        let before = self.files.partition_point(|(from, _)| *from < at);
        &self.files[before.saturating_sub(1)].1
    }
}

fn hours(samples: usize) -> f64 {
    samples as f64 / 8_000.0 / 3_600.0
}

/// All sound files under a folder, in order.
fn collect(folder: &Path, paths: &mut Vec<PathBuf>) -> Result<()> {
    let listed = std::fs::read_dir(folder).with_context(|| folder.display().to_string())?;
    let mut inside = Vec::new();
    for entry in listed {
        inside.push(entry?.path());
    }
    inside.sort();
    for path in inside {
        let extension = path.extension().and_then(|e| e.to_str());
        if path.is_dir() {
            collect(&path, paths)?;
        } else if extension.is_some_and(|e| ["wav", "flac"].contains(&e)) {
            paths.push(path);
        }
    }
    Ok(())
}

/// Counts what is found in speech, of which nothing is anything.
fn count_alarms(voices: &[Voice]) {
    println!("| speech | hours | alarms |\n|---|---|---|");
    let mut alone = (0.0, 0);
    for voice in voices {
        let found = watch(&voice.samples, None);
        alone = (alone.0 + voice.hours(), alone.1 + found.len());
        for found in &found {
            let file = voice.file_at(found.at_s);
            eprintln!("{}: {:?} in {}", voice.name, found.fault, file.display());
        }
        println!(
            "| {} | {:.2} | {} |",
            voice.name,
            voice.hours(),
            found.len()
        );
    }
    println!("| all, nobody else speaks | {:.2} | {} |", alone.0, alone.1);
    let mut pairs = (0.0, 0);
    for (number, voice) in voices.iter().enumerate() {
        for (other, sent) in voices.iter().enumerate() {
            if number == other {
                continue;
            }
            let length = voice.samples.len().min(sent.samples.len());
            let found = watch(&voice.samples[..length], Some(&sent.samples[..length]));
            let echoes = found.iter().filter(|found| found.fault == Fault::Echo);
            pairs = (pairs.0 + hours(length), pairs.1 + echoes.count());
        }
    }
    println!(
        "| echoes, another voice is sent | {:.2} | {} |",
        pairs.0, pairs.1
    );
}

/// Plays made trouble and tells how much of it was found, and when.
fn find_made(voices: &[Voice]) {
    println!("\n| trouble | found | seconds, median and longest |\n|---|---|---|");
    for trouble in made::TROUBLES {
        let mut seconds = Vec::new();
        let mut played = 0;
        for (number, voice) in voices.iter().enumerate() {
            let own = &voices[(number + 1) % voices.len()];
            for take in 0..made::TAKES {
                let Some(line) = trouble.line(&voice.samples, &own.samples, take) else {
                    continue;
                };
                played += 1;
                let found = watch(&line.came, Some(&line.sent));
                let right = found.iter().find(|found| found.fault == trouble.fault());
                seconds.extend(right.map(|found| found.at_s));
            }
        }
        tell(&trouble.name(), played, seconds);
    }
}

fn tell(name: &str, played: usize, mut seconds: Vec<f64>) {
    seconds.sort_by(f64::total_cmp);
    let median = seconds.get(seconds.len() / 2).copied().unwrap_or(f64::NAN);
    let longest = seconds.last().copied().unwrap_or(f64::NAN);
    let found = seconds.len();
    println!("| {name} | {found} of {played} | {median:.1}, {longest:.1} |");
}

fn find_music(paths: &[PathBuf]) -> Result<()> {
    let mut seconds = Vec::new();
    for path in paths {
        let sound = file::read(path).with_context(|| path.display().to_string())?;
        let found = watch(&sound.samples, None);
        eprintln!("{}: {found:?}", path.display());
        let right = found.iter().find(|found| found.fault == Fault::Music);
        seconds.extend(right.map(|found| found.at_s));
    }
    tell("music", paths.len(), seconds);
    Ok(())
}

fn main() -> Result<()> {
    let args = Args::parse();
    let voices = args
        .speech
        .iter()
        .map(|folder| Voice::read(folder, args.pause_ms));
    let voices = voices.collect::<Result<Vec<_>>>()?;
    let begun = Instant::now();
    count_alarms(&voices);
    eprintln!("counted in {:.1} s", begun.elapsed().as_secs_f64());
    if !args.alarms {
        find_made(&voices);
        find_music(&args.music)?;
    }
    Ok(())
}
