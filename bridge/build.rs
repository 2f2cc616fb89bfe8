//! Stops the build when something that Confab says is not recorded: which key, in which language.
//! Reads the catalogues in `prompts` and asks the program's own grammars; makes no code.
//!
//! A prompt must have a line in the catalogue of each language, and a line its sound.

#[path = "src/prompts/english.rs"]
mod english;
#[path = "src/prompts/grammar.rs"]
mod grammar;
#[path = "src/prompts/hundreds.rs"]
mod hundreds;
#[path = "src/prompts/key.rs"]
mod key;

use std::collections::BTreeSet;
use std::error::Error;
use std::fs;
use std::io::Read;
use std::path::Path;

use grammar::Grammar;
use toml::Table;

type Failure = Box<dyn Error>;

/// Each language with the way it says numbers.
const LANGUAGES: [(&str, &dyn Grammar); 3] = [
    ("en", &english::English),
    ("fr", &hundreds::ByHundreds),
    ("de", &hundreds::ByHundreds),
];
/// What needs no words.
const SOUNDS: [&str; 4] = ["chime-in", "chime-out", "beep", "music"];
/// One beyond the highest number that is said as such.
const CALLERS_BEYOND: u32 = 2_001;
const HANDS_BEYOND: u32 = 21;

const PROMPTS: &str = "core/src/prompt.rs";
const WORDING: &str = "src/prompts/wording.rs";

fn main() -> Result<(), Failure> {
    for path in ["build.rs", PROMPTS, WORDING, "prompts/sounds"] {
        println!("cargo::rerun-if-changed={path}");
    }
    for source in ["english", "grammar", "hundreds", "key"] {
        println!("cargo::rerun-if-changed=src/prompts/{source}.rs");
    }
    let plain = plain_keys()?;
    let catalogues = LANGUAGES
        .iter()
        .map(|(language, _)| lines(language))
        .collect::<Result<Vec<_>, _>>()?;
    // How callers are counted is up to each grammar; every other line is in all languages.
    let shared = catalogues
        .iter()
        .flatten()
        .filter(|key| !key.starts_with("callers-"))
        .cloned();
    let shared: BTreeSet<String> = shared.chain(plain).collect();
    for ((language, grammar), lines) in LANGUAGES.iter().zip(&catalogues) {
        println!("cargo::rerun-if-changed=prompts/{language}");
        let mut said = numbers(*grammar);
        said.extend(shared.iter().cloned());
        for key in said.difference(lines) {
            complain(&format!(
                "{language}.toml has no line for the prompt `{key}`"
            ));
        }
        for key in lines {
            if !is_flac(&format!("prompts/{language}/{key}.flac")) {
                complain(&format!(
                    "the prompt `{key}` has no sound in the language `{language}`: \
                     prompts/{language}/{key}.flac is missing or no FLAC; \
                     prompts/README.md tells how to speak it"
                ));
            }
        }
    }
    for key in SOUNDS {
        if !is_flac(&format!("prompts/sounds/{key}.flac")) {
            complain(&format!(
                "the sound `{key}` is missing: prompts/sounds/{key}.flac"
            ));
        }
    }
    Ok(())
}

/// Fails the build, after all other complaints.
fn complain(what: &str) {
    println!("cargo::error={what}");
}

/// The keys of prompts without a number: variants that carry nothing, and the lines of the menu.
fn plain_keys() -> Result<BTreeSet<String>, Failure> {
    let source = fs::read_to_string(PROMPTS)?;
    let (_, after) = source.split_once("pub enum Prompt {").ok_or("no Prompt")?;
    let (variants, _) = after.split_once("\n}").ok_or("no end of Prompt")?;
    let names = variants
        .lines()
        .filter_map(|line| line.trim().strip_suffix(','));
    let bare = names.filter(|name| name.chars().all(|c| c.is_ascii_alphanumeric()));
    let mut keys: BTreeSet<String> = bare.map(key::written).collect();
    let wording = fs::read_to_string(WORDING)?;
    let literals = wording.split('"');
    let menu = literals.filter(|text| text.starts_with("menu-") && !text.contains(' '));
    keys.extend(menu.map(str::to_owned));
    for digit in 0..=9 {
        keys.extend(["digit", "keys-star", "keys-pound"].map(|of| format!("{of}-{digit}")));
    }
    keys.extend(["keys-star", "keys-pound"].map(str::to_owned));
    Ok(keys)
}

/// The keys of all sentences with a number in them.
fn numbers(grammar: &dyn Grammar) -> BTreeSet<String> {
    let hands = (1..=HANDS_BEYOND).filter_map(|n| grammar.hand_number(n));
    let nameless = (1..=HANDS_BEYOND).filter_map(|n| grammar.without_name(n));
    (1..=CALLERS_BEYOND)
        .map(|n| grammar.callers(n))
        .chain(hands)
        .chain(nameless)
        .flatten()
        .map(|key| key.into_owned())
        .chain(["hand-raised".to_owned()])
        .collect()
}

/// The keys of a language's catalogue.
fn lines(language: &str) -> Result<BTreeSet<String>, Failure> {
    let path = format!("prompts/{language}.toml");
    println!("cargo::rerun-if-changed={path}");
    let text = fs::read_to_string(&path).map_err(|error| format!("{path}: {error}"))?;
    let file: Table = text.parse().map_err(|error| format!("{path}: {error}"))?;
    let table = |of: &str| file.get(of).and_then(|value| value.as_table());
    let mut keys: BTreeSet<String> = table("say").ok_or("no [say]")?.keys().cloned().collect();
    for (name, series) in table("series").into_iter().flatten() {
        let number = |of: &str| series.get(of)?.as_integer();
        let first = number("from").ok_or_else(|| format!("{path}: {name} has no `from`"))?;
        let words = series.get("words").and_then(|words| words.as_array());
        let last = match words {
            Some(words) => first + i64::try_from(words.len())? - 1,
            None => number("to").ok_or_else(|| format!("{path}: {name} has no end"))?,
        };
        keys.extend((first..=last).map(|n| format!("{name}-{n}")));
    }
    Ok(keys)
}

/// Whether there is a sound: one that cannot be decoded is found by a test.
fn is_flac(path: &str) -> bool {
    let mut mark = [0; 4];
    let read = fs::File::open(Path::new(path)).and_then(|mut file| file.read_exact(&mut mark));
    read.is_ok() && mark == *b"fLaC"
}
