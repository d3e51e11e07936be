//! The histogram that a worker records into.

use std::time::Duration;

use hdrhistogram::Histogram as Hdr;

use super::{Sparse, index_of};
use crate::measure::units::micros;

/// Counts of durations, emptied each second.
#[derive(Clone, Debug)]
pub struct Histogram {
    /// Grows with its highest value: 32 KB for 100 ms, 64 KB for a minute.
    counts: Hdr<u32>,
    /// Exact, microseconds.
    sum: u64,
    min: u64,
    max: u64,
}

impl Default for Histogram {
    fn default() -> Self {
        Self {
            counts: three_digits(),
            sum: 0,
            min: u64::MAX,
            max: 0,
        }
    }
}

fn three_digits() -> Hdr<u32> {
    Hdr::new(3).expect("three significant digits are within the library's limits")
}

impl Histogram {
    /// Counts a duration, rounded down to the microsecond.
    pub fn record(&mut self, value: Duration) {
        let value = micros(value);
        // It grows as needed; only where that fails the value goes into the highest bucket there is, and the exact
        // maximum still says so.
        if self.counts.record(value).is_err() {
            self.counts.saturating_record(value);
        }
        self.sum = self.sum.saturating_add(value);
        self.min = self.min.min(value);
        self.max = self.max.max(value);
    }

    /// Whether it counts nothing.
    pub fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }

    /// What was counted since the last time.
    pub fn take(&mut self) -> Sparse {
        if self.is_empty() {
            return Sparse::default();
        }
        let buckets = self.counts.iter_recorded().map(|step| {
            (
                index_of(step.value_iterated_to()),
                u64::from(step.count_at_value()),
            )
        });
        let taken = Sparse::from_buckets(buckets, self.sum, self.min, self.max);
        self.counts.reset();
        (self.sum, self.min, self.max) = (0, u64::MAX, 0);
        taken
    }
}
