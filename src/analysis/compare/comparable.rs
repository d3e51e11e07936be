//! Which runs can be compared at all.

use super::{Run, Sides};
use crate::analysis::level::Trust;
use crate::plan::StageId;
use crate::plan::outline::Outline;

/// Why runs are not compared. Runs are numbered through, those of the base first.
#[derive(Clone, Debug, PartialEq)]
pub enum Refusal {
    /// The same run is there twice: its own figures would agree with themselves.
    SameRun {
        /// Here.
        run: usize,
        /// And here.
        earlier: usize,
    },
    /// It is of another scenario than the first.
    OtherScenario {
        /// Which.
        run: usize,
    },
    /// It has another load than the first.
    OtherLoad {
        /// Which.
        run: usize,
    },
    /// It did not do what was planned: killed, interrupted or aborted.
    Ended {
        /// Which.
        run: usize,
    },
    /// No level was measured well by every run.
    NoLevel(Vec<LeftOut>),
    /// There are no requests that both sides have.
    NoRequests,
}

/// Why a level is not compared.
#[derive(Clone, Debug, PartialEq)]
pub struct LeftOut {
    /// The level.
    pub stage: StageId,
    /// The run that spoils it.
    pub run: usize,
    /// How.
    pub trust: Trust,
}

/// Everything that forbids to compare whole runs.
pub(super) fn refusals(sides: Sides<'_>) -> Vec<Refusal> {
    let runs: Vec<&Run<'_>> = sides.all().collect();
    let mut refusals = Vec::new();
    for (number, run) in runs.iter().enumerate() {
        let this = &run.recording.info;
        // Its start, to the microsecond, and all else that is known before a run make it that run.
        if let Some(earlier) = runs[..number]
            .iter()
            .position(|other| other.recording.info == *this)
        {
            refusals.push(Refusal::SameRun { run: number, earlier });
            continue;
        }
        let first = &runs[0].recording.info.outline;
        if !same_scenario(first, &this.outline) {
            refusals.push(Refusal::OtherScenario { run: number });
        } else if !same_load(first, &this.outline) {
            refusals.push(Refusal::OtherLoad { run: number });
        }
        if !run.recording.end.how.as_planned() {
            refusals.push(Refusal::Ended { run: number });
        }
    }
    refusals
}

/// Target, seed and thresholds may differ: they are what is compared, what should differ, and what changes no request.
fn same_scenario(one: &Outline, other: &Outline) -> bool {
    one.name == other.name && one.endpoints == other.endpoints && one.rows == other.rows
}

fn same_load(one: &Outline, other: &Outline) -> bool {
    one.open == other.open
        && one.stages == other.stages
        && one.think == other.think
        && one.stop_after == other.stop_after
}
