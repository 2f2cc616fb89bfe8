//! What `network` and `noise` have in common: the talker, who says prompts of the repository one
//! after the other, several languages in turn; what is asked of both; and files for `mos.py`.
//! Judges nothing.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use confab_core::audio::rate::{LONGEST_TICK, Rate};
use confab_core::audio::resample;
use sipp_scenarios::sound::file;

/// Pause between two sentences, and before the first.
const PAUSE_MS: usize = 400;
/// A stretch that is judged on its own is at least so long.
const STRETCH_MS: usize = 8_000;
/// What is shorter than a second and a half is a word, no sentence.
const SHORTEST_MS: usize = 1_500;

/// What is asked of a measurement of speech.
#[derive(Debug, clap::Args)]
pub struct Asked {
    /// folder of a folder of FLAC files for each language
    #[arg(long, default_value = "bridge/prompts")]
    pub prompts: PathBuf,
    /// seconds of speech for each row, at least
    #[arg(long, default_value_t = 64)]
    pub seconds: usize,
    /// only rows whose name contains this
    #[arg(long, default_value = "")]
    pub only: String,
    /// write what was said and heard into this folder, for `benches/mos.py`
    #[arg(long)]
    pub wav: Option<PathBuf>,
    /// figures as JSON
    #[arg(long)]
    pub json: bool,
}

/// What is said.
#[derive(Debug)]
pub struct Speech {
    /// at the rate that was asked for
    pub samples: Vec<i16>,
    /// where stretches of whole sentences begin and the last one ends
    pub cuts: Vec<usize>,
}

/// At least so many seconds of speech from folders of FLAC files, one language each. Those are at
/// 16 kHz; at the full rate there is nothing in it that they have not.
///
/// # Errors
/// When a folder cannot be read or holds too little.
pub fn load(prompts: &Path, languages: &[&str], seconds: usize, rate: Rate) -> Result<Speech> {
    if rate == Rate::Full {
        let wide = load(prompts, languages, seconds, Rate::Wide)?;
        let times = Rate::Full.scale() / Rate::Wide.scale();
        return Ok(Speech {
            samples: convert(&wide.samples, Rate::Wide, Rate::Full),
            cuts: wide.cuts.iter().map(|cut| cut * times).collect(),
        });
    }
    let per_ms = rate.hz() as usize / 1_000;
    let pause = PAUSE_MS * per_ms;
    let mut files = Vec::new();
    for language in languages {
        let folder = prompts.join(language);
        let mut of_language: Vec<_> = std::fs::read_dir(&folder)
            .with_context(|| format!("read {}", folder.display()))?
            .filter_map(|entry| entry.ok().map(|entry| entry.path()))
            .filter(|path| path.extension().is_some_and(|e| e == "flac"))
            .collect();
        of_language.sort();
        files.push(of_language);
    }
    let most = files.iter().map(Vec::len).max().unwrap_or(0);
    let mut speech = Speech {
        samples: vec![0; pause],
        cuts: vec![pause / 2],
    };
    // Spread over the alphabet, so that the sentences are not all of one subject.
    for n in 0..most {
        for of_language in &files {
            let Some(path) = of_language.get(n * 7 % most) else {
                continue;
            };
            let sentence = file::read_at(path, rate.hz())?.samples;
            if sentence.len() < SHORTEST_MS * per_ms {
                continue;
            }
            speech.samples.extend(sentence);
            speech.samples.extend(vec![0; pause]);
            let cut = speech.samples.len() - pause / 2;
            if cut - speech.cuts[speech.cuts.len() - 1] >= STRETCH_MS * per_ms {
                speech.cuts.push(cut);
                if cut >= seconds * 1_000 * per_ms {
                    return Ok(speech);
                }
            }
        }
    }
    ensure!(
        speech.cuts.len() > 1,
        "too little speech in {}",
        prompts.display()
    );
    Ok(speech)
}

/// Brings sound to another rate, tick by tick as the mixer does; what is left over at the end is
/// left out.
pub fn convert(sound: &[i16], from: Rate, to: Rate) -> Vec<i16> {
    if from == to {
        return sound.to_vec();
    }
    let padded = [vec![0; resample::past(from, to)], sound.to_vec()].concat();
    let window = resample::past(from, to) + from.tick();
    let ticks = padded.windows(window).step_by(from.tick());
    let mut converted = Vec::with_capacity(sound.len() * to.scale() / from.scale());
    for tick in ticks {
        let mut out = [0; LONGEST_TICK];
        resample::convert(tick, from, to, &mut out[..to.tick()]);
        converted.extend_from_slice(&out[..to.tick()]);
    }
    converted
}

/// Writes sound at this rate into a file.
///
/// # Errors
/// When it cannot be written.
pub fn write_wav(path: &Path, samples: &[i16], rate: Rate) -> Result<()> {
    let form = hound::WavSpec {
        channels: 1,
        sample_rate: rate.hz(),
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let told = || format!("write {}", path.display());
    let mut wav = hound::WavWriter::create(path, form).with_context(told)?;
    for &sample in samples {
        wav.write_sample(sample).with_context(told)?;
    }
    wav.finalize().with_context(told)
}
