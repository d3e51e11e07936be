//! Intervals merge in any order and any grouping.

use std::sync::Arc;

use proptest::prelude::*;
use runner::measure::interval::Interval;
use runner::measure::recorder::{Cut, IterationResult, Recorder};
use runner::plan::{EndpointId, RowId, StageId};

use super::script::{Numbers, failed, ms, outline, sample, secs};

/// Cuts of a worker with something of everything in it.
fn cuts(seed: u64, worker: u16) -> Vec<Cut> {
    let outline = Arc::new(outline(&[(1, 2), (0, 2)], Vec::new()));
    let mut recorder = Recorder::new(&outline, worker);
    let mut numbers = Numbers(seed);
    let mut now = ms(0);
    let mut flights = Vec::new();
    while now < secs(5) {
        now += ms(numbers.below(60));
        match numbers.below(8) {
            0 => recorder.users(now, 1),
            1 => recorder.thinking(now, 1),
            2 => recorder.pool_empty(0),
            3 => recorder.dropped(now, StageId(1)),
            4 => recorder.data_ended(now, "students"),
            5 => recorder.late(ms(numbers.below(20))),
            _ => {}
        }
        let row = numbers.below(2) as u16;
        let stage = u16::from(now > secs(3));
        flights.push((
            recorder.begin(RowId(row), StageId(stage), now, now),
            row,
            stage,
            now,
        ));
        if numbers.below(3) > 0 {
            let (flight, row, stage, sent) =
                flights.swap_remove(numbers.below(flights.len() as u64) as usize);
            let answer = sample(row, stage, sent, now);
            let answer = if numbers.below(4) == 0 {
                failed(answer, ["a", "b"][row as usize])
            } else {
                answer
            };
            recorder.finish(flight, &answer);
            let result = if numbers.below(5) > 0 {
                IterationResult::Done
            } else {
                IterationResult::Failed
            };
            recorder.iteration(EndpointId(row), StageId(stage), sent, now, result);
            recorder.pace_overrun(EndpointId(row));
        }
    }
    recorder.end(now)
}

fn merged(mut a: Interval, b: &Interval) -> Interval {
    a.merge(b);
    a
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn merging_is_associative_and_commutative(seed: u64, a in 0_usize..5, b in 0_usize..5, c in 0_usize..5) {
        let one = |worker: u16, second: usize| cuts(seed ^ u64::from(worker), worker)[second].interval.clone();
        let (a, b, c) = (one(0, a), one(1, b), one(2, c));
        prop_assert_eq!(merged(a.clone(), &b), merged(b.clone(), &a));
        prop_assert_eq!(merged(merged(a.clone(), &b), &c), merged(a.clone(), &merged(b.clone(), &c)));
        prop_assert_eq!(merged(a.clone(), &b).check(), Ok(()));
        let json = serde_json::to_string(&merged(a, &b)).unwrap();
        let back: Interval = serde_json::from_str(&json).unwrap();
        prop_assert_eq!(serde_json::to_string(&back).unwrap(), json);
    }
}

#[test]
fn a_coarse_interval_has_the_sums_of_its_seconds_and_the_state_of_the_last() {
    let seconds: Vec<Interval> = cuts(5, 0).into_iter().map(|cut| cut.interval).collect();
    let coarse = seconds[1..].iter().fold(seconds[0].clone(), merged);
    assert_eq!((coarse.from, coarse.until), (0, seconds.len() as u32));
    assert_eq!(
        coarse.requests(),
        seconds.iter().map(Interval::requests).sum::<u64>()
    );
    assert_eq!(
        coarse.integrals.users,
        seconds.iter().map(|s| s.integrals.users).sum::<i64>()
    );
    assert_eq!(coarse.state, seconds.last().unwrap().state);
}

#[test]
fn a_tick_that_comes_late_brings_all_seconds_that_are_over() {
    let mut recorder = Recorder::new(&Arc::new(outline(&[(0, 9)], Vec::new())), 0);
    assert_eq!(recorder.cut(ms(999)), []);
    let seconds: Vec<u32> = recorder
        .cut(ms(3_400))
        .iter()
        .map(|cut| cut.interval.from)
        .collect();
    assert_eq!(seconds, [0, 1, 2]);
    assert_eq!(recorder.cut(ms(3_900)), []);
}

#[test]
fn only_the_last_cut_says_so() {
    let last: Vec<bool> = cuts(1, 0).iter().map(|cut| cut.last).collect();
    assert!(last[..last.len() - 1].iter().all(|last| !last) && last[last.len() - 1]);
}
