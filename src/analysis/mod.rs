//! What it means: which seconds are steady, how sure each figure is, how much the API can take, and what gives first.
//!
//! [`level`] is what everything rests on, whether it came from a run ([`levels`]) or from a table; [`capacity`] draws the
//! conclusions, and [`mod@findings`] are the rules that say them.

pub mod blocks;
pub mod bursts;
pub mod capacity;
pub mod compare;
pub mod correlation;
pub mod culprits;
pub mod distribution;
pub mod estimate;
pub mod findings;
pub mod level;
pub mod levels;
pub mod search;
pub mod shortfall;
pub mod steady;
pub mod table;
pub mod trend;
pub mod usl;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use capacity::{Capacity, Context, short_of_users};
use culprits::{Culprit, FirstSeen, culprits, first_seen};
use findings::{Finding, Next, findings};
use level::{Level, Trust};
use search::{Ended, Searched};

use crate::measure::recording::Recording;
use crate::measure::summary::RunSummary;
use crate::plan::search::Search;

/// What the figures of a run mean.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Analysis {
    /// The stages, in order, each with its intervals.
    pub levels: Vec<Level>,
    /// What they say about the capacity.
    pub capacity: Capacity,
    /// Endpoints with more failures than their share.
    pub culprits: Vec<Culprit>,
    /// Where each failure type began.
    pub first_seen: Vec<FirstSeen>,
    /// All of it as findings, in the order in which they are read.
    pub findings: Vec<Finding>,
}

impl Analysis {
    /// Of a run.
    pub fn of_run(recording: &Recording, summary: &RunSummary) -> Self {
        Self::of(levels::with_intervals(recording, summary), summary)
    }

    /// Of a run's figures, with the intervals that its levels have.
    pub fn of(levels: Vec<Level>, summary: &RunSummary) -> Self {
        let outline = &summary.run.outline;
        let context = Context {
            open: outline.open,
            think: outline.think.mean.map(|mean| mean.as_secs_f64()),
            pool_size: outline.pool_size,
            per_iteration: per_iteration(summary),
        };
        let mut analysis = Self::of_levels(levels, &context);
        analysis.culprits = culprits(summary);
        analysis.first_seen = first_seen(summary);
        // Who fails comes behind how much fails, and before what to try next.
        let place = analysis
            .findings
            .iter()
            .position(Finding::is_detail)
            .unwrap_or(analysis.findings.len());
        let who = analysis.culprits.iter().cloned().map(Finding::Culprit);
        let what = analysis.first_seen.iter().cloned().map(Finding::FirstSeen);
        let found: Vec<Finding> = who.chain(what).collect();
        analysis.findings.splice(place..place, found);
        if let Some(search) = &outline.search {
            analysis.tell_search(search, outline.open);
        }
        analysis
    }

    /// A search says itself where limits break, and which levels would tell more it has tried itself.
    fn tell_search(&mut self, search: &Search, open: bool) {
        let Some(searched) = Searched::of(search, open, self) else {
            return;
        };
        let further = (searched.ended == Ended::AtMost).then_some(Next::Search {
            at_most: 2.0 * search.at_most,
        });
        self.findings
            .retain(|finding| !matches!(finding, Finding::WithinThresholds { .. } | Finding::Next(_)));
        let unused = |finding: &Finding| matches!(finding, Finding::NotUsed { .. });
        let place = self.findings.iter().take_while(|finding| unused(finding)).count();
        self.findings.insert(place, Finding::Searched(searched));
        self.findings.extend(further.map(Finding::Next));
    }

    /// Of levels that came from elsewhere.
    pub fn of_levels(mut levels: Vec<Level>, context: &Context) -> Self {
        for place in short_of_users(&levels, context) {
            let users = levels[place].users;
            levels[place].trust = Trust::ShortOfUsers { users };
        }
        let capacity = Capacity::of(&levels, context);
        Self {
            findings: findings(&levels, &capacity, context),
            capacity,
            levels,
            culprits: Vec::new(),
            first_seen: Vec::new(),
        }
    }
}

/// Requests of an iteration: one, unless there are journeys, whose number of requests is measured at the lowest level.
fn per_iteration(summary: &RunSummary) -> Option<f64> {
    if summary
        .run
        .outline
        .endpoints
        .iter()
        .all(|endpoint| !endpoint.journey)
    {
        return Some(1.0);
    }
    let stages = summary.stages.iter().filter(|stage| stage.iterations > 0);
    let lowest = stages.min_by(|a, b| a.level.total_cmp(&b.level))?;
    Some(lowest.figures.requests as f64 / lowest.iterations as f64)
}
