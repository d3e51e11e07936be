//! The search against systems of the asymptotic bounds: what it measures, and how it ends.

use std::time::Duration;

use super::*;
use crate::analysis::capacity::Context;
use crate::analysis::estimate::{Bounds, Estimate};

/// A ceiling, a response time without queueing and a think time, and what else is wrong with it.
#[derive(Clone, Copy)]
struct System {
    ceiling: f64,
    response: f64,
    think: f64,
    /// Response times above this break the limit, seconds.
    limit: f64,
    open: bool,
    /// From this load on the generator is the limit.
    generator: f64,
    /// From this load on the level is aborted on the way to it.
    aborts: f64,
    /// At this load the first time is not steady.
    unsteady_once: f64,
    /// From this load on throughput is half of the ceiling.
    collapses: f64,
}

const PLAIN: System = System {
    ceiling: 40.0,
    response: 0.2,
    think: 2.3,
    limit: f64::INFINITY,
    open: false,
    generator: f64::INFINITY,
    aborts: f64::INFINITY,
    unsteady_once: f64::INFINITY,
    collapses: f64::INFINITY,
};

fn known(value: f64) -> Estimate {
    Estimate {
        value,
        interval: Some(Bounds {
            low: 0.99 * value,
            high: 1.01 * value,
        }),
    }
}

impl System {
    fn level(&self, load: f64) -> Level {
        let (rate, response) = if self.open {
            (load.min(self.ceiling), self.response)
        } else {
            let ceiling = if load >= self.collapses {
                0.5 * self.ceiling
            } else {
                self.ceiling
            };
            let rate = ceiling.min(load / (self.response + self.think));
            (rate, load / rate - self.think)
        };
        let trust = if load >= self.generator {
            Trust::Generator
        } else if load >= self.aborts {
            Trust::NeverHeld
        } else if self.open && load > self.ceiling {
            Trust::NotSteady
        } else {
            Trust::Steady
        };
        Level {
            load,
            requests: (600.0 * rate) as u64,
            failures: 0,
            rate: known(rate),
            failure_share: Estimate {
                value: 0.0,
                interval: Some(Bounds {
                    low: 0.0,
                    high: 0.001,
                }),
            },
            mean: Some(known(response)),
            p50: None,
            p95: None,
            p99: None,
            users: load,
            think: Some(self.think),
            in_flight: Some(rate * response),
            length: Some(600.0),
            drift: None,
            bursts: None,
            broken: (response > self.limit)
                .then(|| "mean < limit".to_owned())
                .into_iter()
                .collect(),
            trust,
        }
    }

    /// The loads that a search measures, and how it ends.
    fn searched(&self, start: f64, at_most: f64) -> (Vec<f64>, Ended) {
        let search = Search {
            start,
            at_most,
            ramp: Duration::ZERO,
            hold: Duration::from_secs(600),
            until_steady: None,
            pause: Duration::ZERO,
        };
        let context = Context {
            open: self.open,
            think: Some(self.think),
            pool_size: None,
            per_iteration: None,
        };
        let mut levels = Vec::new();
        loop {
            let analysis = Analysis::of_levels(levels, &context);
            match next(&search, self.open, &analysis) {
                Move::Measure { load, .. } => {
                    levels = analysis.levels;
                    let first = levels
                        .iter()
                        .all(|level: &Level| level.load.total_cmp(&load).is_ne());
                    let mut level = self.level(load);
                    if first && load.total_cmp(&self.unsteady_once).is_eq() {
                        level.trust = Trust::NotSteady;
                    }
                    levels.push(level);
                }
                Move::Done(ended) => {
                    return (analysis.levels.iter().map(|level| level.load).collect(), ended);
                }
            }
        }
    }
}

#[test]
fn it_goes_up_until_throughput_stops_growing_then_to_the_knee() {
    // The knee is at 100 users; 160 is the first plateau, and twice the knee the level for the ceiling.
    assert_eq!(
        PLAIN.searched(10.0, 2000.0),
        (vec![10.0, 20.0, 40.0, 80.0, 160.0, 320.0, 100.0], Ended::Known)
    );
}

#[test]
fn a_lowest_level_that_is_saturated_is_gone_below() {
    let busy = System {
        think: 0.0,
        response: 0.05,
        ..PLAIN
    };
    // Two users are the knee, so that even two are not without queueing.
    let (loads, ended) = busy.searched(10.0, 2000.0);
    assert_eq!(ended, Ended::Known);
    assert!(loads.contains(&1.0), "{loads:?}");
}

#[test]
fn it_narrows_down_where_a_limit_breaks_and_confirms_what_holds() {
    let limited = System { limit: 0.5, ..PLAIN };
    // At the ceiling of 40/s 112 users wait for half a second.
    let (loads, ended) = limited.searched(10.0, 2000.0);
    assert_eq!(ended, Ended::Known);
    let holds = loads
        .iter()
        .copied()
        .filter(|load| *load <= 112.0)
        .fold(0.0, f64::max);
    let gives = loads
        .iter()
        .copied()
        .filter(|load| *load > 112.0)
        .fold(f64::INFINITY, f64::min);
    assert!(gives / holds <= NEAR, "{loads:?}");
    assert_eq!(
        loads.iter().filter(|load| load.total_cmp(&holds).is_eq()).count(),
        2,
        "{loads:?}"
    );
}

#[test]
fn where_not_even_the_first_level_holds_it_goes_down() {
    let strict = System { limit: 0.1, ..PLAIN };
    let (loads, ended) = strict.searched(10.0, 2000.0);
    assert_eq!((loads.first(), loads.last()), (Some(&10.0), Some(&1.0)));
    assert_eq!(ended, Ended::Known);
}

#[test]
fn where_throughput_falls_it_goes_no_further() {
    let falls = System {
        collapses: 90.0,
        ..PLAIN
    };
    let (loads, ended) = falls.searched(10.0, 2000.0);
    assert_eq!(ended, Ended::Known);
    assert!(loads.iter().all(|load| *load <= 160.0), "{loads:?}");
    let holds = loads
        .iter()
        .copied()
        .filter(|load| *load < 90.0)
        .fold(0.0, f64::max);
    let gives = loads
        .iter()
        .copied()
        .filter(|load| *load >= 90.0)
        .fold(f64::INFINITY, f64::min);
    assert!(gives / holds <= NEAR, "{loads:?}");
}

#[test]
fn arrivals_are_bracketed_to_five_percent() {
    let open = System {
        open: true,
        think: 0.0,
        ..PLAIN
    };
    let (loads, ended) = open.searched(5.0, 2000.0);
    assert_eq!(ended, Ended::Known);
    let holds = loads
        .iter()
        .copied()
        .filter(|load| *load <= 40.0)
        .fold(0.0, f64::max);
    let gives = loads
        .iter()
        .copied()
        .filter(|load| *load > 40.0)
        .fold(f64::INFINITY, f64::min);
    assert!(gives / holds <= NEAR_OPEN, "{loads:?}");
}

#[test]
fn arrivals_that_were_not_steady_once_are_measured_again() {
    let open = System {
        open: true,
        think: 0.0,
        unsteady_once: 20.0,
        ..PLAIN
    };
    let (loads, ended) = open.searched(5.0, 30.0);
    assert_eq!((loads, ended), (vec![5.0, 10.0, 20.0, 20.0, 30.0], Ended::AtMost));
}

#[test]
fn nothing_that_gives_up_to_the_highest_level_is_said() {
    assert_eq!(
        PLAIN.searched(10.0, 60.0),
        (vec![10.0, 20.0, 40.0, 60.0], Ended::AtMost)
    );
}

#[test]
fn a_generator_that_is_the_limit_twice_ends_it() {
    let weak = System {
        generator: 40.0,
        ..PLAIN
    };
    assert_eq!(
        weak.searched(10.0, 2000.0),
        (vec![10.0, 20.0, 40.0, 40.0], Ended::Generator)
    );
}

#[test]
fn a_level_that_is_aborted_on_the_way_to_it_gives() {
    let breaks = System {
        aborts: 50.0,
        ..PLAIN
    };
    let (loads, ended) = breaks.searched(10.0, 2000.0);
    assert_eq!(ended, Ended::Known);
    let highest = loads.iter().copied().fold(0.0, f64::max);
    assert!(highest <= 80.0 && loads.contains(&80.0), "{loads:?}");
}

#[test]
fn a_first_level_without_one_success_ends_it() {
    let search = Search {
        start: 1.0,
        at_most: 10.0,
        ramp: Duration::ZERO,
        hold: Duration::ZERO,
        until_steady: None,
        pause: Duration::ZERO,
    };
    let mut level = PLAIN.level(1.0);
    level.failures = level.requests;
    let context = Context {
        open: false,
        think: None,
        pool_size: None,
        per_iteration: None,
    };
    let analysis = Analysis::of_levels(vec![level], &context);
    assert_eq!(next(&search, false, &analysis), Move::Done(Ended::Nothing));
}
