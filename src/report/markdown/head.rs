//! The beginning and the end of the report: what was run, what is wrong with it, which files belong to it.

use crate::analysis::Analysis;
use crate::measure::summary::RunSummary;
use crate::plan::outline::Outline;
use crate::report::chart::{self, svg};
use crate::report::{number, table, warning, words};

/// Title, the mark of a demo run, and one paragraph of what was run.
pub(super) fn title_and_run(summary: &RunSummary) -> String {
    let outline = &summary.run.outline;
    let name = table::escaped(&outline.name);
    let demo = if outline.demo { " (demo API)" } else { "" };
    let mut parts = vec![format!("# Load test: {name}{demo}")];
    if outline.demo {
        parts.push(
            "> **Demo run.** No API was given, so the load went to the model of an API that is built into this program. The \
             figures say nothing about a real API."
                .to_owned(),
        );
    }
    parts.extend(
        outline
            .description
            .as_deref()
            .map(|words| table::escaped(words.trim())),
    );
    parts.push(paragraph(summary));
    parts.join("\n\n")
}

fn paragraph(summary: &RunSummary) -> String {
    let (run, outline) = (&summary.run, &summary.run.outline);
    let host = &run.host;
    [
        format!(
            "The scenario {name} was run against {url} from {start}, for {length}.",
            name = table::code(&outline.name),
            url = table::code(&outline.url),
            start = number::timestamp(run.started_unix_micros / 1_000_000),
            length = number::span(summary.end.at),
        ),
        load(outline),
        words::ending(summary),
        seed(outline),
        format!(
            "Sent by runner {} on {}, from {} on {}.",
            table::escaped(&run.version),
            table::escaped(&host.system),
            number::counted(u64::from(host.workers), "thread"),
            number::counted(u64::from(host.cores), "core"),
        ),
    ]
    .join(" ")
}

fn seed(outline: &Outline) -> String {
    let each = if outline.open { "arrival" } else { "user" };
    let mut except = Vec::new();
    if !outline.in_turn.is_empty() {
        let names: Vec<_> = outline.in_turn.iter().map(|name| table::code(name)).collect();
        except.push(format!(
            "who gets which value of {}, taken in turn by all",
            words::list(&names)
        ));
    }
    if !outline.pools.is_empty() {
        except.push("what was captured from responses, and which endpoints waited for that".to_owned());
    }
    let except = if except.is_empty() {
        String::new()
    } else {
        format!(
            ", but for what depends on the timing of responses: {}",
            except.join("; ")
        )
    };
    format!(
        "Random seed {}: with the same seed each {each} draws the same endpoints, values and pauses again{except}.",
        outline.seed
    )
}

/// The load in words.
fn load(outline: &Outline) -> String {
    let levels: Vec<_> = outline
        .levels()
        .map(|(_, stage)| number::level(stage.level))
        .collect();
    let stages = match levels.len() {
        1 => "one stage of load".to_owned(),
        count => format!("{count} stages of load"),
    };
    let stages = if outline.turns.is_empty() {
        stages
    } else {
        format!("{stages}, **changed by hand while it went on** (see below)")
    };
    let think = table::escaped(&outline.think.words);
    let levels = words::list(&levels);
    let shape = "Each stage first moves to its level (the ramp), then keeps it (the hold).";
    if outline.open {
        format!(
            "It had {stages}: {levels} new iterations (rounds of work) per second, arriving whether or not earlier ones \
             had finished. {shape}"
        )
    } else {
        let users = if levels == "1" { "user" } else { "users" };
        format!(
            "It had {stages}: {levels} {users} at a time. {shape} A user does an iteration (a request, or the steps of a \
             journey, one after the other), each time waiting for the whole response, and pauses before the next (think time: \
             {think})."
        )
    }
}

/// What is wrong, before any figure.
pub(super) fn cautions(summary: &RunSummary) -> Option<String> {
    let cautions: Vec<_> = warning::cautions(summary)
        .iter()
        .map(ToString::to_string)
        .collect();
    (!cautions.is_empty())
        .then(|| format!("## Before you use these figures\n\n{}", words::bullets(&cautions)))
}

/// The pictures beside the report.
pub(super) fn charts(analysis: &Analysis) -> String {
    let capacity = if chart::has_capacity(analysis) {
        format!(
            "![Throughput against the load, with its bounds]({})\n\n",
            svg::CAPACITY
        )
    } else {
        String::new()
    };
    format!(
        "## Charts\n\n{capacity}![Throughput, failures and users over time]({})\n\n`report.html` has these and more, to look into.",
        svg::TIMELINE
    )
}

/// What else lies in the run's folder.
pub(in crate::report) fn files() -> String {
    "## Files of this run\n\n\
     - `report.html`: this report with charts to look into, as one page that needs no network\n\
     - `report.md`: this report as text; the `.svg` files are its pictures\n\
     - `summary.csv`: the table above with unrounded figures, and more of each stage\n\
     - `endpoints.csv`: the same for each endpoint at each stage\n\
     - `timeline.csv`: one row per second\n\
     - `failures.csv`: failures by type and endpoint; `failures/` holds the first responses of each type\n\
     - `scenario.yaml`: the scenario as it was run, secrets masked\n\
     - `run.json`: every figure, described by `run.schema.json` of the project\n\
     - `run.jsonl`, `plan.json`: what was measured, second by second; `runner report` writes all of the above from it again\n\
     - `run.hlog`: the response times as HdrHistogram interval log, for tools that read it\n"
        .to_owned()
}
