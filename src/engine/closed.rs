//! The closed model: so many users at each time, each waiting for its response before it goes on.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;

use super::control::{Stop, stopped};
use super::fair::Fair;
use super::schedule::{Course, Follower};
use super::transport::Transport;
use super::user::{Leave, User};
use super::worker::Worker;
use crate::plan::profile::{UserEvent, UserEventKind};

/// The users of one worker.
struct Crowd<T> {
    worker: Rc<Worker<T>>,
    tasks: JoinSet<()>,
    /// Those that have not been asked to leave.
    staying: HashMap<u64, Rc<Leave>>,
    /// Those that have, and are still to be woken.
    leaving: VecDeque<Rc<Leave>>,
    fair: Fair,
}

/// Lets this worker's users come and go as the profile says, until the last has left or `graceful_stop` is over.
pub(super) async fn run<T: Transport>(worker: Rc<Worker<T>>) {
    let mut stop = worker.shared.control.subscribe();
    let mut crowd = Crowd {
        worker: Rc::clone(&worker),
        tasks: JoinSet::new(),
        staying: HashMap::new(),
        leaving: VecDeque::new(),
        fair: Fair::default(),
    };
    tokio::select! {
        biased;
        () = stopped(&mut stop, Stop::Gently) => {}
        () = crowd.follow_profile() => {}
    }
    worker.shared.load_ends(worker.clock.now());
    let last = worker.clock.now() + worker.plan().graceful_stop;
    tokio::select! {
        biased;
        () = crowd.all_leave() => {}
        () = stopped(&mut stop, Stop::Now) => {}
        () = worker.clock.wait_until(last) => {}
    }
    // Dropping the tasks gives up what is in flight; the recorder still knows of it.
}

impl<T: Transport> Crowd<T> {
    async fn follow_profile(&mut self) {
        let mut follower = self.worker.shared.schedule.follow();
        let mut since = None;
        while !self.follow(&mut follower, since).await {
            let now = self.worker.clock.now();
            self.reconcile(&Arc::clone(follower.course()), now).await;
            since = Some(now);
        }
    }

    /// Follows a course from a time on: to the end of the load (true), or until it changes.
    async fn follow(&mut self, follower: &mut Follower, since: Option<Duration>) -> bool {
        let worker = Rc::clone(&self.worker);
        let course = Arc::clone(follower.course());
        let later = |event: &UserEvent| since.is_none_or(|since| event.at > since);
        for event in course.profile.user_events().filter(later) {
            if !worker.owns(event.user) {
                continue;
            }
            if event.at > worker.clock.now() {
                self.wake_leaving().await;
            }
            if !worker.wait_on_course(follower, event.at).await {
                return false;
            }
            match event.kind {
                UserEventKind::Start => {
                    self.start(event.user, event.at);
                    self.fair.one_more().await;
                }
                UserEventKind::Leave => self.leave(event.user),
            }
        }
        self.wake_leaving().await;
        let someone = !self.staying.is_empty();
        tokio::select! {
            over = worker.wait_on_course(follower, course.profile.duration()) => over,
            // Every user may have come to the end of its data.
            () = self.all_gone(), if someone => true,
        }
    }

    /// After a change: who is not to be there by now leaves, and who is missing starts.
    async fn reconcile(&mut self, course: &Course, now: Duration) {
        let mut wanted = BTreeMap::new();
        let past = course.profile.user_events().take_while(|event| event.at <= now);
        for event in past.filter(|event| self.worker.owns(event.user)) {
            match event.kind {
                UserEventKind::Start => wanted.insert(event.user, event.at),
                UserEventKind::Leave => wanted.remove(&event.user),
            };
        }
        let staying: Vec<u64> = self.staying.keys().copied().collect();
        for user in staying.into_iter().filter(|user| !wanted.contains_key(user)) {
            self.leave(user);
        }
        for (user, due) in wanted {
            if !self.staying.contains_key(&user) {
                self.start(user, due);
                self.fair.one_more().await;
            }
        }
        self.wake_leaving().await;
    }

    fn start(&mut self, user: u64, due: Duration) {
        while self.tasks.try_join_next().is_some() {}
        let leave = Rc::new(Leave::default());
        self.staying.insert(user, Rc::clone(&leave));
        self.tasks
            .spawn_local(live(Rc::clone(&self.worker), user, due, leave));
    }

    /// From now on this user begins nothing; it is woken with the others.
    fn leave(&mut self, user: u64) {
        if let Some(leave) = self.staying.remove(&user) {
            leave.ask();
            self.leaving.push_back(leave);
        }
    }

    async fn wake_leaving(&mut self) {
        while let Some(leave) = self.leaving.pop_front() {
            leave.wake();
            self.fair.one_more().await;
        }
        while self.tasks.try_join_next().is_some() {}
    }

    async fn all_leave(&mut self) {
        let staying: Vec<u64> = self.staying.keys().copied().collect();
        for user in staying {
            self.leave(user);
        }
        self.wake_leaving().await;
        self.all_gone().await;
    }

    async fn all_gone(&mut self) {
        while self.tasks.join_next().await.is_some() {}
    }
}

async fn live<T: Transport>(worker: Rc<Worker<T>>, user: u64, due: Duration, leave: Rc<Leave>) {
    worker.recorder.borrow_mut().users(worker.clock.now(), 1);
    let _count = Count {
        worker: Rc::clone(&worker),
    };
    User::new(&worker, user).live(&leave, due).await;
}

/// Counts a user out when it is gone, however it went.
struct Count<T: Transport> {
    worker: Rc<Worker<T>>,
}

impl<T: Transport> Drop for Count<T> {
    fn drop(&mut self) {
        self.worker
            .recorder
            .borrow_mut()
            .users(self.worker.clock.now(), -1);
    }
}
