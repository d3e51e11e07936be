//! What charts are drawn from: the run in at most so many parts, and how response times are distributed.
//!
//! A part of several seconds is their intervals merged, so that its percentiles are those of all its requests. Percentiles
//! of seconds are never averaged.

use std::time::Duration;

use super::fold::{Ages, Group, mean_level};
use super::histogram::{Quantile, Tally};
use super::interval::Interval;
use super::recording::{Recording, Timeline};

/// Lengths of a part that a reader can count in, seconds.
const LENGTHS: [u32; 12] = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800];

/// Points of a distribution for each tenfold of what is left above a percentile: 90, 99, 99.9, ...
const POINTS: u32 = 20;

/// How near to 100 % a distribution is read: so many nines.
const NINES: u32 = 5;

/// A part of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// Where it begins, since the start of the load.
    pub from: Duration,
    /// How long it is.
    pub length: Duration,
    /// Users, mean.
    pub users: f64,
    /// Requests sent and not yet answered, mean.
    pub in_flight: f64,
    /// Arrivals waiting for a user, mean (open model).
    pub waiting: f64,
    /// Requests completed.
    pub requests: u64,
    /// Of them failed.
    pub failures: u64,
    /// Median of the times of the requests completed in it: those that the run is judged by, in the open model latency
    /// from due, else response times.
    pub p50: Option<Duration>,
    /// 95 %.
    pub p95: Option<Duration>,
    /// 99 %.
    pub p99: Option<Duration>,
    /// The longest.
    pub max: Option<Duration>,
}

impl Part {
    /// Requests completed per second; 0 where it has no length.
    pub fn rate(&self) -> f64 {
        per_second(self.requests, self.length)
    }

    /// Failures per second.
    pub fn failure_rate(&self) -> f64 {
        per_second(self.failures, self.length)
    }
}

/// How the times of a set of requests are distributed.
#[derive(Clone, Debug, PartialEq)]
pub struct Distribution {
    /// How many were completed.
    pub requests: u64,
    /// Percentages, ascending, with the time that so many percent do not exceed. The last is 100: the longest. Requests
    /// that never finished are right-censored at their age.
    pub points: Vec<(f64, Quantile)>,
}

/// All that charts are drawn from, beside the figures of the stages.
#[derive(Clone, Debug, PartialEq)]
pub struct Curves {
    /// Seconds of a part (the last may be shorter, and one that was coarsened on its way to the disk longer).
    pub step: u32,
    /// The run, in order of time. Parts without length or request are left out.
    pub parts: Vec<Part>,
    /// All requests of the run.
    pub total: Distribution,
    /// The same for each row of the outline, in order.
    pub rows: Vec<Distribution>,
}

impl Recording {
    /// What charts are drawn from, with the run in about `most` parts at the most.
    pub fn curves(&self, most: u32) -> Curves {
        let open = self.info.outline.open;
        let step = self.timeline.step(most);
        let mut rows = vec![Group::default(); self.info.outline.rows.len()];
        let cells = self
            .timeline
            .intervals()
            .iter()
            .flat_map(|interval| &interval.cells);
        for cell in cells {
            if let Some(row) = rows.get_mut(usize::from(cell.row.0)) {
                row.add(cell, true);
            }
        }
        for flight in self.unfinished() {
            if let Some(row) = rows.get_mut(usize::from(flight.row.0)) {
                let mut ages = Ages::default();
                ages.add(flight);
                row.unfinished.merge(&ages);
            }
        }
        let mut total = Group::default();
        for row in &rows {
            total.merge(row);
        }
        Curves {
            step,
            parts: self.timeline.parts(open, step, 0),
            total: distribution(open, &total),
            rows: rows.iter().map(|row| distribution(open, row)).collect(),
        }
    }
}

impl Timeline {
    /// Seconds of a part, for about `most` parts at the most.
    pub fn step(&self, most: u32) -> u32 {
        let seconds = self.intervals().last().map_or(0, |last| last.until);
        let needed = seconds.div_ceil(most.max(1));
        LENGTHS
            .into_iter()
            .find(|length| *length >= needed)
            .unwrap_or_else(|| needed.next_multiple_of(3600))
    }

    /// The parts of `step` seconds, from the one on that holds the second `from`.
    pub fn parts(&self, open: bool, step: u32, from: u32) -> Vec<Part> {
        let step = step.max(1);
        let part_of = |interval: &Interval| interval.from / step;
        let first = self
            .intervals()
            .partition_point(|interval| part_of(interval) < from / step);
        let mut tally = Tally::default();
        self.intervals()[first..]
            .chunk_by(|a, b| part_of(a) == part_of(b))
            .filter_map(|chunk| part(open, chunk.iter().map(|interval| &**interval), &mut tally))
            .collect()
    }
}

fn per_second(count: u64, length: Duration) -> f64 {
    if length.is_zero() {
        0.0
    } else {
        count as f64 / length.as_secs_f64()
    }
}

/// Neighbouring intervals as one. `tally` is used and left dirty.
fn part<'a>(open: bool, intervals: impl Iterator<Item = &'a Interval>, tally: &mut Tally) -> Option<Part> {
    tally.clear();
    let (mut from, mut length, mut requests, mut failures) = (None, Duration::ZERO, 0_u64, 0_u64);
    let (mut users, mut in_flight, mut waiting) = (0_i64, 0_i64, 0_i64);
    for interval in intervals {
        from.get_or_insert(Duration::from_secs(u64::from(interval.from)));
        length += interval.length();
        requests = requests.saturating_add(interval.requests());
        failures = failures.saturating_add(interval.failures());
        users = users.saturating_add(interval.integrals.users);
        in_flight = in_flight.saturating_add(interval.integrals.in_flight);
        waiting = waiting.saturating_add(interval.integrals.waiting);
        for cell in &interval.cells {
            tally.add(if open { &cell.latency } else { &cell.response });
        }
    }
    let from = from.filter(|_| !length.is_zero() || requests > 0)?;
    Some(Part {
        from,
        length,
        users: mean_level(users, length),
        in_flight: mean_level(in_flight, length),
        waiting: mean_level(waiting, length),
        requests,
        failures,
        p50: tally.percentile(50.0),
        p95: tally.percentile(95.0),
        p99: tally.percentile(99.0),
        max: tally.max(),
    })
}

fn distribution(open: bool, group: &Group) -> Distribution {
    let (done, unfinished) = group.times(open);
    let count = done.count().saturating_add(unfinished.count());
    let inner = (0..POINTS * NINES).map(|point| {
        let left = 10_f64.powf(-f64::from(point) / f64::from(POINTS));
        100.0 * (1.0 - left)
    });
    // Where less than one request is left above it, a percentile is the longest.
    let inner = inner.take_while(|percent| (100.0 - percent) / 100.0 * count as f64 >= 1.0);
    let points = inner
        .chain([100.0])
        .filter_map(|percent| Some((percent, done.percentile_with(unfinished, percent)?)));
    Distribution {
        requests: group.requests(),
        points: points.collect(),
    }
}
