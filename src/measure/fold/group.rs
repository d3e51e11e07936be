//! A set of requests, added up.

use std::time::Duration;

use crate::measure::histogram::Tally;
use crate::measure::interval::{Cell, InFlight, Interval, IterationCell};
use crate::measure::summary::{Figures, Percentiles, Times};
use crate::plan::outline::Outline;

/// Ages of requests that never finished.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ages {
    /// From sent.
    pub(crate) sent: Tally,
    /// From due, where that is measured: of those that were sent, and of arrivals that never were.
    pub(crate) due: Tally,
}

impl Ages {
    pub(crate) fn add(&mut self, flights: &InFlight) {
        self.sent.add(&flights.ages);
        self.due.add(&flights.from_due);
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        self.sent.merge(&other.sent);
        self.due.merge(&other.due);
    }

    /// Arrivals that were never sent.
    fn unsent(&self) -> u64 {
        self.due.count().saturating_sub(self.sent.count())
    }
}

/// Iterations of the endpoints in a group, counted with the first row of each.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct IterationCount {
    finished: u64,
    failed: u64,
}

impl IterationCount {
    fn add(&mut self, cell: &IterationCell) {
        self.merge(Self {
            finished: cell.duration.count(),
            failed: cell.failed,
        });
    }

    fn merge(&mut self, other: Self) {
        self.finished = self.finished.saturating_add(other.finished);
        self.failed = self.failed.saturating_add(other.failed);
    }

    /// Failed ones as a share of all; `None` without one.
    pub(crate) fn failed_share(self) -> Option<f64> {
        (self.finished > 0).then(|| self.failed as f64 / self.finished as f64)
    }
}

/// A set of requests, added up.
#[derive(Clone, Debug, Default)]
pub(crate) struct Group {
    pub(crate) response: Tally,
    pub(crate) latency: Tally,
    /// Those that never finished.
    pub(crate) unfinished: Ages,
    pub(crate) failed: u64,
    /// Requests that could not be filled in and so were never sent: in no other figure but the share of failures.
    never_sent: u64,
    pub(crate) iterations: IterationCount,
    failed_time: u64,
    /// Requests that the rate is of: without those of the graceful stop.
    pub(crate) in_time: u64,
    bytes_sent: u64,
    bytes_received: u64,
    body_bytes: u64,
}

impl Group {
    /// Takes requests in. `in_time`: completed before the graceful stop.
    pub(crate) fn add(&mut self, cell: &Cell, in_time: bool) {
        self.response.add(&cell.response);
        self.latency.add(&cell.latency);
        self.failed = self.failed.saturating_add(cell.failed);
        self.failed_time = self.failed_time.saturating_add(cell.failed_time);
        if in_time {
            self.in_time = self.in_time.saturating_add(cell.requests());
        }
        self.bytes_sent = self.bytes_sent.saturating_add(cell.bytes_sent);
        self.bytes_received = self.bytes_received.saturating_add(cell.bytes_received);
        self.body_bytes = self.body_bytes.saturating_add(cell.body_bytes);
    }

    /// Takes an interval into the groups of all rows. `in_time`: before the graceful stop.
    pub(crate) fn add_interval(rows: &mut [Self], outline: &Outline, interval: &Interval, in_time: bool) {
        for cell in &interval.cells {
            if let Some(group) = rows.get_mut(usize::from(cell.row.0)) {
                group.add(cell, in_time);
            }
        }
        for never_sent in &interval.not_filled_in {
            if let Some(group) = rows.get_mut(usize::from(never_sent.0.0.0)) {
                group.never_sent = group.never_sent.saturating_add(never_sent.1);
            }
        }
        for cell in &interval.iterations {
            let first = outline.rows.iter().position(|row| row.endpoint == cell.endpoint);
            if let Some(group) = first.and_then(|first| rows.get_mut(first)) {
                group.iterations.add(cell);
            }
        }
    }

    /// Failed requests and those that were never sent, as a share of all that were due; `None` without one.
    pub(crate) fn failure_share(&self) -> Option<f64> {
        let due = self.requests().saturating_add(self.never_sent);
        (due > 0).then(|| self.failed.saturating_add(self.never_sent) as f64 / due as f64)
    }

    /// Takes another's requests in.
    pub(crate) fn merge(&mut self, other: &Self) {
        self.response.merge(&other.response);
        self.latency.merge(&other.latency);
        self.unfinished.merge(&other.unfinished);
        self.failed = self.failed.saturating_add(other.failed);
        self.never_sent = self.never_sent.saturating_add(other.never_sent);
        self.iterations.merge(other.iterations);
        self.failed_time = self.failed_time.saturating_add(other.failed_time);
        self.in_time = self.in_time.saturating_add(other.in_time);
        self.bytes_sent = self.bytes_sent.saturating_add(other.bytes_sent);
        self.bytes_received = self.bytes_received.saturating_add(other.bytes_received);
        self.body_bytes = self.body_bytes.saturating_add(other.body_bytes);
    }

    /// Completed requests.
    pub(crate) fn requests(&self) -> u64 {
        self.response.count()
    }

    /// Bytes of a response's body, mean.
    pub(crate) fn mean_body(&self) -> f64 {
        match self.requests() {
            0 => 0.0,
            requests => self.body_bytes as f64 / requests as f64,
        }
    }

    /// The times that it is judged by, and the ages of those that never finished: from due in the open model, where users
    /// would not wait for each other, else from sent.
    pub(crate) fn times(&self, open: bool) -> (&Tally, &Tally) {
        if open {
            (&self.latency, &self.unfinished.due)
        } else {
            (&self.response, &self.unfinished.sent)
        }
    }

    /// Completed requests per second.
    pub(crate) fn rate(&self, length: Duration) -> f64 {
        if length.is_zero() {
            0.0
        } else {
            self.in_time as f64 / length.as_secs_f64()
        }
    }

    /// Its figures; `length`: what the rate is over.
    pub(crate) fn figures(&self, length: Duration) -> Figures {
        let requests = self.requests();
        let succeeded_time = self.response.sum().saturating_sub(self.failed_time);
        Figures {
            requests,
            failures: self.failed,
            unfinished: self.unfinished.sent.count(),
            unsent: self.unfinished.unsent(),
            rate: self.rate(length),
            mean: self.response.mean(),
            mean_success: mean(succeeded_time, requests.saturating_sub(self.failed)),
            mean_failure: mean(self.failed_time, self.failed),
            min: self.response.min(),
            percentiles: percentiles(&self.response, &self.unfinished.sent),
            latency: times_with(&self.latency, &self.unfinished.due),
            bytes_sent: self.bytes_sent,
            bytes_received: self.bytes_received,
            body_bytes: self.body_bytes,
        }
    }
}

/// A sum in microseconds over a count, to the nanosecond.
pub(super) fn mean(sum: u64, count: u64) -> Option<Duration> {
    crate::measure::histogram::mean(sum, count)
}

/// Figures of a kind of latency.
pub(crate) fn times(tally: &Tally) -> Option<Times> {
    times_with(tally, &Tally::default())
}

/// The same where unfinished requests are of it.
fn times_with(tally: &Tally, unfinished: &Tally) -> Option<Times> {
    Some(Times {
        count: tally.count(),
        mean: tally.mean()?,
        min: tally.min()?,
        percentiles: percentiles(tally, unfinished)?,
    })
}

/// What is shown of a distribution; `None` where there is nothing in it.
fn percentiles(tally: &Tally, unfinished: &Tally) -> Option<Percentiles> {
    let at = |percent| tally.percentile_with(unfinished, percent);
    Some(Percentiles {
        p50: at(50.0)?,
        p66: at(66.0)?,
        p75: at(75.0)?,
        p80: at(80.0)?,
        p90: at(90.0)?,
        p95: at(95.0)?,
        p98: at(98.0)?,
        p99: at(99.0)?,
        p99_9: at(99.9)?,
        p99_99: at(99.99)?,
        max: at(100.0)?,
    })
}
