//! The talker: prompts of the repository one after the other, several languages in turn.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use sipp_scenarios::sound::file;

/// Pause between two sentences, and before the first.
const PAUSE_SAMPLES: usize = 8 * 400;
/// A stretch that is judged on its own is at least so long.
const STRETCH_SAMPLES: usize = 8_000 * 8;
/// What is shorter than a second and a half is a word, no sentence.
const SHORTEST_SAMPLES: usize = 12_000;

/// What is said.
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
