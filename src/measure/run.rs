//! What is known of a run beside its intervals: what it was, where it ran, how it ended.

use std::sync::Arc;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::health::Warning;
use crate::plan::course::Turn;
use crate::plan::outline::Outline;

/// Version of the files in a run's folder. Raised when an older reader would misread them.
pub const FORMAT: u32 = 1;

/// What is known before the first request; `plan.json` in the run's folder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RunInfo {
    /// Version of the files: [`FORMAT`].
    pub format: u32,
    /// Version of the program.
    pub version: String,
    /// Start of the load on the wall clock, microseconds since 1970. The only wall-clock time of a run.
    pub started_unix_micros: u64,
    /// Where it ran.
    pub host: Host,
    /// What was planned.
    pub outline: Arc<Outline>,
}

impl RunInfo {
    /// The run takes another course.
    pub fn turn(&mut self, turn: &Turn) {
        Arc::make_mut(&mut self.outline).turn(turn);
    }
}

/// The machine of the generator, and what it allows.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Host {
    /// Operating system and architecture: `linux x86_64`.
    pub system: String,
    /// Cores this process may use.
    pub cores: u32,
    /// Threads that send.
    pub workers: u16,
    /// Open files allowed (soft limit), if known.
    pub open_files_limit: Option<u64>,
    /// Local ports for outgoing connections, if known.
    pub local_ports: Option<u64>,
}

/// How and when a run ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct End {
    /// How.
    pub how: Ending,
    /// When the load ended: the end of the last stage, or the moment from which no iteration was begun where the run was
    /// ended before. What is completed later belongs to the graceful stop. Microseconds in files.
    #[serde(with = "crate::plan::words::micros")]
    #[schemars(with = "u64")]
    pub load_until: Duration,
    /// When the last worker stopped, graceful stop included, since the start of the load. Microseconds in files.
    #[serde(with = "crate::plan::words::micros")]
    #[schemars(with = "u64")]
    pub at: Duration,
    /// What went wrong beside the load, in the order in which it was first noticed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<Warning>,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// All stages were held to their end.
    Completed,
    /// By the user.
    Interrupted,
    /// A threshold with `abort` was broken for as long as it says.
    Aborted {
        /// Index into [`Outline::thresholds`].
        threshold: usize,
        /// The figure that broke it: seconds, share or requests per second, as the metric says.
        figure: f64,
    },
    /// `stop_after` was reached.
    StopAfter,
    /// A data source with `on_end: stop` had no value left.
    DataEnded {
        /// The source's name.
        name: String,
    },
    /// The journal has no end: the process was killed, or the machine.
    Killed,
}

impl Ending {
    /// Whether the run did what was planned (an early end that the plan asked for included).
    pub fn as_planned(&self) -> bool {
        matches!(self, Self::Completed | Self::StopAfter | Self::DataEnded { .. })
    }
}

/// What became of the journal on its way to the disk. All zero when every second is on disk as it was measured.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Storage {
    /// Seconds that were merged into a coarser interval because the disk was slow.
    pub coarsened_seconds: u64,
    /// Seconds of which nothing could be written.
    pub lost_seconds: u64,
    /// Seconds that are missing from the histogram log only.
    pub histogram_log_lost_seconds: u64,
    /// Examples of failures that could not be written.
    pub lost_examples: u64,
    /// The first error of the disk, in words.
    pub error: Option<String>,
}

impl Storage {
    /// Whether all is on disk as it was measured, be it after an error.
    pub fn is_whole(&self) -> bool {
        let lost = Self {
            error: None,
            ..self.clone()
        };
        lost == Self::default()
    }
}
