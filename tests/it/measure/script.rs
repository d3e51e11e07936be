//! A closed system without an engine: users that think and ask, told to the recorders as a worker would.

use std::collections::BinaryHeap;
use std::sync::Arc;
use std::time::Duration;

use runner::measure::aggregator::{Absorbed, Aggregator};
use runner::measure::recorder::{Cut, Flight, IterationResult, Recorder};
use runner::measure::recording::Recording;
use runner::measure::run::{End, Ending, FORMAT, Host, RunInfo};
use runner::measure::sample::{ConnectionUse, Outcome, Sample};
use runner::plan::outline::{EndpointOutline, Outline, Row, StageOutline, ThinkOutline};
use runner::plan::threshold::Threshold;
use runner::plan::{EndpointId, RowId, StageId};

pub(crate) fn ms(value: u64) -> Duration {
    Duration::from_millis(value)
}

pub(crate) fn secs(value: u64) -> Duration {
    Duration::from_secs(value)
}

/// Two endpoints, one row each; stages of `(ramp, hold)` seconds, levels 10, 20, ...
pub(crate) fn outline(stages: &[(u64, u64)], thresholds: Vec<Threshold>) -> Outline {
    let mut start = Duration::ZERO;
    let stages = stages.iter().zip(1..).map(|((ramp, hold), number)| {
        let hold_start = start + secs(*ramp);
        let stage = StageOutline {
            level: 10.0 * f64::from(number),
            start,
            hold_start,
            end: hold_start + secs(*hold),
            until_steady: None,
            kind: runner::plan::course::StageKind::Planned,
        };
        start = stage.end;
        stage
    });
    let names = ["by_term", "by id, with a comma"];
    Outline {
        name: "script".to_owned(),
        file: "script.yaml".to_owned(),
        description: None,
        url: "http://localhost/".to_owned(),
        demo: false,
        pool_size: None,
        connections: runner::plan::target::Connections::PerUser,
        endpoints: names
            .map(|name| EndpointOutline {
                name: name.to_owned(),
                weight: 1.0,
                journey: false,
            })
            .into(),
        rows: [0, 1]
            .map(|id| Row {
                name: names[usize::from(id)].to_owned(),
                method: "GET".to_owned(),
                endpoint: EndpointId(id),
            })
            .into(),
        pools: vec!["ids".to_owned()],
        in_turn: Vec::new(),
        search: None,
        turns: Vec::new(),
        stages: stages.collect(),
        open: false,
        think: ThinkOutline {
            words: "100 ms to 400 ms".to_owned(),
            mean: Some(ms(250)),
        },
        thresholds,
        seed: 1,
        stop_after: None,
        graceful_stop: secs(30),
    }
}

pub(crate) fn info(outline: Outline, workers: u16) -> Arc<RunInfo> {
    Arc::new(RunInfo {
        format: FORMAT,
        version: "0.1.0".to_owned(),
        started_unix_micros: 1_790_000_000_000_000,
        host: Host {
            system: "test".to_owned(),
            cores: 2,
            workers,
            open_files_limit: None,
            local_ports: None,
        },
        outline: Arc::new(outline),
    })
}

/// A plain successful sample.
pub(crate) fn sample(row: u16, stage: u16, sent: Duration, done: Duration) -> Sample {
    Sample {
        row: RowId(row),
        stage: StageId(stage),
        due: sent,
        sent,
        first_byte: Some(done),
        done,
        dns: None,
        connect: None,
        tls: None,
        resent: 0,
        connection: ConnectionUse::Reused,
        bytes_sent: 100,
        bytes_received: 1000,
        body_bytes: 900,
        redirects: 0,
        status: Some(200),
        outcome: Outcome::Success,
    }
}

/// The same, failed.
pub(crate) fn failed(mut sample: Sample, text: &str) -> Sample {
    sample.outcome = Outcome::Failure(Arc::from(text));
    sample.status = Some(503);
    sample
}

/// Numbers that look random: a linear congruence (Knuth's MMIX).
pub(crate) struct Numbers(pub(crate) u64);

impl Numbers {
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

/// What the script itself knows of a run.
#[derive(Clone, Debug, Default)]
pub(crate) struct Truth {
    /// Sent, done and row of each completed request.
    pub(crate) requests: Vec<(Duration, Duration, u16)>,
    pub(crate) failures: u64,
    /// Sent and row of those that never finished.
    pub(crate) unfinished: Vec<(Duration, u16)>,
}

/// A run of `users`, all there from the start, until the end of the load; then users finish what they are at, for `grace` at
/// most. The user with the number 3 hangs in its tenth request.
pub(crate) struct Run {
    pub(crate) info: Arc<RunInfo>,
    pub(crate) users: usize,
    pub(crate) grace: Duration,
}

enum Step {
    Ask,
    Answer(Flight, Sample),
}

impl Run {
    /// Tells everything to `take`, cut by cut, in order of time.
    pub(crate) fn play(&self, mut take: impl FnMut(Cut)) -> (Truth, End) {
        let outline = &self.info.outline;
        let load_until = outline.stages.last().unwrap().end;
        let workers = usize::from(self.info.host.workers);
        let mut recorders: Vec<Recorder> = (0..workers)
            .map(|worker| Recorder::new(outline, worker as u16))
            .collect();
        let mut numbers = Numbers(7);
        let mut truth = Truth::default();
        let mut steps: Vec<Option<Step>> = Vec::new();
        let mut asked = vec![0; self.users];
        let mut agenda = BinaryHeap::new();
        for user in 0..self.users {
            recorders[user % workers].users(Duration::ZERO, 1);
            recorders[user % workers].thinking(Duration::ZERO, 1);
            agenda.push(std::cmp::Reverse((
                Duration::from_micros(numbers.below(400_000)),
                user,
            )));
            steps.push(Some(Step::Ask));
        }
        let (mut tick, mut last) = (secs(1), Duration::ZERO);
        while let Some(std::cmp::Reverse((now, user))) = agenda.pop() {
            if now > load_until + self.grace {
                last = load_until + self.grace;
                break;
            }
            // The workers' ticks come late, as they do.
            while tick + ms(3) < now {
                recorders
                    .iter_mut()
                    .flat_map(|recorder| recorder.cut(tick + ms(3)))
                    .for_each(&mut take);
                tick += secs(1);
            }
            last = now;
            let recorder = &mut recorders[user % workers];
            match steps[user].take().unwrap() {
                Step::Ask if now >= load_until => {
                    recorder.thinking(now, -1);
                    recorder.users(now, -1);
                }
                Step::Ask => {
                    recorder.thinking(now, -1);
                    let stage = outline.stages.partition_point(|stage| stage.end <= now) as u16;
                    let row = numbers.below(2) as u16;
                    let flight = recorder.begin(RowId(row), StageId(stage), now, now);
                    asked[user] += 1;
                    if user == 3 && asked[user] == 10 {
                        // Hangs for ever.
                        truth.unfinished.push((now, row));
                        continue;
                    }
                    let done = now + Duration::from_micros(50_000 + numbers.below(300_000));
                    let mut answer = sample(row, stage, now, done);
                    if numbers.below(20) == 0 {
                        answer = failed(
                            answer,
                            ["expected 200, got 503", "Connection reset by peer"][row as usize],
                        );
                    }
                    steps[user] = Some(Step::Answer(flight, answer));
                    agenda.push(std::cmp::Reverse((done, user)));
                }
                Step::Answer(flight, answer) => {
                    truth.requests.push((answer.sent, answer.done, answer.row.0));
                    truth.failures += u64::from(answer.outcome != Outcome::Success);
                    recorder.finish(flight, &answer);
                    recorder.iteration(
                        EndpointId(answer.row.0),
                        answer.stage,
                        answer.sent,
                        now,
                        IterationResult::Done,
                    );
                    recorder.thinking(now, 1);
                    steps[user] = Some(Step::Ask);
                    let pause = Duration::from_micros(100_000 + numbers.below(300_000));
                    agenda.push(std::cmp::Reverse((now + pause, user)));
                }
            }
        }
        let at = if truth.unfinished.is_empty() {
            last
        } else {
            load_until + self.grace
        };
        recorders
            .into_iter()
            .flat_map(|recorder| recorder.end(at))
            .for_each(&mut take);
        (
            truth,
            End {
                how: Ending::Completed,
                load_until,
                at,
                warnings: Vec::new(),
            },
        )
    }

    /// The whole way to the recording; `journal` gets what a journal would.
    pub(crate) fn record(&self, mut journal: impl FnMut(Absorbed)) -> (Truth, Recording) {
        let mut aggregator = Aggregator::new(self.info.clone());
        let (truth, end) = self.play(|cut| journal(aggregator.absorb(cut)));
        let (rest, recording) = aggregator.finish(end);
        journal(Absorbed {
            intervals: rest,
            examples: Vec::new(),
        });
        (truth, recording)
    }
}

/// Ten users, two workers, two stages: ramp 5 s, hold 60 s each.
pub(crate) fn usual() -> Run {
    Run {
        info: info(outline(&[(5, 60), (5, 60)], Vec::new()), 2),
        users: 10,
        grace: secs(10),
    }
}
