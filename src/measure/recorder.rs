//! The worker's side of measuring: no lock, no atomic, no clock, and little work for a sample.
//!
//! One recorder belongs to one worker and lives on its thread. It folds what it is told into the open second and closes a
//! second by itself as soon as it is told of something later, so that a request counts in the second in which it was
//! done, however late the worker's tick comes.

mod bound;
mod cells;
mod flights;

use std::sync::Arc;
use std::time::Duration;

pub(crate) use bound::{Examples, Texts};
use cells::{Cells, Iterations};
pub use flights::Flight;
use flights::{Age, Flights, Open, by_kind};

use super::gauge::Gauge;
use super::histogram::Histogram;
use super::interval::{Counter, First, Integrals, Interval, Starts, State};
use super::sample::{Example, Sample};
use crate::plan::outline::Outline;
use crate::plan::{EndpointId, RowId, StageId};

/// How an iteration ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IterationResult {
    /// Every step that was to be done passed.
    Done,
    /// There was no step to do: the conditions of all were false.
    SentNothing,
    /// A step failed, or could not be filled in; those after it were left out.
    Failed,
}

/// One second of one worker.
#[derive(Clone, Debug, PartialEq)]
pub struct Cut {
    /// Whose.
    pub worker: u16,
    /// What happened.
    pub interval: Interval,
    /// The first responses of new failure types.
    pub examples: Vec<Example>,
    /// The worker has stopped; no cut follows.
    pub last: bool,
}

/// Folds the samples of one worker. All times are since the start of the load.
#[derive(Debug)]
pub struct Recorder {
    worker: u16,
    /// Number of the open second, and its end.
    second: u32,
    boundary: Duration,
    cells: Cells,
    iterations: Iterations,
    flights: Flights,
    users: Gauge,
    thinking: Gauge,
    in_flight: Gauge,
    waiting: Gauge,
    lateness: Histogram,
    pool_empty: Vec<u64>,
    dropped: Vec<u64>,
    pace_overruns: Vec<u64>,
    /// Iterations drawn by weight, by endpoint.
    draws: Vec<u64>,
    starts: Starts,
    data_ended: Vec<First<String>>,
    examples: Examples,
    /// In flight at the end, or never sent, with their ages.
    unfinished: Vec<Age>,
    /// Whether latency from due is measured.
    from_due: bool,
    /// Closed seconds that were not fetched yet.
    closed: Vec<Cut>,
}

impl Recorder {
    /// Begins at the start of the load.
    pub fn new(outline: &Arc<Outline>, worker: u16) -> Self {
        Self {
            worker,
            second: 0,
            boundary: Duration::from_secs(1),
            cells: Cells::new(outline),
            iterations: Iterations::new(outline),
            flights: Flights::default(),
            users: Gauge::default(),
            thinking: Gauge::default(),
            in_flight: Gauge::default(),
            waiting: Gauge::default(),
            lateness: Histogram::default(),
            pool_empty: vec![0; outline.pools.len()],
            dropped: vec![0; outline.stages.len()],
            pace_overruns: vec![0; outline.endpoints.len()],
            draws: vec![0; outline.endpoints.len()],
            starts: Starts::default(),
            data_ended: Vec::new(),
            examples: Examples::default(),
            unfinished: Vec::new(),
            from_due: outline.measures_due(),
            closed: Vec::new(),
        }
    }

    /// A request goes out. A flight that is not given to [`Recorder::finish`] is unfinished at the end.
    pub fn begin(&mut self, row: RowId, stage: StageId, due: Duration, sent: Duration) -> Flight {
        debug_assert!(due <= sent, "a request is never sent before it is due");
        self.advance(sent);
        self.in_flight.change(sent, 1);
        self.flights.insert(Open {
            row,
            stage,
            due,
            sent: Some(sent),
        })
    }

    /// A request is completed.
    pub fn finish(&mut self, flight: Flight, sample: &Sample) {
        self.advance(sample.done);
        self.flights.remove(flight);
        self.in_flight.change(sample.done, -1);
        self.cells.record(sample);
    }

    /// An iteration is finished. `stage`: in which it began.
    pub fn iteration(
        &mut self,
        endpoint: EndpointId,
        stage: StageId,
        started: Duration,
        done: Duration,
        result: IterationResult,
    ) {
        self.advance(done);
        self.iterations
            .record(endpoint, stage, done.saturating_sub(started), result);
    }

    /// `on_start` of a user failed.
    pub fn start_failed(&mut self) {
        self.starts.failed += 1;
    }

    /// A user left because its `on_start` had failed.
    pub fn user_stopped(&mut self) {
        self.starts.stopped += 1;
    }

    /// Users come or go.
    pub fn users(&mut self, now: Duration, delta: i32) {
        self.advance(now);
        self.users.change(now, delta);
    }

    /// Users begin or end a think time.
    pub fn thinking(&mut self, now: Duration, delta: i32) {
        self.advance(now);
        self.thinking.change(now, delta);
    }

    /// An arrival of the open model begins to wait for a user. `row`: the request that it would begin with.
    pub fn arrival_waits(&mut self, now: Duration, row: RowId, stage: StageId, due: Duration) -> Flight {
        self.advance(now);
        self.waiting.change(now, 1);
        self.flights.insert(Open {
            row,
            stage,
            due,
            sent: None,
        })
    }

    /// An arrival that waited has got its user.
    pub fn arrival_served(&mut self, now: Duration, arrival: Flight) {
        self.advance(now);
        self.waiting.change(now, -1);
        self.flights.remove(arrival);
    }

    /// The load has ended: an arrival that still waits will never be served, and has waited until now.
    pub fn arrival_left(&mut self, now: Duration, arrival: Flight) {
        self.advance(now);
        self.waiting.change(now, -1);
        let left = self.flights.remove(arrival);
        self.unfinished.extend(left.map(|open| open.age(now)));
    }

    /// What was due began so late.
    pub fn late(&mut self, by: Duration) {
        self.lateness.record(by);
    }

    /// A draw had to leave an endpoint out, as this captured pool is empty.
    pub fn pool_empty(&mut self, pool: usize) {
        if let Some(count) = self.pool_empty.get_mut(pool) {
            *count += 1;
        }
    }

    /// An arrival was dropped, as all users are busy.
    pub fn dropped(&mut self, now: Duration, stage: StageId) {
        self.advance(now);
        let stage = usize::from(stage.0);
        if stage >= self.dropped.len() {
            self.dropped.resize(stage + 1, 0);
        }
        self.dropped[stage] += 1;
    }

    /// A request could not be made, as a template could not be filled in. Nothing was sent: it is no request of the API, but a
    /// failure of the iteration. `why`: its failure type.
    pub fn never_sent(&mut self, now: Duration, row: RowId, stage: StageId, why: &Arc<str>) {
        self.advance(now);
        self.cells.never_sent((row, stage), why, now);
    }

    /// An iteration of this endpoint was drawn by weight.
    pub fn drawn(&mut self, endpoint: EndpointId) {
        if let Some(count) = self.draws.get_mut(usize::from(endpoint.0)) {
            *count += 1;
        }
    }

    /// An iteration took longer than its pace.
    pub fn pace_overrun(&mut self, endpoint: EndpointId) {
        self.pace_overruns[usize::from(endpoint.0)] += 1;
    }

    /// A data source has no value left.
    pub fn data_ended(&mut self, now: Duration, name: &str) {
        self.advance(now);
        if !self.data_ended.iter().any(|ended| ended.0 == name) {
            self.data_ended.push(First(name.to_owned(), now));
        }
    }

    /// Whether an example of this failure is still wanted: ask before making one.
    pub fn wants_example(&self, failure: &str) -> bool {
        self.examples.wants(failure)
    }

    /// The response of a failed request; the first few of each failure type are kept.
    pub fn example(&mut self, example: Example) {
        self.examples.offer(example);
    }

    /// The seconds that are over by now, in order. To be called once a second, at or soon after each whole second.
    pub fn cut(&mut self, now: Duration) -> Vec<Cut> {
        self.advance(now);
        std::mem::take(&mut self.closed)
    }

    /// The worker stops: what is in flight is unfinished. The last of the cuts is marked so.
    pub fn end(mut self, now: Duration) -> Vec<Cut> {
        // Files keep whole microseconds: a run that is read back must have the same length.
        let now = Duration::from_micros(u64::try_from(now.as_micros()).unwrap_or(u64::MAX));
        self.advance(now);
        // What was told of later than now (it should not be) still counts.
        let end = now.max(self.boundary.saturating_sub(Duration::from_secs(1)));
        for open in self.flights.drain() {
            let gauge = if open.sent.is_some() {
                &mut self.in_flight
            } else {
                &mut self.waiting
            };
            gauge.change(end, -1);
            self.unfinished.push(open.age(end));
        }
        self.close(end);
        if let Some(cut) = self.closed.last_mut() {
            cut.last = true;
        }
        self.closed
    }

    /// Closes the seconds that are over at a time.
    fn advance(&mut self, now: Duration) {
        while now >= self.boundary {
            self.close(self.boundary);
        }
    }

    fn close(&mut self, end: Duration) {
        let interval = Interval {
            cells: self.cells.take(),
            iterations: self.iterations.take(),
            integrals: Integrals {
                users: self.users.close(end),
                thinking: self.thinking.close(end),
                in_flight: self.in_flight.close(end),
                waiting: self.waiting.close(end),
            },
            state: State {
                users: self.users.level(),
                thinking: self.thinking.level(),
                waiting: self.waiting.level(),
                in_flight: by_kind(self.flights.ages(end), self.from_due),
            },
            unfinished: by_kind(self.unfinished.drain(..), self.from_due),
            lateness: self.lateness.take(),
            pool_empty: take_counts(&mut self.pool_empty, |pool| pool),
            dropped: take_counts(&mut self.dropped, |stage| StageId(stage as u16)),
            pace_overruns: take_counts(&mut self.pace_overruns, |endpoint| EndpointId(endpoint as u16)),
            starts: std::mem::take(&mut self.starts),
            draws: take_counts(&mut self.draws, |endpoint| EndpointId(endpoint as u16)),
            data_ended: self.take_data_ended(),
            ..Interval::second(self.second, end)
        };
        let examples = self.examples.take();
        self.closed.push(Cut {
            worker: self.worker,
            interval,
            examples,
            last: false,
        });
        self.second += 1;
        self.boundary += Duration::from_secs(1);
    }

    fn take_data_ended(&mut self) -> Vec<First<String>> {
        let mut ended = std::mem::take(&mut self.data_ended);
        ended.sort_by(|a, b| a.0.cmp(&b.0));
        ended
    }
}

fn take_counts<K>(counts: &mut [u64], key: impl Fn(usize) -> K) -> Vec<Counter<K>> {
    let taken = counts.iter_mut().map(std::mem::take).enumerate();
    taken
        .filter(|(_, count)| *count > 0)
        .map(|(index, count)| Counter(key(index), count))
        .collect()
}
