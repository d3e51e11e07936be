//! Options and commands that people know from other load testers: what to write here in their place.

use clap::error::{ContextKind, ContextValue, ErrorKind};

/// What takes the place of an option.
enum Instead {
    /// An option of ours that takes the same value.
    Option(&'static str),
    /// The same, whose value is a duration; seconds where it has no unit.
    Time(&'static str),
    /// One without a value.
    Flag(&'static str),
    /// Something else, in words.
    Words(&'static str),
}

/// Options, divided by spaces, and what is written here.
const OPTIONS: &[(&str, Instead)] = &[
    (
        "-u -c -U --vus --concurrency --connections --clients --num-users --virtual-users --max-vus",
        Instead::Option("--users"),
    ),
    (
        "-d -z -t --duration --run-time --time --test-time",
        Instead::Time("--hold"),
    ),
    (
        "-r --spawn-rate --hatch-rate --startup-time --ramp-up --rampup",
        Instead::Words("the time in which a level is reached is `--ramp 10s`"),
    ),
    (
        "-q --rate --rps --qps --arrival-rate",
        Instead::Words("a rate is a stage of the scenario: `stages: [ { rate: 50/s, hold: 60s } ]`"),
    ),
    (
        "-n -i --requests --num-requests --amount --iterations --reps",
        Instead::Words("a number of requests stands in the scenario: `stop_after: { requests: 1000 }`"),
    ),
    (
        "-s --stage --stages",
        Instead::Words("stages stand in the scenario; several levels are `--users 10,20,50 --hold 60s`"),
    ),
    (
        "-f --file --locustfile --scenario --script",
        Instead::Words("the scenario is named alone: `runner FILE`"),
    ),
    (
        "--headless --no-web --no-tui --quiet --only-summary",
        Instead::Flag("--no-ui"),
    ),
    ("--ui --dashboard --web-host --web-port", Instead::Flag("--web")),
    ("--url --target --base-url --baseUrl", Instead::Option("--host")),
    ("-e -v --env --variables --var", Instead::Option("--set")),
    (
        "-o --output --out-dir --html --json --summary-export --report",
        Instead::Option("--out"),
    ),
    ("--threads", Instead::Option("--workers")),
    (
        "-H --header",
        Instead::Words(
            "headers stand in the scenario: `target: { headers: { accept: text/html } }`; the host is `--host URL`",
        ),
    ),
    (
        "-m -X --method -b --body --data",
        Instead::Words(
            "a request stands in the scenario: `endpoints: [ { name: order, post: /orders, json: { item: 7 } } ]`",
        ),
    ),
    (
        "-a --auth",
        Instead::Words(
            "credentials stand in the scenario: `target: { auth: { bearer: \"{{ config.token }}\" } }`",
        ),
    ),
    (
        "-k --insecure --insecure-skip-tls-verify",
        Instead::Words("the scenario says so: `target: { tls: { verify: false } }`"),
    ),
    (
        "-T --timeout",
        Instead::Words("a timeout stands in the scenario: `target: { timeout: 5s }`"),
    ),
    (
        "--http2 --h2",
        Instead::Words("the scenario says so: `target: { http2: true }`"),
    ),
    (
        "--think-time --wait --delay --pause",
        Instead::Words("the pause of a user stands in the scenario: `think: { between: [1s, 3s] }`"),
    ),
    (
        "--threshold --ensure --fail-ratio",
        Instead::Words("what must hold stands in the scenario: `thresholds: [ \"p95 < 500ms\" ]`"),
    ),
];

/// Commands, divided by spaces, and what is written here.
const COMMANDS: &[(&str, &str)] = &[
    (
        "run start exec test attack bench load quick",
        "a scenario is run by its name alone: `runner FILE`",
    ),
    (
        "validate lint verify",
        "a scenario is checked by `runner check FILE`",
    ),
    (
        "debug dry-run dryrun once",
        "every endpoint is done once by `runner try FILE`",
    ),
    (
        "init new create generate quickstart",
        "a scenario is a file that you write: copy scenarios/mixed.yaml, which explains itself, and run `runner check FILE`",
    ),
    ("diff", "runs are compared by `runner compare BASE NEW`"),
    ("serve web ui dashboard", "the page is opened by `runner --web`"),
    ("show open", "runs that are over are shown by `runner view`"),
    ("version", "the version is printed by `runner --version`"),
    (
        "capacity search breakpoint stress",
        "the most that an API takes is found by `runner find-capacity FILE`",
    ),
];

/// What to write in place of an option that this program does not have.
pub(super) fn option(error: &clap::Error, line: &[String]) -> Option<String> {
    if error.kind() != ErrorKind::UnknownArgument {
        return None;
    }
    let ContextValue::String(found) = error.get(ContextKind::InvalidArg)? else {
        return None;
    };
    let name = found.split('=').next().unwrap_or(found);
    let (_, instead) = OPTIONS.iter().find(|(names, _)| has(names, name))?;
    let value = value(name, line);
    let advice = match instead {
        Instead::Option(ours) => format!("write `{ours} {}`", value.as_deref().unwrap_or("VALUE")),
        Instead::Time(ours) => {
            let value = value.unwrap_or("60s".to_owned());
            let unit = if value.parse::<f64>().is_ok() { "s" } else { "" };
            format!("write `{ours} {value}{unit}`, the time for which each level is held")
        }
        Instead::Flag(ours) => format!("write `{ours}`"),
        Instead::Words(words) => (*words).to_owned(),
    };
    Some(format!("there is no option `{name}`; {advice}"))
}

/// What to write in place of a command that this program does not have.
pub(super) fn command(word: &str) -> Option<String> {
    if word.starts_with("http://") || word.starts_with("https://") {
        return Some(format!(
            "a scenario is a file, and says which requests are sent to `{word}`: copy scenarios/mixed.yaml, write \
             `target: {{ url: \"{word}\" }}` and its endpoints, and run `runner FILE`"
        ));
    }
    let (_, advice) = COMMANDS.iter().find(|(names, _)| has(names, word))?;
    Some(format!("there is no command `{word}`; {advice}"))
}

fn has(names: &str, name: &str) -> bool {
    names.split_whitespace().any(|known| known == name)
}

/// The value that an option was given: `--vus=5`, `--vus 5` or `-u5`.
fn value(name: &str, line: &[String]) -> Option<String> {
    let at = line.iter().position(|word| word.starts_with(name))?;
    let behind = line[at][name.len()..].trim_start_matches('=');
    if !behind.is_empty() {
        return Some(behind.to_owned());
    }
    line.get(at + 1)
        .filter(|word| !word.starts_with('-') && word.chars().next().is_some_and(|c| c.is_ascii_digit()))
        .cloned()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use clap::Parser;

    use super::super::args::Cli;
    use super::*;

    fn advice(line: &[&str]) -> String {
        let error = Cli::try_parse_from(line).unwrap_err();
        let line: Vec<String> = line.iter().map(|word| (*word).to_owned()).collect();
        option(&error, &line).unwrap_or_default()
    }

    #[test]
    fn an_option_of_another_tool_is_answered_by_ours_with_its_value() {
        for (line, ours) in [
            (&["runner", "--vus", "5", "x.yaml"][..], "`--users 5`"),
            (&["runner", "-u5", "x.yaml"], "`--users 5`"),
            (&["runner", "x.yaml", "--connections=50"], "`--users 50`"),
            (&["runner", "--duration", "30s", "x.yaml"], "`--hold 30s`"),
            (&["runner", "-t", "90", "x.yaml"], "`--hold 90s`"),
            (&["runner", "--headless", "x.yaml"], "`--no-ui`"),
        ] {
            let advice = advice(line);
            assert!(advice.contains(ours), "{line:?}: {advice}");
        }
    }

    #[test]
    fn what_is_advised_is_accepted() {
        for (names, instead) in OPTIONS {
            let (ours, value) = match instead {
                Instead::Option("--set") => ("--set", Some("a=b")),
                Instead::Option(ours) => (*ours, Some("5")),
                Instead::Time(ours) => (*ours, Some("5s")),
                Instead::Flag(ours) => (*ours, None),
                Instead::Words(words) => {
                    let option = words.split_once("`--");
                    let Some((_, option)) = option.filter(|(before, _)| !before.contains('`')) else {
                        continue;
                    };
                    let option = format!("--{}", option.split_once('`').unwrap().0);
                    let words = option.split(' ').map(str::to_owned);
                    let line = ["runner".to_owned(), "x.yaml".to_owned()]
                        .into_iter()
                        .chain(words);
                    assert!(Cli::try_parse_from(line).is_ok(), "{option}");
                    continue;
                }
            };
            let line = ["runner", "x.yaml", ours].into_iter().chain(value);
            assert!(Cli::try_parse_from(line).is_ok(), "{ours}");
            for name in names.split_whitespace() {
                assert!(
                    Cli::try_parse_from(["runner", "x.yaml", name, "1"]).is_err(),
                    "{name} is an option here"
                );
            }
        }
    }

    #[test]
    fn a_command_of_another_tool_is_answered() {
        for word in ["run", "validate", "init", "http://127.0.0.1:9/"] {
            assert!(command(word).is_some(), "{word}");
        }
        assert_eq!(command("orders.yaml"), None);
    }
}
