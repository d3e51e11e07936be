//! The stages of a run as levels, each with its intervals, and how far it can be relied on.

use super::blocks::{Estimates, FEWEST, blocks};
use super::estimate::{Estimate, Ratio};
use super::level::{Level, Trust};
use crate::measure::health::{Spoiled, Warning};
use crate::measure::histogram::Tally;
use crate::measure::recording::Recording;
use crate::measure::summary::{RunSummary, StageSummary, WindowChoice};

/// A window this long can be judged for a warm-up; seconds.
const JUDGED: f64 = 50.0;

/// Users that did fewer cycles have hardly begun.
const FEWEST_CYCLES: f64 = 3.0;

/// Counting and rounding may miss the law by so much.
const SLACK: f64 = 0.005;

/// One level for each stage, in order.
pub fn levels(recording: &Recording, summary: &RunSummary) -> Vec<Level> {
    let open = recording.info.outline.open;
    let stages = summary.stages.iter();
    stages.map(|stage| level(recording, stage, open)).collect()
}

fn level(recording: &Recording, stage: &StageSummary, open: bool) -> Level {
    let figures = &stage.figures;
    let mean = figures.mean.map(|mean| mean.as_secs_f64());
    let think = stage.think.map(|think| think.as_secs_f64());
    let mut level = Level {
        load: stage.level,
        requests: figures.requests,
        failures: figures.failures,
        rate: Estimate::bare(figures.rate),
        failure_share: Estimate::bare(figures.failure_share()),
        mean: mean.map(Estimate::bare),
        p50: None,
        p95: None,
        p99: None,
        users: stage.users,
        // In an open model nobody thinks between arrivals.
        think: if open { Some(0.0) } else { think },
        in_flight: Some(stage.in_flight),
        length: Some(stage.length.as_secs_f64()),
        trust: Trust::Steady,
    };
    level.trust = trust(stage, &level, open);
    if let Some(percentiles) = &figures.percentiles {
        level.p50 = Some(Estimate::bare(percentiles.p50.value.as_secs_f64()));
        level.p95 = Some(Estimate::bare(percentiles.p95.value.as_secs_f64()));
        level.p99 = Some(Estimate::bare(percentiles.p99.value.as_secs_f64()));
    }
    with_intervals(recording, stage, level)
}

/// The same with intervals, where the window holds enough cycles.
fn with_intervals(recording: &Recording, stage: &StageSummary, level: Level) -> Level {
    let Some(blocks) = level
        .cycle()
        .and_then(|cycle| blocks(recording, &stage.window, cycle, |_| true))
    else {
        return level;
    };
    let mut all = Tally::default();
    for block in &blocks {
        all.merge(&block.requests.response);
    }
    let unfinished = recording.unfinished_of(stage.stage, |_| true);
    let estimates = Estimates(&blocks);
    let percentile = |percent: f64| estimates.percentile(percent, &all, &unfinished);
    let with = |ratio: Option<Ratio>| ratio.map(|ratio| ratio.estimate());
    Level {
        rate: with(estimates.rate()).unwrap_or(level.rate),
        mean: with(estimates.mean()).or(level.mean),
        failure_share: estimates.failure_share().unwrap_or(level.failure_share),
        p50: percentile(50.0).or(level.p50),
        p95: percentile(95.0).or(level.p95),
        p99: percentile(99.0).or(level.p99),
        ..level
    }
}

fn trust(stage: &StageSummary, level: &Level, open: bool) -> Trust {
    if stage.window.choice == WindowChoice::NeverHeld {
        return Trust::NeverHeld;
    }
    if stage.warnings.iter().any(is_of_generator) {
        return Trust::Generator;
    }
    if stage.window.choice == WindowChoice::NotSteady {
        return Trust::NotSteady;
    }
    let length = stage.length.as_secs_f64();
    let cycle = level.cycle().unwrap_or(length);
    let cycles = if cycle > 0.0 {
        length / cycle
    } else {
        f64::INFINITY
    };
    if stage.window.choice == WindowChoice::Unjudged || cycles < FEWEST_CYCLES {
        let needed = JUDGED.max(f64::from(FEWEST) * cycle);
        return Trust::TooShort { cycles, needed };
    }
    match law(level) {
        Some(accounted) if !open && (accounted / level.users - 1.0).abs() > cycle / length + SLACK => {
            Trust::LawMissed { accounted }
        }
        _ => Trust::Steady,
    }
}

/// X (R + Z): the users that the requests account for (the interactive response time law, Denning and Buzen 1978).
pub fn law(level: &Level) -> Option<f64> {
    Some(level.rate.value * (level.mean?.value + level.think?))
}

/// Whether a warning says that the generator, not the API, made the figures. Dropped arrivals do not: all users were busy
/// because the API was slow.
fn is_of_generator(warning: &Warning) -> bool {
    let spoils = |figure| warning.spoils().contains(&figure);
    !matches!(warning, Warning::DroppedArrivals { .. })
        && (spoils(Spoiled::Rate) || spoils(Spoiled::ResponseTimes) || spoils(Spoiled::Load))
}
