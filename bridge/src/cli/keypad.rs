//! `confab keypad`: the layouts there are, as tables to read or to print for the callers.

use std::sync::Arc;

use anyhow::Context;
use confab_dtmf::layout::{Layout, Who};
use confab_portal::keypad::does;
use serde_json::json;

use super::print_json;
use crate::config::Config;

/// Which layouts to print.
#[derive(Debug, clap::Args)]
pub struct KeypadCommand {
    /// Only this layout
    #[arg(long)]
    layout: Option<String>,
}

/// Prints a table for each layout, shipped or configured.
pub fn print(config: &Config, command: &KeypadCommand, json: bool) -> anyhow::Result<()> {
    let layouts: Vec<Arc<Layout>> = match &command.layout {
        Some(name) => {
            let names: Vec<&str> = config.layouts.names().collect();
            let layout = config
                .layouts
                .get(name)
                .with_context(|| format!("no layout {name}; there are {}", names.join(", ")))?;
            vec![layout]
        }
        None => config.layouts.iter().cloned().collect(),
    };
    if json {
        let all: serde_json::Map<_, _> = layouts
            .iter()
            .map(|layout| (layout.name().to_owned(), keys(layout)))
            .collect();
        print_json(&all.into());
        return Ok(());
    }
    print!("# The keypad in a conference\n\n{NOTES}");
    for layout in layouts {
        println!("\n## Layout `{}`\n", layout.name());
        print!("{}", table(&layout));
    }
    Ok(())
}

fn keys(layout: &Layout) -> serde_json::Value {
    let entries = layout.entries().iter().map(|entry| {
        let row = json!({
            "command": entry.command.word(),
            "host": entry.who().includes(true),
            "guest": entry.who().includes(false),
        });
        (entry.keys.clone(), row)
    });
    serde_json::Value::Object(entries.collect())
}

/// One line a command, in the order in which the spoken menu has them.
fn table(layout: &Layout) -> String {
    let mut text = "| key | host | guest |\n|---|---|---|\n".to_owned();
    for entry in layout.entries() {
        let Some(does) = does(entry.command) else {
            continue;
        };
        let (host, guest) = match entry.who() {
            Who::Host => (does, "-"),
            Who::Guest => ("-", does),
            Who::Both => (does, "the same"),
        };
        text += &format!("| `{}` | {host} | {guest} |\n", entry.keys);
    }
    text
}

const NOTES: &str = "\
Printed by `confab keypad`. Every command is confirmed by voice to the one who pressed; what
changes for everybody is said to everybody. The spoken menu names what the caller may do just then,
with the keys of the room's layout (setting `layout`). More layouts can be written into the
configuration; each needs keys for the menu, the own line and the hand:

    [layouts.mine]
    \"*6\" = \"toggle_mute\"
    \"*1\" = \"menu\"
    \"*9\" = \"toggle_hand\"
";
