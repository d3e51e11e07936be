//! The run's time: how far it is from the start of the load, and waiting until a moment of it.
//!
//! The only place of the engine that sleeps. tokio's timer rounds up to the next millisecond; a finer one would go here.

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

    /// Waits until `at` and says how late it woke.
    pub(super) async fn wait_until(self, at: Duration) -> Duration {
        sleep_until(self.moment(at)).await;
        self.now().saturating_sub(at)
    }
}
