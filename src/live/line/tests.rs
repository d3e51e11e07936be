//! The exact text of the live view.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::sync::Arc;

use super::*;
use crate::measure::health::Warning;
use crate::measure::snapshot::{Recent, SoFar};
use crate::measure::summary::FailureCount;
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

#[test]
fn a_terminal_sees_stage_time_load_and_percentiles() {
    let lines = block(&snapshot(), &outline(), 80, Colour(false));
    assert_eq!(
        lines,
        [
            "term-heavy, demo API: stage 2 of 2, holding 100 users",
            "[################################........]  2:04 of 2:35, 0:31 left",
            "users     100  84 thinking  16 in flight, the oldest for 1.31 s",
            "last 5 s  34 requests/s  0% failed  p50 417 ms  p95 871 ms",
            "so far    2514 requests  0 failed (0%)  p50 380 ms  p95 860 ms  p99 1.2 s",
            "slowest   get_by_term_id  p50 410 ms  p95 990 ms",
        ]
    );
}

#[test]
fn failures_and_warnings_stand_below_in_colour() {
    let mut snapshot = snapshot();
    let failure = |text: &str, count| FailureCount {
        text: text.into(),
        count,
        first: Duration::ZERO,
        last: Duration::from_secs(9),
    };
    snapshot.recent.failure_share = 0.0123;
    snapshot.failures = vec![
        failure("Connection reset by peer", 12),
        failure("timed out after 150 s", 3),
        failure("expected 200, got 503 \u{1b}[2J", 2),
        failure("name look-up failed", 1),
    ];
    snapshot.warnings = vec![Warning::OpenFiles {
        peak: 1000,
        limit: 1024,
    }];
    let lines = block(&snapshot, &outline(), 70, Colour(true));
    assert_eq!(
        lines[0],
        "\u{1b}[1mterm-heavy, demo API: stage 2 of 2, holding 100 users\u{1b}[0m"
    );
    assert_eq!(
        lines[3],
        "\u{1b}[31mlast 5 s  34 requests/s  1.23% failed  p50 417 ms  p95 871 ms\u{1b}[0m"
    );
    assert_eq!(
        lines[6..],
        [
            "\u{1b}[31mfailure   12 × Connection reset by peer\u{1b}[0m",
            "\u{1b}[31mfailure   3 × timed out after 150 s\u{1b}[0m",
            "\u{1b}[31mfailure   2 × expected 200, got 503 \u{fffd}[2J\u{1b}[0m",
            "          and 1 more types",
            "\u{1b}[33mwarning   1000 of 1024 allowed files were open (raise it with `ulimit…\u{1b}[0m",
        ]
    );
}

#[test]
fn no_line_is_wider_than_the_terminal() {
    let mut outline = outline();
    outline.name = "名前".repeat(30);
    for width in [0, 20, 33, 60, 120] {
        for line in block(&snapshot(), &outline, width, Colour(false)) {
            let columns: usize = line.chars().map(|c| if c >= '\u{2e80}' { 2 } else { 1 }).sum();
            assert!(columns <= width.max(NARROWEST), "{width}: {line}");
        }
    }
}

#[test]
fn the_end_waits_and_says_for_how_long() {
    let snapshot = Snapshot {
        phase: Phase::Stopping,
        at: Duration::from_secs(158),
        ..snapshot()
    };
    let lines = block(&snapshot, &outline(), 80, Colour(false));
    assert_eq!(
        lines[0],
        "term-heavy, demo API: load ended, waiting for the last responses"
    );
    assert_eq!(lines[1], "2:38 since the start, waits for at most 30 s");
}

#[test]
fn the_open_model_shows_arrivals() {
    let outline = Outline {
        open: true,
        ..outline()
    };
    let snapshot = Snapshot {
        level: 50.0,
        phase: Phase::Ramp,
        waiting: 3,
        dropped_arrivals: 2,
        ..snapshot()
    };
    let lines = block(&snapshot, &outline, 100, Colour(false));
    assert_eq!(
        lines[0],
        "term-heavy, demo API: stage 2 of 2, going to 50 arrivals/s"
    );
    assert_eq!(
        lines[2],
        "users     100  3 waiting arrivals  16 in flight, the oldest for 1.31 s  2 arrivals dropped"
    );
}

#[test]
fn a_pipe_gets_one_line_with_the_same_figures() {
    assert_eq!(
        line(&snapshot(), &outline()),
        "2:04 | stage 2 of 2, holding 100 users | 100 users | 16 in flight | 34 requests/s | 0% failed | p50 417 ms | \
         p95 871 ms | so far 2514 requests, 0 failed | 0:31 left"
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
    let lines = block(&snapshot, &outline(), 80, Colour(false));
    assert_eq!(lines[3], "last 0 s  0 requests/s  0% failed  p50 –  p95 –");
    assert_eq!(
        lines[4],
        "so far    0 requests  0 failed (0%)  p50 –  p95 –  p99 –"
    );
}
