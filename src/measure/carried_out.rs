//! Whether the scenario was carried out as written.

use super::summary::RunSummary;
use crate::plan::EndpointId;

/// An endpoint that chance leaves out more rarely than this was left out by something else.
const BY_CHANCE: f64 = 0.001;

/// A share that differs from its weight by more standard deviations than this is off beyond chance: with a hundred endpoints
/// fewer than one innocent run in a hundred.
const DEVIATIONS: f64 = 4.0;

/// A part of the scenario that a run did not carry out. A run with one of these does not pass, whatever its thresholds say.
#[derive(Clone, Debug, PartialEq)]
pub enum Shortfall {
    /// At least half of the iterations broke off at a request that could not be filled in, and so was never sent.
    BrokeOff {
        /// Requests that were never sent.
        never_sent: u64,
        /// All finished iterations.
        iterations: u64,
    },
    /// An endpoint with a weight of which no request was sent.
    NeverSent {
        /// The endpoint.
        endpoint: EndpointId,
        /// Iterations that its weight leads to.
        expected: f64,
    },
}

/// An endpoint whose share of the iterations differs from its weight beyond chance.
#[derive(Clone, Debug, PartialEq)]
pub struct OffMix {
    /// The endpoint.
    pub endpoint: EndpointId,
    /// Its share by weight, 0 to 1.
    pub planned: f64,
    /// Its share of the finished iterations, 0 to 1.
    pub achieved: f64,
}

/// What a run did not carry out.
pub fn shortfalls(summary: &RunSummary) -> Vec<Shortfall> {
    let iterations = summary.endpoints.iter().map(|endpoint| endpoint.iterations).sum();
    let never_sent = summary.not_filled_in.iter().map(|of| of.count).sum::<u64>();
    let broke_off = never_sent > 0 && never_sent.saturating_mul(2) >= iterations;
    let mut all = Vec::new();
    if broke_off {
        all.push(Shortfall::BrokeOff {
            never_sent,
            iterations,
        });
    }
    let (drawn, weights) = drawn(summary);
    for (id, endpoint) in summary.run.outline.endpoints.iter().enumerate() {
        let id = EndpointId(id as u16);
        let share = endpoint.weight / weights;
        if endpoint.weight > 0.0 && !was_sent(summary, id) && left_out_by_chance(share, drawn) < BY_CHANCE {
            let expected = share * drawn as f64;
            all.push(Shortfall::NeverSent {
                endpoint: id,
                expected,
            });
        }
    }
    all
}

/// Endpoints whose share is off beyond chance, those that were never sent included.
pub fn off_mix(summary: &RunSummary) -> Vec<OffMix> {
    let outline = &summary.run.outline;
    let (drawn, weights) = drawn(summary);
    let unfinished: u64 = summary.unfinished.iter().map(|of| of.count).sum();
    // Of each user the last iteration may be missing, and that is more often a long one.
    let users = outline.stages.iter().map(|stage| stage.level).fold(0.0, f64::max);
    let slack = unfinished as f64 + if outline.open { 0.0 } else { users };
    let pairs = summary.endpoints.iter().zip(&outline.endpoints);
    pairs
        .filter(|(_, written)| written.weight > 0.0 && drawn > 0)
        .filter_map(|(endpoint, written)| {
            let planned = written.weight / weights;
            let expected = planned * drawn as f64;
            let deviation = (expected * (1.0 - planned)).sqrt();
            let off = (endpoint.iterations as f64 - expected).abs() - slack - 0.5;
            (off > DEVIATIONS * deviation.max(1.0)).then(|| OffMix {
                endpoint: endpoint.endpoint,
                planned,
                achieved: endpoint.iterations as f64 / drawn as f64,
            })
        })
        .collect()
}

/// Finished iterations of the endpoints that have a weight, and the sum of the weights.
fn drawn(summary: &RunSummary) -> (u64, f64) {
    let outline = &summary.run.outline;
    let pairs = summary.endpoints.iter().zip(&outline.endpoints);
    let weighted = pairs.filter(|(_, written)| written.weight > 0.0);
    weighted.fold((0, 0.0), |(drawn, weights), (endpoint, written)| {
        (drawn + endpoint.iterations, weights + written.weight)
    })
}

/// The chance that an endpoint with this share is not among so many draws.
fn left_out_by_chance(share: f64, draws: u64) -> f64 {
    (1.0 - share).max(0.0).powf(draws as f64)
}

/// Whether a request of an endpoint was sent, completed or not.
fn was_sent(summary: &RunSummary, endpoint: EndpointId) -> bool {
    let rows = summary.run.outline.rows.iter().enumerate();
    let mut rows = rows
        .filter(|(_, row)| row.endpoint == endpoint)
        .map(|(row, _)| row);
    rows.any(|row| {
        let completed = summary.rows.get(row).is_some_and(|row| row.figures.requests > 0);
        completed || summary.unfinished.iter().any(|of| usize::from(of.row.0) == row)
    })
}

#[cfg(test)]
mod tests {
    use super::{BY_CHANCE, left_out_by_chance};

    #[test]
    fn an_endpoint_that_chance_may_leave_out_is_not_held_against_a_run() {
        // One of a hundred is left out of 500 draws in 0.66% of all runs, of 700 in 0.09%.
        assert!((left_out_by_chance(0.01, 500) - 0.00657).abs() < 1e-5);
        assert!(left_out_by_chance(0.01, 500) > BY_CHANCE);
        assert!(left_out_by_chance(0.01, 700) < BY_CHANCE);
    }

    #[test]
    fn the_only_endpoint_is_never_left_out_by_chance_once_something_was_drawn() {
        assert!(left_out_by_chance(1.0, 1) < BY_CHANCE);
        assert!(left_out_by_chance(1.0, 0) > BY_CHANCE);
    }
}
