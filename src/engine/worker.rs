//! One worker: the users that live on one thread, and what they share there.

use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::time::Duration;

use rand_core::Rng;

use super::clock::Clock;
use super::schedule::Follower;
use super::shared::Shared;
use super::step::Trace;
use super::timer::Timer;
use super::transport::Transport;
use crate::measure::recorder::Recorder;
use crate::plan::draw::{Draw, Purpose, uniform};
use crate::plan::{EndpointId, Plan, RowId, StageId, Step};

/// Shows one request to a person.
pub(super) type Show = Box<dyn FnMut(Trace)>;

/// What the users of one worker share; never leaves its thread.
pub(super) struct Worker<T> {
    pub(super) shared: Arc<Shared>,
    pub(super) clock: Clock,
    timer: Timer,
    pub(super) transport: T,
    pub(super) recorder: RefCell<Recorder>,
    /// This worker's number, of how many: it runs every n-th user or arrival.
    pub(super) index: u64,
    pub(super) workers: u64,
    /// Who is shown each request: `runner try`.
    pub(super) show: Option<RefCell<Show>>,
    /// The load as it is planned now: asked for each request, so not where all workers would meet.
    follower: RefCell<Follower>,
    /// Stage of the last request: almost always that of the next, too.
    stage: Cell<StageId>,
}

impl<T: Transport> Worker<T> {
    pub(super) fn new(
        shared: Arc<Shared>,
        clock: Clock,
        transport: T,
        recorder: Recorder,
        (index, workers): (u64, u64),
    ) -> Self {
        let recorder = RefCell::new(recorder);
        let follower = RefCell::new(shared.schedule.follow());
        Self {
            shared,
            clock,
            timer: Timer::default(),
            transport,
            recorder,
            index,
            workers,
            show: None,
            follower,
            stage: Cell::new(StageId(0)),
        }
    }

    /// With a timer that is not tokio's.
    pub(super) fn with_timer(self, timer: Timer) -> Self {
        Self { timer, ..self }
    }

    pub(super) fn plan(&self) -> &Plan {
        &self.shared.plan
    }

    /// A step as messages name it: as the reports list it, or in setup and teardown its own name.
    pub(super) fn name(&self, step: &Step) -> String {
        if step.row == RowId::UNMEASURED {
            return step.name.clone();
        }
        self.plan().outline.row(step.row).name.clone()
    }

    /// Whether a user or arrival is this worker's.
    pub(super) fn owns(&self, number: u64) -> bool {
        number % self.workers == self.index
    }

    /// The stage that a request sent now belongs to.
    pub(super) fn stage(&self, now: Duration) -> StageId {
        let stage = self
            .follower
            .borrow_mut()
            .course()
            .stage_from(self.stage.get(), now);
        self.stage.set(stage);
        stage
    }

    /// Waits until a moment of the course; false where the course has changed before.
    pub(super) async fn wait_on_course(&self, follower: &mut Follower, at: Duration) -> bool {
        let now = self.clock.now();
        let first = follower.waited_for.replace(at) != Some(at);
        if at <= now {
            // Of many that are to begin at one moment each begins after the other: none of those is late.
            if first {
                self.recorder.borrow_mut().late(now.saturating_sub(at));
            }
            return true;
        }
        tokio::select! {
            () = self.wait_until(at) => true,
            () = follower.changed() => false,
        }
    }

    /// Until when the run is paused, if it is.
    pub(super) fn pause(&self) -> Option<Duration> {
        if !self.follower.borrow_mut().has_pause() {
            return None;
        }
        let stage = self.stage(self.clock.now());
        self.follower.borrow_mut().course().pause(stage)
    }

    /// While the run is paused, waits until it goes on.
    pub(super) async fn wait_out_pause(&self) {
        let mut follower = self.shared.schedule.follow();
        while let Some(until) = self.pause() {
            self.wait_on_course(&mut follower, until).await;
        }
    }

    /// Waits until `at`, recording how late the wake-up was.
    pub(super) async fn wait_until(&self, at: Duration) {
        let woke = self.timer.until(self.clock.moment(at)).await;
        let late = self.clock.since_start(woke).saturating_sub(at);
        self.recorder.borrow_mut().late(late);
    }

    /// The first request of the endpoint that an arrival will draw, unless a pool is empty then.
    pub(super) fn likely_row(&self, arrival: u64) -> RowId {
        let mut random = Draw::new(self.plan().seed, arrival, 0).stream(Purpose::Endpoint);
        let all = self.plan().mix().map(|(_, endpoint)| (endpoint, endpoint.weight));
        let first = choose(&mut random, all).and_then(|endpoint| endpoint.steps.first());
        first.map_or(RowId(0), |step| step.row)
    }

    /// Draws an endpoint by weight among those whose pools hold something; `None` when there is none.
    pub(super) fn draw_endpoint(&self, draw: Draw) -> Option<EndpointId> {
        let ready = |needs: &[usize]| {
            let empty = needs.iter().find(|&&pool| self.shared.pools.is_empty(pool));
            if let Some(&pool) = empty {
                self.recorder.borrow_mut().pool_empty(pool);
            }
            empty.is_none()
        };
        let drawable = || {
            self.plan()
                .mix()
                .filter(|(_, endpoint)| endpoint.needs_pools.is_empty() || ready(&endpoint.needs_pools))
        };
        choose(
            &mut draw.stream(Purpose::Endpoint),
            drawable().map(|(id, endpoint)| (id, endpoint.weight)),
        )
    }
}

/// One of the choices, each as likely as its weight says.
fn choose<I>(random: &mut impl Rng, choices: impl Iterator<Item = (I, f64)>) -> Option<I> {
    // One pass, one random number: the n-th choice takes the place with probability weight / (sum so far), and the
    // part of the number that was not used up decides the next (its distribution given the outcome is uniform again).
    let mut part = uniform(random);
    let (mut chosen, mut sum) = (None, 0.0);
    for (choice, weight) in choices {
        sum += weight;
        let share = weight / sum;
        if part < share {
            chosen = Some(choice);
            part /= share;
        } else {
            part = (part - share) / (1.0 - share);
        }
    }
    chosen
}

#[cfg(test)]
mod tests {
    use super::choose;
    use crate::plan::draw::{Draw, Purpose};

    #[test]
    fn choices_come_in_proportion_to_their_weights() {
        // Chi-square with 3 degrees of freedom is above 21.1 with probability 1e-4.
        let weights = [("osu", 2.0), ("term", 2.0), ("none", 1.0), ("id", 1.0)];
        let mut counts = std::collections::HashMap::new();
        let n = 60_000;
        for user in 0..n {
            let mut random = Draw::new(5, user, 0).stream(Purpose::Endpoint);
            *counts
                .entry(choose(&mut random, weights.iter().copied()))
                .or_insert(0.0_f64) += 1.0;
        }
        let chi: f64 = weights
            .iter()
            .map(|&(name, weight)| {
                let expected = n as f64 * weight / 6.0;
                (counts[&Some(name)] - expected).powi(2) / expected
            })
            .sum();
        assert!(chi < 21.1, "chi-square {chi}: {counts:?}");
    }

    #[test]
    fn there_is_nothing_to_choose_from_nothing() {
        let mut random = Draw::new(5, 0, 0).stream(Purpose::Endpoint);
        assert_eq!(choose(&mut random, std::iter::empty::<((), f64)>()), None);
    }
}
