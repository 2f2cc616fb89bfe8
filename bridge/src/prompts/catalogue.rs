//! What the catalogues say: nothing in vain, and numbers as they are said in each language. Tests
//! only; that nothing is missing, `build.rs` sees to.

use std::collections::{BTreeMap, BTreeSet};

use confab_core::prompt::Prompt;
use confab_core::settings::Language;
use confab_dtmf::layout::Layout;
use serde::Deserialize;

use super::tests::{LANGUAGES, PROMPTS, every_prompt};
use super::wording::sentences;

#[derive(Deserialize)]
struct Catalogue {
    say: BTreeMap<String, String>,
    numbers: Numbers,
    series: BTreeMap<String, Series>,
    joined: BTreeMap<String, Vec<String>>,
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

impl Catalogue {
    fn of(language: Language) -> Self {
        let text = match language {
            Language::En => include_str!("../../prompts/en.toml"),
            Language::Fr => include_str!("../../prompts/fr.toml"),
            Language::De => include_str!("../../prompts/de.toml"),
        };
        toml::from_str(text).unwrap()
    }

    /// Every key with what is heard of its text: the part in brackets, where there is one.
    fn lines(&self) -> BTreeMap<String, String> {
        let mut lines: BTreeMap<String, String> = self
            .say
            .iter()
            .map(|(key, text)| (key.clone(), heard_of(text)))
            .collect();
        for (name, series) in &self.series {
            let words = match (&series.words, series.to) {
                (Some(words), None) => words,
                (None, Some(to)) => &self.numbers.words[series.from - 1..to].to_vec(),
                _ => panic!("{name} needs either words or an end"),
            };
            for (n, word) in words.iter().enumerate() {
                let key = format!("{name}-{}", series.from + n);
                let text = heard_of(&series.text.replace("{number}", word));
                assert!(lines.insert(key, text).is_none(), "{name} is there twice");
            }
        }
        lines
    }
}

fn heard_of(text: &str) -> String {
    let inside = text.split_once('[').map_or(text, |(_, rest)| rest);
    inside.split(']').next().unwrap().to_owned()
}

/// The text of a prompt's sentences, in the default layout.
fn said(language: Language, prompt: Prompt) -> String {
    let lines = Catalogue::of(language).lines();
    let grammar = PROMPTS.voice(language).grammar;
    sentences(prompt, grammar, &Layout::openvoice())
        .iter()
        .flatten()
        .map(|key| lines[key.as_ref()].as_str())
        .collect::<Vec<_>>()
        .join(" ")
}

fn names(differ: impl Iterator<Item = impl AsRef<str>>) -> String {
    let names: Vec<String> = differ.map(|name| name.as_ref().to_owned()).collect();
    names.join(", ")
}

#[test]
fn every_file_has_its_line() {
    // The other way round, and that no language lacks a line, `build.rs` sees to.
    for language in LANGUAGES {
        let lines: BTreeSet<String> = Catalogue::of(language).lines().into_keys().collect();
        let shelf = &PROMPTS.voice(language).shelf;
        let files: BTreeSet<String> = shelf.keys().map(str::to_owned).collect();
        let spare = names(files.difference(&lines));
        assert!(spare.is_empty(), "{language:?}: no line for {spare}");
    }
}

#[test]
fn nothing_is_recorded_in_vain() {
    // Other layouts may use the keys this one does not.
    let spare = |key: &str| key.starts_with("keys-");
    for language in LANGUAGES {
        let grammar = PROMPTS.voice(language).grammar;
        let said: BTreeSet<String> = every_prompt()
            .flat_map(|prompt| sentences(prompt, grammar, &Layout::openvoice()))
            .flatten()
            .map(|key| key.into_owned())
            .collect();
        let lines = Catalogue::of(language).lines().into_keys();
        let idle = names(lines.filter(|key| !said.contains(key) && !spare(key)));
        assert!(idle.is_empty(), "{language:?} never says {idle}");
    }
}

#[test]
fn what_the_recogniser_hears_is_what_is_said() {
    for language in LANGUAGES {
        let grammar = PROMPTS.voice(language).grammar;
        let said: BTreeSet<Vec<String>> = every_prompt()
            .flat_map(|prompt| sentences(prompt, grammar, &Layout::openvoice()))
            .map(|parts| parts.into_iter().map(|key| key.into_owned()).collect())
            .collect();
        let listed = Catalogue::of(language).joined;
        let ours = listed.values().filter(|parts| said.contains(*parts));
        let count = ours.count();
        assert!(count > 25, "{language:?}: [joined] has {count} of ours");
    }
}

#[test]
fn callers_are_counted_in_english() {
    let check = |n: u32, wanted: &str| {
        assert_eq!(said(Language::En, Prompt::Callers(n)), wanted);
    };
    check(1, "You are the only caller on the line.");
    check(21, "There are twenty-one callers on the line.");
    check(71, "There are seventy one callers on the line.");
    check(80, "There are eighty callers on the line.");
    check(101, "There are one hundred and one callers on the line.");
    check(
        1_999,
        "There are nineteen hundred and ninety nine callers on the line.",
    );
}

#[test]
fn callers_are_counted_in_french() {
    let check = |n: u32, wanted: &str| {
        assert_eq!(said(Language::Fr, Prompt::Callers(n)), wanted);
    };
    check(0, "Vous êtes le seul participant.");
    check(1, "Vous êtes le seul participant.");
    check(2, "Il y a deux participants.");
    check(21, "Il y a vingt et un participants.");
    check(29, "Il y a vingt-neuf participants.");
    check(30, "Il y a trente participants.");
    check(71, "Il y a soixante et onze participants.");
    check(80, "Il y a quatre-vingts participants.");
    check(81, "Il y a quatre-vingt-un participants.");
    check(91, "Il y a quatre-vingt-onze participants.");
    check(99, "Il y a quatre-vingt-dix-neuf participants.");
    check(100, "Il y a cent participants.");
    check(101, "Il y a cent un participants.");
    check(121, "Il y a cent vingt et un participants.");
    check(200, "Il y a deux cent participants.");
    check(237, "Il y a deux cent trente-sept participants.");
    check(999, "Il y a neuf cent quatre-vingt-dix-neuf participants.");
    check(1_000, "Il y a mille participants.");
    check(1_001, "Il y a mille un participants.");
    check(
        1_999,
        "Il y a mille neuf cent quatre-vingt-dix-neuf participants.",
    );
    check(2_000, "Il y a deux mille participants.");
    check(2_001, "Il y a plus de deux mille participants.");
}

#[test]
fn callers_are_counted_in_german() {
    let check = |n: u32, wanted: &str| {
        assert_eq!(said(Language::De, Prompt::Callers(n)), wanted);
    };
    check(0, "Sie sind der einzige Teilnehmer.");
    check(1, "Sie sind der einzige Teilnehmer.");
    check(2, "Es sind zwei Teilnehmer.");
    check(21, "Es sind einundzwanzig Teilnehmer.");
    check(71, "Es sind einundsiebzig Teilnehmer.");
    check(80, "Es sind achtzig Teilnehmer.");
    check(81, "Es sind einundachtzig Teilnehmer.");
    check(91, "Es sind einundneunzig Teilnehmer.");
    check(99, "Es sind neunundneunzig Teilnehmer.");
    check(100, "Es sind einhundert Teilnehmer.");
    check(101, "Es sind einhundert und ein Teilnehmer.");
    check(121, "Es sind einhundert einundzwanzig Teilnehmer.");
    check(200, "Es sind zweihundert Teilnehmer.");
    check(237, "Es sind zweihundert siebenunddreißig Teilnehmer.");
    check(999, "Es sind neunhundert neunundneunzig Teilnehmer.");
    check(1_000, "Es sind eintausend Teilnehmer.");
    check(1_001, "Es sind eintausend und ein Teilnehmer.");
    check(
        1_999,
        "Es sind tausendneunhundert neunundneunzig Teilnehmer.",
    );
    check(2_000, "Es sind zweitausend Teilnehmer.");
    check(2_001, "Es sind mehr als zweitausend Teilnehmer.");
}

#[test]
fn places_and_callers_without_a_name_in_every_language() {
    let check = |language: Language, prompt: Prompt, wanted: &str| {
        assert_eq!(said(language, prompt), wanted, "{prompt:?}");
    };
    let place = "Votre main est levée. Vous êtes en première position.";
    check(Language::Fr, Prompt::HandRaised(1), place);
    let place = "Votre main est levée. Vous êtes en troisième position.";
    check(Language::Fr, Prompt::HandRaised(3), place);
    // Who is number twenty-one has twenty ahead.
    let beyond = "Your hand is raised. At least twenty callers are ahead of you.";
    check(Language::En, Prompt::HandRaised(21), beyond);
    let beyond = "Votre main est levée. Au moins vingt personnes sont devant vous.";
    check(Language::Fr, Prompt::HandRaised(21), beyond);
    let place = "Ihre Wortmeldung ist vorgemerkt. Sie sind Nummer drei.";
    check(Language::De, Prompt::HandRaised(3), place);
    let beyond = "Ihre Wortmeldung ist vorgemerkt. Mindestens zwanzig Teilnehmer sind vor Ihnen.";
    check(Language::De, Prompt::HandRaised(21), beyond);
    let without = "et un participant sans nom.";
    check(Language::Fr, Prompt::WithoutName(1), without);
    let without = "et vingt participants sans nom.";
    check(Language::Fr, Prompt::WithoutName(20), without);
    let without = "et plus de vingt participants sans nom.";
    check(Language::Fr, Prompt::WithoutName(21), without);
    let without = "und ein Teilnehmer ohne Namen.";
    check(Language::De, Prompt::WithoutName(1), without);
    let without = "und mehr als zwanzig Teilnehmer ohne Namen.";
    check(Language::De, Prompt::WithoutName(21), without);
}
