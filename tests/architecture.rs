//! The rules of ARCHITECTURE.md that a compiler does not hold: which module may know which, what is deliberately absent,
//! and a first line in every file that says what it is for.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Each module of the library and those it may use. `cli` may use all.
const MAY_USE: &[(&str, &[&str])] = &[
    ("scenario", &[]),
    ("plan", &["scenario"]),
    ("measure", &["plan"]),
    ("engine", &["plan", "measure"]),
    ("analysis", &["measure", "plan"]),
    ("search", &["engine", "analysis", "measure", "plan"]),
    ("report", &["analysis", "measure", "plan"]),
    ("live", &["report", "measure", "plan"]),
    ("web", &["engine", "report", "analysis", "measure", "plan"]),
    ("demo", &[]),
];

/// What must not stand in a module, and why.
const ABSENT: &[(&str, &[&str], &str)] = &[
    ("plan", PURE, "the plan does no I/O and reads no clock"),
    ("analysis", PURE, "the analysis does no I/O and reads no clock"),
    ("report", PURE, "the same run renders to the same bytes"),
    ("engine", &["serde_yaml"], "YAML is read in scenario/ only"),
    ("cli", &["serde_yaml"], "YAML is read in scenario/ only"),
    ("plan", &["serde_yaml"], "YAML is read in scenario/ only"),
];

const PURE: &[&str] = &[
    "std::fs",
    "std::net::Tcp",
    "std::net::Udp",
    "ToSocketAddrs",
    "tokio::",
    "Instant::now",
    "SystemTime",
    "std::env",
    "std::io::std",
    "reqwest",
];

/// Places destroyed, messages ruined: never in this program.
const NEVER: &[&str] = &["serde(flatten", "serde(untagged", "todo!(", "unimplemented!("];

fn sources() -> BTreeMap<PathBuf, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = BTreeMap::new();
    let mut folders = vec![root.join("src"), root.join("tests")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                found.insert(path.strip_prefix(root).unwrap().to_owned(), text);
            }
        }
    }
    found
}

/// The part of a file before its tests, comments left out.
fn code(path: &Path, text: &str) -> String {
    if path.ends_with("tests.rs") || path.iter().any(|part| part == "tests") {
        return String::new();
    }
    let before = text.split("#[cfg(test)]").next().unwrap_or_default();
    before
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .collect::<Vec<_>>()
        .join("\n")
}

fn module_of(path: &Path) -> Option<String> {
    let mut parts = path.iter();
    (parts.next()? == "src").then_some(())?;
    let module = parts.next()?.to_str()?.trim_end_matches(".rs");
    Some(module.to_owned())
}

#[test]
fn modules_know_only_those_below_them() {
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        let Some(module) = module_of(&path) else { continue };
        let Some((_, allowed)) = MAY_USE.iter().find(|(name, _)| *name == module) else {
            continue;
        };
        let code = code(&path, &text);
        for (other, _) in MAY_USE
            .iter()
            .filter(|(name, _)| *name != module && !allowed.contains(name))
        {
            if code.contains(&format!("crate::{other}")) || code.contains(&format!("crate::{{{other}")) {
                wrong.push(format!("{} uses `{other}`", path.display()));
            }
        }
        if module != "cli" && code.contains("crate::cli") {
            wrong.push(format!("{} uses `cli`", path.display()));
        }
    }
    assert!(
        wrong.is_empty(),
        "against the direction of ARCHITECTURE.md:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn what_is_deliberately_absent_is_absent() {
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        let Some(module) = module_of(&path) else { continue };
        let code = code(&path, &text);
        for (name, words, why) in ABSENT {
            for word in words
                .iter()
                .filter(|word| *name == module && code.contains(**word))
            {
                wrong.push(format!("{} holds `{word}`: {why}", path.display()));
            }
        }
        for word in NEVER.iter().filter(|word| code.contains(**word)) {
            wrong.push(format!("{} holds `{word}`", path.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_file_says_first_what_it_is_for() {
    let silent: Vec<_> = sources()
        .into_iter()
        .filter(|(_, text)| !text.starts_with("//! "))
        .map(|(path, _)| path)
        .collect();
    assert!(silent.is_empty(), "no `//!` line: {silent:?}");
}
