//! Queues with known answers: c servers, exponential services, first come first served, told to a recorder as a worker would.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use rand_core::SeedableRng;
use rand_pcg::Pcg64Mcg;
use runner::measure::aggregator::Aggregator;
use runner::measure::recorder::{Flight, IterationResult, Recorder};
use runner::measure::recording::Recording;
use runner::measure::run::{End, Ending};
use runner::measure::sample::Sample;
use runner::plan::draw::uniform;
use runner::plan::{EndpointId, RowId, StageId};

use crate::measure::script::{failed, info, outline, sample, secs};

/// Seconds before the hold, so that the queue has filled as far as it will.
pub(super) const RAMP: u64 = 30;

/// Where requests come from.
#[derive(Clone, Copy, Debug)]
pub(super) enum Source {
    /// Users, each with exponential think times of this mean, seconds.
    Closed { users: usize, think: f64 },
    /// Independent arrivals, so many a second.
    Open { rate: f64 },
}

/// A queue and the load on it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Queue {
    pub(super) source: Source,
    pub(super) servers: usize,
    /// Mean service time, seconds.
    pub(super) service: f64,
    /// Seconds of the hold.
    pub(super) hold: u64,
    /// One row, or two that take turns at random.
    pub(super) rows: u16,
    /// Share that fails of each row.
    pub(super) failing: [f64; 2],
    /// By how much the service time grows in each second of the hold, as a share of it.
    pub(super) leak: f64,
}

impl Queue {
    pub(super) fn new(source: Source, servers: usize, service: f64, hold: u64) -> Self {
        Self {
            source,
            servers,
            service,
            hold,
            rows: 1,
            failing: [0.0; 2],
            leak: 0.0,
        }
    }

    /// Users or arrivals per second.
    pub(super) fn load(&self) -> f64 {
        match self.source {
            Source::Closed { users, .. } => users as f64,
            Source::Open { rate } => rate,
        }
    }

    /// One run.
    pub(super) fn run(&self, seed: u64) -> Recording {
        let mut outline = outline(&[(RAMP, self.hold)], Vec::new());
        outline.stages[0].level = self.load();
        outline.open = matches!(self.source, Source::Open { .. });
        outline.think.mean = match self.source {
            Source::Closed { think, .. } => Some(Duration::from_secs_f64(think)),
            Source::Open { .. } => None,
        };
        let info = info(outline, 1);
        let mut world = World {
            queue: self,
            random: Pcg64Mcg::seed_from_u64(seed),
            recorder: Recorder::new(&info.outline, 0),
            agenda: BinaryHeap::new(),
            free: (0..self.servers).map(|_| Reverse(0)).collect(),
        };
        world.begin();
        let mut aggregator = Aggregator::new(info);
        let mut tick = 1;
        let until = 1_000_000 * (RAMP + self.hold);
        while let Some(Reverse(Due(now, event))) = world.agenda.pop().filter(|next| next.0.0 < until) {
            while tick * 1_000_000 < now {
                for cut in world.recorder.cut(secs(tick)) {
                    aggregator.absorb(cut);
                }
                tick += 1;
            }
            world.happen(now, event);
        }
        let at = Duration::from_micros(until);
        for cut in world.recorder.end(at) {
            aggregator.absorb(cut);
        }
        let end = End {
            how: Ending::Completed,
            warnings: Vec::new(),
            load_until: at,
            at,
        };
        aggregator.finish(end).1
    }
}

/// What happens next: a request is made, or answered.
enum Event {
    Ask,
    Answer(Flight, Box<Sample>),
}

/// An event at a time in microseconds, ordered by it alone.
struct Due(u64, Event);

impl PartialEq for Due {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl Eq for Due {}

impl PartialOrd for Due {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Due {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.cmp(&other.0)
    }
}

struct World<'a> {
    queue: &'a Queue,
    random: Pcg64Mcg,
    recorder: Recorder,
    agenda: BinaryHeap<Reverse<Due>>,
    /// When each server is free.
    free: BinaryHeap<Reverse<u64>>,
}

impl World<'_> {
    fn uniform(&mut self) -> f64 {
        uniform(&mut self.random)
    }

    /// Microseconds.
    fn exponential(&mut self, mean: f64) -> u64 {
        (-mean * (1.0 - self.uniform()).ln() * 1e6) as u64
    }

    fn begin(&mut self) {
        match self.queue.source {
            Source::Closed { users, think } => {
                let all = i32::try_from(users).unwrap();
                self.recorder.users(Duration::ZERO, all);
                self.recorder.thinking(Duration::ZERO, all);
                for _ in 0..users {
                    let first = self.exponential(think);
                    self.agenda.push(Reverse(Due(first, Event::Ask)));
                }
            }
            Source::Open { rate } => {
                let first = self.exponential(1.0 / rate);
                self.agenda.push(Reverse(Due(first, Event::Ask)));
            }
        }
    }

    fn happen(&mut self, now: u64, event: Event) {
        let time = Duration::from_micros(now);
        match event {
            Event::Ask => self.ask(now),
            Event::Answer(flight, answer) => {
                self.recorder.finish(flight, &answer);
                self.recorder.iteration(
                    EndpointId(answer.row.0),
                    StageId(0),
                    answer.sent,
                    time,
                    IterationResult::Done,
                );
                match self.queue.source {
                    Source::Closed { think, .. } => {
                        self.recorder.thinking(time, 1);
                        let next = now + self.exponential(think);
                        self.agenda.push(Reverse(Due(next, Event::Ask)));
                    }
                    Source::Open { .. } => self.recorder.users(time, -1),
                }
            }
        }
    }

    fn ask(&mut self, now: u64) {
        let time = Duration::from_micros(now);
        match self.queue.source {
            Source::Closed { .. } => self.recorder.thinking(time, -1),
            Source::Open { rate } => {
                self.recorder.users(time, 1);
                let next = now + self.exponential(1.0 / rate);
                self.agenda.push(Reverse(Due(next, Event::Ask)));
            }
        }
        let row = u16::from(self.queue.rows == 2 && self.uniform() < 0.5);
        let flight = self.recorder.begin(RowId(row), StageId(0), time, time);
        let held = now.saturating_sub(RAMP * 1_000_000) as f64 / 1e6;
        let service = self.exponential(self.queue.service * (1.0 + self.queue.leak * held));
        // First come, first served: the server that is free first takes it.
        let begins = self.free.pop().map_or(now, |free| free.0.max(now));
        let done = begins + service;
        self.free.push(Reverse(done));
        let mut answer = sample(row, 0, time, Duration::from_micros(done));
        if self.uniform() < self.queue.failing[usize::from(row)] {
            answer = failed(answer, "expected 200, got 503");
        }
        self.agenda
            .push(Reverse(Due(done, Event::Answer(flight, Box::new(answer)))));
    }
}
