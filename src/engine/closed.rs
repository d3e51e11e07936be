//! The closed model: so many users at each time, each waiting for its response before it goes on.

use std::collections::HashMap;
use std::rc::Rc;
use std::time::Duration;

use tokio::task::JoinSet;

use super::shared::{Stop, stopped};
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
}

/// Lets this worker's users come and go as the profile says, until the last has left or `graceful_stop` is over.
pub(super) async fn run<T: Transport>(worker: Rc<Worker<T>>) {
    let mut stop = worker.shared.stopper.subscribe();
    let mut crowd = Crowd {
        worker: Rc::clone(&worker),
        tasks: JoinSet::new(),
        staying: HashMap::new(),
    };
    tokio::select! {
        biased;
        () = stopped(&mut stop, Stop::Gently) => {}
        () = crowd.follow_profile() => {}
    }
    worker.shared.load_ends(worker.clock.now());
    for leave in crowd.staying.values() {
        leave.ask();
    }
    let last = worker.clock.now() + worker.plan().graceful_stop;
    tokio::select! {
        biased;
        () = crowd.all_gone() => {}
        () = stopped(&mut stop, Stop::Now) => {}
        _ = worker.clock.wait_until(last) => {}
    }
    // Dropping the tasks gives up what is in flight; the recorder still knows of it.
}

impl<T: Transport> Crowd<T> {
    async fn follow_profile(&mut self) {
        let worker = Rc::clone(&self.worker);
        let profile = &worker.plan().profile;
        let mut schedule = worker.shared.schedule.follow();
        for event in profile.user_events().filter(|event| worker.owns(event.user)) {
            // A ramp is never left out, and only ramps have events.
            let due = worker.wait_planned(&mut schedule, event.at).await;
            self.apply(event, due.unwrap_or_else(|| worker.clock.now()));
        }
        tokio::select! {
            _ = worker.wait_planned(&mut schedule, profile.duration()) => {}
            // Every user may have come to the end of its data.
            () = self.all_gone() => {}
        }
    }

    fn apply(&mut self, event: UserEvent, due: Duration) {
        while self.tasks.try_join_next().is_some() {}
        match event.kind {
            UserEventKind::Start => {
                let leave = Rc::new(Leave::default());
                self.staying.insert(event.user, Rc::clone(&leave));
                self.tasks
                    .spawn_local(live(Rc::clone(&self.worker), event.user, due, leave));
            }
            UserEventKind::Leave => {
                if let Some(leave) = self.staying.remove(&event.user) {
                    leave.ask();
                }
            }
        }
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
    User::new(&worker, user).live(leave, due).await;
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
