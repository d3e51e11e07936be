//! Whole frames, frozen under `tests/golden/live`. `UPDATE_EXPECT=1 cargo test --lib live` writes them anew; read them then.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::sync::Arc;
use std::time::Duration;

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Cell;
use ratatui::layout::Rect;
use ratatui::style::Color;

use super::*;
use crate::live::line::tests::{outline, paused, snapshot};
use crate::live::tui::keys::Key;
use crate::measure::health::Warning;
use crate::measure::snapshot::{Breach, RowSoFar, SoFar, ThresholdNow};
use crate::measure::summary::{FailureCount, Phase, Second};
use crate::plan::outline::Outline;
use crate::plan::search::Search;
use crate::plan::threshold::{Metric, Op, Threshold};
use crate::plan::{EndpointId, RowId, StageId};

const SMALL: (u16, u16) = (80, 24);
const LARGE: (u16, u16) = (200, 50);

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

/// The run of the tests, with the seconds that led to it and two thresholds that hold.
fn run() -> Snapshot {
    let threshold = |text: &str, metric, value| Threshold {
        text: text.to_owned(),
        metric,
        of: None,
        op: Op::Below,
        value,
        every_stage: false,
        abort_after: None,
    };
    let now = |text: &str, figure| ThresholdNow {
        text: text.to_owned(),
        figure: Some(figure),
        broken: false,
    };
    Snapshot {
        outline: Arc::new(Outline {
            thresholds: vec![
                threshold("failures < 1%", Metric::Failures, 0.01),
                threshold("p95 of get_by_term_id < 3s", Metric::Percentile(95.0), 3.0),
            ],
            ..outline()
        }),
        thresholds: vec![
            now("failures < 1%", 0.0),
            now("p95 of get_by_term_id < 3s", 0.931),
        ],
        series: (0..124).map(second).collect(),
        ..snapshot()
    }
}

/// Ten users, then a ramp to a hundred.
fn second(number: u32) -> Second {
    let users = match number {
        ..5 => 2.0 * f64::from(number),
        5..65 => 10.0,
        65..95 => 10.0 + 3.0 * f64::from(number - 65),
        _ => 100.0,
    };
    let requests = (users / 3.0) as u64 + u64::from(number * 7 % 5);
    Second {
        second: number,
        length: seconds(1),
        stage: StageId(u16::from(number >= 65)),
        phase: Phase::Hold,
        users,
        thinking: users * 0.8,
        in_flight: users * 0.2,
        waiting: 0.0,
        requests,
        failures: 0,
        mean: Some(seconds(1)),
        p50: Some(seconds(1)),
        p95: Some(Duration::from_millis(
            300 + 6 * users as u64 + u64::from(number % 7) * 20,
        )),
        p99: Some(seconds(1)),
        max: Some(seconds(1)),
        bytes_sent: 0,
        bytes_received: 0,
        rows: Vec::new(),
    }
}

fn failing() -> Snapshot {
    let mut run = run();
    let failure = |text: &str, count| FailureCount {
        text: text.into(),
        count,
        first: seconds(100),
        last: seconds(123),
    };
    run.recent.failure_share = 0.0823;
    run.so_far.failures = 26;
    run.rows[1].failures = 26;
    run.failures = vec![
        failure("Remote end closed connection without response", 21),
        failure("timed out after 150 s", 3),
        failure("expected 200, got 503 \u{1b}[2J", 2),
    ];
    run.thresholds[0].figure = Some(0.0823);
    run.thresholds[0].broken = true;
    let series = run.series.iter().cloned().map(|mut second: Second| {
        second.failures = u64::from(second.second >= 100 && second.second.is_multiple_of(3)) * 3;
        second
    });
    run.series = series.collect();
    run
}

/// A run of many endpoints with names that are hard to show.
fn many() -> Snapshot {
    let mut outline = outline();
    let mut run = run();
    let row = run.rows[0].clone();
    run.rows.clear();
    outline.rows.clear();
    for number in 0..40_u16 {
        let name = match number {
            3 => "checkout_of_a_customer_with_a_long_name / confirm_order".to_owned(),
            5 => "名前の長いエンドポイント / 注文を確認する".to_owned(),
            7 => "line\nbreak \u{1b}[31mred".to_owned(),
            _ => format!("endpoint_{number}"),
        };
        outline.rows.push(crate::plan::outline::Row {
            name,
            method: "GET".to_owned(),
            endpoint: EndpointId(0),
        });
        run.rows.push(RowSoFar {
            row: RowId(number),
            requests: 100 + u64::from(number % 9),
            failures: u64::from(number == 5) * 4,
            p95: Some(Duration::from_millis(100 + u64::from(number * 13 % 40))),
            ..row.clone()
        });
    }
    outline.thresholds.clone_from(&run.outline.thresholds);
    run.outline = Arc::new(outline);
    run
}

fn drawn((width, height): (u16, u16), snapshot: &Snapshot, state: &State) -> Buffer {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| draw(frame, snapshot, state)).unwrap();
    terminal.backend().buffer().clone()
}

fn text(buffer: &Buffer) -> String {
    let width = usize::from(buffer.area.width);
    let mut lines = String::new();
    for row in buffer.content.chunks(width) {
        // Behind a wide letter is a cell of which the terminal shows nothing.
        let mut skip = 0;
        let mut line = String::new();
        for cell in row {
            if skip == 0 {
                line.push_str(cell.symbol());
                skip = columns(cell.symbol()).saturating_sub(1);
            } else {
                skip -= 1;
            }
        }
        lines.push_str(line.trim_end());
        lines.push('\n');
    }
    lines
}

fn expect(name: &str, size: (u16, u16), snapshot: &Snapshot, state: &State) {
    let frame = text(&drawn(size, snapshot, state));
    let path = format!("{}/tests/golden/live/{name}.txt", env!("CARGO_MANIFEST_DIR"));
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(&path, &frame).unwrap();
    }
    let wanted = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(
        frame, wanted,
        "{path}; UPDATE_EXPECT=1 writes it anew. It would be:\n{frame}"
    );
}

/// The colours of the first place where some words stand.
fn colours(buffer: &Buffer, words: &str) -> (Color, Color) {
    let width = usize::from(buffer.area.width);
    let letters: Vec<_> = words.chars().map(String::from).collect();
    let found = buffer
        .content
        .chunks(width)
        .flat_map(|row| row.windows(letters.len()))
        .find(|cells| {
            cells
                .iter()
                .map(Cell::symbol)
                .eq(letters.iter().map(String::as_str))
        });
    let cell = &found.unwrap()[0];
    (cell.fg, cell.bg)
}

#[test]
fn a_run_in_a_small_and_in_a_large_window() {
    expect("80x24", SMALL, &run(), &State::default());
    expect("200x50", LARGE, &run(), &State::default());
    expect("60x15", (60, 15), &run(), &State::default());
}

#[test]
fn what_fails_is_red_and_first() {
    let run = failing();
    expect("failing-80x24", SMALL, &run, &State::default());
    expect("failing-200x50", LARGE, &run, &State::default());
    let buffer = drawn(SMALL, &run, &State::default());
    assert_eq!(colours(&buffer, "fails now").0, Color::Red);
    assert_eq!(colours(&buffer, "holds now").0, Color::Reset);
    assert_eq!(colours(&buffer, "8.23%").0, Color::Red);
    assert_eq!(colours(&buffer, "21 ×").0, Color::Red);
}

#[test]
fn a_generator_that_is_the_limit_is_said_on_top() {
    let mut run = run();
    run.warnings = vec![
        Warning::Cpu {
            seconds: 12,
            cores: 1.94,
            of: 2,
        },
        Warning::OpenFiles {
            peak: 1000,
            limit: 1024,
        },
    ];
    run.abort = Some(Breach {
        threshold: 0,
        text: "failures < 1%".to_owned(),
        figure: 0.04,
        at: seconds(121),
    });
    expect("warning-80x24", SMALL, &run, &State::default());
    let buffer = drawn(SMALL, &run, &State::default());
    assert_eq!(colours(&buffer, "warning"), (Color::Black, Color::Yellow));
    assert_eq!(colours(&buffer, "aborted"), (Color::White, Color::Red));
}

#[test]
fn a_pause_shows_what_is_left_behind_it() {
    let run = Snapshot {
        series: run().series,
        ..paused()
    };
    let mut state = State::default();
    state.say(seconds(114), "paused: users finish what they are at; p goes on");
    expect("pause-80x24", SMALL, &run, &state);
}

#[test]
fn a_level_by_hand_is_shown_before_it_is_asked_for() {
    let mut state = State::default();
    state.press(Key::More, seconds(1), &run());
    state.say(
        seconds(121),
        "warning: the token could not be refreshed, which is told in a sentence that is far too long",
    );
    expect("by-hand-80x24", SMALL, &run(), &state);
}

#[test]
fn the_end_says_what_is_waited_for_and_how_to_hurry() {
    let asked = |asked| State {
        asked,
        ..State::default()
    };
    expect("stopping-80x24", SMALL, &run(), &asked(Asked::Gently));
    let over = Snapshot {
        phase: Phase::Stopping,
        at: seconds(158),
        ..run()
    };
    let first = |state: &State| {
        let frame = text(&drawn(SMALL, &over, state));
        frame
            .lines()
            .skip(1)
            .take(2)
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    assert_eq!(
        first(&asked(Asked::Gently)),
        [
            " load ended, waiting for the last responses (at most 30 s)          2:38 so far",
            " press q or Ctrl-C again to stop at once"
        ]
    );
    assert_eq!(first(&asked(Asked::No))[1], " press q twice to stop waiting");
    assert_eq!(
        first(&asked(Asked::Now)),
        [
            " stopping at once                                                   2:38 so far",
            " what is in flight is given up"
        ]
    );
}

#[test]
fn many_endpoints_with_names_of_all_kinds() {
    expect("many-80x24", SMALL, &many(), &State::default());
    expect("many-200x50", LARGE, &many(), &State::default());
}

#[test]
fn the_open_model_has_arrivals_and_latencies_from_due() {
    let outline = Outline {
        open: true,
        ..outline()
    };
    let run = Snapshot {
        level: 50.0,
        phase: Phase::Ramp,
        at: seconds(85),
        waiting: 3,
        dropped_arrivals: 2,
        so_far: SoFar {
            since: seconds(70),
            ..run().so_far
        },
        thresholds: Vec::new(),
        outline: Arc::new(outline),
        ..run()
    };
    expect("open-80x24", SMALL, &run, &State::default());
}

#[test]
fn a_search_has_levels_without_a_last() {
    let search = Search {
        start: 10.0,
        at_most: 1000.0,
        ramp: seconds(5),
        hold: seconds(60),
        until_steady: None,
        pause: seconds(5),
    };
    let run = Snapshot {
        thresholds: Vec::new(),
        outline: Arc::new(Outline {
            search: Some(search),
            ..outline()
        }),
        ..run()
    };
    let mut state = State::default();
    state.press(Key::More, seconds(1), &run);
    expect("search-80x24", SMALL, &run, &state);
}

#[test]
fn the_help_lies_over_the_middle() {
    let state = State {
        help: true,
        ..State::default()
    };
    expect("help-80x24", SMALL, &run(), &state);
}

#[test]
fn before_the_first_request_there_is_nothing_to_show() {
    let run = Snapshot {
        at: seconds(1),
        stage: StageId(0),
        phase: Phase::Ramp,
        level: 10.0,
        recent: crate::measure::snapshot::Recent::default(),
        so_far: SoFar::default(),
        rows: Vec::new(),
        thresholds: Vec::new(),
        series: Arc::new([]),
        oldest_in_flight: None,
        ..run()
    };
    expect("first-80x24", SMALL, &run, &State::default());
}

#[test]
fn a_window_that_became_too_small_shows_what_fits() {
    assert_eq!(
        text(&drawn((40, 6), &run(), &State::default())),
        "stage 2 of 2, holding 100 users\n2:04, 0:31 left\n34 requests/s, 0% failed, p95 871 ms\n100 users, 16 in flight\n\
         (the whole view needs 60 x 15)\n\n"
    );
}

#[test]
fn no_size_is_too_small_or_too_large() {
    let mut loud = failing();
    loud.warnings = vec![Warning::DroppedArrivals { count: 3 }; 5];
    let mut many = many();
    many.failures.clone_from(&loud.failures);
    let mut state = State::default();
    for _ in 0..10 {
        state.say(seconds(1), "名前".repeat(50));
    }
    let helped = State {
        help: true,
        ..state.clone()
    };
    let filled = |width, height, snapshot, state| {
        fill(
            &mut Buffer::empty(Rect::new(0, 0, width, height)),
            snapshot,
            state,
        );
    };
    for width in 1..=120 {
        for height in 1..=50 {
            match (width + height) % 2 {
                0 => filled(width, height, &loud, &state),
                _ => filled(width, height, &many, &helped),
            }
        }
    }
    for (width, height) in [(500, 1), (1, 500), (500, 200), (59, 15), (60, 14), (60, 15)] {
        filled(width, height, &many, &state);
        drawn((width, height), &loud, &helped);
    }
}

#[test]
fn gaps_and_merged_seconds_keep_their_columns() {
    let mut run = run();
    let mut merged = second(100);
    merged.length = seconds(5);
    merged.users = 50.0;
    run.series = [second(90), merged, second(110)].into_iter().collect();
    let frame = text(&drawn(SMALL, &run, &State::default()));
    // A second, nine of which nothing is known, five merged, five unknown, one.
    assert!(frame.contains("  █         █████     █  "), "{frame}");
}
