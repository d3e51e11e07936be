//! Where a run fell short of its scenario: what was planned and not carried out. A run is only as good as the scenario that it
//! carried out, so the gravest of these fail it, whatever its thresholds say.

use super::distribution::beta;
use crate::measure::summary::{EndpointSummary, RunSummary, WindowChoice};
use crate::plan::outline::EndpointOutline;
use crate::plan::threshold::Metric;
use crate::plan::{EndpointId, RowId, StageId};

/// So seldom does chance alone leave an endpoint out of all draws, or make a mix that is called off.
const CHANCE: f64 = 0.001;

/// A share that is off by less than this part of itself is no matter, however sure.
const OFF: f64 = 0.05;

/// Fewer iterations that all failed may be chance.
const FEWEST_FAILED: u64 = 10;

/// Users who are missing from a level: less than this share of it is no matter, and more than [`MOST_MISSING`] fails the run.
const MISSING: f64 = 0.01;
const MOST_MISSING: f64 = 0.5;

/// One way in which a run fell short of its scenario.
#[derive(Clone, Debug, PartialEq)]
pub enum Shortfall {
    /// Not one iteration was drawn: no user came so far.
    NothingBegun,
    /// An endpoint was never sent, though its weight says that it should have been.
    NeverSent {
        /// Which.
        endpoint: EndpointId,
        /// Its share of the draw.
        share: f64,
        /// Iterations that were drawn in all.
        drawn: u64,
    },
    /// Every iteration of an endpoint failed, and no threshold of its own says how many may.
    AllFailed {
        /// Which.
        endpoint: EndpointId,
        /// How many there were.
        iterations: u64,
    },
    /// An endpoint was drawn more or less often than its weight says, beyond chance.
    Mix {
        /// Which.
        endpoint: EndpointId,
        /// Its share of the draw by weight.
        planned: f64,
        /// The share that it had.
        achieved: f64,
    },
    /// A step was never sent, though its journey was carried out to its end.
    StepNeverSent {
        /// Which.
        row: RowId,
        /// Iterations of the journey that were carried out to their end.
        iterations: u64,
    },
    /// Iterations without a request, as the conditions of all steps were false.
    SentNothing {
        /// Of which endpoint.
        endpoint: EndpointId,
        /// How many.
        count: u64,
        /// Of how many.
        of: u64,
    },
    /// Users were missing from a level, as their `on_start` failed.
    UsersMissing {
        /// The level.
        stage: StageId,
        /// Users that the level should have had.
        planned: f64,
        /// Users that worked, mean over the window.
        worked: f64,
    },
    /// Arrivals of the open model went away, as their `on_start` failed.
    ArrivalsLeft {
        /// How many.
        count: u64,
        /// Of how many.
        of: u64,
    },
}

impl Shortfall {
    /// Whether the run fails for it.
    pub fn fails(&self) -> bool {
        match *self {
            Self::NothingBegun | Self::NeverSent { .. } | Self::AllFailed { .. } => true,
            Self::UsersMissing { planned, worked, .. } => worked < (1.0 - MOST_MISSING) * planned,
            Self::ArrivalsLeft { count, of } => count as f64 > MOST_MISSING * of as f64,
            Self::Mix { .. } | Self::StepNeverSent { .. } | Self::SentNothing { .. } => false,
        }
    }
}

/// Whether a run was carried out as its scenario says.
pub fn fails(shortfalls: &[Shortfall]) -> bool {
    shortfalls.iter().any(Shortfall::fails)
}

/// All shortfalls of a run, the gravest first.
pub fn shortfalls(summary: &RunSummary) -> Vec<Shortfall> {
    let weights: f64 = mix(summary).map(|(_, endpoint, _)| endpoint.weight).sum();
    let drawn = mix(summary).fold(0_u64, |sum, (_, _, of)| sum.saturating_add(of.drawn));
    let mut all = Vec::new();
    // Journals of earlier versions count no draws.
    let any_iteration = summary.endpoints.iter().any(|endpoint| endpoint.iterations > 0);
    if drawn == 0 && summary.starts.failed > 0 {
        all.push(Shortfall::NothingBegun);
    }
    if drawn > 0 && any_iteration {
        for (id, endpoint, of) in mix(summary) {
            let share = endpoint.weight / weights;
            all.extend(never_sent(summary, id, share, drawn).or_else(|| all_failed(summary, id, of)));
        }
    }
    all.extend(users_missing(summary));
    all.extend(arrivals_left(summary, drawn));
    if drawn > 0 {
        let count = mix(summary).count();
        for (id, endpoint, of) in mix(summary) {
            let planned = endpoint.weight / weights;
            if is_off(of.drawn, drawn, planned, count) {
                all.push(Shortfall::Mix {
                    endpoint: id,
                    planned,
                    achieved: of.drawn as f64 / drawn as f64,
                });
            }
        }
    }
    all.extend(steps_never_sent(summary));
    for (id, of) in ids(summary).zip(&summary.endpoints) {
        if of.sent_nothing > 0 {
            all.push(Shortfall::SentNothing {
                endpoint: id,
                count: of.sent_nothing,
                of: of.iterations,
            });
        }
    }
    // An endpoint that was never sent is off the mix as well, and its iterations sent nothing.
    let never: Vec<EndpointId> = all.iter().filter_map(Shortfall::never_sent).collect();
    all.retain(|shortfall| match shortfall {
        Shortfall::Mix { endpoint, .. } | Shortfall::SentNothing { endpoint, .. } => {
            !never.contains(endpoint)
        }
        _ => true,
    });
    all
}

impl Shortfall {
    fn never_sent(&self) -> Option<EndpointId> {
        match self {
            Self::NeverSent { endpoint, .. } => Some(*endpoint),
            _ => None,
        }
    }
}

fn ids(summary: &RunSummary) -> impl Iterator<Item = EndpointId> {
    (0..summary.endpoints.len()).map(|endpoint| EndpointId(endpoint as u16))
}

/// The endpoints that are drawn by weight.
fn mix(summary: &RunSummary) -> impl Iterator<Item = (EndpointId, &EndpointOutline, &EndpointSummary)> {
    let planned = summary.run.outline.endpoints.iter().zip(&summary.endpoints);
    ids(summary)
        .zip(planned)
        .map(|(id, (planned, of))| (id, planned, of))
        .filter(|(_, planned, _)| planned.weight > 0.0)
}

/// Requests of an endpoint that were sent, those under way at the end included.
fn sent(summary: &RunSummary, endpoint: EndpointId) -> u64 {
    let rows = summary.run.outline.rows.iter().zip(&summary.rows);
    rows.filter(|(row, _)| row.endpoint == endpoint)
        .fold(0, |sum, (_, row)| {
            sum.saturating_add(row.figures.requests)
                .saturating_add(row.figures.unfinished)
        })
}

/// An endpoint without a request, where chance alone leaves it out of so many draws less than once in a thousand runs.
fn never_sent(summary: &RunSummary, endpoint: EndpointId, share: f64, drawn: u64) -> Option<Shortfall> {
    let by_chance = (1.0 - share).powf(drawn as f64);
    let of = &summary.endpoints[usize::from(endpoint.0)];
    let expected = by_chance < CHANCE || of.drawn > 0;
    // One whose first iteration is still in a think time, or was cut off by the end, was not planned to send more.
    let begun = of.drawn > 0 && of.iterations == 0;
    (expected && !begun && sent(summary, endpoint) == 0).then_some(Shortfall::NeverSent {
        endpoint,
        share,
        drawn,
    })
}

/// Iterations that all failed, unless a threshold of this very endpoint says how many may.
fn all_failed(summary: &RunSummary, endpoint: EndpointId, of: &EndpointSummary) -> Option<Shortfall> {
    let speaks = |metric| matches!(metric, Metric::Failures | Metric::IterationsFailed);
    let own = summary.run.outline.thresholds.iter().any(|threshold| {
        speaks(threshold.metric) && threshold.of.as_ref().is_some_and(|of_| of_.name == of.name)
    });
    let all = of.iterations >= FEWEST_FAILED && of.failed == of.iterations;
    (all && !own).then_some(Shortfall::AllFailed {
        endpoint,
        iterations: of.iterations,
    })
}

/// Whether a share of the draws is off: beyond chance (two sides of a binomial distribution, divided among the endpoints that
/// are looked at), and by a part of itself that matters.
fn is_off(count: u64, of: u64, planned: f64, endpoints: usize) -> bool {
    let (count_, of_) = (count as f64, of as f64);
    let achieved = count_ / of_;
    if (achieved - planned).abs() < OFF * planned {
        return false;
    }
    let tail = if achieved > planned {
        // P(X >= count)
        beta(planned, count_, of_ - count_ + 1.0)
    } else {
        // P(X <= count) = 1 - P(X >= count + 1)
        1.0 - beta(planned, count_ + 1.0, of_ - count_)
    };
    tail < CHANCE / 2.0 / endpoints as f64
}

fn steps_never_sent(summary: &RunSummary) -> impl Iterator<Item = Shortfall> {
    let rows = summary.run.outline.rows.iter().zip(&summary.rows).enumerate();
    rows.filter_map(|(id, (row, of))| {
        let endpoint = summary.endpoints.get(usize::from(row.endpoint.0))?;
        let whole = endpoint
            .iterations
            .saturating_sub(endpoint.failed)
            .saturating_sub(endpoint.sent_nothing);
        let figures = &of.figures;
        let none = figures.attempts() == 0 && figures.unfinished == 0;
        (none && whole > 0).then_some(Shortfall::StepNeverSent {
            row: RowId(id as u16),
            iterations: whole,
        })
    })
}

fn users_missing(summary: &RunSummary) -> impl Iterator<Item = Shortfall> {
    let asked = !summary.run.outline.open && summary.starts.failed > 0;
    let held = summary
        .stages
        .iter()
        .filter(|stage| stage.window.choice != WindowChoice::NeverHeld);
    held.filter(move |stage| asked && stage.users < (1.0 - MISSING) * stage.level)
        .map(|stage| Shortfall::UsersMissing {
            stage: stage.stage,
            planned: stage.level,
            worked: stage.users,
        })
}

fn arrivals_left(summary: &RunSummary, drawn: u64) -> Option<Shortfall> {
    let count = summary.starts.stopped;
    (summary.run.outline.open && count > 0).then(|| Shortfall::ArrivalsLeft {
        count,
        of: drawn.saturating_add(count),
    })
}

#[cfg(test)]
mod tests {
    use rand_core::{Rng, SeedableRng};
    use rand_pcg::Pcg32;

    use super::*;

    #[test]
    fn a_share_is_off_beyond_chance_and_by_a_part_that_matters() {
        // Binomial tails by scipy.stats.binom: P(X <= 60 | 1000, 0.1) = 5.2e-6, P(X <= 75 | 1000, 0.1) = 0.0037.
        assert!(is_off(60, 1000, 0.1, 3));
        assert!(!is_off(75, 1000, 0.1, 3));
        // P(X >= 140 | 1000, 0.1) = 3.6e-5.
        assert!(is_off(140, 1000, 0.1, 3));
        // Sure, and no matter: a million draws at 9.8% for 10%.
        assert!(!is_off(98_000, 1_000_000, 0.1, 3));
        // None at all, and all of them.
        assert!(is_off(0, 200, 0.1, 2));
        assert!(is_off(200, 200, 0.9, 2));
        assert!(!is_off(20, 20, 0.9, 2));
    }

    #[test]
    fn fewer_than_one_innocent_run_in_a_hundred_is_called_off() {
        let weights = [5.0, 3.0, 1.0, 1.0];
        let mut random = Pcg32::seed_from_u64(7);
        let mut flagged = 0;
        for _ in 0..2000 {
            let mut counts = [0_u64; 4];
            for _ in 0..300 {
                let mut part = f64::from(random.next_u32()) / 4_294_967_296.0 * 10.0;
                let mut at = 0;
                while part >= weights[at] {
                    part -= weights[at];
                    at += 1;
                }
                counts[at] += 1;
            }
            let off = (0..4).any(|at| is_off(counts[at], 300, weights[at] / 10.0, 4));
            flagged += usize::from(off);
        }
        assert!(flagged < 10, "{flagged} of 2000");
    }
}
