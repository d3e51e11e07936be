//! Which endpoints the failures fall on, beyond chance, and whether they are the slow ones.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::distribution::beta;
use crate::measure::summary::{FailureSummary, RunSummary, StageSummary};

/// So seldom does chance alone put so many failures on any one of the rows.
const CHANCE: f64 = 0.01;
/// And it must have this many times as many as its share of the requests explains.
const EXCESS: f64 = 1.2;

/// A row with more failures than its share of the requests explains.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Culprit {
    /// Its name in the reports.
    pub name: String,
    /// Its failures, in the measured seconds of all stages.
    pub failures: u64,
    /// As a share of all failures.
    pub share_of_failures: f64,
    /// What its share would be if a failure hit every request alike.
    pub expected_share: f64,
    /// Its mean response time over the run, seconds.
    pub mean: f64,
    /// That of the other rows.
    pub mean_of_others: f64,
    /// No other row's mean is longer.
    pub slowest: bool,
}

/// A failure type and the lowest load at which it occurred.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FirstSeen {
    /// Its words.
    pub text: String,
    /// How often in the run.
    pub count: u64,
    /// The lowest level that sent a request which failed so.
    pub load: f64,
    /// How often at that level.
    pub count_there: u64,
}

/// The culprits of a run, those with most failures first.
pub fn culprits(summary: &RunSummary) -> Vec<Culprit> {
    let rows = summary.rows.len();
    let all: u64 = summary.stages.iter().map(|stage| stage.figures.failures).sum();
    if all == 0 || rows < 2 {
        return Vec::new();
    }
    let mut found: Vec<Culprit> = (0..rows).filter_map(|row| culprit(summary, row, all)).collect();
    found.sort_by(|a, b| b.failures.cmp(&a.failures).then_with(|| a.name.cmp(&b.name)));
    found
}

fn culprit(summary: &RunSummary, row: usize, all: u64) -> Option<Culprit> {
    let mut failures = 0;
    let mut expected = 0.0;
    // Each stage with its own mix: otherwise a slow row, which is rarer where much fails, would look worse than it is.
    for stage in summary.stages.iter().filter(|stage| stage.figures.requests > 0) {
        let of_row = &stage.rows[row];
        failures += of_row.failures;
        expected += stage.figures.failures as f64 * share_of_requests(stage, row);
    }
    let all = all as f64;
    let beyond_chance = failures > 0 && {
        // P(at least so many of all) for a binomial variable.
        let tail = beta(expected / all, failures as f64, all - failures as f64 + 1.0);
        tail < CHANCE / summary.rows.len() as f64 && failures as f64 > EXCESS * expected
    };
    if !beyond_chance {
        return None;
    }
    let mean =
        |row: &crate::measure::summary::RowSummary| row.figures.mean.map_or(0.0, |mean| mean.as_secs_f64());
    let this = &summary.rows[row];
    let others = || {
        summary
            .rows
            .iter()
            .enumerate()
            .filter(|(other, _)| *other != row)
            .map(|(_, row)| row)
    };
    let (time, count) = others().fold((0.0, 0.0), |(time, count), row| {
        let requests = row.figures.requests as f64;
        (time + mean(row) * requests, count + requests)
    });
    Some(Culprit {
        name: this.name.clone(),
        failures,
        share_of_failures: failures as f64 / all,
        expected_share: expected / all,
        mean: mean(this),
        mean_of_others: if count > 0.0 { time / count } else { 0.0 },
        slowest: others().all(|row| {
            row.figures.mean.unwrap_or(Duration::ZERO) <= this.figures.mean.unwrap_or(Duration::ZERO)
        }),
    })
}

fn share_of_requests(stage: &StageSummary, row: usize) -> f64 {
    stage.rows[row].requests as f64 / stage.figures.requests as f64
}

/// Where each failure type first appeared, by load; the most frequent first.
pub fn first_seen(summary: &RunSummary) -> Vec<FirstSeen> {
    let levels = &summary.run.outline.stages;
    let of_type = |failure: &FailureSummary| {
        let at = failure
            .stages
            .iter()
            .filter_map(|(stage, count)| Some((levels.get(usize::from(stage.0))?.level, *count)))
            .min_by(|a, b| a.0.total_cmp(&b.0))?;
        Some(FirstSeen {
            text: failure.failure.text.to_string(),
            count: failure.failure.count,
            load: at.0,
            count_there: at.1,
        })
    };
    summary.failures.iter().filter_map(of_type).collect()
}
