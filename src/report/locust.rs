//! Locust's four CSV files (`--csv PREFIX`, version 2.47), so that existing tooling goes on working: headers, order and
//! formats are Locust's, the figures ours.
//!
//! Where they differ: Name is the name of the endpoint or step, not its path. Percentiles are exact to a thousandth, not
//! rounded to two digits. Content size is that of the body, as on the wire. The files are complete to the last request.
//! A percentile that unfinished requests reach is written as the bound below it, as Locust has no way to say so.

use std::time::Duration;

use super::csv::clock;
use super::table::{Align, Cell, LineEnd, Table};
use super::words;
use crate::measure::history::SoFarAt;
use crate::measure::summary::{Figures, RunSummary};

/// The percentiles, as their columns are called.
const PERCENTILES: [&str; 11] = [
    "50%", "66%", "75%", "80%", "90%", "95%", "98%", "99%", "99.9%", "99.99%", "100%",
];

/// The name of the row of all requests.
const AGGREGATED: &str = "Aggregated";

/// `PREFIX_stats.csv`: one row per kind of request that was completed at least once, by name and method; the total last.
pub fn stats(summary: &RunSummary) -> String {
    let columns = [
        "Type",
        "Name",
        "Request Count",
        "Failure Count",
        "Median Response Time",
        "Average Response Time",
        "Min Response Time",
        "Max Response Time",
        "Average Content Size",
        "Requests/s",
        "Failures/s",
    ];
    let mut table = table(columns.into_iter().chain(PERCENTILES));
    let mut rows: Vec<_> = summary
        .rows
        .iter()
        .filter(|row| row.figures.requests > 0)
        .collect();
    rows.sort_by(|a, b| (&a.name, &a.method).cmp(&(&b.name, &b.method)));
    let mut push = |method: &str, name: &str, figures: &Figures| {
        let mut row = vec![Cell::text(method), Cell::text(name)];
        row.extend([figures.requests, figures.failures].map(Cell::figure));
        row.extend(times(figures));
        row.extend([figures.rate, figures.failure_rate()].map(float));
        row.extend(percentiles(figures));
        table.push(row);
    };
    for row in rows {
        push(&row.method, &row.name, &row.figures);
    }
    push("", AGGREGATED, &summary.total);
    table.csv(LineEnd::CrLf)
}

/// `PREFIX_stats_history.csv`: all requests so far at the end of each second, as Locust writes it without
/// `--csv-full-history`. `history`: [`crate::measure::recording::Recording::history`].
pub fn history(summary: &RunSummary, history: &[SoFarAt]) -> String {
    let columns = [
        "Timestamp",
        "User Count",
        "Type",
        "Name",
        "Requests/s",
        "Failures/s",
    ];
    let total = [
        "Total Request Count",
        "Total Failure Count",
        "Total Median Response Time",
        "Total Average Response Time",
        "Total Min Response Time",
        "Total Max Response Time",
        "Total Average Content Size",
    ];
    let mut table = table(columns.into_iter().chain(PERCENTILES).chain(total));
    let start = Duration::from_micros(summary.run.started_unix_micros);
    for (number, entry) in history.iter().enumerate() {
        let (requests, failures) = current_rates(&history[..=number]);
        let mut row = vec![
            Cell::figure(start.saturating_add(entry.at).as_secs()),
            Cell::figure(entry.users),
            Cell::figure(""),
            Cell::figure(AGGREGATED),
            Cell::figure(format!("{requests:.6}")),
            Cell::figure(format!("{failures:.6}")),
        ];
        row.extend(percentiles(&entry.figures));
        row.extend([entry.figures.requests, entry.figures.failures].map(Cell::figure));
        row.extend(times(&entry.figures));
        table.push(row);
    }
    table.csv(LineEnd::CrLf)
}

/// Locust's current rates: over ten seconds that end two seconds before the last request. Until there are two seconds, over
/// those that there are; Locust says 0 then, though there were requests.
fn current_rates(history: &[SoFarAt]) -> (f64, f64) {
    const WINDOW: Duration = Duration::from_secs(10);
    const LAG: Duration = Duration::from_secs(2);
    let Some(last) = history.iter().rev().find(|entry| entry.requests > 0) else {
        return (0.0, 0.0);
    };
    let until = last.at.checked_sub(LAG).filter(|until| !until.is_zero());
    let until = until.unwrap_or(last.at);
    let from = until.saturating_sub(WINDOW);
    let mut within = history
        .iter()
        .filter(|entry| from < entry.at && entry.at <= until);
    let (requests, failures) = within.by_ref().fold((0_u64, 0_u64), |sum, entry| {
        (sum.0 + entry.requests, sum.1 + entry.failures)
    });
    let length = until.saturating_sub(from).as_secs_f64().max(1.0);
    (requests as f64 / length, failures as f64 / length)
}

/// `PREFIX_failures.csv`: one row per kind of request and failure, the most frequent failure first.
pub fn failures(summary: &RunSummary) -> String {
    let outline = &summary.run.outline;
    let mut table = table([
        "Method",
        "Name",
        "Error",
        "Occurrences",
        "First Seen",
        "Last Seen",
    ]);
    for kind in &summary.failures {
        for (row, seen) in &kind.rows {
            let method = outline.rows.get(usize::from(row.0)).map_or("", |row| &row.method);
            table.push([
                Cell::text(method),
                Cell::text(words::row(outline, *row)),
                Cell::text(error(&seen.text)),
                Cell::figure(seen.count),
                Cell::figure(clock(summary, seen.first)),
                Cell::figure(clock(summary, seen.last)),
            ]);
        }
    }
    table.csv(LineEnd::CrLf)
}

/// `PREFIX_exceptions.csv`: exceptions of a script. There is no script, so there are none.
pub fn exceptions() -> String {
    table(["Count", "Message", "Traceback", "Nodes"]).csv(LineEnd::CrLf)
}

/// A failure as Python's exceptions word it, where both have one for it.
fn error(text: &str) -> String {
    match text {
        "Connection reset by peer" => "ConnectionResetError(104, 'Connection reset by peer')".to_owned(),
        "Remote end closed connection without response" => {
            "RemoteDisconnected('Remote end closed connection without response')".to_owned()
        }
        other => other.to_owned(),
    }
}

/// Median, average, minimum, maximum in milliseconds, and mean content size.
fn times(figures: &Figures) -> [Cell; 5] {
    let ms = |time: Option<Duration>| time.map_or(0.0, |time| time.as_nanos() as f64 / 1e6);
    let percentiles = figures.percentiles.as_ref();
    let size = if figures.requests == 0 {
        0.0
    } else {
        figures.body_bytes as f64 / figures.requests as f64
    };
    [
        Cell::figure(format!("{:.0}", ms(percentiles.map(|all| all.p50.value)))),
        float(ms(figures.mean)),
        float(ms(figures.min)),
        float(ms(percentiles.map(|all| all.max.value))),
        float(size),
    ]
}

/// Percentiles in whole milliseconds; `N/A` before the first request.
fn percentiles(figures: &Figures) -> Vec<Cell> {
    match &figures.percentiles {
        Some(percentiles) if figures.requests > 0 => percentiles
            .named()
            .iter()
            .map(|(_, quantile)| Cell::figure(format!("{:.0}", quantile.value.as_secs_f64() * 1e3)))
            .collect(),
        _ => PERCENTILES.iter().map(|_| Cell::figure("N/A")).collect(),
    }
}

/// A float as Python writes it: always with a point.
fn float(value: f64) -> Cell {
    Cell::figure(format!("{value:?}"))
}

fn table(columns: impl IntoIterator<Item = &'static str>) -> Table {
    Table::new(columns.into_iter().map(|title| (title, Align::Left)))
}
