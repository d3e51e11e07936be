//! An interval of one level as part of a search: later by so much, and of another stage.

use std::time::Duration;

use super::Interval;
use crate::plan::StageId;
use crate::plan::course::Change;

impl Interval {
    /// The same `by` seconds later, its only stage being the stage numbered so. Nothing else of it changes.
    #[must_use]
    pub fn moved(mut self, by: u32, to: StageId) -> Self {
        let later = Duration::from_secs(u64::from(by));
        self.from += by;
        self.until += by;
        self.end += later;
        for cell in &mut self.cells {
            cell.stage = to;
            for failure in &mut cell.failures {
                failure.first += later;
                failure.last += later;
            }
        }
        self.iterations.iter_mut().for_each(|cell| cell.stage = to);
        let in_flight = self.unfinished.iter_mut().chain(&mut self.state.in_flight);
        in_flight.for_each(|flight| flight.stage = to);
        self.dropped.iter_mut().for_each(|dropped| dropped.0 = to);
        self.data_ended.iter_mut().for_each(|ended| ended.1 += later);
        for turn in &mut self.turns {
            turn.at += later;
            if let Change::Steady { stage } = &mut turn.change {
                *stage = to;
            }
        }
        self
    }
}
