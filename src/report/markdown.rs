//! `report.md`: what was run, what is wrong with the figures, the table of the README, and everything below it. For a reader
//! who knows nothing: each term is explained where it first stands, and no judgement stands without its figure.

mod endpoints;
mod failures;
mod generator;
mod head;
mod incidents;
mod levels;
mod outcome;

pub(super) use head::files;

use super::{findings, table};
use crate::analysis::Analysis;
use crate::measure::summary::RunSummary;
use crate::plan::outline::Outline;

/// What stands in place of the report of a run that did not come about.
pub fn not_carried_out(outline: &Outline, why: &str) -> String {
    format!(
        "# Load test: {}\n\n**The run could not be carried out: {}.** No load was put on {}, so there are no figures.\n",
        table::escaped(&outline.name),
        table::escaped(why),
        table::code(&outline.url)
    )
}

/// The parts of the report, for a format that orders them otherwise. Findings and files stand by themselves.
pub(super) struct Parts {
    /// Title and what was run.
    pub(super) opening: String,
    /// What is wrong, where anything is.
    pub(super) cautions: Option<String>,
    /// The table of the README.
    pub(super) result: String,
    /// What was changed by hand, if anything was.
    pub(super) by_hand: Option<String>,
    /// What the thresholds came to, where there are any.
    pub(super) thresholds: Option<String>,
    /// Everything below.
    pub(super) details: Vec<String>,
}

impl Parts {
    pub(super) fn of(summary: &RunSummary) -> Self {
        let details = [
            Some(failures::types(summary)),
            Some(levels::measured(summary)),
            Some(levels::response_times(summary)),
            levels::from_due(summary),
            Some(endpoints::whole_run(summary)),
            endpoints::by_level(summary),
            Some(endpoints::phases(summary)),
            Some(endpoints::responses(summary)),
            endpoints::iterations(summary),
            incidents::list(summary),
            Some(generator::state(summary)),
        ];
        Self {
            opening: head::title_and_run(summary),
            cautions: head::cautions(summary),
            result: outcome::table(summary),
            by_hand: outcome::by_hand(&summary.run.outline),
            thresholds: outcome::thresholds(summary),
            details: details.into_iter().flatten().collect(),
        }
    }
}

/// The whole report.
pub fn report(summary: &RunSummary, analysis: &Analysis) -> String {
    let parts = Parts::of(summary);
    let findings = findings::section(&analysis.findings, findings::About::of(summary));
    let first = [
        Some(parts.opening),
        parts.cautions,
        Some(parts.result),
        parts.by_hand,
        parts.thresholds,
        findings,
        Some(head::charts(analysis)),
    ];
    let all = first
        .into_iter()
        .flatten()
        .chain(parts.details)
        .chain([head::files()]);
    let all: Vec<_> = all.map(|part| part.trim_end().to_owned()).collect();
    all.join("\n\n") + "\n"
}
