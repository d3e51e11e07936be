//! A whole run, as measured: from the aggregator at its end, or read back from its journal.

use std::sync::Arc;
use std::time::Duration;

use super::histogram::Tally;
use super::interval::{InFlight, Interval};
use super::phase::{phase_of, planned_end};
use super::run::{End, Ending, RunInfo, Storage};
use super::summary::{Phase, RunSummary, Window};
use crate::plan::{RowId, StageId};

/// A whole run.
#[derive(Clone, Debug, PartialEq)]
pub struct Recording {
    /// What was run, where and when.
    pub info: Arc<RunInfo>,
    /// Its seconds.
    pub timeline: Timeline,
    /// How it ended.
    pub end: End,
    /// What became of the journal.
    pub storage: Storage,
}

impl Recording {
    /// All figures. `windows`: one for each level of the outline, in order (`analysis::steady::windows`).
    pub fn summary(&self, windows: &[Window]) -> RunSummary {
        super::fold::summary(self, windows)
    }

    /// The stage and its part that the second which begins at `second` belongs to.
    pub fn phase_of(&self, second: u32) -> (StageId, Phase) {
        phase_of(&self.info.outline, self.end.load_until, second)
    }

    /// Ages of the requests that never finished, of those that a stage sent and of the rows that pass the test.
    pub fn unfinished_of(&self, stage: StageId, rows: impl Fn(RowId) -> bool) -> Tally {
        let mut ages = Tally::default();
        for flight in self.unfinished() {
            if flight.stage == stage && rows(flight.row) {
                ages.add(&flight.ages);
            }
        }
        ages
    }

    /// Requests that were under way when the run ended; of a run without an end, those in flight at its last second.
    pub(super) fn unfinished(&self) -> impl Iterator<Item = &InFlight> {
        let given_up = self
            .timeline
            .intervals()
            .iter()
            .flat_map(|interval| &interval.unfinished);
        let left = self
            .timeline
            .intervals()
            .last()
            .into_iter()
            .flat_map(|last| &last.state.in_flight);
        given_up.chain(left)
    }
}

/// A run without an end: it goes on, or it was killed.
#[derive(Clone, Debug)]
pub struct Unended {
    /// What was run, where and when; as it is by now.
    pub info: Arc<RunInfo>,
    /// Its seconds so far.
    pub timeline: Timeline,
}

impl Unended {
    /// Before the first second.
    pub fn new(info: Arc<RunInfo>) -> Self {
        Self {
            info,
            timeline: Timeline::default(),
        }
    }

    /// Takes a second in, and the turns that the run took in it.
    pub fn add(&mut self, interval: Arc<Interval>) {
        self.turn(&interval);
        self.timeline.add(interval);
    }

    pub(super) fn turn(&mut self, interval: &Interval) {
        for turn in &interval.turns {
            Arc::make_mut(&mut self.info).turn(turn);
        }
    }

    /// The run as if it had ended with its last second.
    pub fn ended(self, how: Ending) -> Recording {
        let last = self.timeline.intervals().last();
        let at = last.map_or(Duration::ZERO, |interval| interval.end);
        Recording {
            end: End {
                how,
                load_until: at.min(planned_end(&self.info.outline)),
                at,
                warnings: Vec::new(),
            },
            info: self.info,
            timeline: self.timeline,
            storage: Storage::default(),
        }
    }
}

/// Intervals in order of time, no second in two of them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Timeline(Vec<Arc<Interval>>);

impl Timeline {
    /// In order of time.
    pub fn intervals(&self) -> &[Arc<Interval>] {
        &self.0
    }

    /// Adds one. What overlaps with it (the same second of a worker that lags behind, a coarser one) is merged with it.
    /// Gives the interval as it now stands.
    pub fn add(&mut self, interval: Arc<Interval>) -> &Arc<Interval> {
        let first = self.0.partition_point(|other| other.until <= interval.from);
        let after = self.0.partition_point(|other| other.from < interval.until);
        if first >= after {
            self.0.insert(first, interval);
        } else {
            let mut merged = Arc::unwrap_or_clone(interval);
            for other in self.0.drain(first..after) {
                merged.merge(&other);
            }
            self.0.insert(first, Arc::new(merged));
        }
        &self.0[first]
    }

    /// The intervals that lie wholly in a window.
    pub fn within(&self, window: &Window) -> impl Iterator<Item = &Interval> {
        let first = self.0.partition_point(|interval| interval.from < window.from);
        self.0[first..]
            .iter()
            .map(|interval| &**interval)
            .take_while(|interval| window.holds(interval))
    }
}
