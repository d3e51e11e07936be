//! The figures of one run at one level, as they are compared, with their errors from its blocks.

use super::Run;
use super::contrast::Measured;
use crate::analysis::blocks::{Block, Estimates, FEWEST, blocks};
use crate::analysis::correlation::inflation;
use crate::analysis::distribution::student_t;
use crate::analysis::estimate::{CONFIDENCE, Estimate, Ratio};
use crate::analysis::level::{Level, Trust};
use crate::measure::histogram::Tally;
use crate::measure::summary::Window;
use crate::plan::RowId;

/// What is compared.
#[derive(Clone, Copy, Debug)]
pub(super) struct Figures {
    /// Logarithm of the mean response time.
    pub(super) response: Measured,
    /// Logarithm of the 95th percentile of the response time.
    pub(super) p95: Option<Measured>,
    /// Logarithm of the requests per second.
    pub(super) rate: Measured,
    /// Failed share.
    pub(super) failures: Measured,
}

/// What a run holds of a level: sums by row and block, the blocks alike for all rows.
pub(super) struct Held {
    rows: Vec<Set>,
    all: Set,
}

/// Some requests of a level.
struct Set {
    blocks: Vec<Sums>,
    p95: Option<Measured>,
}

/// Sums over a block.
#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    seconds: f64,
    count: f64,
    /// Of response times, seconds.
    time: f64,
    failed: f64,
}

impl Held {
    /// What a run holds of its level number `at`; why not, where its figures cannot be relied on.
    pub(super) fn of(run: &Run<'_>, at: usize, level: &Level) -> Result<Self, Trust> {
        if !level.is_trusted() {
            return Err(level.trust.clone());
        }
        let window = &run.summary.stages[at].window;
        let length = f64::from(window.to.saturating_sub(window.from));
        let cycle = level.cycle().unwrap_or(length);
        let too_short = || Trust::TooShort {
            cycles: length / cycle.max(1.0),
            needed: f64::from(FEWEST) * cycle.max(1.0),
        };
        let all = Set::of(run, window, cycle, |_| true).ok_or_else(too_short)?;
        let rows = (0..run.recording.info.outline.rows.len())
            .map(|row| Set::of(run, window, cycle, |other| usize::from(other.0) == row));
        let rows: Option<Vec<Set>> = rows.collect();
        Ok(Self {
            rows: rows.ok_or_else(too_short)?,
            all,
        })
    }

    /// How many rows there are.
    pub(super) fn rows(&self) -> usize {
        self.rows.len()
    }
}

impl Set {
    fn of(run: &Run<'_>, window: &Window, cycle: f64, rows: impl Fn(RowId) -> bool) -> Option<Self> {
        let blocks = blocks(run.recording, window, cycle, &rows)?;
        let mut all = Tally::default();
        for block in &blocks {
            all.merge(&block.requests.response);
        }
        let unfinished = run.recording.unfinished_of(window.stage, &rows);
        let degrees = blocks.len() as f64 - 1.0;
        let p95 = Estimates(&blocks).percentile(95.0, &all, &unfinished);
        Some(Self {
            p95: p95.and_then(|p95| on_log_scale(p95, degrees)),
            blocks: blocks.iter().map(Sums::of).collect(),
        })
    }

    /// Whether requests are in enough blocks to know their error.
    fn is_known(&self) -> bool {
        let filled = self.blocks.iter().filter(|block| block.count > 0.0);
        filled.count() >= FEWEST as usize
    }

    fn count(&self) -> f64 {
        self.blocks.iter().map(|block| block.count).sum()
    }

    fn failed(&self) -> f64 {
        self.blocks.iter().map(|block| block.failed).sum()
    }

    fn rate(&self) -> Option<Measured> {
        let sums = self.blocks.iter().map(|block| (block.count, block.seconds));
        Measured::from(Ratio::of(sums)?).ln()
    }
}

impl Sums {
    fn of(block: &Block) -> Self {
        Self {
            seconds: block.seconds,
            count: block.requests.response.count() as f64,
            time: block.requests.response.sum() as f64 / 1e6,
            failed: block.requests.failed as f64,
        }
    }

    fn plus(self, other: &Self) -> Self {
        Self {
            seconds: self.seconds.max(other.seconds),
            count: self.count + other.count,
            time: self.time + other.time,
            failed: self.failed + other.failed,
        }
    }
}

/// A percentile's logarithm, its error from the width of its interval.
fn on_log_scale(estimate: Estimate, degrees: f64) -> Option<Measured> {
    let bounds = estimate.interval?;
    (bounds.low > 0.0).then(|| {
        let half = (bounds.high.ln() - bounds.low.ln()) / 2.0;
        Measured {
            value: estimate.value.ln(),
            variance: (half / student_t(CONFIDENCE, degrees)).powi(2),
            degrees,
        }
    })
}

/// The figures of a row at a level, run by run; `None` where a run has too few of its requests.
pub(super) fn of_row(runs: &[Held], row: usize) -> Option<Vec<Figures>> {
    let known = runs.iter().all(|held| held.rows[row].is_known());
    let figures = |held: &Held| {
        let set = &held.rows[row];
        weighted(&[(1.0, set.blocks.clone())], set)
    };
    known.then(|| runs.iter().map(figures).collect())?
}

/// The figures of all requests at a level in the mix of the base's runs, which come first. Rows that are too rare in some
/// run to know their error are taken together.
pub(super) fn of_mix(runs: &[Held], base_runs: usize) -> Option<Vec<Figures>> {
    let rows = 0..runs.first()?.rows();
    let (mut strata, mut rare) = (Vec::new(), Vec::new());
    for row in rows {
        if runs.iter().all(|held| held.rows[row].is_known()) {
            strata.push(vec![row]);
        } else {
            rare.push(row);
        }
    }
    let count = |held: &Held, rows: &[usize]| rows.iter().map(|row| held.rows[*row].count()).sum::<f64>();
    // A row that a run has not at all has no mean there.
    if !rare.is_empty() && runs.iter().all(|held| count(held, &rare) > 0.0) {
        strata.push(rare);
    }
    let of_base = |rows: &[usize]| {
        runs[..base_runs]
            .iter()
            .map(|held| count(held, rows))
            .sum::<f64>()
    };
    let all: f64 = strata.iter().map(|rows| of_base(rows)).sum();
    let figures = |held: &Held| {
        let strata: Vec<_> = strata
            .iter()
            .map(|rows| (of_base(rows) / all, held.sums(rows)))
            .collect();
        weighted(&strata, &held.all)
    };
    runs.iter().map(figures).collect()
}

impl Held {
    /// The sums of several rows, block by block.
    fn sums(&self, rows: &[usize]) -> Vec<Sums> {
        let blocks = 0..self.all.blocks.len();
        let sum = |block: usize| {
            let parts = rows.iter().map(|row| &self.rows[*row].blocks[block]);
            parts.fold(Sums::default(), Sums::plus)
        };
        blocks.map(sum).collect()
    }
}

/// The figures of strata with their weights; percentile and rate are those of the whole, as it came.
fn weighted(strata: &[(f64, Vec<Sums>)], whole: &Set) -> Option<Figures> {
    let response = standardised(strata, |sums| sums.time)?.ln()?;
    let failures = standardised(strata, |sums| sums.failed)?;
    Some(Figures {
        response,
        p95: whole.p95,
        rate: whole.rate()?,
        failures: Measured {
            variance: failures
                .variance
                .max(of_independent(whole.failed(), whole.count())),
            ..failures
        },
    })
}

/// The squared error of a share of independent requests, one failure and one success added: that of failures of which none
/// was seen is not zero (Agresti and Caffo 2000).
fn of_independent(failed: f64, count: f64) -> f64 {
    let share = (failed + 1.0) / (count + 2.0);
    share * (1.0 - share) / (count + 2.0)
}

/// Σ weight · (Σ above / Σ requests): the ratio of each stratum has the residuals of [`Ratio::of`], and those of a block are
/// added up over the strata, as a burst hits all of them.
fn standardised(strata: &[(f64, Vec<Sums>)], above: impl Fn(&Sums) -> f64) -> Option<Measured> {
    let blocks = strata.first()?.1.len();
    let mut residuals = vec![0.0; blocks];
    let mut value = 0.0;
    for (weight, sums) in strata {
        let count: f64 = sums.iter().map(|block| block.count).sum();
        if count <= 0.0 {
            return None;
        }
        let ratio = sums.iter().map(&above).sum::<f64>() / count;
        value += weight * ratio;
        for (residual, block) in residuals.iter_mut().zip(sums) {
            *residual += weight * (above(block) - ratio * block.count) / count;
        }
    }
    let (squares, blocks) = (residuals.iter().map(|r| r * r).sum::<f64>(), blocks as f64);
    (blocks >= 2.0).then(|| Measured {
        value,
        variance: squares * blocks / (blocks - 1.0) * inflation(&residuals),
        degrees: blocks - 1.0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sums(count: f64, time: f64) -> Sums {
        Sums {
            seconds: 1.0,
            count,
            time,
            failed: 0.0,
        }
    }

    #[test]
    fn one_stratum_is_the_ratio_of_sums() {
        let blocks = [(2.0, 6.0), (3.0, 8.0), (3.0, 10.0), (2.0, 6.0)];
        let one = standardised(
            &[(1.0, blocks.map(|(count, time)| sums(count, time)).to_vec())],
            |sums| sums.time,
        );
        let ratio = Ratio::of(blocks.into_iter().map(|(count, time)| (time, count)));
        let (one, ratio) = (
            one.expect("four blocks"),
            Measured::from(ratio.expect("four blocks")),
        );
        assert!((one.value - ratio.value).abs() < 1e-12);
        assert!((one.variance - ratio.variance).abs() < 1e-12);
    }

    #[test]
    fn another_mix_is_no_difference() {
        let strata = |fast: f64, slow: f64| {
            let of = |count: f64, each: f64| vec![sums(count, count * each); 10];
            standardised(&[(0.8, of(fast, 0.1)), (0.2, of(slow, 1.0))], |sums| sums.time).expect("ten blocks")
        };
        // 0.8 · 0.1 + 0.2 · 1, whatever the counts.
        for found in [strata(80.0, 20.0), strata(60.0, 40.0)] {
            assert!(
                (found.value - 0.28).abs() < 1e-12 && found.variance < 1e-20,
                "{found:?}"
            );
        }
    }

    #[test]
    fn no_failure_seen_leaves_an_error() {
        // About that of one failure among 1000.
        let error = of_independent(0.0, 998.0).sqrt();
        assert!((error - 0.001).abs() < 1e-5, "{error}");
    }
}
