//! The run as it stands, for the live views. Made by [`super::aggregator::Aggregator::snapshot`] only; in JSON units are those of
//! [`super::summary`]. Its times are response times, in the open model latencies from due; those of a [`Second`] are always
//! response times.

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use super::health::Warning;
use super::summary::{FailureCount, Phase, Second};
use crate::plan::outline::Outline;
use crate::plan::{RowId, StageId};

/// The run up to the last whole second that all workers have told of.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Snapshot {
    /// What was planned, as it is by now.
    #[serde(skip)]
    pub outline: Arc<Outline>,
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
    /// Ramp, hold, pause, or waiting for the end.
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
    /// Everything since the start, or since the figures began anew.
    pub so_far: SoFar,
    /// One for each row of the outline, in order.
    pub rows: Vec<RowSoFar>,
    /// One for each threshold of the outline, in order: the last few seconds by its measure.
    pub thresholds: Vec<ThresholdNow>,
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

/// What the last few seconds are by the measure of a threshold. Judged only while a level is held.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ThresholdNow {
    /// As in the file.
    pub text: String,
    /// The figure: seconds, share or requests per second, as the metric says; `None` where there is nothing to judge.
    pub figure: Option<f64>,
    /// Whether it is broken for certain.
    pub broken: bool,
}

/// Everything since the start, or since the figures began anew.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct SoFar {
    /// When they began anew; 0 where they never did.
    #[serde(with = "super::units::seconds")]
    pub since: Duration,
    /// Requests completed.
    pub requests: u64,
    /// Of them failed.
    pub failures: u64,
    /// Iterations finished.
    pub iterations: u64,
    /// Of them failed.
    pub iterations_failed: u64,
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

/// A row since the start, or since the figures began anew.
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
    /// Failures per second, over the last few seconds.
    pub failure_rate: f64,
    /// Mean response time.
    #[serde(with = "super::units::seconds_option")]
    pub mean: Option<Duration>,
    /// Shortest.
    #[serde(with = "super::units::seconds_option")]
    pub min: Option<Duration>,
    /// Median.
    #[serde(with = "super::units::seconds_option")]
    pub p50: Option<Duration>,
    /// 95 %.
    #[serde(with = "super::units::seconds_option")]
    pub p95: Option<Duration>,
    /// 99 %.
    #[serde(with = "super::units::seconds_option")]
    pub p99: Option<Duration>,
    /// Longest.
    #[serde(with = "super::units::seconds_option")]
    pub max: Option<Duration>,
    /// Bytes of a response's body, as on the wire, mean; 0 without a request.
    pub body_bytes: f64,
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
