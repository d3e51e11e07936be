//! A seeded order of the numbers below a length.

use rand_core::Rng;

use crate::plan::draw::{below, mix};

/// Up to this length the order is written down (a quarter of a megabyte at most).
const SMALL: u64 = 1 << 16;
/// Rounds of the Feistel network; four already give a pseudo-random permutation (Luby and Rackoff, 1988).
const ROUNDS: usize = 6;

/// A permutation of `0..length`.
#[derive(Clone, Debug)]
pub(super) enum Permutation {
    /// Written down.
    Table(Box<[u32]>),
    /// Computed, for lengths that are too large to write down.
    Feistel {
        length: u64,
        /// Bits of each half.
        half: u32,
        keys: [u64; ROUNDS],
    },
}

impl Permutation {
    pub(super) fn new(length: u64, random: &mut impl Rng) -> Self {
        if length <= SMALL {
            let mut order: Box<[u32]> = (0..length as u32).collect();
            // Fisher and Yates: every order is equally probable.
            for last in (1..order.len()).rev() {
                order.swap(last, below(random, last as u64 + 1) as usize);
            }
            return Self::Table(order);
        }
        let bits = u64::BITS - (length - 1).leading_zeros();
        Self::Feistel {
            length,
            half: bits.div_ceil(2),
            keys: std::array::from_fn(|_| random.next_u64()),
        }
    }

    /// Where a number goes.
    pub(super) fn at(&self, index: u64) -> u64 {
        match self {
            Self::Table(order) => u64::from(order[index as usize]),
            // The network permutes the next power of four; whoever lands outside walks on along the cycle, which comes back
            // inside (Black and Rogaway, "Ciphers with Arbitrary Finite Domains", 2002).
            Self::Feistel { length, half, keys } => {
                let mut number = feistel(index, *half, keys);
                while number >= *length {
                    number = feistel(number, *half, keys);
                }
                number
            }
        }
    }
}

fn feistel(number: u64, half: u32, keys: &[u64; ROUNDS]) -> u64 {
    let mask = (1 << half) - 1;
    let (mut left, mut right) = (number >> half, number & mask);
    for key in keys {
        (left, right) = (right, left ^ (mix(right ^ key) & mask));
    }
    (left << half) | right
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;
    use crate::plan::draw::{Draw, Purpose};

    fn permutation(length: u64, seed: u64) -> Permutation {
        Permutation::new(length, &mut Draw::new(seed, 0, 0).stream(Purpose::Shuffle(0)))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn every_number_comes_exactly_once(length in 1_u64..3000, seed: u64) {
            let order = permutation(length, seed);
            let seen: BTreeSet<_> = (0..length).map(|index| order.at(index)).collect();
            prop_assert_eq!(seen.len() as u64, length);
            prop_assert!(seen.iter().all(|&number| number < length));
        }

        #[test]
        fn numbers_of_a_huge_length_stay_distinct_and_inside(length in (SMALL + 1)..u64::MAX / 2, seed: u64) {
            let order = permutation(length, seed);
            let seen: BTreeSet<_> = (0..500).map(|index| order.at(index)).collect();
            prop_assert_eq!(seen.len(), 500);
            prop_assert!(seen.iter().all(|&number| number < length));
        }
    }

    #[test]
    fn a_computed_permutation_is_a_bijection_too() {
        let length = SMALL + 77;
        let order = permutation(length, 5);
        let mut seen = vec![false; length as usize];
        for index in 0..length {
            seen[order.at(index) as usize] = true;
        }
        assert!(matches!(order, Permutation::Feistel { .. }));
        assert!(seen.iter().all(|&seen| seen));
    }

    #[test]
    fn all_orders_of_three_are_equally_probable() {
        // 6 orders, 6000 seeds: chi-square with 5 degrees of freedom is above 25.7 with probability 1e-4.
        let mut counts = std::collections::BTreeMap::new();
        for seed in 0..6000 {
            let order = permutation(3, seed);
            *counts
                .entry([order.at(0), order.at(1), order.at(2)])
                .or_insert(0_u32) += 1;
        }
        let chi: f64 = counts
            .values()
            .map(|&n| (f64::from(n) - 1000.0).powi(2) / 1000.0)
            .sum();
        assert_eq!(counts.len(), 6);
        assert!(chi < 25.7, "chi-square {chi}");
    }
}
