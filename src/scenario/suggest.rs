//! "Did you mean": near names, and lists of names in words.

use std::path::{Path, PathBuf};

/// "did you mean": the nearest of `known`, by edits (at most 2, or a third of the length) or by a common beginning.
pub fn nearest<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = written.to_lowercase();
    let (length, own) = (lower.chars().count(), letters(&lower));
    let mut best: Option<(usize, &str)> = None;
    for candidate in known {
        let most = match best {
            Some((0, _)) => break,
            Some((least, _)) => least - 1,
            None => usize::MAX,
        };
        // Of a name of one or two letters nothing is left after two edits.
        let allowed = match candidate.chars().count() {
            0..=2 => 1,
            length => 2.max(length / 3),
        };
        let most = if begin_alike(&lower, candidate) {
            most
        } else {
            most.min(allowed).min(length.max(2) - 1)
        };
        // Nearly every name is ruled out by its letters, so that a long list of names is quick.
        if least_edits(own, letters(candidate)) <= most {
            let distance = strsim::osa_distance(&lower, &candidate.to_lowercase());
            if distance <= most {
                best = Some((distance, candidate));
            }
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// Whether one begins with the other, and that is no chance.
fn begin_alike(written: &str, candidate: &str) -> bool {
    let shared = written.len().min(candidate.len());
    let (written, candidate) = (&written.as_bytes()[..shared], &candidate.as_bytes()[..shared]);
    shared >= 3 && written.eq_ignore_ascii_case(candidate)
}

/// Which letters are there, small or capital; others than those of ASCII do not count.
fn letters(text: &str) -> u128 {
    let ascii = text.bytes().filter(u8::is_ascii);
    ascii.fold(0, |letters, byte| letters | 1 << byte.to_ascii_lowercase())
}

/// No fewer edits lead from one text to the other: each takes one letter away, or adds one, or both.
fn least_edits(one: u128, other: u128) -> usize {
    (one & !other).count_ones().max((other & !one).count_ones()) as usize
}

/// A list in words: `a`, `b` or `c`.
pub fn one_of<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let quoted: Vec<String> = names.into_iter().map(|name| format!("`{name}`")).collect();
    match quoted.split_last() {
        None => "nothing".to_owned(),
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
    }
}

/// The template that stands for a variable of the environment: `{{ config.token }}` for `TOKEN`. `None`: it is no name.
pub fn placeholder(name: &str) -> Option<String> {
    let name = name.trim();
    let word = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    word.then(|| format!("{{{{ config.{} }}}}", name.to_ascii_lowercase()))
}

/// The variable of the environment that sets the configuration key of [`placeholder`].
pub fn variable(name: &str) -> String {
    format!("RUNNER_{}", name.trim().to_ascii_uppercase())
}

/// File names in the same directory that are near to a missing one.
pub(super) fn near_files(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_str()?;
    let parent = path
        .parent()
        .filter(|p| !p.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let entries: Vec<String> = std::fs::read_dir(parent)
        .ok()?
        .take(10_000)
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .collect();
    let mut sorted: Vec<&str> = entries
        .iter()
        .map(String::as_str)
        .filter(|other| *other != name && may_replace(name, other))
        .collect();
    sorted.sort_unstable();
    let found = nearest(name, sorted)?;
    let near: PathBuf = match path.parent().filter(|p| !p.as_os_str().is_empty()) {
        Some(parent) => parent.join(found),
        None => PathBuf::from(found),
    };
    Some(format!("did you mean `{}`?", near.display()))
}

/// In place of a YAML file only another one is meant.
fn may_replace(name: &str, other: &str) -> bool {
    let is_yaml = |name: &str| {
        let extension = Path::new(name).extension();
        extension.is_some_and(|extension| {
            extension.eq_ignore_ascii_case("yaml") || extension.eq_ignore_ascii_case("yml")
        })
    };
    !is_yaml(name) || is_yaml(other)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn finds_the_nearest_name() {
        let known = ["weight", "think", "endpoints", "get"];
        assert_eq!(nearest("wieght", known), Some("weight"));
        assert_eq!(nearest("think_time", known), Some("think"));
        assert_eq!(nearest("endpoint", known), Some("endpoints"));
        assert_eq!(nearest("zebra", known), None);
        assert_eq!(nearest("Get", known), Some("get"));
    }

    proptest! {
        #[test]
        fn no_name_is_ruled_out_that_is_near(one in "[a-cA-Cé_]{0,9}", other in "[a-cA-Cé_]{0,9}") {
            let edits = strsim::osa_distance(&one.to_lowercase(), &other.to_lowercase());
            prop_assert!(least_edits(letters(&one), letters(&other)) <= edits);
        }
    }

    #[test]
    fn lists_names_in_words() {
        assert_eq!(one_of(["a"]), "`a`");
        assert_eq!(one_of(["a", "b", "c"]), "`a`, `b` or `c`");
    }
}
