//! Waiting until a moment: as exactly as the system can.
//!
//! tokio's timer counts whole milliseconds and rounds up: what it wakes is 1 to 2 ms late, and all that a millisecond held
//! comes in one burst. So on Linux each worker has a timer of the system (`timerfd_create(2)`) that is always set to the
//! earliest of its waits. Elsewhere, and under the paused time of tests, it is tokio's.

use tokio::time::{Instant, sleep_until};

#[cfg(target_os = "linux")]
use {fine::Fine, std::rc::Rc};

/// What the users of one worker wait on.
#[derive(Default)]
pub(super) enum Timer {
    /// tokio's.
    #[default]
    Coarse,
    /// The system's.
    #[cfg(target_os = "linux")]
    Fine(Rc<Fine>),
}

impl Timer {
    /// The finest that this system has. To be called inside the worker's own local runtime.
    pub(super) fn finest() -> Self {
        #[cfg(target_os = "linux")]
        if let Ok(fine) = Fine::new() {
            let fine = Rc::new(fine);
            tokio::task::spawn_local(Rc::clone(&fine).drive());
            return Self::Fine(fine);
        }
        Self::Coarse
    }

    /// Waits until a moment; gives the one at which it woke.
    pub(super) async fn until(&self, at: Instant) -> Instant {
        match self {
            Self::Coarse => {
                sleep_until(at).await;
                Instant::now()
            }
            #[cfg(target_os = "linux")]
            Self::Fine(fine) => fine.until(at).await,
        }
    }
}

#[cfg(target_os = "linux")]
mod fine {
    use std::cell::RefCell;
    use std::collections::BTreeMap;
    use std::collections::btree_map::Entry;
    use std::io;
    use std::os::fd::OwnedFd;
    use std::pin::Pin;
    use std::rc::Rc;
    use std::task::{Context, Poll, Waker};

    use rustix::time::{
        Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
        timerfd_settime,
    };
    use tokio::io::Interest;
    use tokio::io::unix::AsyncFd;
    use tokio::time::Instant;

    use crate::engine::fair::Fair;

    /// A timer of the system, and those that wait on it.
    pub(in super::super) struct Fine {
        fd: AsyncFd<OwnedFd>,
        waits: RefCell<Waits>,
    }

    #[derive(Default)]
    struct Waits {
        /// Who is to be woken when; the number tells waits for the same moment apart.
        due: BTreeMap<(Instant, u64), Waker>,
        begun: u64,
        /// What the system's timer is set to, until it goes off.
        set: Option<Instant>,
    }

    impl Fine {
        pub(super) fn new() -> io::Result<Self> {
            let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
            let fd = timerfd_create(TimerfdClockId::Monotonic, flags)?;
            #[expect(
                deprecated,
                reason = "its successor is unsafe, as some types may close their descriptor; an OwnedFd cannot"
            )]
            let fd = AsyncFd::with_interest(fd, Interest::READABLE)?;
            Ok(Self {
                fd,
                waits: RefCell::default(),
            })
        }

        /// Wakes whoever is due, for ever. It is the going off that is told (edge-triggered), so nothing is to be read.
        pub(super) async fn drive(self: Rc<Self>) {
            while let Ok(mut ready) = self.fd.readable().await {
                ready.clear_ready();
                self.waits.borrow_mut().set = None;
                let mut fair = Fair::default();
                while let Some(waker) = self.next_due(Instant::now()) {
                    waker.wake();
                    fair.one_more().await;
                }
            }
        }

        /// One who is due; sets the timer to the first who is not.
        fn next_due(&self, now: Instant) -> Option<Waker> {
            let mut waits = self.waits.borrow_mut();
            let first = waits.due.first_entry()?;
            let at = first.key().0;
            if at <= now {
                return Some(first.remove());
            }
            self.set(&mut waits, now, at);
            None
        }

        pub(super) fn until(&self, at: Instant) -> Wait<'_> {
            Wait {
                timer: self,
                at,
                number: None,
            }
        }

        /// Makes the timer go off at this moment, later than now, if not before.
        fn set(&self, waits: &mut Waits, now: Instant, at: Instant) {
            if waits.set.is_some_and(|set| set <= at) {
                return;
            }
            let Ok(after) = Timespec::try_from(at - now) else {
                // Longer than the system can count.
                return;
            };
            let once = Itimerspec {
                it_interval: Timespec::default(),
                it_value: after,
            };
            // Refused only for a time that is no time.
            let set = timerfd_settime(&self.fd, TimerfdTimerFlags::empty(), &once);
            debug_assert!(set.is_ok(), "{set:?}");
            waits.set = Some(at);
        }
    }

    /// A wait; dropped, it is over.
    pub(super) struct Wait<'t> {
        timer: &'t Fine,
        at: Instant,
        /// Its number among the waits, once it is one.
        number: Option<u64>,
    }

    impl Future for Wait<'_> {
        type Output = Instant;

        fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Instant> {
            let now = Instant::now();
            if now >= self.at {
                return Poll::Ready(now);
            }
            let mut waits = self.timer.waits.borrow_mut();
            let number = self.number.unwrap_or(waits.begun);
            waits.begun += u64::from(self.number.is_none());
            match waits.due.entry((self.at, number)) {
                Entry::Occupied(mut known) => known.get_mut().clone_from(cx.waker()),
                Entry::Vacant(room) => drop(room.insert(cx.waker().clone())),
            }
            self.timer.set(&mut waits, now, self.at);
            drop(waits);
            self.number = Some(number);
            Poll::Pending
        }
    }

    impl Drop for Wait<'_> {
        fn drop(&mut self) {
            if let Some(number) = self.number {
                self.timer.waits.borrow_mut().due.remove(&(self.at, number));
            }
        }
    }

    #[cfg(test)]
    #[expect(clippy::unwrap_used, reason = "tests")]
    mod tests {
        use super::*;

        use std::time::Duration;

        use tokio::task::{LocalSet, spawn_local};

        #[tokio::test]
        async fn all_are_woken_in_their_order_and_none_too_early() {
            let woken = Rc::new(RefCell::new(Vec::new()));
            let order = Rc::clone(&woken);
            LocalSet::new()
                .run_until(async move {
                    let fine = Rc::new(Fine::new().unwrap());
                    spawn_local(Rc::clone(&fine).drive());
                    let begin = Instant::now();
                    let waits = [3_u64, 1, 20, 2, 1, 0].map(|after| {
                        let (fine, woken) = (Rc::clone(&fine), Rc::clone(&woken));
                        spawn_local(async move {
                            let at = begin + Duration::from_micros(after * 500);
                            let woke = fine.until(at).await;
                            assert!(woke >= at && woke <= Instant::now());
                            woken.borrow_mut().push(after);
                        })
                    });
                    for wait in waits {
                        wait.await.unwrap();
                    }
                    assert!(fine.waits.borrow().due.is_empty());
                })
                .await;
            assert_eq!(*order.borrow(), [0, 1, 1, 2, 3, 20]);
        }

        #[tokio::test]
        async fn what_has_arrived_comes_before_the_last_of_many_that_are_due() {
            let told = Rc::new(RefCell::new(Vec::new()));
            let all = Rc::clone(&told);
            LocalSet::new()
                .run_until(async move {
                    let fine = Rc::new(Fine::new().unwrap());
                    spawn_local(Rc::clone(&fine).drive());
                    let at = Instant::now() + Duration::from_millis(20);
                    let waits = [(); 500].map(|()| {
                        let (fine, told) = (Rc::clone(&fine), Rc::clone(&told));
                        spawn_local(async move {
                            fine.until(at).await;
                            told.borrow_mut().push("sent");
                            tokio::task::yield_now().await;
                            told.borrow_mut().push("answered");
                        })
                    });
                    for wait in waits {
                        wait.await.unwrap();
                    }
                })
                .await;
            let told = all.borrow();
            let first_answer = told.iter().position(|&what| what == "answered").unwrap();
            assert!(first_answer < 100, "{first_answer}");
        }

        #[tokio::test]
        async fn a_wait_that_is_given_up_leaves_nothing() {
            let fine = Fine::new().unwrap();
            let long = Duration::from_secs(3600);
            let late = fine.until(Instant::now() + long);
            assert!(
                tokio::time::timeout(Duration::from_millis(1), late)
                    .await
                    .is_err()
            );
            assert!(fine.waits.borrow().due.is_empty());
        }
    }
}
