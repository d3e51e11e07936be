//! `report.md`: what was run, what is wrong with the figures, the table of the README, and everything below it. For a reader
//! who knows nothing: each term is explained where it first stands, and no judgement stands without its figure.

mod endpoints;
mod failures;
mod generator;
mod head;
mod incidents;
mod levels;
mod outcome;

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

/// The whole report.
pub fn report(summary: &RunSummary, analysis: &Analysis) -> String {
    let parts = [
        Some(head::title_and_run(summary)),
        head::cautions(summary),
        Some(outcome::table(summary)),
        outcome::thresholds(summary),
        findings::section(&analysis.findings, findings::About::of(summary)),
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
        Some(head::files()),
    ];
    let parts: Vec<_> = parts
        .into_iter()
        .flatten()
        .map(|part| part.trim_end().to_owned())
        .collect();
    parts.join("\n\n") + "\n"
}
