//! How often the 95 % intervals hold the truth.

use runner::analysis::estimate::Estimate;
use runner::analysis::level::Level;
use runner::analysis::levels::with_intervals;
use runner::analysis::steady::{is_steady, windows};
use runner::measure::recording::Recording;
use runner::measure::summary::WindowChoice;

use super::exact::Exact;
use super::queue::{Queue, RAMP, Source};

const RUNS: u64 = 200;

/// The share of requests that fail.
const FAILING: f64 = 0.02;

/// What came of many runs.
#[derive(Clone, Copy, Debug, Default)]
struct Tried {
    runs: u64,
    /// Those that were taken for not steady: nothing is said of them.
    refused: u64,
    /// Seconds held.
    held: u64,
    /// Intervals that hold the truth, of throughput, mean, p50, p95, failed share.
    covered: [u64; 5],
}

impl Tried {
    fn add(mut self, other: Self) -> Self {
        self.runs += other.runs;
        self.refused += other.refused;
        self.held += other.held;
        for (count, more) in self.covered.iter_mut().zip(other.covered) {
            *count += more;
        }
        self
    }

    /// Of 100 runs that were not refused.
    fn percentages(&self) -> [f64; 5] {
        let judged = (self.runs - self.refused) as f64;
        self.covered.map(|count| 100.0 * count as f64 / judged)
    }
}

/// Four servers of 0.1 s: 40 requests/s at most, with a knee at 80 users.
fn closed(users: usize, hold: u64) -> Queue {
    Queue {
        failing: [FAILING; 2],
        ..Queue::new(Source::Closed { users, think: 1.9 }, 4, 0.1, hold)
    }
}

/// One server of 0.1 s.
fn open(rate: f64, hold: u64) -> Queue {
    Queue {
        failing: [FAILING; 2],
        ..Queue::new(Source::Open { rate }, 1, 0.1, hold)
    }
}

fn level(recording: &Recording) -> Option<Level> {
    let windows = windows(recording);
    let steady = windows[0].choice != WindowChoice::NotSteady;
    steady.then(|| with_intervals(recording, &recording.summary(&windows)).remove(0))
}

/// Which intervals hold the truth; none of them, if the run was refused.
fn judge(recording: &Recording, exact: &Exact) -> Tried {
    let mut tried = Tried {
        runs: 1,
        held: recording.end.load_until.as_secs() - RAMP,
        ..Tried::default()
    };
    let Some(level) = level(recording) else {
        tried.refused = 1;
        return tried;
    };
    let figures: [(Option<Estimate>, f64); 5] = [
        (Some(level.rate), exact.rate),
        (level.mean, exact.mean),
        (level.p50, exact.p50),
        (level.p95, exact.p95),
        (Some(level.failure_share), FAILING),
    ];
    tried.covered = figures.map(|(figure, truth)| {
        let interval = figure.and_then(|figure| figure.interval);
        u64::from(interval.is_some_and(|interval| interval.holds(truth)))
    });
    tried
}

/// Many runs, on two threads.
fn try_runs(queue: &Queue, runs: u64, run: impl Fn(&Queue, u64) -> Recording + Sync) -> Tried {
    let exact = Exact::of(queue);
    let part = |first: u64| {
        let seeds = (first..runs).step_by(2);
        seeds.fold(Tried::default(), |tried, seed| {
            tried.add(judge(&run(queue, seed), &exact))
        })
    };
    std::thread::scope(|scope| {
        let other = scope.spawn(|| part(1));
        part(0).add(other.join().unwrap())
    })
}

/// Each figure must be held in 90 of 100 runs by the sum over the levels (590 runs, so that a share of 93 % comes out below 90 %
/// three times in a thousand), and at each level in 86: 90 less two standard deviations of 196 runs and more. An interval
/// that is never missed would be too wide to be worth anything. Runs refused by chance: 3 %, and 6 % at most (2.5 deviations).
#[test]
fn intervals_of_closed_queues_hold_the_truth_in_nine_of_ten_runs() {
    let levels = [closed(20, 120), closed(70, 120), closed(160, 160)];
    let tried = levels.map(|queue| try_runs(&queue, RUNS, Queue::run));
    for level in &tried {
        assert!(
            level.percentages().iter().all(|share| *share >= 86.0),
            "{level:?}"
        );
        assert!(100 * level.refused <= 6 * level.runs, "{level:?}");
    }
    let all = tried.into_iter().fold(Tried::default(), Tried::add);
    let shares = all.percentages();
    assert!(shares.iter().all(|share| *share >= 90.0), "{shares:?}");
    assert!(shares.iter().all(|share| *share < 99.5), "{shares:?}");
}

/// Of one server at half of what it can do, and at eight tenths. The throughput is what arrives. The mean of a queue that takes half a
/// minute to forget how long it was is another matter: it is held less often, as its report says.
#[test]
fn intervals_of_an_open_queue_hold_the_throughput_in_nine_of_ten_runs_and_the_mean_in_three_of_four() {
    for queue in [open(5.0, 120), open(8.0, 120)] {
        let tried = try_runs(&queue, RUNS / 2, Queue::run);
        let [rate, mean, _, _, failures] = tried.percentages();
        assert!(rate >= 90.0 && mean >= 75.0 && failures >= 90.0, "{tried:?}");
    }
}

/// Looking again and again until the interval is narrow picks those that are narrow by chance.
#[test]
fn holds_that_end_when_they_are_steady_hold_the_throughput_in_nine_of_ten_runs() {
    let levels = [closed(70, 300), closed(90, 300), closed(160, 300)];
    let tried = levels.map(|queue| try_runs(&queue, RUNS / 2, until_steady));
    for level in &tried {
        // 93 % less two and a half standard deviations of 100 runs.
        assert!(level.percentages()[0] >= 86.0, "{level:?}");
    }
    let all = tried.into_iter().fold(Tried::default(), Tried::add);
    assert!(all.percentages()[0] >= 90.0, "{all:?}");
    // Most ended before the time was up.
    assert!(all.held < 220 * all.runs, "{all:?}");
}

/// Held until it is steady, from 60 s on, the hold of the queue at most. The same seed gives the same run up to there.
fn until_steady(queue: &Queue, seed: u64) -> Recording {
    let whole = queue.run(seed);
    let from = RAMP as u32;
    let mut looks = (60..queue.hold as u32).step_by(5);
    let ends = looks.find(|length| is_steady(&whole.timeline, (from, from + length), 0.05));
    match ends {
        Some(hold) => Queue {
            hold: u64::from(hold),
            ..*queue
        }
        .run(seed),
        None => whole,
    }
}
