//! The exact text of the line, and the run that the tests of all views show.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::sync::Arc;

use super::*;
use crate::measure::snapshot::{Recent, RowSoFar, SoFar};
use crate::plan::course::{Change, Turn};
use crate::plan::outline::Outline;
use crate::plan::{RowId, StageId};

const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

pub(in crate::live) fn outline() -> Outline {
    serde_json::from_value(serde_json::json!({
        "name": "term-heavy", "description": null, "url": "https://localhost:8080/v1", "demo": true, "pool_size": null,
        "endpoints": [{ "name": "get_by_id", "weight": 1.0, "journey": false },
                      { "name": "get_by_term_id", "weight": 2.0, "journey": false }],
        "rows": [{ "name": "get_by_id", "method": "GET", "endpoint": 0 },
                 { "name": "get_by_term_id", "method": "GET", "endpoint": 1 }],
        "pools": [],
        "stages": [{ "level": 10.0, "start": 0, "hold_start": 5_000_000, "end": 65_000_000 },
                   { "level": 100.0, "start": 65_000_000, "hold_start": 95_000_000, "end": 155_000_000 }],
        "open": false, "think": { "words": "between 100 ms and 5 s", "mean": 2_550_000 }, "thresholds": [], "seed": 42,
        "stop_after": null, "graceful_stop": 30_000_000,
    }))
    .unwrap()
}

pub(in crate::live) fn snapshot() -> Snapshot {
    let row = |row, p50, p95| RowSoFar {
        row: RowId(row),
        requests: 2000,
        failures: 1,
        rate: 17.0,
        failure_rate: 0.0,
        mean: Some(ms(200)),
        min: Some(ms(90)),
        p50: Some(ms(p50)),
        p95: Some(ms(p95)),
        p99: Some(ms(p95 + 200)),
        max: Some(ms(p95 + 400)),
        body_bytes: 374.0,
    };
    Snapshot {
        outline: Arc::new(outline()),
        thresholds: Vec::new(),
        at: Duration::from_secs(124),
        planned: Duration::from_secs(155),
        stage: StageId(1),
        stages: 2,
        level: 100.0,
        phase: Phase::Hold,
        users: 100,
        thinking: 84,
        in_flight: 16,
        waiting: 0,
        oldest_in_flight: Some(ms(1310)),
        recent: Recent {
            length: Duration::from_secs(5),
            rate: 34.04,
            failure_share: 0.0,
            p50: Some(ms(417)),
            p95: Some(ms(871)),
        },
        so_far: SoFar {
            iterations_failed: 0,
            since: Duration::ZERO,
            requests: 2514,
            failures: 0,
            iterations: 2500,
            mean: Some(ms(390)),
            p50: Some(ms(380)),
            p95: Some(ms(860)),
            p99: Some(ms(1204)),
        },
        rows: vec![row(0, 120, 400), row(1, 410, 990)],
        failures: Vec::new(),
        dropped_arrivals: 0,
        warnings: Vec::new(),
        series: Arc::new([]),
        abort: None,
    }
}

/// The same run, paused by hand after 114 s, ten seconds ago.
pub(in crate::live) fn paused() -> Snapshot {
    let mut outline = outline();
    outline.turn(&Turn {
        at: Duration::from_secs(114),
        change: Change::Pause,
    });
    Snapshot {
        planned: outline.stages[3].end,
        outline: Arc::new(outline),
        stage: StageId(2),
        stages: 4,
        phase: Phase::Pause,
        thinking: 100,
        in_flight: 0,
        oldest_in_flight: None,
        ..snapshot()
    }
}

#[test]
fn a_pipe_gets_the_load_in_one_line() {
    assert_eq!(
        line(&snapshot()),
        "2:04 | stage 2 of 2, holding 100 users | 100 users | 16 in flight | 34 requests/s | 0% failed | p50 417 ms | \
         p95 871 ms | so far 2514 requests, 0 failed | 0:31 left"
    );
}

#[test]
fn the_end_waits_and_nothing_is_left() {
    let snapshot = Snapshot {
        phase: Phase::Stopping,
        at: Duration::from_secs(158),
        ..snapshot()
    };
    assert_eq!(
        line(&snapshot),
        "2:38 | load ended, waiting for the last responses | 100 users | 16 in flight | 34 requests/s | 0% failed | \
         p50 417 ms | p95 871 ms | so far 2514 requests, 0 failed"
    );
}

#[test]
fn the_time_of_the_plan_stands_still_in_a_pause() {
    let mut snapshot = paused();
    let first = line(&snapshot);
    assert!(first.starts_with("2:04 | stage 3 of 4, paused | "), "{first}");
    assert!(first.ends_with(" | 0:41 left after the pause"), "{first}");
    let times = Times::of(&snapshot);
    snapshot.at += Duration::from_secs(3600);
    assert_eq!(Times::of(&snapshot), times);
}

#[test]
fn the_open_model_has_arrivals() {
    let outline = Outline {
        open: true,
        ..outline()
    };
    let snapshot = Snapshot {
        outline: Arc::new(outline),
        level: 50.0,
        phase: Phase::Ramp,
        ..snapshot()
    };
    let line = line(&snapshot);
    assert!(
        line.contains("| stage 2 of 2, going to 50 arrivals/s |"),
        "{line}"
    );
}

#[test]
fn before_the_first_request_there_are_no_percentiles() {
    let snapshot = Snapshot {
        at: Duration::ZERO,
        recent: Recent::default(),
        so_far: SoFar::default(),
        rows: Vec::new(),
        oldest_in_flight: None,
        ..snapshot()
    };
    let line = line(&snapshot);
    assert!(
        line.contains("| 0 requests/s | 0% failed | p50 – | p95 – | so far 0 requests, 0 failed |"),
        "{line}"
    );
}
