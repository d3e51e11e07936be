//! What charts are drawn from, against the samples themselves.

use std::time::Duration;

use runner::analysis::steady;

use super::script::{secs, usual};

#[test]
fn parts_hold_every_request_once_and_as_few_as_asked_for() {
    let (truth, recording) = usual().record(drop);
    for (most, step) in [(600, 1), (60, 5), (10, 15), (1, 300)] {
        let curves = recording.curves(most);
        assert_eq!(curves.step, step);
        assert!(curves.parts.len() as u32 <= most);
        let sum = |of: fn(&runner::measure::curves::Part) -> u64| curves.parts.iter().map(of).sum::<u64>();
        assert_eq!(sum(|part| part.requests), truth.requests.len() as u64);
        assert_eq!(sum(|part| part.failures), truth.failures);
        let length: Duration = curves.parts.iter().map(|part| part.length).sum();
        assert_eq!(length, recording.end.at);
    }
}

#[test]
fn percentiles_of_a_part_are_those_of_all_its_requests() {
    let (truth, recording) = usual().record(drop);
    let curves = recording.curves(10);
    for part in &curves.parts {
        let within = |done: Duration| part.from <= done && done < part.from + part.length;
        let mut times: Vec<Duration> = truth
            .requests
            .iter()
            .filter(|(_, done, _)| within(*done))
            .map(|(sent, done, _)| done.abs_diff(*sent))
            .collect();
        times.sort_unstable();
        assert_eq!(part.requests, times.len() as u64);
        assert_eq!(part.max, times.last().copied());
        for (percent, read) in [(50, part.p50), (95, part.p95), (99, part.p99)] {
            let Some(read) = read else {
                assert!(times.is_empty());
                continue;
            };
            // Nearest rank; a bucket is less than a thousandth of its value wide.
            let exact = times[(percent * times.len()).div_ceil(100) - 1];
            assert!(
                exact <= read && read <= exact + exact / 1000,
                "p{percent}: {read:?} for {exact:?}"
            );
        }
    }
}

#[test]
fn users_of_a_part_are_their_mean_over_its_time() {
    let (_, recording) = usual().record(drop);
    let curves = recording.curves(10);
    // All ten are there from the start to the end of the load.
    let held = curves.parts.iter().filter(|part| part.from < secs(120));
    for part in held {
        assert!((part.users - 10.0).abs() < 1e-9, "{}", part.users);
        assert!(0.0 < part.in_flight && part.in_flight < 10.0);
    }
}

#[test]
fn distributions_meet_the_percentiles_of_the_summary_and_end_with_the_longest() {
    let (truth, recording) = usual().record(drop);
    let summary = recording.summary(&steady::windows(&recording));
    let curves = recording.curves(600);
    assert_eq!(curves.total.requests, truth.requests.len() as u64);
    let of_rows: u64 = curves.rows.iter().map(|row| row.requests).sum();
    assert_eq!(of_rows, curves.total.requests);
    let all = curves.rows.iter().chain([&curves.total]);
    let figures = summary
        .rows
        .iter()
        .map(|row| &row.figures)
        .chain([&summary.total]);
    for (distribution, figures) in all.zip(figures) {
        let percentiles = figures.percentiles.as_ref().unwrap();
        let points = &distribution.points;
        assert!(points.is_sorted_by(|a, b| a.0 < b.0 && a.1.value <= b.1.value));
        assert_eq!(points.last().unwrap(), &(100.0, percentiles.max));
        for (percent, quantile) in [(90.0, percentiles.p90), (99.0, percentiles.p99)] {
            let near = points
                .iter()
                .find(|point| (point.0 - percent).abs() < 1e-9)
                .unwrap();
            assert_eq!(near.1, quantile);
        }
    }
}
