//! What part of the plan a second belongs to.

use std::time::Duration;

use super::interval::Interval;
use super::summary::{Phase, Window};
use crate::plan::StageId;
use crate::plan::course::StageKind;
use crate::plan::outline::Outline;

/// The stage and its part that the second which begins at `second` belongs to.
pub(super) fn phase_of(outline: &Outline, load_until: Duration, second: u32) -> (StageId, Phase) {
    phase_at(outline, load_until, Duration::from_secs(u64::from(second)))
}

/// The stage and its part that a moment belongs to. A ramp belongs to the stage it leads to. From
/// `load_until` on no iteration begins: the run is stopping, in the stage it was in.
pub(super) fn phase_at(outline: &Outline, load_until: Duration, at: Duration) -> (StageId, Phase) {
    let in_load = at.min(load_until.saturating_sub(Duration::from_nanos(1)));
    let begun = outline
        .stages
        .partition_point(|stage| stage.start <= in_load)
        .max(1)
        - 1;
    let phase = match outline.stages.get(begun) {
        _ if at >= load_until => Phase::Stopping,
        Some(stage) if stage.kind == StageKind::Pause => Phase::Pause,
        Some(stage) if at < stage.hold_start => Phase::Ramp,
        Some(stage) if at < stage.end => Phase::Hold,
        // Between two stages there is no time; behind the last the run is stopping.
        _ => Phase::Stopping,
    };
    (StageId(begun as u16), phase)
}

/// The end of the last stage.
pub(super) fn planned_end(outline: &Outline) -> Duration {
    outline.stages.last().map_or(Duration::ZERO, |stage| stage.end)
}

impl Window {
    /// Whether an interval lies wholly in it.
    pub fn holds(&self, interval: &Interval) -> bool {
        self.from <= interval.from && interval.until <= self.to
    }
}
