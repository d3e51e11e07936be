//! What must hold for the run: `metric [of endpoint] op value [in every stage] [for 10s: abort]`.

use std::fmt;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::RowId;
use super::problem::Problem;

mod parse;

/// One threshold.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Threshold {
    /// As in the file.
    pub text: String,
    /// Which figure.
    pub metric: Metric,
    /// Of which requests; `None`: of all.
    pub of: Option<Selection>,
    /// How the figure must compare with the value.
    pub op: Op,
    /// Seconds, a share of 1, or requests per second: the metric says which.
    pub value: f64,
    /// Judged in each stage rather than over the whole measured time.
    pub every_stage: bool,
    /// When it has been broken for so long, the run is aborted.
    #[serde(with = "crate::plan::words::micros_option")]
    #[schemars(with = "Option<u64>")]
    pub abort_after: Option<Duration>,
}

/// Which requests a threshold is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Selection {
    /// The endpoint's or row's name.
    pub name: String,
    /// Its rows: one for a plain endpoint or a step, several for a journey.
    pub rows: Vec<RowId>,
    /// Whether it is a step of a journey, which has no iterations of its own.
    #[serde(default)]
    pub step: bool,
}

/// A figure of a run.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// Failed requests, those that could not even be sent included, as a share of all (0 to 1).
    Failures,
    /// Failed iterations, as a share of all (0 to 1).
    IterationsFailed,
    /// The percentile of the response time, in seconds: 0 < p < 100.
    Percentile(f64),
    /// The mean response time, in seconds.
    Mean,
    /// The longest response time, in seconds.
    Max,
    /// Requests per second.
    Rps,
}

/// A comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Op {
    /// Below.
    #[serde(rename = "<")]
    Below,
    /// At most.
    #[serde(rename = "<=")]
    AtMost,
    /// Above.
    #[serde(rename = ">")]
    Above,
    /// At least.
    #[serde(rename = ">=")]
    AtLeast,
}

impl Threshold {
    /// Reads a threshold. `known` are the endpoints and steps it may name.
    pub fn parse(text: &str, known: &[Selection]) -> Result<Self, Problem> {
        parse::threshold(text, known)
    }

    /// Whether a figure (seconds, share or rate) meets it.
    pub fn holds(&self, figure: f64) -> bool {
        match self.op {
            Op::Below => figure < self.value,
            Op::AtMost => figure <= self.value,
            Op::Above => figure > self.value,
            Op::AtLeast => figure >= self.value,
        }
    }
}

/// As written in the file: `failures`, `p99.9`, `mean`.
impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failures => f.write_str("failures"),
            Self::IterationsFailed => f.write_str("iterations failed"),
            Self::Percentile(p) => write!(f, "p{p}"),
            Self::Mean => f.write_str("mean"),
            Self::Max => f.write_str("max"),
            Self::Rps => f.write_str("rps"),
        }
    }
}

impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Below => "<",
            Self::AtMost => "<=",
            Self::Above => ">",
            Self::AtLeast => ">=",
        })
    }
}
