//! The load over time: pure arithmetic. Who comes when is in `users` (closed model) and `arrivals` (open model).

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::StageId;

mod arrivals;
mod users;

pub use crate::scenario::model::WhenBusy;
pub use arrivals::{Arrival, Arrivals};
pub use users::{UserEvent, UserEventKind};

/// The load over time.
#[derive(Clone, Debug, PartialEq)]
pub struct Profile {
    /// In order; never empty.
    pub stages: Vec<Stage>,
    /// What the levels mean.
    pub model: Model,
}

/// A level of load: a ramp from the level before, then a hold.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stage {
    /// Users (closed model; a whole number) or iterations per second (open model).
    pub level: f64,
    /// How long the way from the level before takes.
    pub ramp: Duration,
    /// How long the level is held, at most where it is held until it is steady.
    pub hold: Duration,
    /// Whether it ends as soon as it is steady.
    pub until_steady: Option<UntilSteady>,
}

/// A hold that ends as soon as the throughput is known.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct UntilSteady {
    /// But not earlier than this.
    #[serde(with = "crate::plan::words::micros")]
    #[schemars(with = "u64")]
    pub at_least: Duration,
    /// Width of the 95 % interval of the throughput, as a share of it.
    pub within: f64,
}

/// What drives the load.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Model {
    /// So many users, each waiting for its response before it goes on.
    Closed,
    /// Arrivals at a rate, whatever the responses do.
    Open {
        /// Exponential distances between arrivals; otherwise even ones.
        poisson: bool,
        /// Iterations at once, at most.
        max_users: u32,
        /// What an arrival does when that many are busy.
        when_busy: WhenBusy,
    },
}

impl Model {
    /// Whether arrivals come at a rate, whatever the responses do.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Open { .. })
    }
}

/// When a stage begins, when its ramp is over, when it ends (times since the start of the load).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Start of the ramp.
    pub start: Duration,
    /// End of the ramp.
    pub hold_start: Duration,
    /// End of the hold.
    pub end: Duration,
}

impl Stage {
    /// The level that the load has a while into the stage, after a level of `before`.
    pub fn level_after(&self, into: Duration, before: f64, open: bool) -> f64 {
        if into >= self.ramp {
            self.level
        } else if open {
            before + (self.level - before) * into.as_secs_f64() / self.ramp.as_secs_f64()
        } else {
            f64::from(users::on_the_line(before, self, into))
        }
    }
}

impl Profile {
    /// The length of all stages.
    pub fn duration(&self) -> Duration {
        self.stages.iter().map(|stage| stage.ramp + stage.hold).sum()
    }

    /// When each stage begins and ends.
    pub fn spans(&self) -> impl Iterator<Item = Span> {
        self.stages.iter().scan(Duration::ZERO, |start, stage| {
            let span = Span {
                start: *start,
                hold_start: *start + stage.ramp,
                end: *start + stage.ramp + stage.hold,
            };
            *start = span.end;
            Some(span)
        })
    }

    /// The stage at a time; a ramp belongs to the stage it leads to. After the end: the last.
    pub fn stage_at(&self, at: Duration) -> StageId {
        let last = self.stages.len().saturating_sub(1);
        let number = self.spans().position(|span| at < span.end).unwrap_or(last);
        StageId(number as u16)
    }

    /// Users at a time (closed model); 0 in the open model and from the end on. Agrees with [`Profile::user_events`].
    pub fn users_at(&self, at: Duration) -> u32 {
        match (self.model, self.place(at)) {
            (Model::Closed, Some((before, stage, into))) => stage.level_after(into, before, false) as u32,
            _ => 0,
        }
    }

    /// Iterations per second at a time (open model); 0 in the closed model and from the end on.
    pub fn rate_at(&self, at: Duration) -> f64 {
        match (self.model, self.place(at)) {
            (Model::Open { .. }, Some((before, stage, into))) => stage.level_after(into, before, true),
            _ => 0.0,
        }
    }

    /// Starts and leaves in order of time (closed model; none in the open one). Users that are there at the end do not
    /// leave: the end of the load is [`Profile::duration`].
    ///
    /// A ramp of n users starts them evenly, the first at its very beginning, as Locust does with its spawn rate; so the
    /// last is there one n-th before the ramp is over, and the number of users is the line rounded up. On the way down the
    /// youngest leaves first, each when the line reaches the number without it: the last at the end of the ramp. A number
    /// is never used twice.
    pub fn user_events(&self) -> impl Iterator<Item = UserEvent> + use<> {
        users::Events::new(self)
    }

    /// Arrivals in order of time, until the end (open model; none in the closed one).
    ///
    /// Even: number n when the planned count, the integral of the rate, reaches n; so the first comes at once. Poisson:
    /// when it reaches the sum of n + 1 exponential distances of mean 1, each drawn from a stream of its own, which is
    /// exactly the Poisson process of that rate (Çinlar, "Introduction to Stochastic Processes", 1975, chapter 4.7).
    pub fn arrivals(&self, seed: u64) -> Arrivals {
        Arrivals::new(self, seed)
    }

    /// How many arrivals are expected: the integral of the rate (0 in the closed model).
    pub fn expected_arrivals(&self) -> f64 {
        arrivals::pieces(self).iter().map(arrivals::Piece::count).sum()
    }

    /// The level before the stage, the stage, and how far into it a time is; `None` from the end on.
    fn place(&self, at: Duration) -> Option<(f64, &Stage, Duration)> {
        let (number, span) = self.spans().enumerate().find(|(_, span)| at < span.end)?;
        let before = number.checked_sub(1).map_or(0.0, |n| self.stages[n].level);
        Some((before, &self.stages[number], at.saturating_sub(span.start)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ramp_belongs_to_the_stage_it_leads_to() {
        let stage = |level| Stage {
            level,
            ramp: Duration::from_secs(5),
            hold: Duration::from_secs(10),
            until_steady: None,
        };
        let profile = Profile {
            stages: vec![stage(10.0), stage(20.0)],
            model: Model::Closed,
        };
        let at = |secs| profile.stage_at(Duration::from_secs(secs)).0;
        assert_eq!(
            [at(0), at(14), at(15), at(29), at(30), at(99)],
            [0, 0, 1, 1, 1, 1]
        );
        assert_eq!(profile.duration(), Duration::from_secs(30));
    }
}
