//! One second of a run, merged over the workers; or several seconds, merged into a coarser interval.
//!
//! Merging is associative and commutative, so that workers, seconds and (later) machines can be folded in any order. What
//! adds up over time (counts, sums, histograms, time integrals) is added; what is a state (users now, ages of the requests in
//! flight) is that of the later second, and of the same second is added over workers.

mod cell;
mod merge;
mod moved;
mod state;

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use cell::{Cell, Failure, InFlight, IterationCell, Starts};
use merge::merge_sorted;
pub use merge::{Counter, First};
pub use state::{Integrals, State};

use super::health::Generator;
use super::histogram::Sparse;
use super::units::micros;
use crate::plan::course::Turn;
use crate::plan::{EndpointId, StageId};

/// What happened in [from, to). In JSON times are microseconds, and what is empty is left out.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Interval {
    /// First second.
    pub from: u32,
    /// The second after the last.
    pub until: u32,
    /// Its end in truth: earlier than `until` where the run ended within its last second.
    #[serde(with = "crate::plan::words::micros")]
    pub end: Duration,
    /// Completed requests, ascending by row and stage of sending.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cells: Vec<Cell>,
    /// Finished iterations, ascending by endpoint and stage.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub iterations: Vec<IterationCell>,
    /// Users and the like over its time.
    #[serde(default, skip_serializing_if = "Integrals::is_empty")]
    pub integrals: Integrals,
    /// Users and the like at its end.
    #[serde(default, skip_serializing_if = "State::is_empty")]
    pub state: State,
    /// Requests given up when the run ended, ascending by row and stage of sending.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unfinished: Vec<InFlight>,
    /// How late began what was due.
    #[serde(default, skip_serializing_if = "Sparse::is_empty")]
    pub lateness: Sparse,
    /// Draws that left an endpoint out for want of a captured value, by pool.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pool_empty: Vec<Counter<usize>>,
    /// Arrivals dropped, by stage.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dropped: Vec<Counter<StageId>>,
    /// Users whose `on_start` failed.
    #[serde(default, skip_serializing_if = "Starts::is_none")]
    pub starts: Starts,
    /// Iterations drawn by weight, by endpoint; without those that `on_start` and `on_stop` call.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub draws: Vec<Counter<EndpointId>>,
    /// Ticks of a pace that came while the iteration before was under way, by endpoint.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pace_overruns: Vec<Counter<EndpointId>>,
    /// Data sources that had no value left, and when that was first noticed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub data_ended: Vec<First<String>>,
    /// What changed the course of the run.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub turns: Vec<Turn>,
    /// The generator itself.
    #[serde(default, skip_serializing_if = "Generator::is_empty")]
    pub generator: Generator,
}

impl Interval {
    /// An empty one: the second `second`, which ended at `end`.
    pub fn second(second: u32, end: Duration) -> Self {
        Self {
            from: second,
            until: second + 1,
            end,
            ..Self::default()
        }
    }

    /// It is kept as it stands: what it holds twice only once. A response that came in one piece has its first byte with its
    /// last, and an iteration of one request is that request: so most of a long run's memory is spared.
    pub fn kept(mut self) -> Arc<Self> {
        for cell in &mut self.cells {
            cell.first_byte.share(&cell.response);
        }
        for iteration in &mut self.iterations {
            for cell in &self.cells {
                if iteration.duration.share(&cell.response) {
                    break;
                }
            }
        }
        Arc::new(self)
    }

    /// How long it is.
    pub fn length(&self) -> Duration {
        self.end.saturating_sub(Duration::from_secs(u64::from(self.from)))
    }

    /// Completed requests.
    pub fn requests(&self) -> u64 {
        self.cells.iter().map(Cell::requests).sum()
    }

    /// Failed requests.
    pub fn failures(&self) -> u64 {
        self.cells.iter().map(|cell| cell.failed).sum()
    }

    /// Takes another in: the same second of another worker, or a neighbouring one.
    pub fn merge(&mut self, other: &Self) {
        let age = self.until.cmp(&other.until);
        self.state.merge(&other.state, age);
        self.from = self.from.min(other.from);
        self.until = self.until.max(other.until);
        self.end = self.end.max(other.end);
        merge_sorted(&mut self.cells, &other.cells);
        merge_sorted(&mut self.iterations, &other.iterations);
        self.integrals.merge(&other.integrals);
        merge_sorted(&mut self.unfinished, &other.unfinished);
        self.lateness.merge(&other.lateness);
        merge_sorted(&mut self.pool_empty, &other.pool_empty);
        merge_sorted(&mut self.dropped, &other.dropped);
        merge_sorted(&mut self.draws, &other.draws);
        self.starts.add(&other.starts);
        merge_sorted(&mut self.pace_overruns, &other.pace_overruns);
        merge_sorted(&mut self.data_ended, &other.data_ended);
        merge_sorted(&mut self.turns, &other.turns);
        self.generator.merge(&other.generator);
    }

    /// What is wrong with one that was read from a file: the sums that the rest relies on.
    pub fn check(&self) -> Result<(), &'static str> {
        let second = |second: u32| u64::from(second) * 1_000_000;
        let end = micros(self.end);
        if self.from >= self.until || end < second(self.from) || end > second(self.until) {
            return Err("interval ends before it begins, or beyond its last second");
        }
        self.cells.iter().try_for_each(Cell::check)?;
        let ordered = merge::is_sorted(&self.cells)
            && merge::is_sorted(&self.iterations)
            && merge::is_sorted(&self.unfinished)
            && merge::is_sorted(&self.state.in_flight)
            && merge::is_sorted(&self.pool_empty)
            && merge::is_sorted(&self.dropped)
            && merge::is_sorted(&self.draws)
            && merge::is_sorted(&self.pace_overruns)
            && merge::is_sorted(&self.data_ended)
            && merge::is_sorted(&self.turns);
        if ordered {
            Ok(())
        } else {
            Err("interval's parts are out of order")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_the_same_and_holds_nothing_twice() {
        let interval: Interval = serde_json::from_str(
            r#"{"from": 0, "until": 1, "end": 1000000, "cells": [
                {"row": 0, "stage": 0, "response": [1, 5, 5, 5, "BQE"], "first_byte": [1, 5, 5, 5, "BQE"],
                 "download": [1, 0, 0, 0, "AAE"], "bytes_sent": 1, "bytes_received": 1, "connections": {"none": 0, "new": 0, "reused": 1, "reopened": 0}}],
                "iterations": [{"endpoint": 0, "stage": 0, "duration": [1, 5, 5, 5, "BQE"]}]}"#,
        )
        .expect("an interval");
        let kept = interval.clone().kept();
        assert_eq!(*kept, interval);
        drop(interval);
        assert_eq!(kept.cells[0].response.sharers(), 3);
        assert_eq!(kept.cells[0].download.sharers(), 1);
    }
}
