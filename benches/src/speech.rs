//! What `network` and `noise` have in common: the talker, who says prompts of the repository one
//! after the other, several languages in turn; what is asked of both; and files for `mos.py`.
//! Judges nothing.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use sipp_scenarios::sound::file;

/// Pause between two sentences, and before the first.
const PAUSE_SAMPLES: usize = 8 * 400;
/// A stretch that is judged on its own is at least so long.
const STRETCH_SAMPLES: usize = 8_000 * 8;
/// What is shorter than a second and a half is a word, no sentence.
const SHORTEST_SAMPLES: usize = 12_000;

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
    /// at 8 kHz
    pub samples: Vec<i16>,
    /// where stretches of whole sentences begin and the last one ends
    pub cuts: Vec<usize>,
}

/// At least so many seconds of speech from folders of FLAC files, one language each.
///
/// # Errors
/// When a folder cannot be read or holds too little.
pub fn load(prompts: &Path, languages: &[&str], seconds: usize) -> Result<Speech> {
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
        samples: vec![0; PAUSE_SAMPLES],
        cuts: vec![PAUSE_SAMPLES / 2],
    };
    // Spread over the alphabet, so that the sentences are not all of one subject.
    for n in 0..most {
        for of_language in &files {
            let Some(path) = of_language.get(n * 7 % most) else {
                continue;
            };
            let sentence = file::read(path)?.samples;
            if sentence.len() < SHORTEST_SAMPLES {
                continue;
            }
            speech.samples.extend(sentence);
            speech.samples.extend([0; PAUSE_SAMPLES]);
            let cut = speech.samples.len() - PAUSE_SAMPLES / 2;
            if cut - speech.cuts[speech.cuts.len() - 1] >= STRETCH_SAMPLES {
                speech.cuts.push(cut);
                if cut >= seconds * 8_000 {
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

/// Writes sound at 8 kHz into a file.
///
/// # Errors
/// When it cannot be written.
pub fn write_wav(path: &Path, samples: &[i16]) -> Result<()> {
    let form = hound::WavSpec {
        channels: 1,
        sample_rate: 8_000,
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
