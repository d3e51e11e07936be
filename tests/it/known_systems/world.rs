//! Systems whose requests are completed at a rate that depends on how many are in flight alone, so that their throughput is known
//! for every load: runs against them, told to a recorder as a worker would.

use std::collections::VecDeque;
use std::time::Duration;

use rand_core::SeedableRng;
use rand_pcg::Pcg64Mcg;
use runner::analysis::Analysis;
use runner::analysis::steady::windows;
use runner::measure::aggregator::Aggregator;
use runner::measure::recorder::{Flight, IterationResult, Recorder};
use runner::measure::run::{End, Ending};
use runner::measure::summary::RunSummary;
use runner::plan::draw::uniform;
use runner::plan::outline::{EndpointOutline, Outline, Row};
use runner::plan::{EndpointId, RowId, StageId};

use crate::measure::script::{failed, info, outline, sample};

/// Mean think time, seconds.
pub(super) const THINK: f64 = 2.5;
/// Seconds before each hold, in which the system comes to terms with its load.
const RAMP: u64 = 40;
/// A refusal is as quick as this.
const REFUSED: f64 = 0.002;

/// What a system is asked about.
pub(super) struct State {
    pub(super) in_flight: usize,
    /// Requests answered so far, refusals too.
    pub(super) answered: u64,
    /// Seconds since the start.
    pub(super) now: f64,
    /// What a rate limiter has left, and since when.
    pub(super) tokens: (f64, f64),
}

/// A system under a load.
pub(super) struct World {
    /// Users or arrivals per second of each level.
    pub(super) levels: Vec<f64>,
    /// The open model; arrivals that find so many users busy are dropped.
    pub(super) max_users: Option<usize>,
    /// Seconds of each hold.
    pub(super) hold: u64,
    /// Requests completed per second.
    pub(super) rate: fn(&State) -> f64,
    /// Whether a request is refused on arrival.
    pub(super) refuses: fn(&mut State) -> bool,
    /// Failed share of each row; there are as many as this has.
    pub(super) failing: Vec<f64>,
}

impl World {
    /// Closed levels of five minutes, one row, no failure.
    pub(super) fn closed(levels: &[f64], rate: fn(&State) -> f64) -> Self {
        Self {
            levels: levels.to_vec(),
            max_users: None,
            hold: 300,
            rate,
            refuses: |_| false,
            failing: vec![0.0],
        }
    }

    fn outline(&self) -> Outline {
        let stages: Vec<_> = self.levels.iter().map(|_| (RAMP, self.hold)).collect();
        let mut outline = outline(&stages, Vec::new());
        "api.yaml".clone_into(&mut outline.file);
        for (stage, level) in outline.stages.iter_mut().zip(&self.levels) {
            stage.level = *level;
        }
        outline.open = self.max_users.is_some();
        outline.think.mean = Some(Duration::from_secs_f64(if outline.open { 0.0 } else { THINK }));
        let names = (0..self.failing.len()).map(|row| format!("row {row}"));
        outline.endpoints = names
            .clone()
            .map(|name| EndpointOutline {
                name,
                weight: 1.0,
                journey: false,
            })
            .collect();
        outline.rows = names
            .zip(0..)
            .map(|(name, number)| Row {
                name,
                method: "GET".to_owned(),
                endpoint: EndpointId(number),
            })
            .collect();
        outline
    }

    /// One run, and what is made of it.
    pub(super) fn run(&self, seed: u64) -> (RunSummary, Analysis) {
        let info = info(self.outline(), 1);
        let mut run = Run {
            world: self,
            random: Pcg64Mcg::seed_from_u64(seed),
            recorder: Recorder::new(&info.outline, 0),
            state: State {
                in_flight: 0,
                answered: 0,
                now: 0.0,
                tokens: (0.0, 0.0),
            },
            stage: 0,
            users: 0,
            thinking: 0,
            flights: VecDeque::new(),
            refusals: VecDeque::new(),
        };
        let mut aggregator = Aggregator::new(info);
        let mut second = 0;
        for stage in 0..self.levels.len() {
            run.begin(stage);
            for _ in 0..RAMP + self.hold {
                second += 1;
                run.until(second as f64);
                for cut in run.recorder.cut(Duration::from_secs(second)) {
                    aggregator.absorb(cut);
                }
            }
        }
        let at = Duration::from_secs(second);
        for cut in run.recorder.end(at) {
            aggregator.absorb(cut);
        }
        let recording = aggregator
            .finish(End {
                how: Ending::Completed,
                warnings: Vec::new(),
                load_until: at,
                at,
            })
            .1;
        let summary = recording.summary(&windows(&recording));
        let analysis = Analysis::of_run(&recording, &summary);
        (summary, analysis)
    }
}

/// A request under way.
struct Asked {
    flight: Flight,
    sent: f64,
    row: u16,
    stage: u16,
}

/// Think times, services and the times between arrivals are exponential, so that what comes next may be drawn afresh at any time.
struct Run<'a> {
    world: &'a World,
    random: Pcg64Mcg,
    recorder: Recorder,
    state: State,
    stage: u16,
    users: usize,
    thinking: usize,
    flights: VecDeque<Asked>,
    /// With the time at which each is told.
    refusals: VecDeque<(f64, Asked)>,
}

impl Run<'_> {
    fn uniform(&mut self) -> f64 {
        uniform(&mut self.random)
    }

    fn time(&self) -> Duration {
        Duration::from_secs_f64(self.state.now)
    }

    fn begin(&mut self, stage: usize) {
        self.stage = stage as u16;
        if self.world.max_users.is_none() {
            let more = self.world.levels[stage] as usize - self.users;
            let now = self.time();
            self.recorder.users(now, i32::try_from(more).expect("few users"));
            self.recorder
                .thinking(now, i32::try_from(more).expect("few users"));
            self.users += more;
            self.thinking += more;
        }
    }

    fn until(&mut self, end: f64) {
        loop {
            let asks = match self.world.max_users {
                Some(_) => self.world.levels[usize::from(self.stage)],
                None => self.thinking as f64 / THINK,
            };
            self.state.in_flight = self.flights.len();
            let answers = if self.flights.is_empty() {
                0.0
            } else {
                (self.world.rate)(&self.state)
            };
            let next = self.state.now - (1.0 - self.uniform()).ln() / (asks + answers);
            let refusal = self.refusals.front().map_or(f64::INFINITY, |refusal| refusal.0);
            if refusal < end && refusal <= next {
                self.state.now = refusal;
                if let Some((_, asked)) = self.refusals.pop_front() {
                    self.answer(asked, Some("expected <400, got 429"));
                }
            } else if next < end {
                self.state.now = next;
                if self.uniform() * (asks + answers) < asks {
                    self.ask();
                } else if let Some(asked) = self.flights.pop_front() {
                    let fails = self.uniform() < self.world.failing[usize::from(asked.row)];
                    self.answer(asked, fails.then_some("expected <400, got 503"));
                }
            } else {
                self.state.now = end;
                return;
            }
        }
    }

    fn ask(&mut self) {
        let now = self.time();
        match self.world.max_users {
            Some(most) if self.flights.len() + self.refusals.len() >= most => {
                self.recorder.dropped(now, StageId(self.stage));
                return;
            }
            Some(_) => self.recorder.users(now, 1),
            None => {
                self.thinking -= 1;
                self.recorder.thinking(now, -1);
            }
        }
        let row = (self.uniform() * self.world.failing.len() as f64) as u16;
        let flight = self.recorder.begin(RowId(row), StageId(self.stage), now, now);
        let asked = Asked {
            flight,
            sent: self.state.now,
            row,
            stage: self.stage,
        };
        if (self.world.refuses)(&mut self.state) {
            self.refusals.push_back((self.state.now + REFUSED, asked));
        } else {
            self.flights.push_back(asked);
        }
    }

    fn answer(&mut self, asked: Asked, failure: Option<&str>) {
        let now = self.time();
        self.state.answered += 1;
        let sent = Duration::from_secs_f64(asked.sent);
        let mut told = sample(asked.row, asked.stage, sent, now);
        if let Some(words) = failure {
            told = failed(told, words);
        }
        self.recorder.finish(asked.flight, &told);
        let endpoint = EndpointId(asked.row);
        let result = match failure {
            None => IterationResult::Done,
            Some(_) => IterationResult::Failed,
        };
        self.recorder
            .iteration(endpoint, StageId(asked.stage), sent, now, result);
        if self.world.max_users.is_some() {
            self.recorder.users(now, -1);
        } else {
            self.thinking += 1;
            self.recorder.thinking(now, 1);
        }
    }
}
