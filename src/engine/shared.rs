//! What all workers of a run share: written rarely, or one atomic each.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use http::HeaderValue;
use tokio::sync::watch;

use super::pools::Pools;
use super::request::{Prepared, prepare};
use super::schedule::Schedule;
use crate::plan::template::Values;
use crate::plan::{Auth, Plan, StopAfter};

/// How a run is asked to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stop {
    /// It is not.
    Run,
    /// Each user finishes its iteration, for at most `graceful_stop`.
    Gently,
    /// What is in flight is given up.
    Now,
}

/// Asks a run to end. Cloned freely; the last word of several is the strongest.
#[derive(Clone, Debug)]
pub struct Stopper {
    sender: watch::Sender<Stop>,
}

impl Default for Stopper {
    fn default() -> Self {
        Self {
            sender: watch::Sender::new(Stop::Run),
        }
    }
}

impl Stopper {
    /// Asks; a gentle stop never takes back a hard one.
    pub fn stop(&self, how: Stop) {
        self.sender.send_if_modified(|now| {
            let stronger = how > *now;
            if stronger {
                *now = how;
            }
            stronger
        });
    }

    /// What was asked so far.
    pub fn asked(&self) -> Stop {
        *self.sender.borrow()
    }

    /// Waits until at least `how` is asked.
    pub async fn asked_for(&self, how: Stop) {
        stopped(&mut self.subscribe(), how).await;
    }

    /// For one who waits for it. The sender lives as long as the run's state.
    pub(super) fn subscribe(&self) -> watch::Receiver<Stop> {
        self.sender.subscribe()
    }
}

/// Waits until at least `how` is asked. For ever, if the one who could ask is gone.
pub(super) async fn stopped(receiver: &mut watch::Receiver<Stop>, how: Stop) {
    if receiver.wait_for(|now| *now >= how).await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// The state of one run.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) plan: Arc<Plan>,
    pub(super) prepared: Vec<Vec<Prepared>>,
    /// One for each source of the plan that is walked rather than drawn at random.
    pub(super) cursors: Vec<AtomicU64>,
    pub(super) pools: Pools,
    pub(super) stopper: Stopper,
    /// How far the run is ahead of its plan.
    pub(super) schedule: Schedule,
    /// The current token as a header value; the coordinator refreshes it.
    pub(super) token: Option<watch::Receiver<HeaderValue>>,
    /// The values a user begins with: what setup captured.
    run_values: OnceLock<Values>,
    /// When the last worker stopped beginning iterations, microseconds since the start of the load.
    load_until: AtomicU64,
    /// Requests or iterations begun, counted only where `stop_after` bounds them.
    begun: AtomicU64,
}

impl Shared {
    pub(super) fn new(
        plan: Arc<Plan>,
        stopper: Stopper,
        token: Option<watch::Receiver<HeaderValue>>,
    ) -> Self {
        Self {
            prepared: prepare(&plan),
            cursors: plan.sources.iter().map(|_| AtomicU64::new(0)).collect(),
            pools: Pools::new(&plan.pools),
            stopper,
            schedule: Schedule::default(),
            token,
            run_values: OnceLock::new(),
            load_until: AtomicU64::new(0),
            begun: AtomicU64::new(0),
            plan,
        }
    }

    /// A user's values at its start.
    pub(super) fn new_values(&self) -> Values {
        self.run_values
            .get()
            .cloned()
            .unwrap_or_else(|| Values::new(&self.plan.slots))
    }

    /// Keeps what setup captured; teardown's captures change nothing.
    pub(super) fn keep_run_values(&self, values: Values) {
        let _ = self.run_values.set(values);
    }

    /// Whether `stop_after` lets another request begin.
    pub(super) fn may_request(&self) -> bool {
        match self.plan.stop_after {
            Some(StopAfter::Requests(most)) => self.count_to(most),
            _ => true,
        }
    }

    /// Whether `stop_after` lets another iteration begin.
    pub(super) fn may_iterate(&self) -> bool {
        match self.plan.stop_after {
            Some(StopAfter::Iterations(most)) => self.count_to(most),
            _ => true,
        }
    }

    fn count_to(&self, most: u64) -> bool {
        let before = self.begun.fetch_add(1, Ordering::Relaxed);
        if before >= most.saturating_sub(1) {
            self.stopper.stop(Stop::Gently);
        }
        before < most
    }

    /// A worker begins no iteration from now on.
    pub(super) fn load_ends(&self, now: Duration) {
        self.load_until
            .fetch_max(now.as_micros() as u64, Ordering::Relaxed);
    }

    /// When the load ended: at the end of the last stage at the latest.
    pub(super) fn load_until(&self) -> Duration {
        Duration::from_micros(self.load_until.load(Ordering::Relaxed)).min(self.planned_end())
    }

    /// When the last stage ends, as it is planned now.
    pub(super) fn planned_end(&self) -> Duration {
        let planned = self.plan.profile.duration();
        self.schedule.shift().due(planned).unwrap_or(planned)
    }

    /// Whether `stop_after` ended the run.
    pub(super) fn stop_after_reached(&self) -> bool {
        match self.plan.stop_after {
            Some(StopAfter::Requests(most) | StopAfter::Iterations(most)) => {
                self.begun.load(Ordering::Relaxed) >= most
            }
            None => false,
        }
    }

    /// Text that came from outside, without any secret of the run.
    pub(super) fn scrub(&self, text: &str) -> String {
        let mut text = self.plan.scrubber.scrub(text);
        if let Some(token) = &self.token
            && let Some(token) = token
                .borrow()
                .to_str()
                .ok()
                .and_then(|value| value.strip_prefix("Bearer "))
        {
            text = text.replace(token, crate::plan::secret::MASK);
        }
        text
    }

    /// The credentials of a request, at this moment.
    pub(super) fn authorization(&self) -> Option<HeaderValue> {
        match (&self.plan.session.auth, &self.token) {
            (Auth::Header(value), _) => Some(value.clone()),
            (Auth::ClientCredentials(_), Some(token)) => Some(token.borrow().clone()),
            _ => None,
        }
    }
}
