//! Every figure of a run that a report shows. Made by [`super::recording::Recording::summary`] only.
//!
//! Definitions, true of all of it:
//!
//! - A request is *completed* when its last byte was read or its failure noticed. Every figure is over completed requests
//!   of all outcomes, unless it says otherwise; requests that were still under way when the run ended are *unfinished* and
//!   counted apart.
//! - Figures of a stage are of the requests completed in its [`Window`], whatever stage they were sent in. Figures of the
//!   run are of all requests, ramps and graceful stop included.
//! - The time of a request is its response time, from sent (connecting included) to done, unless it says otherwise. Thresholds
//!   of the open model are judged by the latency, from due to done ([`Figures::times`]).
//! - Percentiles take unfinished requests as right-censored at their age ([`Quantile`]): in a stage those sent in it.
//! - In JSON every time is in seconds, every share between 0 and 1, every size in bytes, every rate per second.

use std::sync::Arc;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::health::{Health, Warning};
use super::interval::Starts;
use super::run::{End, RunInfo, Storage};
use crate::plan::threshold::Threshold;
use crate::plan::{EndpointId, RowId, StageId};

pub use super::histogram::Quantile;

/// All figures of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RunSummary {
    /// What was run, where and when.
    #[schemars(with = "RunInfo")]
    pub run: Arc<RunInfo>,
    /// How and when it ended.
    pub end: End,
    /// One for each stage, in order, those never reached included (with zero requests); without pauses, and without those that a
    /// change by hand ended before they were held.
    pub stages: Vec<StageSummary>,
    /// All requests of the run. Its rate is over the time from the start to the end of the last stage (or of the run,
    /// where that came first): the graceful stop is not load, nor is a pause.
    pub total: Figures,
    /// The length that rates of the run are over.
    #[serde(with = "super::units::seconds")]
    #[schemars(with = "f64")]
    pub length: Duration,
    /// Requests completed after the end of the last stage, in the graceful stop.
    pub after_last_stage: u64,
    /// One for each row of the outline, in order: all requests of the run.
    pub rows: Vec<RowSummary>,
    /// One for each endpoint of the outline, in order.
    pub endpoints: Vec<EndpointSummary>,
    /// Failure types, the most frequent first (by text where they are equal).
    pub failures: Vec<FailureSummary>,
    /// Requests that were under way when the run ended, by row and stage of sending.
    pub unfinished: Vec<Unfinished>,
    /// What the thresholds of the scenario came to, in order.
    pub thresholds: Vec<Verdict>,
    /// One for each captured pool, in order.
    pub pools: Vec<PoolSummary>,
    /// Data sources that came to their end, in order of time.
    pub data_ended: Vec<DataEnded>,
    /// Users whose `on_start` failed.
    #[serde(default)]
    pub starts: Starts,
    /// Arrivals of the open model that were dropped because all users were busy.
    pub dropped_arrivals: u64,
    /// Connections of all requests.
    pub connections: Connections,
    /// Whether the generator kept up.
    pub health: Health,
    /// What became of the journal.
    pub storage: Storage,
    /// The run over time, one entry a second (coarser where the disk was slow and the run was read from it).
    pub series: Vec<Second>,
}

/// Figures of a set of requests.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Figures {
    /// Completed requests of all outcomes.
    pub requests: u64,
    /// Of them failed.
    pub failures: u64,
    /// Requests that could not be filled in, so that nothing was sent: not among `requests`, but failures of the scenario
    /// all the same. [`Figures::failure_share`] counts them, and so do thresholds.
    #[serde(default)]
    pub never_sent: u64,
    /// Requests of the set that were still under way when the run ended; not among `requests`.
    pub unfinished: u64,
    /// Arrivals of the open model that were due, but still waited for a user when the load ended: never sent, so not among
    /// `requests`. The percentiles of `latency` hold them at their age.
    #[serde(default)]
    pub unsent: u64,
    /// Completed requests per second.
    pub rate: f64,
    /// Mean response time of all outcomes.
    #[serde(with = "super::units::seconds_option")]
    #[schemars(with = "Option<f64>")]
    pub mean: Option<Duration>,
    /// Mean response time of successes.
    #[serde(with = "super::units::seconds_option")]
    #[schemars(with = "Option<f64>")]
    pub mean_success: Option<Duration>,
    /// Mean response time of failures.
    #[serde(with = "super::units::seconds_option")]
    #[schemars(with = "Option<f64>")]
    pub mean_failure: Option<Duration>,
    /// Shortest response time.
    #[serde(with = "super::units::seconds_option")]
    #[schemars(with = "Option<f64>")]
    pub min: Option<Duration>,
    /// Percentiles of the response time; `None` without a request.
    pub percentiles: Option<Percentiles>,
    /// Latency from due (the arrival, the tick of a pace); `None` where due and sent are the same but for the timer. What
    /// thresholds and the table of the report are of in the open model.
    pub latency: Option<Times>,
    /// Bytes written: heads and bodies, before TLS.
    pub bytes_sent: u64,
    /// Bytes read: heads and bodies as on the wire, after TLS.
    pub bytes_received: u64,
    /// Bytes of the responses' bodies among them.
    pub body_bytes: u64,
}

impl Figures {
    /// Requests without success: those that failed, and those that could not even be sent.
    pub fn all_failures(&self) -> u64 {
        self.failures.saturating_add(self.never_sent)
    }

    /// Completed requests, and those that could not be sent.
    pub fn attempts(&self) -> u64 {
        self.requests.saturating_add(self.never_sent)
    }

    /// Failures, those that were never sent included, as a share of all attempts; 0 without one.
    pub fn failure_share(&self) -> f64 {
        match self.attempts() {
            0 => 0.0,
            attempts => self.all_failures() as f64 / attempts as f64,
        }
    }

    /// Mean and percentiles that the set is judged by: in the open model `latency`, from due; else the response time.
    pub fn times(&self, open: bool) -> (Option<Duration>, Option<&Percentiles>) {
        if open {
            let latency = self.latency.as_ref();
            (
                latency.map(|times| times.mean),
                latency.map(|times| &times.percentiles),
            )
        } else {
            (self.mean, self.percentiles.as_ref())
        }
    }

    /// Failures per second.
    pub fn failure_rate(&self) -> f64 {
        match self.requests {
            0 => 0.0,
            requests => self.rate * self.failures as f64 / requests as f64,
        }
    }
}

/// Figures of one kind of latency.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Times {
    /// How many were measured.
    pub count: u64,
    /// Their mean.
    #[serde(with = "super::units::seconds")]
    #[schemars(with = "f64")]
    pub mean: Duration,
    /// The shortest.
    #[serde(with = "super::units::seconds")]
    #[schemars(with = "f64")]
    pub min: Duration,
    /// Their percentiles.
    pub percentiles: Percentiles,
}

/// Percentiles by nearest rank: the smallest observation that so many percent do not exceed, to three digits (never too
/// small by rounding, too large by less than 0.1 %). `max` is exact.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Percentiles {
    /// The median.
    pub p50: Quantile,
    /// 66 %.
    pub p66: Quantile,
    /// 75 %.
    pub p75: Quantile,
    /// 80 %.
    pub p80: Quantile,
    /// 90 %.
    pub p90: Quantile,
    /// 95 %.
    pub p95: Quantile,
    /// 98 %.
    pub p98: Quantile,
    /// 99 %.
    pub p99: Quantile,
    /// 99.9 %.
    pub p99_9: Quantile,
    /// 99.99 %.
    pub p99_99: Quantile,
    /// The longest.
    pub max: Quantile,
}

impl Percentiles {
    /// What is shown, in order: name as Locust's files have it, and value.
    pub fn named(&self) -> [(&'static str, Quantile); 11] {
        [
            ("50%", self.p50),
            ("66%", self.p66),
            ("75%", self.p75),
            ("80%", self.p80),
            ("90%", self.p90),
            ("95%", self.p95),
            ("98%", self.p98),
            ("99%", self.p99),
            ("99.9%", self.p99_9),
            ("99.99%", self.p99_99),
            ("100%", self.max),
        ]
    }
}

/// The seconds of a stage that its figures are of: [from, to), whole seconds since the start of the load.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Window {
    /// The stage.
    #[schemars(with = "u16")]
    pub stage: StageId,
    /// First second.
    pub from: u32,
    /// The second after the last; equal to `from` where the stage was never held.
    pub to: u32,
    /// Why these.
    pub choice: WindowChoice,
}

/// Why a window is what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WindowChoice {
    /// The hold after the warm-up that MSER-5 found (which may be none).
    Steady {
        /// Seconds cut off at the beginning of the hold.
        warm_up: u32,
    },
    /// The whole hold, because it never became steady: the best cut lies beyond the middle of it.
    NotSteady,
    /// The whole hold, because it is too short to be judged.
    Unjudged,
    /// The stage was never held: the run ended before.
    NeverHeld,
}

/// A stage.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StageSummary {
    /// Which.
    #[schemars(with = "u16")]
    pub stage: StageId,
    /// Its level: users, or iterations per second in the open model.
    pub level: f64,
    /// The seconds its figures are of, and why.
    pub window: Window,
    /// How long the window was in truth (less than planned where the run ended within it or seconds were lost).
    #[serde(with = "super::units::seconds")]
    #[schemars(with = "f64")]
    pub length: Duration,
    /// All requests completed in the window.
    pub figures: Figures,
    /// The same for each row of the outline, in order.
    pub rows: Vec<Figures>,
    /// Failure types in the window, the most frequent first.
    pub failures: Vec<FailureCount>,
    /// N: users, mean over the window.
    pub users: f64,
    /// Z: think time for each completed request; `None` without a request.
    #[serde(with = "super::units::seconds_option")]
    #[schemars(with = "Option<f64>")]
    pub think: Option<Duration>,
    /// L: requests in flight, mean over the window.
    pub in_flight: f64,
    /// Arrivals waiting for a user (open model), mean over the window.
    pub waiting: f64,
    /// Arrivals dropped in the window.
    pub dropped_arrivals: u64,
    /// Iterations finished in the window.
    pub iterations: u64,
    /// Of them failed.
    #[serde(default)]
    pub iterations_failed: u64,
    /// Bytes read per second.
    pub bytes_per_second: f64,
    /// Connections of the requests completed in the window.
    pub connections: Connections,
    /// Requests completed in its ramp.
    pub in_ramp: u64,
    /// Requests completed in its hold, outside the window.
    pub in_hold_outside: u64,
    /// What was wrong with the generator in the window, the worst first.
    pub warnings: Vec<Warning>,
    /// Thresholds (but for those of the rate) that the requests of the window break, whatever they are judged over: their
    /// places in the scenario.
    pub broken_limits: Vec<usize>,
}

/// A row: one kind of request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RowSummary {
    /// Which.
    #[schemars(with = "u16")]
    pub row: RowId,
    /// Its name in the reports.
    pub name: String,
    /// GET, POST, ...
    pub method: String,
    /// All its requests.
    pub figures: Figures,
    /// Where their time went.
    pub phases: Phases,
    /// Connections used.
    pub connections: Connections,
    /// Status codes of the responses, ascending.
    pub statuses: Vec<StatusCount>,
    /// Redirects followed.
    pub redirects: u64,
}

/// Parts of the response time, each over the requests that had it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Phases {
    /// Looking the name up.
    pub dns: Option<Times>,
    /// Opening the TCP connection.
    pub connect: Option<Times>,
    /// The TLS handshake.
    pub tls: Option<Times>,
    /// From sent (connecting included) to the first byte.
    pub first_byte: Option<Times>,
    /// From the first byte to the last.
    pub download: Option<Times>,
}

/// How requests came by their connections.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Connections {
    /// Requests that reached none.
    pub none: u64,
    /// Opened for the request.
    pub new: u64,
    /// Kept alive from an earlier one.
    pub reused: u64,
    /// Opened because the kept-alive one was found closed.
    pub reopened: u64,
    /// How often a request was sent once more (`target.on_stale`, or HTTP/2's GOAWAY and `REFUSED_STREAM`). The server's log
    /// has these beside the requests, but for those that HTTP/2 left undone.
    #[serde(default)]
    pub resent: u64,
}

/// How often a status came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StatusCount {
    /// The code.
    pub status: u16,
    /// How often.
    pub count: u64,
}

/// An endpoint: what users did with it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct EndpointSummary {
    /// Which.
    #[schemars(with = "u16")]
    pub endpoint: EndpointId,
    /// Its name.
    pub name: String,
    /// Iterations that were drawn by weight, begun or not; without those of `on_start` and `on_stop`.
    #[serde(default)]
    pub drawn: u64,
    /// Iterations finished.
    pub iterations: u64,
    /// Of them failed: broken off by a step that failed, or that could not be filled in.
    pub failed: u64,
    /// Of them without a request, as the conditions of all steps were false.
    #[serde(default)]
    pub sent_nothing: u64,
    /// How long they took, think time between the steps included; `None` without one.
    pub duration: Option<Times>,
    /// Iterations that began late because the one before took longer than the pace.
    pub pace_overruns: u64,
}

/// How often a failure occurred.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FailureCount {
    /// Its words.
    #[schemars(with = "String")]
    pub text: Arc<str>,
    /// How often.
    pub count: u64,
    /// When it was first noticed, since the start of the load.
    #[serde(with = "super::units::seconds")]
    #[schemars(with = "f64")]
    pub first: Duration,
    /// When it was last noticed.
    #[serde(with = "super::units::seconds")]
    #[schemars(with = "f64")]
    pub last: Duration,
}

/// A failure type over the whole run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FailureSummary {
    /// Words, count, first and last time.
    pub failure: FailureCount,
    /// The rows it was seen at, ascending by row, with counts and times.
    #[schemars(with = "Vec<(u16, FailureCount)>")]
    pub rows: Vec<(RowId, FailureCount)>,
    /// The stages of sending, ascending, with counts.
    #[schemars(with = "Vec<(u16, u64)>")]
    pub stages: Vec<(StageId, u64)>,
}

/// Requests under way when the run ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Unfinished {
    /// What kind.
    #[schemars(with = "u16")]
    pub row: RowId,
    /// The stage in which they were sent.
    #[schemars(with = "u16")]
    pub stage: StageId,
    /// How many.
    pub count: u64,
    /// Age of the youngest.
    #[serde(with = "super::units::seconds")]
    #[schemars(with = "f64")]
    pub youngest: Duration,
    /// Age of the oldest.
    #[serde(with = "super::units::seconds")]
    #[schemars(with = "f64")]
    pub oldest: Duration,
}

/// What a threshold came to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Verdict {
    /// The threshold.
    pub threshold: Threshold,
    /// Whether it holds everywhere it was judged. One that has nothing to judge (its endpoint was never called, its stage
    /// never held) does not hold.
    pub holds: bool,
    /// One entry for the whole run, or one for each stage (`in every stage`).
    pub judged: Vec<Judged>,
}

/// One judgement of a threshold.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Judged {
    /// The stage, over its window; `None`: the whole run.
    #[schemars(with = "Option<u16>")]
    pub stage: Option<StageId>,
    /// Seconds, share or requests per second, as the metric says; `None`: there was nothing to judge.
    pub figure: Option<f64>,
    /// The figure is only a lower bound, as unfinished requests reach it.
    pub at_least: bool,
    /// Whether the threshold holds for it.
    pub holds: bool,
}

/// A captured pool.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PoolSummary {
    /// Its name.
    pub name: String,
    /// Draws that had to leave an endpoint out because the pool was empty.
    pub empty_draws: u64,
}

/// A data source without `loop` came to its end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DataEnded {
    /// Its name.
    pub name: String,
    /// When it was first noticed.
    #[serde(with = "super::units::seconds")]
    #[schemars(with = "f64")]
    pub at: Duration,
}

/// What a second belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// On the way to the stage's level.
    Ramp,
    /// At the level.
    Hold,
    /// Paused by hand.
    Pause,
    /// After the last stage, waiting for requests in flight.
    Stopping,
}

/// A second of the run (or several, where it was coarsened).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Second {
    /// Its number: it begins so many seconds after the start of the load.
    pub second: u32,
    /// How long it is: 1 s, but for the last one and where it was coarsened.
    #[serde(with = "super::units::seconds")]
    #[schemars(with = "f64")]
    pub length: Duration,
    /// The stage it lies in.
    #[schemars(with = "u16")]
    pub stage: StageId,
    /// The part of the stage.
    pub phase: Phase,
    /// Users, mean.
    pub users: f64,
    /// Of them thinking, mean.
    pub thinking: f64,
    /// Requests in flight, mean.
    pub in_flight: f64,
    /// Arrivals waiting for a user, mean.
    pub waiting: f64,
    /// Requests completed.
    pub requests: u64,
    /// Of them failed.
    pub failures: u64,
    /// Mean response time.
    #[serde(with = "super::units::seconds_option")]
    #[schemars(with = "Option<f64>")]
    pub mean: Option<Duration>,
    /// Median of the requests completed in it.
    #[serde(with = "super::units::seconds_option")]
    #[schemars(with = "Option<f64>")]
    pub p50: Option<Duration>,
    /// 95 %.
    #[serde(with = "super::units::seconds_option")]
    #[schemars(with = "Option<f64>")]
    pub p95: Option<Duration>,
    /// 99 %.
    #[serde(with = "super::units::seconds_option")]
    #[schemars(with = "Option<f64>")]
    pub p99: Option<Duration>,
    /// The longest.
    #[serde(with = "super::units::seconds_option")]
    #[schemars(with = "Option<f64>")]
    pub max: Option<Duration>,
    /// Bytes written.
    pub bytes_sent: u64,
    /// Bytes read.
    pub bytes_received: u64,
    /// Requests completed of each row, in order of the outline.
    pub rows: Vec<SecondRow>,
}

/// A row within a second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SecondRow {
    /// Requests completed.
    pub requests: u64,
    /// Of them failed.
    pub failures: u64,
}
