//! Comparing runs: how often it errs, what it refuses, how it tells.
//!
//! The runs are of a modelled API whose response times are anything but independent ([`api`]), and go through the real
//! recorder and aggregator. What is true is known: by how much an API is slower is what the model was told.

mod api;

use std::path::Path;
use std::process::Output;

use runner::analysis::compare::{Comparison, Refusal, Run, Sides, Verdict, compare};
use runner::measure::journal::Journal;
use runner::measure::run::Ending;
use runner::report::compare::{refused, report};

use crate::report::expect;
use api::{Api, Done};

/// Does something with several runs a side.
fn with_sides<T>(base: &[Done], new: &[Done], then: impl FnOnce(Sides<'_>) -> T) -> T {
    fn runs<'a>(done: &'a [Done], names: &'a [String]) -> Vec<Run<'a>> {
        let run = |(done, name): (&'a Done, &'a String)| Run {
            name,
            recording: &done.recording,
            summary: &done.summary,
        };
        done.iter().zip(names).map(run).collect()
    }
    let names = |side: &str, done: &[Done]| -> Vec<String> {
        (1..=done.len()).map(|number| format!("{side}{number}")).collect()
    };
    let (base_names, new_names) = (names("base", base), names("new", new));
    then(Sides {
        base: &runs(base, &base_names),
        new: &runs(new, &new_names),
    })
}

fn compared(base: &[Done], new: &[Done]) -> Result<Comparison, Vec<Refusal>> {
    with_sides(base, new, |sides| compare(sides, 1.05))
}

fn runs(apis: impl IntoIterator<Item = Api>) -> Vec<Done> {
    apis.into_iter().map(|api| api.run()).collect()
}

/// What came of many pairs of runs.
#[derive(Default)]
struct Tried {
    pairs: usize,
    refused: usize,
    worse: usize,
    /// Intervals that do not hold the truth.
    missed: usize,
}

/// Compares pairs of runs on as many threads as there are cores here.
fn try_pairs(pairs: u64, truth: f64, sides: impl Fn(u64) -> [Vec<Api>; 2] + Sync) -> Tried {
    let part = |thread: u64| {
        let mut tried = Tried::default();
        for pair in (thread..pairs).step_by(2) {
            let [base, new] = sides(pair).map(runs);
            tried.pairs += 1;
            match compared(&base, &new) {
                Ok(comparison) => {
                    let change = comparison.all.response.change;
                    tried.worse += usize::from(comparison.all.verdict() == Verdict::Worse);
                    tried.missed += usize::from(!change.interval.is_some_and(|bounds| bounds.holds(truth)));
                }
                Err(_) => tried.refused += 1,
            }
        }
        tried
    };
    std::thread::scope(|scope| {
        let other = scope.spawn(|| part(1));
        let (one, other) = (part(0), other.join().unwrap());
        Tried {
            pairs: one.pairs + other.pairs,
            refused: one.refused + other.refused,
            worse: one.worse + other.worse,
            missed: one.missed + other.missed,
        }
    })
}

#[test]
fn runs_without_a_difference_are_seldom_called_worse() {
    let tried = try_pairs(200, 1.0, |pair| {
        [vec![Api::usual(2 * pair)], vec![Api::usual(2 * pair + 1)]]
    });
    eprintln!(
        "{} {} {} {}",
        tried.pairs, tried.refused, tried.worse, tried.missed
    );
    assert!(tried.worse <= 10, "{} of 200 are called worse", tried.worse);
    assert!((1..=22).contains(&tried.missed), "{}", tried.missed);
    assert!(tried.refused <= 20, "{}", tried.refused);
}

#[test]
fn an_api_that_is_a_tenth_slower_is_called_worse() {
    let tried = try_pairs(60, 1.1, |pair| {
        [
            vec![Api::usual(1000 + 2 * pair)],
            vec![Api::usual(1001 + 2 * pair).slower(1.1)],
        ]
    });
    eprintln!(
        "{} {} {} {}",
        tried.pairs, tried.refused, tried.worse, tried.missed
    );
    assert!(10 * tried.worse >= 9 * tried.pairs);
}
