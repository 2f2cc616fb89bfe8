//! Every row of docs/keypad.md has a story, named by its keys, in which SIPp presses them and which
//! is told in three languages.

use std::path::Path;

use anyhow::{Result, ensure};

/// The names of a file's stories that are told in three languages and in which SIPp calls.
fn stories(text: &str) -> Vec<String> {
    let list = text.split_once("\nin_three_languages!(");
    let list = list.and_then(|(_, rest)| rest.split_once(");"));
    let told: Vec<&str> = list.map_or("", |(list, _)| list).split(',').collect();
    text.split("\nasync fn ")
        .filter_map(|story| story.split_once('('))
        .filter(|(name, _)| told.iter().any(|told| told.trim() == *name))
        .filter(|(_, body)| {
            let calls = ["sipp(", "sipp_with(", "host_presses("];
            calls.iter().any(|call| body.contains(call))
        })
        .map(|(name, _)| format!("_{name}_"))
        .collect()
}

#[test]
fn each_has_a_story_by_sipp_in_three_languages() -> Result<()> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut names = Vec::new();
    for file in ["keypad.rs", "host_keys.rs", "spoiling.rs"] {
        let text = std::fs::read_to_string(here.join("tests/it").join(file))?;
        names.extend(stories(&text));
    }
    let table = std::fs::read_to_string(here.join("../docs/keypad.md"))?;
    let rows = table.lines().filter_map(|line| line.strip_prefix("| `"));
    let keys: Vec<&str> = rows
        .filter_map(|row| Some(row.split_once('`')?.0))
        .collect();
    ensure!(keys.len() > 30, "the rows of two layouts, not {keys:?}");
    for keys in keys {
        let word = keys.replace('*', "_star_").replace('#', "_pound_") + "_";
        let is_told = names.iter().any(|name| name.contains(&word));
        ensure!(is_told, "no story of {keys}: {names:#?}");
    }
    Ok(())
}
