//! The load: stages, model, think time, ends; and what the command line overrides of it.

use std::time::Duration;

use super::Resolver;
use crate::plan::StopAfter;
use crate::plan::profile::{Model, Profile, Stage, WhenBusy};
use crate::plan::think::Think;
use crate::scenario::diagnostics::Diagnostic;
use crate::scenario::model::{self, Load};

/// Users at once in the open model, unless the scenario says it.
const MAX_USERS: u64 = 1000;
/// More users, or arrivals per second, than one machine could make.
const MOST: f64 = 10_000_000.0;

/// A pause as the plan has it.
pub(super) fn think(think: &model::Think) -> Think {
    match think {
        model::Think::Constant(value) if value.value.is_zero() => Think::None,
        model::Think::Constant(value) => Think::Constant(value.value),
        model::Think::Between(low, high) => Think::Between(low.value, high.value),
        model::Think::Exponential(mean) => Think::Exponential(mean.value),
        model::Think::Pace(every) => Think::Pace(every.value),
    }
}

impl Resolver<'_> {
    pub(super) fn profile(&mut self) -> Option<Profile> {
        let scenario = self.input.scenario;
        let before = self.found.list.errors();
        let closed = |stage: &model::Stage| matches!(stage.load, Load::Users(_));
        let open = scenario.stages.first().is_some_and(|stage| !closed(stage));
        if let Some(other) = scenario.stages.iter().find(|stage| closed(stage) == open) {
            let (one, two) = if open {
                ("rate", "users")
            } else {
                ("users", "rate")
            };
            let message =
                format!("this stage says `{two}`, the first one `{one}`: a run has either users or arrivals");
            let first = scenario.stages[0].span;
            self.found
                .push(Diagnostic::error(other.span, message).also(first, "the first stage"));
        }
        let stages = if open {
            self.open_stages()
        } else {
            self.closed_stages()
        };
        let model = if open {
            self.open_model()
        } else {
            self.closed_model()
        };
        if !stages.is_empty() && stages.iter().all(|stage| stage.level <= 0.0) {
            let what = if open { "an arrival" } else { "a user" };
            self.found.push(Diagnostic::error(
                scenario.stages_span,
                format!("no stage has {what}"),
            ));
        }
        let profile = Profile { stages, model };
        if profile.duration().is_zero() && self.found.list.errors() == before {
            let message = "the stages take no time at all";
            self.found.push(
                Diagnostic::error(scenario.stages_span, message)
                    .help("give a stage a `hold`, such as `hold: 60s`"),
            );
        }
        (self.found.list.errors() == before).then_some(profile)
    }

    fn stage(&self, written: &model::Stage, level: f64) -> Stage {
        let time = |given: Option<Duration>, written: Option<Duration>| given.or(written).unwrap_or_default();
        Stage {
            level,
            ramp: time(self.overrides.ramp, written.ramp.map(|ramp| ramp.value)),
            hold: time(self.overrides.hold, written.hold.map(|hold| hold.value)),
        }
    }

    /// The stages of the file; or one for each level given on the command line, with the times of the file's stage of the same
    /// number (of its last one where there are more levels).
    fn closed_stages(&mut self) -> Vec<Stage> {
        let scenario = self.input.scenario;
        let Some(levels) = &self.overrides.users else {
            let mut stages = Vec::new();
            for written in &scenario.stages {
                if let Load::Users(users) = written.load {
                    self.refuse_most(users.value as f64, users.span, "users");
                    stages.push(self.stage(written, users.value as f64));
                }
            }
            return stages;
        };
        let written = |number: usize| scenario.stages.get(number).or(scenario.stages.last());
        let stage = |(number, level): (usize, &u32)| Some(self.stage(written(number)?, f64::from(*level)));
        levels.iter().enumerate().filter_map(stage).collect()
    }

    fn open_stages(&mut self) -> Vec<Stage> {
        let scenario = self.input.scenario;
        if self.overrides.users.is_some() {
            let message = "`--users` does not fit a scenario whose stages say `rate`";
            self.found.push(
                Diagnostic::error(scenario.stages_span, message)
                    .help("leave `--users` out, or write stages with `users`"),
            );
        }
        let mut stages = Vec::new();
        for written in &scenario.stages {
            if let Load::Rate(rate) = written.load {
                self.refuse_most(rate.value.per_second, rate.span, "arrivals per second");
                stages.push(self.stage(written, rate.value.per_second));
            }
        }
        stages
    }

    fn refuse_most(&mut self, level: f64, span: crate::scenario::span::Span, what: &str) {
        if level > MOST {
            let message = format!("{level} {what} are more than one machine can make");
            self.found
                .push(Diagnostic::error(span, message).help(format!("write at most {MOST}")));
        }
    }

    fn open_model(&mut self) -> Model {
        let scenario = self.input.scenario;
        if let Some(think) = &scenario.think {
            let message = "there is no think time between arrivals: each comes when it is due";
            self.found.push(
                Diagnostic::error(think.span, message).help(
                    "leave `think` out; the pause between the steps of a journey is written at the step",
                ),
            );
        }
        let max_users = scenario.max_users.map_or(MAX_USERS, |most| most.value);
        if let Some(written) = scenario
            .max_users
            .filter(|most| most.value == 0 || most.value as f64 > MOST)
        {
            let message = format!("`max_users` is 1 to {MOST}, not {}", written.value);
            self.found.push(Diagnostic::error(written.span, message));
        }
        Model::Open {
            poisson: !matches!(
                scenario.arrivals.map(|arrivals| arrivals.value),
                Some(model::Arrivals::Even)
            ),
            max_users: u32::try_from(max_users).unwrap_or(u32::MAX),
            when_busy: match scenario.when_busy.map(|when| when.value) {
                None | Some(model::WhenBusy::Wait) => WhenBusy::Wait,
                Some(model::WhenBusy::Drop) => WhenBusy::Drop,
            },
        }
    }

    fn closed_model(&mut self) -> Model {
        let scenario = self.input.scenario;
        let keys = [
            ("arrivals", scenario.arrivals.map(|arrivals| arrivals.span)),
            ("max_users", scenario.max_users.map(|most| most.span)),
            ("when_busy", scenario.when_busy.map(|when| when.span)),
        ];
        for (key, span) in keys {
            if let Some(span) = span {
                let message = format!("`{key}` is about arrivals, and these stages have users");
                self.found.push(
                    Diagnostic::error(span, message)
                        .help("leave it out, or write `rate: 50/s` in place of `users` in every stage"),
                );
            }
        }
        Model::Closed
    }

    pub(super) fn stop_after(&mut self) -> Option<StopAfter> {
        let written = self.input.scenario.stop_after?;
        let (count, stop) = match written.value {
            model::StopAfter::Requests(count) => (count, StopAfter::Requests(count)),
            model::StopAfter::Iterations(count) => (count, StopAfter::Iterations(count)),
        };
        if count == 0 {
            let message = "a run that stops after nothing does nothing";
            self.found
                .push(Diagnostic::error(written.span, message).help("write 1 or more, or leave it out"));
        }
        Some(stop)
    }

    pub(super) fn think(&mut self) -> Think {
        let Some(written) = &self.input.scenario.think else {
            return Think::None;
        };
        if let model::Think::Pace(every) = &written.value
            && every.value.is_zero()
        {
            let message = "a pace of 0 is no pace: iterations would never be due";
            self.found
                .push(Diagnostic::error(every.span, message).help("leave `think` out to have no pause"));
        }
        think(&written.value)
    }
}
