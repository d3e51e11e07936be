//! Comparing runs: how often it errs, what it refuses, how it tells.
//!
//! The runs are of a modelled API whose response times are anything but independent ([`api`]), and go through the real
//! recorder and aggregator. What is true is known: by how much an API is slower is what the model was told.

mod api;

use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;

use runner::analysis::compare::{Comparison, Part, Refusal, Run, Sides, Verdict, compare};
use runner::measure::health::Warning;
use runner::measure::journal::Journal;
use runner::measure::run::Ending;
use runner::measure::summary::WindowChoice;
use runner::plan::outline::Outline;
use runner::report::compare::{refused, report};

use crate::measure::script::Numbers;
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
#[derive(Debug, Default)]
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

/// A pair is called worse by chance in 2.5 % of cases at most: the interval is at 95 % on both sides, and the ratio must be 1.05
/// or more. Of 200 that is 5, and more than 10 (the 5 % that are allowed) once in a hundred such sets. Intervals miss the truth
/// in 10 of 200, give or take 3.1; none, or more than 22 (four standard deviations) would mean that they are wrong.
/// 3 % of holds this short are taken for not steady, so about 6 % of the pairs are refused: 12, and at most 26 (four more).
#[test]
fn runs_without_a_difference_are_seldom_called_worse() {
    let tried = try_pairs(200, 1.0, |pair| {
        [vec![Api::usual(2 * pair)], vec![Api::usual(2 * pair + 1)]]
    });
    assert!(tried.worse <= 10, "{tried:?}");
    assert!((1..=22).contains(&tried.missed), "{tried:?}");
    assert!(tried.refused <= 26, "{tried:?}");
}

/// Every response takes a tenth longer, at some 10,000 requests a run. A pair that is refused counts as one not found.
#[test]
fn an_api_that_is_a_tenth_slower_is_called_worse() {
    let large = |seed: u64| Api {
        users: 100,
        holds: vec![300],
        ..Api::usual(seed)
    };
    let tried = try_pairs(40, 1.1, |pair| {
        let seed = 1000 + 2 * pair;
        [vec![large(seed)], vec![large(seed + 1).slower(1.1)]]
    });
    assert!(10 * tried.worse >= 9 * tried.pairs, "{tried:?}");
    let requests = large(1).run().summary.total.requests;
    assert!((9_000..11_000).contains(&requests), "{requests}");
}

/// Every run has a factor of its own (a standard deviation of a tenth), as from where its processes were placed. Three runs a
/// side know that: 2.5 % of 40 are called worse, and more than 4 four times in a thousand. By the error within runs
/// alone (a hundredth or two) it would be every fourth.
#[test]
fn runs_that_differ_by_themselves_are_seldom_called_worse() {
    let side = |seed: u64| -> Vec<Api> {
        (seed..seed + 3)
            .map(|seed| Api {
                holds: vec![60],
                ..Api::usual(seed).slower(1.5 * (0.1 * normal(seed)).exp())
            })
            .collect()
    };
    let tried = try_pairs(40, 1.0, |pair| [side(5000 + 6 * pair), side(5003 + 6 * pair)]);
    assert!(tried.worse <= 4, "{tried:?}");
    assert!(tried.pairs - tried.refused >= 20, "{tried:?}");
}

/// A standard normal value for a seed: the sum of twelve uniform ones less six, at most 6 off.
fn normal(seed: u64) -> f64 {
    let mut numbers = Numbers(seed);
    // Neighbouring seeds are alike at first.
    for _ in 0..8 {
        numbers.below(2);
    }
    (0..12)
        .map(|_| numbers.below(1_000_000) as f64 / 1e6)
        .sum::<f64>()
        - 6.0
}

/// The comparison of three runs a side. A run that is taken for not steady by chance is left out, as its user would do.
fn three(base: impl Fn(u64) -> Api, new: impl Fn(u64) -> Api) -> Comparison {
    let steady = |done: &Done| matches!(done.summary.stages[0].window.choice, WindowChoice::Steady { .. });
    let base: Vec<_> = (1..)
        .map(|seed| base(seed).run())
        .filter(steady)
        .take(3)
        .collect();
    let new: Vec<_> = (11..)
        .map(|seed| new(seed).run())
        .filter(steady)
        .take(3)
        .collect();
    compared(&base, &new).expect("comparable")
}

#[test]
fn only_the_endpoint_that_is_slower_is_called_worse() {
    let slow = |seed| Api {
        slower: [1.0, 1.4],
        ..Api::usual(seed)
    };
    let found = three(Api::usual, slow);
    let verdicts = found
        .rows
        .iter()
        .map(|(_, part)| part.as_ref().map(Part::verdict));
    assert_eq!(
        verdicts.collect::<Vec<_>>(),
        [Some(Verdict::NoEvidence), Some(Verdict::Worse)]
    );
    assert!(found.any_worse());
    // And the other way round.
    let found = three(slow, Api::usual);
    assert_eq!(found.rows[1].1.as_ref().map(Part::verdict), Some(Verdict::Better));
    assert!(!found.any_worse());
}

#[test]
fn a_mix_that_came_out_otherwise_is_no_difference() {
    // Four in ten requests are of the slow endpoint in place of three: the plain mean is a tenth longer.
    let other = |seed| Api {
        first: 0.6,
        ..Api::usual(seed)
    };
    let plain = |done: &Done| {
        done.summary.stages[0]
            .figures
            .mean
            .unwrap_or_default()
            .as_secs_f64()
    };
    let means = [Api::usual(1).run(), other(4).run()].map(|done| plain(&done));
    assert!(means[1] / means[0] > 1.06, "{means:?}");
    let found = three(Api::usual, other);
    let ratio = found.all.response.change.value;
    // The servers are busier by a thirtieth.
    assert!((0.96..1.04).contains(&ratio), "{ratio}");
    assert_eq!(found.all.verdict(), Verdict::NoEvidence);
}

#[test]
fn failures_are_worse_from_a_percentage_point_on() {
    let failing = |share| {
        move |seed| Api {
            failing: share,
            ..Api::usual(seed)
        }
    };
    let found = three(Api::usual, failing(0.04));
    assert_eq!(found.all.by_failures, Verdict::Worse);
    assert_eq!(found.all.by_response, Verdict::NoEvidence);
    assert_eq!(found.all.verdict(), Verdict::Worse);
    assert_eq!(three(failing(0.04), Api::usual).all.verdict(), Verdict::Better);
    // Six tenths of a point, of some 15,000 requests a side: it is there, but it does not count.
    let long = |failing| {
        move |seed| Api {
            failing,
            holds: vec![300],
            ..Api::usual(seed)
        }
    };
    let small = three(long(0.0), long(0.006));
    assert!(small.all.failures.change.low() > 0.0, "{:?}", small.all.failures);
    assert_eq!(small.all.by_failures, Verdict::NoEvidence);
}

#[test]
fn what_counts_can_be_set() {
    let (base, new) = (
        runs((1..4).map(Api::usual)),
        runs((4..7).map(|seed| Api::usual(seed).slower(1.3))),
    );
    let verdict = |at_least| {
        with_sides(&base, &new, |sides| compare(sides, at_least)).map(|comparison| comparison.all.verdict())
    };
    assert_eq!(verdict(1.05), Ok(Verdict::Worse));
    assert_eq!(verdict(2.0), Ok(Verdict::NoEvidence));
}

/// Two levels, the second endpoint slower, with failures; the third level is not steady in one run.
#[test]
fn the_comparison_is_as_frozen() {
    let api = |seed| Api {
        holds: vec![80, 80, 60],
        failing: 0.002,
        ..Api::usual(seed)
    };
    let base = runs((1..4).map(api));
    let mut new = runs((4..7).map(|seed| Api {
        slower: [1.0, 1.5],
        failing: 0.03,
        ..api(seed)
    }));
    new[1].summary.stages[2].window.choice = WindowChoice::NotSteady;
    let text = with_sides(&base, &new, |sides| {
        report(sides, &compare(sides, 1.05).expect("comparable"))
    });
    expect("tests/golden/compare/report.md", &text);
    let first = &new[..1];
    let text = with_sides(&base[..1], first, |sides| {
        report(sides, &compare(sides, 1.05).expect("comparable"))
    });
    assert!(text.contains("One run a side"), "{text}");
}

fn short(seed: u64) -> Done {
    Api {
        holds: vec![60],
        ..Api::usual(seed)
    }
    .run()
}

/// Why two runs are not compared.
fn refusal(base: Done, new: Done) -> String {
    let (base, new) = ([base], [new]);
    with_sides(&base, &new, |sides| {
        let refusals = compare(sides, 1.05).expect_err("not comparable");
        refused(sides, &refusals).join("\n")
    })
}

#[test]
fn runs_that_cannot_be_compared_are_refused_with_the_reason() {
    let changed = |change: &dyn Fn(&mut Done)| {
        let mut done = short(2);
        change(&mut done);
        refusal(short(1), done)
    };
    let of_outline = |change: fn(&mut Outline)| {
        changed(&|done: &mut Done| {
            let info = Arc::make_mut(&mut done.recording.info);
            change(Arc::make_mut(&mut info.outline));
        })
    };
    let said = [
        refusal(short(1), short(1)),
        of_outline(|outline| outline.name = "shop".to_owned()),
        of_outline(|outline| outline.rows[1].name = "by_name".to_owned()),
        of_outline(|outline| outline.endpoints[1].weight = 3.0),
        of_outline(|outline| outline.stages[0].level = 20.0),
        of_outline(|outline| outline.think.words = "a second".to_owned()),
        changed(&|done| {
            done.recording.end.how = Ending::Killed;
            done.summary.end.how = Ending::Killed;
        }),
        changed(&|done| done.summary.stages[0].window.choice = WindowChoice::NotSteady),
        changed(&|done| {
            done.summary.stages[0].warnings.push(Warning::Cpu {
                seconds: 30,
                cores: 2.0,
                of: 2,
            });
        }),
        refusal(
            short(1),
            Api {
                holds: vec![20],
                ..Api::usual(2)
            }
            .run(),
        ),
        {
            let hold = |seed| Api {
                holds: vec![20],
                ..Api::usual(seed)
            };
            refusal(hold(1).run(), hold(2).run())
        },
    ];
    expect("tests/golden/compare/refused.txt", &(said.join("\n\n") + "\n"));
}

/// A run on disk.
fn on_disk(api: &Api, folder: &Path) {
    let done = api.run();
    let journal = Journal::create(folder, &done.recording.info).unwrap();
    for interval in done.recording.timeline.intervals() {
        journal.interval(interval.clone());
        // A run leaves a second for each; at once they would be merged, as for a slow disk.
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    journal.finish(&done.recording.end);
}

#[test]
fn the_command_tells_writes_and_ends_with_the_code_for_ci() {
    let folder = tempfile::tempdir().unwrap();
    for seed in 1..5 {
        let api = Api::usual(seed).slower(if seed > 2 { 1.5 } else { 1.0 });
        on_disk(&api, &folder.path().join(format!("run{seed}")));
    }
    let command = |arguments: &str| -> (Option<i32>, String, String) {
        let output: Output = Command::new(env!("CARGO_BIN_EXE_runner"))
            .arg("compare")
            .args(arguments.split_whitespace())
            .current_dir(folder.path())
            .output()
            .unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (output.status.code(), text(output.stdout), text(output.stderr))
    };
    let (code, told, _) = command("run1 run2 -- run3 run4 --fail-on worse --out compared.md");
    assert_eq!(code, Some(4), "{told}");
    assert!(told.contains("\n**Worse**: in all "), "{told}");
    let written = std::fs::read_to_string(folder.path().join("compared.md")).unwrap();
    assert_eq!(written, told);
    // The same again, the options before the folders.
    assert_eq!(command("--fail-on=worse run1 run2 -- run3 run4").1, told);
    // Faster is no failure, nor is worse where nobody asked.
    assert_eq!(command("run3 run4 --fail-on worse -- run1 run2").0, Some(0));
    assert_eq!(command("run1 run3").0, Some(0));
    for (arguments, reason) in [
        ("run1 nowhere", "nowhere holds no run"),
        ("run1 run2 run3", "which runs are the new ones?"),
        ("run1", "which runs are the new ones?"),
        ("run1 run1", "the same run"),
        ("-- run1", "required"),
        ("run1 run3 --at-least 0.5", "a ratio such as 1.05"),
        ("run1 run3 --fail-on better", "invalid value 'better'"),
    ] {
        let (code, told, error) = command(arguments);
        assert_eq!((code, told.as_str()), (Some(2), ""), "{arguments}");
        assert!(error.contains(reason), "{arguments}: {error}");
    }
}
