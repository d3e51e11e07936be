//! Whether the generator itself was the limit, and which figures it then spoils.

use std::fmt;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::run::{Host, Storage};
use super::summary::Times;
use crate::plan::words;

/// What the engine saw of itself in an interval. Merging adds the times and keeps the highest of the rest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Generator {
    /// Processor time that the workers used, user and system, microseconds.
    pub cpu: u64,
    /// The time in which they used it, microseconds: of each worker its share, so that those of all come to the interval.
    pub wall: u64,
    /// Most files open.
    pub open_files: Option<u64>,
    /// Most local ports in use.
    pub local_ports: Option<u64>,
}

impl Generator {
    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Takes another in.
    pub fn merge(&mut self, other: &Self) {
        self.cpu = self.cpu.saturating_add(other.cpu);
        self.wall = self.wall.saturating_add(other.wall);
        self.open_files = self.open_files.max(other.open_files);
        self.local_ports = self.local_ports.max(other.local_ports);
    }

    /// Cores used, mean over the time; `None` where nothing was sampled.
    pub fn cores(&self) -> Option<f64> {
        (self.wall > 0).then(|| self.cpu as f64 / self.wall as f64)
    }
}

/// The state of the generator over a run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Health {
    /// How long after they were due users, arrivals and ends of think times began, as the generator woke late or was busy.
    pub lateness: Option<Times>,
    /// Cores used by the workers, mean over the run.
    pub cores_mean: Option<f64>,
    /// Cores used in the busiest second.
    pub cores_max: Option<f64>,
    /// Seconds in which the workers used more than [`Limits::CPU_SHARE`] of what they can.
    pub busy_seconds: u64,
    /// Seconds in which it was looked at.
    pub sampled_seconds: u64,
    /// Most files open.
    pub open_files: Option<u64>,
    /// Most local ports in use.
    pub local_ports: Option<u64>,
    /// What was wrong, the worst first. Empty: nothing.
    pub warnings: Vec<Warning>,
}

/// Limits beyond which the generator is no longer trusted.
#[derive(Clone, Copy, Debug)]
pub struct Limits;

impl Limits {
    /// The 99th percentile of lateness: as much shows in fast responses.
    pub const LATENESS_P99: Duration = Duration::from_millis(10);
    /// Of fewer starts the median is judged by the same limit: their 99th percentile is the one worst of them.
    pub const LATENESS_COUNT: u64 = 200;
    /// Share of the cores that the workers can use at most (the fewer of workers and cores).
    pub const CPU_SHARE: f64 = 0.8;
    /// Share of the sampled seconds that may be above it.
    pub const BUSY_SECONDS: f64 = 0.05;
    /// Share of the open files allowed.
    pub const OPEN_FILES: f64 = 0.9;
    /// Share of the local ports.
    pub const LOCAL_PORTS: f64 = 0.8;
}

/// What the failure type of a request that could not be filled in begins with.
pub const NEVER_SENT: &str = "never sent: ";

/// The words with which the transports begin a failure that is the generator's own.
pub const COULD_NOT_SEND: &str = "the load generator could not send";

/// The failure type under which those beyond the bound of different types are counted.
pub const OTHER_FAILURES: &str = "other failures (too many different types)";

/// A figure that a limit of the generator can spoil.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Spoiled {
    /// Response times and percentiles: too long by the generator's own delay.
    ResponseTimes,
    /// Requests per second and the ceiling: limited by the generator, not the API.
    Rate,
    /// The load that the scenario asked for did not reach the API.
    Load,
    /// Failures: some are the generator's.
    Failures,
    /// The list of failure types.
    FailureTypes,
    /// What is on disk: a report written again from it differs.
    Journal,
}

/// Something wrong with the generator. `Display` says it in a sentence.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Warning {
    /// Requests that it could not send at all.
    CouldNotSend {
        /// How many.
        count: u64,
    },
    /// The workers used nearly all the processor time they can.
    Cpu {
        /// Seconds over the limit.
        seconds: u64,
        /// Cores used in the busiest.
        cores: f64,
        /// Cores that it can use.
        of: u32,
    },
    /// What was due began late.
    LateWakeUps {
        /// 99 % began earlier than this.
        #[serde(with = "super::units::seconds")]
        #[schemars(with = "f64")]
        p99: Duration,
        /// The latest.
        #[serde(with = "super::units::seconds")]
        #[schemars(with = "f64")]
        max: Duration,
    },
    /// Arrivals were dropped as all users were busy.
    DroppedArrivals {
        /// How many.
        count: u64,
    },
    /// Requests that were never made, as a template could not be filled in: the scenario's mistake, or its data's.
    NeverSent {
        /// How many.
        count: u64,
    },
    /// Close to the limit of open files.
    OpenFiles {
        /// Most open at once.
        peak: u64,
        /// Allowed.
        limit: u64,
    },
    /// Close to the limit of local ports.
    LocalPorts {
        /// Most in use at once.
        peak: u64,
        /// There are.
        limit: u64,
    },
    /// More different failure types than are kept apart.
    TooManyFailureTypes {
        /// Failures counted together.
        count: u64,
    },
    /// Not every second reached the disk as it was measured.
    Storage(Storage),
    /// The `OAuth2` token could not be refreshed.
    Token {
        /// Why.
        reason: String,
        /// Attempts that failed so.
        count: u64,
    },
}

impl Warning {
    /// The figures that are not to be trusted.
    pub fn spoils(&self) -> &'static [Spoiled] {
        match self {
            Self::Token { .. } => &[Spoiled::Failures],
            Self::CouldNotSend { .. } => &[Spoiled::Failures, Spoiled::Load, Spoiled::Rate],
            Self::Cpu { .. } => &[Spoiled::ResponseTimes, Spoiled::Rate],
            Self::LateWakeUps { .. } => &[Spoiled::ResponseTimes, Spoiled::Load],
            Self::DroppedArrivals { .. } | Self::NeverSent { .. } => &[Spoiled::Load],
            Self::OpenFiles { .. } | Self::LocalPorts { .. } => &[Spoiled::Failures, Spoiled::Load],
            Self::TooManyFailureTypes { .. } => &[Spoiled::FailureTypes],
            Self::Storage(_) => &[Spoiled::Journal],
        }
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CouldNotSend { count } => {
                write!(
                    f,
                    "{} could not be sent by the generator itself",
                    counted(*count, "request")
                )
            }
            Self::Cpu { seconds, cores, of } => write!(
                f,
                "the generator used up to {cores:.1} of the {of} {} it can use ({seconds} s near its limit): it may be \
                 what limits the rate, not the API",
                if *of == 1 { "core" } else { "cores" }
            ),
            Self::LateWakeUps { p99, max } => write!(
                f,
                "the generator was behind its schedule (1% of the time by {} or more, at worst {}): requests were \
                 sent, and responses noticed, too late",
                words::duration(*p99),
                words::duration(*max)
            ),
            Self::DroppedArrivals { count } => write!(
                f,
                "{} dropped because all users were busy: the API saw less load than planned",
                were(*count, "arrival")
            ),
            Self::NeverSent { count } => write!(
                f,
                "{} never sent, because a template could not be filled in, and the iteration failed",
                were(*count, "request")
            ),
            Self::OpenFiles { peak, limit } => {
                write!(
                    f,
                    "{peak} of {limit} allowed files were open (raise it with `ulimit -n`)"
                )
            }
            Self::LocalPorts { peak, limit } => {
                write!(
                    f,
                    "{peak} of {limit} local ports were in use (keep connections open, or add addresses with \
                     `target.source_addresses`)"
                )
            }
            Self::TooManyFailureTypes { count } => write!(
                f,
                "there were too many different failure types to keep apart: {count} failures are counted together"
            ),
            Self::Storage(storage) => write_storage(f, storage),
            Self::Token { reason, count } => {
                f.write_str("the OAuth2 token could not be refreshed")?;
                if *count > 1 {
                    write!(f, " ({count} attempts)")?;
                }
                write!(f, ", and requests went on with the old one: {reason}")
            }
        }
    }
}

/// `1 request`, `2 requests`.
fn counted(count: u64, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// `1 request was`, `2 requests were`.
fn were(count: u64, noun: &str) -> String {
    format!(
        "{} {}",
        counted(count, noun),
        if count == 1 { "was" } else { "were" }
    )
}

fn write_storage(f: &mut fmt::Formatter<'_>, storage: &Storage) -> fmt::Result {
    f.write_str("the disk could not keep up with the journal:")?;
    let mut parts = Vec::new();
    if storage.coarsened_seconds > 0 {
        parts.push(format!(
            "{} s were merged into coarser intervals",
            storage.coarsened_seconds
        ));
    }
    if storage.lost_seconds > 0 {
        parts.push(format!("{} s were lost", storage.lost_seconds));
    }
    if storage.histogram_log_lost_seconds > 0 {
        parts.push(format!(
            "{} s are missing from the histogram log",
            storage.histogram_log_lost_seconds
        ));
    }
    if storage.lost_examples > 0 {
        parts.push(format!(
            "{} examples of failures were lost",
            storage.lost_examples
        ));
    }
    if let Some(error) = &storage.error {
        parts.push(error.clone());
    }
    write!(f, " {}", parts.join(", "))
}

/// What the warnings are drawn from, beside [`Health`]'s own figures.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counts {
    /// Failures that are the generator's own.
    pub could_not_send: u64,
    /// Failures counted together.
    pub other_failures: u64,
    /// Arrivals dropped.
    pub dropped_arrivals: u64,
    /// Requests that could not be filled in.
    pub never_sent: u64,
}

impl Health {
    /// Fills in the warnings: every limit that was broken, the worst first.
    #[must_use]
    pub fn judged(mut self, host: &Host, counts: Counts, storage: &Storage) -> Self {
        let mut warnings = Vec::new();
        if counts.never_sent > 0 {
            warnings.push(Warning::NeverSent {
                count: counts.never_sent,
            });
        }
        if counts.could_not_send > 0 {
            warnings.push(Warning::CouldNotSend {
                count: counts.could_not_send,
            });
        }
        if self.busy_seconds as f64 > Limits::BUSY_SECONDS * self.sampled_seconds as f64 {
            warnings.push(Warning::Cpu {
                seconds: self.busy_seconds,
                cores: self.cores_max.unwrap_or(0.0),
                of: usable_cores(host),
            });
        }
        if let Some(late) = &self.lateness
            && typical_worst(late) > Limits::LATENESS_P99
        {
            let (p99, max) = (late.percentiles.p99.value, late.percentiles.max.value);
            warnings.push(Warning::LateWakeUps { p99, max });
        }
        if counts.dropped_arrivals > 0 {
            warnings.push(Warning::DroppedArrivals {
                count: counts.dropped_arrivals,
            });
        }
        if let (Some(peak), Some(limit)) = (self.open_files, host.open_files_limit)
            && peak as f64 > Limits::OPEN_FILES * limit as f64
        {
            warnings.push(Warning::OpenFiles { peak, limit });
        }
        if let (Some(peak), Some(limit)) = (self.local_ports, host.local_ports)
            && peak as f64 > Limits::LOCAL_PORTS * limit as f64
        {
            warnings.push(Warning::LocalPorts { peak, limit });
        }
        if counts.other_failures > 0 {
            warnings.push(Warning::TooManyFailureTypes {
                count: counts.other_failures,
            });
        }
        if !storage.is_whole() {
            warnings.push(Warning::Storage(storage.clone()));
        }
        self.warnings = warnings;
        self
    }
}

/// The percentile of lateness that is judged.
fn typical_worst(late: &Times) -> Duration {
    let percentiles = &late.percentiles;
    if late.count < Limits::LATENESS_COUNT {
        percentiles.p50.value
    } else {
        percentiles.p99.value
    }
}

/// How many cores the workers can keep busy.
pub fn usable_cores(host: &Host) -> u32 {
    host.cores.min(u32::from(host.workers)).max(1)
}
