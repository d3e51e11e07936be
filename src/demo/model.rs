//! How long the modelled API takes: pure arithmetic, without a clock, from the seed alone.
//!
//! Fitted to the load test that the project grew from, whose original API code was also run against it. A *query*
//! (by term, by OSU ID, by id) needs one of the pool's connections, and waits for it first come, first served. Once it
//! has one it takes
//!
//! ```text
//! base + 0.207 · (busy − 1) · min(base, 155 ms)
//! ```
//!
//! with `busy` the connections at work when it starts, its own included: the database slows down as it is used by more.
//! Every other answer (400, 401, unknown paths) takes [`FREE_ANSWER`] and no connection.

use std::time::Duration;

use rand_core::{Rng, SeedableRng};
use rand_pcg::Pcg32;

/// Connections of the database pool of the original.
pub const POOL: u32 = 30;

/// Time of an answer that needs no database.
pub const FREE_ANSWER: Duration = Duration::from_millis(2);

/// How much each further busy connection slows a query down, as a share of its crowded part.
const CROWDING: f64 = 0.207;

/// The part of a base time that other queries slow down, at most.
const CROWDED_PART: Duration = Duration::from_millis(155);

/// A request that needs a connection of the pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Query {
    /// A whole-term listing.
    ByTerm,
    /// All terms of one student.
    ByOsuId,
    /// One resource, or none.
    ById,
}

/// Base time of a query: what it takes alone in the database. `draw` is uniform in [0, 1). A `cold` listing is the first
/// of its term after the start, which nothing has cached yet.
pub fn base_time(query: Query, cold: bool, draw: f64) -> Duration {
    let (low, high) = match query {
        Query::ByTerm if cold => (0.8, 3.0),
        Query::ByTerm => (0.1, 0.3),
        Query::ByOsuId | Query::ById => (0.05, 0.2),
    };
    Duration::from_secs_f64(low + (high - low) * draw)
}

/// Time that a query holds its connection, when `busy` connections are at work as it starts, its own included.
pub fn service_time(base: Duration, busy: u32) -> Duration {
    let others = f64::from(busy.saturating_sub(1));
    base + base.min(CROWDED_PART).mul_f64(CROWDING * others)
}

/// The random numbers of one request, each uniform in [0, 1).
///
/// Draw *k* of request *n* is number 8 *n* + *k* of one PCG stream, so that a request's fate depends on the seed and its
/// number only.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Draws {
    /// Whether the connection is reset.
    pub reset: f64,
    /// Whether an error is answered.
    pub fail: f64,
    /// Which error.
    pub status: f64,
    /// Whether the answer is slow.
    pub slow: f64,
    /// Where in its range the base time lies.
    pub base: f64,
}

impl Draws {
    /// The draws of request `number` (from 0, in order of arrival).
    pub fn of_request(seed: u64, number: u64) -> Self {
        let mut stream = Pcg32::seed_from_u64(seed);
        stream.advance(number.wrapping_mul(8));
        let mut draw = || f64::from(stream.next_u32()) / (f64::from(u32::MAX) + 1.0);
        Self {
            reset: draw(),
            fail: draw(),
            status: draw(),
            slow: draw(),
            base: draw(),
        }
    }
}

/// Which terms have been listed since the start; bounded by the number of terms there are.
#[derive(Debug, Clone, Default)]
pub struct ListedTerms(u64);

impl ListedTerms {
    /// Notes a listing of the term with this index (below 64) and says whether it is the first.
    pub fn is_first(&mut self, term: usize) -> bool {
        let bit = 1_u64.checked_shl(term as u32).unwrap_or(0);
        let first = self.0 & bit == 0;
        self.0 |= bit;
        first
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_alone_takes_its_base_time() {
        assert_eq!(
            service_time(Duration::from_millis(120), 1),
            Duration::from_millis(120)
        );
    }

    #[test]
    fn a_crowded_query_is_slowed_by_each_other_one() {
        // 100 + 0.207 * 29 * 100 = 700.3 ms
        let crowded = service_time(Duration::from_millis(100), 30);
        assert_eq!(crowded.as_micros(), 700_300);
        // 300 + 0.207 * 29 * 155 = 1230.465 ms: only 155 ms of a long query are slowed
        let long = service_time(Duration::from_millis(300), 30);
        assert_eq!(long.as_micros(), 1_230_465);
    }

    #[test]
    fn base_times_span_the_range_of_their_query() {
        assert_eq!(base_time(Query::ByTerm, false, 0.0), Duration::from_millis(100));
        assert_eq!(base_time(Query::ById, false, 0.5), Duration::from_millis(125));
        assert_eq!(base_time(Query::ByOsuId, true, 0.0), Duration::from_millis(50));
        assert_eq!(base_time(Query::ByTerm, true, 0.5), Duration::from_millis(1900));
    }

    #[test]
    fn draws_depend_on_seed_and_number_only_and_are_uniform() {
        assert_eq!(Draws::of_request(7, 3), Draws::of_request(7, 3));
        assert_ne!(Draws::of_request(7, 3), Draws::of_request(8, 3));
        assert_ne!(Draws::of_request(7, 3), Draws::of_request(7, 4));
        let count = 20_000_u32;
        let sum: f64 = (0..u64::from(count)).map(|n| Draws::of_request(1, n).base).sum();
        let mean = sum / f64::from(count);
        // standard error 0.289 / sqrt(20 000) = 0.002
        assert!((mean - 0.5).abs() < 0.01, "{mean}");
    }

    #[test]
    fn only_the_first_listing_of_a_term_is_first() {
        let mut listed = ListedTerms::default();
        assert!(listed.is_first(3));
        assert!(!listed.is_first(3));
        assert!(listed.is_first(19));
    }
}
