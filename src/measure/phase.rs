//! What part of the plan a second belongs to.

use std::time::Duration;

use super::interval::Interval;
use super::summary::{Phase, Window};
use crate::plan::StageId;
use crate::plan::outline::Outline;

impl Outline {
    /// The stage and its part that the second which begins at `second` belongs to. A ramp belongs to the stage it leads to.
    pub fn phase_of(&self, second: u32) -> (StageId, Phase) {
        let at = Duration::from_secs(u64::from(second));
        let begun = self.stages.partition_point(|stage| stage.start <= at).max(1) - 1;
        let phase = match self.stages.get(begun) {
            Some(stage) if at < stage.hold_start => Phase::Ramp,
            Some(stage) if at < stage.end => Phase::Hold,
            // Between two stages there is no time; behind the last there is the graceful stop.
            _ => Phase::Stopping,
        };
        (StageId(begun as u16), phase)
    }

    /// The end of the last stage.
    pub fn planned_end(&self) -> Duration {
        self.stages.last().map_or(Duration::ZERO, |stage| stage.end)
    }
}

impl Window {
    /// Whether an interval lies wholly in it.
    pub fn holds(&self, interval: &Interval) -> bool {
        self.from <= interval.from && interval.until <= self.to
    }
}
