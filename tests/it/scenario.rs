//! The scenarios that come with the runner, the schema, and what a scenario keeps of what was written.

use std::path::{Path, PathBuf};
use std::time::Duration;

use proptest::prelude::*;
use runner::plan::resolve::{self, Overrides};
use runner::scenario::model::{DataKind, Hold, Json, Load, Work};
use runner::scenario::{ConfigSources, LoadError, Loaded, Secret, load, schema};
use serde_json::Value;

use crate::support::yaml_files;

const WITH_SCHEMA: &str = "# yaml-language-server: $schema=../scenario.schema.json\n";

fn shipped() -> Vec<PathBuf> {
    yaml_files("scenarios")
}

/// Loads a scenario given as text, with this configuration file.
fn load_text(text: &str, config: &str) -> Result<Loaded, Box<LoadError>> {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let path = folder.path().join("scenario.yaml");
    let config_path = folder.path().join("config.yaml");
    std::fs::write(&path, text)
        .and_then(|()| std::fs::write(&config_path, config))
        .expect("files can be written");
    load(
        &path,
        &ConfigSources {
            file: Some(config_path),
            ..ConfigSources::default()
        },
    )
}

fn loaded(text: &str) -> Loaded {
    load_text(text, "").unwrap_or_else(|error| panic!("{error}"))
}

/// A scenario around some lines.
fn with(lines: &str) -> String {
    format!(
        "target: {{ url: http://localhost }}\nendpoints: [ {{ name: a, get: / }} ]\nstages: [ {{ users: 1, hold: 1s }} ]\n{lines}"
    )
}

/// The file as an editor's schema check sees it.
fn as_json(path: &Path) -> Option<Value> {
    let text = std::fs::read_to_string(path).ok()?;
    let options = serde_yaml::options! { strict_booleans: true, leading_zero_numbers_as_strings: true, with_snippet: false };
    serde_yaml::from_str_with_options(&text, options).ok()
}

#[test]
fn the_shipped_scenarios_load_and_begin_with_their_schema() {
    let files = shipped();
    assert!(files.len() >= 4);
    for path in files {
        let loaded = load(&path, &ConfigSources::default()).unwrap_or_else(|error| panic!("{error}"));
        assert!(loaded.warnings.is_empty(), "{}", path.display());
        let text = std::fs::read_to_string(&path).expect("it was just read");
        assert!(text.starts_with(WITH_SCHEMA), "{}", path.display());
        assert_eq!(
            loaded.masked_source(),
            text,
            "nothing in it is secret: {}",
            path.display()
        );
    }
}

/// How long a hold may last.
fn longest(hold: Hold) -> Duration {
    match hold {
        Hold::For(time) => time.value,
        Hold::UntilSteady(until) => until.at_most.expect("the scenario says how long at most").value,
    }
}

#[test]
fn a_first_run_ends_within_three_minutes() {
    let loaded = load(Path::new("scenarios/term_heavy.yaml"), &ConfigSources::default()).expect("it loads");
    let durations = loaded
        .scenario
        .stages
        .iter()
        .flat_map(|stage| [stage.ramp.map(|ramp| ramp.value), stage.hold.map(longest)])
        .flatten();
    let total: f64 = durations.map(|duration| duration.as_secs_f64()).sum();
    assert!(
        (60.0..=150.0).contains(&total),
        "{total} s leaves no room for the last answers"
    );
}

#[test]
fn capacity_has_the_levels_of_the_original_report() {
    let loaded = load(Path::new("scenarios/capacity.yaml"), &ConfigSources::default()).expect("it loads");
    let users: Vec<u64> = loaded
        .scenario
        .stages
        .iter()
        .filter_map(|stage| match stage.load {
            Load::Users(users) => Some(users.value),
            Load::Rate(_) => None,
        })
        .collect();
    assert_eq!(users, [10, 20, 30, 50, 100, 500, 1000, 1500, 2000]);
    for (users, stage) in users.iter().zip(&loaded.scenario.stages) {
        // Ten cycles of N / X at the ceiling of 38.5/s, and two for the way there.
        let least = (12.0 * *users as f64 / 38.5).max(300.0);
        let hold = stage.hold.map_or(0.0, |hold| longest(hold).as_secs_f64());
        assert!(
            hold >= least,
            "{users} users are held {hold} s, {least} s are needed"
        );
    }
}

#[test]
fn mixed_is_the_original_script() {
    let loaded = load(Path::new("scenarios/mixed.yaml"), &ConfigSources::default()).expect("it loads");
    let scenario = &loaded.scenario;
    let weights: Vec<(String, f64)> = scenario
        .endpoints
        .iter()
        .map(|endpoint| {
            (
                endpoint.name.value.clone(),
                endpoint.weight.map_or(1.0, |weight| weight.value),
            )
        })
        .collect();
    let expected = [
        ("get_by_osu_id", 2.0),
        ("get_by_term_id", 2.0),
        ("get_without_query", 1.0),
        ("get_by_id", 1.0),
    ];
    assert_eq!(weights, expected.map(|(name, weight)| (name.to_owned(), weight)));
    assert_eq!(scenario.on_start[0].value, "get_by_term_id");
    assert!(
        scenario.target.connections.is_none(),
        "the default: one kept-alive connection per user"
    );
}

#[test]
fn the_shop_reads_its_csv_file() {
    let loaded = load(Path::new("scenarios/shop.yaml"), &ConfigSources::default()).expect("it loads");
    let table = loaded
        .files
        .table("shop/customers.csv", None)
        .expect("it was read");
    assert_eq!(table.columns, ["email", "pin", "name"].map(Into::into));
    let bob = [0, 1, 2].map(|column| table.field(1, column));
    assert_eq!(bob, [Some("bob@example.com"), Some("0815"), Some("Bob, jr.")]);
    let threshold = loaded.scenario.thresholds.last().expect("there are three");
    assert_eq!(threshold.text, "failures < 50% for 10s: abort");
    assert!(threshold.exact);
}

#[test]
fn the_schema_file_is_the_one_generated() {
    let generated = schema::text();
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write("scenario.schema.json", &generated).expect("it can be written");
    }
    let kept = std::fs::read_to_string("scenario.schema.json").unwrap_or_default();
    assert!(
        kept == generated,
        "UPDATE_EXPECT=1 cargo test --test it scenario:: writes it anew"
    );
}

#[test]
fn the_schema_accepts_every_shipped_scenario() {
    let validator = jsonschema::validator_for(&schema::json()).expect("the schema is one");
    for path in shipped() {
        let value = as_json(&path).unwrap_or_else(|| panic!("{} is YAML", path.display()));
        let errors: Vec<String> = validator
            .iter_errors(&value)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{}: {errors:#?}", path.display());
    }
}

/// What a schema cannot see: files, names that must differ, order, meaning.
const UNSEEN_BY_SCHEMA: [&str; 7] = [
    "duplicate_names",
    "first_hour_typographic_quotes",
    "get_with_body",
    "json_in_quotes",
    "malformed_csv",
    "missing_files_read",
    "reversed_times",
];

#[test]
fn the_schema_refuses_what_the_decoder_refuses() {
    let validator = jsonschema::validator_for(&schema::json()).expect("the schema is one");
    for path in yaml_files("tests/bad") {
        let Some(value) = as_json(&path) else { continue };
        let name = path
            .file_stem()
            .and_then(|stem| stem.to_str())
            .unwrap_or_default();
        let unseen = UNSEEN_BY_SCHEMA.contains(&name) || name.starts_with("plan_");
        assert_eq!(validator.is_valid(&value), unseen, "{name}");
    }
}

#[test]
fn numbers_keep_the_digits_that_were_written() {
    let text = with("data:\n  term: { values: [201701, \"201701\", 0201701, 1.10, no, null, true] }\n");
    let loaded = loaded(&text);
    let DataKind::Values(values) = &loaded.scenario.data[0].kind.value else {
        panic!("values")
    };
    let kinds: Vec<String> = values
        .iter()
        .map(|value| match value {
            Json::Number(text) => format!("number {}", text.text),
            Json::String(text) => format!("text {}", text.text),
            Json::Bool(value) => format!("boolean {}", value.value),
            Json::Null => "null".to_owned(),
            _ => "other".to_owned(),
        })
        .collect();
    let expected = [
        "number 201701",
        "text 201701",
        "text 0201701",
        "number 1.10",
        "text no",
        "null",
        "boolean true",
    ];
    assert_eq!(kinds, expected);
}

#[test]
fn a_term_means_the_same_with_and_without_quotes() {
    let query = |value: &str| {
        let loaded = loaded(&format!(
            "target: {{ url: http://localhost }}\nstages: [ {{ users: 1, hold: 1s }} ]\nendpoints: [ {{ name: a, get: /, query: {{ term: {value} }} }} ]"
        ));
        let Work::Request(request) = &loaded.scenario.endpoints[0].work else {
            panic!("one request")
        };
        request.query[0].value.text.clone()
    };
    assert_eq!(query("201701"), query("\"201701\""));
    assert_eq!(query("0201701"), "0201701");
}

#[test]
fn merge_keys_and_anchors_work() {
    let loaded = loaded(
        "target: { url: http://localhost }\nstages: [ { users: 1, hold: 1s } ]\nendpoints:\n  - &first { name: a, get: /a, weight: 3 }\n  - { <<: *first, name: b }\n",
    );
    let second = &loaded.scenario.endpoints[1];
    assert_eq!(second.name.value, "b");
    assert!(
        second
            .weight
            .is_some_and(|weight| (weight.value - 3.0).abs() < f64::EPSILON)
    );
}

#[test]
fn templates_know_where_their_bytes_stand() {
    let text = with("data:\n  a: { combine: \"x{{ b }}\", with: { b: { values: [1] } } }\n");
    let loaded = loaded(&text);
    let DataKind::Combine { template, .. } = &loaded.scenario.data[0].kind.value else {
        panic!("combine")
    };
    assert_eq!(loaded.sources.slice(template.span_of(4..5)), "b");
    assert_eq!(loaded.sources.slice(template.span), "x{{ b }}");
}

#[test]
fn the_configuration_has_an_order_of_precedence() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let file = folder.path().join("config.yaml");
    std::fs::write(
        &file,
        "a: file\nb: file\nc: file\napi-base: file\ndb: { host: file, port: 01 }\n",
    )
    .expect("written");
    let sources = ConfigSources {
        file: Some(file),
        env: [
            ("RUNNER_B", "env"),
            ("RUNNER_C", "env"),
            ("RUNNER_DB__HOST", "env"),
            ("RUNNER_API_BASE", "env"),
            ("B", "no"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec(),
        set: vec![
            "c=set=1".to_owned(),
            "db.user=ann".to_owned(),
            "host=https://set".to_owned(),
        ],
        host: Some("https://cli/".to_owned()),
        ..ConfigSources::default()
    };
    let path = folder.path().join("s.yaml");
    std::fs::write(&path, with("")).expect("written");
    let config = load(&path, &sources)
        .unwrap_or_else(|error| panic!("{error}"))
        .config;
    let expected = serde_json::json!({
        "a": "file", "b": "env", "c": "set=1", "api-base": "env",
        "db": { "host": "env", "port": "01", "user": "ann" },
        "host": "https://cli",
    });
    assert_eq!(config.to_json(), expected);
    assert!(config.get("db.host").is_some() && config.get("db.nothing").is_none());
}

#[test]
fn all_problems_of_configuration_and_scenario_are_told_at_once() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let path = folder.path().join("s.yaml");
    std::fs::write(&path, "name: x\n").expect("written");
    let sources = ConfigSources {
        file: Some(folder.path().join("confg.yaml")),
        set: vec!["host".to_owned(), "=x".to_owned()],
        ..ConfigSources::default()
    };
    let text = load(&path, &sources).expect_err("all is wrong").to_string();
    for part in [
        "no such file: `",
        "`--set` needs a key and a value",
        "`--set` without a key",
        "the scenario needs `target`",
    ] {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
}

#[test]
fn secrets_are_known_by_key_by_list_and_by_use() {
    let scenario = "target:\n  url: http://localhost\n  auth: { basic: { user: \"{{ config.login }}\", password: \"{{ config['pw'] }}\" } }\n  headers: { x-api-key: literal-key, authorization: \"Bearer {{ config.bearer }}\" }\nendpoints: [ { name: a, get: / } ]\nstages: [ { users: 1, hold: 1s } ]\nsecrets: [hidden]\n";
    let config = "login: ann-login\npw: correct-horse\nhidden: hidden-value\nplain: plain-value\nnested: { my_token: nested-token }\n";
    let loaded = load_text(scenario, config).unwrap_or_else(|error| panic!("{error}"));
    let mut found: Vec<String> = loaded
        .secrets()
        .iter()
        .map(|secret| secret.expose().to_owned())
        .collect();
    found.sort();
    assert_eq!(
        found,
        [
            "ann-login",
            "correct-horse",
            "hidden-value",
            "literal-key",
            "nested-token"
        ]
    );
    let masked = loaded.masked_source();
    assert!(
        masked.contains("x-api-key: ***,") && masked.contains("Bearer {{ config.bearer }}"),
        "{masked}"
    );
    assert!(!format!("{:?}", loaded.config).contains("correct-horse"));
    let scrubber = loaded.scrubber(
        Some((&Secret::new("ann-login"), &Secret::new("correct-horse"))),
        &[],
    );
    assert_eq!(
        scrubber.scrub("you are correct%2Dhorse, plain-value"),
        "you are ***, plain-value"
    );
}

#[test]
fn defaults_give_way_and_are_secret_like_the_rest() {
    let scenario = with("").replace(
        "url: http://localhost",
        "url: \"{{ config.host }}\", auth: { basic: { user: \"{{ config.user }}\", password: \"{{ config.password }}\" } }",
    );
    let mut loaded = load_text(&scenario, "user: ann\n").unwrap_or_else(|error| panic!("{error}"));
    for (key, value) in [
        ("host", "https://demo"),
        ("user", "demo-user"),
        ("password", "demo-password"),
    ] {
        loaded.set_default(key, value);
    }
    let expected = serde_json::json!({ "user": "ann", "host": "https://demo", "password": "demo-password" });
    assert_eq!(loaded.config.to_json(), expected);
    let secrets: Vec<String> = loaded
        .secrets()
        .iter()
        .map(|secret| secret.expose().to_owned())
        .collect();
    assert_eq!(secrets, ["ann", "demo-password"]);
}

#[test]
fn a_password_in_a_url_is_secret() {
    let text = with("").replace("http://localhost", "\"http://ann:correct-horse@localhost\"");
    let loaded = loaded(&text);
    assert!(loaded.masked_source().contains("http://ann:***@localhost"));
    assert_eq!(loaded.secrets()[0].expose(), "correct-horse");
}

/// Pieces that break YAML, templates and units.
const PIECES: [&str; 24] = [
    "{{", "}}", "\"", "'", ": ", "- ", "\t", "\n", "\n  ", "[", "]", "{", "}", "&a ", "*a", "<<: *a", "|",
    ">", "#", "é", "\u{feff}", "---\n", "!!int ", "null",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn mutated_scenarios_never_panic(
        file in any::<prop::sample::Index>(),
        edits in prop::collection::vec((any::<prop::sample::Index>(), 0..30_usize, 0..PIECES.len()), 1..6),
    ) {
        let mut files = shipped();
        files.extend(yaml_files("tests/bad"));
        let bytes = std::fs::read(file.get(&files)).expect("it can be read");
        let mut text = String::from_utf8_lossy(&bytes).into_owned();
        text.push('\n');
        for (at, remove, piece) in edits {
            let boundaries: Vec<usize> = text.char_indices().map(|(n, _)| n).collect();
            let from = at.index(boundaries.len());
            let to = (from + remove).min(boundaries.len() - 1);
            text.replace_range(boundaries[from]..boundaries[to], PIECES[piece]);
        }
        if let Err(error) = load_text(&text, "") {
            prop_assert!(error.to_string().contains("nothing was sent"));
            let all = resolve::problems(&error, &Overrides::default());
            prop_assert!(all.errors() >= error.problems.errors());
        }
    }

    #[test]
    fn arbitrary_text_never_panics(text in "\\PC{0,60}") {
        let _ = load_text(&text, &text);
    }
}

#[test]
fn a_threshold_about_tokens_is_no_secret() {
    let text = with("thresholds:\n  - failures of get_token < 1% for 10s: abort\n");
    let loaded = loaded(&text);
    assert!(loaded.secrets().is_empty());
    assert_eq!(loaded.masked_source(), text);
}

#[test]
fn five_megabytes_are_judged_in_seconds() {
    let began = std::time::Instant::now();
    let mut keys = String::new();
    for n in 0..90_000 {
        use std::fmt::Write as _;
        let _ = writeln!(keys, "wieght{n}: {{}}");
    }
    for text in [
        keys,
        format!("a: {}", "[".repeat(1_000_000)),
        "- ".repeat(1_000_000),
        "a: &a [*a]\n".repeat(100_000),
    ] {
        let error = load_text(&text, "").expect_err("it is bad");
        assert!(resolve::problems(&error, &Overrides::default()).errors() > 0);
    }
    assert!(began.elapsed().as_secs() < 60, "{:?}", began.elapsed());
}
