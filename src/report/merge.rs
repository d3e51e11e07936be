//! Several runs in one table: the README's six columns, by level, and which run each row is from.

use super::table::{Align, Cell, Table};
use super::{number, result, table, warning, words};
use crate::measure::summary::{RunSummary, StageSummary};

/// A run to be merged, and what to call it (its folder's name).
#[derive(Clone, Copy, Debug)]
pub struct Named<'a> {
    /// What the rows call it.
    pub name: &'a str,
    /// Its figures.
    pub summary: &'a RunSummary,
}

/// One Markdown table of all stages of all runs, sorted by level, then by the start of the run. Runs of the open model have a
/// table of their own, as their levels are rates. A run that stands for less than it seems has its warnings above the table.
pub fn report(runs: &[Named<'_>]) -> String {
    let mut parts = vec![format!(
        "# Load test: {}",
        number::counted(runs.len() as u64, "run")
    )];
    if runs.iter().any(|run| run.summary.run.outline.demo) {
        parts.push(
            "> **Demo runs.** Rows marked *demo* are of the model of an API that is built into this program. They say \
             nothing about a real API."
                .to_owned(),
        );
    }
    parts.extend(cautions(runs));
    for open in [false, true] {
        let of_model: Vec<_> = runs
            .iter()
            .filter(|run| run.summary.run.outline.open == open)
            .copied()
            .collect();
        if !of_model.is_empty() {
            parts.push(merged(open, &of_model).compact_markdown());
        }
    }
    parts.push(legend(runs));
    parts
        .iter()
        .map(|part| part.trim_end())
        .collect::<Vec<_>>()
        .join("\n\n")
        + "\n"
}

fn merged(open: bool, runs: &[Named<'_>]) -> Table {
    let columns = result::columns(open)
        .into_iter()
        .map(|title| (title, Align::Right));
    let mut merged = Table::new(columns.chain([("Run", Align::Left)]));
    let mut rows: Vec<(&StageSummary, &Named<'_>)> = runs
        .iter()
        .flat_map(|run| run.summary.stages.iter().map(move |stage| (stage, run)))
        .collect();
    rows.sort_by(|(a, of_a), (b, of_b)| {
        a.level
            .total_cmp(&b.level)
            .then(
                of_a.summary
                    .run
                    .started_unix_micros
                    .cmp(&of_b.summary.run.started_unix_micros),
            )
            .then(a.stage.cmp(&b.stage))
    });
    for (stage, run) in rows {
        merged.push(
            result::cells(open, stage)
                .into_iter()
                .chain([Cell::text(shown_name(run))]),
        );
    }
    merged
}

fn shown_name(run: &Named<'_>) -> String {
    let demo = if run.summary.run.outline.demo {
        " (demo)"
    } else {
        ""
    };
    format!("{}{demo}", run.name)
}

fn cautions(runs: &[Named<'_>]) -> Option<String> {
    let of_run = |run: &Named<'_>| {
        let name = table::escaped(run.name);
        warning::cautions(run.summary)
            .into_iter()
            .map(move |caution| format!("{name}: {caution}"))
    };
    let all: Vec<_> = runs.iter().flat_map(of_run).collect();
    (!all.is_empty()).then(|| format!("## Before you use these figures\n\n{}", words::bullets(&all)))
}

/// What each run was.
fn legend(runs: &[Named<'_>]) -> String {
    let mut legend = Table::new(
        ["Run", "Scenario", "Target", "Started", "Seed", "Version"].map(|title| (title, Align::Left)),
    );
    for run in runs {
        let (info, outline) = (&run.summary.run, &run.summary.run.outline);
        legend.push([
            Cell::text(shown_name(run)),
            Cell::text(&outline.name),
            Cell::text(&outline.url),
            Cell::figure(number::timestamp(info.started_unix_micros / 1_000_000)),
            Cell::figure(outline.seed),
            Cell::text(&info.version),
        ]);
    }
    let from_due = if runs.iter().any(|run| run.summary.run.outline.open) {
        ", with arrivals per second from the moment a request was due"
    } else {
        ""
    };
    format!(
        "Each row is one stage of one run: the requests completed while the level was held, after the warm-up. *Total \
         requests* counts failed ones too; the percentage is Total Fails / Total requests in whole percent; the average is of \
         successes and failures{from_due}.\n\n## Runs\n\n{}",
        legend.markdown()
    )
}
