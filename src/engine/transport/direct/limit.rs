//! A time limit that is asked of the runtime once for many requests.
//!
//! Nearly every request ends long before its limit, and a timer that is set and taken back for each costs more than all the
//! rest of waiting. So a user's timer is left as it stands, and when it goes off it is looked whose time is over: it is set
//! again for the request that is under way then, if there is one.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::{Poll, Waker};

use tokio::task::unconstrained;
use tokio::time::{Instant, Sleep, sleep_until};

/// One user's time limit.
#[derive(Default)]
pub(super) struct Limit {
    /// Set for the limit of this request, or of one before it that ended earlier.
    timer: Option<Pin<Box<Sleep>>>,
    /// Whom the timer wakes.
    waker: Option<Waker>,
}

impl fmt::Debug for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Limit").finish_non_exhaustive()
    }
}

impl Limit {
    /// What the future gives; `None` when it has not ended at the deadline.
    pub(super) async fn keep<F: Future + Unpin>(
        &mut self,
        deadline: Instant,
        mut future: F,
    ) -> Option<F::Output> {
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        if timer.deadline() > deadline || timer.is_elapsed() {
            timer.as_mut().reset(deadline);
            self.waker = None;
        }
        let waker = &mut self.waker;
        poll_fn(|cx| {
            if let Poll::Ready(output) = Pin::new(&mut future).poll(cx) {
                return Poll::Ready(Some(output));
            }
            if !timer.is_elapsed() && waker.as_ref().is_some_and(|known| known.will_wake(cx.waker())) {
                return Poll::Pending;
            }
            // Asked whatever the future has used up of the task's turn: a server that never pauses is not to go on for ever.
            while pin!(unconstrained(timer.as_mut())).poll(cx).is_ready() {
                if timer.deadline() >= deadline {
                    return Poll::Ready(None);
                }
                timer.as_mut().reset(deadline);
            }
            *waker = Some(cx.waker().clone());
            Poll::Pending
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use std::time::Duration;

    use tokio::task::{LocalSet, spawn_local};
    use tokio::time::sleep;

    async fn takes(limit: &mut Limit, most: u64, took: u64) -> (bool, u64) {
        let begun = Instant::now();
        let work = pin!(sleep(Duration::from_secs(took)));
        let done = limit
            .keep(begun + Duration::from_secs(most), work)
            .await
            .is_some();
        (done, begun.elapsed().as_secs())
    }

    #[tokio::test(start_paused = true)]
    async fn each_request_has_its_own_limit() {
        let mut limit = Limit::default();
        for (most, took, expected) in [
            (10, 1, (true, 1)),
            // The timer of the first goes off meanwhile.
            (20, 15, (true, 15)),
            (10, 30, (false, 10)),
            // A shorter one than that before.
            (100, 1, (true, 1)),
            (2, 3, (false, 2)),
            (0, 1, (false, 0)),
            (5, 4, (true, 4)),
        ] {
            assert_eq!(takes(&mut limit, most, took).await, expected, "{most} {took}");
            // The user thinks, and the timer goes off or does not.
            sleep(Duration::from_secs(most)).await;
        }
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_waits_now_is_woken() {
        LocalSet::new()
            .run_until(async {
                let mut limit = Limit::default();
                assert_eq!(takes(&mut limit, 10, 1).await, (true, 1));
                // The timer stands for the first request, and would wake the task that has sent it.
                let other = spawn_local(async move { takes(&mut limit, 20, 30).await });
                assert_eq!(other.await.ok(), Some((false, 20)));
            })
            .await;
    }
}
