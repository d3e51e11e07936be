//! Requests that are sent once and not measured: `runner try`, setup and teardown.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use tokio::task::LocalSet;
use tokio::time::Instant;

use super::clock::Clock;
use super::control::Control;
use super::request::Prepared;
use super::shared::Shared;
use super::step::{Sender, Trace};
use super::transport::{self, Transport};
use super::user::User;
use super::worker::{Show, Worker};
use super::{EngineError, worker};
use crate::plan::draw::{Draw, Purpose};
use crate::plan::target::TransportKind;
use crate::plan::{EndpointId, Plan, Step};

/// The actor whose random streams setup and teardown use: no user or arrival has this number.
const NOBODY: u64 = u64::MAX;

/// A request that was not tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Untried {
    /// As the reports list it; the endpoint's where none of its requests was.
    pub name: String,
    /// Why.
    pub why: Why,
}

/// Why a request was not tried. `Display` ends a sentence that begins with "as".
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Why {
    /// It needs a captured value.
    #[error("no request filled the pool that it needs")]
    Pool,
    /// A failed step ends its journey.
    #[error("a step before it failed")]
    Failed,
    /// The scenario leaves it out.
    #[error("its `if` did not hold")]
    Condition,
    /// A source gave none.
    #[error("there was no value for it")]
    NoValue,
}

/// Does setup, `on_start`, every other endpoint once, `on_stop` and teardown, by one user, and shows each request. An
/// endpoint that needs a pool comes after those that fill it. Gives what was not tried.
pub async fn trial(plan: Arc<Plan>, show: impl FnMut(Trace) + 'static) -> Result<Vec<Untried>, EngineError> {
    let connector = transport::Shared::new(&plan.transport)?;
    match plan.transport.kind {
        TransportKind::Direct => attempt(plan, transport::DirectTransport::new(&connector), show).await,
        TransportKind::Reqwest => attempt(plan, transport::ReqwestTransport::new(&connector)?, show).await,
    }
}

async fn attempt<T: Transport>(
    plan: Arc<Plan>,
    transport: T,
    mut show: impl FnMut(Trace) + 'static,
) -> Result<Vec<Untried>, EngineError> {
    let (token, _refresh) = super::first_token(&plan, &transport).await?;
    let shared = Arc::new(Shared::new(plan, Control::default(), token));
    let tried = Rc::new(RefCell::new(HashMap::new()));
    let seen = Rc::clone(&tried);
    let watched = move |trace: Trace| {
        seen.borrow_mut()
            .insert(trace.name.clone(), trace.failure.is_some());
        show(trace);
    };
    let worker = lone_worker(&shared, transport, Some(Box::new(watched)));
    let left = LocalSet::new().run_until(every_endpoint(&worker)).await?;
    Ok(untried(&worker, &left, &tried.borrow()))
}

/// What was not tried. `left`: endpoints that were not even begun; `tried`: the others' requests, and whether they failed.
fn untried<T: Transport>(
    worker: &Worker<T>,
    left: &[EndpointId],
    tried: &HashMap<String, bool>,
) -> Vec<Untried> {
    let mut all = Vec::new();
    for (number, endpoint) in worker.plan().endpoints.iter().enumerate() {
        if left.contains(&EndpointId(number as u16)) {
            all.push(Untried {
                name: endpoint.name.clone(),
                why: Why::Pool,
            });
            continue;
        }
        let mut failed = false;
        for step in &endpoint.steps {
            let name = worker.name(step);
            if let Some(fails) = tried.get(&name) {
                failed |= fails;
                continue;
            }
            let why = match &step.condition {
                _ if failed => Why::Failed,
                Some(_) => Why::Condition,
                None => Why::NoValue,
            };
            all.push(Untried { name, why });
        }
    }
    all
}

/// Gives the endpoints whose pool stayed empty.
async fn every_endpoint<T: Transport>(worker: &Rc<Worker<T>>) -> Result<Vec<EndpointId>, EngineError> {
    let shared = &worker.shared;
    let plan = &shared.plan;
    once(worker, &plan.setup).await.map_err(setup_error)?;
    let mut user = User::new(worker, 0);
    user.unbind();
    let mut left: Vec<EndpointId> = plan.on_start.clone();
    left.extend(
        (0..plan.endpoints.len())
            .map(|n| EndpointId(n as u16))
            .filter(|id| !plan.on_start.contains(id) && !plan.on_stop.contains(id)),
    );
    each(worker, &mut user, &mut left).await;
    // What ends a user's session comes when nothing else can use it any more.
    let mut last: Vec<EndpointId> = plan.on_stop.clone();
    last.retain(|id| !plan.on_start.contains(id));
    each(worker, &mut user, &mut last).await;
    once(worker, &plan.teardown).await.map_err(setup_error)?;
    left.append(&mut last);
    Ok(left)
}

/// Does each of the endpoints once, one whose pool is still empty after those that may fill it. Those it cannot do are left.
async fn each<T: Transport>(worker: &Rc<Worker<T>>, user: &mut User<T>, left: &mut Vec<EndpointId>) {
    let shared = &worker.shared;
    loop {
        let ready = |id: &EndpointId| {
            let endpoint = shared.plan.endpoint(*id);
            endpoint
                .needs_pools
                .iter()
                .all(|&pool| !shared.pools.is_empty(pool))
        };
        let Some(at) = left.iter().position(ready) else {
            break;
        };
        let id = left.remove(at);
        user.iteration(id, worker.clock.now()).await;
    }
}

/// The requests before the first user. A failed one means that there is nothing to put under load.
pub(super) async fn setup<T: Transport>(shared: &Arc<Shared>, transport: T) -> Result<(), EngineError> {
    once(&lone_worker(shared, transport, None), &shared.plan.setup)
        .await
        .map_err(setup_error)
}

/// The requests after the last user. Gives what failed, in words.
pub(super) async fn teardown<T: Transport>(shared: &Arc<Shared>, transport: T) -> Option<String> {
    let done = once(&lone_worker(shared, transport, None), &shared.plan.teardown).await;
    done.err()
        .map(|(step, words)| format!("teardown failed at `{step}`: {words}"))
}

fn setup_error((step, words): (String, String)) -> EngineError {
    EngineError::Setup { step, words }
}

/// A worker of its own, whose records nobody reads.
fn lone_worker<T: Transport>(shared: &Arc<Shared>, transport: T, show: Option<Show>) -> Rc<Worker<T>> {
    let clock = Clock::starting_at(Instant::now());
    let mut worker = worker(shared, clock, transport, (0, 1));
    worker.show = show.map(RefCell::new);
    Rc::new(worker)
}

/// Does the steps in order, until one fails: its name, and why.
async fn once<T: Transport>(worker: &Worker<T>, steps: &[Step]) -> Result<(), (String, String)> {
    let mut sender = Sender::new(worker.transport.client());
    let mut values = worker.shared.new_values();
    let draw = Draw::new(worker.plan().seed, NOBODY, 0);
    for (at, step) in steps.iter().enumerate() {
        let prepared = Prepared::new(&step.request);
        let drawn = (draw, Purpose::Capture(at as u32));
        let now = worker.clock.now();
        let end = sender
            .step(worker, (step, &prepared), &mut values, now, drawn)
            .await;
        if let Some(why) = end.failure() {
            return Err((worker.name(step), why.to_string()));
        }
    }
    worker.shared.keep_run_values(values);
    Ok(())
}
