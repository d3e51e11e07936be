//! Histograms of durations: microseconds to three significant digits, in the layout of `HdrHistogram`.
//!
//! Three forms of the same counts: [`Histogram`] is recorded into, [`Sparse`] is stored and sent (a few bytes for each
//! bucket that holds something), [`Tally`] is what many of them are added up in and read from.
//!
//! Layout: values below 2048 µs have a bucket each; above, a bucket of index `i` is `2^b` wide with `b = i / 1024 - 1`,
//! so that its width is less than a thousandth of its lowest value. Sums, counts, minimum and maximum are exact.

mod recording;
mod sparse;
mod tally;

pub use recording::Histogram;
pub use sparse::Sparse;
pub(crate) use tally::mean;
pub use tally::{Quantile, Tally};

/// Buckets of one power of two.
const HALF: u64 = 1024;

/// One more than the highest index: that of `u64::MAX`.
const INDICES: u32 = 56_320;

/// The bucket of a value.
fn index_of(value: u64) -> u32 {
    if value < 2 * HALF {
        return value as u32;
    }
    let shift = u64::from(value.ilog2()) - 10;
    (shift * HALF + (value >> shift)) as u32
}

/// The lowest value of a bucket.
fn lowest_of(index: u32) -> u64 {
    let index = u64::from(index);
    if index < 2 * HALF {
        return index;
    }
    let shift = index / HALF - 1;
    (index - shift * HALF) << shift
}

/// The highest value of a bucket.
fn highest_of(index: u32) -> u64 {
    let shift = (u64::from(index) / HALF).saturating_sub(1);
    lowest_of(index) + ((1 << shift) - 1)
}

#[cfg(test)]
mod tests {
    use super::{INDICES, highest_of, index_of, lowest_of};

    #[test]
    fn buckets_are_those_of_hdr_histogram() {
        let reference = hdrhistogram::Histogram::<u64>::new(3).expect("three digits");
        for power in 0..64 {
            for offset in [0, 1, 2, 3] {
                let value = (1_u64 << power).saturating_add((1_u64 << power) / 7 * offset);
                let index = index_of(value);
                assert!(index < INDICES);
                assert_eq!(lowest_of(index), reference.lowest_equivalent(value), "{value}");
                assert_eq!(highest_of(index), reference.highest_equivalent(value), "{value}");
            }
        }
        assert_eq!(index_of(u64::MAX), INDICES - 1);
        assert_eq!(highest_of(INDICES - 1), u64::MAX);
    }

    #[test]
    fn buckets_meet_without_gap_and_are_a_thousandth_wide() {
        for index in 1..INDICES {
            assert_eq!(lowest_of(index), highest_of(index - 1) + 1);
            assert!((highest_of(index) - lowest_of(index)) * 1000 <= lowest_of(index));
        }
    }
}
