//! A set of requests, added up.

use std::time::Duration;

use crate::measure::histogram::Tally;
use crate::measure::interval::{Cell, InFlight, Interval, IterationCell};
use crate::measure::summary::{Figures, Percentiles, Times};
use crate::plan::EndpointId;
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

/// A set of requests, added up.
#[derive(Clone, Debug, Default)]
pub(crate) struct Group {
    pub(crate) response: Tally,
    pub(crate) latency: Tally,
    /// Those that never finished.
    pub(crate) unfinished: Ages,
    pub(crate) failed: u64,
    /// Requests that could not be filled in.
    pub(crate) never_sent: u64,
    /// Iterations finished, and of them failed: of an endpoint they are kept with its first row.
    pub(crate) iterations: u64,
    pub(crate) iterations_failed: u64,
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
        self.never_sent = self.never_sent.saturating_add(cell.never_sent);
        self.failed_time = self.failed_time.saturating_add(cell.failed_time);
        if in_time {
            self.in_time = self.in_time.saturating_add(cell.requests());
        }
        self.bytes_sent = self.bytes_sent.saturating_add(cell.bytes_sent);
        self.bytes_received = self.bytes_received.saturating_add(cell.bytes_received);
        self.body_bytes = self.body_bytes.saturating_add(cell.body_bytes);
    }

    /// Takes iterations in.
    pub(crate) fn add_iterations(&mut self, cell: &IterationCell) {
        self.iterations = self.iterations.saturating_add(cell.duration.count());
        self.iterations_failed = self.iterations_failed.saturating_add(cell.failed);
    }

    /// Takes another's requests in.
    pub(crate) fn merge(&mut self, other: &Self) {
        self.response.merge(&other.response);
        self.latency.merge(&other.latency);
        self.unfinished.merge(&other.unfinished);
        self.failed = self.failed.saturating_add(other.failed);
        self.never_sent = self.never_sent.saturating_add(other.never_sent);
        self.iterations = self.iterations.saturating_add(other.iterations);
        self.iterations_failed = self.iterations_failed.saturating_add(other.iterations_failed);
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

    /// Requests without success: those that failed, and those that could not even be sent.
    pub(crate) fn failures(&self) -> u64 {
        self.failed.saturating_add(self.never_sent)
    }

    /// What a share of failures is of: the completed requests, and those that could not be sent.
    pub(crate) fn attempts(&self) -> u64 {
        self.requests().saturating_add(self.never_sent)
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
            never_sent: self.never_sent,
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

/// The first row of each endpoint, with which its iterations are kept.
pub(crate) fn first_rows(outline: &Outline) -> Vec<usize> {
    let endpoints = (0..outline.endpoints.len()).map(|endpoint| EndpointId(endpoint as u16));
    let first = |endpoint| outline.rows.iter().position(|row| row.endpoint == endpoint);
    // One without a row has no iteration either.
    endpoints
        .map(|endpoint| first(endpoint).unwrap_or(usize::MAX))
        .collect()
}

/// Takes the iterations of an interval in, each with the first row of its endpoint.
pub(crate) fn add_iterations(rows: &mut [Group], first: &[usize], interval: &Interval) {
    for cell in &interval.iterations {
        let row = first.get(usize::from(cell.endpoint.0));
        if let Some(group) = row.and_then(|row| rows.get_mut(*row)) {
            group.add_iterations(cell);
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
