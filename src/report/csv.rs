//! The CSV files of a run, for spreadsheets and scripts: figures unrounded, units in the names of the columns.
//!
//! Times are milliseconds, moments seconds since the start of the load, sizes bytes, percentages 0 to 100. A missing figure
//! is an empty cell. Times are response times, but for the columns `from_due_*`. A percentile that unfinished requests reach holds the bound below it, and its name stands in the
//! column `lower_bounds`.

use std::time::Duration;

use super::table::{Align, Cell, LineEnd, Table};
use super::{number, words};
use crate::measure::summary::{Connections, Figures, Percentiles, Quantile, RunSummary, StageSummary};

/// The columns of [`figures`].
const FIGURES: [&str; 25] = [
    "never_sent",
    "unfinished",
    "unsent",
    "average_success_ms",
    "average_failure_ms",
    "min_ms",
    "p50_ms",
    "p66_ms",
    "p75_ms",
    "p80_ms",
    "p90_ms",
    "p95_ms",
    "p98_ms",
    "p99_ms",
    "p99_9_ms",
    "p99_99_ms",
    "max_ms",
    "lower_bounds",
    "from_due_average_ms",
    "from_due_p50_ms",
    "from_due_p95_ms",
    "from_due_p99_ms",
    "from_due_max_ms",
    "bytes_sent",
    "bytes_received",
];

/// The columns of a stage that are not of requests.
const STAGE: [&str; 20] = [
    "stage",
    "window_from_s",
    "window_to_s",
    "window_s",
    "window",
    "warm_up_s",
    "users",
    "think_ms",
    "in_flight",
    "waiting",
    "dropped_arrivals",
    "iterations",
    "bytes_received_per_s",
    "connections_new",
    "connections_reused",
    "connections_reopened",
    "connections_none",
    "requests_in_ramp",
    "requests_in_hold_outside_window",
    "requests_resent",
];

/// `summary.csv`: one row per stage. The first six columns are the README's table; the average that this shows in the open
/// model is `from_due_average_ms`.
pub fn summary(summary: &RunSummary) -> String {
    let outline = &summary.run.outline;
    let first = if outline.open {
        "arrivals_per_second"
    } else {
        "concurrent_users"
    };
    let six = [
        first,
        "total_requests",
        "total_fails",
        "failures_percentage",
        "average_ms",
        "rps",
    ];
    let pool = outline.pool_size.filter(|size| *size > 0);
    let mut columns: Vec<_> = six.into_iter().chain(STAGE).chain(FIGURES).collect();
    columns.extend(pool.map(|_| "rps_per_connection"));
    let mut table = figures_table(columns);
    for stage in &summary.stages {
        let mut row = vec![Cell::figure(stage.level)];
        row.extend(counts(&stage.figures));
        row.extend(of_stage(stage));
        row.extend(figures(&stage.figures));
        row.extend(pool.map(|size| Cell::figure(stage.figures.rate / f64::from(size))));
        table.push(row);
    }
    table.csv(LineEnd::Lf)
}

fn of_stage(stage: &StageSummary) -> [Cell; 20] {
    let Connections {
        none,
        new,
        reused,
        reopened,
        resent,
    } = stage.connections;
    let warm_up = match stage.window.choice {
        crate::measure::summary::WindowChoice::Steady { warm_up } => Some(warm_up),
        _ => None,
    };
    [
        Cell::figure(stage.stage.0 + 1),
        Cell::figure(stage.window.from),
        Cell::figure(stage.window.to),
        Cell::figure(stage.length.as_secs_f64()),
        Cell::figure(words::choice(stage.window.choice)),
        Cell::maybe(warm_up),
        Cell::figure(stage.users),
        ms(stage.think),
        Cell::figure(stage.in_flight),
        Cell::figure(stage.waiting),
        Cell::figure(stage.dropped_arrivals),
        Cell::figure(stage.iterations),
        Cell::figure(stage.bytes_per_second),
        Cell::figure(new),
        Cell::figure(reused),
        Cell::figure(reopened),
        Cell::figure(none),
        Cell::figure(stage.in_ramp),
        Cell::figure(stage.in_hold_outside),
        Cell::figure(resent),
    ]
}

/// `endpoints.csv`: one row per stage and kind of request, then their total (`of` is `total`); at the end the same over the
/// whole run, ramps included (`stage` is `run`).
pub fn endpoints(summary: &RunSummary) -> String {
    let outline = &summary.run.outline;
    let names = ["stage", "level", "of", "endpoint", "method"];
    let five = ["requests", "failures", "failures_percentage", "average_ms", "rps"];
    let mut table = figures_table(names.into_iter().chain(five).chain(FIGURES));
    let mut push = |stage: Cell, level: Cell, row: Option<(&str, &str)>, of: &Figures| {
        let mut cells = vec![
            stage,
            level,
            Cell::figure(if row.is_some() { "endpoint" } else { "total" }),
        ];
        let (name, method) = row.unwrap_or_default();
        cells.extend([Cell::text(name), Cell::text(method)]);
        cells.extend(counts(of));
        cells.extend(figures(of));
        table.push(cells);
    };
    for stage in &summary.stages {
        let (number, level) = (Cell::figure(stage.stage.0 + 1), Cell::figure(stage.level));
        for (row, of_row) in outline.rows.iter().zip(&stage.rows) {
            push(
                number.clone(),
                level.clone(),
                Some((&row.name, &row.method)),
                of_row,
            );
        }
        push(number, level, None, &stage.figures);
    }
    let run = || Cell::figure("run");
    for row in &summary.rows {
        push(
            run(),
            Cell::figure(""),
            Some((&row.name, &row.method)),
            &row.figures,
        );
    }
    push(run(), Cell::figure(""), None, &summary.total);
    table.csv(LineEnd::Lf)
}

/// `timeline.csv`: one row per second, with the requests of each kind at the end.
pub fn timeline(summary: &RunSummary) -> String {
    let outline = &summary.run.outline;
    let columns = [
        "second",
        "length_s",
        "stage",
        "level",
        "phase",
        "users",
        "thinking",
        "in_flight",
        "waiting",
        "requests",
        "failures",
        "rps",
        "average_ms",
        "p50_ms",
        "p95_ms",
        "p99_ms",
        "max_ms",
        "bytes_sent",
        "bytes_received",
    ];
    let mut columns: Vec<String> = columns.map(str::to_owned).to_vec();
    for row in &outline.rows {
        columns.push(format!("requests of {}", row.name));
        columns.push(format!("failures of {}", row.name));
    }
    let mut table = figures_table(columns);
    for second in &summary.series {
        let seconds = second.length.as_secs_f64();
        let rate = (seconds > 0.0).then(|| second.requests as f64 / seconds);
        let level = outline
            .stages
            .get(usize::from(second.stage.0))
            .map(|stage| stage.level);
        let mut row = vec![
            Cell::figure(second.second),
            Cell::figure(seconds),
            Cell::figure(second.stage.0 + 1),
            Cell::maybe(level),
            Cell::figure(words::phase(second.phase)),
            Cell::figure(second.users),
            Cell::figure(second.thinking),
            Cell::figure(second.in_flight),
            Cell::figure(second.waiting),
            Cell::figure(second.requests),
            Cell::figure(second.failures),
            Cell::maybe(rate),
        ];
        row.extend([second.mean, second.p50, second.p95, second.p99, second.max].map(ms));
        row.extend([second.bytes_sent, second.bytes_received].map(Cell::figure));
        row.extend(
            second
                .rows
                .iter()
                .flat_map(|row| [row.requests, row.failures])
                .map(Cell::figure),
        );
        table.push(row);
    }
    table.csv(LineEnd::Lf)
}

/// `failures.csv`: one row per failure type and kind of request, the most frequent type first.
pub fn failures(summary: &RunSummary) -> String {
    let outline = &summary.run.outline;
    let columns = [
        "failure",
        "endpoint",
        "method",
        "count",
        "first_s",
        "last_s",
        "first_time",
        "last_time",
    ];
    let mut table = figures_table(columns);
    for kind in &summary.failures {
        for (row, seen) in &kind.rows {
            let method = outline.rows.get(usize::from(row.0)).map_or("", |row| &row.method);
            table.push([
                Cell::text(&*seen.text),
                Cell::text(words::row(outline, *row)),
                Cell::text(method),
                Cell::figure(seen.count),
                Cell::figure(seen.first.as_secs_f64()),
                Cell::figure(seen.last.as_secs_f64()),
                Cell::figure(clock(summary, seen.first)),
                Cell::figure(clock(summary, seen.last)),
            ]);
        }
    }
    table.csv(LineEnd::Lf)
}

/// A moment of the run on the wall clock.
pub(super) fn clock(summary: &RunSummary, at: Duration) -> String {
    let start = Duration::from_micros(summary.run.started_unix_micros);
    number::timestamp(start.saturating_add(at).as_secs())
}

fn figures_table<H: Into<String>>(columns: impl IntoIterator<Item = H>) -> Table {
    Table::new(columns.into_iter().map(|title| (title, Align::Left)))
}

/// Requests, failures, their percentage, average and rate.
fn counts(figures: &Figures) -> [Cell; 5] {
    let any = figures.attempts() > 0;
    [
        Cell::figure(figures.requests),
        Cell::figure(figures.failures),
        Cell::maybe(any.then(|| figures.failure_share() * 100.0)),
        ms(figures.mean),
        Cell::figure(figures.rate),
    ]
}

/// The cells of [`FIGURES`].
fn figures(figures: &Figures) -> Vec<Cell> {
    let mut cells = vec![
        Cell::figure(figures.never_sent),
        Cell::figure(figures.unfinished),
        Cell::figure(figures.unsent),
    ];
    cells.extend([figures.mean_success, figures.mean_failure, figures.min].map(ms));
    match &figures.percentiles {
        Some(percentiles) => {
            cells.extend(percentiles.named().map(|(_, quantile)| ms(Some(quantile.value))));
            cells.push(Cell::figure(lower_bounds(percentiles)));
        }
        None => cells.extend((0..12).map(|_| Cell::figure(""))),
    }
    let latency = figures.latency.as_ref();
    let at = |pick: fn(&Percentiles) -> Quantile| ms(latency.map(|times| pick(&times.percentiles).value));
    cells.push(ms(latency.map(|times| times.mean)));
    cells.extend([
        at(|all| all.p50),
        at(|all| all.p95),
        at(|all| all.p99),
        at(|all| all.max),
    ]);
    cells.extend([figures.bytes_sent, figures.bytes_received].map(Cell::figure));
    cells
}

/// The names of the columns that hold only a bound: `p99_ms max_ms`.
fn lower_bounds(percentiles: &Percentiles) -> String {
    let names = FIGURES[5..16].iter();
    let bounds = names
        .zip(percentiles.named())
        .filter(|(_, (_, quantile))| quantile.at_least);
    bounds.map(|(name, _)| *name).collect::<Vec<_>>().join(" ")
}

/// Milliseconds, exact to the nanosecond.
fn ms(time: Option<Duration>) -> Cell {
    Cell::maybe(time.map(|time| time.as_nanos() as f64 / 1e6))
}
