//! `scenarios/capacity.yaml` under paused time against the model of the API, beside a long independent simulation.

use std::sync::Arc;

use runner::analysis::steady::{is_steady, windows};
use runner::engine::{Control, Hold, Observer, run_here};
use runner::measure::interval::Interval;
use runner::measure::recording::Timeline;
use runner::measure::run::RunInfo;
use runner::measure::sample::Example;
use runner::measure::snapshot::Snapshot;

use crate::support::model::{ModelTransport, simulate};
use crate::support::plan_of_file;

struct Silent;

impl Observer for Silent {
    fn interval(&mut self, _: &Arc<Interval>) {}
    fn example(&mut self, _: Example) {}
    fn warning(&mut self, _: String) {}
    fn snapshot(&mut self, _: Arc<Snapshot>) {}
    fn begin(&mut self, _: &Arc<RunInfo>) {}
    fn is_steady(&mut self, timeline: &Timeline, hold: &Hold) -> bool {
        is_steady(timeline, (hold.from, hold.to), hold.within)
    }
}

/// 5 %: a hold holds at least some 300 independent think times and services at each level, whose means then lie within
/// about 2 % (standard error), and the simulation is an order of magnitude longer.
const TOLERANCE: f64 = 0.05;

async fn levels_agree(seed: u64) {
    let plan = plan_of_file("scenarios/capacity.yaml", seed);
    let recording = run_here(plan, Control::default(), &mut Silent, ModelTransport::new(seed))
        .await
        .expect("a run");
    let summary = recording.summary(&windows(&recording));
    let mut wrong = Vec::new();
    for stage in &summary.stages {
        let users = stage.level as usize;
        let cycle = 2.55 + users as f64 / 38.0;
        let truth = simulate(users, 5.0 * cycle, 4000.0_f64.max(60.0 * cycle), seed + 1000);
        for (what, found, true_value) in [
            ("X", stage.figures.rate, truth.throughput),
            (
                "R",
                stage.figures.mean.unwrap_or_default().as_secs_f64(),
                truth.response,
            ),
        ] {
            if (found / true_value - 1.0).abs() > TOLERANCE {
                wrong.push(format!(
                    "seed {seed}, {users} users: {what} {found:.3}, simulation {true_value:.3}"
                ));
            }
        }
    }
    assert_eq!(summary.stages.len(), 9);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test(start_paused = true)]
async fn every_level_agrees_with_the_simulation_seed_1() {
    levels_agree(1).await;
}

#[tokio::test(start_paused = true)]
async fn every_level_agrees_with_the_simulation_seed_2() {
    levels_agree(2).await;
}

#[tokio::test(start_paused = true)]
async fn every_level_agrees_with_the_simulation_seed_3() {
    levels_agree(3).await;
}
