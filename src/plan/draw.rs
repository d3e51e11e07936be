//! Random streams, one for each purpose of each iteration of each user or arrival.
//!
//! A stream is keyed, not shared: user 7's third iteration draws the same values whatever worker or machine it runs on
//! and whatever any other user did. The generator is PCG64-MCG (`rand_pcg`), whose output is fixed across versions.

use rand_core::{Rng, SeedableRng};
use rand_pcg::Pcg64Mcg;

/// What a stream is used for; two purposes never share a draw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Which endpoint.
    Endpoint,
    /// How long to think, after the numbered step (0 = after the iteration).
    Think(u32),
    /// Which value of the numbered slot.
    Data(u32),
    /// Which value of a response to capture; numbered by request within the iteration.
    Capture(u32),
    /// When the next arrival comes.
    Arrival,
    /// The order of the numbered source's values.
    Shuffle(u32),
}

impl Purpose {
    fn key(self) -> u64 {
        match self {
            Self::Endpoint => 1 << 32,
            Self::Think(n) => (2 << 32) | u64::from(n),
            Self::Data(n) => (3 << 32) | u64::from(n),
            Self::Capture(n) => (4 << 32) | u64::from(n),
            Self::Arrival => 5 << 32,
            Self::Shuffle(n) => (6 << 32) | u64::from(n),
        }
    }
}

/// One iteration of one actor: where its streams start.
#[derive(Clone, Copy, Debug)]
pub struct Draw {
    key: u64,
}

impl Draw {
    /// The streams of an actor (user number in the closed model, arrival number in the open one) in its `iteration`.
    pub fn new(seed: u64, actor: u64, iteration: u64) -> Self {
        Self {
            key: mix(mix(mix(seed) ^ actor) ^ iteration),
        }
    }

    /// The stream for a purpose; asking again gives the same stream from its start.
    pub fn stream(self, purpose: Purpose) -> Pcg64Mcg {
        let low = mix(self.key ^ purpose.key());
        let mut seed = [0; 16];
        seed[..8].copy_from_slice(&low.to_le_bytes());
        seed[8..].copy_from_slice(&mix(low).to_le_bytes());
        Pcg64Mcg::from_seed(seed)
    }
}

/// The finaliser of `SplitMix64` (Steele, Lea, Flood, "Fast Splittable Pseudorandom Number Generators", 2014): every
/// input bit changes every output bit with probability near one half.
pub(super) fn mix(value: u64) -> u64 {
    let mut z = value.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// Uniform in [0, 1), 53 bits.
pub fn uniform(random: &mut impl Rng) -> f64 {
    (random.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
}

/// Uniform in 0..`bound` (0 for a bound of 0), without the bias of a remainder (Lemire, 2019).
pub fn below(random: &mut impl Rng, bound: u64) -> u64 {
    if bound == 0 {
        return 0;
    }
    loop {
        let product = u128::from(random.next_u64()) * u128::from(bound);
        let low = product as u64;
        if low >= bound || low >= bound.wrapping_neg() % bound {
            return (product >> 64) as u64;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_depends_on_every_part_of_its_key_and_on_nothing_else() {
        let first =
            |seed, actor, iteration, purpose| Draw::new(seed, actor, iteration).stream(purpose).next_u64();
        let base = first(1, 2, 3, Purpose::Think(0));
        assert_eq!(base, first(1, 2, 3, Purpose::Think(0)));
        for other in [
            first(2, 2, 3, Purpose::Think(0)),
            first(1, 3, 3, Purpose::Think(0)),
            first(1, 2, 4, Purpose::Think(0)),
            first(1, 2, 3, Purpose::Think(1)),
            first(1, 2, 3, Purpose::Data(0)),
            first(2, 1, 3, Purpose::Think(0)),
        ] {
            assert_ne!(base, other);
        }
    }

    #[test]
    fn the_streams_stay_the_same_across_versions() {
        let mut stream = Draw::new(42, 7, 3).stream(Purpose::Endpoint);
        let drawn = [
            below(&mut stream, 1000),
            below(&mut stream, 1000),
            below(&mut stream, 1000),
        ];
        assert_eq!(drawn, EXPECTED);
    }

    /// Written down from the first version; a change breaks every recorded seed.
    const EXPECTED: [u64; 3] = [701, 732, 370];

    #[test]
    fn numbers_below_a_bound_are_uniform() {
        // 10 cells, 100 000 draws: chi-square with 9 degrees of freedom is above 33.7 with probability 1e-4.
        let mut cells = [0_u32; 10];
        for actor in 0..100_000 {
            cells[below(&mut Draw::new(9, actor, 0).stream(Purpose::Data(1)), 10) as usize] += 1;
        }
        let chi: f64 = cells
            .iter()
            .map(|&n| (f64::from(n) - 10_000.0).powi(2) / 10_000.0)
            .sum();
        assert!(chi < 33.7, "chi-square {chi}");
    }
}
