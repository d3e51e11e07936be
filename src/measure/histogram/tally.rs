//! Many histograms added up, and what is read from them.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Sparse, highest_of, index_of, lowest_of};

/// A percentile. `at_least`: unfinished requests reach it, so that all that is known is that it is above the value; print it
/// as `> value`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Quantile {
    /// The value, or the bound below it.
    #[serde(with = "crate::measure::units::seconds")]
    #[schemars(with = "f64")]
    pub value: Duration,
    /// Whether it is a lower bound only.
    pub at_least: bool,
}

/// Counts of durations, for reading.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// By bucket; as long as its highest value needs.
    counts: Vec<u64>,
    count: u64,
    sum: u64,
    min: u64,
    max: u64,
}

impl Tally {
    /// Takes a stored histogram in.
    pub fn add(&mut self, part: &Sparse) {
        let (Some(min), Some(max)) = (part.min(), part.max()) else {
            return;
        };
        let (min, max) = (min.as_micros() as u64, max.as_micros() as u64);
        for (index, count) in part.buckets() {
            let index = index as usize;
            if index >= self.counts.len() {
                self.counts.resize(index + 1, 0);
            }
            self.counts[index] = self.counts[index].saturating_add(count);
        }
        self.min = if self.count == 0 { min } else { self.min.min(min) };
        self.max = self.max.max(max);
        self.count = self.count.saturating_add(part.count());
        self.sum = self.sum.saturating_add(part.sum());
    }

    /// Takes another's counts in.
    pub fn merge(&mut self, other: &Self) {
        if other.is_empty() {
            return;
        }
        if other.counts.len() > self.counts.len() {
            self.counts.resize(other.counts.len(), 0);
        }
        for (here, there) in self.counts.iter_mut().zip(&other.counts) {
            *here = here.saturating_add(*there);
        }
        self.min = if self.count == 0 {
            other.min
        } else {
            self.min.min(other.min)
        };
        self.max = self.max.max(other.max);
        self.count = self.count.saturating_add(other.count);
        self.sum = self.sum.saturating_add(other.sum);
    }

    /// Forgets everything but its memory.
    pub fn clear(&mut self) {
        self.counts.clear();
        (self.count, self.sum, self.min, self.max) = (0, 0, 0, 0);
    }

    /// How many durations.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Their sum, exact, microseconds.
    pub fn sum(&self) -> u64 {
        self.sum
    }

    /// Their mean, exact to the nanosecond.
    pub fn mean(&self) -> Option<Duration> {
        mean(self.sum, self.count)
    }

    /// The shortest.
    pub fn min(&self) -> Option<Duration> {
        (!self.is_empty()).then(|| Duration::from_micros(self.min))
    }

    /// The longest.
    pub fn max(&self) -> Option<Duration> {
        (!self.is_empty()).then(|| Duration::from_micros(self.max))
    }

    /// How many are at most so long, to the bucket.
    pub fn at_most(&self, value: Duration) -> u64 {
        let micros = u64::try_from(value.as_micros()).unwrap_or(u64::MAX);
        let upto = self.counts.iter().take(index_of(micros) as usize + 1);
        upto.fold(0, |sum, count| sum.saturating_add(*count))
    }

    /// The percentile by nearest rank: the smallest value that at least `percent` of all do not exceed.
    pub fn percentile(&self, percent: f64) -> Option<Duration> {
        self.percentile_with(&Self::default(), percent)
            .map(|quantile| quantile.value)
    }

    /// The percentile of these and of `unfinished`, of which only the ages are known (right-censored). It is computed with
    /// those at their ages and with them at infinity; where both fall into one bucket it is known, else it is above the
    /// former.
    pub fn percentile_with(&self, unfinished: &Self, percent: f64) -> Option<Quantile> {
        let total = self.count.saturating_add(unfinished.count);
        if total == 0 {
            return None;
        }
        let rank = rank(percent, total);
        let longest = self.max.max(unfinished.max);
        if rank == total {
            let value = Duration::from_micros(longest);
            return Some(Quantile {
                value,
                at_least: !unfinished.is_empty(),
            });
        }
        let at_age = self.bucket_at(unfinished, rank);
        let at_least =
            !unfinished.is_empty() && (rank > self.count || at_age != self.bucket_at(&Self::default(), rank));
        let value = if at_least {
            let shortest = [self, unfinished]
                .iter()
                .filter(|t| !t.is_empty())
                .map(|t| t.min)
                .min();
            lowest_of(at_age).max(shortest.unwrap_or(0))
        } else {
            highest_of(at_age).min(self.max)
        };
        Some(Quantile {
            value: Duration::from_micros(value),
            at_least,
        })
    }

    /// The bucket of the observation of a rank (from 1) among these and others.
    fn bucket_at(&self, others: &Self, rank: u64) -> u32 {
        let sides = [self, others];
        let filled = sides.iter().filter(|tally| !tally.is_empty());
        let first = filled
            .map(|tally| index_of(tally.min) as usize)
            .min()
            .unwrap_or(0);
        let [one, other] = sides.map(|tally| tally.counts.get(first..).unwrap_or_default());
        let (longer, shorter) = if one.len() >= other.len() {
            (one, other)
        } else {
            (other, one)
        };
        let mut seen = 0_u64;
        for (place, count) in longer.iter().enumerate() {
            seen = seen.saturating_add(*count);
            if let Some(more) = shorter.get(place) {
                seen = seen.saturating_add(*more);
            }
            if seen >= rank {
                return (first + place) as u32;
            }
        }
        (first + longer.len()).saturating_sub(1) as u32
    }
}

/// A sum in microseconds over a count.
pub(crate) fn mean(sum: u64, count: u64) -> Option<Duration> {
    let nanos = (u128::from(sum) * 1000).checked_div(u128::from(count))?;
    Some(Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX)))
}

/// The rank of a percentile, from 1. What the floating point adds (0.07 of 100 comes out as 7.000000000000001) must not
/// raise it.
fn rank(percent: f64, total: u64) -> u64 {
    let exact = percent / 100.0 * total as f64;
    ((exact * (1.0 - 1e-12)).ceil() as u64).clamp(1, total)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::{Quantile, Sparse, Tally, rank};

    fn tally(micros: &[u64]) -> Tally {
        let mut tally = Tally::default();
        tally.add(&Sparse::of(micros.iter().copied().map(Duration::from_micros)));
        tally
    }

    fn exactly(micros: u64) -> Quantile {
        Quantile {
            value: Duration::from_micros(micros),
            at_least: false,
        }
    }

    fn at_least(micros: u64) -> Quantile {
        Quantile {
            value: Duration::from_micros(micros),
            at_least: true,
        }
    }

    #[test]
    fn ranks_are_exact_where_floating_point_is_not() {
        assert_eq!(rank(7.0, 100), 7);
        assert_eq!(rank(99.9, 1000), 999);
        assert_eq!(rank(99.99, 10_000), 9999);
        assert_eq!(rank(55.0, 100), 55);
        assert_eq!(rank(50.0, 3), 2);
        assert_eq!(rank(0.001, 3), 1);
        assert_eq!(rank(100.0, 3), 3);
    }

    proptest! {
        // A bucket above 2048 µs is less than a thousandth of its lowest value wide, and its highest value is reported.
        #[test]
        fn percentiles_are_those_of_the_sorted_array_to_three_digits(
            mut values in prop::collection::vec(0_u64..200_000_000, 1..400),
            percent in prop::sample::select(vec![0.1, 50.0, 66.0, 90.0, 95.0, 99.0, 99.9, 99.99, 100.0]),
        ) {
            let read = tally(&values).percentile(percent).map_or(0, |d| d.as_micros() as u64);
            values.sort_unstable();
            let position = ((percent / 100.0 * values.len() as f64 - 1e-9).ceil() as usize).max(1) - 1;
            let truth = values[position];
            prop_assert!(truth <= read && read <= truth + truth / 1000, "{read} for {truth}");
            let sum: u64 = values.iter().sum();
            prop_assert_eq!(tally(&values).mean(), Some(Duration::from_nanos((u128::from(sum) * 1000 / values.len() as u128) as u64)));
        }

        // Whatever the unfinished requests come to in the end, an exact percentile is right and a bound is below the truth.
        #[test]
        fn what_censored_percentiles_say_holds_however_the_unfinished_end(
            done in prop::collection::vec(0_u64..2000, 0..60),
            open in prop::collection::vec((0_u64..2000, 0_u64..3000), 0..10),
            percent in 1.0..100.0_f64,
        ) {
            let ages: Vec<u64> = open.iter().map(|(age, _)| *age).collect();
            let truth: Vec<u64> = done.iter().copied().chain(open.iter().map(|(age, more)| age + more)).collect();
            let said = tally(&done).percentile_with(&tally(&ages), percent);
            let truth = tally(&truth).percentile(percent);
            prop_assert_eq!(said.is_none(), truth.is_none());
            if let (Some(said), Some(truth)) = (said, truth) {
                // Above 2047 µs buckets are wider than one value.
                prop_assert!(said.value <= truth + truth / 1000);
                if !said.at_least {
                    prop_assert_eq!(said.value, truth);
                }
            }
        }
    }

    #[test]
    fn a_percentile_that_unfinished_requests_reach_is_a_bound() {
        // Ninety responses of 1 ms, ten requests unfinished at the age of 2 ms.
        let (done, open) = (tally(&[1000; 90]), tally(&[2000; 10]));
        assert_eq!(done.percentile_with(&open, 50.0), Some(exactly(1000)));
        assert_eq!(done.percentile_with(&open, 90.0), Some(exactly(1000)));
        assert_eq!(done.percentile_with(&open, 91.0), Some(at_least(2000)));
        assert_eq!(done.percentile_with(&open, 100.0), Some(at_least(2000)));
        // Young ones tell nothing: at worst they are slow, at best not the slowest.
        let young = tally(&[10; 10]);
        assert_eq!(done.percentile_with(&young, 95.0), Some(at_least(1000)));
        assert_eq!(tally(&[]).percentile_with(&young, 50.0), Some(at_least(10)));
    }

    #[test]
    fn nothing_has_no_percentile() {
        assert_eq!(Tally::default().percentile(50.0), None);
        assert_eq!(Tally::default().mean(), None);
    }
}
