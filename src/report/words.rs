//! Sentences that several reports share: levels, windows, endings, thresholds.

use super::number;
use crate::measure::run::Ending;
use crate::measure::summary::{Judged, Phase, RunSummary, StageSummary, Verdict, WindowChoice};
use crate::plan::outline::Outline;
use crate::plan::threshold::{Metric, Threshold};
use crate::plan::{RowId, StageId, StopAfter};

/// A level of load with its unit: `100 users`, `50 arrivals/s`.
pub fn level(outline: &Outline, level: f64) -> String {
    load(outline.open, level)
}

/// The same without an outline.
pub fn load(open: bool, level: f64) -> String {
    let figure = number::level(level);
    match (open, figure.as_str()) {
        (true, _) => format!("{figure} arrivals/s"),
        (false, "1") => "1 user".to_owned(),
        (false, _) => format!("{figure} users"),
    }
}

/// The level of a stage by its number; where two stages have the same level, with its place: `100 users (stage 2)`.
pub fn stage(outline: &Outline, stage: StageId) -> String {
    let number = usize::from(stage.0);
    let Some(this) = outline.stages.get(number) else {
        return format!("stage {}", number + 1);
    };
    let words = level(outline, this.level);
    let same = outline
        .stages
        .iter()
        .filter(|other| number::level(other.level) == number::level(this.level));
    if same.count() > 1 {
        format!("{words} (stage {})", number + 1)
    } else {
        words
    }
}

/// The name of a row.
pub fn row(outline: &Outline, row: RowId) -> &str {
    outline.rows.get(usize::from(row.0)).map_or("?", |row| &row.name)
}

/// The seconds that a stage's figures are of: `12 to 65`.
pub fn window(stage: &StageSummary) -> String {
    match stage.window.choice {
        WindowChoice::NeverHeld => number::NONE.to_owned(),
        _ => format!(
            "{} to {} ({})",
            stage.window.from,
            stage.window.to,
            number::span(stage.length)
        ),
    }
}

/// What was left out of a hold, and why.
pub fn warm_up(choice: WindowChoice) -> String {
    match choice {
        WindowChoice::Steady { warm_up: 0 } => "none".to_owned(),
        WindowChoice::Steady { warm_up } => format!("{warm_up} s"),
        WindowChoice::NotSteady => "none: not steady".to_owned(),
        WindowChoice::Unjudged => "none: too short to tell".to_owned(),
        WindowChoice::NeverHeld => "never held".to_owned(),
    }
}

/// One word for why a window is what it is, as in JSON.
pub fn choice(choice: WindowChoice) -> &'static str {
    match choice {
        WindowChoice::Steady { .. } => "steady",
        WindowChoice::NotSteady => "not_steady",
        WindowChoice::Unjudged => "unjudged",
        WindowChoice::NeverHeld => "never_held",
    }
}

/// One word for the part of a stage, as in JSON.
pub fn phase(phase: Phase) -> &'static str {
    match phase {
        Phase::Ramp => "ramp",
        Phase::Hold => "hold",
        Phase::Pause => "pause",
        Phase::Stopping => "stopping",
    }
}

/// Why levels have no figures, a sentence for each reason: never begun, left on the way to them, or held too shortly.
pub fn not_held(summary: &RunSummary) -> Vec<String> {
    let outline = &summary.run.outline;
    let without = summary
        .stages
        .iter()
        .filter(|stage| stage.window.choice == WindowChoice::NeverHeld);
    let mut never = Vec::new();
    let mut sentences = Vec::new();
    for summed in without {
        let level = stage(outline, summed.stage);
        match outline.stages.get(usize::from(summed.stage.0)) {
            Some(planned) if planned.start < summary.end.load_until => {
                let what = if planned.hold_start < summary.end.load_until {
                    "was held for less than a whole second"
                } else {
                    "was still on its way when the load ended"
                };
                sentences.push(format!(
                    "The level of {level} {what}: what was completed until then ({}) is in the figures of the whole run only.",
                    number::counted(summed.in_ramp.saturating_add(summed.in_hold_outside), "request")
                ));
            }
            _ => never.push(level),
        }
    }
    if !never.is_empty() {
        sentences.push(format!("Never reached: {}.", list(&never)));
    }
    sentences
}

/// How the run ended, as a sentence.
pub fn ending(summary: &RunSummary) -> String {
    let outline = &summary.run.outline;
    let at = number::moment(summary.end.at);
    match &summary.end.how {
        Ending::Completed => "All stages were held to their end.".to_owned(),
        Ending::StopAfter => {
            let limit = match outline.stop_after {
                Some(StopAfter::Requests(count)) => format!(" of {}", number::counted(count, "request")),
                Some(StopAfter::Iterations(count)) => format!(" of {}", number::counted(count, "iteration")),
                None => String::new(),
            };
            format!("It ended after {at}, as the limit `stop_after`{limit} was reached.")
        }
        Ending::DataEnded { name } => {
            format!(
                "It ended after {at}, as the data source {} had no value left.",
                super::table::escaped(name)
            )
        }
        Ending::Interrupted => format!("It was interrupted by the user after {at}."),
        Ending::Aborted { threshold, figure } => {
            let broken = outline
                .thresholds
                .get(*threshold)
                .map_or_else(String::new, |threshold| {
                    format!(
                        " {} was broken for {} (the figure was {})",
                        super::table::code(&threshold.text),
                        number::span(threshold.abort_after.unwrap_or_default()),
                        metric(threshold.metric, *figure)
                    )
                });
            format!("It was aborted after {at}, as the threshold{broken}.")
        }
        Ending::Killed => format!(
            "The run has no end: the program was killed, or its machine. The figures are of the first {at}, which is what the \
             journal (the record that is written each second) still holds."
        ),
    }
}

/// The figure that a threshold asks for, with its unit.
pub fn metric(metric: Metric, figure: f64) -> String {
    match metric {
        Metric::Failures | Metric::IterationsFailed => number::percent(figure),
        Metric::Percentile(_) | Metric::Mean | Metric::Max => number::seconds(figure),
        Metric::Rps => format!("{}/s", number::exact_rate(figure)),
    }
}

/// What a threshold was judged by: `1.31 s`, `> 31 s`, or why there was nothing.
pub fn judged(threshold: &Threshold, judged: &Judged) -> String {
    match judged.figure {
        Some(figure) if judged.at_least => format!("> {}", metric(threshold.metric, figure)),
        Some(figure) => metric(threshold.metric, figure),
        None if threshold.metric == Metric::IterationsFailed => "no iteration to judge".to_owned(),
        None => "no request to judge".to_owned(),
    }
}

/// The figures that decided a threshold, with their levels: those that broke it, or all where it holds.
pub fn verdict(outline: &Outline, verdict: &Verdict) -> String {
    let decisive = verdict
        .judged
        .iter()
        .filter(|judged| verdict.holds || !judged.holds);
    let said = decisive.map(|judged| {
        let figure = self::judged(&verdict.threshold, judged);
        judged.stage.map_or_else(
            || figure.clone(),
            |stage| format!("{figure} at {}", self::stage(outline, stage)),
        )
    });
    let said: Vec<_> = said.collect();
    if said.is_empty() {
        "nothing to judge".to_owned()
    } else {
        said.join("; ")
    }
}

/// Words one after the other: `a`, `a and b`, `a, b and c`.
pub fn list(parts: &[String]) -> String {
    match parts {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// The first letter in upper case.
pub fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// A Markdown list.
pub fn bullets(items: &[String]) -> String {
    items.iter().flat_map(|item| ["- ", item, "\n"]).collect()
}
