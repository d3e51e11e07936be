//! How a run comes to differ from its plan: a stage that is steady ends early, and a person changes the load by hand.
//!
//! Every change is a [`Turn`]: what, and when. [`Outline::turn`] says what becomes of the stages; engine, live views and reports
//! (from a journal, too) all learn it from there. A change by hand never changes a stage that was measured: it ends it, and a
//! new one begins, so that the figures of each level stay its own.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::StageId;
use super::outline::{Outline, StageOutline};
use super::profile::Stage;

/// A pause goes on by itself after so long.
pub const LONGEST_PAUSE: Duration = Duration::from_secs(24 * 60 * 60);

/// So many changes by hand a run may have, at most.
const MOST: usize = 1000;

/// The highest level that can be set by hand.
pub const HIGHEST: f64 = 1_000_000.0;

/// What changes the course of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// The hold is steady: the stage ends.
    Steady {
        /// Which.
        #[schemars(with = "u16")]
        stage: StageId,
    },
    /// By hand: another level, for what was left of the hold.
    Level {
        /// Users, or iterations per second in the open model.
        level: f64,
        /// How long the way to it takes.
        #[serde(with = "crate::plan::words::micros")]
        #[schemars(with = "u64")]
        ramp: Duration,
    },
    /// By hand: users finish their iterations and begin no other. The plan's time stands still.
    Pause,
    /// By hand: the pause is over.
    Resume,
    /// By hand: the live figures begin anew, and so do those of the level.
    Reset,
}

/// A change, and when.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Turn {
    /// Since the start of the load.
    #[serde(with = "crate::plan::words::micros")]
    #[schemars(with = "u64")]
    pub at: Duration,
    /// What.
    pub change: Change,
}

/// How a stage came about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StageKind {
    /// By the plan.
    #[default]
    Planned,
    /// Its level was set by hand.
    ByHand,
    /// It is a pause: no iteration begins.
    Pause,
}

impl StageKind {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "what serde asks for")]
    pub(super) fn is_planned(&self) -> bool {
        *self == Self::Planned
    }
}

/// Why a change by hand cannot be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It is a search.
    #[error("a search chooses its levels itself; it can only be stopped")]
    Search,
    /// The load is over.
    #[error("the load is over")]
    Over,
    /// It is paused.
    #[error("the run is paused; resume it first")]
    Paused,
    /// It is not paused.
    #[error("the run is not paused")]
    NotPaused,
    /// No level.
    #[error("a level is a number from 0 to 1000000")]
    Level,
    /// Too many.
    #[error("a run takes a thousand changes by hand at most")]
    TooMany,
}

impl Change {
    /// Whether a person made it.
    pub fn by_hand(&self) -> bool {
        !matches!(self, Self::Steady { .. })
    }
}

impl Outline {
    /// Whether a change by hand can be made at a time.
    pub fn allows(&self, change: &Change, at: Duration) -> Result<(), Refused> {
        let number = self.under_way(at).ok_or(Refused::Over)?;
        let paused = self.stages[number].kind == StageKind::Pause;
        if self.search.is_some() && change.by_hand() {
            return Err(Refused::Search);
        }
        if self.turns.len() >= MOST {
            return Err(Refused::TooMany);
        }
        match change {
            Change::Steady { stage } if usize::from(stage.0) == number => Ok(()),
            Change::Steady { .. } => Err(Refused::Over),
            Change::Resume if !paused => Err(Refused::NotPaused),
            Change::Resume => Ok(()),
            _ if paused => Err(Refused::Paused),
            Change::Level { level, .. } if !(0.0..=HIGHEST).contains(level) => Err(Refused::Level),
            Change::Level { .. } | Change::Pause | Change::Reset => Ok(()),
        }
    }

    /// Makes a change: the stage under way ends where it has to, and those behind it come earlier or later. One that is not allowed
    /// at that time changes nothing.
    pub fn turn(&mut self, turn: &Turn) {
        let at = turn.at;
        let (Some(number), Ok(())) = (self.under_way(at), self.allows(&turn.change, at)) else {
            return;
        };
        let whole = self.stages[number].clone();
        let before = number.checked_sub(1).map_or(0.0, |n| self.stages[n].level);
        let ramp_left = whole.hold_start.saturating_sub(at);
        let hold_left = whole.end.saturating_sub(at.max(whole.hold_start));
        // What was left of the stage, from a time on.
        let rest = |start: Duration| StageOutline {
            start,
            hold_start: start + ramp_left,
            end: start + ramp_left + hold_left,
            ..whole.clone()
        };
        let now = Stage::from(&whole).level_after(at.saturating_sub(whole.start), before, self.open);
        let new: Vec<StageOutline> = match &turn.change {
            Change::Steady { .. } | Change::Resume => Vec::new(),
            Change::Reset => vec![rest(at)],
            Change::Level { level, ramp } => vec![StageOutline {
                level: if self.open { *level } else { level.round() },
                start: at,
                hold_start: at + *ramp,
                end: at + *ramp + hold_left,
                kind: StageKind::ByHand,
                until_steady: whole.until_steady,
            }],
            Change::Pause => vec![
                StageOutline {
                    // Users stay, arrivals do not come.
                    level: if self.open { 0.0 } else { now },
                    start: at,
                    hold_start: at,
                    end: at + LONGEST_PAUSE,
                    kind: StageKind::Pause,
                    until_steady: None,
                },
                rest(at + LONGEST_PAUSE),
            ],
        };
        let cut = &mut self.stages[number];
        if at < cut.hold_start {
            cut.level = now;
            cut.hold_start = at;
        }
        cut.end = at;
        let end = new.last().map_or(at, |last| last.end);
        for later in &mut self.stages[number + 1..] {
            for moment in [&mut later.start, &mut later.hold_start, &mut later.end] {
                *moment = (*moment + end).saturating_sub(whole.end);
            }
        }
        self.stages.splice(number + 1..=number, new);
        if turn.change.by_hand() {
            self.turns.push(turn.clone());
        }
    }

    /// The stage under way at a time: `None` from the end of the last on.
    fn under_way(&self, at: Duration) -> Option<usize> {
        self.stages.iter().position(|stage| at < stage.end)
    }

    /// The stages that are levels of load: without pauses, and without those that a change by hand ended before they were held.
    pub fn levels(&self) -> impl Iterator<Item = (StageId, &StageOutline)> {
        let by_hand = |at: Duration| self.turns.iter().any(|turn| turn.at == at);
        let is_level = move |stage: &StageOutline| {
            stage.kind != StageKind::Pause && (stage.hold_start < stage.end || !by_hand(stage.end))
        };
        let numbered = self.stages.iter().enumerate();
        numbered
            .filter(move |(_, stage)| is_level(stage))
            .map(|(number, stage)| (StageId(number as u16), stage))
    }
}

impl From<&StageOutline> for Stage {
    fn from(stage: &StageOutline) -> Self {
        Self {
            level: stage.level,
            ramp: stage.hold_start.saturating_sub(stage.start),
            hold: stage.end.saturating_sub(stage.hold_start),
            until_steady: stage.until_steady,
        }
    }
}

#[cfg(test)]
mod tests;
