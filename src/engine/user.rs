//! What one virtual user does: iterations of requests, judged and recorded.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use tokio::sync::Notify;

use super::control::Stop;
use super::step::{Sender, StepEnd};
use super::transport::Transport;
use super::worker::Worker;
use crate::measure::recorder::IterationResult;
use crate::plan::draw::{Draw, Purpose, uniform};
use crate::plan::template::{SlotKind, Values};
use crate::plan::think::Think;
use crate::plan::value::Value;
use crate::plan::{EndpointId, OnStartFailure, SessionOf, StageId, Step};

/// How long a user waits at least after an iteration in which nothing was sent: else it would spin.
const NOTHING_SENT: Duration = Duration::from_millis(100);

/// How long a user waits before it tries a failed `on_start` again: doubled each time, up to the longest.
const FIRST_RETRY: Duration = Duration::from_secs(1);
const LONGEST_RETRY: Duration = Duration::from_secs(30);

/// Tells one user to leave. Held by the user and by the worker's list of users.
#[derive(Debug, Default)]
pub(super) struct Leave {
    asked: Cell<bool>,
    wake: Notify,
}

impl Leave {
    /// Asks the user to leave after its iteration. One that thinks goes on thinking until it is woken.
    pub(super) fn ask(&self) {
        self.asked.set(true);
    }

    /// Wakes it if it thinks.
    pub(super) fn wake(&self) {
        self.wake.notify_one();
    }

    fn asked(&self) -> bool {
        self.asked.get()
    }
}

/// How an iteration ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum IterationEnd {
    /// Every step was done.
    Done,
    /// A step failed; the others were left out.
    Failed,
    /// Data came to its end, or `stop_after` was reached: this user has nothing more to do.
    Finished,
}

/// How `on_start` ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Start {
    /// Done, or the scenario goes on all the same; and when the first iteration is due.
    Done(Duration),
    /// An iteration of it failed.
    Failed,
    /// As [`IterationEnd::Finished`].
    Finished,
}

/// One virtual user.
pub(super) struct User<T: Transport> {
    worker: Rc<Worker<T>>,
    sender: Sender<T::Client>,
    values: Values,
    /// User number in the closed model, arrival number in the open one: the key of its random streams.
    actor: u64,
    iteration: u64,
    /// Has served an arrival of the open model.
    served: bool,
    /// What it does counts for `stop_after` and is bounded by it.
    bounded: bool,
    /// When the first request of the iteration was sent, and the stage it was in.
    begun: Option<(Duration, StageId)>,
    /// Whether the last iteration sent a request.
    sent: bool,
    /// When the last iteration ended: its last request, or the thinking after that. What this program did with the response
    /// is none of the user's time.
    ended: Duration,
}

/// Takes a user out of the count while it lives, and puts it back however it ends: whoever drops the user counts it out again.
struct Away<'a, T: Transport> {
    worker: &'a Worker<T>,
}

impl<'a, T: Transport> Away<'a, T> {
    fn new(worker: &'a Worker<T>) -> Self {
        worker.recorder.borrow_mut().users(worker.clock.now(), -1);
        Self { worker }
    }
}

impl<T: Transport> Drop for Away<'_, T> {
    fn drop(&mut self) {
        self.worker
            .recorder
            .borrow_mut()
            .users(self.worker.clock.now(), 1);
    }
}

impl<T: Transport> User<T> {
    pub(super) fn new(worker: &Rc<Worker<T>>, actor: u64) -> Self {
        Self {
            sender: Sender::new(worker.transport.client()),
            values: worker.shared.new_values(),
            worker: Rc::clone(worker),
            actor,
            iteration: 0,
            served: false,
            bounded: true,
            begun: None,
            sent: false,
            ended: Duration::ZERO,
        }
    }

    /// From now on it takes no heed of `stop_after`.
    pub(super) fn unbind(&mut self) {
        self.bounded = false;
    }

    /// Makes an idle user of the open model the one that serves an arrival.
    pub(super) fn serve(&mut self, arrival: u64) {
        self.actor = arrival;
        self.iteration = 0;
        self.served = true;
    }

    /// The whole life of a user of the closed model.
    pub(super) async fn live(&mut self, leave: &Leave, start: Duration) {
        let mut due = start;
        loop {
            let next = match self.started(leave, due).await {
                Some(due) => self.iterate(leave, due).await,
                None => None,
            };
            self.last().await;
            // Only where each iteration is a session is there a next one.
            let Some(next) = next else { return };
            self.renew();
            due = next;
            if due > self.worker.clock.now() {
                self.think_until(due, leave).await;
            }
            if self.worker.pause().is_some() {
                self.wait_out_pause(leave).await;
                due = self.worker.clock.now();
            }
            if leave.asked() {
                return;
            }
            tokio::task::consume_budget().await;
        }
    }

    /// `on_start`, again and again where the scenario says so. Gives when the next is due; `None` when the user leaves.
    async fn started(&mut self, leave: &Leave, start: Duration) -> Option<Duration> {
        let mut due = start;
        let mut wait = FIRST_RETRY;
        loop {
            match self.first(due).await {
                Start::Done(next) => return Some(next),
                Start::Finished => return None,
                Start::Failed => {}
            }
            if self.worker.plan().on_start_failure == OnStartFailure::StopUser {
                self.worker.recorder.borrow_mut().user_stopped();
                return None;
            }
            due = self.ended + wait;
            wait = LONGEST_RETRY.min(2 * wait);
            self.wait_to_retry(due, leave).await;
            if leave.asked() {
                return None;
            }
        }
    }

    /// A user that waits to try again does not work: it is none of the level's users.
    async fn wait_to_retry(&self, at: Duration, leave: &Leave) {
        let _away = Away::new(&self.worker);
        tokio::select! {
            biased;
            () = leave.wake.notified() => {}
            () = self.worker.wait_until(at) => {}
        }
    }

    /// `on_start` once, with no think after it.
    pub(super) async fn first(&mut self, mut due: Duration) -> Start {
        let worker = Rc::clone(&self.worker);
        let goes_on = worker.plan().on_start_failure == OnStartFailure::Continue;
        for &endpoint in &worker.plan().on_start {
            match self.iteration(endpoint, due).await {
                IterationEnd::Finished => return Start::Finished,
                IterationEnd::Failed if !goes_on => {
                    worker.recorder.borrow_mut().start_failed();
                    return Start::Failed;
                }
                IterationEnd::Failed | IterationEnd::Done => {}
            }
            due = self.ended;
        }
        Start::Done(due)
    }

    /// Begins a session of its own: a new connection, no cookie, nothing captured.
    fn renew(&mut self) {
        self.sender = Sender::new(self.worker.transport.client());
        self.values = self.worker.shared.new_values();
    }

    /// Whether it has done nothing yet.
    pub(super) fn is_new(&self) -> bool {
        self.iteration == 0 && !self.served
    }

    /// One iteration of an endpoint drawn by weight (open model).
    pub(super) async fn drawn_iteration(&mut self, due: Duration) -> IterationEnd {
        match self.worker.draw_endpoint(self.draw()) {
            Some(endpoint) => {
                self.worker.recorder.borrow_mut().drawn(endpoint);
                self.iteration(endpoint, due).await
            }
            None => IterationEnd::Done,
        }
    }

    /// `on_stop`, whatever ended the run, unless what is left is to be given up.
    pub(super) async fn last(&mut self) {
        let bounded = std::mem::replace(&mut self.bounded, false);
        let worker = Rc::clone(&self.worker);
        for &endpoint in &worker.plan().on_stop {
            if worker.shared.control.asked() < Stop::Now {
                self.iteration(endpoint, worker.clock.now()).await;
            }
        }
        self.bounded = bounded;
    }

    /// Iterations until the user is to leave; or one, where that is a session. Gives when the next session is due.
    async fn iterate(&mut self, leave: &Leave, mut due: Duration) -> Option<Duration> {
        let one = self.worker.plan().session_of == SessionOf::Iteration;
        while !leave.asked() {
            if self.worker.pause().is_some() {
                self.wait_out_pause(leave).await;
                if leave.asked() {
                    return None;
                }
                due = self.worker.clock.now() + self.pause_after_pause();
                self.think_until(due, leave).await;
                continue;
            }
            let draw = self.draw();
            let drawn = self.worker.draw_endpoint(draw);
            let begun = due;
            if let Some(endpoint) = drawn {
                self.worker.recorder.borrow_mut().drawn(endpoint);
                if self.iteration(endpoint, due).await == IterationEnd::Finished {
                    return None;
                }
            } else {
                self.iteration += 1;
                self.sent = false;
                self.ended = self.worker.clock.now();
            }
            due = self.next_due(draw, begun, drawn);
            if one {
                return Some(due);
            }
            if due > self.ended {
                self.think_until(due, leave).await;
            }
            // Users that hardly think must not starve the others of their thread, should they never have to wait.
            tokio::task::consume_budget().await;
        }
        None
    }

    /// Waits until the run goes on or the user is asked to leave.
    async fn wait_out_pause(&self, leave: &Leave) {
        tokio::select! {
            () = self.worker.wait_out_pause() => {}
            () = leave.wake.notified() => {}
        }
    }

    /// A think time of its own, so that users do not all go on at the same moment: for a pace a part of it.
    fn pause_after_pause(&self) -> Duration {
        let mut random = self.draw().stream(Purpose::Think(u32::MAX));
        match self.worker.plan().think {
            Think::Pace(every) => every.mul_f64(uniform(&mut random)),
            think => think.sample(&mut random),
        }
    }

    /// When the next iteration is due, given when this one was.
    fn next_due(&self, draw: Draw, begun: Duration, drawn: Option<EndpointId>) -> Duration {
        let now = self.ended;
        let think = self.worker.plan().think;
        let pause = think.sample(&mut draw.stream(Purpose::Think(0)));
        let due = match think {
            Think::Pace(every) => {
                // The latest tick that has passed, or else the next: a late user starts at once, ticks that passed
                // altogether are skipped, so that no burst follows a stall.
                let passed = now.saturating_sub(begun).as_nanos() / every.as_nanos().max(1);
                if passed > 0
                    && let Some(endpoint) = drawn
                {
                    self.worker.recorder.borrow_mut().pace_overrun(endpoint);
                }
                begun + every * (passed.max(1) as u32)
            }
            _ => now + pause,
        };
        if self.sent {
            due
        } else {
            due.max(now + NOTHING_SENT)
        }
    }

    /// Thinks until `at`, or until asked to leave.
    async fn think_until(&self, at: Duration, leave: &Leave) {
        let worker = &self.worker;
        worker.recorder.borrow_mut().thinking(worker.clock.now(), 1);
        tokio::select! {
            biased;
            () = leave.wake.notified() => {}
            () = worker.wait_until(at) => {}
        }
        worker.recorder.borrow_mut().thinking(worker.clock.now(), -1);
    }

    fn draw(&self) -> Draw {
        Draw::new(self.worker.plan().seed, self.actor, self.iteration)
    }

    /// One iteration of an endpoint: its values are drawn, its steps done in order until one fails.
    pub(super) async fn iteration(&mut self, id: EndpointId, due: Duration) -> IterationEnd {
        let worker = Rc::clone(&self.worker);
        if self.bounded && !worker.shared.may_iterate() {
            return IterationEnd::Finished;
        }
        let draw = self.draw();
        self.iteration += 1;
        self.sent = false;
        if let Err(end) = self.draw_values(id, draw) {
            return end;
        }
        self.begun = None;
        let end = self.steps(id, due, draw).await;
        if end != IterationEnd::Finished {
            let (begun, stage) = self.begun.unwrap_or_else(|| {
                // It sent nothing.
                self.ended = worker.clock.now();
                (self.ended, worker.stage(self.ended))
            });
            let result = match end {
                IterationEnd::Done if self.sent => IterationResult::Done,
                IterationEnd::Done => IterationResult::SentNothing,
                _ => IterationResult::Failed,
            };
            let mut recorder = worker.recorder.borrow_mut();
            recorder.iteration(id, stage, begun, self.ended, result);
        }
        end
    }

    /// One value of each source that the endpoint needs, the same wherever it stands in this iteration.
    fn draw_values(&mut self, id: EndpointId, draw: Draw) -> Result<(), IterationEnd> {
        let worker = Rc::clone(&self.worker);
        let plan = worker.plan();
        self.values.clear();
        for &slot in &plan.endpoint(id).needs {
            let random = &mut draw.stream(Purpose::Data(u32::from(slot.0)));
            let value = match plan.slots.kind(slot) {
                SlotKind::User => Some(Value::Int(self.actor.cast_signed())),
                SlotKind::Iteration => Some(Value::Int((self.iteration - 1).cast_signed())),
                SlotKind::Source(source_at) => {
                    let source = &plan.sources[source_at];
                    let drawn = source.draw(&worker.shared.cursors[source_at], random, &self.values);
                    if let Ok(None) = drawn {
                        worker
                            .recorder
                            .borrow_mut()
                            .data_ended(worker.clock.now(), source.name());
                        return Err(IterationEnd::Finished);
                    }
                    // One that cannot be made is left out; the template that asks for it says so in its failure.
                    drawn.ok().flatten()
                }
                // Only `on_start` can meet an empty pool; its template then says so.
                SlotKind::Pool(pool) => worker.shared.pools.draw(pool, random),
                _ => None,
            };
            if let Some(value) = value {
                self.values.set(slot, value);
            }
        }
        Ok(())
    }

    async fn steps(&mut self, id: EndpointId, due: Duration, draw: Draw) -> IterationEnd {
        let worker = Rc::clone(&self.worker);
        let steps = &worker.plan().endpoint(id).steps;
        // Of the first request; that of each other is when the one before it, and the thinking after that, was over.
        let mut due = Some(due);
        let mut request = 0;
        for (at, step) in steps.iter().enumerate() {
            for _ in 0..step.repeat {
                if !self.wanted(step) {
                    break;
                }
                if self.bounded && !worker.shared.may_request() {
                    return IterationEnd::Finished;
                }
                let prepared = &worker.shared.prepared[usize::from(id.0)][at];
                let due_now = due.take().unwrap_or(self.ended);
                let drawn = (draw, Purpose::Capture(request));
                request += 1;
                let end = self
                    .sender
                    .step(&worker, (step, prepared), &mut self.values, due_now, drawn)
                    .await;
                self.begun.get_or_insert(self.sender.sent);
                self.ended = self.sender.done;
                self.sent |= !matches!(end, StepEnd::NeverSent(_));
                if end != StepEnd::Passed {
                    return IterationEnd::Failed;
                }
                if let Some(think) = step.think {
                    let until = self.ended + think.sample(&mut draw.stream(Purpose::Think(request)));
                    worker.recorder.borrow_mut().thinking(worker.clock.now(), 1);
                    worker.wait_until(until).await;
                    self.ended = worker.clock.now();
                    worker.recorder.borrow_mut().thinking(self.ended, -1);
                    due = Some(until);
                }
            }
        }
        IterationEnd::Done
    }

    /// Whether a step is to be done (once more): not when its condition does not hold, or names a value that there is not.
    fn wanted(&self, step: &Step) -> bool {
        let condition = step.condition.as_ref();
        condition.is_none_or(|condition| condition.truth(&self.values).unwrap_or(false))
    }
}
