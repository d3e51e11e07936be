//! How a run is ended or changed from outside.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{Notify, watch};

use crate::plan::course::Change;

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

/// Asks a run to end, or to take another course. Cloned freely; all clones are of one run.
#[derive(Clone, Debug)]
pub struct Control {
    stop: watch::Sender<Stop>,
    changes: Arc<Changes>,
}

/// Changes that the coordinator has not made yet, in order.
#[derive(Debug, Default)]
struct Changes {
    asked: Mutex<VecDeque<Change>>,
    wake: Notify,
}

impl Default for Control {
    fn default() -> Self {
        Self {
            stop: watch::Sender::new(Stop::Run),
            changes: Arc::default(),
        }
    }
}

impl Control {
    /// Asks it to end; a gentle stop never takes back a hard one.
    pub fn stop(&self, how: Stop) {
        self.stop.send_if_modified(|now| {
            let stronger = how > *now;
            if stronger {
                *now = how;
            }
            stronger
        });
    }

    /// How it was asked to end so far.
    pub fn asked(&self) -> Stop {
        *self.stop.borrow()
    }

    /// Waits until at least `how` is asked.
    pub async fn asked_for(&self, how: Stop) {
        stopped(&mut self.subscribe(), how).await;
    }

    /// Asks for a change by hand. Whether it can be made says [`crate::plan::outline::Outline::allows`]; one that cannot is a warning.
    pub fn change(&self, change: Change) {
        let mut asked = self.changes.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.push_back(change);
        self.changes.wake.notify_one();
    }

    /// The next change that was asked for. To be called by one only.
    pub(super) async fn next_change(&self) -> Change {
        loop {
            let next = self
                .changes
                .asked
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .pop_front();
            match next {
                Some(change) => return change,
                None => self.changes.wake.notified().await,
            }
        }
    }

    /// For one who waits for the end. The sender lives as long as the run's state.
    pub(super) fn subscribe(&self) -> watch::Receiver<Stop> {
        self.stop.subscribe()
    }
}

/// Waits until at least `how` is asked. For ever, if the one who could ask is gone.
pub(super) async fn stopped(receiver: &mut watch::Receiver<Stop>, how: Stop) {
    if receiver.wait_for(|now| *now >= how).await.is_err() {
        std::future::pending::<()>().await;
    }
}
