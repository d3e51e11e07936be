//! A run as the page gets it, under way or over: one shape for both.

use std::time::Duration;

use serde::Serialize;

use super::files::File;
use super::live::{Course, Live};
use crate::measure::recording::Timeline;
use crate::measure::snapshot::{RowSoFar, Snapshot, ThresholdNow};
use crate::measure::summary::{FailureSummary, Figures, Quantile, RunSummary};
use crate::plan::RowId;
use crate::plan::course::StageKind;
use crate::plan::outline::Outline;
use crate::plan::threshold::Threshold;
use crate::report::{number, turns, words};

/// A run, but for its charts, its findings and its scenario.
#[derive(Clone, Debug, Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "plain facts for the page")]
pub(super) struct Run {
    /// Which of the runs of this program; of those on disk none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) number: Option<u64>,
    /// Raised whenever anything but figures has changed.
    pub(super) version: u64,
    /// The scenario's name.
    name: String,
    description: Option<String>,
    url: String,
    demo: bool,
    open: bool,
    search: bool,
    seed: u64,
    think: String,
    /// Start of the load, seconds since 1970.
    started: u64,
    /// How long it took, or has taken so far.
    length: f64,
    /// Its folder, for a person.
    pub(super) folder: String,
    /// Whether it is over.
    over: bool,
    /// How it ended, in words.
    ending: Option<String>,
    /// What the shell was told at its end.
    closing: Option<String>,
    stages: Vec<Stage>,
    turns: Vec<String>,
    thresholds: Vec<Limit>,
    warnings: Vec<String>,
    said: Vec<String>,
    total: Row,
    rows: Vec<Row>,
    failures: Vec<Failure>,
    mix: Vec<Share>,
    pub(super) files: Vec<File>,
    /// Responses that failed, kept to be looked at.
    pub(super) examples: Vec<File>,
}

/// A stage, in seconds since the start of the load.
#[derive(Clone, Debug, Serialize)]
struct Stage {
    words: String,
    kind: StageKind,
    start: f64,
    hold: f64,
    end: f64,
}

/// A row of the statistics; times in seconds.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Row {
    method: String,
    name: String,
    requests: u64,
    failures: u64,
    p50: Option<f64>,
    p95: Option<f64>,
    p99: Option<f64>,
    mean: Option<f64>,
    min: Option<f64>,
    max: Option<f64>,
    bytes: f64,
    rate: f64,
    failure_rate: f64,
    /// Which of the times are lower bounds.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    at_least: Vec<&'static str>,
}

/// A threshold and what it comes to.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Limit {
    text: String,
    figure: String,
    /// Unknown while there is nothing to judge.
    holds: Option<bool>,
}

/// A failure type.
#[derive(Clone, Debug, Serialize)]
struct Failure {
    text: String,
    count: u64,
    first: f64,
    last: f64,
    /// Where it was seen: name and count.
    rows: Vec<(String, u64)>,
}

/// An endpoint in the mix.
#[derive(Clone, Debug, Serialize)]
struct Share {
    name: String,
    journey: bool,
    weight: f64,
    expected: f64,
    iterations: u64,
    actual: Option<f64>,
}

impl Run {
    /// Of what is planned; without figures.
    fn planned(outline: &Outline, started_unix_micros: u64) -> Self {
        Self {
            number: None,
            version: 0,
            name: outline.name.clone(),
            description: outline.description.clone(),
            url: outline.url.clone(),
            demo: outline.demo,
            open: outline.open,
            search: outline.search.is_some(),
            seed: outline.seed,
            think: outline.think.words.clone(),
            started: started_unix_micros / 1_000_000,
            length: 0.0,
            folder: String::new(),
            over: false,
            ending: None,
            closing: None,
            stages: stages(outline),
            turns: turns::list(outline),
            thresholds: Vec::new(),
            warnings: Vec::new(),
            said: Vec::new(),
            total: Row::default(),
            rows: Vec::new(),
            failures: Vec::new(),
            mix: Vec::new(),
            files: Vec::new(),
            examples: Vec::new(),
        }
    }

    /// Of a run that is over.
    pub(super) fn of(summary: &RunSummary) -> Self {
        let outline = &summary.run.outline;
        let iterations: Vec<u64> = summary.endpoints.iter().map(|one| one.iterations).collect();
        let rows = summary.rows.iter();
        Self {
            length: summary.end.at.as_secs_f64(),
            over: true,
            ending: Some(words::ending(summary).replace('`', "")),
            thresholds: summary
                .thresholds
                .iter()
                .map(|verdict| Limit {
                    text: verdict.threshold.text.clone(),
                    figure: words::verdict(outline, verdict),
                    holds: Some(verdict.holds),
                })
                .collect(),
            warnings: summary.health.warnings.iter().map(ToString::to_string).collect(),
            total: Row::of(outline.open, "", "", &summary.total),
            rows: rows
                .map(|row| Row::of(outline.open, &row.method, &row.name, &row.figures))
                .collect(),
            failures: failures(outline, &summary.failures),
            mix: mix(outline, &iterations),
            ..Self::planned(outline, summary.run.started_unix_micros)
        }
    }

    /// Of the run under way, or of one that could not be carried out to its end.
    pub(super) fn under_way(live: &Live) -> Self {
        let outline = live.outline();
        let snapshot = live.snapshot.as_deref();
        let since = snapshot.map_or(Duration::ZERO, |snapshot| snapshot.so_far.since);
        let timeline: &Timeline = &live.run.timeline;
        let why = match &live.course {
            Course::Failed(why) => Some(format!("It could not be carried out: {why}")),
            _ => None,
        };
        Self {
            number: Some(live.number),
            version: live.version,
            length: snapshot.map_or(0.0, |snapshot| snapshot.at.as_secs_f64()),
            over: live.is_over(),
            ending: why,
            thresholds: snapshot.map_or_else(Vec::new, |snapshot| limits(outline, snapshot)),
            warnings: snapshot.map_or_else(Vec::new, warnings),
            said: live.said.iter().cloned().collect(),
            total: snapshot.map_or_else(Row::default, Row::total),
            rows: snapshot.map_or_else(Vec::new, |snapshot| rows(outline, snapshot)),
            failures: failures(outline, &timeline.failures(since)),
            mix: mix(outline, &timeline.iterations(outline.endpoints.len())),
            ..Self::planned(outline, live.run.info.started_unix_micros)
        }
    }

    /// What this program knows of a run that it carried out, beside its files.
    pub(super) fn carried_out(mut self, live: &Live) -> Self {
        if let Course::Over(over) = &live.course {
            self.closing = Some(over.words.clone());
        }
        Self {
            number: Some(live.number),
            version: live.version,
            said: live.said.iter().cloned().collect(),
            ..self
        }
    }
}

fn stages(outline: &Outline) -> Vec<Stage> {
    let all = outline.stages.iter();
    all.map(|stage| Stage {
        words: words::level(outline, stage.level),
        kind: stage.kind,
        start: stage.start.as_secs_f64(),
        hold: stage.hold_start.as_secs_f64(),
        end: stage.end.as_secs_f64(),
    })
    .collect()
}

fn seconds(time: Option<Duration>) -> Option<f64> {
    time.map(|time| time.as_secs_f64())
}

impl Row {
    /// Of all requests of a run.
    fn of(open: bool, method: &str, name: &str, figures: &Figures) -> Self {
        let (mean, percentiles) = figures.times(open);
        let of_latency = figures.latency.as_ref().map(|times| times.min);
        let mut at_least = Vec::new();
        let mut percentile = |name, quantile: Option<Quantile>| {
            let quantile = quantile?;
            if quantile.at_least {
                at_least.push(name);
            }
            Some(quantile.value.as_secs_f64())
        };
        Self {
            p50: percentile("p50", percentiles.map(|all| all.p50)),
            p95: percentile("p95", percentiles.map(|all| all.p95)),
            p99: percentile("p99", percentiles.map(|all| all.p99)),
            max: percentile("max", percentiles.map(|all| all.max)),
            method: method.to_owned(),
            name: name.to_owned(),
            requests: figures.requests,
            failures: figures.failures,
            mean: seconds(mean),
            min: seconds(if open { of_latency } else { figures.min }),
            bytes: figures.body_bytes as f64 / figures.requests.max(1) as f64,
            rate: figures.rate,
            failure_rate: figures.failure_rate(),
            at_least,
        }
    }

    /// Of all rows since the start, or since the figures began anew.
    pub(super) fn total(snapshot: &Snapshot) -> Self {
        let (so_far, rows) = (&snapshot.so_far, &snapshot.rows);
        let bytes: f64 = rows.iter().map(|row| row.body_bytes * row.requests as f64).sum();
        Self {
            requests: so_far.requests,
            failures: so_far.failures,
            p50: seconds(so_far.p50),
            p95: seconds(so_far.p95),
            p99: seconds(so_far.p99),
            mean: seconds(so_far.mean),
            min: seconds(rows.iter().filter_map(|row| row.min).min()),
            max: seconds(rows.iter().filter_map(|row| row.max).max()),
            bytes: bytes / so_far.requests.max(1) as f64,
            rate: snapshot.recent.rate,
            failure_rate: snapshot.recent.rate * snapshot.recent.failure_share,
            ..Self::default()
        }
    }

    fn so_far(outline: &Outline, so_far: &RowSoFar) -> Self {
        let row = outline.rows.get(usize::from(so_far.row.0));
        Self {
            method: row.map_or_else(String::new, |row| row.method.clone()),
            name: words::row(outline, so_far.row).to_owned(),
            requests: so_far.requests,
            failures: so_far.failures,
            p50: seconds(so_far.p50),
            p95: seconds(so_far.p95),
            p99: seconds(so_far.p99),
            mean: seconds(so_far.mean),
            min: seconds(so_far.min),
            max: seconds(so_far.max),
            bytes: so_far.body_bytes,
            rate: so_far.rate,
            failure_rate: so_far.failure_rate,
            at_least: Vec::new(),
        }
    }
}

/// The rows of the statistics.
pub(super) fn rows(outline: &Outline, snapshot: &Snapshot) -> Vec<Row> {
    let rows = snapshot.rows.iter();
    rows.map(|row| Row::so_far(outline, row)).collect()
}

/// What is wrong with the generator.
pub(super) fn warnings(snapshot: &Snapshot) -> Vec<String> {
    snapshot.warnings.iter().map(ToString::to_string).collect()
}

/// The thresholds by the last few seconds.
pub(super) fn limits(outline: &Outline, snapshot: &Snapshot) -> Vec<Limit> {
    let pairs = outline.thresholds.iter().zip(&snapshot.thresholds);
    pairs.map(|(threshold, now)| limit(threshold, now)).collect()
}

fn limit(threshold: &Threshold, now: &ThresholdNow) -> Limit {
    Limit {
        text: now.text.clone(),
        figure: now.figure.map_or_else(
            || number::NONE.to_owned(),
            |figure| words::metric(threshold.metric, figure),
        ),
        holds: now.figure.map(|_| !now.broken),
    }
}

fn failures(outline: &Outline, all: &[FailureSummary]) -> Vec<Failure> {
    let named = |(row, seen): &(RowId, crate::measure::summary::FailureCount)| {
        (words::row(outline, *row).to_owned(), seen.count)
    };
    all.iter()
        .map(|summary| Failure {
            text: summary.failure.text.to_string(),
            count: summary.failure.count,
            first: summary.failure.first.as_secs_f64(),
            last: summary.failure.last.as_secs_f64(),
            rows: summary.rows.iter().map(named).collect(),
        })
        .collect()
}

fn mix(outline: &Outline, iterations: &[u64]) -> Vec<Share> {
    let weights: f64 = outline.endpoints.iter().map(|endpoint| endpoint.weight).sum();
    let all: u64 = iterations.iter().sum();
    let pairs = outline.endpoints.iter().zip(iterations);
    pairs
        .map(|(endpoint, iterations)| Share {
            name: endpoint.name.clone(),
            journey: endpoint.journey,
            weight: endpoint.weight,
            expected: if weights > 0.0 {
                endpoint.weight / weights
            } else {
                0.0
            },
            iterations: *iterations,
            actual: (all > 0).then(|| *iterations as f64 / all as f64),
        })
        .collect()
}
