//! What the README shows is true: its scenario is one, and its messages are those of the program.

use std::path::Path;
use std::process::Command;

/// The first fenced block of a language after a heading.
fn block<'t>(text: &'t str, heading: &str, language: &str) -> &'t str {
    let after = text.split_once(heading).unwrap().1;
    let begun = after.split_once(&format!("```{language}\n")).unwrap().1;
    begun.split_once("```").unwrap().0
}

fn check(folder: &Path, scenario: &str) -> (Option<i32>, String) {
    std::fs::write(folder.join("orders.yaml"), scenario).unwrap();
    std::fs::write(folder.join("customers.csv"), "id,name\n1,Ann\n2,Bob\n").unwrap();
    let set = [
        "--set",
        "host=https://localhost:8080",
        "--set",
        "user=u",
        "--set",
        "password=p",
    ];
    let output = Command::new(env!("CARGO_BIN_EXE_runner"))
        .args(["check", "orders.yaml"])
        .args(set)
        .current_dir(folder)
        .output()
        .unwrap();
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn the_scenario_of_the_readme_is_one_and_its_mistakes_are_told_as_shown() {
    let readme = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).unwrap();
    let scenario = block(&readme, "## A scenario", "yaml");
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(check(folder.path(), scenario), (Some(0), String::new()));
    let mut wrong = scenario.to_owned();
    for (right, slip) in [
        ("weight: 3", "wieght: 3"),
        ("page: \"{{ page }}\"", "page: \"{{ pgae }}\""),
        ("hold: 60s", "hold: 60"),
    ] {
        assert!(wrong.contains(right), "{right}");
        wrong = wrong.replacen(right, slip, 1);
    }
    let (code, told) = check(folder.path(), &wrong);
    assert_eq!(code, Some(2));
    assert_eq!(
        block(&readme, "## A scenario", "text"),
        told,
        "the README shows another message"
    );
}
