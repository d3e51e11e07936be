//! Two sides of runs beside each other: a sentence, then a table for each endpoint, as Markdown for a pull request.

use std::time::Duration;

use super::table::{Align, Cell, Table, escaped};
use super::{number, words};
use crate::analysis::compare::{Change, Comparison, LeftOut, Part, Refusal, SHARE_COUNTS, Sides, Verdict};
use crate::analysis::estimate::Estimate;
use crate::analysis::level::Trust;
use crate::measure::run::Ending;
use crate::plan::outline::{Outline, StageOutline};

/// The comparison, to be read from its first sentence on.
pub fn report(sides: Sides<'_>, comparison: &Comparison) -> String {
    let Some(first) = sides.base.first() else {
        return String::new();
    };
    let outline = &*first.recording.info.outline;
    let mut parts = vec![
        format!("# Load test compared: {}", escaped(&outline.name)),
        verdict(outline, comparison),
    ];
    parts.extend(cautions(sides, comparison));
    parts.push(format!("## By endpoint\n\n{}", endpoints(outline, comparison)));
    if comparison.levels.len() > 1 {
        parts.push(format!("## By level\n\n{}", levels(outline, comparison)));
    }
    parts.push(format!("## Runs\n\n{}", legend(sides)));
    parts.push(method(comparison));
    let parts: Vec<_> = parts.iter().map(|part| part.trim_end()).collect();
    parts.join("\n\n") + "\n"
}

/// What there is to say, in words: of all requests, then of the endpoints and levels that differ.
fn verdict(outline: &Outline, comparison: &Comparison) -> String {
    let all = &comparison.all;
    let shown = |estimate: Estimate| estimate.low() > 1.0 || estimate.high() < 1.0;
    let begins = match all.verdict() {
        Verdict::Worse => "**Worse**".to_owned(),
        Verdict::Better => "**Better**".to_owned(),
        Verdict::NoEvidence if shown(all.response.change) && comparison.at_least > 1.0 => {
            let counts = number::rate((comparison.at_least - 1.0) * 100.0);
            format!("**No evidence** of a difference that counts ({counts}% or more)")
        }
        Verdict::NoEvidence => "**No evidence** of a difference".to_owned(),
    };
    let response = &all.response;
    let mut text = format!(
        "{begins}: in all {} ({}), mean response time {} against {}{}.",
        slower(response.change),
        slower_interval(response.change),
        number::seconds(response.new),
        number::seconds(response.base),
        failures_in_words(all),
    );
    for (verdict, word) in [(Verdict::Worse, "Worse"), (Verdict::Better, "Better")] {
        let differing = differing(outline, comparison, verdict);
        if !differing.is_empty() {
            text.extend([" ", word, " by itself: ", &words::list(&differing), "."]);
        }
    }
    text
}

fn failures_in_words(part: &Part) -> String {
    let failures = &part.failures;
    if failures.base <= 0.0 && failures.new <= 0.0 {
        return ", no failures on either side".to_owned();
    }
    format!(
        ", {} failed against {} ({})",
        number::percent(failures.new),
        number::percent(failures.base),
        points(failures.change)
    )
}

/// Endpoints and levels with this verdict, each with what it rests on.
fn differing(outline: &Outline, comparison: &Comparison, verdict: Verdict) -> Vec<String> {
    let rows = comparison.rows.iter();
    let rows = rows.filter_map(|(row, part)| Some((escaped(words::row(outline, *row)), part.as_ref()?)));
    // A single level is all there is.
    let levels = comparison.levels.iter().filter(|_| comparison.levels.len() > 1);
    let levels = levels.map(|(stage, part)| (words::stage(outline, *stage), part));
    rows.chain(levels)
        .filter(|(_, part)| part.verdict() == verdict)
        .map(|(name, part)| {
            let mut why = Vec::new();
            if part.by_response == verdict {
                why.push(slower(part.response.change));
            }
            if part.by_failures == verdict {
                let failures = &part.failures;
                let shares = [failures.new, failures.base].map(number::percent);
                why.push(format!("{} failed against {}", shares[0], shares[1]));
            }
            format!("{name} ({})", why.join(", "))
        })
        .collect()
}

/// What a reader must know before the figures.
fn cautions(sides: Sides<'_>, comparison: &Comparison) -> Option<String> {
    let mut all = Vec::new();
    if sides.base.len() == 1 && sides.new.len() == 1 {
        all.push(
            "One run a side: how much runs differ by themselves is not known, and no interval holds it. Three a side tell."
                .to_owned(),
        );
    }
    let hosts = sides.all().map(|run| &run.recording.info.host);
    let mut machines: Vec<_> = hosts.map(|host| (&host.system, host.cores)).collect();
    machines.dedup();
    if machines.len() > 1 {
        let said: Vec<_> = machines
            .iter()
            .map(|(system, cores)| {
                format!(
                    "{} with {}",
                    escaped(system),
                    number::counted(u64::from(*cores), "core")
                )
            })
            .collect();
        all.push(format!(
            "The load came from different machines: {}.",
            words::list(&said)
        ));
    }
    if sides.all().any(|run| run.recording.info.outline.demo) {
        all.push("Some runs are of the API model built into this program, not of a real API.".to_owned());
    }
    all.extend(comparison.left_out.iter().map(|left| left_out(sides, left)));
    (!all.is_empty()).then(|| format!("## Before you use these figures\n\n{}", words::bullets(&all)))
}

fn endpoints(outline: &Outline, comparison: &Comparison) -> String {
    let mut table = table("Endpoint");
    table.push(cells(Cell::figure("in all"), &comparison.all));
    for (row, part) in &comparison.rows {
        let name = Cell::text(words::row(outline, *row));
        match part {
            Some(part) => table.push(cells(name, part)),
            None => table.push([name, Cell::figure("too few requests")]),
        }
    }
    table.markdown()
}

fn levels(outline: &Outline, comparison: &Comparison) -> String {
    let mut table = table("Level");
    for (stage, part) in &comparison.levels {
        table.push(cells(Cell::figure(words::stage(outline, *stage)), part));
    }
    table.markdown()
}

fn table(first: &str) -> Table {
    Table::new([
        (first, Align::Left),
        ("Verdict", Align::Left),
        ("Mean response time", Align::Right),
        ("New / base", Align::Right),
        ("p95, new / base", Align::Right),
        ("Failed", Align::Right),
        ("Requests/s", Align::Right),
    ])
}

fn cells(name: Cell, part: &Part) -> Vec<Cell> {
    let verdict = match part.verdict() {
        Verdict::Better => "better",
        Verdict::Worse => "**worse**",
        Verdict::NoEvidence => "no evidence",
    };
    vec![
        name,
        Cell::figure(verdict),
        Cell::figure(both(&part.response, number::seconds)),
        Cell::figure(ratio(part.response.change)),
        Cell::figure(
            part.p95
                .map_or_else(|| number::NONE.to_owned(), |p95| ratio(p95.change)),
        ),
        Cell::figure(failed(&part.failures)),
        Cell::figure(both(&part.rate, number::exact_rate)),
    ]
}

fn both(change: &Change, shown: impl Fn(f64) -> String) -> String {
    format!("{} → {}", shown(change.base), shown(change.new))
}

fn failed(failures: &Change) -> String {
    if failures.base <= 0.0 && failures.new <= 0.0 {
        return "none".to_owned();
    }
    format!(
        "{} ({})",
        both(failures, number::percent),
        points(failures.change)
    )
}

/// `1.12 (1.08 to 1.16)`
fn ratio(ratio: Estimate) -> String {
    format!("{:.2} ({:.2} to {:.2})", ratio.value, ratio.low(), ratio.high())
}

/// A difference of shares: `+2.1 points, +1.5 to +2.7`.
fn points(difference: Estimate) -> String {
    let points = difference.times(100.0);
    let signed = |value: f64| format!("{value:+.1}");
    format!(
        "{} points, {} to {}",
        signed(points.value),
        signed(points.low()),
        signed(points.high())
    )
}

/// A ratio of times in words: `12.3% slower`, `4% faster`.
fn slower(ratio: Estimate) -> String {
    let percent = number::rate((ratio.value - 1.0).abs() * 100.0);
    let side = if ratio.value < 1.0 { "faster" } else { "slower" };
    format!("{percent}% {side}")
}

/// Its interval: `8% to 16%`, `2% faster to 4.5% slower`.
fn slower_interval(ratio: Estimate) -> String {
    let ends = [ratio.low(), ratio.high()].map(Estimate::bare);
    let one_side = (ratio.low() < 1.0) == (ratio.high() < 1.0);
    if one_side {
        // The lesser change first.
        let mut percents = ends.map(|end| (end.value - 1.0).abs() * 100.0);
        percents.sort_by(f64::total_cmp);
        let [less, more] = percents.map(number::rate);
        return format!("{less}% to {more}%");
    }
    let [low, high] = ends.map(slower);
    format!("{low} to {high}")
}

/// What each run was.
fn legend(sides: Sides<'_>) -> String {
    let columns = ["Side", "Run", "Target", "Started", "Seed", "Requests", "Version"];
    let mut legend = Table::new(columns.map(|title| (title, Align::Left)));
    for (side, runs) in [("base", sides.base), ("new", sides.new)] {
        for run in runs {
            let (info, outline) = (&run.recording.info, &run.recording.info.outline);
            legend.push([
                Cell::figure(side),
                Cell::text(run.name),
                Cell::text(&outline.url),
                Cell::figure(number::timestamp(info.started_unix_micros / 1_000_000)),
                Cell::figure(outline.seed),
                Cell::figure(run.summary.total.requests),
                Cell::text(&info.version),
            ]);
        }
    }
    legend.markdown()
}

fn method(comparison: &Comparison) -> String {
    let over_levels = if comparison.levels.len() > 1 {
        " Over several levels a time is the geometric mean, so that each level counts alike."
    } else {
        ""
    };
    format!(
        "*Worse*: the interval of the ratio of mean response times lies above 1 and the ratio is at least {}; or the \
         interval of the difference between the failed shares lies above 0 and the share grew by at least {} percentage \
         point. *Better* is the reverse. Intervals are at 95%, in all; those of a table hold together at 95% (Bonferroni). \
         They rest on blocks of each run that are at least one cycle of response and think time long, or on how much the runs \
         of a side differ, whichever error is larger. *In all* and levels weight the endpoints' means as base's requests \
         are spread over them. Times are those of all requests, failed ones included, in the steady part of each \
         hold.{over_levels} p95 and requests per second are for information.",
        number::level(comparison.at_least),
        number::level(100.0 * SHARE_COUNTS),
    )
}

/// Why runs are not compared and what to do, a line each. Runs are called as on the command line.
pub fn refused(sides: Sides<'_>, refusals: &[Refusal]) -> Vec<String> {
    refusals
        .iter()
        .flat_map(|refusal| reasons(sides, refusal))
        .collect()
}

fn reasons(sides: Sides<'_>, refusal: &Refusal) -> Vec<String> {
    let name = |run: usize| format!("`{}`", name(sides, run));
    let outline = |run: usize| sides.all().nth(run).map(|run| &*run.recording.info.outline);
    let reason = match refusal {
        Refusal::SameRun { run, earlier } => format!(
            "{} and {} are the same run: each run is given once",
            name(*earlier),
            name(*run)
        ),
        Refusal::OtherScenario { run } => match (outline(0), outline(*run)) {
            (Some(first), Some(this)) => format!(
                "{} is of another scenario than {}: {}",
                name(*run),
                name(0),
                other_scenario(first, this)
            ),
            _ => return Vec::new(),
        },
        Refusal::OtherLoad { run } => match (outline(0), outline(*run)) {
            (Some(first), Some(this)) => format!(
                "{} has another load than {}: {}",
                name(*run),
                name(0),
                other_load(first, this)
            ),
            _ => return Vec::new(),
        },
        Refusal::Ended { run } => {
            let how = sides.all().nth(*run).map(|run| &run.recording.end.how);
            let how = match how {
                Some(Ending::Killed) => "it was killed, or its machine was",
                Some(Ending::Aborted { .. }) => "a threshold aborted it",
                _ => "it was interrupted",
            };
            format!("{} did not run to its end: {how}; run it again", name(*run))
        }
        Refusal::NoLevel(left) => {
            let whys = left.iter().map(|left| left_out(sides, left));
            return std::iter::once(
                "no level was measured well by every run, so nothing is left to compare".to_owned(),
            )
            .chain(whys)
            .collect();
        }
        Refusal::NoRequests => {
            "there are no requests that every run has, so nothing can be compared".to_owned()
        }
    };
    vec![reason]
}

fn name(sides: Sides<'_>, run: usize) -> &str {
    sides.all().nth(run).map_or("?", |run| run.name)
}

fn other_scenario(first: &Outline, this: &Outline) -> String {
    if first.name != this.name {
        return format!("`{}`, not `{}`", this.name, first.name);
    }
    let names = |outline: &Outline| {
        outline
            .rows
            .iter()
            .map(|row| row.name.clone())
            .collect::<Vec<_>>()
    };
    let (of_first, of_this) = (names(first), names(this));
    if of_first != of_this {
        return format!(
            "its requests are {}, not {}",
            words::list(&of_this),
            words::list(&of_first)
        );
    }
    "its endpoints have other weights or methods".to_owned()
}

fn other_load(first: &Outline, this: &Outline) -> String {
    if first.think != this.think {
        return format!("users think {}, not {}", this.think.words, first.think.words);
    }
    let loads = [this, first].map(|outline| {
        let stages: Vec<_> = outline.stages.iter().map(|stage| load(outline, stage)).collect();
        words::list(&stages)
    });
    if loads[0] != loads[1] {
        return format!("{}, not {}", loads[0], loads[1]);
    }
    "`stop_after` is another".to_owned()
}

/// A stage: `50 users for 60 s after a ramp of 5 s`.
fn load(outline: &Outline, stage: &StageOutline) -> String {
    let hold = number::span(stage.end.saturating_sub(stage.hold_start));
    let ramp = number::span(stage.hold_start.saturating_sub(stage.start));
    format!(
        "{} for {hold} after a ramp of {ramp}",
        words::level(outline, stage.level)
    )
}

/// A level that is not compared: which, for whose sake and why.
fn left_out(sides: Sides<'_>, left: &LeftOut) -> String {
    let level = sides.all().nth(left.run).map_or_else(String::new, |run| {
        words::stage(&run.recording.info.outline, left.stage)
    });
    let why = match &left.trust {
        Trust::Steady => "has no figures of it".to_owned(),
        Trust::NeverHeld => "never held it".to_owned(),
        Trust::NotSteady => {
            "was not steady (response times or throughput went on changing): hold it longer, or leave this run out"
                .to_owned()
        }
        Trust::TooShort { needed, .. } => format!(
            "held it too short: hold it for {} or longer",
            number::span(Duration::try_from_secs_f64(needed.ceil()).unwrap_or_default())
        ),
        Trust::LawMissed { .. } => {
            "has requests that do not account for its users (X (R + Z) is not N): look at its report".to_owned()
        }
        Trust::Generator => "had the load generator as its limit: look at its report, and run it again".to_owned(),
        Trust::ShortOfUsers { .. } => "had too few users for it: raise `max_users`".to_owned(),
    };
    format!(
        "{level}: left out because of {}, which {why}.",
        escaped(name(sides, left.run))
    )
}
