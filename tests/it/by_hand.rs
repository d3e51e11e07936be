//! A run that a person changes while it goes on, under paused time: what is sent, and what the figures say of it.

use std::sync::Arc;
use std::time::Duration;

use runner::analysis::Analysis;
use runner::analysis::steady::windows;
use runner::engine::{Control, Hold, Observer, run_here};
use runner::measure::interval::Interval;
use runner::measure::journal::{self, Journal};
use runner::measure::recording::{Recording, Timeline};
use runner::measure::run::{Ending, RunInfo};
use runner::measure::sample::Example;
use runner::measure::snapshot::Snapshot;
use runner::measure::summary::{Phase, RunSummary};
use runner::plan::course::Change;
use runner::report::markdown;
use tokio::time::sleep;

use crate::support::plan_of;
use crate::support::script::{Answer, Asked, ScriptTransport};

/// Keeps what it is told, and a journal where it has a folder for it.
#[derive(Default)]
struct Keeper {
    folder: Option<std::path::PathBuf>,
    journal: Option<Journal>,
    snapshots: Vec<Arc<Snapshot>>,
    warnings: Vec<String>,
}

impl Observer for Keeper {
    fn begin(&mut self, info: &Arc<RunInfo>) {
        self.journal = self
            .folder
            .as_ref()
            .map(|folder| Journal::create(folder, info).expect("a journal"));
    }
    fn interval(&mut self, interval: &Arc<Interval>) {
        if let Some(journal) = &self.journal {
            journal.interval(Arc::clone(interval));
        }
    }
    fn example(&mut self, _: Example) {}
    fn warning(&mut self, words: String) {
        self.warnings.push(words);
    }
    fn snapshot(&mut self, snapshot: Arc<Snapshot>) {
        self.snapshots.push(snapshot);
    }
    fn is_steady(&mut self, _: &Timeline, _: &Hold) -> bool {
        false
    }
}

/// Runs a scenario, making changes at so many milliseconds.
async fn changed(
    yaml: &str,
    transport: &ScriptTransport,
    keeper: &mut Keeper,
    turns: &[(u64, Change)],
) -> Recording {
    let control = Control::default();
    let hand = control.clone();
    let by_hand = async {
        let mut before = 0;
        for (at, change) in turns {
            sleep(Duration::from_millis(at - before)).await;
            before = *at;
            hand.change(change.clone());
        }
    };
    let run = run_here(plan_of(yaml), control, keeper, transport.clone());
    let (recording, ()) = tokio::join!(run, by_hand);
    recording.expect("a run")
}

fn level(level: f64, ramp_ms: u64) -> Change {
    Change::Level {
        level,
        ramp: Duration::from_millis(ramp_ms),
    }
}

fn summary(recording: &Recording) -> RunSummary {
    recording.summary(&windows(recording))
}

/// Requests asked for in [from, to) milliseconds.
fn between(asked: &[Asked], from: u64, to: u64) -> usize {
    let within = |asked: &&Asked| (u128::from(from)..u128::from(to)).contains(&asked.at.as_millis());
    asked.iter().filter(within).count()
}

/// Each user sends once a second: 100 ms for the answer, 900 ms to think.
const CLOSED: &str = "name: test\ntarget: { url: 'http://api.test/v1' }\nthink: { constant: 900ms }\n\
                      endpoints: [{ name: a, get: /a }]\nstages: [{ users: 4, ramp: 0s, hold: 30s }, { users: 2, ramp: 0s, hold: 10s }]";

const OPEN: &str = "name: test\ntarget: { url: 'http://api.test/v1' }\narrivals: even\n\
                    endpoints: [{ name: a, get: /a }]\nstages: [{ rate: 10/s, ramp: 0s, hold: 30s }]";

fn prompt() -> ScriptTransport {
    ScriptTransport::new(|_| Answer::ok(100, ""))
}

#[tokio::test(start_paused = true)]
async fn users_come_and_go_when_a_level_is_set_by_hand() {
    let transport = prompt();
    let mut keeper = Keeper::default();
    let turns = [(10_500, level(10.0, 0)), (20_500, level(3.0, 0))];
    let recording = changed(CLOSED, &transport, &mut keeper, &turns).await;
    let asked = transport.asked();
    assert_eq!(between(&asked, 0, 10_500), 4 * 11);
    // Six more, at once.
    assert_eq!(between(&asked, 10_500, 20_500), 10 * 10);
    // Those that think leave at once; of the ten three stay.
    assert_eq!(between(&asked, 21_000, 30_000), 3 * 9);
    assert_eq!(between(&asked, 31_000, 40_000), 2 * 9);
    assert_eq!(recording.end.how, Ending::Completed);
    assert_eq!(
        recording.end.load_until,
        Duration::from_secs(40),
        "no ramp, no delay"
    );
    let summary = summary(&recording);
    let levels: Vec<(f64, f64)> = summary
        .stages
        .iter()
        .map(|s| (s.level, s.users.round()))
        .collect();
    assert_eq!(levels, [(4.0, 4.0), (10.0, 10.0), (3.0, 3.0), (2.0, 2.0)]);
    assert!(keeper.warnings.is_empty(), "{:?}", keeper.warnings);
}

#[tokio::test(start_paused = true)]
async fn a_ramp_by_hand_brings_users_evenly() {
    let transport = prompt();
    let mut keeper = Keeper::default();
    changed(CLOSED, &transport, &mut keeper, &[(10_000, level(14.0, 10_000))]).await;
    let users: Vec<u64> = keeper.snapshots.iter().map(|snapshot| snapshot.users).collect();
    // One more each second from the tenth on.
    assert_eq!(users[9..22], [4, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 14]);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_sent_in_a_pause_and_the_plan_goes_on_after_it() {
    let transport = prompt();
    let mut keeper = Keeper::default();
    let turns = [(10_050, Change::Pause), (20_050, Change::Resume)];
    let recording = changed(CLOSED, &transport, &mut keeper, &turns).await;
    let asked = transport.asked();
    assert_eq!(between(&asked, 10_050, 20_050), 0);
    // Users think first, then go on: the stage has 19.95 s left, of which each thinks 0.9 s.
    assert_eq!(between(&asked, 20_050, 40_000), 4 * 20);
    assert_eq!(recording.end.load_until, Duration::from_secs(50));
    let phases: Vec<Phase> = keeper.snapshots.iter().map(|snapshot| snapshot.phase).collect();
    // A snapshot each second, and one at once after each change.
    assert!(phases[..10].iter().all(|phase| *phase == Phase::Hold));
    assert!(phases[10..21].iter().all(|phase| *phase == Phase::Pause));
    assert!(phases[21..40].iter().all(|phase| *phase == Phase::Hold));
    let summary = summary(&recording);
    // The pause is no level, and its seconds are in no rate.
    let levels: Vec<f64> = summary.stages.iter().map(|stage| stage.level).collect();
    assert_eq!(levels, [4.0, 4.0, 2.0]);
    let length = summary.length.as_secs_f64();
    assert!((39.0..=41.0).contains(&length), "{length}");
    let rates: Vec<f64> = summary.stages.iter().map(|stage| stage.figures.rate).collect();
    // What was under way when the last stage began is completed in it.
    assert_eq!(rates, [4.0, 4.0, 2.2]);
}

#[tokio::test(start_paused = true)]
async fn a_paused_run_can_be_stopped() {
    let transport = prompt();
    let mut keeper = Keeper::default();
    let control = Control::default();
    let hand = control.clone();
    let by_hand = async {
        sleep(Duration::from_secs(5)).await;
        hand.change(Change::Pause);
        sleep(Duration::from_secs(5)).await;
        hand.stop(runner::engine::Stop::Gently);
    };
    let run = run_here(plan_of(CLOSED), control, &mut keeper, transport.clone());
    let (recording, ()) = tokio::join!(run, by_hand);
    let recording = recording.expect("a run");
    assert_eq!(recording.end.how, Ending::Interrupted);
    assert_eq!(
        recording.end.at.as_millis(),
        10_000,
        "no one had anything left to do"
    );
}

#[tokio::test(start_paused = true)]
async fn arrivals_follow_a_rate_that_is_set_by_hand_and_pause_with_it() {
    let transport = prompt();
    let mut keeper = Keeper::default();
    let turns = [
        (10_050, level(50.0, 0)),
        (15_050, Change::Pause),
        (20_050, Change::Resume),
    ];
    let recording = changed(OPEN, &transport, &mut keeper, &turns).await;
    let asked = transport.asked();
    assert_eq!(between(&asked, 0, 10_050), 101);
    assert_eq!(between(&asked, 10_050, 15_050), 250);
    assert_eq!(between(&asked, 15_050, 20_050), 0);
    assert_eq!(between(&asked, 20_050, 40_000), 50 * 20 - 50 * 5 - 3);
    assert_eq!(recording.end.load_until, Duration::from_secs(35));
    // Even distances, over the pause too: half of one was over when the rate changed, and 1/50 s is the distance from then on.
    let gaps: Vec<u128> = asked
        .windows(2)
        .map(|pair| pair[1].at.saturating_sub(pair[0].at).as_millis())
        .filter(|gap| !matches!(gap, 20 | 100))
        .collect();
    assert_eq!(gaps.len(), 2, "{gaps:?}");
}

#[tokio::test(start_paused = true)]
async fn the_live_figures_begin_anew_and_nothing_is_lost() {
    let transport = prompt();
    let mut keeper = Keeper::default();
    let recording = changed(CLOSED, &transport, &mut keeper, &[(10_500, Change::Reset)]).await;
    let so_far = |second: usize| {
        let so_far = &keeper.snapshots[second].so_far;
        (so_far.since.as_secs(), so_far.requests)
    };
    // A snapshot each second, and one at once when a person changed something.
    assert_eq!(so_far(9), (0, 40));
    assert_eq!(so_far(10), (10, 0));
    assert_eq!(so_far(11), (10, 4));
    let summary = summary(&recording);
    assert_eq!(summary.total.requests, 4 * 30 + 2 * 10);
    let rows: Vec<u64> = summary
        .stages
        .iter()
        .map(|stage| stage.figures.requests)
        .collect();
    assert_eq!(rows, [40, 76, 20], "before, after, and the next level");
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_done_is_said_and_changes_nothing() {
    let transport = prompt();
    let mut keeper = Keeper::default();
    let turns = [(5_000, Change::Resume), (6_000, level(2e6, 0))];
    let recording = changed(CLOSED, &transport, &mut keeper, &turns).await;
    assert_eq!(
        keeper.warnings,
        [
            "nothing was changed: the run is not paused",
            "nothing was changed: a level is a number from 0 to 1000000"
        ]
    );
    assert_eq!(recording.info.outline.stages.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_journal_says_the_same_and_the_report_tells_what_was_done() {
    let folder = tempfile::tempdir().expect("a folder");
    let transport = prompt();
    let mut keeper = Keeper {
        folder: Some(folder.path().to_owned()),
        ..Keeper::default()
    };
    let turns = [
        (10_500, level(10.0, 2_000)),
        (15_000, Change::Reset),
        (20_000, Change::Pause),
        (25_000, Change::Resume),
    ];
    let mut recording = changed(CLOSED, &transport, &mut keeper, &turns).await;
    let journal = keeper.journal.take().expect("a journal");
    recording.storage = journal.finish(&recording.end);
    let read = journal::read(folder.path()).expect("the journal");
    assert_eq!(read, recording);
    let summary = summary(&read);
    let report = markdown::report(&summary, &Analysis::of_run(&read, &summary));
    let section = report.split("## Changed by hand").nth(1).expect("a section");
    let section = section.split("\n## ").next().unwrap_or_default();
    let items: Vec<&str> = section.lines().filter(|line| line.starts_with("- ")).collect();
    assert_eq!(
        items,
        [
            "- At 10.5 s: 10 users, reached within 2 s",
            "- At 15.0 s: the figures began anew",
            "- At 20.0 s: paused for 5 s",
            "- At 25.0 s: resumed",
        ]
    );
    assert!(report.contains("changed by hand while it went on"));
}
