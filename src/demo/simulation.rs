//! A discrete-event simulation of users on the modelled API: checks the figures that the model is known by, without a
//! clock, a server or a runtime.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::time::Duration;

use rand_core::{Rng, SeedableRng};
use rand_pcg::Pcg64Mcg;

use super::MaxOpen;
use super::model::{Draws, FREE_ANSWER, POOL, Query, base_time, service_time};

/// What was asked of the API in one simulation: weights of by term, by OSU ID, without a query, by id.
type Mix = [u32; 4];
const MIXED: Mix = [2, 2, 1, 1];
const TERMS_ONLY: Mix = [1, 0, 0, 0];

/// Nanoseconds since the start.
type Time = u64;

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    /// A user ends its think time and sends.
    Send(usize),
    /// The answer to a user comes; `true` frees a pool connection.
    Answer(usize, bool),
    /// A user's connection has waited too long for a place.
    Reset(usize),
}

struct Simulation {
    mix: Mix,
    limit: MaxOpen,
    random: Pcg64Mcg,
    seed: u64,
    now: Time,
    agenda: BinaryHeap<Reverse<(Time, u64, Event)>>,
    scheduled: u64,
    requests: u64,
    busy: u32,
    line: VecDeque<(usize, Query)>,
    open: Vec<bool>,
    sent: Vec<Time>,
}

/// Steady figures of a simulation.
struct Steady {
    /// Answers per second.
    rate: f64,
    /// Mean response time of answers, seconds.
    response: f64,
    /// Share of requests that were reset.
    failures: f64,
}

fn nanos(duration: Duration) -> Time {
    duration.as_nanos() as Time
}

impl Simulation {
    fn new(users: usize, mix: Mix, limit: MaxOpen, seed: u64) -> Self {
        let mut simulation = Self {
            mix,
            limit,
            random: Pcg64Mcg::seed_from_u64(seed),
            seed,
            now: 0,
            agenda: BinaryHeap::new(),
            scheduled: 0,
            requests: 0,
            busy: 0,
            line: VecDeque::new(),
            open: vec![false; users],
            sent: vec![0; users],
        };
        for user in 0..users {
            simulation.think(user);
        }
        simulation
    }

    fn at(&mut self, after: Duration, event: Event) {
        self.scheduled += 1;
        let due = self.now + nanos(after);
        self.agenda.push(Reverse((due, self.scheduled, event)));
    }

    fn uniform(&mut self) -> f64 {
        f64::from(self.random.next_u32()) / (f64::from(u32::MAX) + 1.0)
    }

    fn think(&mut self, user: usize) {
        let seconds = 0.1 + 4.9 * self.uniform();
        self.at(Duration::from_secs_f64(seconds), Event::Send(user));
    }

    fn send(&mut self, user: usize) {
        self.sent[user] = self.now;
        if !self.open[user] {
            let open = self.open.iter().filter(|open| **open).count();
            if open >= self.limit.connections as usize {
                self.at(self.limit.wait, Event::Reset(user));
                return;
            }
            self.open[user] = true;
        }
        let mut ticket = self.random.next_u32() % self.mix.iter().sum::<u32>();
        let kinds = [Some(Query::ByTerm), Some(Query::ByOsuId), None, Some(Query::ById)];
        for (kind, weight) in kinds.into_iter().zip(self.mix) {
            if ticket < weight {
                match kind {
                    None => self.at(FREE_ANSWER, Event::Answer(user, false)),
                    Some(query) if self.busy < POOL => self.start(user, query),
                    Some(query) => self.line.push_back((user, query)),
                }
                return;
            }
            ticket -= weight;
        }
    }

    fn start(&mut self, user: usize, query: Query) {
        self.busy += 1;
        let base = base_time(query, false, Draws::of_request(self.seed, self.requests).base);
        self.requests += 1;
        self.at(service_time(base, self.busy), Event::Answer(user, true));
    }

    /// Runs for `warm_up` unseen, then for `window`.
    fn run(mut self, warm_up: Duration, window: Duration) -> Steady {
        let (from, to) = (nanos(warm_up), nanos(warm_up + window));
        let (mut answers, mut resets, mut response) = (0_u32, 0_u32, 0_u64);
        while let Some(Reverse((time, _, event))) = self.agenda.pop() {
            self.now = time;
            if time >= to {
                break;
            }
            match event {
                Event::Send(user) => self.send(user),
                Event::Reset(user) => {
                    resets += u32::from(time >= from);
                    self.think(user);
                }
                Event::Answer(user, query) => {
                    if time >= from {
                        answers += 1;
                        response += time - self.sent[user];
                    }
                    if query {
                        self.busy -= 1;
                        if let Some((next, query)) = self.line.pop_front() {
                            self.start(next, query);
                        }
                    }
                    self.think(user);
                }
            }
        }
        Steady {
            rate: f64::from(answers) / window.as_secs_f64(),
            response: response as f64 / f64::from(answers) / 1e9,
            failures: f64::from(resets) / f64::from(answers + resets),
        }
    }
}

fn steady(users: usize, mix: Mix, limit: MaxOpen) -> Steady {
    Simulation::new(users, mix, limit, 1).run(Duration::from_secs(300), Duration::from_secs(6_000))
}

fn close(value: f64, expected: f64, tolerance: f64) -> bool {
    (value / expected - 1.0).abs() <= tolerance
}

#[test]
fn response_times_are_those_the_model_is_known_by() {
    for (users, expected) in [(10, 0.142), (50, 0.215), (100, 0.469), (500, 10.4)] {
        let found = steady(users, MIXED, MaxOpen::OFF);
        assert!(
            close(found.response, expected, 0.02),
            "{users}: {}",
            found.response
        );
        // interactive response time law, Z = 2.55 s
        let law = users as f64 / (found.response + 2.55);
        assert!(close(found.rate, law, 0.02), "{users}: {} {law}", found.rate);
    }
}

#[test]
fn the_ceiling_depends_on_the_mix() {
    let mixed = steady(500, MIXED, MaxOpen::OFF);
    let terms = steady(500, TERMS_ONLY, MaxOpen::OFF);
    assert!(close(mixed.rate, 38.5, 0.01), "{}", mixed.rate);
    assert!(close(terms.rate, 27.6, 0.01), "{}", terms.rate);
}

#[test]
fn failures_stay_away_up_to_1000_users_and_grow_from_1500() {
    for (users, low, high) in [(1000, 0.0, 0.0), (1500, 0.08, 0.14), (2000, 0.2, 0.3)] {
        let found = steady(users, MIXED, MaxOpen::default());
        assert!(
            (low..=high).contains(&found.failures),
            "{users}: {}",
            found.failures
        );
    }
}

#[test]
fn a_first_minute_is_free_of_failures_whatever_the_users() {
    let first = Simulation::new(2000, MIXED, MaxOpen::default(), 1);
    let first = first.run(Duration::ZERO, Duration::from_secs(60));
    assert!(first.failures == 0.0, "{}", first.failures);
}
