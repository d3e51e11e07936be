//! The table of the README with its notes, and what the thresholds came to.

use crate::measure::summary::{RunSummary, Verdict};
use crate::plan::outline::Outline;
use crate::report::table::{Cell, Table};
use crate::report::{number, result, turns, words};

/// The table and how to read it.
pub(super) fn table(summary: &RunSummary) -> String {
    let outline = &summary.run.outline;
    let table = result::table(outline.open, &summary.stages).compact_markdown();
    format!("## Result\n\n{table}\n{}", notes(summary))
}

fn notes(summary: &RunSummary) -> String {
    let outline = &summary.run.outline;
    let mut notes = Vec::new();
    if outline.open {
        notes.push(
            "**Arrivals per second** takes the place of *Concurrent Users*: this scenario sets how many iterations begin \
             each second, not how many users there are."
                .to_owned(),
        );
    }
    notes.push(
        "One row per stage. Its figures are of the requests completed while the level was held, after a warm-up at the \
         beginning of the hold was left out; the exact seconds are under *Each level*."
            .to_owned(),
    );
    notes.push(
        "**Total requests** counts all of them, failed ones too. **Failures Percentage** is Total Fails / Total requests in \
         whole percent, so that `0%` can hide up to 0.5%; exact shares are under *Each level*."
            .to_owned(),
    );
    let (what, from) = if outline.open {
        (
            "latency from due",
            "was due (its arrival, so that waiting for a free user is part of it)",
        )
    } else {
        ("response time", "was ready to go (opening a connection included)")
    };
    notes.push(format!(
        "**Average (ms)** is the mean {what}, of successes and failures, in milliseconds: from the moment a request {from} to \
         the last byte of the response."
    ));
    notes.push("**RPS** is requests completed per second.".to_owned());
    let not_held = words::not_held(summary);
    if !not_held.is_empty() {
        notes.push(format!(
            "`{}` marks a level without figures. {}",
            number::NONE,
            not_held.join(" ")
        ));
    }
    words::bullets(&notes)
}

/// What was changed by hand; `None` where nothing was.
pub(super) fn by_hand(outline: &Outline) -> Option<String> {
    let turns: Vec<_> = turns::list(outline)
        .iter()
        .map(|turn| words::capitalised(turn))
        .collect();
    (!turns.is_empty()).then(|| {
        format!(
            "## Changed by hand\n\nThe load did not go as the scenario says: a person changed it while it went on. Each change \
             ended the stage that was held and began another, so that the figures of a level are of that level only. Pauses are \
             in no figure. Times are since the start of the load.\n\n{}",
            words::bullets(&turns)
        )
    })
}

/// What the thresholds came to; `None` where the scenario has none.
pub(super) fn thresholds(summary: &RunSummary) -> Option<String> {
    if summary.thresholds.is_empty() {
        return None;
    }
    let outline = &summary.run.outline;
    let mut table = Table::of_figures(3, ["Threshold", "Result", "Figure"]);
    for verdict in &summary.thresholds {
        table.push([
            Cell::text(&verdict.threshold.text),
            Cell::figure(if verdict.holds { "passed" } else { "**FAILED**" }),
            Cell::text(figures(outline, verdict)),
        ]);
    }
    let failed = summary.thresholds.iter().filter(|verdict| !verdict.holds).count();
    let all = summary.thresholds.len();
    let sentence = match (failed, all) {
        (0, 1) => "It passed.".to_owned(),
        (0, _) => format!("All {all} passed."),
        (1, 1) => "It failed.".to_owned(),
        _ => format!("{failed} of {all} failed."),
    };
    let from_due = if outline.open {
        " Times count from the moment a request was due."
    } else {
        ""
    };
    Some(format!(
        "## Thresholds\n\nWhat the scenario asks of the run. {sentence} Judged over the whole run, ramps included, unless it \
         says `in every stage`: then over the measured seconds of each.{from_due}\n\n{}",
        table.markdown()
    ))
}

/// What a threshold was judged by: one figure, or one for each stage.
fn figures(outline: &Outline, verdict: &Verdict) -> String {
    let said = verdict.judged.iter().map(|judged| {
        let figure = words::judged(&verdict.threshold, judged);
        match judged.stage {
            Some(stage) if judged.holds => format!("{figure} at {}", words::stage(outline, stage)),
            Some(stage) => format!("{figure} at {} (failed)", words::stage(outline, stage)),
            None => figure,
        }
    });
    let said: Vec<_> = said.collect();
    if said.is_empty() {
        "nothing to judge".to_owned()
    } else {
        said.join("; ")
    }
}
