//! What callers hear that nobody says: prompts, chimes, the beep, hold music. Turns a [`Clip`] into
//! sounds; decides nothing about who hears them or when.
//!
//! The sounds are files in `bridge/prompts`, made by the scripts there and held in the program.
//! They are decoded once, when it starts.

#[cfg(test)]
mod catalogue;
mod english;
mod flac;
mod grammar;
mod halve;
mod hundreds;
mod key;
pub mod own;
mod shelf;
#[cfg(test)]
mod tests;
mod wording;

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use anyhow::{Context, Result};
use confab_core::ids::LegId;
use confab_core::prompt::{Clip, Prompt};
use confab_core::settings::Language;
use confab_dtmf::layout::Layout;

use self::english::English;
use self::grammar::{Grammar, Parts};
use self::hundreds::ByHundreds;
use self::own::{Own, Place};
use self::shelf::Shelf;
use crate::media::Sound;

/// Samples in a millisecond of a [`Sound`].
const PER_MS: usize = 8;
/// How far the parts of a sentence overlap; the fades for it are in the files.
const JOINT_MS: usize = 10;
/// No pause is longer: a larger number is a mistake, and would cost memory.
const PAUSE_MAX_MS: u32 = 60_000;

/// Everything there is to hear, ready to be played.
#[derive(Debug)]
pub struct Prompts {
    english: Voice,
    french: Voice,
    german: Voice,
    chime_in: Sound,
    chime_out: Sound,
    beep: Sound,
    music: Sound,
    /// laid over what is shipped
    own: Arc<Own>,
}

/// One language: what is recorded and how it is put together.
#[derive(Debug)]
struct Voice {
    shelf: Shelf,
    grammar: &'static dyn Grammar,
    joined: Joined,
}

/// Sentences of several parts that are being said to somebody, so that a whole house that is told
/// the same has it in memory once. What nobody hears any more is freed with the next sentence that
/// is put together.
#[derive(Debug, Default)]
struct Joined(Mutex<HashMap<Parts, (Vec<Sound>, Whole)>>);

/// A sentence that can be had as long as it is being said.
type Whole = Weak<[i16]>;

impl Joined {
    /// The sentence of these parts, which sound so.
    fn sentence(&self, parts: &Parts, sounds: Vec<Sound>) -> Sound {
        // Whoever panicked here left nothing half done.
        let mut joined = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let same = |there: &[Sound]| there.iter().zip(&sounds).all(|(a, b)| Arc::ptr_eq(a, b));
        let known = joined.get(parts).filter(|(there, _)| same(there));
        if let Some(whole) = known.and_then(|(_, whole)| whole.upgrade()) {
            return whole;
        }
        joined.retain(|_, (_, whole)| whole.strong_count() > 0);
        let whole = join(&sounds.iter().collect::<Vec<_>>());
        joined.insert(parts.clone(), (sounds, Arc::downgrade(&whole)));
        whole
    }
}

impl Prompts {
    /// Decodes all sounds; takes well under a second. `own` are the operator's, which are played in
    /// the place of ours.
    ///
    /// # Errors
    /// When a sound that is in the program is damaged, or one of the wordless is missing.
    pub fn load(own: Arc<Own>) -> Result<Self> {
        let wordless = Shelf::load::<shelf::Wordless>()?;
        let take = |key: &str| {
            wordless
                .get(key)
                .cloned()
                .with_context(|| format!("the sound {key} is not there"))
        };
        Ok(Self {
            english: Voice {
                shelf: Shelf::load::<shelf::English>()?,
                grammar: &English,
                joined: Joined::default(),
            },
            french: Voice {
                shelf: Shelf::load::<shelf::French>()?,
                grammar: &ByHundreds,
                joined: Joined::default(),
            },
            german: Voice {
                shelf: Shelf::load::<shelf::German>()?,
                grammar: &ByHundreds,
                joined: Joined::default(),
            },
            chime_in: take("chime-in")?,
            chime_out: take("chime-out")?,
            beep: take("beep")?,
            music: take("music")?,
            own,
        })
    }

    /// The operator's own sounds.
    pub fn own(&self) -> Arc<Own> {
        Arc::clone(&self.own)
    }

    /// The sounds of a clip, to be played one after the other; none when it says nothing.
    /// `name_of` gives the name a caller recorded, if there is one; keys are those of `layout`.
    pub fn render(
        &self,
        language: Language,
        layout: &Layout,
        clip: &Clip,
        name_of: &dyn Fn(LegId) -> Option<Sound>,
    ) -> Vec<Sound> {
        match *clip {
            Clip::Prompt(prompt) => {
                let own = |key: &str| self.own.get(&Place::Prompt(language, key.to_owned()));
                self.voice(language).speak(prompt, layout, &own)
            }
            Clip::Name(leg) => name_of(leg).into_iter().collect(),
            Clip::ChimeIn => vec![Arc::clone(&self.chime_in)],
            Clip::ChimeOut => vec![Arc::clone(&self.chime_out)],
            Clip::Beep => vec![Arc::clone(&self.beep)],
            Clip::Pause(length_ms) => {
                vec![vec![0; length_ms.min(PAUSE_MAX_MS) as usize * PER_MS].into()]
            }
        }
    }

    /// Hold music; its end goes on into its beginning.
    pub fn music(&self) -> Sound {
        let own = self.own.get(&Place::Music);
        own.unwrap_or_else(|| self.shipped_music())
    }

    /// The hold music that came with the program.
    pub fn shipped_music(&self) -> Sound {
        Arc::clone(&self.music)
    }

    fn voice(&self, language: Language) -> &Voice {
        match language {
            Language::En => &self.english,
            Language::Fr => &self.french,
            Language::De => &self.german,
        }
    }
}

/// The sound that an operator has put in the place of a key's.
type OwnOf<'a> = &'a dyn Fn(&str) -> Option<Sound>;

impl Voice {
    fn speak(&self, prompt: Prompt, layout: &Layout, own: OwnOf) -> Vec<Sound> {
        let sentences = wording::sentences(prompt, self.grammar, layout);
        sentences
            .iter()
            .filter_map(|parts| self.sentence(prompt, parts, own))
            .collect()
    }

    /// One sentence as one sound. A part that is not there spoils only its own sentence: a test
    /// asks for them all, and a conference is worth more than a prompt.
    fn sentence(&self, prompt: Prompt, parts: &Parts, own: OwnOf) -> Option<Sound> {
        let part = |key: &Cow<'static, str>| own(key).or_else(|| self.shelf.get(key).cloned());
        let found: Option<Vec<Sound>> = parts.iter().map(part).collect();
        let Some(found) = found else {
            tracing::error!(?prompt, ?parts, "a prompt is not recorded");
            return None;
        };
        match found.as_slice() {
            [one] => Some(Arc::clone(one)),
            _ => Some(self.joined.sentence(parts, found)),
        }
    }
}

/// Lays parts end to end, each over the fade at the end of the one before.
fn join(parts: &[&Sound]) -> Sound {
    let mut whole: Vec<i16> = Vec::with_capacity(parts.iter().map(|part| part.len()).sum());
    for part in parts {
        let lap = (JOINT_MS * PER_MS).min(whole.len()).min(part.len());
        let from = whole.len() - lap;
        for (old, new) in whole[from..].iter_mut().zip(part.iter()) {
            *old = old.saturating_add(*new);
        }
        whole.extend_from_slice(&part[lap..]);
    }
    whole.into()
}
