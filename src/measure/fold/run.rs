//! The figures of the whole run: of all requests, ramps and graceful stop included.

use std::collections::BTreeMap;
use std::time::Duration;

use super::group::{Group, add_iterations, first_rows, times};
use super::series::second;
use super::{Failures, HealthFold, Iterations, Unfinished};
use crate::measure::histogram::Tally;
use crate::measure::interval::{Cell, Starts};
use crate::measure::recording::Recording;
use crate::measure::summary::{
    Connections, DataEnded, EndpointSummary, Phase, Phases, PoolSummary, RowSummary, RunSummary,
    StageSummary, StatusCount, Unfinished as UnfinishedSummary, Verdict,
};
use crate::plan::{EndpointId, RowId};

/// All requests of a run, added up.
pub(super) struct Whole {
    /// The time before the graceful stop.
    pub(super) length: Duration,
    pub(super) rows: Vec<Group>,
    details: Vec<Details>,
    failures: Failures,
    after_last_stage: u64,
}

/// What is shown of a row, beside the figures.
#[derive(Clone, Debug, Default)]
struct Details {
    dns: Tally,
    connect: Tally,
    tls: Tally,
    first_byte: Tally,
    download: Tally,
    connections: Connections,
    statuses: BTreeMap<u16, u64>,
    redirects: u64,
}

impl Whole {
    pub(super) fn of(recording: &Recording, unfinished: &Unfinished) -> Self {
        let outline = &recording.info.outline;
        let mut whole = Self {
            length: Duration::ZERO,
            rows: vec![Group::default(); outline.rows.len()],
            details: vec![Details::default(); outline.rows.len()],
            failures: Failures::default(),
            after_last_stage: 0,
        };
        let first = first_rows(outline);
        for interval in recording.timeline.intervals() {
            add_iterations(&mut whole.rows, &first, interval);
            let phase = recording.phase_of(interval.from).1;
            let in_time = !matches!(phase, Phase::Stopping | Phase::Pause);
            if in_time {
                let begin = Duration::from_secs(u64::from(interval.from));
                whole.length += interval.end.min(recording.end.load_until).saturating_sub(begin);
            } else if phase == Phase::Stopping {
                whole.after_last_stage = whole.after_last_stage.saturating_add(interval.requests());
            }
            for cell in &interval.cells {
                let row = usize::from(cell.row.0);
                if let (Some(group), Some(details)) = (whole.rows.get_mut(row), whole.details.get_mut(row)) {
                    group.add(cell, in_time);
                    details.add(cell);
                }
                whole.failures.add(cell);
            }
        }
        for (row, _, ages) in unfinished.select(|_, _| true) {
            if let Some(group) = whole.rows.get_mut(usize::from(row.0)) {
                group.unfinished.merge(ages);
            }
        }
        whole
    }

    pub(super) fn summary(
        self,
        recording: &Recording,
        stages: Vec<StageSummary>,
        thresholds: Vec<Verdict>,
        unfinished: &Unfinished,
    ) -> RunSummary {
        let outline = &recording.info.outline;
        let intervals = || recording.timeline.intervals().iter().map(|interval| &**interval);
        let (mut total, mut connections) = (Group::default(), Connections::default());
        for (group, details) in self.rows.iter().zip(&self.details) {
            total.merge(group);
            connections.add(&details.connections);
        }
        let mut health = HealthFold::default();
        intervals().for_each(|interval| health.add(interval, &recording.info.host));
        let mut health = health.judged(&recording.info.host, &self.failures, &recording.storage);
        health.warnings.extend_from_slice(&recording.end.warnings);
        let dropped = intervals().flat_map(|interval| &interval.dropped);
        let mut tally = Tally::default();
        let mut starts = Starts::default();
        intervals().for_each(|interval| starts.add(&interval.starts));
        RunSummary {
            run: recording.info.clone(),
            end: recording.end.clone(),
            stages,
            total: total.figures(self.length),
            length: self.length,
            after_last_stage: self.after_last_stage,
            rows: self.row_summaries(recording),
            endpoints: endpoints(recording),
            failures: self.failures.summaries(),
            unfinished: unfinished_summaries(unfinished),
            thresholds,
            pools: pools(recording),
            data_ended: data_ended(recording),
            starts,
            dropped_arrivals: dropped.fold(0, |sum, stage| sum.saturating_add(stage.1)),
            connections,
            health,
            storage: recording.storage.clone(),
            series: intervals()
                .map(|interval| second(outline, recording.phase_of(interval.from), interval, &mut tally))
                .filter(|second| !second.is_empty())
                .collect(),
        }
    }

    fn row_summaries(&self, recording: &Recording) -> Vec<RowSummary> {
        let rows = recording
            .info
            .outline
            .rows
            .iter()
            .zip(self.rows.iter().zip(&self.details));
        rows.enumerate()
            .map(|(id, (row, (group, details)))| RowSummary {
                row: RowId(id as u16),
                name: row.name.clone(),
                method: row.method.clone(),
                figures: group.figures(self.length),
                phases: details.phases(),
                connections: details.connections,
                statuses: details
                    .statuses
                    .iter()
                    .map(|(&status, &count)| StatusCount { status, count })
                    .collect(),
                redirects: details.redirects,
            })
            .collect()
    }
}

impl Details {
    fn add(&mut self, cell: &Cell) {
        self.dns.add(&cell.dns);
        self.connect.add(&cell.connect);
        self.tls.add(&cell.tls);
        self.first_byte.add(&cell.first_byte);
        self.download.add(&cell.download);
        self.connections.add(&cell.connections);
        for status in &cell.statuses {
            let count = self.statuses.entry(status.0).or_default();
            *count = count.saturating_add(status.1);
        }
        self.redirects = self.redirects.saturating_add(cell.redirects);
    }

    fn phases(&self) -> Phases {
        Phases {
            dns: times(&self.dns),
            connect: times(&self.connect),
            tls: times(&self.tls),
            first_byte: times(&self.first_byte),
            download: times(&self.download),
        }
    }
}

fn endpoints(recording: &Recording) -> Vec<EndpointSummary> {
    let outline = &recording.info.outline;
    let intervals = recording.timeline.intervals().iter().map(|interval| &**interval);
    let iterations = Iterations::by_endpoint(outline.endpoints.len(), intervals);
    let named = outline.endpoints.iter().zip(iterations);
    named
        .enumerate()
        .map(|(id, (endpoint, iterations))| EndpointSummary {
            endpoint: EndpointId(id as u16),
            name: endpoint.name.clone(),
            drawn: iterations.drawn,
            iterations: iterations.duration.count(),
            failed: iterations.failed,
            sent_nothing: iterations.sent_nothing,
            duration: times(&iterations.duration),
            pace_overruns: iterations.pace_overruns,
        })
        .collect()
}

fn unfinished_summaries(unfinished: &Unfinished) -> Vec<UnfinishedSummary> {
    let all = unfinished.select(|_, _| true);
    all.filter_map(|(row, stage, ages)| {
        // Of arrivals that were never sent there are only ages from due.
        let (youngest, oldest) = (ages.sent.min()?, ages.sent.max()?);
        Some(UnfinishedSummary {
            row,
            stage,
            count: ages.sent.count(),
            youngest,
            oldest,
        })
    })
    .collect()
}

fn pools(recording: &Recording) -> Vec<PoolSummary> {
    let outline = &recording.info.outline;
    let mut empty = vec![0_u64; outline.pools.len()];
    for counter in recording
        .timeline
        .intervals()
        .iter()
        .flat_map(|interval| &interval.pool_empty)
    {
        if let Some(count) = empty.get_mut(counter.0) {
            *count = count.saturating_add(counter.1);
        }
    }
    let named = outline.pools.iter().zip(empty);
    named
        .map(|(name, empty_draws)| PoolSummary {
            name: name.clone(),
            empty_draws,
        })
        .collect()
}

fn data_ended(recording: &Recording) -> Vec<DataEnded> {
    let mut first: BTreeMap<&str, Duration> = BTreeMap::new();
    for ended in recording
        .timeline
        .intervals()
        .iter()
        .flat_map(|interval| &interval.data_ended)
    {
        let at = first.entry(&ended.0).or_insert(ended.1);
        *at = (*at).min(ended.1);
    }
    let mut all: Vec<_> = first
        .into_iter()
        .map(|(name, at)| DataEnded {
            name: name.to_owned(),
            at,
        })
        .collect();
    all.sort_by_key(|ended| ended.at);
    all
}
