//! Captured pools that could never hold a value.

use std::collections::BTreeSet;

use super::Resolver;
use super::names::captures;
use crate::plan::check::CaptureTarget;
use crate::plan::template::SlotKind;
use crate::plan::{Endpoint, EndpointId, Step};
use crate::scenario::diagnostics::Diagnostic;
use crate::scenario::model::Data;
use crate::scenario::suggest::nearest;

impl<'a> Resolver<'a> {
    /// Every pool that is needed must be filled by something that can happen before it is needed: `setup`, or an endpoint that
    /// is called at all and whose own pools can be filled. What can be filled grows until nothing is added (a fixpoint).
    pub(super) fn refuse_empty_pools(
        &mut self,
        endpoints: &[Endpoint],
        called: &[EndpointId],
        setup: &[Step],
    ) {
        let mut filled: BTreeSet<usize> = setup.iter().flat_map(fills).collect();
        let reachable: Vec<_> = endpoints
            .iter()
            .enumerate()
            .filter(|(number, endpoint)| {
                endpoint.weight > 0.0 || called.contains(&EndpointId(*number as u16))
            })
            .map(|(_, endpoint)| endpoint)
            .collect();
        loop {
            let before = filled.len();
            for endpoint in &reachable {
                if endpoint.needs_pools.iter().all(|pool| filled.contains(pool)) {
                    filled.extend(endpoint.steps.iter().flat_map(fills));
                }
            }
            if filled.len() == before {
                break;
            }
        }
        for pool in 0..self.data.pools.len() {
            let needed = reachable
                .iter()
                .any(|endpoint| endpoint.needs_pools.contains(&pool));
            let fillers: Vec<_> = endpoints
                .iter()
                .filter(|e| e.steps.iter().flat_map(fills).any(|p| p == pool))
                .collect();
            match (needed, filled.contains(&pool)) {
                (true, false) => self.refuse(pool, &fillers, &reachable),
                (false, true) => self.warn_unused(pool),
                (false, false) if fillers.is_empty() => self.warn_unused(pool),
                _ => {}
            }
        }
    }

    /// The first user comes before anything has filled a pool but `setup` and the endpoints of `on_start` before.
    pub(super) fn tell_early_needs(
        &mut self,
        endpoints: &[Endpoint],
        on_start: &[EndpointId],
        setup: &[Step],
    ) {
        let mut filled: BTreeSet<usize> = setup.iter().flat_map(fills).collect();
        for (id, written) in on_start.iter().zip(&self.input.scenario.on_start) {
            let endpoint = &endpoints[usize::from(id.0)];
            for pool in endpoint.needs_pools.iter().filter(|pool| !filled.contains(pool)) {
                let pool = &self.data.pools[*pool].name;
                let message = format!(
                    "`{}` needs the pool `{pool}`, which is still empty for the first users",
                    endpoint.name
                );
                self.found.push(
                    Diagnostic::warning(written.span, message)
                        .help("put an endpoint that fills it before this one"),
                );
            }
            filled.extend(endpoint.steps.iter().flat_map(fills));
        }
    }

    fn refuse(&mut self, pool: usize, fillers: &[&Endpoint], reachable: &[&Endpoint]) {
        let Some(data) = self.written_pool(pool) else {
            return;
        };
        let name = data.name.value.as_str();
        let error = |message: String| Diagnostic::error(data.name.span, message);
        let Some(filler) = fillers.first() else {
            let mut problem = error(format!("nobody fills the pool `{name}`")).help(format!(
                "capture into it: `capture: [{{ json: \"$.id\", as: {name} }}]`"
            ));
            for capture in captures(self.input.scenario) {
                if nearest(&capture.into.value, [name]).is_some() {
                    problem = problem.also(capture.into.span, format!("did you mean `{name}` here?"));
                }
            }
            self.found.push(problem);
            return;
        };
        let filler_name = filler.name.clone();
        let span = self
            .input
            .scenario
            .endpoints
            .iter()
            .find(|e| e.name.value == filler_name)
            .map(|e| e.name.span);
        let message = if !reachable.iter().any(|endpoint| endpoint.name == filler_name) {
            format!("the pool `{name}` is filled by `{filler_name}` only, which is never called")
        } else if filler.needs_pools.contains(&pool) {
            format!("the pool `{name}` is filled by `{filler_name}` only, which needs a value of it first")
        } else {
            let other = filler
                .needs_pools
                .first()
                .map(|other| self.data.pools[*other].name.to_string());
            let other = other.unwrap_or_default();
            format!(
                "the pool `{name}` is filled by `{filler_name}` only, which needs the pool `{other}`, which cannot be filled before it"
            )
        };
        let problem =
            error(message).help("let an endpoint fill it that needs no pool, or put one into `on_start`");
        self.found.push(match span {
            Some(span) => problem.also(span, "fills it"),
            None => problem,
        });
    }

    /// Data sources of which no endpoint needs a value.
    pub(super) fn tell_unused_data(&mut self, endpoints: &[Endpoint]) {
        for data in &self.input.scenario.data {
            let Some(name) = self.names.data.get(&data.name.value) else {
                continue;
            };
            let source = matches!(self.names.slots.kind(name.slot), SlotKind::Source(_));
            if source
                && !endpoints
                    .iter()
                    .any(|endpoint| endpoint.needs.contains(&name.slot))
            {
                let message = format!("nothing uses the data `{}`", data.name.value);
                self.found.push(Diagnostic::warning(data.name.span, message));
            }
        }
    }

    fn warn_unused(&mut self, pool: usize) {
        if let Some(data) = self.written_pool(pool) {
            let message = format!("nothing uses the pool `{}`", data.name.value);
            self.found.push(Diagnostic::warning(data.name.span, message));
        }
    }

    fn written_pool(&self, pool: usize) -> Option<&'a Data> {
        let name = &*self.data.pools[pool].name;
        self.input
            .scenario
            .data
            .iter()
            .find(|data| data.name.value == name)
    }
}

fn fills(step: &Step) -> impl Iterator<Item = usize> {
    step.request
        .captures
        .iter()
        .filter_map(|capture| match capture.target {
            CaptureTarget::Pool(pool) => Some(pool),
            CaptureTarget::Slot(_) => None,
        })
}
