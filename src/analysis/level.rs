//! One level of load as the analysis sees it: a stage of a run, or a row of a table that came from elsewhere.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::bursts::Bursts;
use super::estimate::{Estimate, share};

/// One level of load and what was measured at it. Times in seconds, shares between 0 and 1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Level {
    /// Users, or arrivals per second in the open model: what was asked for.
    pub load: f64,
    /// Completed requests, failed ones included.
    pub requests: u64,
    /// Of them failed.
    pub failures: u64,
    /// X: completed requests per second.
    pub rate: Estimate,
    /// Failed share of the requests.
    pub failure_share: Estimate,
    /// R: mean response time, all outcomes; `None` without a request.
    pub mean: Option<Estimate>,
    /// Median response time, where it is known.
    pub p50: Option<Estimate>,
    /// 95th percentile.
    pub p95: Option<Estimate>,
    /// 99th percentile.
    pub p99: Option<Estimate>,
    /// N: users, mean over the time measured; in the open model those that were busy.
    pub users: f64,
    /// Z: think time for each request, where it is known.
    pub think: Option<f64>,
    /// L: requests in flight, mean over the time measured, where it is known.
    pub in_flight: Option<f64>,
    /// How long was measured, where it is known.
    pub length: Option<f64>,
    /// Mean response time at the beginning and at the end of the measured time, seconds, where it rose or fell beyond chance.
    pub drift: Option<(f64, f64)>,
    /// Failures that came in bursts.
    #[serde(default)]
    pub bursts: Option<Bursts>,
    /// Thresholds of the scenario that it breaks, as written there.
    pub broken: Vec<String>,
    /// How far its figures can be relied on.
    pub trust: Trust,
}

/// How far the figures of a level can be relied on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Trust {
    /// Nothing speaks against them.
    Steady,
    /// No second of it was held.
    NeverHeld,
    /// It did not settle: response times or throughput went on changing beyond the middle of the hold.
    NotSteady,
    /// Its users did too few cycles (response and think time) in the time measured.
    TooShort {
        /// Cycles that fit into the time.
        cycles: f64,
        /// Seconds that would be long enough.
        needed: f64,
    },
    /// The users do not come to X (R + Z): requests are missing, or it was not steady.
    LawMissed {
        /// X (R + Z).
        accounted: f64,
    },
    /// The generator itself was the limit, or it is not known whether it was.
    Generator,
    /// The users of an open model were all busy, though the API answered hardly later than at the lowest level.
    ShortOfUsers {
        /// Users, mean over the time measured.
        users: f64,
    },
}

impl Level {
    /// A cycle: response time and think time of one request; `None` where neither is known.
    pub fn cycle(&self) -> Option<f64> {
        match (&self.mean, self.think) {
            (Some(mean), Some(think)) => Some(mean.value + think),
            _ if self.rate.value > 0.0 => Some(self.users / self.rate.value),
            _ => None,
        }
    }

    /// Successes per second.
    pub fn goodput(&self) -> Estimate {
        self.rate.times(1.0 - self.failure_share.value)
    }

    /// Whether nothing speaks against its figures.
    pub fn is_trusted(&self) -> bool {
        self.trust == Trust::Steady
    }
}

/// A failed share of which nothing is known: a table need not count failures.
pub fn unknown_share() -> Estimate {
    share(0.0, 0.0)
}

/// Whether nothing is known of a failed share.
pub fn is_unknown(share: &Estimate) -> bool {
    share
        .interval
        .is_some_and(|bounds| bounds.low <= 0.0 && bounds.high >= 1.0)
}
