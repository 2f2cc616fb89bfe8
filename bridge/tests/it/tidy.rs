//! The habits of the house that a machine can check.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const FILE_LINES: usize = 500;
const FUNCTION_LINES: usize = 70;
const LINE_COLUMNS: usize = 100;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .to_owned()
}

fn sources(extensions: &[&str]) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut folders = vec![root()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() {
                if !["target", "node_modules", "data"].contains(&&*name) && !name.starts_with('.') {
                    folders.push(path);
                }
            } else if extensions.iter().any(|extension| name.ends_with(extension)) {
                let text = fs::read_to_string(&path).unwrap();
                found.push((path.strip_prefix(root()).unwrap().to_owned(), text));
            }
        }
    }
    assert!(!found.is_empty());
    found
}

/// Fails with every complaint, one a line.
fn none(complaints: &[String]) {
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
}

#[test]
fn files_are_about_one_thing_and_say_so() {
    let mut complaints = Vec::new();
    for (path, text) in sources(&[".rs"]) {
        let path = path.display();
        if !text.starts_with("//!") {
            complaints.push(format!("{path} does not open with //!"));
        }
        let lines = text.lines().count();
        if lines > FILE_LINES {
            complaints.push(format!("{path} has {lines} lines: what else lives in it?"));
        }
        for (number, line) in text.lines().enumerate() {
            let columns = line.chars().count();
            // a string that cannot be broken without changing it may stand out
            if columns > LINE_COLUMNS && !line.contains('"') {
                complaints.push(format!("{path}:{} has {columns} columns", number + 1));
            }
        }
    }
    for (path, text) in sources(&[".css", ".html", ".js", ".mjs", ".py"]) {
        let lines = text.lines().count();
        if lines > FILE_LINES && !path.to_string_lossy().contains("vendor") {
            complaints.push(format!("{} has {lines} lines", path.display()));
        }
    }
    none(&complaints);
}

#[test]
fn functions_are_short() {
    let mut complaints = Vec::new();
    // a story told in a test may take as long as it takes
    let in_tests = |path: &Path| path.components().any(|part| part.as_os_str() == "tests");
    for (path, text) in sources(&[".rs"])
        .into_iter()
        .filter(|(path, _)| !in_tests(path))
    {
        let mut open: Option<(usize, usize, &str)> = None;
        for (number, line) in text.lines().enumerate() {
            let indent = line.len() - line.trim_start().len();
            let code = line.trim_start();
            let starts = [
                "fn ",
                "pub fn ",
                "async fn ",
                "pub async fn ",
                "pub(super) fn ",
                "pub(crate) fn ",
            ];
            if open.is_none() && starts.iter().any(|start| code.starts_with(start)) {
                open = (!code.ends_with(';') && !code.ends_with('}'))
                    .then_some((number, indent, code));
            } else if let Some((first, at, name)) = open
                && indent == at
                && code.starts_with('}')
            {
                let lines = number - first + 1;
                if lines > FUNCTION_LINES {
                    complaints.push(format!(
                        "{}:{} {name} has {lines} lines",
                        path.display(),
                        first + 1
                    ));
                }
                open = None;
            }
        }
    }
    none(&complaints);
}

#[test]
fn nothing_is_left_unfinished_or_switched_off() {
    // put together here, so that this file does not complain about itself
    let marks = [
        ["TO", "DO"].concat(),
        ["FIX", "ME"].concat(),
        ["todo", "!("].concat(),
        ["unimplement", "ed!("].concat(),
        ["#[ign", "ore"].concat(),
    ];
    let mut complaints = Vec::new();
    for (path, text) in sources(&[".rs", ".html", ".js", ".mjs", ".css", ".py", ".sh", ".toml"]) {
        for (number, line) in text.lines().enumerate() {
            for mark in marks.iter().filter(|mark| line.contains(*mark)) {
                complaints.push(format!("{}:{} says {mark}", path.display(), number + 1));
            }
        }
    }
    none(&complaints);
}

#[test]
fn unsafe_code_has_one_address() {
    let key = ["unsa", "fe"].concat();
    // Two of the program: system calls, and handing io_uring its buffers. Beside them a test that
    // counts allocations, and a bench that no program contains.
    let homes = [
        "media/sys.rs",
        "media/outbox.rs",
        "tests/no_alloc.rs",
        "datagrams/ring.rs",
    ];
    let allowed = |path: &Path| homes.iter().any(|home| path.ends_with(home));
    let complaints: Vec<String> = sources(&[".rs"])
        .iter()
        .filter(|(path, _)| !allowed(path))
        .flat_map(|(path, text)| {
            let marks = [
                format!("{key} {{"),
                format!("{key} fn"),
                format!("{key} impl"),
            ];
            text.lines()
                .filter(move |line| marks.iter().any(|mark| line.contains(mark)))
                .map(|line| format!("{}: {line}", path.display()))
                .collect::<Vec<_>>()
        })
        .collect();
    none(&complaints);
}

#[test]
fn sql_lives_in_the_store_and_the_sip_library_in_its_crate() {
    let mut complaints = Vec::new();
    for (path, text) in sources(&[".rs", "Cargo.toml"]) {
        let home = path.display().to_string();
        let uses = |name: &str| {
            text.lines().any(|line| {
                line.contains(&format!("{name}::")) || line.starts_with(&format!("{name}."))
            })
        };
        if uses("sqlx") && !home.starts_with("bridge/store") && home != "Cargo.toml" {
            complaints.push(format!("{home} names sqlx"));
        }
        if uses("rsipstack") && !home.starts_with("bridge/sip") && home != "Cargo.toml" {
            complaints.push(format!("{home} names rsipstack"));
        }
        if uses("mp3lame_encoder") && home != "recorder/src/lame.rs" {
            complaints.push(format!("{home} names LAME"));
        }
    }
    complaints.retain(|complaint| !complaint.starts_with("bridge/tests/it/tidy.rs"));
    none(&complaints);
}

/// `dtmf <- core <- store <- webportal <- bridge`, `core <- sip <- bridge`, `recorder <- bridge`.
#[test]
fn arrows_go_one_way() {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version=1", "--no-deps", "--offline"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let allowed: &[(&str, &[&str])] = &[
        ("confab-dtmf", &[]),
        ("confab-core", &["confab-dtmf"]),
        ("confab-store", &["confab-core", "confab-dtmf"]),
        ("confab-sip", &["confab-core", "confab-dtmf"]),
        ("confab-recorder", &[]),
        (
            "confab-portal",
            &["confab-core", "confab-dtmf", "confab-store"],
        ),
    ];
    for package in metadata["packages"].as_array().unwrap() {
        let name = package["name"].as_str().unwrap();
        let Some((_, may)) = allowed.iter().find(|(crate_name, _)| *crate_name == name) else {
            continue;
        };
        for dependency in package["dependencies"].as_array().unwrap() {
            let on = dependency["name"].as_str().unwrap();
            let of_the_house = on.starts_with("confab") || on == "sipp-scenarios";
            let for_tests = dependency["kind"] == "dev";
            assert!(
                !of_the_house || for_tests || may.contains(&on),
                "{name} may not depend on {on}"
            );
        }
    }
}
