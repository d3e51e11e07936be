//! The load over time: pure arithmetic.

use std::time::Duration;

use super::StageId;

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
    /// How long the level is held.
    pub hold: Duration,
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

/// What an arrival does when all users are busy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WhenBusy {
    /// It waits its turn; the wait is part of its latency.
    #[default]
    Wait,
    /// It is counted as dropped.
    Drop,
}

/// A user comes or goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UserEvent {
    /// When, since the start of the load.
    pub at: Duration,
    /// Which user, numbered from 0 in the order of their starts.
    pub user: u64,
    /// Comes or goes.
    pub kind: UserEventKind,
}

/// Whether a user comes or goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UserEventKind {
    /// The user starts.
    Start,
    /// The user leaves when its iteration is finished.
    Leave,
}

/// An arrival of the open model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// Numbered from 0.
    pub number: u64,
    /// When it is due, since the start of the load.
    pub due: Duration,
}

impl Profile {
    /// The length of all stages.
    pub fn duration(&self) -> Duration {
        self.stages.iter().map(|stage| stage.ramp + stage.hold).sum()
    }

    /// The stage at a time; a ramp belongs to the stage it leads to. After the end: the last.
    pub fn stage_at(&self, at: Duration) -> StageId {
        let _ = at;
        unimplemented!()
    }

    /// Users at a time (closed model); 0 before the start and after the end.
    pub fn users_at(&self, at: Duration) -> u32 {
        let _ = at;
        unimplemented!()
    }

    /// Iterations per second at a time (open model); 0 after the end.
    pub fn rate_at(&self, at: Duration) -> f64 {
        let _ = at;
        unimplemented!()
    }

    /// Starts and leaves in order of time (closed model; none in the open one). Users that are there at the end do not leave:
    /// the end of the load is `duration()`.
    pub fn user_events(&self) -> impl Iterator<Item = UserEvent> + use<> {
        [].into_iter()
    }

    /// Arrivals in order of time, until the end (open model; none in the closed one).
    pub fn arrivals(&self, seed: u64) -> impl Iterator<Item = Arrival> + use<> {
        let _ = seed;
        [].into_iter()
    }
}
