//! Systems whose limits are known: what is found of them, in figures and in words.
#![expect(clippy::unwrap_used, reason = "tests")]

mod world;

use runner::analysis::Analysis;
use runner::analysis::capacity::Cause;
use runner::analysis::findings::{Finding, Next};
use runner::analysis::level::Trust;
use runner::measure::summary::RunSummary;
use runner::report::findings::{About, section};

use crate::report::expect;
use world::{State, THINK, World};

/// Throughputs are of five minutes, in which the fixed limits serve some 10,000 requests: their standard error is 1 %, and a
/// ceiling is the mean of several.
const TOLERANCE: f64 = 0.03;

fn near(found: f64, truth: f64, share: f64) {
    assert!((found / truth - 1.0).abs() <= share, "{found} is not {truth}");
}

/// Compares the words with those frozen.
fn frozen(name: &str, (summary, analysis): &(RunSummary, Analysis)) {
    let words = section(&analysis.findings, About::of(summary)).unwrap();
    expect(&format!("tests/golden/findings/{name}.md"), &words);
}

fn says(analysis: &Analysis, rule: impl Fn(&Finding) -> bool) -> bool {
    analysis.findings.iter().any(rule)
}

fn speaks_of_a_limit(analysis: &Analysis) -> bool {
    says(analysis, |finding| {
        matches!(
            finding,
            Finding::Ceiling(_) | Finding::Knee { .. } | Finding::Falls { .. } | Finding::Degraded { .. }
        )
    })
}

fn ceiling(analysis: &Analysis) -> f64 {
    let ceiling = analysis.capacity.ceiling.as_ref().unwrap();
    let interval = ceiling.rate.interval.unwrap();
    assert!(interval.half_width() < 0.05 * ceiling.rate.value);
    ceiling.rate.value
}

/// Four servers, 100 ms a request: at most 40/s, and the knee is at 40 × (0.1 + 2.5) = 104 users.
fn pool(state: &State) -> f64 {
    10.0 * state.in_flight.min(4) as f64
}

#[test]
fn a_fixed_pool_has_its_ceiling_and_its_knee() {
    let run = World::closed(&[10.0, 30.0, 60.0, 160.0, 300.0], pool).run(1);
    let found = &run.1;
    near(ceiling(found), 40.0, TOLERANCE);
    near(found.capacity.knee.unwrap().value, 104.0, 2.0 * TOLERANCE);
    let degraded = found.capacity.degraded.as_ref().unwrap();
    assert_eq!(found.capacity.steps[degraded.0].load as u32, 160);
    assert!(!says(found, |finding| matches!(
        finding,
        Finding::Falls { .. } | Finding::FailuresGrow { .. } | Finding::Drift { .. } | Finding::Bursts { .. }
    )));
    assert!(says(
        found,
        |finding| matches!(finding, Finding::Next(Next::Between { loads }) if loads.iter().any(|load| (95.0..=115.0).contains(load)))
    ));
    frozen("pool", &run);
}

/// 20 requests a second are served in 100 ms each, the rest is refused at once.
fn limited(state: &mut State) -> bool {
    let (tokens, since) = state.tokens;
    let tokens = (tokens + 20.0 * (state.now - since)).min(20.0);
    let refuses = tokens < 1.0;
    state.tokens = (if refuses { tokens } else { tokens - 1.0 }, state.now);
    refuses
}

#[test]
fn a_rate_limit_is_a_ceiling_of_successes_and_nobody_waits() {
    let mut world = World::closed(&[10.0, 30.0, 120.0, 240.0], |state| 10.0 * state.in_flight as f64);
    world.refuses = limited;
    let run = world.run(2);
    let found = &run.1;
    near(ceiling(found), 20.0, TOLERANCE);
    // 20/s × (0.1 s + 2.5 s).
    near(found.capacity.knee.unwrap().value, 52.0, 2.0 * TOLERANCE);
    let (place, causes) = found.capacity.degraded.as_ref().unwrap();
    assert_eq!(found.capacity.steps[*place].load as u32, 120);
    // Every request is answered as fast as ever: it is the failures that degrade it.
    assert!(matches!(causes[..], [Cause::Failures { .. }]), "{causes:?}");
    frozen("rate_limit", &run);
}

/// The scalability law of λ 20/s, σ 0.02, κ 0.001: at most 247.6/s, with √(0.98 / 0.001) = 31.3 in flight.
fn coherency(state: &State) -> f64 {
    let l = state.in_flight as f64;
    20.0 * l / (1.0 + 0.02 * (l - 1.0) + 0.001 * l * (l - 1.0))
}

#[test]
fn a_loss_of_coherency_is_found_with_its_figures() {
    let run = World::closed(&[50.0, 150.0, 300.0, 500.0, 640.0, 700.0, 800.0], coherency).run(3);
    let found = &run.1;
    let scaling = found.capacity.scaling.unwrap();
    // The number in flight varies, and the law is not a straight line: the fit goes by its mean, which costs a few percent.
    near(scaling.law.lambda, 20.0, 0.05);
    near(scaling.law.kappa, 0.001, 0.1);
    near(scaling.peak.unwrap(), 980.0_f64.sqrt(), 0.05);
    // From 500 users, served nearly without queueing, it falls into a state of which it does not come out: no level shows the
    // ceiling, which is beyond the most that was measured.
    assert!(found.capacity.ceiling.is_none());
    assert!(says(
        found,
        |finding| matches!(finding, Finding::Highest { load, next, .. } if *load < 510.0 && *next > 630.0)
    ));
    frozen("coherency", &run);
}

#[test]
fn a_server_that_is_never_saturated_has_no_ceiling() {
    let run = World::closed(&[10.0, 40.0, 100.0], |state| 20.0 * state.in_flight as f64).run(4);
    let found = &run.1;
    assert!(!speaks_of_a_limit(found));
    assert!(says(
        found,
        |finding| matches!(finding, Finding::NoCeiling { load, efficiency, .. } if *load >= 100.0 && *efficiency > 0.95)
    ));
    assert!(says(
        found,
        |finding| matches!(finding, Finding::Next(Next::Higher { loads }) if loads[0] > 100.0)
    ));
    frozen("never_saturated", &run);
}

/// Whether it is far below the limit or far above.
#[test]
fn one_level_tells_no_limit() {
    for users in [10.0, 300.0] {
        let run = World::closed(&[users], pool).run(5);
        assert!(!speaks_of_a_limit(&run.1));
        assert!(says(&run.1, |finding| matches!(
            finding,
            Finding::OneLevel { .. }
        )));
        frozen(&format!("one_level_{users}"), &run);
    }
}

/// A first level beyond the knee hides what a request takes without queueing.
#[test]
fn saturated_levels_alone_tell_no_knee() {
    let found = World::closed(&[300.0, 320.0], pool).run(6).1;
    assert!(found.capacity.knee.is_none(), "{:?}", found.findings);
}

fn open(levels: &[f64], max_users: usize, rate: fn(&State) -> f64) -> World {
    World {
        max_users: Some(max_users),
        ..World::closed(levels, rate)
    }
}

#[test]
fn what_arrives_and_is_not_served_is_a_ceiling() {
    let run = open(&[10.0, 25.0, 60.0], 200, pool).run(7);
    let found = &run.1;
    near(ceiling(found), 40.0, TOLERANCE);
    assert!(found.capacity.knee.is_none());
    assert!(says(
        found,
        |finding| matches!(finding, Finding::Degraded { load, .. } if *load >= 60.0)
    ));
    frozen("open", &run);
}

/// A server without a limit, and three users that wait 50 ms for each response: 60/s are all that they can ask for.
#[test]
fn a_generator_short_of_users_is_no_ceiling() {
    let run = open(&[10.0, 200.0, 400.0], 3, |state| 20.0 * state.in_flight as f64).run(8);
    let found = &run.1;
    assert!(!speaks_of_a_limit(found), "{:?}", found.findings);
    assert!(matches!(found.levels[1].trust, Trust::ShortOfUsers { users } if (2.5..3.0).contains(&users)));
    frozen("short_of_users", &run);
}

/// Arrivals at random are by chance fewer or more than planned, which is no queueing.
#[test]
fn chance_in_the_arrivals_is_no_degradation() {
    let mut degraded = 0;
    for seed in 0..40 {
        let mut world = open(&[5.0, 8.0, 12.0], 1000, |state| 20.0 * state.in_flight as f64);
        world.hold = 60;
        degraded += usize::from(speaks_of_a_limit(&world.run(seed).1));
    }
    // Each of three intervals of 95 % must lie 5 % below the truth: less than once in a hundred.
    assert!(degraded <= 1, "{degraded} of 40");
}

/// Each request served makes the next a little slower: from 100 ms to half a second.
#[test]
fn a_leak_is_a_drift() {
    let world = World {
        hold: 600,
        ..World::closed(&[20.0], |state| {
            10.0 * state.in_flight as f64 / (1.0 + state.answered as f64 / 1000.0)
        })
    };
    let run = world.run(9);
    assert!(says(
        &run.1,
        |finding| matches!(finding, Finding::Drift { from, to, .. } if *to > 1.3 * from)
    ));
    assert!(!says(&run.1, |finding| matches!(
        finding,
        Finding::Next(Next::Higher { .. } | Next::Around { .. })
    )));
    frozen("leak", &run);
}

/// Two seconds of every nine it refuses everything.
#[test]
fn an_unstable_server_fails_in_bursts() {
    let mut world = World::closed(&[20.0, 60.0], |state| 20.0 * state.in_flight as f64);
    world.refuses = |state| state.now % 9.0 < 2.0;
    let run = world.run(10);
    assert!(says(&run.1, |finding| matches!(
        finding,
        Finding::Bursts { bursts, .. } if (0.15..0.3).contains(&(f64::from(bursts.seconds) / f64::from(bursts.of)))
    )));
    assert!(!says(&run.1, |finding| matches!(
        finding,
        Finding::Ceiling(_) | Finding::Knee { .. }
    )));
    frozen("unstable", &run);
}

#[test]
fn failures_that_are_spread_evenly_are_no_bursts() {
    for seed in 0..20 {
        let mut world = World::closed(&[50.0], |state| 20.0 * state.in_flight as f64);
        world.failing = vec![0.05];
        assert_eq!(world.run(seed).1.levels[0].bursts, None);
    }
}

/// Five rows, five requests a user and minute, some 10,000 in all.
fn rows(failing: [f64; 5]) -> World {
    World {
        hold: 200,
        failing: failing.to_vec(),
        ..World::closed(&[100.0], |state| 20.0 * state.in_flight as f64)
    }
}

/// No row is worse than the others. The rule allows one run in a hundred; at most 5 % of 200 are 10.
#[test]
fn chance_names_no_culprit() {
    let named = (0..200)
        .filter(|seed| !rows([0.02; 5]).run(*seed).1.culprits.is_empty())
        .count();
    assert!(named <= 10, "{named} of 200");
}

/// One row fails twice as often: some 70 of 210 failures where 35 are due (standard deviation 5.3), which is beyond the bound of
/// 1 in 500 (2.9 of them) in more than 95 of 100 runs.
#[test]
fn a_row_that_fails_twice_as_often_is_named() {
    let found = (0..40)
        .filter(|seed| {
            let culprits = rows([0.02, 0.02, 0.04, 0.02, 0.02]).run(*seed).1.culprits;
            matches!(&culprits[..], [one] if one.name == "row 2")
        })
        .count();
    assert!(found >= 36, "{found} of 40");
}

#[test]
fn the_think_time_is_that_of_the_systems() {
    let (summary, _) = World::closed(&[10.0], pool).run(11);
    near(summary.stages[0].think.unwrap().as_secs_f64(), THINK, 0.1);
}
