//! A run on disk: what is measured is written while it is measured, so that a killed run can be reported.
//!
//! In the run's folder:
//!
//! - `plan.json`: [`RunInfo`], written before the first request;
//! - `run.jsonl`: a line with the format's version, then a line for each second as soon as it is complete ([`Interval`],
//!   with the ages of the requests in flight), then a line that says how the run ended. Without that line the run was killed;
//! - `run.hlog`: the response times of each second and row as an `HdrHistogram` interval log (tag: the row; microseconds; V2,
//!   compressed), for existing tools. It is written, never read;
//! - `failures/<number>-<words>.txt`: the first few responses of each failure type.
//!
//! `plan.json` and each line of `run.jsonl` begin with a checksum, that of a line over the line before too: a report of a journal
//! that was changed, or that lost a line other than its last, is refused.
//!
//! The disk never slows the load: [`Journal`] only puts into a bounded queue, a thread of its own writes. While the disk is too
//! slow or full, what waits is merged into coarser intervals and tried again; what was coarsened or lost is in [`Storage`].

mod append;
mod error;
mod example;
mod glance;
mod hlog;
mod queue;
mod read;
mod seal;
mod write;

#[cfg(test)]
mod tests;

use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use error::JournalError;
pub use glance::{Glance, glance};
pub use read::read;

use append::AppendFile;
use hlog::Tags;
use queue::Queue;
use seal::Chain;
use write::Writer;

use super::interval::Interval;
use super::run::{End, RunInfo, Storage};
use super::sample::Example;

/// What was planned.
pub const PLAN: &str = "plan.json";
/// The seconds of the run.
pub const RUN: &str = "run.jsonl";
/// Response times for existing tools.
pub const HISTOGRAMS: &str = "run.hlog";
/// Examples of failures.
pub const FAILURES: &str = "failures";

/// Version of `run.jsonl`: since 2 each line has a checksum.
const FORMAT: u32 = 2;

/// How long the end of a run waits for the disk.
const LAST_WAIT: Duration = Duration::from_secs(10);

/// A line of `run.jsonl`.
#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Line {
    /// The first.
    Header {
        /// [`FORMAT`].
        format: u32,
    },
    /// A second, or several.
    Interval(Box<Interval>),
    /// The last.
    End {
        /// How the run ended.
        end: End,
        /// What did not reach the disk.
        storage: Storage,
    },
}

/// The journal of a run under way.
#[derive(Debug)]
pub struct Journal {
    /// The other end is held by the writing thread.
    queue: Arc<Queue>,
}

impl Journal {
    /// Makes the folder (which must not hold a run) and writes what is known before the run.
    pub fn create(folder: &Path, info: &RunInfo) -> Result<Self, JournalError> {
        let at = |name: &str| folder.join(name);
        fs::create_dir_all(folder).map_err(|error| JournalError::io(folder, error))?;
        let plan = planned(folder, info)?;
        let mut file = AppendFile::create(&at(PLAN))?;
        file.append_all(&plan)
            .map_err(|error| JournalError::io(&at(PLAN), error))?;
        let lines = AppendFile::create(&at(RUN))?;
        let histograms = AppendFile::create(&at(HISTOGRAMS))?;
        let tags = Tags::new(&info.outline);
        let writer = Writer::begin(lines, histograms, tags, info, folder.join(FAILURES))
            .map_err(|error| JournalError::io(&at(RUN), error))?;
        let queue = Arc::new(Queue::default());
        let writing = queue.clone();
        // Detached: a disk that hangs for ever must not keep the program from ending.
        std::thread::Builder::new()
            .name("journal".to_owned())
            .spawn(move || writer.run(&writing))
            .map_err(|error| JournalError::io(folder, error))?;
        Ok(Self { queue })
    }

    /// A second is complete. Never waits for the disk.
    pub fn interval(&self, interval: Arc<Interval>) {
        self.queue.push(interval);
    }

    /// A failure to be looked at later. Never waits for the disk.
    pub fn example(&self, example: Example) {
        self.queue.push_example(example);
    }

    /// Ends the journal, and waits until the disk has it (at most 10 s). Gives what became of it.
    pub fn finish(self, end: &End) -> Storage {
        self.queue.finish(end.clone(), LAST_WAIT)
    }
}

/// Writes again what is planned: a search has begun a further level. A reader never sees half of it.
pub fn replan(folder: &Path, info: &RunInfo) -> Result<(), JournalError> {
    let (path, beside) = (folder.join(PLAN), folder.join(format!("{PLAN}.part")));
    let plan = planned(folder, info)?;
    let written = fs::write(&beside, plan).and_then(|()| fs::rename(&beside, &path));
    written.map_err(|error| JournalError::io(&path, error))
}

fn planned(folder: &Path, info: &RunInfo) -> Result<Vec<u8>, JournalError> {
    let plan = serde_json::to_vec_pretty(info)
        .map_err(|error| JournalError::io(&folder.join(PLAN), io::Error::other(error)))?;
    let (mut plan, _) = Chain::alone().seal(&plan);
    plan.push(b'\n');
    Ok(plan)
}

impl Drop for Journal {
    fn drop(&mut self) {
        self.queue.abandon();
    }
}
