//! The stages of a run as levels, each with its intervals, and how far it can be relied on.

use super::blocks::{Block, Estimates, FEWEST, blocks};
use super::bursts::bursts;
use super::estimate::{Estimate, Ratio};
use super::level::{Level, Trust};
use super::trend::trend;
use crate::measure::health::{Spoiled, Warning};
use crate::measure::histogram::Tally;
use crate::measure::recording::Recording;
use crate::measure::summary::{RunSummary, StageSummary, WindowChoice};
use crate::plan::outline::Outline;

/// A window this long can be judged for a warm-up; seconds.
pub(super) const JUDGED: f64 = crate::plan::hold::SHORTEST.as_secs_f64();

/// Users that did fewer cycles have hardly begun.
const FEWEST_CYCLES: f64 = 3.0;

/// So seldom does chance alone make what is called a drift, and so large a share of the mean it is at least.
const DRIFT_CHANCE: f64 = 0.001;
const DRIFT: f64 = 0.1;

/// Lateness of less than this share of the mean response time spoils no figure of a level.
const LATE: f64 = 0.05;

/// Counting and rounding may miss the law by so much.
const SLACK: f64 = 0.005;

/// One level for each stage, in order, with intervals where the window holds enough cycles.
pub fn with_intervals(recording: &Recording, summary: &RunSummary) -> Vec<Level> {
    let levels = summary.stages.iter().zip(bare(summary));
    levels
        .map(|(stage, level)| estimated(recording, stage, level))
        .collect()
}

/// One level for each stage, in order, figures only.
pub fn bare(summary: &RunSummary) -> Vec<Level> {
    let outline = &summary.run.outline;
    let stages = summary.stages.iter();
    stages.map(|stage| level(outline, stage)).collect()
}

fn level(outline: &Outline, stage: &StageSummary) -> Level {
    let open = outline.open;
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
        drift: None,
        bursts: None,
        broken: broken(outline, stage),
        trust: Trust::Steady,
    };
    level.trust = trust(stage, &level, open);
    if let Some(percentiles) = figures.times(open).1 {
        level.p50 = Some(Estimate::bare(percentiles.p50.value.as_secs_f64()));
        level.p95 = Some(Estimate::bare(percentiles.p95.value.as_secs_f64()));
        level.p99 = Some(Estimate::bare(percentiles.p99.value.as_secs_f64()));
    }
    level
}

fn estimated(recording: &Recording, stage: &StageSummary, level: Level) -> Level {
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
    // In the open model the level's own are from due, and the blocks' from sent.
    let from_sent = !recording.info.outline.open;
    let percentile = |percent: f64| {
        from_sent
            .then(|| estimates.percentile(percent, &all, &unfinished))
            .flatten()
    };
    let with = |ratio: Option<Ratio>| ratio.map(|ratio| ratio.estimate());
    Level {
        drift: drift(&blocks),
        bursts: bursts(recording, &stage.window),
        rate: with(estimates.rate()).unwrap_or(level.rate),
        mean: with(estimates.mean()).or(level.mean),
        failure_share: estimates.failure_share().unwrap_or(level.failure_share),
        p50: percentile(50.0).or(level.p50),
        p95: percentile(95.0).or(level.p95),
        p99: percentile(99.0).or(level.p99),
        ..level
    }
}

/// The trend of the blocks' mean response times: where chance alone makes so steep a one less than once in a thousand holds,
/// and it comes to a tenth of the mean.
fn drift(blocks: &[Block]) -> Option<(f64, f64)> {
    let means = blocks
        .iter()
        .map(|block| Some(block.requests.response.mean()?.as_secs_f64()));
    let trend = trend(&means.collect::<Option<Vec<_>>>()?)?;
    let mean = f64::midpoint(trend.first, trend.last);
    let drifts = trend.p < DRIFT_CHANCE && (trend.last - trend.first).abs() > DRIFT * mean;
    drifts.then_some((trend.first.max(0.0), trend.last.max(0.0)))
}

fn broken(outline: &Outline, stage: &StageSummary) -> Vec<String> {
    let thresholds = &outline.thresholds;
    let broken = stage.broken_limits.iter();
    broken
        .filter_map(|place| thresholds.get(*place))
        .map(|threshold| threshold.text.clone())
        .collect()
}

fn trust(stage: &StageSummary, level: &Level, open: bool) -> Trust {
    if stage.window.choice == WindowChoice::NeverHeld {
        return Trust::NeverHeld;
    }
    if stage
        .warnings
        .iter()
        .any(|warning| is_of_generator(warning, level))
    {
        return Trust::Generator;
    }
    if stage.window.choice == WindowChoice::NotSteady {
        return Trust::NotSteady;
    }
    let length = stage.length.as_secs_f64();
    let cycle = level.cycle().unwrap_or(length);
    if stage.window.choice == WindowChoice::Unjudged || hardly_begun(length, cycle) {
        return too_short(length, cycle, JUDGED);
    }
    by_law(level, open, cycle / length + SLACK)
}

/// Whether users did so few cycles that they have hardly begun.
pub(super) fn hardly_begun(length: f64, cycle: f64) -> bool {
    cycle > 0.0 && length / cycle < FEWEST_CYCLES
}

/// Measured for too short a time; ten cycles, and at least `shortest` seconds, would be long enough.
pub(super) fn too_short(length: f64, cycle: f64, shortest: f64) -> Trust {
    Trust::TooShort {
        cycles: if cycle > 0.0 { length / cycle } else { 0.0 },
        needed: shortest.max(f64::from(FEWEST) * cycle),
    }
}

/// Steady, unless a level of the closed model misses the law by more than this share of its users.
pub(super) fn by_law(level: &Level, open: bool, tolerance: f64) -> Trust {
    match law(level) {
        Some(accounted) if !open && (accounted / level.users - 1.0).abs() > tolerance => {
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
/// because the API was slow; nor do requests that the scenario could not fill in, nor lateness that
/// is little beside the response times.
fn is_of_generator(warning: &Warning, level: &Level) -> bool {
    let spoils = |figure| warning.spoils().contains(&figure);
    let harmless = match warning {
        Warning::DroppedArrivals { .. } | Warning::NeverSent { .. } => true,
        Warning::LateWakeUps { p99, .. } => level
            .mean
            .is_some_and(|mean| p99.as_secs_f64() < LATE * mean.value),
        _ => false,
    };
    !harmless && (spoils(Spoiled::Rate) || spoils(Spoiled::ResponseTimes) || spoils(Spoiled::Load))
}
