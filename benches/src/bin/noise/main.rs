//! `noise`: the same speech under the same seeded noises, as it came, with the core's suppressor,
//! and with RNNoise; docs/sound.md tells what comes of it.
//!
//! No clock and no chance: every run gives the same.
#![forbid(unsafe_code)]

mod cleaners;
mod made;

use anyhow::Result;
use clap::Parser;
use cleaners::{CLEANERS, Cleaner};
use confab_benches::speech::{self, Asked, write_wav};
use confab_core::audio::rate::Rate;
use made::{NOISES, Noise};
use serde_json::{Value, json};
use sipp_scenarios::sound::g711::Law;

/// Speech under noise, with and without its suppression.
#[derive(Debug, Parser)]
struct Args {
    #[command(flatten)]
    asked: Asked,
}

fn main() -> Result<()> {
    let args = Args::parse().asked;
    let mut speech = speech::load(
        &args.prompts,
        &["en", "fr", "de"],
        args.seconds,
        Rate::Narrow,
    )?;
    speech
        .samples
        .resize(speech.samples.len().div_ceil(160) * 160, 0);
    if let Some(folder) = &args.wav {
        std::fs::create_dir_all(folder)?;
        write_wav(&folder.join("said.wav"), &speech.samples, Rate::Narrow)?;
    }
    let mut rows = Vec::new();
    if !args.json {
        println!("noise      what cleans  speech over the rest, dB | noise in pauses, dB");
    }
    for noise in NOISES {
        let name = noise.name();
        if !name.contains(&args.only) {
            continue;
        }
        let came = over_the_telephone(&made::mixed(&speech.samples, *noise));
        for cleaner in CLEANERS {
            let row = try_out(&args, *noise, *cleaner, &speech.samples, &came)?;
            if !args.json {
                println!(
                    "{name:10} {:12} {:24.1} | {:19.1}",
                    cleaner.name(),
                    row["speech_over_rest_db"].as_f64().unwrap_or(f64::NAN),
                    row["pauses_db"].as_f64().unwrap_or(f64::NAN),
                );
            }
            rows.push(row);
        }
    }
    let all = json!({ "cuts": speech.cuts, "rows": rows });
    if let Some(folder) = &args.wav {
        std::fs::write(folder.join("figures.json"), format!("{all:#}"))?;
    }
    if args.json {
        println!("{all:#}");
    }
    Ok(())
}

/// Cleans what came, and compares it with what was said.
fn try_out(
    args: &Asked,
    noise: Noise,
    cleaner: Cleaner,
    said: &[i16],
    came: &[i16],
) -> Result<Value> {
    let heard = cleaner.clean(came);
    let name = noise.name();
    if let Some(folder) = &args.wav {
        write_wav(
            &folder.join(format!("{name}.{}.wav", cleaner.name())),
            &heard,
            Rate::Narrow,
        )?;
    }
    let behind = cleaner.behind();
    let delay_ms = behind as f64 / 8.0;
    let pauses = pauses_db(said, came, &heard[behind..]);
    Ok(json!({
        "network": name,
        "player": cleaner.name(),
        "delay_mean_ms": delay_ms,
        "delay_p95_ms": delay_ms,
        "speech_over_rest_db": speech_over_rest_db(said, &heard[behind..]),
        "pauses_db": pauses.is_finite().then_some(pauses),
    }))
}

/// How much louder speech is than all by which what is heard differs from it.
fn speech_over_rest_db(said: &[i16], heard: &[i16]) -> f64 {
    let (mut speech, mut rest) = (0.0, 1.0);
    for (&said, &heard) in said.iter().zip(heard) {
        let (said, heard) = (f64::from(said), f64::from(heard));
        speech += said * said;
        rest += (heard - said) * (heard - said);
    }
    10.0 * f64::log10(speech / rest)
}

/// How much louder it is in the pauses than it came, if anything came; after the first seconds, in
/// which the noise is learned.
fn pauses_db(said: &[i16], came: &[i16], heard: &[i16]) -> f64 {
    let (mut before, mut after) = (0.0, 1.0);
    let all = said.iter().zip(came).zip(heard).enumerate();
    for (n, ((&said_now, &came), &heard)) in all.skip(3 * 8_000) {
        // a tenth of a second after a word its end is over
        if said_now == 0 && said[n - 800..n].iter().all(|&sample| sample == 0) {
            before += f64::from(came) * f64::from(came);
            after += f64::from(heard) * f64::from(heard);
        }
    }
    10.0 * f64::log10(after / before)
}

fn over_the_telephone(sound: &[i16]) -> Vec<i16> {
    let code = |&sample: &i16| Law::Mu.decode(Law::Mu.encode(sample));
    sound.iter().map(code).collect()
}
