//! How the run stands, as the browsers are told each second: figures and the last points of the charts over time. What
//! changes seldom is fetched by the page when `version` has.

use std::time::Duration;

use serde::Serialize;

use super::history::History;
use super::live::{Course, Live};
use super::view::{Limit, Row, limits, rows, warnings};
use crate::engine::Stop;
use crate::measure::snapshot::Snapshot;
use crate::measure::summary::Phase;
use crate::plan::outline::Outline;
use crate::report::chart::{self, Latest};
use crate::report::words;

/// What the browsers are told.
#[derive(Debug, Default, Serialize)]
pub(super) struct Now {
    /// Which of the runs of this program; 0 before the first.
    run: u64,
    /// When it began, microseconds since 1970: another program at the same address has other runs.
    started: u64,
    /// Of what is told of it beside figures.
    version: u64,
    /// `idle`, `going`, `writing` or `over`.
    course: &'static str,
    /// Whether a run can be started.
    can_start: bool,
    /// In words.
    state: String,
    /// Once it is over: whether it passed.
    passed: Option<bool>,
    /// Whether it is paused.
    paused: bool,
    /// Whether it was asked to stop: `no`, `gently` or `now`.
    asked: &'static str,
    /// Why the run that was asked for last did not begin.
    failed: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    figures: Option<Shown>,
}

/// The figures of a second.
#[derive(Debug, Serialize)]
struct Shown {
    at: f64,
    /// End of the last stage, where that is known.
    planned: Option<f64>,
    stage: usize,
    stages: u16,
    level: f64,
    users: u64,
    thinking: u64,
    in_flight: u64,
    waiting: u64,
    dropped: u64,
    oldest: Option<f64>,
    /// Of the last few seconds.
    rate: f64,
    failure_share: f64,
    p50: Option<f64>,
    p95: Option<f64>,
    /// Since when the figures of `total` and `rows` are.
    since: f64,
    total: Row,
    rows: Vec<Row>,
    thresholds: Vec<Limit>,
    warnings: Vec<String>,
    /// Seconds of a point.
    step: u32,
    points: Vec<Latest>,
}

/// Of the run, if there is one.
pub(super) fn now(live: Option<&Live>, history: &History, can_start: bool, failed: Option<&str>) -> Now {
    let failed = failed.map(str::to_owned);
    let Some(live) = live else {
        return Now {
            course: "idle",
            can_start,
            state: if can_start { "ready" } else { "starting" }.to_owned(),
            asked: "no",
            failed,
            ..Now::default()
        };
    };
    let snapshot = live.snapshot.as_deref();
    Now {
        run: live.number,
        started: live.run.info.started_unix_micros,
        version: live.version,
        course: match live.course {
            Course::Going => "going",
            Course::Writing => "writing",
            Course::Over(_) | Course::Failed(_) => "over",
        },
        can_start,
        state: state(live),
        passed: match &live.course {
            Course::Over(over) => Some(over.passed),
            Course::Failed(_) => Some(false),
            _ => None,
        },
        paused: snapshot.is_some_and(|snapshot| snapshot.phase == Phase::Pause),
        asked: match live.control.asked() {
            Stop::Run => "no",
            Stop::Gently => "gently",
            Stop::Now => "now",
        },
        failed,
        figures: snapshot.map(|snapshot| Shown::of(snapshot, live.outline(), history)),
    }
}

/// What it does, in words.
fn state(live: &Live) -> String {
    match &live.course {
        Course::Going => {}
        Course::Writing => return "writing reports".to_owned(),
        Course::Over(over) if over.passed => return "over: passed".to_owned(),
        Course::Over(_) => return "over: not passed".to_owned(),
        Course::Failed(_) => return "not carried out".to_owned(),
    }
    let Some(snapshot) = &live.snapshot else {
        return "starting".to_owned();
    };
    let level = || words::level(&snapshot.outline, snapshot.level);
    match (live.control.asked(), snapshot.phase) {
        (Stop::Now, _) => "stopping at once".to_owned(),
        (Stop::Gently, _) => "stopping: users finish what they are at".to_owned(),
        (Stop::Run, Phase::Ramp) => format!("going to {}", level()),
        (Stop::Run, Phase::Hold) => format!("holding {}", level()),
        (Stop::Run, Phase::Pause) => "paused".to_owned(),
        (Stop::Run, Phase::Stopping) if live.outline().search.is_some() => "between two levels".to_owned(),
        (Stop::Run, Phase::Stopping) => "waiting for the last responses".to_owned(),
    }
}

impl Shown {
    fn of(snapshot: &Snapshot, outline: &Outline, history: &History) -> Self {
        let seconds = |time: Option<Duration>| time.map(|time| time.as_secs_f64());
        // A pause ends when someone ends it, a search when it has found what it looks for.
        let known = snapshot.phase != Phase::Pause && outline.search.is_none();
        let last = history.latest(outline);
        Self {
            at: snapshot.at.as_secs_f64(),
            planned: known.then_some(snapshot.planned.as_secs_f64()),
            stage: usize::from(snapshot.stage.0) + 1,
            stages: snapshot.stages,
            level: snapshot.level,
            users: snapshot.users,
            thinking: snapshot.thinking,
            in_flight: snapshot.in_flight,
            waiting: snapshot.waiting,
            dropped: snapshot.dropped_arrivals,
            oldest: seconds(snapshot.oldest_in_flight),
            rate: snapshot.recent.rate,
            failure_share: snapshot.recent.failure_share,
            p50: seconds(snapshot.recent.p50),
            p95: seconds(snapshot.recent.p95),
            since: snapshot.so_far.since.as_secs_f64(),
            total: Row::total(snapshot),
            rows: rows(&snapshot.outline, snapshot),
            thresholds: limits(&snapshot.outline, snapshot),
            warnings: warnings(snapshot),
            step: last.step,
            points: chart::latest(last),
        }
    }
}
