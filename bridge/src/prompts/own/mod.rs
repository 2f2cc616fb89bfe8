//! Sounds of the operator's own, laid over the shipped ones: taken in, kept in the data folder,
//! played in their place, and taken away again.
//!
//! One file a sound, `prompts/LANGUAGE/KEY.wav` and `sounds/hold-music.wav`, in the form the
//! program plays (16 kHz, mono, 16 bits), put there whole by a rename. Several processes may do
//! so: the server looks for what has changed every other second, so the command line needs no way
//! to it.
//! Knows no page and no command line.

mod catalogue;
mod keep;
mod ogg_opus;
mod read;
mod resample;
mod shape;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::SystemTime;

use confab_core::settings::Language;

use super::halve::Halver;
use crate::media::Sound;

pub use read::FILE_BYTES_MAX;

/// Which sound: a prompt of a language, or the hold music.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    /// A prompt, by its key in the catalogue.
    Prompt(Language, String),
    /// What is heard by those who wait.
    Music,
}

/// One sound as an operator sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// key in the catalogue
    pub key: String,
    /// what is heard of its text
    pub text: String,
    /// the operator has put another sound there
    pub own: bool,
}

/// Why a file is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// There is nothing in it.
    #[error("The file is empty.")]
    Empty,
    /// Larger than [`FILE_BYTES_MAX`].
    #[error("The file is too large: {} MB at most.", FILE_BYTES_MAX >> 20)]
    TooLarge,
    /// No sound in a form that is read.
    #[error("This is not a sound file that can be read. WAV, MP3, FLAC, Ogg Vorbis and Opus can.")]
    NotAudio,
    /// Ogg Opus, but in several streams.
    #[error("This Opus file has more than two channels. Please save it in mono or stereo.")]
    Surround,
    /// It begins well and is damaged.
    #[error("The file is damaged.")]
    Broken,
    /// A rate that is not taken.
    #[error("The file must have 8,000 to 48,000 samples a second.")]
    Rate,
    /// Too many channels, or none.
    #[error("The file must have one to eight channels.")]
    Channels,
    /// Longer than a sound in this place may be.
    #[error("The sound is too long: {limit_s} seconds at most.")]
    TooLong {
        /// seconds
        limit_s: u32,
    },
    /// Hardly anything in it.
    #[error("There is too little to be heard: less than {limit_ms} milliseconds.")]
    TooShort {
        /// milliseconds
        limit_ms: usize,
    },
    /// Nothing to be heard.
    #[error("The sound is silent, or so soft that it would be mostly noise.")]
    Silent,
}

/// Why an order was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum OwnError {
    /// No such key.
    #[error("There is no prompt with this key in this language.")]
    NoSuchPlace,
    /// The file is not taken.
    #[error(transparent)]
    Unfit(#[from] Unfit),
    /// The data folder cannot be written.
    #[error("The sound cannot be kept: {0}")]
    Disk(#[from] std::io::Error),
}

/// Longest prompt, in seconds: nobody listens to more.
const PROMPT_S_MAX: u32 = 60;
/// Longest hold music, in seconds.
const MUSIC_S_MAX: u32 = 300;
/// Key of the hold music, and name of its file.
pub const MUSIC_KEY: &str = "hold-music";

/// What tells a file from the one that stood there before.
type Stamp = (SystemTime, u64);

/// The operator's own sounds, ready to be played.
#[derive(Debug)]
pub struct Own {
    dir: PathBuf,
    /// held by who looks at the folder, so that an older look never overwrites a newer one
    looking: Mutex<()>,
    sounds: RwLock<Arc<HashMap<Place, (Stamp, Sound)>>>,
}

impl Own {
    /// Those in this data folder, loaded.
    pub fn open(data_dir: &Path) -> Self {
        let own = Self {
            dir: data_dir.to_owned(),
            looking: Mutex::default(),
            sounds: RwLock::default(),
        };
        own.refresh();
        own
    }

    /// The operator's sound for a place, if there is one. Quick; waits for nobody's disk.
    pub fn get(&self, place: &Place) -> Option<Sound> {
        self.all().get(place).map(|(_, sound)| Arc::clone(sound))
    }

    /// Takes a file in: checked, levelled, kept, and in force for whatever is played next. Blocks
    /// for as long as decoding takes.
    ///
    /// # Errors
    /// In words for whoever sent the file; then nothing has changed.
    pub fn replace(&self, place: &Place, file: Vec<u8>) -> Result<(), OwnError> {
        if !exists(place) {
            return Err(OwnError::NoSuchPlace);
        }
        let samples = match place {
            Place::Prompt(..) => shape::speech(&read::read(file, PROMPT_S_MAX)?)?,
            Place::Music => shape::music(&read::read(file, MUSIC_S_MAX)?)?,
        };
        keep::write(&self.path(place), &samples)?;
        self.refresh();
        Ok(())
    }

    /// Back to the shipped sound; no mistake when it is that already.
    ///
    /// # Errors
    /// When there is no such place, or the file cannot be removed.
    pub fn restore(&self, place: &Place) -> Result<(), OwnError> {
        if !exists(place) {
            return Err(OwnError::NoSuchPlace);
        }
        match std::fs::remove_file(self.path(place)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error)?,
            _ => {}
        }
        self.refresh();
        Ok(())
    }

    /// Every prompt of a language: sentences first, then what is made of numbers.
    pub fn lines(&self, language: Language) -> Vec<Line> {
        let own = self.all();
        let line = |(key, text): &(String, String)| Line {
            own: own.contains_key(&Place::Prompt(language, key.clone())),
            key: key.clone(),
            text: text.clone(),
        };
        catalogue::of(language).iter().map(line).collect()
    }

    /// The sound of a place as a file, with its media type; the operator's own or the shipped one.
    pub fn file(&self, place: &Place) -> Option<(&'static str, Vec<u8>)> {
        if !exists(place) {
            return None;
        }
        match std::fs::read(self.path(place)) {
            Ok(bytes) => Some(("audio/wav", bytes)),
            Err(_) => Some(("audio/flac", super::shelf::shipped(place)?)),
        }
    }

    /// Looks at the data folder and takes over what has changed there. Blocks.
    pub fn refresh(&self) {
        let _looking = self.looking.lock().unwrap_or_else(PoisonError::into_inner);
        let before = self.all();
        let halver = std::sync::LazyLock::new(Halver::new);
        let mut now = HashMap::new();
        for place in keep::places(&self.dir).filter(exists) {
            let path = self.path(&place);
            let Some(stamp) = keep::stamp(&path) else {
                continue;
            };
            let known = before.get(&place).filter(|(was, _)| *was == stamp);
            let sound = match known {
                Some((_, sound)) => Arc::clone(sound),
                None => match keep::read(&path) {
                    Ok(wide) if place == Place::Music => halver.halve_loop(&wide).into(),
                    Ok(wide) => halver.halve(&wide).into(),
                    Err(error) => {
                        let path = path.display();
                        tracing::error!(%path, %error, "an own prompt cannot be read");
                        continue;
                    }
                },
            };
            now.insert(place, (stamp, sound));
        }
        let mut sounds = self.sounds.write().unwrap_or_else(PoisonError::into_inner);
        *sounds = Arc::new(now);
    }

    fn all(&self) -> Arc<HashMap<Place, (Stamp, Sound)>> {
        let sounds = self.sounds.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&sounds)
    }

    fn path(&self, place: &Place) -> PathBuf {
        keep::path(&self.dir, place)
    }
}

/// Whether the catalogue has this place: no other name ever becomes a path.
fn exists(place: &Place) -> bool {
    match place {
        Place::Prompt(language, key) => catalogue::of(*language).iter().any(|(k, _)| k == key),
        Place::Music => true,
    }
}
