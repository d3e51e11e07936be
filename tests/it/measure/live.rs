//! The aggregator while the run is under way.

use std::sync::Arc;
use std::time::Duration;

use runner::measure::aggregator::Aggregator;
use runner::measure::health::{Generator, OTHER_FAILURES, Warning};
use runner::measure::recorder::Recorder;
use runner::measure::run::{End, Ending};
use runner::measure::sample::Example;
use runner::measure::summary::Phase;
use runner::plan::threshold::{Metric, Op, Threshold};
use runner::plan::{RowId, StageId};

use super::script::{failed, info, ms, outline, sample, secs, usual};

#[test]
fn the_snapshot_at_the_end_agrees_with_the_summary() {
    let run = usual();
    let mut aggregator = Aggregator::new(run.info.clone());
    let (_, end) = run.play(|cut| drop(aggregator.absorb(cut)));
    let snapshot = aggregator.snapshot();
    let recording = aggregator.finish(end).1;
    let summary = recording.summary(&runner::analysis::steady::windows(&recording));
    assert_eq!(snapshot.so_far.requests, summary.total.requests);
    assert_eq!(snapshot.so_far.failures, summary.total.failures);
    assert_eq!(snapshot.so_far.mean, summary.total.mean);
    assert_eq!(snapshot.series.last(), summary.series.last());
    assert_eq!(snapshot.phase, Phase::Stopping);
    assert_eq!((snapshot.users, snapshot.in_flight), (1, 0));
}

#[test]
fn a_second_is_given_out_when_all_workers_have_cut_it_but_waits_for_none_for_ever() {
    let info = info(outline(&[(0, 60)], Vec::new()), 2);
    let mut workers = [Recorder::new(&info.outline, 0), Recorder::new(&info.outline, 1)];
    for worker in &mut workers {
        let flight = worker.begin(RowId(0), StageId(0), ms(100), ms(100));
        worker.finish(flight, &sample(0, 0, ms(100), ms(200)));
    }
    let mut aggregator = Aggregator::new(info);
    let mut given_out = |cuts: Vec<_>| -> Vec<(u32, u64)> {
        let absorbed = cuts.into_iter().flat_map(|cut| aggregator.absorb(cut).intervals);
        absorbed
            .map(|interval| (interval.from, interval.requests()))
            .collect()
    };
    let [first, second] = &mut workers;
    assert_eq!(given_out(first.cut(secs(5))), []);
    assert_eq!(given_out(first.cut(secs(6))), [(0, 1)]);
    // What the other tells at last is added to the second in which it was.
    assert_eq!(given_out(second.cut(secs(2))), [(0, 1), (1, 0)]);
    assert_eq!(aggregator.snapshot().series[0].requests, 2);
    assert_eq!(aggregator.snapshot().so_far.requests, 2);
    let (_, recording) = aggregator.finish(End {
        how: Ending::Interrupted,
        load_until: secs(6),
        at: secs(6),
        warnings: Vec::new(),
    });
    let counts: Vec<u64> = recording
        .timeline
        .intervals()
        .iter()
        .map(|second| second.requests())
        .collect();
    assert_eq!(counts, [2, 0, 0, 0, 0, 0]);
}

#[test]
fn a_threshold_with_abort_ends_the_run_when_it_was_broken_for_as_long_as_it_says() {
    let failures = Threshold {
        text: "failures < 50% for 3s: abort".to_owned(),
        metric: Metric::Failures,
        of: None,
        op: Op::Below,
        value: 0.5,
        every_stage: false,
        abort_after: Some(secs(3)),
    };
    let info = info(outline(&[(0, 60)], vec![failures]), 1);
    let mut recorder = Recorder::new(&info.outline, 0);
    let mut aggregator = Aggregator::new(info);
    let mut aborted = None;
    for second in 0..20 {
        for part in [100, 600] {
            let sent = secs(second) + ms(part);
            let flight = recorder.begin(RowId(0), StageId(0), sent, sent);
            let answer = sample(0, 0, sent, sent + ms(50));
            // From the tenth second on all fail.
            let answer = if second >= 10 {
                failed(answer, "timed out after 1 s")
            } else {
                answer
            };
            recorder.finish(flight, &answer);
        }
        recorder
            .cut(secs(second + 1))
            .into_iter()
            .for_each(|cut| drop(aggregator.absorb(cut)));
        aborted = aborted.or(aggregator.abort().map(|breach| (second, breach.figure)));
    }
    // Over the last three seconds: one third in second 10, two thirds in second 11.
    let (second, figure) = aborted.unwrap();
    assert_eq!(second, 11);
    assert!((figure - 2.0 / 3.0).abs() < 1e-9);
}

#[test]
fn an_api_that_hangs_breaks_a_limit_on_the_response_time() {
    let p95 = Threshold {
        text: "p95 < 2s for 5s: abort".to_owned(),
        metric: Metric::Percentile(95.0),
        of: None,
        op: Op::Below,
        value: 2.0,
        every_stage: false,
        abort_after: Some(secs(5)),
    };
    let info = info(outline(&[(0, 60)], vec![p95]), 1);
    let mut recorder = Recorder::new(&info.outline, 0);
    let _hangs = recorder.begin(RowId(0), StageId(0), ms(500), ms(500));
    let mut aggregator = Aggregator::new(info);
    recorder
        .cut(secs(5))
        .into_iter()
        .for_each(|cut| drop(aggregator.absorb(cut)));
    assert_eq!(aggregator.abort().map(|breach| breach.figure), Some(4.5));
    assert_eq!(aggregator.snapshot().oldest_in_flight, Some(ms(4_500)));
}

#[test]
fn failure_types_without_end_are_counted_together_and_three_examples_kept_of_each() {
    let info = info(outline(&[(0, 60)], Vec::new()), 2);
    let mut aggregator = Aggregator::new(info.clone());
    let mut examples = Vec::new();
    for worker in 0..2 {
        let mut recorder = Recorder::new(&info.outline, worker);
        for number in 0..300 {
            let flight = recorder.begin(RowId(0), StageId(0), ms(1), ms(1));
            let text = format!("failure {}", number % 150 + 150 * u32::from(worker));
            recorder.finish(flight, &failed(sample(0, 0, ms(1), ms(2)), &text));
            for _ in 0..5 {
                recorder.example(Example {
                    row: RowId(0),
                    failure: Arc::from("the same everywhere"),
                    at: ms(2),
                    request: "GET /".to_owned(),
                    request_headers: String::new(),
                    request_body: String::new(),
                    head: None,
                    body: Vec::new(),
                    body_length: 0,
                    body_cut: false,
                    detail: None,
                });
            }
        }
        for cut in recorder.end(secs(1)) {
            examples.extend(aggregator.absorb(cut).examples);
        }
    }
    let failures = aggregator.snapshot().failures;
    // 300 types: 200 of their own, each twice, and the rest together.
    assert_eq!(failures.len(), 201);
    assert_eq!((&*failures[0].text, failures[0].count), (OTHER_FAILURES, 200));
    assert_eq!(failures.iter().map(|failure| failure.count).sum::<u64>(), 600);
    assert!(
        aggregator
            .snapshot()
            .warnings
            .contains(&Warning::TooManyFailureTypes { count: 200 })
    );
    assert_eq!(examples.len(), 3);
}

#[test]
fn a_generator_at_its_limit_says_so() {
    let info = info(outline(&[(0, 60)], Vec::new()), 2);
    let mut workers = [Recorder::new(&info.outline, 0), Recorder::new(&info.outline, 1)];
    let mut aggregator = Aggregator::new(info);
    for second in 1..=10 {
        // Idle for five seconds, then 1.9 of two cores, and every tenth timer 50 ms late.
        let cpu = if second <= 5 { 50_000 } else { 950_000 };
        let wall = 500_000;
        for worker in &mut workers {
            (0..10).for_each(|timer| worker.late(if second > 5 && timer == 0 { ms(50) } else { ms(1) }));
            worker.cut(secs(second)).into_iter().for_each(|mut cut| {
                cut.interval.generator = Generator {
                    cpu,
                    wall,
                    ..Generator::default()
                };
                drop(aggregator.absorb(cut));
            });
        }
        assert_eq!(aggregator.snapshot().warnings.is_empty(), second <= 5);
    }
    // What is left of a second at the end is too short to tell anything, least of all 7.8 of two cores.
    for worker in workers {
        for mut cut in worker.end(secs(10) + Duration::from_micros(47)) {
            cut.interval.generator = Generator {
                cpu: 187,
                wall: 24,
                ..Generator::default()
            };
            drop(aggregator.absorb(cut));
        }
    }
    let warnings = aggregator.snapshot().warnings;
    assert_eq!(
        warnings[0],
        Warning::Cpu {
            seconds: 5,
            cores: 1.9,
            of: 2
        }
    );
    // Recorded to three digits: 50 ms is the highest value of its bucket of 32 µs at most.
    assert!(matches!(warnings[1], Warning::LateWakeUps { p99, max } if max == ms(50) && p99 >= ms(49)));
}

#[test]
fn one_late_timer_among_few_is_no_warning_and_most_of_them_late_are() {
    let warnings = |late: usize| {
        let info = info(outline(&[(0, 60)], Vec::new()), 1);
        let mut worker = Recorder::new(&info.outline, 0);
        let mut aggregator = Aggregator::new(info);
        (0..20).for_each(|timer| worker.late(if timer < late { ms(50) } else { ms(1) }));
        worker
            .cut(secs(1))
            .into_iter()
            .for_each(|cut| drop(aggregator.absorb(cut)));
        aggregator.snapshot().warnings
    };
    assert_eq!(warnings(1), []);
    assert!(matches!(warnings(15)[..], [Warning::LateWakeUps { .. }]));
}
