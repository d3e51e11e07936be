//! The table of the README: one row per stage, six columns, in the formats of the original report.

use super::number;
use super::table::{Align, Cell, Table};
use crate::analysis::level::{Level, is_unknown};
use crate::measure::summary::{StageSummary, WindowChoice};

/// The header of the first column: levels of the open model are arrivals per second, not users.
pub(super) fn level_title(open: bool) -> &'static str {
    if open {
        "Arrivals per second"
    } else {
        "Concurrent Users"
    }
}

/// The headers.
pub(super) fn columns(open: bool) -> [&'static str; 6] {
    [
        level_title(open),
        "Total requests",
        "Total Fails",
        "Failures Percentage",
        "Average (ms)",
        "RPS",
    ]
}

/// An empty table.
pub(super) fn empty(open: bool) -> Table {
    Table::new(columns(open).map(|title| (title, Align::Right)))
}

/// The cells of a stage. One that was never held has no figures.
pub(super) fn cells(open: bool, stage: &StageSummary) -> [Cell; 6] {
    let figures = &stage.figures;
    let held = stage.window.choice != WindowChoice::NeverHeld;
    let shown =
        |known: bool, figure: String| Cell::figure(if known { figure } else { number::NONE.to_owned() });
    let any = figures.attempts() > 0;
    [
        Cell::figure(number::level(stage.level)),
        Cell::figure(figures.requests),
        Cell::figure(figures.all_failures()),
        shown(any, number::whole_percent(figures.failure_share())),
        shown(
            figures.requests > 0,
            figures.times(open).0.map(number::whole_ms).unwrap_or_default(),
        ),
        shown(held, number::rate(figures.rate)),
    ]
}

/// The table of a run.
pub(super) fn table(open: bool, stages: &[StageSummary]) -> Table {
    let mut table = empty(open);
    for stage in stages {
        table.push(cells(open, stage));
    }
    table
}

/// The same table of levels that came from elsewhere.
pub fn of_levels(open: bool, levels: &[Level]) -> Table {
    let mut table = empty(open);
    for level in levels {
        let known =
            |known: bool, figure: String| Cell::figure(if known { figure } else { number::NONE.to_owned() });
        // What a table does not count it may still give as a rate and a share.
        let counted = level.requests > 0 || level.rate.value <= 0.0;
        let share = &level.failure_share;
        let failures = !is_unknown(share);
        let mean = level.mean.map(|mean| format!("{:.0}", mean.value * 1e3));
        table.push([
            Cell::figure(number::level(level.load)),
            known(counted, level.requests.to_string()),
            known(
                counted && (failures || level.requests == 0),
                level.failures.to_string(),
            ),
            known(failures, number::whole_percent(share.value)),
            Cell::figure(mean.unwrap_or_else(|| number::NONE.to_owned())),
            Cell::figure(number::rate(level.rate.value)),
        ]);
    }
    table
}
