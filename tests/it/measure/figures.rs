//! Figures against what is known.

use std::sync::Arc;
use std::time::Duration;

use runner::analysis::steady;
use runner::measure::aggregator::Aggregator;
use runner::measure::histogram::Sparse;
use runner::measure::recorder::Recorder;
use runner::measure::recording::Recording;
use runner::measure::run::{End, Ending};
use runner::measure::summary::{Quantile, RunSummary, Window, WindowChoice};
use runner::plan::threshold::{Metric, Op, Selection, Threshold};
use runner::plan::{RowId, StageId};

use super::script::{Run, failed, info, ms, outline, sample, secs, usual};

fn summary(recording: &Recording) -> RunSummary {
    recording.summary(&steady::windows(recording))
}

/// One worker, one recorder, told by hand.
fn by_hand(
    outline: runner::plan::outline::Outline,
    end: Duration,
    tell: impl FnOnce(&mut Recorder),
) -> Recording {
    let info = info(outline, 1);
    let mut recorder = Recorder::new(&info.outline, 0);
    tell(&mut recorder);
    let mut aggregator = Aggregator::new(info.clone());
    for cut in recorder.end(end) {
        aggregator.absorb(cut);
    }
    let load_until = info.outline.stages.last().unwrap().end.min(end);
    aggregator
        .finish(End {
            how: Ending::Completed,
            load_until,
            at: end,
            warnings: Vec::new(),
        })
        .1
}

fn threshold(metric: Metric, op: Op, value: f64) -> Threshold {
    Threshold {
        text: format!("{metric:?} {op:?} {value}"),
        metric,
        of: None,
        op,
        value,
        every_stage: false,
        abort_after: None,
    }
}

#[test]
fn every_request_counts_once_and_somewhere() {
    let (truth, recording) = usual().record(drop);
    let summary = summary(&recording);
    assert_eq!(summary.total.requests, truth.requests.len() as u64);
    assert_eq!(summary.total.failures, truth.failures);
    assert_eq!(summary.total.unfinished, 1);
    let parts = summary
        .stages
        .iter()
        .map(|stage| stage.figures.requests + stage.in_ramp + stage.in_hold_outside);
    assert_eq!(
        parts.sum::<u64>() + summary.after_last_stage,
        summary.total.requests
    );
    assert!(
        summary.after_last_stage > 0,
        "ten users were at something when the load ended"
    );
    assert_eq!(
        summary.rows.iter().map(|row| row.figures.requests).sum::<u64>(),
        summary.total.requests
    );
    assert_eq!(
        summary.series.iter().map(|second| second.requests).sum::<u64>(),
        summary.total.requests
    );
    assert_eq!(
        summary.endpoints.iter().map(|e| e.iterations).sum::<u64>(),
        summary.total.requests
    );
    assert_eq!(
        summary.failures.iter().map(|f| f.failure.count).sum::<u64>(),
        truth.failures
    );
    assert_eq!(summary.connections.reused, summary.total.requests);
}

#[test]
fn mean_and_percentiles_are_those_of_the_samples() {
    let (truth, recording) = usual().record(drop);
    let summary = summary(&recording);
    let mut times: Vec<Duration> = truth
        .requests
        .iter()
        .map(|(sent, done, _)| done.abs_diff(*sent))
        .collect();
    times.sort_unstable();
    let mean = times.iter().sum::<Duration>() / times.len() as u32;
    assert!(summary.total.mean.unwrap().abs_diff(mean) <= Duration::from_nanos(1));
    assert_eq!(summary.total.min, times.first().copied());
    // One request of some 2400 hangs: ranks above the last but one are bounds.
    let percentiles = summary.total.percentiles.unwrap();
    assert!(percentiles.max.at_least && percentiles.p99_99.at_least);
    assert_eq!(percentiles.max.value, secs(140).abs_diff(truth.unfinished[0].0));
    // Nearest rank among completed and the one unfinished, which is the oldest of all; 0.1 % for the bucket.
    let rank = (0.5 * (times.len() + 1) as f64).ceil() as usize;
    let median = times[rank - 1];
    assert!(!percentiles.p50.at_least);
    assert!(median <= percentiles.p50.value && percentiles.p50.value <= median + median / 1000);
}

#[test]
fn what_comes_in_one_piece_counts_in_every_part_of_the_time() {
    // Of each: when it was sent, how long until the first byte, and how long from that to the last, microseconds.
    let times = [
        (0, 300, 0),
        (100, 5000, 0),
        (200, 300, 700),
        (300, 5000, 0),
        (400, 70_000, 1),
    ];
    let micros = Duration::from_micros;
    let mut recorder = Recorder::new(&Arc::new(outline(&[(0, 9)], Vec::new())), 0);
    for (sent, first, rest) in times {
        let mut sample = sample(0, 0, micros(sent), micros(sent + first + rest));
        sample.first_byte = Some(micros(sent + first));
        let flight = recorder.begin(sample.row, sample.stage, sample.due, sample.sent);
        recorder.finish(flight, &sample);
    }
    let mut silent = sample(0, 0, micros(500), micros(900));
    silent.first_byte = None;
    let flight = recorder.begin(silent.row, silent.stage, silent.due, silent.sent);
    recorder.finish(flight, &silent);
    let cuts = recorder.cut(secs(1));
    let [cell] = &cuts[0].interval.cells[..] else {
        panic!("one kind of request in one stage")
    };
    let of = |values: &[u64]| Sparse::of(values.iter().copied().map(micros));
    assert_eq!(cell.response, of(&[300, 5000, 1000, 5000, 70_001, 400]));
    assert_eq!(cell.first_byte, of(&[300, 5000, 300, 5000, 70_000]));
    assert_eq!(cell.download, of(&[0, 0, 700, 0, 1]));
}

#[test]
fn littles_law_and_the_response_time_law_hold_as_identities() {
    let run = Run { users: 3, ..usual() };
    let (truth, recording) = run.record(drop);
    // From the start, when nothing is in flight, until the end, when nothing is: the integral of the requests in flight is
    // the sum of the response times, to the microsecond.
    let integral: i64 = recording
        .timeline
        .intervals()
        .iter()
        .map(|i| i.integrals.in_flight)
        .sum();
    let sum: Duration = truth
        .requests
        .iter()
        .map(|(sent, done, _)| done.abs_diff(*sent))
        .sum();
    assert_eq!(integral, i64::try_from(sum.as_micros()).unwrap());
    for stage in &summary(&recording).stages {
        let (rate, mean) = (stage.figures.rate, stage.figures.mean.unwrap().as_secs_f64());
        // Over a window the two differ by what is in flight at its edges: three requests of 0.35 s at most.
        let edges = 3.0 * 0.35 / stage.length.as_secs_f64();
        assert!((stage.in_flight - rate * mean).abs() <= edges);
        // N = X (R + Z), likewise; users are thinking or waiting, nothing else.
        let think = stage.think.unwrap().as_secs_f64();
        assert!((stage.users - 3.0).abs() < 1e-9);
        assert!((stage.users - rate * (mean + think)).abs() <= edges);
    }
}

#[test]
fn time_integrals_are_users_times_time() {
    let window = |from, to| Window {
        stage: StageId(0),
        from,
        to,
        choice: WindowChoice::Unjudged,
    };
    let recording = by_hand(outline(&[(0, 10)], Vec::new()), secs(10), |recorder| {
        recorder.users(Duration::ZERO, 4);
        recorder.users(ms(2_500), 2);
        recorder.users(ms(7_250), -6);
    });
    // 4 × 2.5 + 6 × 4.75 = 38.5 user-seconds in 10 s; 4 × 0.5 + 6 × 0.5 in the third second.
    assert!((recording.summary(&[window(0, 10)]).stages[0].users - 3.85).abs() < 1e-9);
    assert!((recording.summary(&[window(2, 3)]).stages[0].users - 5.0).abs() < 1e-9);
    assert!(recording.summary(&[window(8, 10)]).stages[0].users.abs() < 1e-9);
}

#[test]
fn a_request_counts_in_the_second_in_which_it_was_done_however_late_the_tick() {
    let recording = by_hand(outline(&[(0, 10)], Vec::new()), secs(10), |recorder| {
        let early = recorder.begin(RowId(0), StageId(0), ms(500), ms(500));
        let late = recorder.begin(RowId(0), StageId(0), ms(600), ms(600));
        recorder.finish(early, &sample(0, 0, ms(500), ms(999)));
        recorder.finish(late, &sample(0, 0, ms(600), ms(3_001)));
    });
    let counts: Vec<u64> = recording
        .timeline
        .intervals()
        .iter()
        .map(|second| second.requests())
        .collect();
    assert_eq!(counts, [1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0]);
    let ages = |second: usize| &recording.timeline.intervals()[second].state.in_flight[0].ages;
    assert_eq!((ages(0).max(), ages(1).max()), (Some(ms(400)), Some(ms(1_400))));
}

#[test]
fn a_run_that_is_stopped_in_a_hold_has_no_window_beyond_that() {
    let mut recording = usual().record(drop).1;
    recording.end = End {
        how: Ending::Interrupted,
        load_until: ms(40_500),
        at: secs(42),
        warnings: Vec::new(),
    };
    let windows = steady::windows(&recording);
    assert_eq!(windows[0].to, 40);
    assert_eq!(windows[1].choice, WindowChoice::NeverHeld);
    let summary = recording.summary(&windows);
    assert_eq!(summary.stages[1].figures.requests, 0);
    assert_eq!(summary.stages[1].figures.percentiles, None);
    assert_eq!(summary.length, ms(40_500));
}

#[test]
fn latency_from_due_is_measured_where_a_pace_or_an_arrival_can_be_missed() {
    let tell = |recorder: &mut Recorder| {
        let flight = recorder.begin(RowId(0), StageId(0), secs(1), secs(3));
        let late = runner::measure::sample::Sample {
            due: secs(1),
            ..sample(0, 0, secs(3), secs(4))
        };
        recorder.finish(flight, &late);
    };
    let closed = by_hand(outline(&[(0, 10)], Vec::new()), secs(10), tell);
    assert_eq!(summary(&closed).total.latency, None);
    let mut open = outline(&[(0, 10)], Vec::new());
    open.open = true;
    let figures = summary(&by_hand(open, secs(10), tell)).total;
    assert_eq!(figures.mean, Some(secs(1)));
    assert_eq!(figures.latency.unwrap().mean, secs(3));
}

#[test]
fn thresholds_are_judged_over_the_run_or_every_stage_and_fail_without_requests() {
    let of = |row: u16| {
        Some(Selection {
            name: "x".to_owned(),
            rows: vec![RowId(row)],
            step: false,
        })
    };
    let thresholds = vec![
        threshold(Metric::Failures, Op::Below, 0.2),
        Threshold {
            every_stage: true,
            ..threshold(Metric::Failures, Op::Below, 0.2)
        },
        Threshold {
            of: of(1),
            ..threshold(Metric::Percentile(95.0), Op::Below, 3.0)
        },
        threshold(Metric::Mean, Op::AtMost, 0.5),
        threshold(Metric::Max, Op::Below, 0.5),
        threshold(Metric::Rps, Op::Above, 1.0),
    ];
    // Ten requests of half a second; the tenth, in the second stage, fails: 10 % of the run, 20 % of the stage.
    let recording = by_hand(outline(&[(0, 10), (0, 10)], thresholds), secs(20), |recorder| {
        for number in 0..10 {
            let (sent, stage) = (secs(2 * number), u16::from(number >= 5));
            let flight = recorder.begin(RowId(0), StageId(stage), sent, sent);
            let answer = sample(0, stage, sent, sent + ms(500));
            let answer = if number == 9 {
                failed(answer, "expected 200, got 503")
            } else {
                answer
            };
            recorder.finish(flight, &answer);
        }
    });
    let summary = summary(&recording);
    let holds: Vec<bool> = summary.thresholds.iter().map(|verdict| verdict.holds).collect();
    assert_eq!(holds, [true, false, false, true, false, false]);
    assert_eq!(summary.thresholds[0].judged[0].figure, Some(0.1));
    let by_stage: Vec<_> = summary.thresholds[1]
        .judged
        .iter()
        .map(|judged| judged.figure)
        .collect();
    assert_eq!(by_stage, [Some(0.0), Some(0.2)]);
    assert_eq!(summary.thresholds[2].judged[0].figure, None);
    assert_eq!(summary.thresholds[5].judged[0].figure, Some(0.5));
}

#[test]
fn in_the_open_model_limits_on_time_count_from_due() {
    let limits = vec![
        threshold(Metric::Mean, Op::Below, 2.0),
        threshold(Metric::Max, Op::Below, 2.0),
        Threshold {
            every_stage: true,
            ..threshold(Metric::Percentile(50.0), Op::Below, 2.0)
        },
    ];
    // Due at 1 s, sent at 3 s, answered at 4 s.
    let tell = |recorder: &mut Recorder| {
        let flight = recorder.begin(RowId(0), StageId(0), secs(1), secs(3));
        let late = runner::measure::sample::Sample {
            due: secs(1),
            ..sample(0, 0, secs(3), secs(4))
        };
        recorder.finish(flight, &late);
    };
    let judged = |open: bool| {
        let mut outline = outline(&[(0, 10)], limits.clone());
        outline.open = open;
        let summary = summary(&by_hand(outline, secs(10), tell));
        assert_eq!(summary.stages[0].broken_limits.is_empty(), !open);
        let figures = summary
            .thresholds
            .iter()
            .map(|verdict| (verdict.holds, verdict.judged[0].figure));
        figures.collect::<Vec<_>>()
    };
    assert_eq!(judged(false), [(true, Some(1.0)); 3]);
    // A percentile is that of its bucket, too large by less than 0.1 %; here it is also the longest.
    assert_eq!(judged(true), [(false, Some(3.0)); 3]);
}

#[test]
fn what_is_in_flight_or_waits_at_the_end_is_as_old_as_from_due() {
    let mut outline = outline(&[(0, 10)], Vec::new());
    outline.open = true;
    let recording = by_hand(outline, secs(10), |recorder| {
        let flight = recorder.begin(RowId(0), StageId(0), secs(1), secs(1));
        recorder.finish(flight, &sample(0, 0, secs(1), secs(2)));
        let _hangs = recorder.begin(RowId(0), StageId(0), secs(2), secs(7));
        let served = recorder.arrival_waits(secs(7), RowId(0), StageId(0), secs(7));
        let left = recorder.arrival_waits(secs(7), RowId(1), StageId(0), secs(6));
        recorder.arrival_served(secs(8), served);
        recorder.arrival_left(secs(9), left);
    });
    let summary = summary(&recording);
    let total = &summary.total;
    assert_eq!((total.requests, total.unfinished, total.unsent), (1, 1, 1));
    assert_eq!(summary.dropped_arrivals, 0);
    assert_eq!(summary.rows[1].figures.unsent, 1);
    assert_eq!(summary.stages[0].figures.unsent, 1);
    // From sent the one in flight is 3 s old; from due 8 s, and the one that never got a user 3 s.
    let at_least = |seconds| Quantile {
        value: secs(seconds),
        at_least: true,
    };
    assert_eq!(total.percentiles.as_ref().unwrap().max, at_least(3));
    let latency = &total.latency.as_ref().unwrap().percentiles;
    assert_eq!(latency.max, at_least(8));
    assert!(
        latency.p66.at_least && latency.p66.value.abs_diff(secs(3)) < ms(4),
        "{:?}",
        latency.p66
    );
}

#[test]
fn an_upper_limit_is_not_kept_by_requests_that_never_finish() {
    let limits = vec![
        threshold(Metric::Max, Op::Below, 9.0),
        threshold(Metric::Max, Op::Above, 1.0),
    ];
    let recording = by_hand(outline(&[(0, 5)], limits), secs(5), |recorder| {
        let _hangs = recorder.begin(RowId(0), StageId(0), secs(1), secs(1));
    });
    let summary = summary(&recording);
    assert_eq!(summary.unfinished[0].oldest, secs(4));
    assert!(summary.thresholds[0].judged[0].at_least);
    assert_eq!(
        summary.thresholds.iter().map(|v| v.holds).collect::<Vec<_>>(),
        [false, true]
    );
}

/// A run of one row, told second by second: so many requests of so many milliseconds, all within the second.
fn by_second(stages: &[(u64, u64)], end: u64, load: impl Fn(u64) -> (u64, u64)) -> Recording {
    by_hand(outline(stages, Vec::new()), secs(end), |recorder| {
        for second in 0..end {
            let (requests, time) = load(second);
            for number in 0..requests {
                let sent = secs(second) + Duration::from_micros(number);
                let flight = recorder.begin(RowId(0), StageId(0), sent, sent);
                recorder.finish(flight, &sample(0, 0, sent, sent + ms(time)));
            }
        }
    })
}

#[test]
fn a_window_is_the_steady_part_of_its_hold() {
    let choice = |end, load: &dyn Fn(u64) -> (u64, u64)| {
        let windows = steady::windows(&by_second(&[(10, 60)], end, load));
        (windows[0].from, windows[0].to, windows[0].choice)
    };
    // Ramp until 10 s, hold until 70 s.
    let steady = |warm_up| WindowChoice::Steady { warm_up };
    assert_eq!(choice(70, &|_| (20, 100)), (10, 70, steady(0)));
    // Slow until 25 s, in the throughput or in the response time: 15 s of warm-up either way.
    assert_eq!(
        choice(70, &|second| if second < 25 { (5, 100) } else { (20, 100) }),
        (25, 70, steady(15))
    );
    assert_eq!(
        choice(70, &|second| if second < 25 { (20, 400) } else { (20, 100) }),
        (25, 70, steady(15))
    );
    // Response times that grow for ever, as of a queue that fills.
    assert_eq!(
        choice(70, &|second| (20, 10 * second)),
        (10, 70, WindowChoice::NotSteady)
    );
    // 49 s are less than ten batches.
    assert_eq!(choice(59, &|_| (20, 100)), (10, 59, WindowChoice::Unjudged));
    assert_eq!(choice(8, &|_| (20, 100)), (10, 10, WindowChoice::NeverHeld));
    // Without a request there is no response time; the throughput is constant.
    assert_eq!(choice(70, &|_| (0, 0)), (10, 70, steady(0)));
}

#[test]
fn the_warm_up_is_in_the_run_but_not_in_the_stage() {
    let recording = by_second(
        &[(10, 60)],
        70,
        |second| if second < 25 { (20, 400) } else { (30, 100) },
    );
    let summary = summary(&recording);
    let stage = &summary.stages[0];
    assert_eq!((stage.figures.requests, stage.length), (45 * 30, secs(45)));
    assert_eq!(stage.figures.mean, Some(ms(100)));
    assert!((stage.figures.rate - 30.0).abs() < 1e-9);
    assert_eq!((stage.in_ramp, stage.in_hold_outside), (10 * 20, 15 * 20));
    assert_eq!(summary.total.requests, 45 * 30 + 25 * 20);
    // 30 requests of 100 ms in each second.
    assert!((stage.in_flight - 3.0).abs() < 1e-9);
}

#[test]
fn a_summary_obeys_its_schema_and_reads_back() {
    let summary = summary(&usual().record(drop).1);
    let json = serde_json::to_value(&summary).unwrap();
    let schema = schemars::schema_for!(RunSummary).to_value();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let errors: Vec<String> = validator
        .iter_errors(&json)
        .map(|error| error.to_string())
        .collect();
    assert_eq!(errors, Vec::<String>::new());
    assert_eq!(serde_json::from_value::<RunSummary>(json).unwrap(), summary);
}
