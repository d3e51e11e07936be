//! What all workers of a run share: written rarely, or one atomic each.

use std::borrow::Cow;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use http::HeaderValue;
use tokio::sync::watch;

use super::control::{Control, Stop};
use super::pools::Pools;
use super::request::{Prepared, prepare};
use super::schedule::Schedule;
use crate::plan::template::Values;
use crate::plan::{Auth, Plan, StopAfter};

/// The state of one run.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) plan: Arc<Plan>,
    pub(super) prepared: Vec<Vec<Prepared>>,
    /// One for each source of the plan that is walked rather than drawn at random.
    pub(super) cursors: Vec<AtomicU64>,
    pub(super) pools: Pools,
    pub(super) control: Control,
    /// The load as it is planned now.
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
        control: Control,
        token: Option<watch::Receiver<HeaderValue>>,
    ) -> Self {
        Self {
            prepared: prepare(&plan),
            cursors: plan.sources.iter().map(|_| AtomicU64::new(0)).collect(),
            pools: Pools::new(&plan.pools),
            control,
            schedule: Schedule::new(&plan.outline, plan.profile.model),
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
            self.control.stop(Stop::Gently);
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
        self.schedule.course().profile.duration()
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
    pub(super) fn authorization(&self) -> Option<Cow<'_, HeaderValue>> {
        match (&self.plan.session.auth, &self.token) {
            (Auth::Header(value), _) => Some(Cow::Borrowed(value)),
            (Auth::ClientCredentials(_), Some(token)) => Some(Cow::Owned(token.borrow().clone())),
            _ => None,
        }
    }
}
