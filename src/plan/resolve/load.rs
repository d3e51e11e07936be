//! The load: stages, model, think time, ends; and what the command line overrides of it.

use std::time::Duration;

use super::Resolver;
use crate::plan::profile::{Model, Profile, Stage, UntilSteady, WhenBusy};
use crate::scenario::diagnostics::Diagnostic;
use crate::scenario::model::{self, Hold, Load};

/// A hold until it is steady, unless the scenario says otherwise: not shorter, not longer, and how well its throughput is
/// known at its end.
const AT_LEAST: Duration = Duration::from_secs(60);
const AT_MOST: Duration = Duration::from_secs(900);
const WITHIN: f64 = 0.05;

/// Users at once in the open model, unless the scenario says it.
const MAX_USERS: u64 = 1000;

/// The longest hold, and when it may end earlier. A shortest one that is longer than the default for the longest moves that.
fn until_steady(written: model::UntilSteady) -> (Duration, UntilSteady) {
    let at_least = written.at_least.map(|time| time.value);
    let at_most = written.at_most.map_or(AT_MOST, |time| time.value);
    let at_most = at_most.max(at_least.unwrap_or_default());
    let until = UntilSteady {
        at_least: at_least.unwrap_or(AT_LEAST).min(at_most),
        within: written.within.map_or(WITHIN, |share| share.value),
    };
    (at_most, until)
}

/// Users, or arrivals per second.
fn level(load: &Load) -> f64 {
    match load {
        Load::Users(users) => users.value as f64,
        Load::Rate(rate) => rate.value.per_second,
    }
}

impl Resolver<'_> {
    pub(super) fn profile(&mut self) -> Option<Profile> {
        let scenario = self.input.scenario;
        let before = self.found.errors();
        let open = scenario
            .stages
            .first()
            .is_some_and(|stage| matches!(stage.load, Load::Rate(_)));
        let model = if open { self.open_model() } else { Model::Closed };
        let stages = self.stages();
        // The file's own stages have load and time; those of the command line may have none.
        let profile = Profile { stages, model };
        let mut refuse = |message: &str, help: &str| {
            self.found.push(Diagnostic::without_place(message).help(help));
        };
        if profile.stages.iter().all(|stage| stage.level <= 0.0) {
            let message = if open {
                "`--users` leaves no stage with an arrival"
            } else {
                "`--users` leaves no stage with a user"
            };
            refuse(message, "write for example `--users 10,20,50`");
        } else if profile.duration().is_zero() {
            refuse("the stages take no time at all", "write for example `--hold 60s`");
        }
        (self.found.errors() == before).then_some(profile)
    }

    fn stage(&self, written: &model::Stage, level: f64) -> Stage {
        let ramp = self.overrides.ramp.or(written.ramp.map(|ramp| ramp.value));
        let (hold, until_steady) = match (self.overrides.hold, written.hold) {
            (Some(given), _) => (given, None),
            (None, None) => (Duration::ZERO, None),
            (None, Some(Hold::For(time))) => (time.value, None),
            (None, Some(Hold::UntilSteady(until))) => {
                let (at_most, until) = until_steady(until);
                (at_most, Some(until))
            }
        };
        Stage {
            level,
            ramp: ramp.unwrap_or_default(),
            hold,
            until_steady,
        }
    }

    /// The stages of the file; or one for each level given on the command line, with the times of the file's stage of the
    /// same number (of its last one where there are more levels).
    fn stages(&self) -> Vec<Stage> {
        let written = &self.input.scenario.stages;
        match &self.overrides.users {
            None => written
                .iter()
                .map(|stage| self.stage(stage, level(&stage.load)))
                .collect(),
            Some(levels) => levels
                .iter()
                .enumerate()
                .filter_map(|(number, level)| {
                    let stage = written.get(number).or(written.last())?;
                    Some(self.stage(stage, f64::from(*level)))
                })
                .collect(),
        }
    }

    fn open_model(&self) -> Model {
        let scenario = self.input.scenario;
        let max_users = scenario.max_users.map_or(MAX_USERS, |most| most.value);
        let even = Some(model::Arrivals::Even);
        Model::Open {
            poisson: scenario.arrivals.map(|arrivals| arrivals.value) != even,
            max_users: u32::try_from(max_users).unwrap_or(u32::MAX),
            when_busy: scenario.when_busy.map_or(WhenBusy::Wait, |when| when.value),
        }
    }
}
