//! Which prompt was said: the known sound of a prompt is slid along what was heard.
//!
//! The phones' tones are taken out of both first, so that a prompt is recognised over a humming
//! room. Then the whole prompt is correlated to find where it lies, and its pieces one by one to
//! find how much of it was heard: barge-in cuts prompts short, and the tests must see that.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock};

use anyhow::{Context, Result};

use super::fft::correlate;
use super::file;
use super::tone::without_tones;
use super::{PER_MS, RATE_HZ};

/// Length of the pieces that are looked for one by one: 250 ms.
const PIECE: usize = RATE_HZ as usize / 4;

/// At most so much of a prompt's start is used to find where it lies: 4 s.
const ANCHOR: usize = RATE_HZ as usize * 4;

/// Normalised correlation over which the start of a prompt is taken as found. A prompt on a clean
/// line reaches 0.99; the most alike of the others reach 0.4, but piece by piece they fail.
const FOUND: f32 = 0.25;

/// The same for one piece, which has fewer samples and some places to choose from.
const PIECE_FOUND: f32 = 0.5;

/// A piece may come so much earlier or later than the one before it promises: 400 ms.
const SLIP: usize = 400 * PER_MS;

/// Sound under this amplitude counts as silence in the normalisation.
const FLOOR: f32 = 30.0;

/// A prompt in what was heard.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Match {
    /// where its first sample lies, in samples from the start of what was searched
    pub at: usize,
    /// likeness of its start, 0 to 1
    pub likeness: f32,
    /// how much of it was heard, 0 to 1
    pub share: f32,
}

impl Match {
    /// Heard to the end, or so nearly that a listener would say so.
    pub fn is_whole(&self) -> bool {
        self.share >= 0.8
    }
}

/// The sound of one prompt, ready to be looked for.
#[derive(Debug)]
pub struct Template {
    sound: Vec<f32>,
}

impl Template {
    /// From telephone sound; silence at both ends is cut off.
    pub fn new(samples: &[i16]) -> Self {
        let sound = whitened(samples);
        let loud = |s: &f32| s.abs() > FLOOR;
        let start = sound.iter().position(loud).unwrap_or(0);
        let end = sound.iter().rposition(loud).map_or(sound.len(), |i| i + 1);
        Self {
            sound: sound[start..end].to_vec(),
        }
    }

    /// How long it is spoken, in milliseconds.
    pub fn ms(&self) -> u32 {
        (self.sound.len() / PER_MS) as u32
    }

    /// The best place of this prompt in what was heard, if it is there at all.
    pub fn find(&self, heard: &[i16]) -> Option<Match> {
        self.find_in(&whitened(heard))
    }

    /// [`Template::find`] in sound that is prepared already.
    fn find_in(&self, heard: &[f32]) -> Option<Match> {
        let anchor = &self.sound[..self.sound.len().min(ANCHOR)];
        // The end of what was heard may cut the prompt; silence stands for what did not come.
        let mut padded = heard.to_vec();
        padded.resize(heard.len() + self.sound.len(), 0.0);
        let (at, likeness) = best_place(&padded, anchor);
        if likeness < FOUND {
            return None;
        }
        let share = self.share_at(&padded, at);
        (share > 0.0).then_some(Match {
            at,
            likeness,
            share,
        })
    }

    /// How much of the prompt is in the sound when it begins there. A busy machine may let a prompt
    /// stumble, so each piece is looked for near where the one before it ended.
    fn share_at(&self, heard: &[f32], at: usize) -> f32 {
        let mean = energy(&self.sound) / self.sound.len().max(1) as f32;
        let (mut said, mut came) = (0usize, 0usize);
        let mut slip = 0isize;
        for (i, piece) in self.sound.chunks(PIECE).enumerate() {
            // pauses inside a prompt prove nothing, nor does a scrap at its end
            if piece.len() < PIECE / 3 || energy(piece) < 0.1 * mean * piece.len() as f32 {
                continue;
            }
            said += piece.len();
            let expected = (at + i * PIECE).saturating_add_signed(slip);
            let from = expected.saturating_sub(SLIP);
            let to = (expected + piece.len() + SLIP).min(heard.len());
            let (place, likeness) = best_place(&heard[from.min(to)..to], piece);
            if likeness >= PIECE_FOUND {
                came += piece.len();
                slip += (from + place) as isize - expected as isize;
            }
        }
        came as f32 / said.max(1) as f32
    }
}

/// Where a sound is most like the wanted one, and how like, 0 to 1.
fn best_place(heard: &[f32], wanted: &[f32]) -> (usize, f32) {
    if heard.len() < wanted.len() {
        return (0, 0.0);
    }
    let own = energy(wanted).sqrt();
    let floor = FLOOR * FLOOR * wanted.len() as f32;
    let mut window = energy(&heard[..wanted.len()]);
    let (mut place, mut likeness) = (0, 0.0);
    for (lag, product) in correlate(heard, wanted).iter().enumerate() {
        let value = product / (own * (window.max(0.0) + floor).sqrt());
        if value > likeness {
            (place, likeness) = (lag, value);
        }
        if let Some(entering) = heard.get(lag + wanted.len()) {
            window += entering * entering - heard[lag] * heard[lag];
        }
    }
    (place, likeness)
}

/// Sound without the phones' tones and with its highs raised. Without that the deep harmonics of
/// any vowel look like those of any other of the same voice.
fn whitened(samples: &[i16]) -> Vec<f32> {
    let mut sound = without_tones(samples);
    let mut before = 0.0;
    for s in &mut sound {
        (before, *s) = (*s, *s - 0.95 * before);
    }
    sound
}

fn energy(sound: &[f32]) -> f32 {
    sound.iter().map(|s| s * s).sum()
}

/// A language the program speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// English.
    #[default]
    En,
    /// French.
    Fr,
    /// German.
    De,
}

impl Language {
    /// How settings and folders name it.
    pub fn word(self) -> &'static str {
        match self {
            Language::En => "en",
            Language::Fr => "fr",
            Language::De => "de",
        }
    }
}

/// The prompts of one language, read when first asked for.
#[derive(Debug)]
pub struct Catalogue {
    dir: PathBuf,
    read: Mutex<HashMap<String, Arc<Template>>>,
}

impl Catalogue {
    /// Prompts named `KEY.flac` in a folder.
    pub fn new(dir: &Path) -> Self {
        Self {
            dir: dir.to_owned(),
            read: Mutex::default(),
        }
    }

    /// The prompts of the program in this language.
    pub fn of(language: Language) -> &'static Self {
        static ALL: [OnceLock<Catalogue>; 3] = [const { OnceLock::new() }; 3];
        ALL[language as usize].get_or_init(|| {
            let prompts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../bridge/prompts");
            Self::new(&prompts.join(language.word()))
        })
    }

    /// The sound of a prompt.
    ///
    /// # Errors
    /// When there is no such file, or it is no sound.
    pub fn template(&self, key: &str) -> Result<Arc<Template>> {
        let mut read = self.read.lock().expect("nobody panics while holding it");
        if let Some(template) = read.get(key) {
            return Ok(template.clone());
        }
        let path = self.dir.join(format!("{key}.flac"));
        let file = file::read(&path).with_context(|| format!("prompt {key}"))?;
        let template = Arc::new(Template::new(&file.samples));
        read.insert(key.to_owned(), template.clone());
        Ok(template)
    }

    /// Every key there is.
    pub fn keys(&self) -> Vec<String> {
        let files = std::fs::read_dir(&self.dir).into_iter().flatten().flatten();
        let mut keys: Vec<String> = files
            .filter_map(|file| Some(file.file_name().to_str()?.strip_suffix(".flac")?.to_owned()))
            .collect();
        keys.sort();
        keys
    }

    /// Every prompt that is in the sound, in the order it was said: for the message of a test that
    /// has heard something else.
    pub fn all_in(&self, heard: &[i16]) -> Vec<(String, Match)> {
        let sound = whitened(heard);
        let mut said: Vec<(String, Match)> = self
            .keys()
            .into_iter()
            .filter_map(|key| {
                let found = self.template(&key).ok()?.find_in(&sound)?;
                Some((key, found))
            })
            .collect();
        said.sort_by_key(|(_, found)| found.at);
        said
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sound::g711::Law;
    use crate::sound::tone::Hum;

    /// Something like speech: noise in syllables, the same for the same seed.
    fn speech(seed: u32, ms: u32) -> Vec<i16> {
        let (mut state, mut smooth) = (seed.wrapping_mul(2_654_435_761) | 1, 0.0f32);
        (0..ms as usize * PER_MS)
            .map(|i| {
                state ^= state << 13;
                state ^= state >> 17;
                state ^= state << 5;
                let noise = (state % 20_000) as f32 - 10_000.0;
                smooth += 0.4 * (noise - smooth);
                let syllable = (i as f32 / 1_600.0 * std::f32::consts::PI).sin().abs();
                (smooth * syllable) as i16
            })
            .collect()
    }

    fn telephone(sound: &[i16], gain: f32) -> Vec<i16> {
        sound
            .iter()
            .map(|&s| Law::Mu.decode(Law::Mu.encode((f32::from(s) * gain) as i16)))
            .collect()
    }

    #[test]
    fn a_prompt_is_found_where_it_is() {
        let prompt = speech(7, 1_800);
        let mut heard = vec![0i16; 5_003];
        heard.extend(telephone(&prompt, 0.4));
        heard.extend(vec![0; 9_000]);
        let found = Template::new(&prompt).find(&heard).expect("it is there");
        assert!(found.at.abs_diff(5_003) < 200, "{found:?}");
        assert!(found.is_whole() && found.likeness > 0.9, "{found:?}");
    }

    #[test]
    fn a_prompt_is_found_under_humming_phones_twice_as_loud() {
        let prompt = speech(8, 1_500);
        let mut heard = vec![0i16; 8_000];
        heard.extend(telephone(&prompt, 0.5));
        for hz in [810, 1_390] {
            let hum = Hum::stretch(hz, 6_000.0, (heard.len() / PER_MS + 1) as u32);
            heard.iter_mut().zip(hum).for_each(|(h, tone)| *h += tone);
        }
        let found = Template::new(&prompt).find(&heard).expect("it is there");
        assert!(found.is_whole(), "{found:?}");
    }

    #[test]
    fn other_words_are_not_taken_for_it() {
        let template = Template::new(&speech(9, 1_500));
        for other in 10..16 {
            assert_eq!(
                template.find(&telephone(&speech(other, 6_000), 0.5)),
                None,
                "{other}"
            );
        }
        assert_eq!(template.find(&[0; 16_000]), None);
        assert_eq!(template.find(&Hum::stretch(440, 8_000.0, 2_000)), None);
    }

    #[test]
    fn half_a_prompt_is_told_from_a_whole_one() {
        let prompt = speech(17, 2_400);
        let mut heard = vec![0i16; 2_000];
        heard.extend(&telephone(&prompt, 0.6)[..prompt.len() / 2]);
        for rest in [vec![], vec![0i16; 30_000], speech(18, 3_000)] {
            let mut cut = heard.clone();
            cut.extend(rest);
            let found = Template::new(&prompt)
                .find(&cut)
                .expect("its start is there");
            assert!(!found.is_whole() && found.share > 0.3, "{found:?}");
        }
    }
}
