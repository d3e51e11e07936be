//! The run so far, kept up to date second by second for the live views.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use crate::measure::fold::{Failures, Group, HealthFold, add_iterations, first_rows, second};
use crate::measure::histogram::Tally;
use crate::measure::interval::{InFlight, Interval, State};
use crate::measure::judge::{ask, broken, selects};
use crate::measure::phase::{phase_at, phase_of, planned_end};
use crate::measure::run::{RunInfo, Storage};
use crate::measure::snapshot::{Breach, RECENT, Recent, RowSoFar, SERIES, Snapshot, SoFar, ThresholdNow};
use crate::measure::summary::{Phase, Second};
use crate::plan::RowId;
use crate::plan::course::{Change, Turn};

/// The run so far. Its memory does not grow with the run.
#[derive(Debug)]
pub(super) struct Live {
    info: Arc<RunInfo>,
    rows: Vec<Group>,
    /// The first row of each endpoint.
    first_rows: Vec<usize>,
    failures: Failures,
    dropped: u64,
    /// The end of the load, as far as is known.
    load_until: Duration,
    /// Time covered.
    at: Duration,
    state: State,
    /// The last seconds: as many as [`Recent`] and the longest `abort` need.
    window: VecDeque<Arc<Interval>>,
    keep: usize,
    series: VecDeque<Second>,
    health: HealthFold,
    abort: Option<Breach>,
    /// When the figures began anew.
    since: Duration,
    /// When the run last took another course.
    turned: Duration,
    scratch: Tally,
}

impl Live {
    pub(super) fn new(info: &Arc<RunInfo>) -> Self {
        let patience = info
            .outline
            .thresholds
            .iter()
            .filter_map(|threshold| threshold.abort_after);
        let longest = patience
            .max()
            .map_or(0, |longest| longest.as_secs_f64().ceil() as usize);
        Self {
            info: info.clone(),
            rows: vec![Group::default(); info.outline.rows.len()],
            first_rows: first_rows(&info.outline),
            failures: Failures::default(),
            dropped: 0,
            load_until: planned_end(&info.outline),
            at: Duration::ZERO,
            state: State::default(),
            window: VecDeque::new(),
            keep: longest.max(RECENT),
            series: VecDeque::new(),
            health: HealthFold::default(),
            abort: None,
            since: Duration::ZERO,
            turned: Duration::ZERO,
            scratch: Tally::default(),
        }
    }

    /// Takes a second in, or a part of one that comes late; `whole` is the second as it now stands.
    pub(super) fn add(&mut self, part: &Interval, whole: &Arc<Interval>) {
        for cell in &part.cells {
            if let Some(row) = self.rows.get_mut(usize::from(cell.row.0)) {
                row.add(cell, true);
            }
            self.failures.add(cell);
        }
        add_iterations(&mut self.rows, &self.first_rows, part);
        self.dropped += part.dropped.iter().map(|stage| stage.1).sum::<u64>();
        self.health.add(part, &self.info.host);
        let phase = phase_of(&self.info.outline, self.load_until, whole.from);
        let entry = second(&self.info.outline, phase, whole, &mut self.scratch);
        match self
            .series
            .iter_mut()
            .rfind(|before| before.second == entry.second)
        {
            Some(before) => *before = entry,
            None if entry.is_empty() => {}
            None => self.series.push_back(entry),
        }
        match self.window.iter_mut().rfind(|before| before.from == whole.from) {
            Some(before) => *before = whole.clone(),
            None => self.window.push_back(whole.clone()),
        }
        while self.series.len() > SERIES {
            self.series.pop_front();
        }
        while self.window.len() > self.keep {
            self.window.pop_front();
        }
        if whole.end >= self.at {
            self.at = whole.end;
            self.state = whole.state.clone();
            self.judge();
        }
    }

    /// The run takes another course: `info` as it is now.
    pub(super) fn turn(&mut self, info: &Arc<RunInfo>, turn: &Turn) {
        // Unless the load has ended, it ends when its plan does.
        if self.load_until == planned_end(&self.info.outline) {
            self.load_until = planned_end(&info.outline);
        }
        self.info = Arc::clone(info);
        self.turned = turn.at;
        if turn.change == Change::Reset {
            self.rows.fill_with(Group::default);
            self.failures = Failures::default();
            self.dropped = 0;
            self.since = turn.at;
        }
    }

    pub(super) fn stopping(&mut self, at: Duration) {
        self.load_until = self.load_until.min(at);
    }

    pub(super) fn abort(&self) -> Option<&Breach> {
        self.abort.as_ref()
    }

    /// Judges the thresholds with `abort` over as many of the last seconds as each says, requests in flight included at
    /// their age. Before that many have passed, and where there is nothing to judge, there is no verdict.
    fn judge(&mut self) {
        if self.abort.is_some() {
            return;
        }
        let thresholds = &self.info.outline.thresholds;
        let breaches = thresholds.iter().enumerate().filter_map(|(index, threshold)| {
            let patience = threshold.abort_after?;
            if self.at < patience {
                return None;
            }
            let last = self.last(patience.as_secs_f64().ceil() as usize);
            let chosen = |row| selects(threshold.of.as_ref(), row);
            let (mut group, length) = self.add_up(last, chosen);
            for kind in self.state.in_flight.iter().filter(|kind| chosen(kind.row)) {
                group.unfinished.add(kind);
            }
            let asked = ask(threshold.metric, &group, length, self.info.outline.open)?;
            broken(threshold, asked).then(|| Breach {
                threshold: index,
                text: threshold.text.clone(),
                figure: asked.figure,
                at: self.at,
            })
        });
        self.abort = { breaches }.next();
    }

    fn last(&self, seconds: usize) -> impl Iterator<Item = &Interval> {
        self.window
            .range(self.window.len().saturating_sub(seconds)..)
            .map(|interval| &**interval)
    }

    pub(super) fn snapshot(&self) -> Snapshot {
        let outline = &self.info.outline;
        let last = self.window.back().map_or(0, |interval| interval.from);
        // A change by hand shows at once.
        let now = self.turned.max(Duration::from_secs(u64::from(last)));
        let (stage, phase) = phase_at(outline, self.load_until, now);
        let now = |level: i64| level.max(0) as u64;
        let in_flight = &self.state.in_flight;
        Snapshot {
            outline: Arc::clone(outline),
            at: self.at,
            planned: planned_end(outline),
            stage,
            stages: outline.stages.len() as u16,
            level: outline
                .stages
                .get(usize::from(stage.0))
                .map_or(0.0, |stage| stage.level),
            phase,
            users: now(self.state.users),
            thinking: now(self.state.thinking),
            in_flight: in_flight.iter().map(|kind| kind.ages.count()).sum(),
            waiting: now(self.state.waiting),
            oldest_in_flight: in_flight.iter().filter_map(oldest).max(),
            recent: self.recent(),
            so_far: self.so_far(),
            rows: self.row_figures(),
            thresholds: self.thresholds_now(phase),
            failures: self.failures.counts(),
            dropped_arrivals: self.dropped,
            warnings: self
                .health
                .judged(&self.info.host, &self.failures, &Storage::default())
                .warnings,
            series: self.series.iter().cloned().collect(),
            abort: self.abort.clone(),
        }
    }

    fn thresholds_now(&self, phase: Phase) -> Vec<ThresholdNow> {
        let outline = &self.info.outline;
        let judged = outline.thresholds.iter().map(|threshold| {
            let chosen = |row| selects(threshold.of.as_ref(), row);
            let (group, length) = self.add_up(self.last(RECENT), chosen);
            let asked = ask(threshold.metric, &group, length, outline.open).filter(|_| phase == Phase::Hold);
            ThresholdNow {
                text: threshold.text.clone(),
                figure: asked.map(|asked| asked.figure),
                broken: asked.is_some_and(|asked| broken(threshold, asked)),
            }
        });
        judged.collect()
    }

    /// Requests completed in some seconds, of the rows that pass the test, and how long those are.
    fn add_up<'a>(
        &self,
        intervals: impl Iterator<Item = &'a Interval>,
        test: impl Fn(RowId) -> bool,
    ) -> (Group, Duration) {
        let (mut group, mut length) = (Group::default(), Duration::ZERO);
        for interval in intervals {
            length += interval.length();
            for cell in interval.cells.iter().filter(|cell| test(cell.row)) {
                group.add(cell, true);
            }
            for cell in &interval.iterations {
                let row = self.first_rows.get(usize::from(cell.endpoint.0));
                if row.is_some_and(|row| test(RowId(*row as u16))) {
                    group.add_iterations(cell);
                }
            }
        }
        (group, length)
    }

    fn recent(&self) -> Recent {
        let (group, length) = self.add_up(self.last(RECENT), |_| true);
        let (times, _) = group.times(self.info.outline.open);
        let figures = |percent| times.percentile(percent);
        Recent {
            length,
            rate: group.rate(length),
            failure_share: share(group.failures(), group.attempts()),
            p50: figures(50.0),
            p95: figures(95.0),
        }
    }

    fn so_far(&self) -> SoFar {
        let mut total = Group::default();
        for row in &self.rows {
            total.merge(row);
        }
        let (times, _) = total.times(self.info.outline.open);
        SoFar {
            since: self.since,
            requests: total.requests(),
            failures: total.failures(),
            iterations: total.iterations,
            iterations_failed: total.iterations_failed,
            mean: times.mean(),
            p50: times.percentile(50.0),
            p95: times.percentile(95.0),
            p99: times.percentile(99.0),
        }
    }

    fn row_figures(&self) -> Vec<RowSoFar> {
        let mut recent = vec![(0_u64, 0_u64); self.rows.len()];
        let mut length = Duration::ZERO;
        for interval in self.last(RECENT) {
            length += interval.length();
            for cell in &interval.cells {
                if let Some((requests, failures)) = recent.get_mut(usize::from(cell.row.0)) {
                    *requests += cell.requests();
                    *failures += cell.failed + cell.never_sent;
                }
            }
        }
        let per_second = |count: u64| {
            if length.is_zero() {
                0.0
            } else {
                count as f64 / length.as_secs_f64()
            }
        };
        let rows = self.rows.iter().zip(recent).enumerate();
        let open = self.info.outline.open;
        rows.map(|(row, (group, (requests, failures)))| {
            let times = group.times(open).0;
            RowSoFar {
                row: RowId(row as u16),
                requests: group.requests(),
                failures: group.failures(),
                rate: per_second(requests),
                failure_rate: per_second(failures),
                mean: times.mean(),
                min: times.min(),
                p50: times.percentile(50.0),
                p95: times.percentile(95.0),
                p99: times.percentile(99.0),
                max: times.max(),
                body_bytes: group.mean_body(),
            }
        })
        .collect()
    }
}

fn share(part: u64, of: u64) -> f64 {
    if of == 0 { 0.0 } else { part as f64 / of as f64 }
}

fn oldest(flights: &InFlight) -> Option<Duration> {
    flights.ages.max()
}
