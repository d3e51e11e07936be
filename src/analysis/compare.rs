//! Whether new runs are better or worse than those before: the same scenario and load, several runs a side.
//!
//! The figure compared is the mean response time, new over base; in all that of the base's mix, so that a mix that came out
//! otherwise by chance is no difference: the mean of each row is weighted with the row's share of the base's requests (direct
//! standardisation, Fleiss 1973). Logarithms are compared, as a service that is 10 % slower is so at every level and endpoint;
//! their error follows from that of the means by the delta method. Over levels each counts alike: weights from measured errors
//! would be random themselves and make the interval too narrow (Meier 1953).
//!
//! The rule for *worse*: the interval of the ratio excludes 1, and the ratio is at least [`Comparison::at_least`]; or that of
//! the difference between the failed shares excludes 0, and the share grew by at least [`SHARE_COUNTS`]. *Better* mirrors it.
//! The intervals of the endpoints are at 1 − 5 %/m for m of them, so that all of them hold together in 95 of 100 comparisons
//! (Bonferroni's inequality, Dunn 1961), and likewise those of the levels.

mod comparable;
mod contrast;
mod figures;

pub use comparable::{LeftOut, Refusal};

use super::estimate::{CONFIDENCE, Estimate};
use super::level::Level;
use super::levels::with_intervals;
use crate::measure::recording::Recording;
use crate::measure::summary::RunSummary;
use crate::plan::{RowId, StageId};
use contrast::{Measured, contrast};
use figures::{Figures, Held};

/// A smaller change of the failed share counts for nothing: one percentage point.
pub const SHARE_COUNTS: f64 = 0.01;

/// A run to be compared.
#[derive(Clone, Copy, Debug)]
pub struct Run<'a> {
    /// What to call it.
    pub name: &'a str,
    /// All of it.
    pub recording: &'a Recording,
    /// Its figures.
    pub summary: &'a RunSummary,
}

/// The runs of both sides.
#[derive(Clone, Copy, Debug)]
pub struct Sides<'a> {
    /// Those before.
    pub base: &'a [Run<'a>],
    /// Those after.
    pub new: &'a [Run<'a>],
}

impl<'a> Sides<'a> {
    /// All runs, those of the base first.
    pub fn all(self) -> impl Iterator<Item = &'a Run<'a>> {
        self.base.iter().chain(self.new)
    }
}

/// What came of comparing.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// The least ratio that counts.
    pub at_least: f64,
    /// All requests, weighted by the base's mix, over all levels compared.
    pub all: Part,
    /// Each row, over the levels compared; `None` where a run has too few of its requests.
    pub rows: Vec<(RowId, Option<Part>)>,
    /// Each level compared, all requests, weighted by the base's mix.
    pub levels: Vec<(StageId, Part)>,
    /// Levels that are not compared, and why.
    pub left_out: Vec<LeftOut>,
}

/// A set of requests on both sides.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Part {
    /// Mean response time in seconds (over levels: the geometric mean), and its ratio.
    pub response: Change,
    /// 95th percentile of the response time, likewise. For information.
    pub p95: Option<Change>,
    /// Requests per second, likewise. For information.
    pub rate: Change,
    /// Failed share (over levels: the mean), and the difference.
    pub failures: Change,
    /// What the response times say.
    pub by_response: Verdict,
    /// What the failures say.
    pub by_failures: Verdict,
}

/// A figure of both sides.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Change {
    /// Of the base.
    pub base: f64,
    /// Of the new runs.
    pub new: f64,
    /// New over base, or new less base.
    pub change: Estimate,
}

/// What can be said of a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The new runs are better.
    Better,
    /// They are worse.
    Worse,
    /// Neither is shown.
    NoEvidence,
}

impl Part {
    /// Worse in one respect is worse, whatever the other says: failures are often fast.
    pub fn verdict(&self) -> Verdict {
        match (self.by_response, self.by_failures) {
            (Verdict::Worse, _) | (_, Verdict::Worse) => Verdict::Worse,
            (Verdict::Better, _) | (_, Verdict::Better) => Verdict::Better,
            _ => Verdict::NoEvidence,
        }
    }
}

impl Comparison {
    /// Whether anything is worse: in all, an endpoint or a level.
    pub fn any_worse(&self) -> bool {
        let rows = self.rows.iter().filter_map(|(_, part)| part.as_ref());
        let levels = self.levels.iter().map(|(_, part)| part);
        std::iter::once(&self.all)
            .chain(rows)
            .chain(levels)
            .any(|part| part.verdict() == Verdict::Worse)
    }
}

/// Compares; refuses runs that cannot be compared, with every reason. `at_least`: the least ratio that counts, 1 or more.
pub fn compare(sides: Sides<'_>, at_least: f64) -> Result<Comparison, Vec<Refusal>> {
    let refusals = comparable::refusals(sides);
    if !refusals.is_empty() {
        return Err(refusals);
    }
    let runs: Vec<(&Run<'_>, Vec<Level>)> = sides
        .all()
        .map(|run| (run, with_intervals(run.recording, run.summary)))
        .collect();
    let (held, left_out) = usable(&runs);
    if held.is_empty() {
        return Err(vec![Refusal::NoLevel(left_out)]);
    }
    let judge = Judge {
        base_runs: sides.base.len(),
        at_least,
    };
    judge
        .comparison(&held, left_out)
        .ok_or_else(|| vec![Refusal::NoRequests])
}

/// What a level held, run by run.
struct AtLevel {
    stage: StageId,
    runs: Vec<Held>,
}

/// The levels that every run has measured well, and why not the others.
fn usable(runs: &[(&Run<'_>, Vec<Level>)]) -> (Vec<AtLevel>, Vec<LeftOut>) {
    let (mut usable, mut left_out) = (Vec::new(), Vec::new());
    let stages = runs.iter().map(|(_, levels)| levels.len()).min().unwrap_or(0);
    for at in 0..stages {
        let held = runs
            .iter()
            .enumerate()
            .map(|(number, (run, levels))| {
                Held::of(run, at, &levels[at]).map_err(|trust| LeftOut {
                    stage: StageId(at as u16),
                    run: number,
                    trust,
                })
            })
            .collect::<Vec<_>>();
        if held.iter().all(Result::is_ok) {
            usable.push(AtLevel {
                stage: StageId(at as u16),
                runs: held.into_iter().filter_map(Result::ok).collect(),
            });
        } else {
            left_out.extend(held.into_iter().filter_map(Result::err));
        }
    }
    (usable, left_out)
}

/// How parts are judged.
struct Judge {
    /// How many of the runs are the base's; they come first.
    base_runs: usize,
    at_least: f64,
}

impl Judge {
    fn comparison(&self, held: &[AtLevel], left_out: Vec<LeftOut>) -> Option<Comparison> {
        // Each level's figures of all requests, run by run.
        let whole: Vec<(StageId, Vec<Figures>)> = held
            .iter()
            .filter_map(|level| Some((level.stage, figures::of_mix(&level.runs, self.base_runs)?)))
            .collect();
        let every: Vec<_> = whole.iter().map(|(_, runs)| runs.as_slice()).collect();
        let all = self.part(&every, 1)?;
        let rows: Vec<Vec<Vec<Figures>>> = (0..held.first()?.runs.first()?.rows())
            .map(|row| {
                held.iter()
                    .filter_map(|level| figures::of_row(&level.runs, row))
                    .collect()
            })
            .collect();
        let compared = rows.iter().filter(|levels| !levels.is_empty()).count();
        let row = |(row, levels): (usize, &Vec<Vec<Figures>>)| {
            let levels: Vec<_> = levels.iter().map(Vec::as_slice).collect();
            (RowId(row as u16), self.part(&levels, compared))
        };
        let level =
            |(stage, runs): &(StageId, Vec<Figures>)| Some((*stage, self.part(&[runs], whole.len())?));
        Some(Comparison {
            at_least: self.at_least,
            all,
            rows: rows.iter().enumerate().map(row).collect(),
            levels: whole.iter().filter_map(level).collect(),
            left_out,
        })
    }

    /// A part of `parts` that are judged together, from its figures by level and run.
    fn part(&self, levels: &[&[Figures]], parts: usize) -> Option<Part> {
        if levels.is_empty() {
            return None;
        }
        let confidence = 1.0 - (1.0 - CONFIDENCE) / parts as f64;
        let change = |figure: &dyn Fn(&Figures) -> Option<Measured>| -> Option<Change> {
            let runs = levels.first()?.len();
            let of_run = |run: usize| {
                let figures: Option<Vec<_>> = levels.iter().map(|level| figure(&level[run])).collect();
                Some(Measured::mean(&figures?))
            };
            let all: Option<Vec<_>> = (0..runs).map(of_run).collect();
            let all = all?;
            let (base, new) = all.split_at(self.base_runs);
            Some(Change {
                base: Measured::mean(base).value,
                new: Measured::mean(new).value,
                change: contrast(base, new, confidence),
            })
        };
        let response = change(&|figures| Some(figures.response))?.exp();
        let failures = change(&|figures| Some(figures.failures))?;
        Some(Part {
            response,
            p95: change(&|figures| figures.p95).map(Change::exp),
            rate: change(&|figures| Some(figures.rate))?.exp(),
            failures,
            by_response: verdict(response.change, 1.0, self.at_least, 1.0 / self.at_least),
            by_failures: verdict(failures.change, 0.0, SHARE_COUNTS, -SHARE_COUNTS),
        })
    }
}

impl Change {
    /// From logarithms.
    fn exp(self) -> Self {
        Self {
            base: self.base.exp(),
            new: self.new.exp(),
            change: self.change.map(f64::exp),
        }
    }
}

/// `same`: what the change is where there is none. `worse` and `better`: from where on it counts.
fn verdict(change: Estimate, same: f64, worse: f64, better: f64) -> Verdict {
    if change.low() > same && change.value >= worse {
        Verdict::Worse
    } else if change.high() < same && change.value <= better {
        Verdict::Better
    } else {
        Verdict::NoEvidence
    }
}
