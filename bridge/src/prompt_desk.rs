//! Between the portal's prompts page and the operator's own sounds. Holds nothing, decides nothing.

use confab_core::settings::Language;
use confab_portal::{PromptDesk, PromptLine, PromptPlace};

use crate::prompts::own::{Own, OwnError, Place};

fn place_of(place: &PromptPlace) -> Place {
    match place {
        PromptPlace::Spoken(language, key) => Place::Prompt(*language, key.clone()),
        PromptPlace::Music => Place::Music,
    }
}

/// The words for whoever sent the file; what went wrong with the disk is also for the operator.
fn in_words(error: OwnError) -> String {
    if let OwnError::Disk(error) = &error {
        tracing::error!(%error, "an own prompt cannot be kept");
    }
    error.to_string()
}

impl PromptDesk for Own {
    fn lines(&self, language: Language) -> Vec<PromptLine> {
        let lines = Own::lines(self, language).into_iter();
        let line = |line: crate::prompts::own::Line| PromptLine {
            key: line.key,
            text: line.text,
            own: line.own,
        };
        lines.map(line).collect()
    }

    fn music_is_own(&self) -> bool {
        self.get(&Place::Music).is_some()
    }

    fn file(&self, place: &PromptPlace) -> Option<(&'static str, Vec<u8>)> {
        Own::file(self, &place_of(place))
    }

    fn replace(&self, place: &PromptPlace, file: Vec<u8>) -> Result<(), String> {
        Own::replace(self, &place_of(place), file).map_err(in_words)
    }

    fn restore(&self, place: &PromptPlace) -> Result<(), String> {
        Own::restore(self, &place_of(place)).map_err(in_words)
    }
}
