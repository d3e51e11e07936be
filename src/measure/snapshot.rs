//! The run as it stands, for the live views. Made by [`super::aggregator::Aggregator::snapshot`] only; in JSON units are those of
//! [`super::summary`]. Its times are response times, in the open model latencies from due; those of a [`Second`] are always
//! response times.

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use super::health::Warning;
use super::summary::{FailureCount, Phase, Second};
use crate::plan::{RowId, StageId};

/// The run up to the last whole second that all workers have told of.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Snapshot {
    /// Time covered, since the start of the load.
    #[serde(with = "super::units::seconds")]
    pub at: Duration,
    /// End of the last stage.
    #[serde(with = "super::units::seconds")]
    pub planned: Duration,
    /// The stage under way (the last, when stopping).
    pub stage: StageId,
    /// How many stages there are.
    pub stages: u16,
    /// Its level: users, or iterations per second in the open model.
    pub level: f64,
    /// Ramp, hold, or waiting for the end.
    pub phase: Phase,
    /// Users now.
    pub users: u64,
    /// Of them thinking.
    pub thinking: u64,
    /// Requests in flight now.
    pub in_flight: u64,
    /// Arrivals waiting for a user now.
    pub waiting: u64,
    /// The oldest request in flight.
    #[serde(with = "super::units::seconds_option")]
    pub oldest_in_flight: Option<Duration>,
    /// The last few seconds.
    pub recent: Recent,
    /// Everything since the start.
    pub so_far: SoFar,
    /// One for each row of the outline, in order.
    pub rows: Vec<RowSoFar>,
    /// Failure types so far, the most frequent first.
    pub failures: Vec<FailureCount>,
    /// Arrivals dropped so far.
    pub dropped_arrivals: u64,
    /// What is wrong with the generator so far.
    pub warnings: Vec<Warning>,
    /// The last seconds, at most [`SERIES`].
    pub series: Arc<[Second]>,
    /// A threshold with `abort` is broken for as long as it says.
    pub abort: Option<Breach>,
}

/// How many seconds [`Snapshot::series`] holds at most.
pub const SERIES: usize = 600;

/// How many seconds [`Recent`] covers at most.
pub const RECENT: usize = 5;

/// The last few seconds.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Recent {
    /// How long that is.
    #[serde(with = "super::units::seconds")]
    pub length: Duration,
    /// Requests completed per second.
    pub rate: f64,
    /// Failures as a share of them; 0 without a request.
    pub failure_share: f64,
    /// Their median; `None` without a request.
    #[serde(with = "super::units::seconds_option")]
    pub p50: Option<Duration>,
    /// 95 %.
    #[serde(with = "super::units::seconds_option")]
    pub p95: Option<Duration>,
}

/// Everything since the start.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct SoFar {
    /// Requests completed.
    pub requests: u64,
    /// Of them failed.
    pub failures: u64,
    /// Iterations finished.
    pub iterations: u64,
    /// Mean response time.
    #[serde(with = "super::units::seconds_option")]
    pub mean: Option<Duration>,
    /// Median of the completed requests; what is in flight shows in [`Snapshot::oldest_in_flight`].
    #[serde(with = "super::units::seconds_option")]
    pub p50: Option<Duration>,
    /// 95 %.
    #[serde(with = "super::units::seconds_option")]
    pub p95: Option<Duration>,
    /// 99 %.
    #[serde(with = "super::units::seconds_option")]
    pub p99: Option<Duration>,
}

/// A row since the start.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RowSoFar {
    /// Which.
    pub row: RowId,
    /// Requests completed.
    pub requests: u64,
    /// Of them failed.
    pub failures: u64,
    /// Requests completed per second, over the last few seconds.
    pub rate: f64,
    /// Mean response time.
    #[serde(with = "super::units::seconds_option")]
    pub mean: Option<Duration>,
    /// Median.
    #[serde(with = "super::units::seconds_option")]
    pub p50: Option<Duration>,
    /// 95 %.
    #[serde(with = "super::units::seconds_option")]
    pub p95: Option<Duration>,
}

/// A threshold that has been broken for too long.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Breach {
    /// Index into the outline's thresholds.
    pub threshold: usize,
    /// As in the file.
    pub text: String,
    /// The figure over the last seconds: seconds, share or requests per second, as the metric says.
    pub figure: f64,
    /// When that was seen.
    #[serde(with = "super::units::seconds")]
    pub at: Duration,
}
