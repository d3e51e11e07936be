//! A search for the capacity, decided as far as it can be: where it begins, how far it goes, how each level is held. Which levels
//! it takes in between is for `analysis::search` to say, from what was measured so far.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::course::StageKind;
use super::outline::StageOutline;
use super::profile::{Profile, Stage, UntilSteady};
use super::{Outline, Plan};

/// Levels beyond the ascent, at most: around the limit, and again where one did not do.
const AROUND: usize = 12;

/// A search for the capacity.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Search {
    /// The first level: users, or arrivals per second in the open model.
    pub start: f64,
    /// The highest level that is tried.
    pub at_most: f64,
    /// The way to each level.
    #[serde(with = "crate::plan::words::micros")]
    #[schemars(with = "u64")]
    pub ramp: Duration,
    /// How long each level is held, at most where it is held until it is steady.
    #[serde(with = "crate::plan::words::micros")]
    #[schemars(with = "u64")]
    pub hold: Duration,
    /// Whether a hold ends as soon as it is steady.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until_steady: Option<UntilSteady>,
    /// Without load, between two levels.
    #[serde(with = "crate::plan::words::micros")]
    #[schemars(with = "u64")]
    pub pause: Duration,
}

impl Search {
    /// The levels up to the highest, each twice the one before: so far the search goes where nothing gives.
    pub fn ascent(&self) -> Vec<f64> {
        let mut levels = vec![self.start];
        let mut level = self.start;
        while level < self.at_most {
            level = self.above(level);
            levels.push(level);
        }
        levels
    }

    /// The level of the ascent that follows another.
    pub fn above(&self, level: f64) -> f64 {
        (2.0 * level).min(self.at_most)
    }

    /// How many levels it takes at most, repeats included.
    pub fn most_levels(&self) -> usize {
        self.ascent().len() + AROUND
    }

    /// How long it takes at most: every level held to its longest, and every `graceful_stop` waited for.
    pub fn longest(&self, graceful_stop: Duration) -> Duration {
        let levels = self.most_levels() as u32;
        let level = self.ramp.saturating_add(self.hold).saturating_add(graceful_stop);
        let pauses = self.pause.saturating_mul(levels - 1);
        level.saturating_mul(levels).saturating_add(pauses)
    }

    /// A level of it.
    pub fn stage(&self, level: f64) -> Stage {
        Stage {
            level,
            ramp: self.ramp,
            hold: self.hold,
            until_steady: self.until_steady,
        }
    }
}

impl Plan {
    /// The plan of the level of a search that comes after `before` others. Its random streams are its own: what a level was lucky
    /// with, the next one is not lucky with again.
    #[must_use]
    pub fn at_level(&self, search: &Search, level: f64, before: usize) -> Self {
        let profile = Profile {
            stages: vec![search.stage(level)],
            model: self.profile.model,
        };
        let seed = self.seed.wrapping_add(before as u64);
        let outline = Outline {
            stages: profile.outline(),
            seed,
            ..Outline::clone(&self.outline)
        };
        Self {
            outline: outline.into(),
            profile,
            seed,
            ..self.clone()
        }
    }
}

impl Profile {
    /// Its stages as the reports see them.
    pub fn outline(&self) -> Vec<StageOutline> {
        let stage = |(stage, span): (&Stage, super::profile::Span)| StageOutline {
            level: stage.level,
            start: span.start,
            hold_start: span.hold_start,
            end: span.end,
            until_steady: stage.until_steady,
            kind: StageKind::Planned,
        };
        self.stages.iter().zip(self.spans()).map(stage).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn search(start: f64, at_most: f64) -> Search {
        Search {
            start,
            at_most,
            ramp: Duration::from_secs(10),
            hold: Duration::from_secs(300),
            until_steady: None,
            pause: Duration::from_secs(5),
        }
    }

    #[test]
    fn an_ascent_doubles_and_ends_at_the_highest_level() {
        assert_eq!(search(10.0, 100.0).ascent(), [10.0, 20.0, 40.0, 80.0, 100.0]);
        assert_eq!(search(10.0, 10.0).ascent(), [10.0]);
    }

    #[test]
    fn the_longest_search_takes_every_level_to_its_end() {
        let search = search(10.0, 100.0);
        assert_eq!(search.most_levels(), 17);
        // 17 levels of 10 + 300 + 30 s, and 16 pauses of 5 s.
        assert_eq!(
            search.longest(Duration::from_secs(30)),
            Duration::from_secs(17 * 340 + 80)
        );
    }
}
