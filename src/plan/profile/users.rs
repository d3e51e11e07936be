//! The closed model: when users start and leave.

use std::time::Duration;

use super::{Model, Profile, Stage};

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

/// Users a while into a stage: the line, rounded as the events are.
pub(super) fn on_the_line(before: f64, stage: &Stage, into: Duration) -> u32 {
    let (from, to) = (before as u32, stage.level as u32);
    if into >= stage.ramp {
        return to;
    }
    let change = from.abs_diff(to);
    // Event k of n (from 0) is at floor(k ramp / n) ns; those at or before t are the k with k ramp < n (t + 1).
    let reached = (u128::from(change) * (into.as_nanos() + 1)).div_ceil(stage.ramp.as_nanos());
    let reached = u32::try_from(reached).unwrap_or(u32::MAX);
    if to >= from {
        from + reached.min(change)
    } else {
        // On the way down event k is the leave number k + 1, one step later.
        from - reached.saturating_sub(1).min(change)
    }
}

/// Starts and leaves, made one by one.
#[derive(Debug)]
pub(super) struct Events {
    stages: std::vec::IntoIter<Stage>,
    /// Numbers of the users there are, the youngest last.
    there: Vec<u64>,
    next_user: u64,
    ramp: Ramp,
}

/// The part of a stage that still has events to come.
#[derive(Debug, Default)]
struct Ramp {
    start: Duration,
    length: Duration,
    end_of_stage: Duration,
    down: bool,
    change: u32,
    done: u32,
}

impl Events {
    pub(super) fn new(profile: &Profile) -> Self {
        let stages = match profile.model {
            Model::Closed => profile.stages.clone(),
            Model::Open { .. } => Vec::new(),
        };
        Self {
            stages: stages.into_iter(),
            there: Vec::new(),
            next_user: 0,
            ramp: Ramp::default(),
        }
    }
}

impl Ramp {
    fn next_at(&mut self) -> Duration {
        let step = u128::from(self.done) + u128::from(self.down);
        self.done += 1;
        let nanos = self.length.as_nanos() * step / u128::from(self.change);
        self.start + Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }
}

impl Iterator for Events {
    type Item = UserEvent;

    fn next(&mut self) -> Option<UserEvent> {
        while self.ramp.done == self.ramp.change {
            let stage = self.stages.next()?;
            let (from, to) = (self.there.len() as u32, stage.level as u32);
            let start = self.ramp.end_of_stage;
            self.ramp = Ramp {
                start,
                length: stage.ramp,
                end_of_stage: start + stage.ramp + stage.hold,
                down: to < from,
                change: from.abs_diff(to),
                done: 0,
            };
        }
        let at = self.ramp.next_at();
        if self.ramp.down {
            let user = self.there.pop()?;
            return Some(UserEvent {
                at,
                user,
                kind: UserEventKind::Leave,
            });
        }
        let user = self.next_user;
        self.next_user += 1;
        self.there.push(user);
        Some(UserEvent {
            at,
            user,
            kind: UserEventKind::Start,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn closed(stages: &[(u32, u64, u64)]) -> Profile {
        let stages = stages.iter().map(|&(users, ramp, hold)| Stage {
            level: f64::from(users),
            ramp: Duration::from_millis(ramp),
            hold: Duration::from_millis(hold),
            until_steady: None,
        });
        Profile {
            stages: stages.collect(),
            model: Model::Closed,
        }
    }

    fn told(profile: &Profile) -> Vec<(u64, u64, UserEventKind)> {
        let events = profile.user_events();
        events
            .map(|e| (e.at.as_millis() as u64, e.user, e.kind))
            .collect()
    }

    use UserEventKind::{Leave, Start};

    #[test]
    fn users_of_a_ramp_start_evenly_the_first_at_once() {
        let profile = closed(&[(5, 5000, 10_000)]);
        let expected: Vec<_> = (0..5).map(|n| (n * 1000, n, Start)).collect();
        assert_eq!(told(&profile), expected);
    }

    #[test]
    fn users_of_a_stage_without_a_ramp_start_together() {
        assert_eq!(told(&closed(&[(2, 0, 1000)])), [(0, 0, Start), (0, 1, Start)]);
    }

    #[test]
    fn the_youngest_leaves_first_and_no_number_is_used_twice() {
        let profile = closed(&[(3, 0, 1000), (1, 1000, 1000), (2, 0, 1000)]);
        assert_eq!(
            told(&profile),
            [
                (0, 0, Start),
                (0, 1, Start),
                (0, 2, Start),
                (1500, 2, Leave),
                (2000, 1, Leave),
                (3000, 3, Start),
            ]
        );
    }

    #[test]
    fn nobody_is_there_from_the_end_on() {
        let profile = closed(&[(3, 0, 1000)]);
        assert_eq!(profile.users_at(Duration::from_millis(999)), 3);
        assert_eq!(profile.users_at(Duration::from_secs(1)), 0);
    }

    proptest! {
        #[test]
        fn the_events_add_up_to_the_users_at_any_time(
            stages in prop::collection::vec((0_u32..50, 0_u64..4000, 0_u64..4000), 1..5),
            at in 0_u64..30_000_000_000,
        ) {
            let profile = closed(&stages);
            let at = Duration::from_nanos(at);
            if at < profile.duration() {
                let there = profile.user_events().take_while(|e| e.at <= at).fold(0_i64, |n, e| match e.kind {
                    Start => n + 1,
                    Leave => n - 1,
                });
                prop_assert_eq!(there, i64::from(profile.users_at(at)));
            }
            let times: Vec<_> = profile.user_events().map(|e| e.at).collect();
            prop_assert!(times.is_sorted());
        }
    }
}
