//! All sounds of one folder by their keys, decoded at the start. Knows no prompt.

use std::collections::HashMap;
use std::num::NonZero;
use std::sync::Arc;
use std::thread;

use anyhow::{Context, Result};
use confab_core::settings::Language;
use rust_embed::RustEmbed;

use super::flac;
use super::halve::Halver;
use super::own::Place;
use crate::media::Sound;

/// The spoken English.
#[derive(RustEmbed)]
#[folder = "prompts/en"]
pub struct English;

/// The spoken French.
#[derive(RustEmbed)]
#[folder = "prompts/fr"]
pub struct French;

/// The spoken German.
#[derive(RustEmbed)]
#[folder = "prompts/de"]
pub struct German;

/// What needs no words: chimes, the beep, music.
#[derive(RustEmbed)]
#[folder = "prompts/sounds"]
pub struct Wordless;

/// The file of a shipped sound.
pub fn shipped(place: &Place) -> Option<Vec<u8>> {
    let file = match place {
        Place::Prompt(Language::En, key) => English::get(&format!("{key}{ENDING}")),
        Place::Prompt(Language::Fr, key) => French::get(&format!("{key}{ENDING}")),
        Place::Prompt(Language::De, key) => German::get(&format!("{key}{ENDING}")),
        Place::Music => Wordless::get(&format!("{LOOPED}{ENDING}")),
    };
    file.map(|file| file.data.into_owned())
}

/// Key of the one sound that is played in a loop.
const LOOPED: &str = "music";
const ENDING: &str = ".flac";

/// Sounds by key: the name of the file without its ending.
#[derive(Debug)]
pub struct Shelf(HashMap<String, Sound>);

impl Shelf {
    /// Decodes every file of a folder, on all cores.
    ///
    /// # Errors
    /// When one of them is damaged; the message names it.
    pub fn load<Files: RustEmbed>() -> Result<Self> {
        let names: Vec<String> = Files::iter()
            .filter(|n| n.ends_with(ENDING))
            .map(|n| n.into_owned())
            .collect();
        let threads = thread::available_parallelism().map_or(1, NonZero::get);
        let halver = Halver::new();
        let shares = names.chunks(names.len().div_ceil(threads).max(1));
        let parts: Vec<Result<Vec<(String, Sound)>>> = thread::scope(|scope| {
            let running: Vec<_> = shares
                .map(|share| scope.spawn(|| decode_all::<Files>(share, &halver)))
                .collect();
            running
                .into_iter()
                .map(|one| {
                    one.join()
                        .expect("decoding returns errors and does not panic")
                })
                .collect()
        });
        let mut sounds = HashMap::with_capacity(names.len());
        for part in parts {
            sounds.extend(part?);
        }
        Ok(Self(sounds))
    }

    /// The sound of a key.
    pub fn get(&self, key: &str) -> Option<&Sound> {
        self.0.get(key)
    }

    /// All keys, in no order.
    #[cfg(test)]
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

fn decode_all<Files: RustEmbed>(names: &[String], halver: &Halver) -> Result<Vec<(String, Sound)>> {
    names
        .iter()
        .map(|name| decode_one::<Files>(name, halver))
        .collect()
}

fn decode_one<Files: RustEmbed>(name: &str, halver: &Halver) -> Result<(String, Sound)> {
    let file = Files::get(name).with_context(|| format!("prompt {name} is not there"))?;
    let wide = flac::decode(file.data.into_owned()).with_context(|| format!("prompt {name}"))?;
    let key = name.trim_end_matches(ENDING).to_owned();
    let narrow = if key == LOOPED {
        halver.halve_loop(&wide)
    } else {
        halver.halve(&wide)
    };
    Ok((key, Arc::from(narrow)))
}
