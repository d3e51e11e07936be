//! The run's time: how far it is from the start of the load, and waiting until a moment of it.
//!
//! What must be exact waits on the worker's [timer](super::timer).

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// Time since the start of the load.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    start: Instant,
}

impl Clock {
    /// A clock whose zero is `start`, which may lie ahead.
    pub(super) fn starting_at(start: Instant) -> Self {
        Self { start }
    }

    /// Now; zero before the start.
    pub(super) fn now(self) -> Duration {
        self.since_start(Instant::now())
    }

    /// A moment as time since the start; zero before it.
    pub(super) fn since_start(self, moment: Instant) -> Duration {
        moment.saturating_duration_since(self.start)
    }

    /// The moment `at` after the start.
    pub(super) fn moment(self, at: Duration) -> Instant {
        self.start + at
    }

    /// Waits until `at`, or up to 2 ms longer.
    pub(super) async fn wait_until(self, at: Duration) {
        sleep_until(self.moment(at)).await;
    }
}
