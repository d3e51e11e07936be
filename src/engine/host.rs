//! What this machine gives the load generator: processor time, open files, memory.

use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use rustix::time::{ClockId, clock_gettime};

use crate::measure::health::HealthSample;

/// Counting open files walks a directory: done only so often.
const COUNT_FILES_EVERY: u64 = 5;

/// Raises the limit of open files to what the system lets this process have. Each connection is one.
pub(super) fn raise_file_limit() {
    let limit = getrlimit(Resource::Nofile);
    if limit.current != limit.maximum {
        // When this is refused the limit stays, and health reports how near it is.
        let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
    }
}

/// Processor time that a clock of the system has counted.
fn processor(clock: ClockId) -> Duration {
    let time = clock_gettime(clock);
    Duration::new(u64::try_from(time.tv_sec).unwrap_or(0), u32::try_from(time.tv_nsec).unwrap_or(0))
}

/// Processor time of the calling thread.
pub(super) fn thread_time() -> Duration {
    processor(ClockId::ThreadCPUTime)
}

/// Reads the process's use of the machine, once a second.
pub(super) struct Sampler {
    samples: u64,
    open_files: Option<u64>,
}

impl Sampler {
    pub(super) fn new() -> Self {
        Self { samples: 0, open_files: None }
    }

    pub(super) fn sample(&mut self, at: Duration) -> HealthSample {
        if self.samples.is_multiple_of(COUNT_FILES_EVERY) {
            self.open_files = open_files();
        }
        self.samples += 1;
        HealthSample {
            at,
            cpu_time: processor(ClockId::ProcessCPUTime),
            open_files: self.open_files,
            local_ports: None,
        }
    }
}

fn open_files() -> Option<u64> {
    let listing = std::fs::read_dir("/proc/self/fd").or_else(|_| std::fs::read_dir("/dev/fd")).ok()?;
    Some(listing.count() as u64)
}

/// Resident memory, where the system tells (Linux): the second number of `statm`, in pages.
fn resident_bytes() -> Option<u64> {
    let statm = std::fs::read_to_string("/proc/self/statm").ok()?;
    let pages: u64 = statm.split_whitespace().nth(1)?.parse().ok()?;
    Some(pages * rustix::param::page_size() as u64)
}
