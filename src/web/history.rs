//! The parts of a run under way that its charts over time are drawn from: worked out once each, and again when the run has
//! grown so long that they have to be longer.

use crate::measure::curves::Part;
use crate::measure::interval::Interval;
use crate::measure::recording::Timeline;
use crate::plan::outline::Outline;
use crate::report::chart::OverTime;

/// Charts over time have about so many points at the most, those of the reports too.
pub(super) const POINTS: u32 = 600;

/// How many of the last parts each second tells: so many seconds may be missed.
const LATEST: usize = 4;

/// Parts so far.
#[derive(Debug, Default)]
pub(super) struct History {
    step: u32,
    parts: Vec<Part>,
    /// The first second that came after `parts` were worked out.
    fresh: Option<u32>,
}

impl History {
    /// A second has come, or a part of one.
    pub(super) fn came(&mut self, interval: &Interval) {
        let fresh = self.fresh.unwrap_or(u32::MAX);
        self.fresh = Some(fresh.min(interval.from));
    }

    /// Works out what has come.
    pub(super) fn catch_up(&mut self, open: bool, timeline: &Timeline) {
        let Some(mut fresh) = self.fresh.take() else {
            return;
        };
        let step = timeline.step(POINTS);
        if step != self.step {
            self.step = step;
            fresh = 0;
        }
        let from = fresh - fresh % step;
        let known = self
            .parts
            .partition_point(|part| part.from.as_secs() < u64::from(from));
        self.parts.truncate(known);
        self.parts.extend(timeline.parts(open, step, from));
    }

    /// All parts.
    pub(super) fn all<'a>(&'a self, outline: &'a Outline) -> OverTime<'a> {
        OverTime {
            outline,
            step: self.step,
            parts: &self.parts,
        }
    }

    /// The last few.
    pub(super) fn latest<'a>(&'a self, outline: &'a Outline) -> OverTime<'a> {
        OverTime {
            parts: &self.parts[self.parts.len().saturating_sub(LATEST)..],
            ..self.all(outline)
        }
    }
}
