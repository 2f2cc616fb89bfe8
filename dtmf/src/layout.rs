//! Which keys mean which command: a table, so that a room can be given another one.
//!
//! The tables that come with Confab are a text (`dtmf/layouts.toml`) in the form in which an
//! operator writes others. Decides nothing about who may do what.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, LazyLock};

use crate::Key;
pub use crate::command::{KeypadCommand, Who};

/// One line of a layout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// what is pressed, as printed on the keys: `*2`
    pub keys: String,
    /// what it means
    pub command: KeypadCommand,
}

impl Entry {
    /// Whom it is for.
    pub fn who(&self) -> Who {
        self.command.who()
    }
}

/// A keypad. No keys in it are the beginning of others, so each command is obeyed at its last key.
#[derive(Clone, PartialEq, Eq)]
pub struct Layout {
    name: String,
    entries: Vec<Entry>,
}

/// By name: settings are logged, and a whole keypad would drown them.
impl fmt::Debug for Layout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Layout({:?})", self.name)
    }
}

/// What is wrong with a layout, in words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Mistake {
    /// What stands for the keys is something else.
    #[error("{0:?} cannot be keyed: keys are one to {KEYS_MAX} of 0-9, * and #")]
    NoKeys(String),
    /// The command is not a text, or none of ours.
    #[error(
        "{keys:?} = {word}: there is no such command; there are {}",
        all_words()
    )]
    NoCommand {
        /// of this line
        keys: String,
        /// what is said there
        word: String,
    },
    /// Two lines have the same keys.
    #[error("{0:?} is there twice")]
    Twice(String),
    /// Keys that come to their end while others are being keyed.
    #[error("{long:?} can never be keyed, because {short:?} is obeyed first")]
    NeverReached {
        /// what is obeyed
        short: String,
        /// what begins with it
        long: String,
    },
    /// A command that every keypad must have.
    #[error("no keys for {:?}, without which callers are lost", .0.word())]
    Missing(KeypadCommand),
}

impl Layout {
    /// A layout of lines of keys and the word of a command, in any order.
    ///
    /// # Errors
    /// Every mistake in it.
    pub fn parse<'a>(
        name: &str,
        lines: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self, Vec<Mistake>> {
        let mut mistakes = Vec::new();
        let mut entries: Vec<Entry> = Vec::new();
        for (keys, word) in lines {
            if !can_be_keyed(keys) {
                mistakes.push(Mistake::NoKeys(keys.to_owned()));
                continue;
            }
            let Some(command) = KeypadCommand::from_word(word) else {
                let (keys, word) = (keys.to_owned(), word.to_owned());
                mistakes.push(Mistake::NoCommand { keys, word });
                continue;
            };
            let keys = keys.to_owned();
            entries.push(Entry { keys, command });
        }
        mistakes.extend(conflicts(&entries));
        let missing = |command: &KeypadCommand| entries.iter().all(|e| e.command != *command);
        mistakes.extend(NEEDED.into_iter().filter(missing).map(Mistake::Missing));
        if !mistakes.is_empty() {
            return Err(mistakes);
        }
        entries.sort_by(|a, b| (a.command, &a.keys).cmp(&(b.command, &b.keys)));
        let name = name.to_owned();
        Ok(Self { name, entries })
    }

    /// The keypad a room has when nothing else was chosen.
    pub fn openvoice() -> Arc<Layout> {
        SHIPPED
            .get("openvoice")
            .expect("the layouts in the program have one of this name")
    }

    /// How settings call it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its lines in the order of the menu. A command may have several.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The commands of a host (true) or a guest (false), in the order of the menu.
    pub fn entries_for(&self, host: bool) -> impl Iterator<Item = &Entry> {
        self.entries
            .iter()
            .filter(move |entry| entry.who().includes(host))
    }

    /// The keys by which a menu calls this command; none when the layout has none for it.
    pub fn keys_of(&self, command: KeypadCommand) -> Option<&str> {
        self.entries
            .iter()
            .find(|entry| entry.command == command)
            .map(|entry| entry.keys.as_str())
    }

    /// The command of exactly these keys.
    pub fn command(&self, keys: &str) -> Option<KeypadCommand> {
        self.entries
            .iter()
            .find(|entry| entry.keys == keys)
            .map(|entry| entry.command)
    }

    /// Some command begins with these keys, or is them.
    pub fn begins(&self, keys: &str) -> bool {
        self.entries
            .iter()
            .any(|entry| entry.keys.starts_with(keys))
    }
}

impl Default for Layout {
    fn default() -> Self {
        Layout::clone(&Self::openvoice())
    }
}

/// The layouts that rooms can be given, by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layouts(BTreeMap<String, Arc<Layout>>);

impl Default for Layouts {
    fn default() -> Self {
        Self::shipped()
    }
}

impl Layouts {
    /// Those that come with Confab.
    pub fn shipped() -> Self {
        SHIPPED.clone()
    }

    /// Adds the layouts of a table of tables, as the configuration has them. One with the name of a
    /// layout that is there takes its place.
    ///
    /// # Errors
    /// Every mistake in all of them, each with the name of its layout; nothing has been added then.
    pub fn add(&mut self, tables: &toml::Table) -> Result<(), Vec<String>> {
        let mut mistakes = Vec::new();
        let mut read = Vec::new();
        for (name, table) in tables {
            match layout_of(name, table) {
                Ok(layout) => read.push((name.clone(), Arc::new(layout))),
                Err(wrong) => mistakes.extend(wrong.into_iter().map(|w| format!("{name}: {w}"))),
            }
        }
        if !mistakes.is_empty() {
            return Err(mistakes);
        }
        self.0.extend(read);
        Ok(())
    }

    /// The layout that settings call `name`.
    pub fn get(&self, name: &str) -> Option<Arc<Layout>> {
        self.0.get(name).cloned()
    }

    /// What they are called, in alphabetical order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// All of them, in that order.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Layout>> {
        self.0.values()
    }
}

fn layout_of(name: &str, table: &toml::Value) -> Result<Layout, Vec<String>> {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if name.is_empty() || name.len() > NAME_MAX || !name.chars().all(fits) {
        return Err(vec![format!(
            "the name of a layout is one to {NAME_MAX} of a-z, 0-9 and -"
        )]);
    }
    let Some(table) = table.as_table() else {
        let line = "\"*2\" = \"toggle_mute\"";
        return Err(vec![format!("it is a table of lines such as {line}")]);
    };
    // what is no text is shown as it stands, and is no command
    let words: Vec<(&str, String)> = table
        .iter()
        .map(|(keys, word)| {
            let text = word.as_str().map(str::to_owned);
            (keys.as_str(), text.unwrap_or_else(|| word.to_string()))
        })
        .collect();
    let lines = words.iter().map(|(keys, word)| (*keys, word.as_str()));
    Layout::parse(name, lines).map_err(|mistakes| mistakes.iter().map(Mistake::to_string).collect())
}

fn can_be_keyed(keys: &str) -> bool {
    let is_key = |c| {
        matches!(
            Key::from_char(c),
            Some(Key::Digit(_) | Key::Star | Key::Pound)
        )
    };
    (1..=KEYS_MAX).contains(&keys.len()) && keys.chars().all(is_key)
}

fn conflicts(entries: &[Entry]) -> Vec<Mistake> {
    let mut found = Vec::new();
    for (at, one) in entries.iter().enumerate() {
        for other in &entries[at + 1..] {
            let (short, long) = if one.keys.len() <= other.keys.len() {
                (one.keys.clone(), other.keys.clone())
            } else {
                (other.keys.clone(), one.keys.clone())
            };
            if short == long {
                found.push(Mistake::Twice(short));
            } else if long.starts_with(&short) {
                found.push(Mistake::NeverReached { short, long });
            }
        }
    }
    found
}

fn all_words() -> String {
    KeypadCommand::ALL.map(KeypadCommand::word).join(", ")
}

/// Keys of one command: more would not be remembered.
const KEYS_MAX: usize = 4;

/// Characters of a layout's name.
const NAME_MAX: usize = 32;

/// Callers are told to press these, whatever else a keypad has.
const NEEDED: [KeypadCommand; 3] = [
    KeypadCommand::Menu,
    KeypadCommand::ToggleMute,
    KeypadCommand::ToggleHand,
];

static SHIPPED: LazyLock<Layouts> = LazyLock::new(|| {
    let tables = include_str!("../layouts.toml")
        .parse()
        .expect("a test reads the text in the program");
    let mut layouts = Layouts(BTreeMap::new());
    layouts
        .add(&tables)
        .expect("a test checks the layouts in the program");
    layouts
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_and_guests_have_their_own() {
        let check = |name: &str, host: bool, keys: &str| {
            let layout = Layouts::shipped().get(name).unwrap();
            let told: Vec<&str> = layout.entries_for(host).map(|e| e.keys.as_str()).collect();
            assert_eq!(told.join(" "), keys, "{name}");
        };
        check("openvoice", false, "*2 *9 *5 *1");
        check(
            "openvoice",
            true,
            "*2 *5 *3 *4 *8 *0 #6 *7 *6 #3 #4 #5 #1 #2 #0 *1",
        );
        check("star-six", false, "*6 *9 *5 *1");
    }

    #[test]
    fn every_shipped_layout_has_every_command() {
        let layouts = Layouts::shipped();
        assert_eq!(
            layouts.names().collect::<Vec<_>>(),
            ["openvoice", "star-six"]
        );
        for layout in layouts.iter() {
            assert_eq!(layouts.get(layout.name()).as_ref(), Some(layout));
            for command in KeypadCommand::ALL {
                let keys = layout.keys_of(command).unwrap();
                assert_eq!(layout.command(keys), Some(command), "{}", layout.name());
                assert!(layout.begins(&keys[..1]));
            }
        }
        assert_eq!(layouts.get("dvorak"), None);
    }

    #[test]
    fn mistakes_are_told_in_words_and_all_at_once() {
        let check = |text: &str, wanted: &[&str]| {
            let mut layouts = Layouts::shipped();
            let told = layouts.add(&text.parse().unwrap()).unwrap_err().join("\n");
            for words in wanted {
                assert!(told.contains(words), "{text}: {told}");
            }
            assert_eq!(layouts, Layouts::shipped(), "{text}");
        };
        check(
            "[a]\n\"*1\" = \"menu\"\n\"*12\" = \"togle_mute\"\n\"A2\" = \"end\"\n\"\" = \"end\"",
            &[
                "a: \"*12\" = togle_mute: there is no such command; there are toggle_mute, ",
                "\"A2\" cannot be keyed: keys are one to 4 of 0-9, * and #",
                "\"\" cannot be keyed",
                "no keys for \"toggle_mute\", without which callers are lost",
                "no keys for \"toggle_hand\"",
            ],
        );
        check("a = 5", &["a: it is a table of lines such as"]);
        check("[A]\n\"*1\" = \"menu\"", &["A: the name of a layout"]);
        check(
            "[a]\n\"*1\" = 7\n\"12345\" = \"end\"",
            &["\"*1\" = 7: ", "\"12345\" cannot"],
        );
        check(
            "[a]\n\"*1\" = \"menu\"\n\"*11\" = \"toggle_mute\"\n\"*9\" = \"toggle_hand\"",
            &["\"*11\" can never be keyed, because \"*1\" is obeyed first"],
        );
        let twice = Layout::parse("a", [("5", "menu"), ("5", "end")]).unwrap_err();
        assert!(twice.contains(&Mistake::Twice("5".to_owned())));
    }

    #[test]
    fn an_operator_adds_layouts_and_changes_ours() {
        let mut layouts = Layouts::shipped();
        let own = "\"0\" = \"menu\"\n\"*6\" = \"toggle_mute\"\n\"*2\" = \"toggle_mute\"\n\"*9\" = \"toggle_hand\"";
        let text = format!("[night]\n{own}\n[openvoice]\n{own}");
        layouts.add(&text.parse().unwrap()).unwrap();
        let names: Vec<&str> = layouts.names().collect();
        assert_eq!(names, ["night", "openvoice", "star-six"]);
        let night = layouts.get("night").unwrap();
        assert_eq!(night.keys_of(KeypadCommand::ToggleMute), Some("*2"));
        assert_eq!(night.command("*6"), Some(KeypadCommand::ToggleMute));
        assert_eq!(night.keys_of(KeypadCommand::End), None);
        let ours = layouts.get("openvoice").unwrap();
        assert_eq!(ours.keys_of(KeypadCommand::Menu), Some("0"));
    }
}
