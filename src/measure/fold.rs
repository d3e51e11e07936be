//! Intervals folded into the figures of [`super::summary`].

mod group;
mod parts;
mod run;
mod series;
mod stage;

use std::collections::BTreeMap;

pub(super) use group::{Ages, Group, add_iterations, first_rows};
pub(super) use parts::{Failures, HealthFold, Iterations};
pub(super) use series::{mean_level, second};

use super::judge;
use super::recording::Recording;
use super::summary::{RunSummary, Window};
use crate::plan::{RowId, StageId};

/// The requests that never finished, by row and stage.
pub(super) struct Unfinished(BTreeMap<(RowId, StageId), Ages>);

impl Unfinished {
    fn of(recording: &Recording) -> Self {
        let mut ages: BTreeMap<_, Ages> = BTreeMap::new();
        for flight in recording.unfinished() {
            ages.entry((flight.row, flight.stage)).or_default().add(flight);
        }
        Self(ages)
    }

    /// Those that pass the test, with their row.
    fn select(&self, test: impl Fn(RowId, StageId) -> bool) -> impl Iterator<Item = (RowId, StageId, &Ages)> {
        let chosen = self.0.iter().filter(move |((row, stage), _)| test(*row, *stage));
        chosen.map(|((row, stage), ages)| (*row, *stage, ages))
    }
}

/// All figures of a run.
pub(super) fn summary(recording: &Recording, windows: &[Window]) -> RunSummary {
    let unfinished = Unfinished::of(recording);
    let run = run::Whole::of(recording, &unfinished);
    let mut verdicts = judge::Verdicts::new(&recording.info.outline);
    verdicts.whole_run(&run.rows, run.length);
    let mut stages = Vec::with_capacity(windows.len());
    for window in windows {
        let held = stage::Held::of(recording, window, &unfinished);
        verdicts.stage(window.stage, &held.rows, held.length);
        stages.push(held.summary(recording));
    }
    run.summary(recording, stages, verdicts.into(), &unfinished)
}
