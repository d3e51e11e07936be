//! The stored form of a histogram.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{INDICES, highest_of, index_of};
use crate::measure::units::micros;

/// Counts of durations, packed: for each bucket that holds something, the distance to the one before and its count, both
/// as LEB128. In JSON `[count, sum, min, max, "buckets in Base64"]`, times in microseconds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sparse {
    count: u64,
    sum: u64,
    min: u64,
    max: u64,
    /// May be shared with others that hold the same.
    packed: Arc<[u8]>,
}

impl Sparse {
    /// From buckets in ascending order and the exact sum, minimum and maximum.
    pub(super) fn from_buckets(
        buckets: impl Iterator<Item = (u32, u64)>,
        sum: u64,
        min: u64,
        max: u64,
    ) -> Self {
        let mut packed = Vec::new();
        let (mut before, mut count) = (0, 0_u64);
        for (index, here) in buckets {
            write(&mut packed, u64::from(index - before));
            write(&mut packed, here);
            before = index;
            count = count.saturating_add(here);
        }
        Self {
            count,
            sum,
            min,
            max,
            packed: packed.into(),
        }
    }

    /// From durations in any order.
    pub fn of(values: impl IntoIterator<Item = Duration>) -> Self {
        Self::of_micros(&mut values.into_iter().map(micros).collect::<Vec<_>>())
    }

    /// So many durations of zero.
    pub(in crate::measure) fn zeros(count: u64) -> Self {
        Self::from_buckets((count > 0).then_some((0, count)).into_iter(), 0, 0, 0)
    }

    /// From microseconds in any order; they are sorted in place.
    pub(super) fn of_micros(values: &mut [u64]) -> Self {
        values.sort_unstable();
        let (Some(&min), Some(&max)) = (values.first(), values.last()) else {
            return Self::default();
        };
        let sum = values.iter().fold(0_u64, |sum, value| sum.saturating_add(*value));
        let buckets = values
            .chunk_by(|a, b| index_of(*a) == index_of(*b))
            .map(|same| (index_of(same[0]), same.len() as u64));
        Self::from_buckets(buckets, sum, min, max)
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

    /// The shortest, exact.
    pub fn min(&self) -> Option<Duration> {
        (!self.is_empty()).then(|| Duration::from_micros(self.min))
    }

    /// The longest, exact.
    pub fn max(&self) -> Option<Duration> {
        (!self.is_empty()).then(|| Duration::from_micros(self.max))
    }

    /// Buckets in ascending order: index and count.
    pub(super) fn buckets(&self) -> impl Iterator<Item = (u32, u64)> + '_ {
        let (mut rest, mut index) = (&self.packed[..], 0_u32);
        std::iter::from_fn(move || {
            let step = read(&mut rest)?;
            index = index.checked_add(u32::try_from(step).ok()?)?;
            Some((index, read(&mut rest)?))
        })
    }

    /// The highest value of each bucket, microseconds, and its count; for formats of other tools.
    pub fn values(&self) -> impl Iterator<Item = (u64, u64)> + '_ {
        self.buckets()
            .map(|(index, count)| (highest_of(index).min(self.max), count))
    }

    /// Takes another's counts in.
    pub fn merge(&mut self, other: &Self) {
        if other.is_empty() {
            return;
        }
        if self.is_empty() {
            self.clone_from(other);
            return;
        }
        let mut merged = Vec::new();
        let (mut mine, mut theirs) = (self.buckets().peekable(), other.buckets().peekable());
        while let Some(index) = [mine.peek(), theirs.peek()]
            .into_iter()
            .flatten()
            .map(|bucket| bucket.0)
            .min()
        {
            let mut count = 0_u64;
            for side in [&mut mine, &mut theirs] {
                if let Some((_, here)) = side.next_if(|bucket| bucket.0 == index) {
                    count = count.saturating_add(here);
                }
            }
            merged.push((index, count));
        }
        drop((mine, theirs));
        *self = Self::from_buckets(
            merged.into_iter(),
            self.sum.saturating_add(other.sum),
            self.min.min(other.min),
            self.max.max(other.max),
        );
    }

    /// Where another holds the same buckets, both keep them but once from now on; whether they do.
    pub(in crate::measure) fn share(&mut self, other: &Self) -> bool {
        let same = self.packed == other.packed;
        if same {
            self.packed = Arc::clone(&other.packed);
        }
        same
    }

    /// How many keep the same buckets.
    #[cfg(test)]
    pub(in crate::measure) fn sharers(&self) -> usize {
        Arc::strong_count(&self.packed)
    }

    /// Reads packed buckets; what is wrong with them, if anything.
    fn checked(count: u64, sum: u64, min: u64, max: u64, packed: Vec<u8>) -> Result<Self, &'static str> {
        let (mut rest, mut index, mut total, mut first) = (&packed[..], 0_u64, 0_u64, None);
        while !rest.is_empty() {
            let (Some(step), Some(here)) = (read(&mut rest), read(&mut rest)) else {
                return Err("histogram is cut short");
            };
            if here == 0 || (first.is_some() && step == 0) {
                return Err("histogram has an empty or a double bucket");
            }
            index = index.saturating_add(step);
            if index >= u64::from(INDICES) {
                return Err("histogram has a bucket beyond the last");
            }
            first.get_or_insert(index as u32);
            total = total.checked_add(here).ok_or("histogram counts too much")?;
        }
        if total != count {
            return Err("histogram's buckets do not add up to its count");
        }
        if count > 0 && (first != Some(index_of(min)) || index as u32 != index_of(max)) {
            return Err("histogram's buckets do not fit its minimum and maximum");
        }
        if count > 0 && !plausible(sum, count, min, max) {
            return Err("histogram's sum does not fit its count");
        }
        Ok(Self {
            count,
            sum,
            min,
            max,
            packed: packed.into(),
        })
    }
}

fn plausible(sum: u64, count: u64, min: u64, max: u64) -> bool {
    let (sum, count) = (u128::from(sum), u128::from(count));
    sum == u128::from(u64::MAX) || (count * u128::from(min) <= sum && sum <= count * u128::from(max))
}

fn write(into: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        into.push(value as u8 | 0x80);
        value >>= 7;
    }
    into.push(value as u8);
}

fn read(from: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = from.split_first()?;
        *from = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

impl Serialize for Sparse {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let packed = STANDARD_NO_PAD.encode(&self.packed);
        (self.count, self.sum, self.min, self.max, packed).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Sparse {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (count, sum, min, max, packed) = <(u64, u64, u64, u64, String)>::deserialize(deserializer)?;
        let packed = STANDARD_NO_PAD.decode(packed).map_err(D::Error::custom)?;
        Self::checked(count, sum, min, max, packed).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::super::Histogram;
    use super::Sparse;

    fn of(micros: &[u64]) -> Sparse {
        Sparse::of(micros.iter().copied().map(Duration::from_micros))
    }

    proptest! {
        #[test]
        fn merging_is_the_same_as_recording_together(a: Vec<u32>, b: Vec<u32>) {
            let wide = |values: &[u32]| values.iter().map(|v| u64::from(*v)).collect::<Vec<_>>();
            let mut merged = of(&wide(&a));
            merged.merge(&of(&wide(&b)));
            prop_assert_eq!(&merged, &of(&wide(&[a.clone(), b.clone()].concat())));
            let mut other_way = of(&wide(&b));
            other_way.merge(&of(&wide(&a)));
            prop_assert_eq!(merged, other_way);
        }

        #[test]
        fn a_recorded_histogram_is_taken_as_it_would_be_made_from_the_values(
            // Few, and more than are kept as a list.
            values in prop_oneof![prop::collection::vec(any::<u32>(), 0..50), prop::collection::vec(any::<u32>(), 1000..1500)],
        ) {
            let mut histogram = Histogram::default();
            for value in &values {
                histogram.record(Duration::from_micros(u64::from(*value)));
            }
            let taken = histogram.take();
            prop_assert_eq!(&taken, &Sparse::of(values.iter().map(|v| Duration::from_micros(u64::from(*v)))));
            prop_assert!(histogram.take().is_empty());
            let json = serde_json::to_string(&taken).expect("JSON");
            prop_assert_eq!(serde_json::from_str::<Sparse>(&json).expect("the same"), taken);
        }

        #[test]
        fn garbage_is_an_error_and_never_a_panic(count: u64, sum: u64, min: u64, max: u64, packed: Vec<u8>) {
            let _ = Sparse::checked(count, sum, min, max, packed);
        }
    }

    #[test]
    fn wrong_sums_and_counts_are_refused() {
        for wrong in [
            r#"[1,5,5,5,""]"#,
            r#"[2,5,5,5,"BQE"]"#,
            r#"[1,9,5,5,"BQE"]"#,
            r#"[1,5,5,6,"BQE"]"#,
            r#"[1,5,5,5,"BQ"]"#,
            r#"[1,5,5,5,"%"]"#,
            "[1,5,5]",
            r#"[1,-5,5,5,"BQE"]"#,
        ] {
            assert!(serde_json::from_str::<Sparse>(wrong).is_err(), "{wrong}");
        }
        assert_eq!(
            serde_json::from_str::<Sparse>(r#"[1,5,5,5,"BQE"]"#).ok(),
            Some(of(&[5]))
        );
    }

    #[test]
    fn only_what_is_the_same_is_shared() {
        let (a, mut b, mut c) = (of(&[5, 5, 900]), of(&[5, 5, 900]), of(&[5, 901, 901]));
        let before = c.clone();
        assert!(b.share(&a) && a.sharers() == 2);
        assert!(!c.share(&a));
        assert_eq!((b, c), (a, before));
    }

    #[test]
    fn a_second_of_a_busy_endpoint_takes_a_few_hundred_bytes() {
        // 1000 requests spread evenly over 100 to 400 ms: 1.5 octaves, so at most 1600 buckets, two or three bytes each.
        let packed = of(&(0..1000).map(|i| 100_000 + 300 * i).collect::<Vec<_>>())
            .packed
            .len();
        assert!(packed <= 3000, "{packed}");
        // A typical second of the modelled API: 38 requests.
        let packed = of(&(0..38).map(|i| 100_000 + 9_000 * i).collect::<Vec<_>>())
            .packed
            .len();
        assert!(packed <= 4 * 38, "{packed}");
    }
}
