//! The open model: when iterations are due.

use std::time::Duration;

use super::{Model, Profile};
use crate::plan::draw::{Draw, Purpose, uniform};

/// An arrival of the open model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// Numbered from 0.
    pub number: u64,
    /// When it is due, since the start of the load.
    pub due: Duration,
}

/// A piece of the load over which the rate changes linearly. Times in seconds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Piece {
    start: f64,
    length: f64,
    from: f64,
    to: f64,
}

/// The pieces of an open profile: ramps and holds, those of no length left out.
pub(super) fn pieces(profile: &Profile) -> Vec<Piece> {
    if profile.model == Model::Closed {
        return Vec::new();
    }
    let mut pieces = Vec::new();
    let mut before = 0.0;
    for (stage, span) in profile.stages.iter().zip(profile.spans()) {
        for (start, length, from) in [
            (span.start, stage.ramp, before),
            (span.hold_start, stage.hold, stage.level),
        ] {
            pieces.push(Piece {
                start: start.as_secs_f64(),
                length: length.as_secs_f64(),
                from,
                to: stage.level,
            });
        }
        before = stage.level;
    }
    pieces.retain(|piece| piece.length > 0.0);
    pieces
}

impl Piece {
    /// Expected arrivals: the integral of the rate.
    pub(super) fn count(&self) -> f64 {
        f64::midpoint(self.from, self.to) * self.length
    }

    /// When the expected count reaches `count` (of this piece).
    ///
    /// With slope a the count after s is from s + a s² / 2; solved for s in the form that does not cancel.
    fn time_of(&self, count: f64) -> f64 {
        if count <= 0.0 {
            return self.start;
        }
        let slope = (self.to - self.from) / self.length;
        let root = (self.from * self.from + 2.0 * slope * count).max(0.0).sqrt();
        self.start + (2.0 * count / (self.from + root)).min(self.length)
    }
}

/// Arrivals, made one by one.
#[derive(Debug)]
pub struct Arrivals {
    pieces: std::vec::IntoIter<Piece>,
    piece: Option<Piece>,
    /// Expected arrivals before `piece`.
    before: f64,
    /// The count at which the last arrival was due.
    reached: f64,
    number: u64,
    /// The seed of the distances; `None` for even ones.
    poisson: Option<u64>,
    end: Duration,
}

impl Arrivals {
    pub(super) fn new(profile: &Profile, seed: u64) -> Self {
        let mut pieces = pieces(profile).into_iter();
        Self {
            piece: pieces.next(),
            pieces,
            before: 0.0,
            reached: 0.0,
            number: 0,
            poisson: matches!(profile.model, Model::Open { poisson: true, .. }).then_some(seed),
            end: profile.duration(),
        }
    }

    /// The distance from the arrival before, in expected arrivals.
    fn distance(&self) -> f64 {
        match self.poisson {
            Some(seed) => {
                let mut random = Draw::new(seed, self.number, 0).stream(Purpose::Arrival);
                -(1.0 - uniform(&mut random)).ln()
            }
            None if self.number == 0 => 0.0,
            None => 1.0,
        }
    }

    /// When the last arrival is due, by its count; `None` beyond the end.
    fn timed(&mut self) -> Option<Arrival> {
        while let Some(piece) = self.piece {
            let count = self.reached - self.before;
            if count < piece.count() {
                let due = Duration::from_secs_f64(piece.time_of(count));
                let number = self.number.checked_sub(1)?;
                if due < self.end {
                    return Some(Arrival { number, due });
                }
                // Rounding may bring the last arrival onto the end itself, which is no longer part of the load.
                self.piece = None;
                return None;
            }
            self.before += piece.count();
            self.piece = self.pieces.next();
        }
        None
    }

    /// The load changes from a time on that the last arrival lies behind: gives that arrival, which comes at another time now.
    /// Those before it stay as they were.
    pub fn replan(&mut self, profile: &Profile) -> Option<Arrival> {
        self.pieces = pieces(profile).into_iter();
        self.piece = self.pieces.next();
        self.before = 0.0;
        self.end = profile.duration();
        self.timed()
    }
}

impl Iterator for Arrivals {
    type Item = Arrival;

    fn next(&mut self) -> Option<Arrival> {
        // Beyond the end there is one arrival at the most, that the load may yet be made long enough for.
        self.piece?;
        self.reached += self.distance();
        self.number += 1;
        self.timed()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{Stage, WhenBusy};
    use super::*;

    fn open(poisson: bool, stages: &[(f64, u64, u64)]) -> Profile {
        let stages = stages.iter().map(|&(level, ramp, hold)| Stage {
            level,
            ramp: Duration::from_millis(ramp),
            hold: Duration::from_millis(hold),
            until_steady: None,
        });
        Profile {
            stages: stages.collect(),
            model: Model::Open {
                poisson,
                max_users: 100,
                when_busy: WhenBusy::Wait,
            },
        }
    }

    #[test]
    fn even_arrivals_keep_their_distance_and_their_count() {
        let profile = open(false, &[(50.0, 0, 60_000)]);
        let due: Vec<_> = profile.arrivals(1).map(|a| a.due.as_millis()).collect();
        assert_eq!(due.len(), 3000);
        assert_eq!(due[..3], [0, 20, 40]);
        assert_eq!(due[2999], 59_980);
    }

    #[test]
    fn even_arrivals_of_a_ramp_follow_the_area_under_the_line() {
        // 0 to 100/s in 10 s: 500 arrivals; number n when 5 t² = n. Then 10 s of pause: none.
        let profile = open(false, &[(100.0, 10_000, 0), (0.0, 0, 10_000)]);
        let due: Vec<_> = profile.arrivals(1).map(|a| a.due.as_secs_f64()).collect();
        assert_eq!(due.len(), 500);
        for (n, due) in due.iter().enumerate() {
            assert!((due - (n as f64 / 5.0).sqrt()).abs() < 1e-8, "{n}: {due}");
        }
    }

    #[test]
    fn poisson_arrivals_are_a_poisson_process_of_the_planned_rate() {
        // Ramp 0 to 200/s in 20 s (2000), hold 20 s (4000), down to 50/s in 20 s (2500): 8500 expected.
        let profile = open(true, &[(200.0, 20_000, 20_000), (50.0, 20_000, 0)]);
        let times: Vec<f64> = profile.arrivals(7).map(|a| a.due.as_secs_f64()).collect();
        assert!((profile.expected_arrivals() - 8500.0).abs() < 1e-9);
        // The count's standard deviation is 92.2; four of them miss with probability 6e-5.
        assert!(
            (times.len() as f64 - 8500.0).abs() < 369.0,
            "{} arrivals",
            times.len()
        );
        // The planned count, written here by hand, makes arrivals uniform and distances exponential.
        let count = |t: f64| match t {
            t if t < 20.0 => 5.0 * t * t,
            t if t < 40.0 => 2000.0 + 200.0 * (t - 20.0),
            t => 6000.0 + 200.0 * (t - 40.0) - 3.75 * (t - 40.0) * (t - 40.0),
        };
        let shares: Vec<f64> = times.iter().map(|&t| count(t) / 8500.0).collect();
        let mut distances: Vec<f64> = shares
            .windows(2)
            .map(|w| 1.0 - (-8500.0 * (w[1] - w[0])).exp())
            .collect();
        distances.sort_by(f64::total_cmp);
        assert!(kolmogorov_smirnov(&shares) < 1.95 && kolmogorov_smirnov(&distances) < 1.95);
    }

    /// Greatest distance of sorted shares from the uniform distribution, times the root of their number: above 1.95 with
    /// probability 0.001 if they are uniform.
    fn kolmogorov_smirnov(sorted: &[f64]) -> f64 {
        let n = sorted.len() as f64;
        let greatest = sorted.iter().enumerate().fold(0.0_f64, |most, (i, &share)| {
            most.max(share - i as f64 / n).max((i + 1) as f64 / n - share)
        });
        greatest * n.sqrt()
    }

    #[test]
    fn the_same_seed_gives_the_same_arrivals() {
        let profile = open(true, &[(10.0, 0, 10_000)]);
        assert!(profile.arrivals(1).eq(profile.arrivals(1)));
        assert!(!profile.arrivals(1).eq(profile.arrivals(2)));
    }

    proptest! {
        #[test]
        fn even_arrivals_number_the_expected_count_rounded_up(
            stages in prop::collection::vec((0_u32..200, 0_u64..5000, 0_u64..5000), 1..5),
        ) {
            let stages: Vec<_> = stages.into_iter().map(|(level, ramp, hold)| (f64::from(level), ramp, hold)).collect();
            let profile = open(false, &stages);
            let arrivals: Vec<_> = profile.arrivals(0).map(|a| a.due).collect();
            // A count within rounding of a whole number may come out as either.
            let expected = profile.expected_arrivals();
            prop_assert!((expected - 1e-6).ceil() <= arrivals.len() as f64);
            prop_assert!(arrivals.len() as f64 <= (expected + 1e-6).ceil());
            prop_assert!(arrivals.is_sorted());
        }

        #[test]
        fn the_rate_at_a_time_is_on_the_line(at in 0_u64..10_000) {
            let profile = open(true, &[(100.0, 10_000, 1000)]);
            let rate = profile.rate_at(Duration::from_millis(at));
            prop_assert!((rate - at as f64 / 100.0).abs() < 1e-9);
        }
    }
}
