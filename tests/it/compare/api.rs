//! An API as a queue, and runs against it: users that think and ask, told to a recorder as a worker would.
//!
//! Its response times are not independent: requests wait for one of a few servers, so that a slow one delays those behind
//! it; and now and then comes a spell in which every service takes longer.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use rand_core::SeedableRng;
use rand_pcg::Pcg64Mcg;
use runner::analysis::steady::windows;
use runner::measure::aggregator::Aggregator;
use runner::measure::recorder::{Flight, IterationResult, Recorder};
use runner::measure::recording::Recording;
use runner::measure::run::{End, Ending, RunInfo};
use runner::measure::sample::Sample;
use runner::measure::summary::RunSummary;
use runner::plan::draw::uniform;
use runner::plan::{EndpointId, RowId, StageId};

use crate::measure::script::{failed, info, outline, sample, secs};

/// Mean service time of each row, seconds: half of it fixed, half of it exponential.
const SERVICE: [f64; 2] = [0.06, 0.15];
/// Users for each server: a third of the servers are busy.
const USERS_PER_SERVER: usize = 10;
/// Mean think time, seconds.
const THINK: f64 = 2.8;
/// A spell: how long it lasts, how long there is none (means, seconds), and how much longer services take in it.
const SPELL: (f64, f64, f64) = (1.0, 8.0, 1.4);

/// An API and the run against it.
#[derive(Clone, Debug)]
pub(super) struct Api {
    pub(super) seed: u64,
    pub(super) users: usize,
    /// Seconds of each level. The users stay the same: a level here is only a stretch of time.
    pub(super) holds: Vec<u64>,
    /// Of each row, what multiplies its response times.
    pub(super) slower: [f64; 2],
    /// Share of the requests that are of the first row.
    pub(super) first: f64,
    /// Share that fails.
    pub(super) failing: f64,
}

/// A run that is over.
pub(super) struct Done {
    pub(super) recording: Recording,
    pub(super) summary: RunSummary,
}

impl Api {
    /// 50 users for 100 seconds: some 1,700 requests.
    pub(super) fn usual(seed: u64) -> Self {
        Self {
            seed,
            users: 50,
            holds: vec![100],
            slower: [1.0; 2],
            first: 0.7,
            failing: 0.0,
        }
    }

    /// With response times so many times as long.
    pub(super) fn slower(self, factor: f64) -> Self {
        Self {
            slower: self.slower.map(|slower| slower * factor),
            ..self
        }
    }

    pub(super) fn info(&self) -> Arc<RunInfo> {
        let stages: Vec<_> = self.holds.iter().map(|hold| (0, *hold)).collect();
        let mut info = RunInfo::clone(&info(outline(&stages, Vec::new()), 1));
        // No two runs begin in the same microsecond.
        info.started_unix_micros += self.seed * 1_000_000;
        Arc::new(info)
    }

    pub(super) fn run(&self) -> Done {
        let mut world = World::new(self);
        world.play();
        let recording = world.end();
        let summary = recording.summary(&windows(&recording));
        Done { recording, summary }
    }
}

/// What comes next for a user.
enum Next {
    Ask,
    /// The server is free again; the response comes then, or later where the API is slower.
    Served,
    Answer(Box<Sample>),
}

/// A request under way.
struct Asked {
    at: u64,
    row: u16,
    stage: u16,
    flight: Flight,
}

struct World<'a> {
    api: &'a Api,
    random: Pcg64Mcg,
    recorder: Recorder,
    aggregator: Aggregator,
    /// Time in microseconds, a number that keeps the order of equal times, and the user.
    agenda: BinaryHeap<Reverse<(u64, u64, usize)>>,
    number: u64,
    next: Vec<Next>,
    /// What each user has asked for.
    asked: Vec<Option<Asked>>,
    queue: VecDeque<usize>,
    busy: usize,
    /// Whether there is a spell, and until when this lasts.
    spell: (bool, u64),
    cut: u64,
}

impl<'a> World<'a> {
    fn new(api: &'a Api) -> Self {
        let info = api.info();
        let mut world = Self {
            api,
            random: Pcg64Mcg::seed_from_u64(api.seed),
            recorder: Recorder::new(&info.outline, 0),
            aggregator: Aggregator::new(info),
            agenda: BinaryHeap::new(),
            number: 0,
            next: Vec::new(),
            asked: (0..api.users).map(|_| None).collect(),
            queue: VecDeque::new(),
            busy: 0,
            spell: (false, 0),
            cut: 1,
        };
        for user in 0..api.users {
            world.recorder.users(Duration::ZERO, 1);
            world.recorder.thinking(Duration::ZERO, 1);
            world.next.push(Next::Ask);
            let begins = world.exponential(THINK);
            world.at(begins, user);
        }
        world
    }

    fn uniform(&mut self) -> f64 {
        uniform(&mut self.random)
    }

    /// Microseconds.
    fn exponential(&mut self, mean: f64) -> u64 {
        (-mean * (1.0 - self.uniform()).ln() * 1e6) as u64
    }

    fn at(&mut self, micros: u64, user: usize) {
        self.number += 1;
        self.agenda.push(Reverse((micros, self.number, user)));
    }

    fn until(&self) -> u64 {
        1_000_000 * self.api.holds.iter().sum::<u64>()
    }

    fn play(&mut self) {
        while let Some(Reverse((now, _, user))) = self.agenda.pop() {
            while self.cut * 1_000_000 < now {
                for cut in self.recorder.cut(secs(self.cut)) {
                    self.aggregator.absorb(cut);
                }
                self.cut += 1;
            }
            let time = Duration::from_micros(now);
            match std::mem::replace(&mut self.next[user], Next::Ask) {
                Next::Ask if now >= self.until() => {
                    self.recorder.thinking(time, -1);
                    self.recorder.users(time, -1);
                }
                Next::Ask => {
                    self.recorder.thinking(time, -1);
                    self.ask(now, user);
                }
                Next::Served => {
                    self.busy -= 1;
                    self.respond(now, user);
                }
                Next::Answer(sample) => {
                    if let Some(asked) = self.asked[user].take() {
                        self.recorder.finish(asked.flight, &sample);
                    }
                    self.recorder.iteration(
                        EndpointId(sample.row.0),
                        sample.stage,
                        sample.sent,
                        time,
                        IterationResult::Done,
                    );
                    self.recorder.thinking(time, 1);
                    let pause = self.exponential(THINK);
                    self.at(now + pause, user);
                }
            }
            self.serve(now);
        }
    }

    fn ask(&mut self, now: u64, user: usize) {
        let row = u16::from(self.uniform() >= self.api.first);
        let ends = self.api.holds.iter().scan(0, |end, hold| {
            *end += hold * 1_000_000;
            Some(*end)
        });
        let stage = ends.filter(|end| *end <= now).count() as u16;
        let sent = Duration::from_micros(now);
        let flight = self.recorder.begin(RowId(row), StageId(stage), sent, sent);
        self.asked[user] = Some(Asked {
            at: now,
            row,
            stage,
            flight,
        });
        self.queue.push_back(user);
    }

    /// Those who wait longest get the servers that are free.
    fn serve(&mut self, now: u64) {
        while self.busy < self.api.users.div_ceil(USERS_PER_SERVER)
            && let Some(user) = self.queue.pop_front()
        {
            self.busy += 1;
            while self.spell.1 <= now {
                let slow = !self.spell.0;
                let lasts = self.exponential(if slow { SPELL.0 } else { SPELL.1 });
                self.spell = (slow, self.spell.1 + lasts);
            }
            let mean = self.asked[user]
                .as_ref()
                .map_or(0.0, |asked| SERVICE[usize::from(asked.row)]);
            let longer = if self.spell.0 { SPELL.2 } else { 1.0 };
            let half = mean * longer / 2.0;
            let service = (half * 1e6) as u64 + self.exponential(half);
            self.next[user] = Next::Served;
            self.at(now + service, user);
        }
    }

    /// The response to a request whose server is free again, on its way.
    fn respond(&mut self, now: u64, user: usize) {
        let Some(Asked { at, row, stage, .. }) = &self.asked[user] else {
            return;
        };
        let takes = ((now - at) as f64 * self.api.slower[usize::from(*row)]) as u64;
        let (sent, done) = (Duration::from_micros(*at), Duration::from_micros(at + takes));
        let (done_at, mut answer) = (at + takes, sample(*row, *stage, sent, done));
        if self.uniform() < self.api.failing {
            answer = failed(answer, "expected 200, got 503");
        }
        self.next[user] = Next::Answer(Box::new(answer));
        self.at(done_at, user);
    }

    fn end(self) -> Recording {
        let load_until = Duration::from_micros(self.until());
        let mut aggregator = self.aggregator;
        let at = secs(self.cut).max(load_until);
        for cut in self.recorder.end(at) {
            aggregator.absorb(cut);
        }
        let end = End {
            how: Ending::Completed,
            warnings: Vec::new(),
            load_until,
            at,
        };
        aggregator.finish(end).1
    }
}
