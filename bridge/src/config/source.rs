//! Where the configuration comes from: file and environment, as texts by key, and where each
//! text stands. Knows what keys there are, and not what their values mean.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;

use toml::de::DeTable;

use super::keys::KEYS;

/// The variables of the environment whose names begin with `CONFAB_`.
#[derive(Clone, Debug, Default)]
pub struct Environment(BTreeMap<String, OsString>);

impl Environment {
    /// That of this process.
    pub fn of_process() -> Self {
        std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value)))
            .collect()
    }
}

impl FromIterator<(String, OsString)> for Environment {
    fn from_iter<T: IntoIterator<Item = (String, OsString)>>(variables: T) -> Self {
        let ours = |(name, _): &(String, OsString)| name.starts_with(PREFIX);
        Self(variables.into_iter().filter(ours).collect())
    }
}

/// What was found to be wrong.
#[derive(Debug, Default)]
pub(super) struct Complaints {
    /// nothing starts with these
    pub mistakes: Vec<String>,
    /// may be meant so
    pub warnings: Vec<String>,
}

/// The texts of both.
#[derive(Debug, Default)]
pub(super) struct Source {
    file: toml::Table,
    file_name: String,
    /// line of each key of the file, from 1
    lines: BTreeMap<String, usize>,
    env: BTreeMap<String, String>,
}

impl Source {
    /// Reads both; what cannot be read or means nothing is complained of.
    pub fn read(file: Option<&Path>, env: &Environment) -> (Self, Complaints) {
        let (mut source, mut complaints) = (Self::default(), Complaints::default());
        if let Some(path) = file {
            source.file_name = path.display().to_string();
            match std::fs::read_to_string(path) {
                Ok(text) => source.read_file(&text, &mut complaints),
                Err(e) => complaints.mistakes.push(format!("{}: {e}", path.display())),
            }
        }
        source.read_environment(env, &mut complaints);
        (source, complaints)
    }

    fn read_file(&mut self, text: &str, complaints: &mut Complaints) {
        let (table, errors) = DeTable::parse_recoverable(text);
        let mut told = 0;
        for error in errors {
            let at = Position::of(text, error.span().map_or(0, |span| span.start));
            // what follows on a line is mostly a consequence of the first
            if at.line != told {
                let key = at.key.map_or(String::new(), |key| format!("{key}: "));
                complaints.mistakes.push(format!(
                    "{}, line {}, column {}: {key}{}",
                    self.file_name,
                    at.line,
                    at.column,
                    error.message()
                ));
            }
            told = at.line;
        }
        // A file that is broken is not judged by the pieces that are left of it.
        let Ok(values) = text.parse::<toml::Table>() else {
            return;
        };
        self.file = values;
        for key in table.get_ref().keys() {
            let line = Position::of(text, key.span().start).line;
            self.lines.insert(key.get_ref().to_string(), line);
        }
        for (key, line) in &self.lines {
            if KEYS.iter().all(|spec| spec.name != key) {
                let instead = match nearest(key, names()) {
                    Some(near) => format!("did you mean {near}?"),
                    None => format!("there are {}", names().collect::<Vec<_>>().join(", ")),
                };
                complaints.mistakes.push(format!(
                    "{}, line {line}: {key}: there is no such key; {instead}",
                    self.file_name
                ));
            }
        }
    }

    /// A name that is nearly one of ours is a mistake. Others are told and harm nothing: systems
    /// that run services in containers add variables named after the service.
    fn read_environment(&mut self, env: &Environment, complaints: &mut Complaints) {
        for (variable, value) in &env.0 {
            let key = variable[PREFIX.len()..].to_lowercase();
            let known = names().any(|name| variable_of(name) == *variable);
            if known {
                match value.to_str() {
                    Some(text) => drop(self.env.insert(key, text.to_owned())),
                    None => complaints
                        .mistakes
                        .push(format!("{variable} is not UTF-8 text")),
                }
            } else if *variable != variable_of(CONFIG) && !is_for_tests(variable) {
                match nearest(&key, names().chain([CONFIG])) {
                    Some(near) => complaints.mistakes.push(format!(
                        "{variable}: there is no such variable; did you mean {}?",
                        variable_of(near)
                    )),
                    None => complaints
                        .warnings
                        .push(format!("{variable} in the environment means nothing")),
                }
            }
        }
    }

    /// The text of a key: of the environment, of the file, or its default.
    pub fn raw(&self, name: &str) -> String {
        if let Some(value) = self.env.get(name) {
            return value.clone();
        }
        match self.file.get(name) {
            Some(toml::Value::String(text)) => text.clone(),
            // written as a file of its own would be, which is how the environment gives it
            Some(toml::Value::Table(table)) => table.to_string(),
            Some(other) => other.to_string(),
            None => KEYS
                .iter()
                .find(|spec| spec.name == name)
                .map(|spec| spec.default.to_owned())
                .expect("only keys of the table are read"),
        }
    }

    /// Was it said where the data is, by a file or in the environment?
    pub fn says_where(&self) -> bool {
        let keys = ["data_dir", "database_url"];
        !self.file_name.is_empty() || keys.iter().any(|key| self.env.contains_key(*key))
    }

    /// Where the text of a key stands.
    pub fn place(&self, name: &str) -> String {
        match self.lines.get(name) {
            _ if self.env.contains_key(name) => variable_of(name),
            Some(line) => format!("{}, line {line}", self.file_name),
            None => "the default".to_owned(),
        }
    }
}

/// A place in the file, counted from 1, and the key that is set on its line.
struct Position<'a> {
    line: usize,
    column: usize,
    key: Option<&'a str>,
}

impl<'a> Position<'a> {
    fn of(text: &'a str, offset: usize) -> Self {
        let before = text.get(..offset).unwrap_or(text);
        let start = before.rfind('\n').map_or(0, |end| end + 1);
        let whole = text[start..].lines().next().unwrap_or_default();
        // Only what looks like a key is shown: the line may be a piece of a password.
        let is_key = |key: &str| {
            !key.is_empty()
                && key
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c))
        };
        let key = whole.split_once('=').map(|(key, _)| key.trim());
        Self {
            line: before.matches('\n').count() + 1,
            column: before[start..].chars().count() + 1,
            key: key.filter(|key| is_key(key)),
        }
    }
}

fn names() -> impl Iterator<Item = &'static str> {
    KEYS.iter().map(|spec| spec.name)
}

fn variable_of(name: &str) -> String {
    format!("{PREFIX}{}", name.to_uppercase())
}

/// Those of our own tests, which the program that is tested inherits.
fn is_for_tests(variable: &str) -> bool {
    let prefixes = ["CONFAB_TEST_", "CONFAB_REQUIRE_", "CONFAB_BIN"];
    prefixes.iter().any(|prefix| variable.starts_with(prefix))
}

/// The key that somebody meant who wrote `name`, a letter in four being wrong at most.
fn nearest(name: &str, candidates: impl Iterator<Item = &'static str>) -> Option<&'static str> {
    let far = |known: &&str| distance(&name.to_lowercase(), known);
    let near = candidates.min_by_key(far)?;
    (far(&near) <= (name.len() / 4).max(1)).then_some(near)
}

/// How many letters must be changed, added or left out to make one word of the other.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.chars().count()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut corner = row[0];
        row[0] = i + 1;
        for (j, y) in b.chars().enumerate() {
            let changed = corner + usize::from(x != y);
            corner = row[j + 1];
            row[j + 1] = changed.min(corner + 1).min(row[j] + 1);
        }
    }
    row[b.chars().count()]
}

const PREFIX: &str = "CONFAB_";
/// What `--config` says, too.
const CONFIG: &str = "config";
