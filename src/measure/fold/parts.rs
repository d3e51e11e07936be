//! Parts of the summaries that are not figures of requests.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::group::times;
use crate::measure::health::{
    COULD_NOT_SEND, Counts, Generator, Health, Limits, OTHER_FAILURES, usable_cores,
};
use crate::measure::histogram::Tally;
use crate::measure::interval::{Cell, Failure, Interval, IterationCell};
use crate::measure::run::{Host, Storage};
use crate::measure::summary::{FailureCount, FailureSummary};
use crate::plan::{EndpointId, RowId, StageId};

/// Failure types.
#[derive(Clone, Debug, Default)]
pub(crate) struct Failures(BTreeMap<Arc<str>, Seen>);

#[derive(Clone, Debug, Default)]
struct Seen {
    rows: BTreeMap<RowId, FailureCount>,
    stages: BTreeMap<StageId, u64>,
}

impl Failures {
    pub(crate) fn add(&mut self, cell: &Cell) {
        for failure in &cell.failures {
            let seen = self.0.entry(failure.text.clone()).or_default();
            let stage = seen.stages.entry(cell.stage).or_default();
            *stage = stage.saturating_add(failure.count);
            seen.rows
                .entry(cell.row)
                .and_modify(|count| count.add(failure))
                .or_insert_with(|| FailureCount::of(failure));
        }
    }

    /// Failures of the types whose words pass the test.
    fn count(&self, test: impl Fn(&str) -> bool) -> u64 {
        let chosen = self.0.iter().filter(|(text, _)| test(text));
        chosen
            .flat_map(|(_, seen)| seen.stages.values())
            .fold(0, |sum, count| sum.saturating_add(*count))
    }

    /// By type, the most frequent first.
    pub(crate) fn counts(&self) -> Vec<FailureCount> {
        self.summaries()
            .into_iter()
            .map(|summary| summary.failure)
            .collect()
    }

    /// By type, the most frequent first, with where they were seen.
    pub(crate) fn summaries(&self) -> Vec<FailureSummary> {
        let mut all: Vec<FailureSummary> = self.0.iter().filter_map(|(_, seen)| seen.summary()).collect();
        all.sort_by(|a, b| {
            b.failure
                .count
                .cmp(&a.failure.count)
                .then_with(|| a.failure.text.cmp(&b.failure.text))
        });
        all
    }
}

impl Seen {
    fn summary(&self) -> Option<FailureSummary> {
        let mut rows = self.rows.values();
        let mut failure = rows.next()?.clone();
        for row in rows {
            failure.count = failure.count.saturating_add(row.count);
            failure.first = failure.first.min(row.first);
            failure.last = failure.last.max(row.last);
        }
        Some(FailureSummary {
            failure,
            rows: self
                .rows
                .iter()
                .map(|(row, count)| (*row, count.clone()))
                .collect(),
            stages: self
                .stages
                .iter()
                .map(|(stage, count)| (*stage, *count))
                .collect(),
        })
    }
}

impl FailureCount {
    fn of(failure: &Failure) -> Self {
        Self {
            text: failure.text.clone(),
            count: failure.count,
            first: failure.first,
            last: failure.last,
        }
    }

    fn add(&mut self, failure: &Failure) {
        self.count = self.count.saturating_add(failure.count);
        self.first = self.first.min(failure.first);
        self.last = self.last.max(failure.last);
    }
}

/// Iterations of one endpoint.
#[derive(Clone, Debug, Default)]
pub(crate) struct Iterations {
    pub(crate) duration: Tally,
    pub(crate) failed: u64,
    pub(crate) pace_overruns: u64,
}

impl Iterations {
    /// By endpoint, as many as there are in the outline.
    pub(crate) fn by_endpoint<'a>(
        endpoints: usize,
        intervals: impl Iterator<Item = &'a Interval>,
    ) -> Vec<Self> {
        let mut all = vec![Self::default(); endpoints];
        let mut at = |endpoint: EndpointId, with: &mut dyn FnMut(&mut Self)| {
            if let Some(iterations) = all.get_mut(usize::from(endpoint.0)) {
                with(iterations);
            }
        };
        for interval in intervals {
            for cell in &interval.iterations {
                at(cell.endpoint, &mut |iterations| iterations.add(cell));
            }
            for overruns in &interval.pace_overruns {
                at(overruns.0, &mut |iterations| {
                    iterations.pace_overruns = iterations.pace_overruns.saturating_add(overruns.1);
                });
            }
        }
        all
    }

    fn add(&mut self, cell: &IterationCell) {
        self.duration.add(&cell.duration);
        self.failed = self.failed.saturating_add(cell.failed);
    }
}

/// The generator's health over intervals, judged.
pub(crate) fn health<'a>(
    intervals: impl Iterator<Item = &'a Interval>,
    host: &Host,
    failures: &Failures,
    storage: &Storage,
) -> Health {
    let mut late = Tally::default();
    let mut all = Generator::default();
    let mut health = Health::default();
    let mut dropped = 0_u64;
    for interval in intervals {
        late.add(&interval.lateness);
        all.merge(&interval.generator);
        dropped = interval
            .dropped
            .iter()
            .fold(dropped, |sum, stage| sum.saturating_add(stage.1));
        if let Some(cores) = interval.generator.cores() {
            let seconds = u64::from(interval.until - interval.from);
            health.sampled_seconds += seconds;
            if cores > Limits::CPU_SHARE * f64::from(usable_cores(host)) {
                health.busy_seconds += seconds;
            }
            health.cores_max = Some(health.cores_max.map_or(cores, |max| max.max(cores)));
        }
    }
    health.lateness = times(&late);
    health.cores_mean = all.cores();
    health.open_files = all.open_files;
    health.local_ports = all.local_ports;
    let counts = Counts {
        could_not_send: failures.count(|text| text.starts_with(COULD_NOT_SEND)),
        other_failures: failures.count(|text| text == OTHER_FAILURES),
        dropped_arrivals: dropped,
    };
    health.judged(host, counts, storage)
}
