//! The run as it stood at the end of each second, for formats that tell it so (Locust's `_stats_history.csv`).

use std::sync::Arc;
use std::time::Duration;

use super::fold::Group;
use super::interval::Interval;
use super::recording::Recording;
use super::summary::Figures;

/// The run up to the end of a second.
#[derive(Clone, Debug, PartialEq)]
pub struct SoFarAt {
    /// The end, since the start of the load.
    pub at: Duration,
    /// Users at that moment.
    pub users: u64,
    /// Requests completed since the entry before.
    pub requests: u64,
    /// Of them failed.
    pub failures: u64,
    /// All requests completed until then. Their rate is over the time until then.
    pub figures: Figures,
}

impl Recording {
    /// One entry for each second of the timeline (fewer where it was coarsened).
    pub fn history(&self) -> Vec<SoFarAt> {
        let mut all = Group::default();
        let filled = |interval: &&Arc<Interval>| !interval.length().is_zero() || interval.requests() > 0;
        let entries = self.timeline.intervals().iter().filter(filled).map(|interval| {
            for cell in &interval.cells {
                all.add(cell, true);
            }
            SoFarAt {
                at: interval.end,
                users: u64::try_from(interval.state.users).unwrap_or(0),
                requests: interval.requests(),
                failures: interval.failures(),
                figures: all.figures(interval.end),
            }
        });
        entries.collect()
    }
}
