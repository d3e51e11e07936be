//! Endpoints and their steps, `on_start`, `on_stop`, `setup` and `teardown`.

use std::collections::BTreeSet;

use super::Resolver;
use super::names::captures;
use super::problems::{at, if_written};
use super::target::Target;
use crate::plan::outline::Row;
use crate::plan::problem::did_you_mean;
use crate::plan::template::{Expression, Scope, SlotKind};
use crate::plan::{Endpoint, EndpointId, RowId, Step};
use crate::scenario::diagnostics::Diagnostic;
use crate::scenario::model::{self, Capture, Work};
use crate::scenario::span::{Span, Spanned};
use crate::scenario::suggest::nearest;

const MOST_REPEATS: u64 = 10_000;

impl Resolver<'_> {
    /// All endpoints; `None` when one of them has an error.
    pub(super) fn endpoints(&mut self, target: &Target) -> Option<Vec<Endpoint>> {
        let scenario = self.input.scenario;
        if scenario.endpoints.iter().all(|endpoint| weight(endpoint) <= 0.0) {
            let message = "every endpoint has weight 0, so there is nothing to do";
            self.found.push(
                Diagnostic::error(scenario.endpoints_span, message)
                    .help("give at least one a weight above 0"),
            );
        }
        let resolved: Vec<_> = (0..scenario.endpoints.len())
            .map(|number| self.endpoint(number, target))
            .collect();
        resolved.into_iter().collect()
    }

    fn endpoint(&mut self, number: usize, target: &Target) -> Option<Endpoint> {
        let scenario = self.input.scenario;
        let endpoint = &scenario.endpoints[number];
        let name = endpoint.name.value.as_str();
        let drawn = scenario.endpoints.iter().any(|other| weight(other) > 0.0);
        let calls = || scenario.on_start.iter().chain(&scenario.on_stop);
        // A name that is no endpoint's may be meant for this one.
        let sure = || calls().all(|call| scenario.endpoints.iter().any(|e| e.name.value == call.value));
        if drawn && weight(endpoint) <= 0.0 && !calls().any(|call| call.value == name) && sure() {
            let message = format!(
                "`{name}` has weight 0 and is in neither `on_start` nor `on_stop`: it is never called"
            );
            let span = endpoint
                .weight
                .as_ref()
                .map_or(endpoint.name.span, |weight| weight.span);
            self.found.push(Diagnostic::warning(span, message));
        }
        let id = EndpointId(number as u16);
        let mut visible = self.kept_before(name);
        let steps = match &endpoint.work {
            Work::Request(request) => {
                let row = self.row(name.to_owned(), endpoint.name.span, request, id);
                let scope = self.names.iteration(&visible);
                let request = self.request(request, &scope, target)?;
                vec![Step {
                    name: name.to_owned(),
                    row,
                    condition: None,
                    repeat: 1,
                    think: None,
                    request,
                }]
            }
            Work::Journey(steps) => {
                let mut resolved = Vec::new();
                for step in steps {
                    let step_name = step_name(step);
                    let place = step
                        .name
                        .as_ref()
                        .map_or(step.request.path.span, |name| name.span);
                    let row = self.row(format!("{name} / {step_name}"), place, &step.request, id);
                    let scope = self.names.iteration(&visible);
                    resolved.push(self.step(step, step_name, row, &scope, target));
                    self.see(&step.request.captures, &mut visible);
                }
                resolved.into_iter().collect::<Option<_>>()?
            }
        };
        let used: Vec<_> = steps.iter().flat_map(step_slots).collect();
        let needs = self.data.in_order(used);
        let pool = |slot: &_| match self.names.slots.kind(*slot) {
            SlotKind::Pool(number) => Some(number),
            _ => None,
        };
        Some(Endpoint {
            name: name.to_owned(),
            weight: weight(endpoint),
            needs_pools: needs.iter().filter_map(pool).collect(),
            needs,
            steps,
        })
    }

    /// What an endpoint knows before its first step: what `setup` captured, and what `on_start` captured before it.
    fn kept_before(&self, name: &str) -> BTreeSet<String> {
        let scenario = self.input.scenario;
        let mut visible = BTreeSet::new();
        for step in &scenario.setup {
            self.see(&step.request.captures, &mut visible);
        }
        for start in scenario.on_start.iter().take_while(|start| start.value != name) {
            let endpoint = scenario
                .endpoints
                .iter()
                .find(|endpoint| endpoint.name.value == start.value);
            for request in endpoint.into_iter().flat_map(model::Endpoint::requests) {
                self.see(&request.captures, &mut visible);
            }
        }
        visible
    }

    fn see(&self, captures: &[Capture], visible: &mut BTreeSet<String>) {
        let names = captures.iter().map(|capture| &capture.into.value);
        visible.extend(names.filter(|name| self.names.captured(name).is_some()).cloned());
    }

    fn row(&mut self, name: String, place: Span, request: &model::Request, endpoint: EndpointId) -> RowId {
        // A step whose name could not be read leaves nothing behind the slash.
        let twice = self.rows.iter().any(|row| row.name == name) && !name.ends_with("/ ");
        if twice && self.is_known(endpoint) {
            let message = format!("two lines of the reports would be called `{name}`");
            self.found
                .push(Diagnostic::error(place, message).help("give each step a `name` of its own"));
        }
        self.rows.push(Row {
            name,
            method: request.method.value.as_str().to_owned(),
            endpoint,
        });
        RowId((self.rows.len() - 1) as u16)
    }

    /// Whether an endpoint's name could be read, and is its own; if it is not, that was told.
    fn is_known(&self, endpoint: EndpointId) -> bool {
        let (before, rest) = self.input.scenario.endpoints.split_at(usize::from(endpoint.0));
        let name = rest.first().map(|endpoint| &endpoint.name.value);
        name.is_some_and(|name| !name.is_empty() && before.iter().all(|other| other.name.value != *name))
    }

    fn step(
        &mut self,
        step: &model::Step,
        name: String,
        row: RowId,
        scope: &Scope,
        target: &Target,
    ) -> Option<Step> {
        let condition = step.condition.as_ref().map(|text| {
            let expression = Expression::compile(&text.text, scope).map_err(|mut problem| {
                problem.help = problem.help.or_else(|| of_other_languages(&text.text));
                at(text, problem)
            });
            self.found.keep(expression)
        });
        if let Some(repeat) = step
            .repeat
            .filter(|repeat| repeat.value > MOST_REPEATS || repeat.value == 0)
        {
            let message = format!("a step is done 1 to {MOST_REPEATS} times, not {}", repeat.value);
            self.found.push(Diagnostic::error(repeat.span, message));
        }
        let request = self.request(&step.request, scope, target);
        let condition = if_written(condition)?;
        self.names.mark_used(condition.iter().flat_map(Expression::slots));
        Some(Step {
            name,
            row,
            condition,
            repeat: step.repeat.map_or(1, |repeat| repeat.value.min(MOST_REPEATS)) as u32,
            think: step.think.map(|think| think.value),
            request: request?,
        })
    }

    /// The endpoints of `on_start` or `on_stop`.
    pub(super) fn called(&mut self, key: &str, names: &[Spanned<String>]) -> Vec<EndpointId> {
        let endpoints = &self.input.scenario.endpoints;
        let unread = endpoints.iter().any(|endpoint| endpoint.name.is_unread());
        let mut called = Vec::new();
        for name in names.iter().filter(|name| !name.is_unread()) {
            let number = endpoints
                .iter()
                .position(|endpoint| endpoint.name.value == name.value);
            if let Some(number) = number {
                called.push(EndpointId(number as u16));
                continue;
            }
            if unread {
                continue;
            }
            let message = format!("`{key}` names an endpoint `{}` that does not exist", name.value);
            let help = did_you_mean(&name.value, endpoints.iter().map(|e| e.name.value.as_str()));
            self.found
                .push(Diagnostic::error(name.span, message).help_if(help));
        }
        called
    }

    /// The requests of `setup`, then those of `teardown`: each knows what was captured before it.
    pub(super) fn once(&mut self, target: &Target) -> Option<(Vec<Step>, Vec<Step>)> {
        let scenario = self.input.scenario;
        let mut visible = BTreeSet::new();
        let mut both = [&scenario.setup, &scenario.teardown].map(|steps| {
            let resolved: Vec<_> = steps
                .iter()
                .map(|step| {
                    let scope = self
                        .names
                        .once(&visible, "is done once per run, and draws no data");
                    let own = self.step(step, step_name(step), RowId::UNMEASURED, &scope, target);
                    self.see(&step.request.captures, &mut visible);
                    own
                })
                .collect();
            resolved.into_iter().collect::<Option<Vec<Step>>>()
        });
        if let Some(step) = scenario.setup.iter().chain(&scenario.teardown).next()
            && target
                .headers
                .iter()
                .any(|(_, value)| value.slots().any(|slot| !self.names.is_unread(slot)))
        {
            let message = "`target.headers` draws data, which `setup` and `teardown` have none of";
            self.found.push(
                Diagnostic::error(step.span, message).help("give the header to the endpoints that need it"),
            );
        }
        Some((both[0].take()?, both[1].take()?))
    }

    /// Captured names that no template uses.
    pub(super) fn tell_unused(&mut self) {
        for capture in captures(self.input.scenario) {
            let asserts = capture.required.is_some_and(|required| required.value);
            let name = &capture.into.value;
            if !asserts && !self.names.pools.contains_key(name) && !self.names.is_used(name) {
                let message = format!("nothing uses the captured `{name}`");
                let help = nearest(name, self.names.pools.keys().map(String::as_str))
                    .map(|meant| format!("did you mean the pool `{meant}`?"));
                self.found
                    .push(Diagnostic::warning(capture.into.span, message).help_if(help));
            }
        }
    }
}

/// How a condition is written that is wrong here and right elsewhere.
fn of_other_languages(condition: &str) -> Option<String> {
    let plain = condition
        .replace("==", "")
        .replace("!=", "")
        .replace("<=", "")
        .replace(">=", "");
    let help = if condition.contains("{%") {
        "write the condition alone, such as `iteration > 2`"
    } else if plain.contains("&&") {
        "write `and` for `&&`"
    } else if plain.contains("||") {
        "write `or` for `||`"
    } else if plain.contains('!') {
        "write `not` for `!`"
    } else if plain.contains('=') {
        "to compare write `==`"
    } else {
        return None;
    };
    Some(help.to_owned())
}

fn weight(endpoint: &model::Endpoint) -> f64 {
    endpoint.weight.as_ref().map_or(1.0, |weight| weight.value)
}

fn step_name(step: &model::Step) -> String {
    let request = &step.request;
    let default = || {
        format!("{} {}", request.method.value.as_str(), request.path.text)
            .trim_end()
            .to_owned()
    };
    step.name.as_ref().map_or_else(default, |name| name.value.clone())
}

fn step_slots(step: &Step) -> Vec<crate::plan::template::SlotId> {
    let mut slots: Vec<_> = step.condition.iter().flat_map(Expression::slots).collect();
    slots.extend(step.request.slots());
    slots
}
