//! What each prompt says, from the catalogues that the voices were made from. Text only.

use std::collections::HashMap;
use std::sync::LazyLock;

use confab_core::settings::Language;
use serde::Deserialize;

/// Keys with the text that is heard, by key; what is made of numbers after the sentences.
pub type Lines = Vec<(String, String)>;

/// The catalogue of a language.
pub fn of(language: Language) -> &'static Lines {
    static ENGLISH: LazyLock<Lines> =
        LazyLock::new(|| lines(include_str!("../../../prompts/en.toml")));
    static FRENCH: LazyLock<Lines> =
        LazyLock::new(|| lines(include_str!("../../../prompts/fr.toml")));
    static GERMAN: LazyLock<Lines> =
        LazyLock::new(|| lines(include_str!("../../../prompts/de.toml")));
    match language {
        Language::En => &ENGLISH,
        Language::Fr => &FRENCH,
        Language::De => &GERMAN,
    }
}

#[derive(Deserialize)]
struct File {
    say: toml::Table,
    numbers: Numbers,
    #[serde(default)]
    series: HashMap<String, Series>,
}

#[derive(Deserialize)]
struct Numbers {
    words: Vec<String>,
}

#[derive(Deserialize)]
struct Series {
    text: String,
    from: usize,
    to: Option<usize>,
    words: Option<Vec<String>>,
}

fn lines(text: &str) -> Lines {
    let file: File = toml::from_str(text).expect("a test reads every catalogue");
    let said = file.say.iter().map(|(key, text)| {
        let text = text.as_str().unwrap_or_default();
        (key.clone(), heard(text))
    });
    let mut all: Lines = said.collect();
    all.sort();
    let mut series: Vec<_> = file.series.iter().collect();
    series.sort_by_key(|(name, _)| *name);
    for (name, series) in series {
        let counted = || {
            file.numbers
                .words
                .get(series.from.saturating_sub(1)..series.to?)
        };
        let words = series.words.as_deref().or_else(counted).unwrap_or_default();
        for (n, word) in words.iter().enumerate() {
            let text = heard(&series.text.replace("{number}", word));
            all.push((format!("{name}-{}", series.from + n), text));
        }
    }
    all
}

/// The part in brackets, or all of it.
fn heard(text: &str) -> String {
    let inside = text.split_once('[').map_or(text, |(_, rest)| rest);
    inside.split(']').next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_there_with_its_text() {
        for language in [Language::En, Language::Fr, Language::De] {
            let lines = of(language);
            assert!(lines.len() > 100, "{language:?}: {}", lines.len());
            assert!(
                lines
                    .iter()
                    .all(|(_, text)| !text.contains(['[', ']', '{']))
            );
        }
        let text = |key: &str| {
            let line = of(Language::En).iter().find(|(k, _)| k == key);
            line.map(|(_, text)| text.as_str())
        };
        assert_eq!(text("welcome"), Some("Welcome to Confab."));
        assert_eq!(text("callers-tens-5"), Some("There are fifty"));
        assert_eq!(text("hand-number-3"), Some("You are number three."));
        assert_eq!(text("hand-number-99"), None);
    }
}
