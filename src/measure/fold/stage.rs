//! The figures of one stage: of the requests completed in its window.

use std::time::Duration;

use super::group::{Group, add_iterations, first_rows, mean};
use super::series::mean_level;
use super::{Failures, HealthFold, Unfinished};
use crate::measure::interval::Integrals;
use crate::measure::judge::broken_limits;
use crate::measure::recording::Recording;
use crate::measure::run::Storage;
use crate::measure::summary::{Connections, Phase, StageSummary, Window};

/// What a stage held.
pub(super) struct Held<'a> {
    window: &'a Window,
    pub(super) length: Duration,
    pub(super) rows: Vec<Group>,
    integrals: Integrals,
    failures: Failures,
    connections: Connections,
    dropped: u64,
    health: HealthFold,
}

impl<'a> Held<'a> {
    /// Adds up the window. Unfinished requests count where they were sent: in the stage.
    pub(super) fn of(recording: &Recording, window: &'a Window, unfinished: &Unfinished) -> Self {
        let mut held = Self {
            window,
            length: Duration::ZERO,
            rows: vec![Group::default(); recording.info.outline.rows.len()],
            integrals: Integrals::default(),
            failures: Failures::default(),
            connections: Connections::default(),
            dropped: 0,
            health: HealthFold::default(),
        };
        let first = first_rows(&recording.info.outline);
        for interval in recording.timeline.within(window) {
            add_iterations(&mut held.rows, &first, interval);
            held.length += interval.length();
            held.integrals.merge(&interval.integrals);
            held.health.add(interval, &recording.info.host);
            for cell in &interval.cells {
                if let Some(row) = held.rows.get_mut(usize::from(cell.row.0)) {
                    row.add(cell, true);
                }
                held.failures.add(cell);
                held.connections.add(&cell.connections);
            }
            held.dropped = interval
                .dropped
                .iter()
                .fold(held.dropped, |sum, stage| sum.saturating_add(stage.1));
        }
        if !held.length.is_zero() {
            for (row, _, ages) in unfinished.select(|_, stage| stage == window.stage) {
                if let Some(group) = held.rows.get_mut(usize::from(row.0)) {
                    group.unfinished.merge(ages);
                }
            }
        }
        held
    }

    pub(super) fn summary(self, recording: &Recording) -> StageSummary {
        let outline = &recording.info.outline;
        let mut total = Group::default();
        for row in &self.rows {
            total.merge(row);
        }
        let figures = total.figures(self.length);
        let (in_ramp, in_hold) = outside(recording, self.window);
        let level = outline
            .stages
            .get(usize::from(self.window.stage.0))
            .map_or(0.0, |stage| stage.level);
        let seconds = self.length.as_secs_f64();
        // The disk is the run's, not a stage's.
        let health = self
            .health
            .judged(&recording.info.host, &self.failures, &Storage::default());
        StageSummary {
            stage: self.window.stage,
            level,
            window: self.window.clone(),
            length: self.length,
            rows: self.rows.iter().map(|row| row.figures(self.length)).collect(),
            failures: self.failures.counts(),
            users: mean_level(self.integrals.users, self.length),
            think: mean(self.integrals.thinking.max(0) as u64, figures.requests),
            in_flight: mean_level(self.integrals.in_flight, self.length),
            waiting: mean_level(self.integrals.waiting, self.length),
            dropped_arrivals: self.dropped,
            iterations: total.iterations,
            iterations_failed: total.iterations_failed,
            bytes_per_second: if seconds > 0.0 {
                figures.bytes_received as f64 / seconds
            } else {
                0.0
            },
            connections: self.connections,
            in_ramp,
            in_hold_outside: in_hold,
            warnings: health.warnings,
            broken_limits: broken_limits(outline, &self.rows, self.length),
            figures,
        }
    }
}

/// Requests completed in a stage's ramp, and in its hold outside the window.
fn outside(recording: &Recording, window: &Window) -> (u64, u64) {
    let (mut in_ramp, mut in_hold) = (0_u64, 0_u64);
    for interval in recording.timeline.intervals() {
        let (stage, phase) = recording.phase_of(interval.from);
        if stage != window.stage || window.holds(interval) {
            continue;
        }
        match phase {
            Phase::Ramp => in_ramp = in_ramp.saturating_add(interval.requests()),
            Phase::Hold => in_hold = in_hold.saturating_add(interval.requests()),
            Phase::Pause | Phase::Stopping => {}
        }
    }
    (in_ramp, in_hold)
}
