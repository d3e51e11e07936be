//! The open model: iterations arrive at a rate, whether or not the server keeps up.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;

use tokio::task::JoinSet;

use super::control::{Stop, stopped};
use super::fair::Fair;
use super::transport::Transport;
use super::user::{IterationEnd, Start, User};
use super::worker::Worker;
use crate::measure::recorder::Flight;
use crate::plan::profile::{Arrival, WhenBusy};
use crate::plan::{SessionOf, StageId};

/// The arrivals of one worker.
struct Desk<T: Transport> {
    worker: Rc<Worker<T>>,
    tasks: JoinSet<()>,
    state: Rc<RefCell<State<T>>>,
    /// This worker's part of `max_users`.
    most_users: usize,
    when_busy: WhenBusy,
}

struct State<T: Transport> {
    /// Users that wait for an arrival; the last used first, for its connection is the freshest.
    idle: Vec<User<T>>,
    /// Arrivals that wait for a user, in order.
    queue: VecDeque<(Arrival, Flight)>,
    /// Users there are, idle or busy.
    users: usize,
    /// Data came to its end: nothing more is begun.
    ended: bool,
}

/// Serves this worker's arrivals until the profile ends and the last is served or `graceful_stop` is over.
pub(super) async fn run<T: Transport>(worker: Rc<Worker<T>>, max_users: u32, when_busy: WhenBusy) {
    let mut stop = worker.shared.control.subscribe();
    let state = State {
        idle: Vec::new(),
        queue: VecDeque::new(),
        users: 0,
        ended: false,
    };
    let most_users = part(u64::from(max_users), worker.index, worker.workers) as usize;
    let state = Rc::new(RefCell::new(state));
    let mut desk = Desk {
        worker: Rc::clone(&worker),
        tasks: JoinSet::new(),
        state,
        most_users,
        when_busy,
    };
    tokio::select! {
        biased;
        () = stopped(&mut stop, Stop::Gently) => {}
        () = desk.follow_profile() => {}
    }
    worker.shared.load_ends(worker.clock.now());
    desk.close();
    let last = worker.clock.now() + worker.plan().graceful_stop;
    tokio::select! {
        biased;
        () = desk.finish() => {}
        () = stopped(&mut stop, Stop::Now) => {}
        () = worker.clock.wait_until(last) => {}
    }
}

/// The share of `whole` that the worker numbered `index` of `workers` has; the shares add up to the whole.
fn part(whole: u64, index: u64, workers: u64) -> u64 {
    whole / workers + u64::from(index < whole % workers)
}

impl<T: Transport> Desk<T> {
    async fn follow_profile(&mut self) {
        let worker = Rc::clone(&self.worker);
        let mut follower = worker.shared.schedule.follow();
        let mut course = Arc::clone(follower.course());
        let mut fair = Fair::default();
        let mut arrivals = course.profile.arrivals(worker.plan().seed);
        let owned = |arrival: &Arrival| worker.owns(arrival.number);
        let mut next = arrivals.find(owned);
        loop {
            let due = next.map_or_else(|| course.profile.duration(), |next| next.due);
            // Everything due by now is released at one wake-up.
            if !worker.wait_on_course(&mut follower, due).await {
                course = Arc::clone(follower.course());
                let again = arrivals.replan(&course.profile).filter(owned);
                next = again.or_else(|| arrivals.find(owned));
                continue;
            }
            let Some(arrival) = next else { return };
            while self.tasks.try_join_next().is_some() {}
            if self.state.borrow().ended {
                return;
            }
            self.admit(arrival, course.profile.stage_at(arrival.due));
            fair.one_more().await;
            next = arrivals.find(owned);
        }
    }

    fn admit(&mut self, arrival: Arrival, due_in: StageId) {
        let now = self.worker.clock.now();
        let mut state = self.state.borrow_mut();
        let user = match state.idle.pop() {
            Some(user) => user,
            None if state.users < self.most_users => {
                state.users += 1;
                User::new(&self.worker, arrival.number)
            }
            None if self.when_busy == WhenBusy::Drop => {
                let sent_in = self.worker.stage(now);
                self.worker.recorder.borrow_mut().dropped(now, sent_in);
                return;
            }
            None => {
                let row = self.worker.likely_row(arrival.number);
                let mut recorder = self.worker.recorder.borrow_mut();
                let waiting = recorder.arrival_waits(now, row, due_in, arrival.due);
                state.queue.push_back((arrival, waiting));
                return;
            }
        };
        drop(state);
        let (worker, state) = (Rc::clone(&self.worker), Rc::clone(&self.state));
        self.tasks.spawn_local(serve(worker, state, user, arrival));
    }

    /// Arrivals that still wait for a user are not begun any more.
    fn close(&mut self) {
        let now = self.worker.clock.now();
        let mut state = self.state.borrow_mut();
        let mut recorder = self.worker.recorder.borrow_mut();
        for (_, waiting) in state.queue.drain(..) {
            recorder.arrival_left(now, waiting);
        }
    }

    async fn finish(&mut self) {
        while self.tasks.join_next().await.is_some() {}
        let idle = std::mem::take(&mut self.state.borrow_mut().idle);
        let mut fair = Fair::default();
        for mut user in idle {
            self.tasks.spawn_local(async move { user.last().await });
            fair.one_more().await;
        }
        while self.tasks.join_next().await.is_some() {}
    }
}

/// One user serves an arrival, then those that wait, then goes idle.
async fn serve<T: Transport>(
    worker: Rc<Worker<T>>,
    state: Rc<RefCell<State<T>>>,
    mut user: User<T>,
    mut arrival: Arrival,
) {
    let busy = Busy::new(&worker);
    let per_iteration = worker.plan().session_of == SessionOf::Iteration;
    let mut end;
    loop {
        end = visit(&worker, &mut user, arrival).await;
        if end == Some(IterationEnd::Finished) {
            break;
        }
        if per_iteration && end.is_some() {
            user.last().await;
        }
        let next = state.borrow_mut().queue.pop_front();
        let Some((next, waiting)) = next else { break };
        let now = worker.clock.now();
        worker.recorder.borrow_mut().arrival_served(now, waiting);
        arrival = next;
        if per_iteration || end.is_none() {
            user = User::new(&worker, arrival.number);
        }
    }
    drop(busy);
    let mut state = state.borrow_mut();
    state.ended |= end == Some(IterationEnd::Finished);
    if per_iteration || end.is_none() {
        state.users -= 1;
    } else {
        state.idle.push(user);
    }
}

/// One arrival: `on_start` where the user is new, then one iteration. `None`: `on_start` failed, and the arrival went away; it does
/// not try again.
async fn visit<T: Transport>(
    worker: &Worker<T>,
    user: &mut User<T>,
    arrival: Arrival,
) -> Option<IterationEnd> {
    if user.is_new() {
        match user.first(arrival.due).await {
            Start::Done(_) => {}
            Start::Failed => {
                worker.recorder.borrow_mut().user_stopped();
                return None;
            }
            Start::Finished => return Some(IterationEnd::Finished),
        }
    }
    user.serve(arrival.number);
    Some(user.drawn_iteration(arrival.due).await)
}

/// Counts a user as busy while it lives.
struct Busy<'a, T: Transport> {
    worker: &'a Worker<T>,
}

impl<'a, T: Transport> Busy<'a, T> {
    fn new(worker: &'a Worker<T>) -> Self {
        worker.recorder.borrow_mut().users(worker.clock.now(), 1);
        Self { worker }
    }
}

impl<T: Transport> Drop for Busy<'_, T> {
    fn drop(&mut self) {
        self.worker
            .recorder
            .borrow_mut()
            .users(self.worker.clock.now(), -1);
    }
}

#[cfg(test)]
mod tests {
    use super::part;

    #[test]
    fn parts_add_up_to_the_whole() {
        for (whole, workers) in [(10, 3), (2, 4), (0, 2), (1000, 7)] {
            assert_eq!(
                (0..workers).map(|index| part(whole, index, workers)).sum::<u64>(),
                whole
            );
        }
    }
}
