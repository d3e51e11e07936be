//! What the measuring and the reports need to know of a plan: names, levels, limits. Free of secrets; kept as
//! `plan.json` in the run's folder, so that a report can be written again without the scenario.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::course::{StageKind, Turn};
use super::profile::UntilSteady;
use super::search::Search;
use super::target::Connections;
use super::threshold::Threshold;
use super::{EndpointId, RowId, StopAfter};

/// The plan as the reports see it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Outline {
    /// The scenario's name.
    pub name: String,
    /// The scenario's file as the user named it, for commands to try next; empty where there is none.
    #[serde(default)]
    pub file: String,
    /// Its description.
    pub description: Option<String>,
    /// The target's URL, user and password masked.
    pub url: String,
    /// Whether the target is the modelled API inside this process.
    pub demo: bool,
    /// `target.pool_size`: figures per connection are given when it is set.
    pub pool_size: Option<u32>,
    /// `target.connections`: who shares connections.
    #[serde(default)]
    pub connections: Connections,
    /// Which endpoints there are, in the order of the file.
    pub endpoints: Vec<EndpointOutline>,
    /// One for each kind of request: plain endpoints and steps of journeys. Index = [`RowId`].
    pub rows: Vec<Row>,
    /// Names of the captured pools.
    pub pools: Vec<String>,
    /// Names of the data sources that all users take in turn, one cursor for all (`sequential`, `shuffle`, `unique`).
    #[serde(default)]
    pub in_turn: Vec<String>,
    /// The load; of a search the levels that were begun.
    pub stages: Vec<StageOutline>,
    /// The search that chooses them. All thresholds are limits of each level then, and none of the whole run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub search: Option<Search>,
    /// What was changed by hand while the run went on, in order of time; `stages` are as they came to be.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub turns: Vec<Turn>,
    /// Arrivals come at a rate (open model) rather than from users (closed model).
    pub open: bool,
    /// Think time in words, and its mean where it has one.
    pub think: ThinkOutline,
    /// What must hold for the run.
    pub thresholds: Vec<Threshold>,
    /// Seed of every random stream.
    pub seed: u64,
    /// Whether it ends early.
    pub stop_after: Option<StopAfter>,
    /// How long the end waits for requests in flight.
    #[serde(with = "crate::plan::words::micros")]
    #[schemars(with = "u64")]
    pub graceful_stop: Duration,
}

/// An endpoint as the reports see it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct EndpointOutline {
    /// As in the file.
    pub name: String,
    /// Its weight.
    pub weight: f64,
    /// Whether it is a journey of several steps.
    pub journey: bool,
}

/// One kind of request, one line of the reports.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Row {
    /// The endpoint's name, or `endpoint / step`.
    pub name: String,
    /// GET, POST, ...
    pub method: String,
    /// The endpoint it belongs to.
    pub endpoint: EndpointId,
}

/// One stage: from `start` it ramps until `hold_start`, then holds until `end` (times since the start of the load).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StageOutline {
    /// Users (closed model) or iterations per second (open model) it holds.
    pub level: f64,
    /// Start of the ramp.
    #[serde(with = "crate::plan::words::micros")]
    #[schemars(with = "u64")]
    pub start: Duration,
    /// End of the ramp.
    #[serde(with = "crate::plan::words::micros")]
    #[schemars(with = "u64")]
    pub hold_start: Duration,
    /// End of the hold.
    #[serde(with = "crate::plan::words::micros")]
    #[schemars(with = "u64")]
    pub end: Duration,
    /// Whether the hold ends as soon as it is steady.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until_steady: Option<UntilSteady>,
    /// How it came about.
    #[serde(default, skip_serializing_if = "StageKind::is_planned")]
    pub kind: StageKind,
}

/// Think time as the reports see it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ThinkOutline {
    /// As the user would write it: `between 100 ms and 5 s`.
    pub words: String,
    /// Its mean, planned; `None` for a pace, whose pause depends on the response times.
    #[serde(with = "crate::plan::words::micros_option")]
    #[schemars(with = "Option<u64>")]
    pub mean: Option<Duration>,
}

impl Outline {
    /// A row by its number.
    pub fn row(&self, id: RowId) -> &Row {
        &self.rows[usize::from(id.0)]
    }

    /// Whether a request can be sent well after it was due: in the open model, and where a pace can be missed.
    pub fn measures_due(&self) -> bool {
        self.open || self.think.mean.is_none()
    }
}
