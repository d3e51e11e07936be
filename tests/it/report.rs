//! Reports, frozen as whole files under `tests/golden/`. `UPDATE_EXPECT=1 cargo test` writes them again.
#![expect(clippy::unwrap_used, reason = "tests")]

mod fixture;
mod page;

use std::path::{Path, PathBuf};

use runner::analysis::{Analysis, levels, steady};
use runner::measure::history::SoFarAt;
use runner::measure::run::Ending;
use runner::measure::summary::RunSummary;
use runner::plan::outline::Outline;
use runner::plan::target::Connections;
use runner::report::merge::Named;
use runner::report::terminal::Colour;
use runner::report::{csv, json, junit, locust, markdown, merge, terminal, words};

use crate::measure::script::usual;
use fixture::{clean, figures, hostile, matrix, seconds};

fn root(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Compares with a file of the repository, or writes it.
pub(crate) fn expect(path: &str, actual: &str) {
    let file = root(path);
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, actual).unwrap();
        return;
    }
    let expected = std::fs::read_to_string(&file).unwrap_or_default();
    let differs = expected.lines().zip(actual.lines()).position(|(a, b)| a != b);
    assert!(
        expected == actual,
        "{path} differs, first in line {:?}; UPDATE_EXPECT=1 writes it again. It would be:\n{actual}",
        differs.map(|line| line + 1)
    );
}

fn analysis(summary: &RunSummary) -> Analysis {
    Analysis::of(levels::bare(summary), summary)
}

fn all() -> [(&'static str, RunSummary); 3] {
    [("clean", clean()), ("matrix", matrix()), ("hostile", hostile())]
}

#[test]
fn the_markdown_report_is_as_frozen() {
    for (name, summary) in all() {
        expect(
            &format!("tests/golden/{name}/report.md"),
            &markdown::report(&summary, &analysis(&summary)),
        );
    }
}

#[test]
fn the_rows_of_the_original_report_come_out_letter_by_letter() {
    let report = markdown::report(&matrix(), &analysis(&matrix()));
    let table = "\
| Concurrent Users | Total requests | Total Fails | Failures Percentage | Average (ms) | RPS |
| ---------------- | -------------- | ----------- | ------------------- | ------------ | --- |
| 10 | 1012 | 0 | 0% | 140 | 3.3 |
| 50 | 2057 | 10 | 0% | 240 | 19.8 |
| 100 | 3695 | 33 | 1% | 417 | 34 |
| 500 | 4164 | 71 | 2% | 11953 | 38.3 |
";
    assert!(report.contains(table), "{report}");
}

#[test]
fn warnings_stand_before_every_figure() {
    for (name, summary) in [("matrix", matrix()), ("hostile", hostile())] {
        let report = markdown::report(&summary, &analysis(&summary));
        let warnings = report.find("## Before you use these figures");
        assert!(
            warnings.is_some() && warnings < report.find("## Result"),
            "{name}"
        );
    }
    assert!(!markdown::report(&clean(), &analysis(&clean())).contains("Before you use"));
    assert!(
        markdown::report(&matrix(), &analysis(&matrix()))
            .find("**Demo run.**")
            .unwrap()
            < 60
    );
}

#[test]
fn a_run_whose_requests_mostly_failed_says_so_before_its_figures() {
    let head = |summary: &RunSummary| {
        let report = markdown::report(summary, &analysis(summary));
        report.split("## Result").next().unwrap_or_default().to_owned()
    };
    assert!(!head(&clean()).contains("failed ("));
    let mut summary = clean();
    let requests = summary.total.requests;
    summary.total.failures = requests / 2;
    assert!(
        head(&summary).contains("512 of 1024 requests failed (50%)"),
        "{}",
        head(&summary)
    );
    assert!(!head(&summary).contains("Not one request succeeded"));
    summary.total.failures = requests;
    assert!(
        head(&summary).contains("Not one request succeeded: 1024 of 1024"),
        "{}",
        head(&summary)
    );
    let mut closed = hostile();
    closed.total.failures = closed.total.requests;
    closed.failures.truncate(1);
    closed.failures[0].failure.text = "Remote end closed connection without response".into();
    assert!(!head(&closed).contains("expects `https`"));
    let run = std::sync::Arc::make_mut(&mut closed.run);
    std::sync::Arc::make_mut(&mut run.outline).url = "http://127.0.0.1:8443".to_owned();
    assert!(head(&closed).contains("expects `https`"), "{}", head(&closed));
    let mut one_level = clean();
    one_level.stages[0].figures.failures = 900;
    assert!(
        head(&one_level).contains("At 10 users 900 of 1012 requests failed"),
        "{}",
        head(&one_level)
    );
}

#[test]
fn connections_that_the_scenario_does_not_mean_to_open_are_told() {
    let head = |summary: &RunSummary| {
        let report = markdown::report(summary, &analysis(summary));
        report.split("## Result").next().unwrap_or_default().to_owned()
    };
    let outline = |summary: &mut RunSummary, change: &dyn Fn(&mut Outline)| {
        let run = std::sync::Arc::make_mut(&mut summary.run);
        change(std::sync::Arc::make_mut(&mut run.outline));
    };
    let mut summary = clean();
    let answered = summary.total.requests;
    for row in &mut summary.rows {
        row.statuses.truncate(1);
        row.statuses[0].count = row.figures.requests;
        row.redirects = 0;
    }
    let opens = |summary: &mut RunSummary, new: u64| {
        summary.connections.new = new;
        summary.connections.reused = answered - new;
        summary.connections.reopened = 0;
    };
    // Ten users open ten connections, and some more are no matter.
    for new in [10, 20, 40] {
        opens(&mut summary, new);
        assert!(
            !head(&summary).contains("were opened"),
            "{new}: {}",
            head(&summary)
        );
    }
    opens(&mut summary, 300);
    let found = head(&summary);
    assert!(
        found.contains(
            "300 connections were opened, where 10 users that keep theirs alive would need about 10"
        ) && found.contains("after a number of requests"),
        "{found}"
    );
    opens(&mut summary, answered);
    assert!(
        head(&summary).contains("`connection: close`"),
        "{}",
        head(&summary)
    );
    // Half of the requests had no response: its user needs another connection.
    let mut broken = summary.clone();
    opens(&mut broken, answered / 2);
    for row in &mut broken.rows {
        row.statuses[0].count = row.figures.requests / 2;
    }
    assert!(!head(&broken).contains("were opened"), "{}", head(&broken));
    for meant in [
        &(|outline: &mut Outline| outline.connections = Connections::PerRequest) as &dyn Fn(&mut Outline),
        &|outline| outline.open = true,
    ] {
        let mut meant_so = summary.clone();
        outline(&mut meant_so, meant);
        assert!(!head(&meant_so).contains("were opened"));
    }
}

#[test]
fn words_of_others_break_no_table_and_bring_no_markup() {
    let report = markdown::report(&hostile(), &analysis(&hostile()));
    assert!(!report.contains('\u{1b}'));
    for line in report
        .lines()
        .filter(|line| line.contains('|') && line.contains("shop"))
    {
        assert!(!line.contains(" <") && !line.starts_with("# not"), "{line}");
    }
    let mut columns = None;
    for line in report.lines() {
        let here = line
            .starts_with('|')
            .then(|| line.replace("\\|", "").matches('|').count());
        assert!(columns.is_none() || here.is_none() || columns == here, "{line}");
        columns = here;
    }
}

#[test]
fn the_csv_files_are_as_frozen() {
    for (name, summary) in all() {
        expect(
            &format!("tests/golden/{name}/summary.csv"),
            &csv::summary(&summary),
        );
        expect(
            &format!("tests/golden/{name}/endpoints.csv"),
            &csv::endpoints(&summary),
        );
        expect(
            &format!("tests/golden/{name}/timeline.csv"),
            &csv::timeline(&summary),
        );
        expect(
            &format!("tests/golden/{name}/failures.csv"),
            &csv::failures(&summary),
        );
    }
}

#[test]
fn no_cell_of_a_csv_file_is_a_formula() {
    let summary = hostile();
    for text in [
        csv::summary(&summary),
        csv::endpoints(&summary),
        csv::timeline(&summary),
        csv::failures(&summary),
    ] {
        let mut reader = ::csv::ReaderBuilder::new()
            .has_headers(false)
            .from_reader(text.as_bytes());
        let columns: Vec<usize> = reader
            .records()
            .map(|record| {
                let record = record.unwrap();
                assert!(
                    record
                        .iter()
                        .all(|cell| !cell.starts_with(['=', '+', '-', '@', '\t', '\r'])),
                    "{record:?}"
                );
                record.len()
            })
            .collect();
        assert!(columns.len() > 1);
    }
}

#[test]
fn locusts_files_are_as_frozen() {
    for (name, summary) in all() {
        expect(
            &format!("tests/golden/{name}/locust_stats.csv"),
            &locust::stats(&summary),
        );
        expect(
            &format!("tests/golden/{name}/locust_stats_history.csv"),
            &locust::history(&summary, &so_far()),
        );
        expect(
            &format!("tests/golden/{name}/locust_failures.csv"),
            &locust::failures(&summary),
        );
        expect(
            &format!("tests/golden/{name}/locust_exceptions.csv"),
            &locust::exceptions(),
        );
    }
}

/// Fifteen seconds of four requests each, the first without any.
fn so_far() -> Vec<SoFarAt> {
    let entry = |second: u32| {
        let requests = if second == 0 { 0 } else { 4 };
        SoFarAt {
            at: seconds(f64::from(second + 1)),
            users: u64::from((2 * second).min(10)),
            requests,
            failures: u64::from(second == 3),
            figures: figures(4 * u64::from(second), u64::from(second >= 3), 0.140_321, 3.0),
        }
    };
    (0..15).map(entry).collect()
}

#[test]
fn locusts_headers_ends_and_order_are_kept() {
    let summary = matrix();
    let stats = locust::stats(&summary);
    assert!(stats.ends_with("\r\n") && stats.matches('\n').count() == stats.matches("\r\n").count());
    let names: Vec<_> = stats
        .lines()
        .skip(1)
        .map(|line| line.split(',').nth(1).unwrap())
        .collect();
    assert_eq!(
        names,
        [
            "get_by_id",
            "get_by_osu_id",
            "get_by_term_id",
            "get_without_query",
            "Aggregated"
        ]
    );
    assert_eq!(
        stats.lines().next().unwrap(),
        "Type,Name,Request Count,Failure Count,Median Response Time,Average Response Time,Min Response Time,\
         Max Response Time,Average Content Size,Requests/s,Failures/s,50%,66%,75%,80%,90%,95%,98%,99%,99.9%,99.99%,100%"
    );
    assert_eq!(
        locust::history(&summary, &[]),
        "Timestamp,User Count,Type,Name,Requests/s,Failures/s,50%,66%,75%,80%,90%,95%,98%,99%,99.9%,99.99%,100%,\
         Total Request Count,Total Failure Count,Total Median Response Time,Total Average Response Time,\
         Total Min Response Time,Total Max Response Time,Total Average Content Size\r\n"
    );
    assert_eq!(locust::exceptions(), "Count,Message,Traceback,Nodes\r\n");
    let failures = locust::failures(&summary);
    assert!(failures.starts_with("Method,Name,Error,Occurrences,First Seen,Last Seen\r\n"));
    assert!(failures.contains(
        "GET,get_by_term_id,\"ConnectionResetError(104, 'Connection reset by peer')\",96,2026-11-23T16:04:33Z,\
         2026-11-23T16:20:24Z\r\n"
    ));
    assert!(failures.contains("RemoteDisconnected('Remote end closed connection without response'),13,"));
}

#[test]
fn run_json_and_its_schema_are_as_frozen_and_agree() {
    let schema = json::schema().unwrap();
    expect("run.schema.json", &schema);
    let schema = serde_json::from_str(&schema).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    for (name, summary) in all() {
        let text = json::report(&summary, &analysis(&summary)).unwrap();
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        let mistakes: Vec<_> = validator
            .iter_errors(&value)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(mistakes.is_empty(), "{name}: {mistakes:#?}");
        assert_eq!(value["format"], 1);
        if name == "clean" {
            expect("tests/golden/clean/run.json", &text);
        }
        // Every time is in seconds, those that other files of a run have in microseconds too.
        assert_eq!(value["end"]["at"], summary.end.at.as_secs_f64());
        assert_eq!(value["run"]["outline"]["graceful_stop"], 30.0);
        assert_eq!(value["run"]["outline"]["stages"][0]["end"], 305.0);
    }
    assert!(!validator.is_valid(&serde_json::json!({ "format": 1 })));
}

#[test]
fn several_runs_become_one_table() {
    let (matrix, clean, hostile) = (matrix(), clean(), hostile());
    let runs = [
        Named {
            name: "mixed-b",
            summary: &matrix,
        },
        Named {
            name: "mixed-a",
            summary: &clean,
        },
        Named {
            name: "shop|1",
            summary: &hostile,
        },
    ];
    expect("tests/golden/merged.md", &merge::report(&runs));
}

#[test]
fn thresholds_become_junit_test_cases() {
    for (name, summary) in all() {
        expect(
            &format!("tests/golden/{name}/junit.xml"),
            &junit::report(&summary),
        );
    }
}

#[test]
fn the_closing_summary_is_as_frozen() {
    for (name, summary) in all() {
        let plain = terminal::summary(&summary, &analysis(&summary), Colour(false));
        assert!(!plain.contains('\u{1b}'));
        expect(&format!("tests/golden/{name}/terminal.txt"), &plain);
    }
    assert!(
        terminal::summary(&matrix(), &analysis(&matrix()), Colour(true))
            .contains("\u{1b}[31mFAILED\u{1b}[0m")
    );
}

#[test]
fn every_ending_has_its_sentence() {
    let mut summary = matrix();
    for (how, sentence) in [
        (Ending::Completed, "All stages were held to their end."),
        (
            Ending::Interrupted,
            "It was interrupted by the user after 1325.0 s.",
        ),
        (
            Ending::StopAfter,
            "It ended after 1325.0 s, as the limit `stop_after` was reached.",
        ),
        (
            Ending::DataEnded {
                name: "students".to_owned(),
            },
            "It ended after 1325.0 s, as the data source students had no value left.",
        ),
        (
            Ending::Aborted {
                threshold: 0,
                figure: 0.0213,
            },
            "It was aborted after 1325.0 s, as the threshold `failures < 1%` was broken for 0 s (the figure was 2.13%).",
        ),
        (
            Ending::Killed,
            "The run has no end: the program was killed, or its machine. The figures are of the first 1325.0 s, which is what \
             the journal (the record that is written each second) still holds.",
        ),
    ] {
        summary.end.how = how;
        assert_eq!(words::ending(&summary), sentence);
    }
}

/// A run that went through recorder and aggregator.
fn recorded() -> (RunSummary, Analysis, Vec<SoFarAt>) {
    let recording = usual().record(drop).1;
    let summary = recording.summary(&steady::windows(&recording));
    let analysis = Analysis::of_run(&recording, &summary);
    (summary, analysis, recording.history())
}

#[test]
fn a_recorded_run_obeys_the_schema_and_renders_to_the_same_bytes_again() {
    let (summary, meaning, history) = recorded();
    let schema = serde_json::from_str(&json::schema().unwrap()).unwrap();
    let value = serde_json::from_str(&json::report(&summary, &meaning).unwrap()).unwrap();
    let mistakes: Vec<_> = jsonschema::validator_for(&schema)
        .unwrap()
        .iter_errors(&value)
        .map(|error| error.to_string())
        .collect();
    assert!(mistakes.is_empty(), "{mistakes:#?}");
    let (again, meaning_again, history_again) = recorded();
    assert_eq!(
        markdown::report(&summary, &meaning),
        markdown::report(&again, &meaning_again)
    );
    assert_eq!(
        locust::history(&summary, &history),
        locust::history(&again, &history_again)
    );
}

#[test]
fn the_history_ends_with_the_figures_of_the_whole_run() {
    let (summary, _, history) = recorded();
    let last = &history.last().unwrap().figures;
    let total = &summary.total;
    assert!(total.requests > 0);
    assert_eq!(
        (last.requests, last.failures, last.mean),
        (total.requests, total.failures, total.mean)
    );
    assert_eq!((last.bytes_received, last.min), (total.bytes_received, total.min));
    assert_eq!(
        history.iter().map(|entry| entry.requests).sum::<u64>(),
        total.requests
    );
    assert_eq!(history.len(), summary.series.len());
    let rows = locust::history(&summary, &history).lines().count();
    assert_eq!(rows, history.len() + 1);
}
