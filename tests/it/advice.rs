//! Advice is right when it is followed: every replacement that a message offers is made in the file, mechanically, and the
//! result is judged again.

use std::path::Path;

use runner::plan::profile::Model;
use runner::plan::resolve::{self, Overrides, resolve};
use runner::scenario::diagnostics::Diagnostics;
use runner::scenario::{ConfigSources, load};

use crate::support::yaml_files;

/// What is wrong with a file, as data.
fn problems(path: &Path) -> Diagnostics {
    match load(path, &ConfigSources::default()) {
        Err(error) => resolve::problems(&error, &Overrides::default()),
        Ok(loaded) => match resolve(&loaded, &Overrides::default()) {
            Ok((_, warnings)) => warnings,
            Err(problems) => problems,
        },
    }
}

/// The text with the replacement of one message made, and that message.
fn followed(text: &str, problems: &Diagnostics, nth: usize) -> Option<(String, String)> {
    let (diagnostic, (span, with)) = problems
        .iter()
        .filter_map(|diagnostic| Some((diagnostic, diagnostic.replace.as_ref()?)))
        .nth(nth)?;
    let mut text = text.to_owned();
    text.replace_range(span.range(), with);
    Some((text, diagnostic.message.clone()))
}

/// Beside the bad file, so that the files that it names are found.
fn judged(folder: &Path, text: &str) -> Diagnostics {
    let path = folder.join("followed.yaml");
    std::fs::write(&path, text).expect("the folder can be written");
    problems(&path)
}

#[test]
fn every_replacement_that_is_made_ends_its_message() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    for entry in std::fs::read_dir("tests/bad/files").expect("files of bad scenarios") {
        let from = entry.expect("an entry").path();
        let to = folder.path().join("files");
        std::fs::create_dir_all(&to).expect("a folder");
        if from.is_file() {
            std::fs::copy(&from, to.join(from.file_name().expect("a name"))).expect("a copy");
        }
    }
    let mut made = 0;
    for file in yaml_files("tests/bad") {
        let Ok(text) = std::fs::read_to_string(&file) else {
            continue;
        };
        let before = judged(folder.path(), &text);
        let mut nth = 0;
        while let Some((changed, message)) = followed(&text, &before, nth) {
            nth += 1;
            made += 1;
            let after = judged(folder.path(), &changed);
            let count = |problems: &Diagnostics| problems.iter().filter(|p| p.message == message).count();
            assert!(
                count(&after) < count(&before),
                "{}: `{message}` is still there after its advice was followed:\n{changed}",
                file.display()
            );
        }
    }
    assert!(made > 50, "only {made} replacements were made");
}

/// Follows all replacements until there are none.
fn mended(text: &str) -> String {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let mut text = text.to_owned();
    for _ in 0..20 {
        let Some((changed, _)) = followed(&text, &judged(folder.path(), &text), 0) else {
            return text;
        };
        text = changed;
    }
    panic!("the advice never ends:\n{text}");
}

/// The users or the arrivals per second that a mended scenario has at some moments.
fn load_at(text: &str, seconds: &[f64]) -> Vec<f64> {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let path = folder.path().join("mended.yaml");
    std::fs::write(&path, text).expect("the folder can be written");
    let loaded = load(&path, &ConfigSources::default()).unwrap_or_else(|error| {
        panic!("{}\n{text}", error.render(runner::scenario::Style::Plain));
    });
    let (plan, _) = resolve(&loaded, &Overrides::default()).unwrap_or_else(|problems| {
        panic!(
            "{}\n{text}",
            problems.render(&loaded.sources, runner::scenario::Style::Plain)
        );
    });
    let level = |second: &f64| {
        let at = std::time::Duration::from_secs_f64(*second);
        match plan.profile.model {
            Model::Closed => f64::from(plan.profile.users_at(at)),
            Model::Open { .. } => plan.profile.rate_at(at),
        }
    };
    seconds.iter().map(level).collect()
}

const HEAD: &str =
    "name: shop\ntarget: { url: \"http://127.0.0.1:9\" }\nendpoints: [ { name: home, get: / } ]\n";

#[test]
fn stages_of_k6_become_the_same_load() {
    let k6 = "stages:\n  - { duration: 30s, target: 20 }\n  - duration: 1m\n    target: 20\n  - { duration: 10s, target: 0 }\n";
    let mended = mended(&format!("{HEAD}{k6}"));
    assert_eq!(
        load_at(&mended, &[14.9, 30.0, 60.0, 89.0, 95.1]),
        [10.0, 20.0, 20.0, 20.0, 10.0]
    );
}

#[test]
fn phases_of_artillery_become_the_same_load() {
    let artillery = "stages:\n  - duration: 60\n    arrivalRate: 5\n  - { duration: 2m, arrivalRate: 20 }\n";
    let mended = mended(&format!("{HEAD}{artillery}"));
    assert_eq!(
        load_at(&mended, &[1.0, 59.0, 61.0, 179.0]),
        [5.0, 5.0, 20.0, 20.0]
    );
}

#[test]
fn two_stages_that_a_message_spells_out_are_the_load_that_was_meant() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let stages = |of: &str| {
        let problems = judged(folder.path(), &format!("{HEAD}stages: [ {of} ]\n"));
        let help = problems
            .iter()
            .flat_map(|problem| &problem.help)
            .find_map(|help| help.split_once('{'))
            .expect("stages are spelt out")
            .1
            .replace("} and {", "}, {");
        format!("{HEAD}stages: [ {{{help} ]\n")
    };
    let ramp = stages("{ duration: 60, arrivalRate: 5, rampTo: 50 }");
    let at = load_at(&ramp, &[0.5, 31.0, 60.9]);
    assert!((at[0] - 5.0).abs() < 1e-9, "{at:?}");
    assert!((at[1] - 27.5).abs() < 0.1 && (at[2] - 50.0).abs() < 0.2, "{at:?}");
    let levels = stages("{ users: [5, 20], hold: 2m }");
    assert_eq!(load_at(&levels, &[60.0, 180.0]), [5.0, 20.0]);
}

#[test]
fn weights_pauses_and_paths_of_other_tools_become_what_was_meant() {
    let text = "name: shop\ntarget: { url: \"http://127.0.0.1:9\" }\ndata: { id: { range: [1, 9] } }\nthink: 1s-5s\n\
                endpoints:\n  - { name: one, get:/products/:id, weight: 50% }\n  - { name: two, get: \"/x/{ id }\", weight: 150% }\n\
                stages: [ { users: 5, hold: 60s } ]\n";
    let mended = mended(text);
    for part in [
        "think: { between: [1s, 5s] }",
        "weight: 50 }",
        "weight: 150 }",
        "\"/x/{{ id }}\"",
    ] {
        assert!(mended.contains(part), "{part} is not in\n{mended}");
    }
}
