//! The plan's time against the run's: a stage that is held until it is steady may end early, and everything planned behind it
//! then comes earlier by as much.

use std::time::Duration;

use tokio::sync::watch;

/// How far the run is ahead of its plan.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Shift {
    /// By so much.
    by: Duration,
    /// What was planned before this is over, done or not.
    over: Duration,
}

impl Shift {
    /// When something planned is due in the run; `None` if it was in a part that is left out.
    pub(super) fn due(self, planned: Duration) -> Option<Duration> {
        (planned >= self.over).then(|| planned.saturating_sub(self.by))
    }

    /// What moment of the plan a moment of the run is.
    pub(super) fn planned(self, now: Duration) -> Duration {
        now + self.by
    }
}

/// Where the coordinator tells the workers of it.
#[derive(Debug, Default)]
pub(super) struct Schedule(watch::Sender<Shift>);

impl Schedule {
    /// The stage that was planned until `planned_end` ends now.
    pub(super) fn end_stage(&self, planned_end: Duration, now: Duration) {
        self.0.send_replace(Shift {
            by: planned_end.saturating_sub(now),
            over: planned_end,
        });
    }

    /// How it stands.
    pub(super) fn shift(&self) -> Shift {
        *self.0.borrow()
    }

    /// For one who waits by it.
    pub(super) fn follow(&self) -> Follower {
        let receiver = self.0.subscribe();
        let shift = *receiver.borrow();
        Follower { receiver, shift }
    }
}

/// Knows when what is planned is due.
#[derive(Debug)]
pub(super) struct Follower {
    receiver: watch::Receiver<Shift>,
    shift: Shift,
}

impl Follower {
    /// How it stands. Costs one atomic read where nothing has changed.
    pub(super) fn shift(&mut self) -> Shift {
        // The sender lives as long as the run.
        if self.receiver.has_changed().unwrap_or(false) {
            self.shift = *self.receiver.borrow_and_update();
        }
        self.shift
    }

    /// Waits until it changes.
    pub(super) async fn changed(&mut self) {
        if self.receiver.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
        self.shift = *self.receiver.borrow_and_update();
    }
}
