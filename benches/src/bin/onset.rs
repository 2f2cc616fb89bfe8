//! `onset`: how much of a word's start a line's gate withholds, with and without the frame before.
//!
//! Speaks every English prompt into the gate of the core, over noise of several levels and at four
//! alignments to the ticks, and counts what was audible (stretches of 5 ms in which the voice is
//! louder than the noise) in the 200 ms before the gate opened. Measures; changes nothing.
#![forbid(unsafe_code)]

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Parser;
use confab_core::audio::gate::{Gate, State};
use confab_core::audio::level::Power;
use confab_core::audio::preroll::Preroll;
use confab_core::audio::{Frame, TICK_SAMPLES};
use sipp_scenarios::sound::file;
use sipp_scenarios::sound::g711::Law;

/// What a gate withholds of the start of words.
#[derive(Debug, Parser)]
struct Args {
    /// folder of FLAC files with speech
    #[arg(long, default_value = "bridge/prompts/en")]
    speech: PathBuf,
}

/// 5 ms.
const STRETCH: usize = TICK_SAMPLES / 4;
/// What may belong to the start of a word: 200 ms before the gate opened.
const BEFORE: usize = 40;
/// A second of noise before the first word, for the gate to learn it.
const LEAD: usize = 50 * TICK_SAMPLES;

/// What was found at one level of noise.
#[derive(Debug, Default)]
struct Tally {
    onsets: usize,
    /// stretches withheld by the gate alone, and with the frame before, one of each an onset
    alone: Vec<usize>,
    with: Vec<usize>,
    /// onsets that were heard a tick later for it
    delayed: usize,
}

/// A steady noise of this level, the same in every run.
fn noise(length: usize, dbov: f32, seed: &mut u32) -> Vec<f32> {
    let amplitude = 32_768.0 * 10f32.powf(dbov / 20.0) * 3f32.sqrt();
    let mut next = || {
        *seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (*seed >> 8) as f32 / (1 << 23) as f32 - 1.0
    };
    (0..length).map(|_| next() * amplitude).collect()
}

fn power(samples: &[f32]) -> f32 {
    samples.iter().map(|s| s * s).sum::<f32>() / samples.len() as f32
}

fn listen(speech: &[i16], gain: f32, dbov: f32, shift: usize, tally: &mut Tally) {
    let mut clean = vec![0.0; LEAD + shift];
    clean.extend(speech.iter().map(|&s| f32::from(s) * gain));
    let mut seed = shift as u32 + 1;
    let under = noise(clean.len(), dbov, &mut seed);
    let audible: Vec<bool> = clean
        .chunks(STRETCH)
        .zip(under.chunks(STRETCH))
        .map(|(voice, noise)| power(voice) > power(noise).max(64.0))
        .collect();
    let heard: Vec<i16> = clean
        .iter()
        .zip(&under)
        .map(|(a, b)| Law::Mu.decode(Law::Mu.encode((a + b) as i16)))
        .collect();
    let (mut gate, mut preroll, mut heard_to) = (Gate::default(), Preroll::default(), 0);
    for (tick, samples) in heard.chunks_exact(TICK_SAMPLES).enumerate() {
        let mut frame: Frame = samples
            .try_into()
            .expect("chunks have the length of a tick");
        let (before, at) = (gate.state(), tick * TICK_SAMPLES / STRETCH);
        match (before, gate.hear(Power::of(&frame))) {
            (State::Closed, State::Closed) => preroll.keep(&frame),
            (State::Closed, _) => {
                let from = at.saturating_sub(BEFORE).max(heard_to);
                let missed = |until: usize| audible[from..until].iter().filter(|a| **a).count();
                preroll.begin(&mut frame, gate.noise());
                let delayed = preroll.behind() > 0;
                let frames = usize::from(delayed) * TICK_SAMPLES / STRETCH;
                tally.onsets += 1;
                tally.alone.push(missed(at));
                tally.with.push(missed((at - frames).max(from)));
                tally.delayed += usize::from(delayed);
                heard_to = at;
            }
            _ => {
                preroll.follow(&mut frame);
                heard_to = at + TICK_SAMPLES / STRETCH;
            }
        }
    }
}

fn row(name: &str, mut withheld: Vec<usize>) -> String {
    withheld.sort_unstable();
    let count = withheld.len().max(1);
    let ms = |stretches: usize| stretches * 5;
    let mean = withheld.iter().sum::<usize>() as f32 * 5.0 / count as f32;
    let cut = withheld.iter().filter(|n| **n > 2).count() * 100 / count;
    let at = |share: usize| {
        withheld
            .get((count - 1) * share / 100)
            .map_or(0, |n| ms(*n))
    };
    format!(
        "  {name:<22} mean {mean:5.2} ms   median {} ms   p95 {} ms   most {} ms   over 10 ms {cut} %",
        at(50),
        at(95),
        at(100)
    )
}

fn main() -> Result<()> {
    let args = Args::parse();
    let mut files: Vec<PathBuf> = std::fs::read_dir(&args.speech)
        .with_context(|| format!("read {}", args.speech.display()))?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|e| e == "flac"))
        .collect();
    files.sort();
    for (gain_db, dbov) in [
        (0.0, -75.0),
        (0.0, -60.0),
        (0.0, -50.0),
        (-10.0, -60.0),
        (-10.0, -50.0),
    ] {
        let mut tally = Tally::default();
        for path in &files {
            let speech = file::read(path)?.samples;
            for shift in (0..4).map(|n| n * STRETCH) {
                listen(&speech, 10f32.powf(gain_db / 20.0), dbov, shift, &mut tally);
            }
        }
        let share = tally.delayed * 100 / tally.onsets.max(1);
        println!(
            "speech at {} dBov, noise at {dbov} dBov: {} onsets, {share} % heard a tick later",
            -20.0 + gain_db,
            tally.onsets
        );
        println!("{}", row("gate alone", tally.alone));
        println!("{}", row("with the frame before", tally.with));
    }
    Ok(())
}
