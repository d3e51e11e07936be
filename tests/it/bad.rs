//! Every file of `tests/bad` with the exact message it gives. `UPDATE_EXPECT=1` writes the messages anew; read them then.

use std::fmt::Write as _;
use std::path::Path;

use runner::plan::resolve::{self, Overrides, resolve};
use runner::scenario::{ConfigSources, Style, load};

use crate::support::yaml_files;

/// What a user sees of a file with mistakes; empty if there are none.
fn problems(path: &Path) -> String {
    problems_with(path, &ConfigSources::default())
}

fn problems_with(path: &Path, config: &ConfigSources) -> String {
    match load(path, config) {
        Err(error) => resolve::problems(&error, &Overrides::default()).render(&error.sources, Style::Plain),
        Ok(loaded) => {
            let mut found = loaded.warnings.clone();
            match resolve(&loaded, &Overrides::default()) {
                Ok((_, warnings)) => found.extend(warnings),
                Err(problems) => found.extend(problems),
            }
            if found.is_empty() {
                return String::new();
            }
            found.render(&loaded.sources, Style::Plain)
        }
    }
}

/// Compares with the `.txt` beside the file, or writes it.
fn same_as_expected(path: &Path, found: &str, differences: &mut String) {
    let beside = path.with_extension("txt");
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(&beside, found).expect("the expectation can be written");
        return;
    }
    let expected = std::fs::read_to_string(&beside).unwrap_or_default();
    if expected != found {
        let _ = writeln!(
            differences,
            "{}: expected\n{expected}\nfound\n{found}",
            beside.display()
        );
    }
}

#[test]
fn every_bad_file_gives_its_exact_message() {
    let mut differences = String::new();
    let files = yaml_files("tests/bad");
    for path in &files {
        let found = problems(path);
        assert!(!found.is_empty(), "{} has nothing wrong with it", path.display());
        same_as_expected(path, &found, &mut differences);
    }
    assert!(
        differences.is_empty(),
        "{differences}\nUPDATE_EXPECT=1 cargo test --test it bad:: writes them anew"
    );
    assert!(files.len() >= 25, "only {} files", files.len());
}

#[test]
fn a_path_may_have_a_condition_behind_its_slash() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let path = folder.path().join("conditional.yaml");
    let text = r#"
target: { url: "https://localhost:8443/api" }
endpoints: [ { name: home, get: "/a{% if user > 1 %}/b{% endif %}?c=1", query: { d: 2 } } ]
stages: [ { users: 10, hold: 60s } ]
"#;
    std::fs::write(&path, text).expect("the folder can be written");
    assert_eq!(problems(&path), "");
}

#[test]
fn what_is_no_scenario_at_all_is_said_in_a_sentence() {
    let mut differences = String::new();
    for (name, path) in [
        ("no_such_file", "tests/bad/unknown_kee.yaml"),
        ("no_such_directory", "tests/bda/unknown_key.yaml"),
        ("directory", "tests/bad/a_directory"),
        ("device", "/dev/zero"),
    ] {
        let found = problems(Path::new(path));
        same_as_expected(&Path::new("tests/bad/paths").join(name), &found, &mut differences);
    }
    assert!(differences.is_empty(), "{differences}");
}

#[test]
fn a_file_of_fifty_megabytes_is_refused_unread() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let path = folder.path().join("big.yaml");
    std::fs::File::create(&path)
        .and_then(|file| file.set_len(50_000_000))
        .expect("a sparse file");
    let found = problems(&path).replace(&folder.path().display().to_string(), "DIR");
    let mut differences = String::new();
    same_as_expected(
        Path::new("tests/bad/paths/fifty_megabytes"),
        &found,
        &mut differences,
    );
    assert!(differences.is_empty(), "{differences}");
}

#[test]
fn mistakes_of_the_configuration_are_told_the_same_way() {
    let mut differences = String::new();
    for name in ["syntax", "not_a_mapping", "duplicate_keys", "missing"] {
        let file = Path::new("tests/bad/config").join(name).with_extension("yml");
        let config = ConfigSources {
            file: Some(file.clone()),
            ..ConfigSources::default()
        };
        let found = problems_with(Path::new("scenarios/mixed.yaml"), &config);
        same_as_expected(&file, &found, &mut differences);
    }
    assert!(differences.is_empty(), "{differences}");
}

#[test]
fn colours_change_nothing_but_the_colour() {
    let error =
        load(Path::new("tests/bad/unknown_key.yaml"), &ConfigSources::default()).expect_err("it is bad");
    let coloured = error.render(Style::Coloured);
    assert!(coloured.contains('\u{1b}'));
    let mut plain = String::new();
    let mut rest = coloured.as_str();
    while let Some(at) = rest.find('\u{1b}') {
        plain.push_str(&rest[..at]);
        rest = rest[at..].split_once('m').map_or("", |(_, after)| after);
    }
    plain.push_str(rest);
    assert_eq!(plain, error.render(Style::Plain));
}
