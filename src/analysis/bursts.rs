//! Whether failures come in bursts: a few seconds hold most of them, more than chance puts there.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::measure::recording::Recording;
use crate::measure::summary::Window;

/// Fewer failures tell nothing.
const FEWEST: u64 = 20;
/// The variance of the failures of a second is so many times that of independent ones (its mean is 1 where they are).
const EXCESS: f64 = 4.0;
/// Most of the failures.
const MOST: f64 = 0.9;
/// They are in at most this share of the seconds.
const SECONDS: f64 = 0.5;

/// Most failures of a level, in a few of its seconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Bursts {
    /// Seconds of the level that hold at least nine tenths of its failures; no fewer do.
    pub seconds: u32,
    /// Seconds measured.
    pub of: u32,
    /// Failed share of the requests completed in them.
    pub share_within: f64,
    /// Failed share in the others.
    pub share_outside: f64,
}

/// Of a window; `None` where its failures are spread over it.
pub fn bursts(recording: &Recording, window: &Window) -> Option<Bursts> {
    let counted = recording.timeline.within(window).map(|interval| {
        let failed: u64 = interval.cells.iter().map(|cell| cell.failed).sum();
        (failed, interval.requests())
    });
    of_seconds(counted.collect())
}

/// Of (failures, requests) of each second.
fn of_seconds(mut seconds: Vec<(u64, u64)>) -> Option<Bursts> {
    let sum = |seconds: &[(u64, u64)]| {
        seconds
            .iter()
            .fold((0, 0), |sum, second| (sum.0 + second.0, sum.1 + second.1))
    };
    let (failed, requests) = sum(&seconds);
    let share = failed as f64 / requests as f64;
    if failed < FEWEST || failed == requests {
        return None;
    }
    // Pearson's statistic for the same share in every second, by its degrees of freedom.
    let excess: f64 = seconds
        .iter()
        .filter(|second| second.1 > 0)
        .map(|(failed, requests)| {
            let (failed, requests) = (*failed as f64, *requests as f64);
            (failed - share * requests).powi(2) / (requests * share * (1.0 - share))
        })
        .sum();
    let of = seconds.iter().filter(|second| second.1 > 0).count();
    if of < 2 || excess < EXCESS * (of - 1) as f64 {
        return None;
    }
    seconds.sort_by(|a, b| b.cmp(a));
    let mut held = 0;
    let few = 1 + seconds.iter().position(|second| {
        held += second.0;
        held as f64 >= MOST * failed as f64
    })?;
    if few as f64 > SECONDS * seconds.len() as f64 {
        return None;
    }
    let share = |seconds: &[(u64, u64)]| {
        let (failed, requests) = sum(seconds);
        if requests == 0 {
            0.0
        } else {
            failed as f64 / requests as f64
        }
    };
    Some(Bursts {
        seconds: few as u32,
        of: seconds.len() as u32,
        share_within: share(&seconds[..few]),
        share_outside: share(&seconds[few..]),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_of_two_seconds_in_nine_are_bursts_and_one_in_four_throughout_is_none() {
        let bursts: Vec<_> = (0..54)
            .map(|second| if second % 9 < 2 { (10, 10) } else { (0, 10) })
            .collect();
        let found = of_seconds(bursts).expect("bursts");
        assert_eq!((found.seconds, found.of), (11, 54));
        assert!(found.share_within > 0.999 && found.share_outside < 0.03);
        assert_eq!(
            of_seconds((0..54).map(|second| (2 + second % 2, 10)).collect()),
            None
        );
    }

    /// Most seconds have none because failures are rare, not because they keep together.
    #[test]
    fn rare_failures_are_no_bursts() {
        let rare = (0..200).map(|second| (u64::from(second % 8 == 0), 100));
        assert_eq!(of_seconds(rare.collect()), None);
        assert_eq!(of_seconds(vec![(5, 5), (0, 5)]), None);
        assert_eq!(of_seconds(vec![(50, 50), (50, 50)]), None);
        assert_eq!(of_seconds(Vec::new()), None);
    }
}
