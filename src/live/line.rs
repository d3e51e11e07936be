//! What a run looks like while it goes on, in one line for a pipe, and words that other views share. Pure functions.

use std::time::Duration;

use crate::measure::snapshot::Snapshot;
use crate::measure::summary::Phase;
use crate::report::{number, words};

/// The line that a pipe gets.
pub fn line(snapshot: &Snapshot) -> String {
    let recent = &snapshot.recent;
    let mut parts = vec![
        clock(snapshot.at),
        stage_words(snapshot),
        number::counted(snapshot.users, "user"),
        format!("{} in flight", snapshot.in_flight),
        format!("{} requests/s", number::rate(recent.rate)),
        format!("{} failed", number::percent(recent.failure_share)),
        format!("p50 {}", number::time_or_none(recent.p50)),
        format!("p95 {}", number::time_or_none(recent.p95)),
        format!(
            "so far {}, {} failed",
            number::counted(snapshot.so_far.requests, "request"),
            snapshot.so_far.failures
        ),
    ];
    let left = clock(Times::of(snapshot).left);
    match snapshot.phase {
        Phase::Stopping => {}
        Phase::Pause => parts.push(format!("{left} left after the pause")),
        Phase::Ramp | Phase::Hold if snapshot.outline.search.is_some() => {
            parts.push(format!("at most {left} left"));
        }
        Phase::Ramp | Phase::Hold => parts.push(format!("{left} left")),
    }
    parts.join(" | ")
}

/// `stage 2 of 9, holding 100 users`.
pub(super) fn stage_words(snapshot: &Snapshot) -> String {
    let level = words::level(&snapshot.outline, snapshot.level);
    let doing = match snapshot.phase {
        Phase::Ramp => format!("going to {level}"),
        Phase::Hold => format!("holding {level}"),
        Phase::Pause => "paused".to_owned(),
        Phase::Stopping => return "load ended, waiting for the last responses".to_owned(),
    };
    let number = snapshot.stage.0 + 1;
    match snapshot.outline.search {
        Some(_) => format!("level {number}, {doing}"),
        None => format!("stage {number} of {}, {doing}", snapshot.stages),
    }
}

/// How far the plan is, and how far it still goes. In a pause its time stands still.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Times {
    /// Of the run; of a search of the level.
    pub(super) left: Duration,
    /// How much of it is done, from 0 to 1.
    pub(super) share: f64,
}

impl Times {
    /// As they are now.
    pub(super) fn of(snapshot: &Snapshot) -> Self {
        let stage = snapshot.outline.stages.get(usize::from(snapshot.stage.0));
        let (from, until) = match (snapshot.phase, stage) {
            (Phase::Pause, Some(pause)) => (pause.start, pause.end),
            _ => (snapshot.at, snapshot.at),
        };
        let begun = match (&snapshot.outline.search, stage) {
            (Some(_), Some(level)) => level.start,
            _ => Duration::ZERO,
        };
        let done = from.saturating_sub(begun);
        let left = snapshot.planned.saturating_sub(until);
        let all = (done + left).as_secs_f64();
        Self {
            left,
            share: if all > 0.0 { done.as_secs_f64() / all } else { 1.0 },
        }
    }
}

/// `3:07`, `1:00:05`.
pub(super) fn clock(time: Duration) -> String {
    let seconds = time.as_secs();
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 {
        format!("{hours}:{minutes:02}:{seconds:02}")
    } else {
        format!("{minutes}:{seconds:02}")
    }
}

#[cfg(test)]
pub(in crate::live) mod tests;
