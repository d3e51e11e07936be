//! The histogram that a worker records into.

use std::time::Duration;

use hdrhistogram::Histogram as Hdr;

use super::{Sparse, index_of};
use crate::measure::units::micros;

/// So many values of a second are kept as they are before they are counted in buckets: most seconds of most rows have
/// fewer, and a list of them takes less memory, and less time to pack, than tens of kilobytes of mostly empty buckets.
const FEW: usize = 1024;

/// Counts of durations, emptied each second.
#[derive(Clone, Debug, Default)]
pub struct Histogram {
    /// Values not in `many`, microseconds.
    few: Vec<u64>,
    /// Grows with its highest value: 32 KB for 100 ms, 64 KB for a minute.
    many: Option<Hdr<u32>>,
    /// Sum, minimum and maximum of `many`, exact.
    sum: u64,
    min: u64,
    max: u64,
}

impl Histogram {
    /// Counts a duration, rounded down to the microsecond.
    pub fn record(&mut self, value: Duration) {
        let value = micros(value);
        if self.many.is_none() && self.few.len() < FEW {
            self.few.push(value);
        } else {
            self.count(value);
        }
    }

    fn count(&mut self, value: u64) {
        let many = self.many.get_or_insert_with(three_digits);
        if many.is_empty() {
            (self.sum, self.min, self.max) = (0, u64::MAX, 0);
        }
        // It grows as needed; only where that fails the value goes into the highest bucket there is, and the exact
        // maximum still says so.
        if many.record(value).is_err() {
            many.saturating_record(value);
        }
        self.sum = self.sum.saturating_add(value);
        self.min = self.min.min(value);
        self.max = self.max.max(value);
    }

    /// Whether it counts nothing.
    pub fn is_empty(&self) -> bool {
        self.few.is_empty() && self.many.as_ref().is_none_or(Hdr::is_empty)
    }

    /// What was counted since the last time.
    pub fn take(&mut self) -> Sparse {
        let mut taken = Sparse::of_micros(&mut self.few);
        self.few.clear();
        if let Some(many) = self.many.as_mut().filter(|many| !many.is_empty()) {
            let buckets = many.iter_recorded().map(|step| {
                (
                    index_of(step.value_iterated_to()),
                    u64::from(step.count_at_value()),
                )
            });
            taken.merge(&Sparse::from_buckets(buckets, self.sum, self.min, self.max));
            many.reset();
        }
        if taken.count() <= FEW as u64 {
            self.many = None;
        }
        taken
    }
}

fn three_digits() -> Hdr<u32> {
    Hdr::new(3).expect("three significant digits are within the library's limits")
}
