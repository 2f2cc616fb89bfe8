//! `confab prompt`: an operator's own sounds in the place of the shipped ones. A running server
//! takes them up within two seconds.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::Subcommand;
use confab_core::settings::Language;
use confab_store::{language_word, parse_language};
use serde_json::{Value, json};

use super::print_json;
use crate::config::Config;
use crate::prompts::own::{FILE_BYTES_MAX, MUSIC_KEY, Own, OwnError, Place, Unfit};

#[derive(Debug, Subcommand)]
pub(super) enum PromptCommand {
    /// List all prompts with what they say
    List {
        /// Of this language only: en, fr or de
        #[arg(long)]
        language: Option<String>,
        /// Only those with a sound of your own
        #[arg(long)]
        own: bool,
    },
    /// Put a sound of your own in the place of ours
    Set {
        /// Key of the prompt, as `list` shows it, or hold-music
        key: String,
        /// Language of the prompt: en, fr or de
        #[arg(long)]
        language: Option<String>,
        /// WAV, MP3, FLAC, Ogg Vorbis or Opus
        file: PathBuf,
    },
    /// Play ours again
    Reset {
        /// Key of the prompt, or hold-music
        key: String,
        /// Language of the prompt: en, fr or de
        #[arg(long)]
        language: Option<String>,
    },
}

pub(super) fn prompt(config: &Config, command: PromptCommand, json: bool) -> anyhow::Result<()> {
    let own = Own::open(&config.data_dir);
    match command {
        PromptCommand::List {
            language,
            own: only_own,
        } => {
            let languages = match language {
                Some(word) => vec![parse_language(&word)?],
                None => vec![Language::En, Language::Fr, Language::De],
            };
            list(&own, &languages, only_own, json);
        }
        PromptCommand::Set {
            key,
            language,
            file,
        } => {
            let place = place_of(&key, language.as_deref())?;
            let shown = file.display();
            let bytes = std::fs::metadata(&file)
                .with_context(|| format!("{shown}"))?
                .len();
            if bytes > FILE_BYTES_MAX as u64 {
                return Err(OwnError::from(Unfit::TooLarge)).with_context(|| format!("{shown}"));
            }
            let bytes = std::fs::read(&file).with_context(|| format!("{shown}"))?;
            own.replace(&place, bytes)
                .with_context(|| format!("{shown}"))?;
            say(json, &key, language.as_deref(), true);
        }
        PromptCommand::Reset { key, language } => {
            let place = place_of(&key, language.as_deref())?;
            own.restore(&place).with_context(|| key.clone())?;
            say(json, &key, language.as_deref(), false);
        }
    }
    Ok(())
}

fn place_of(key: &str, language: Option<&str>) -> anyhow::Result<Place> {
    match (key, language) {
        (MUSIC_KEY, _) => Ok(Place::Music),
        (_, Some(word)) => Ok(Place::Prompt(parse_language(word)?, key.to_owned())),
        (_, None) => anyhow::bail!("of which language? Give --language en, fr or de"),
    }
}

fn say(json: bool, key: &str, language: Option<&str>, own: bool) {
    if json {
        print_json(&json!({ "key": key, "language": language, "own": own }));
    } else if own {
        println!("{key} has a sound of your own");
    } else {
        println!("{key} is as it came");
    }
}

fn list(own: &Own, languages: &[Language], only_own: bool, json: bool) {
    let music = own.get(&Place::Music).is_some();
    let mut rows = vec![];
    if music || !only_own {
        rows.push((
            None::<&str>,
            MUSIC_KEY.to_owned(),
            "hold music".to_owned(),
            music,
        ));
    }
    for language in languages {
        let lines = own.lines(*language).into_iter();
        let lines = lines.filter(|line| line.own || !only_own);
        let word = language_word(*language);
        rows.extend(lines.map(|line| (Some(word), line.key, line.text, line.own)));
    }
    if json {
        let value = |(language, key, text, own)| json!({ "language": language, "key": key, "text": text, "own": own });
        return print_json(&Value::Array(rows.into_iter().map(value).collect()));
    }
    for (language, key, text, own) in rows {
        let mark = if own { "\town" } else { "" };
        println!("{}\t{key}\t{text}{mark}", language.unwrap_or("-"));
    }
}
