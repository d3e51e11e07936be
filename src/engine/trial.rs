//! Requests that are sent once and not measured: `runner try`, setup and teardown.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use tokio::task::LocalSet;
use tokio::time::Instant;

use super::clock::Clock;
use super::request::Prepared;
use super::shared::{Shared, Stopper};
use super::step::{Sender, StepEnd, Trace};
use super::transport::{self, Transport};
use super::user::User;
use super::worker::{Show, Worker};
use super::{EngineError, worker};
use crate::plan::draw::{Draw, Purpose};
use crate::plan::target::TransportKind;
use crate::plan::{EndpointId, Plan, Step};

/// The actor whose random streams setup and teardown use: no user or arrival has this number.
const NOBODY: u64 = u64::MAX;

/// Does setup, `on_start`, every other endpoint once and teardown, by one user, and shows each request. An endpoint
/// that needs a pool comes after those that fill it; the names of those whose pool stayed empty are returned.
pub async fn trial(plan: Arc<Plan>, show: impl FnMut(Trace) + 'static) -> Result<Vec<String>, EngineError> {
    let connector = transport::Shared::new(&plan.transport)?;
    match plan.transport.kind {
        TransportKind::Direct => attempt(plan, transport::DirectTransport::new(&connector), show).await,
        TransportKind::Reqwest => attempt(plan, transport::ReqwestTransport::new(&connector)?, show).await,
    }
}

async fn attempt<T: Transport>(
    plan: Arc<Plan>,
    transport: T,
    show: impl FnMut(Trace) + 'static,
) -> Result<Vec<String>, EngineError> {
    let (token, _refresh) = super::first_token(&plan, &transport).await?;
    let shared = Arc::new(Shared::new(plan, Stopper::default(), token));
    let worker = lone_worker(&shared, transport, Some(Box::new(show)));
    LocalSet::new().run_until(every_endpoint(&worker)).await
}

async fn every_endpoint<T: Transport>(worker: &Rc<Worker<T>>) -> Result<Vec<String>, EngineError> {
    let shared = &worker.shared;
    let plan = &shared.plan;
    once(worker, &plan.setup).await.map_err(setup_error)?;
    let mut user = User::new(worker, 0);
    user.unbind();
    let mut left: Vec<EndpointId> = plan.on_start.clone();
    left.extend(
        (0..plan.endpoints.len())
            .map(|n| EndpointId(n as u16))
            .filter(|id| !plan.on_start.contains(id)),
    );
    loop {
        let ready = |id: &EndpointId| {
            plan.endpoint(*id)
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
    once(worker, &plan.teardown).await.map_err(setup_error)?;
    Ok(left.iter().map(|&id| plan.endpoint(id).name.clone()).collect())
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
    if let Some(worker) = Rc::get_mut(&mut worker) {
        worker.show = show.map(RefCell::new);
    }
    worker
}

/// Does the steps in order, until one fails: its name, and why.
async fn once<T: Transport>(worker: &Worker<T>, steps: &[Step]) -> Result<(), (String, String)> {
    let mut sender = Sender::new(worker.transport.client());
    let mut values = worker.shared.new_values();
    let draw = Draw::new(worker.plan().seed, NOBODY, 0);
    for (at, step) in steps.iter().enumerate() {
        let prepared = Prepared::new(&step.request);
        let random = draw.stream(Purpose::Capture(at as u32));
        let now = worker.clock.now();
        if let StepEnd::Failed(words) = sender
            .step(worker, (step, &prepared), &mut values, now, random)
            .await
        {
            return Err((worker.name(step), words.to_string()));
        }
    }
    worker.shared.keep_run_values(values);
    Ok(())
}
