//! Parts of the summaries that are not figures of requests.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::group::times;
use crate::measure::health::{
    COULD_NOT_SEND, Counts, Generator, Health, Limits, OTHER_FAILURES, usable_cores,
};
use crate::measure::histogram::Tally;
use crate::measure::interval::{Cell, Failure, Interval, IterationCell};
use crate::measure::recording::Timeline;
use crate::measure::run::{Host, Storage};
use crate::measure::summary::{FailureCount, FailureSummary};
use crate::measure::units::micros;
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
        let mut all: Vec<FailureSummary> = self.0.values().filter_map(Seen::summary).collect();
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

impl Timeline {
    /// Failure types from a moment on, the most frequent first, with where they were seen.
    pub fn failures(&self, since: Duration) -> Vec<FailureSummary> {
        let mut failures = Failures::default();
        let counted = |interval: &&Arc<Interval>| Duration::from_secs(u64::from(interval.from)) >= since;
        for interval in self.intervals().iter().filter(counted) {
            interval.cells.iter().for_each(|cell| failures.add(cell));
        }
        failures.summaries()
    }

    /// Iterations finished so far, by endpoint, as many as there are in the outline.
    pub fn iterations(&self, endpoints: usize) -> Vec<u64> {
        let mut all = vec![0_u64; endpoints];
        for cell in self.intervals().iter().flat_map(|interval| &interval.iterations) {
            if let Some(count) = all.get_mut(usize::from(cell.endpoint.0)) {
                *count = count.saturating_add(cell.duration.count());
            }
        }
        all
    }
}

/// Iterations of one endpoint.
#[derive(Clone, Debug, Default)]
pub(crate) struct Iterations {
    pub(crate) duration: Tally,
    pub(crate) failed: u64,
    pub(crate) sent_nothing: u64,
    pub(crate) drawn: u64,
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
            for draws in &interval.draws {
                at(draws.0, &mut |iterations| {
                    iterations.drawn = iterations.drawn.saturating_add(draws.1);
                });
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
        self.sent_nothing = self.sent_nothing.saturating_add(cell.sent_nothing);
    }
}

/// The generator's health, interval by interval.
#[derive(Clone, Debug, Default)]
pub(crate) struct HealthFold {
    late: Tally,
    all: Generator,
    cores_max: Option<f64>,
    sampled_seconds: u64,
    busy_seconds: u64,
    dropped_arrivals: u64,
    never_sent: u64,
}

/// Cores used in an interval; `None` where nothing was sampled, or it is too short to tell, as what is left of a second when a run
/// ends: the two clocks are read one after the other.
fn cores(interval: &Interval) -> Option<f64> {
    const SHORTEST: Duration = Duration::from_millis(100);
    let seen = interval.generator;
    if seen.wall == 0 || interval.length() < SHORTEST {
        return None;
    }
    // Each worker tells of its own share of the time, and not all of them may have.
    let wall = seen.wall.max(micros(interval.length()));
    Generator { wall, ..seen }.cores()
}

impl HealthFold {
    pub(crate) fn add(&mut self, interval: &Interval, host: &Host) {
        self.late.add(&interval.lateness);
        self.all.merge(&interval.generator);
        let dropped = interval.dropped.iter().map(|stage| stage.1);
        self.dropped_arrivals = dropped.fold(self.dropped_arrivals, u64::saturating_add);
        let never_sent = interval.cells.iter().map(|cell| cell.never_sent);
        self.never_sent = never_sent.fold(self.never_sent, u64::saturating_add);
        if let Some(cores) = cores(interval) {
            let seconds = u64::from(interval.until - interval.from);
            self.sampled_seconds += seconds;
            if cores > Limits::CPU_SHARE * f64::from(usable_cores(host)) {
                self.busy_seconds += seconds;
            }
            self.cores_max = Some(self.cores_max.map_or(cores, |max| max.max(cores)));
        }
    }

    pub(crate) fn judged(&self, host: &Host, failures: &Failures, storage: &Storage) -> Health {
        let counts = Counts {
            could_not_send: failures.count(|text| text.starts_with(COULD_NOT_SEND)),
            other_failures: failures.count(|text| text == OTHER_FAILURES),
            dropped_arrivals: self.dropped_arrivals,
            never_sent: self.never_sent,
        };
        let health = Health {
            lateness: times(&self.late),
            cores_mean: self.all.cores(),
            cores_max: self.cores_max,
            busy_seconds: self.busy_seconds,
            sampled_seconds: self.sampled_seconds,
            open_files: self.all.open_files,
            local_ports: self.all.local_ports,
            warnings: Vec::new(),
        };
        health.judged(host, counts, storage)
    }
}
