//! What waits for the disk, bounded.

use std::collections::VecDeque;
use std::mem;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::measure::interval::Interval;
use crate::measure::run::{End, Storage};
use crate::measure::sample::Example;

/// Intervals that wait at most. When there are more, each two neighbours become one.
const INTERVALS: usize = 64;

/// Examples that wait at most.
const EXAMPLES: usize = 64;

/// Between the aggregator and the writing thread.
#[derive(Debug, Default)]
pub(super) struct Queue {
    /// Held for moments only, never while anything is written.
    waiting: Mutex<Waiting>,
    /// Something came.
    filled: Condvar,
    /// The writing thread has ended.
    ended: Condvar,
}

#[derive(Debug, Default)]
struct Waiting {
    intervals: VecDeque<Arc<Interval>>,
    examples: Vec<Example>,
    /// Seconds in the hands of the writing thread.
    writing: u64,
    end: Option<End>,
    storage: Storage,
    ended: bool,
    /// Nobody will end the run: the thread stops without an end line.
    abandoned: bool,
}

/// What the writing thread is to do next.
#[derive(Debug)]
pub(super) enum Job {
    Interval(Arc<Interval>),
    Example(Example),
    /// Everything else is done.
    End(End, Storage),
    /// There will be no end.
    Stop,
}

impl Queue {
    pub(super) fn push(&self, interval: Arc<Interval>) {
        let mut waiting = self.lock();
        waiting.intervals.push_back(interval);
        waiting.coarsen();
        self.filled.notify_one();
    }

    pub(super) fn push_example(&self, example: Example) {
        let mut waiting = self.lock();
        if waiting.examples.len() < EXAMPLES {
            waiting.examples.push(example);
            self.filled.notify_one();
        } else {
            waiting.storage.lost_examples += 1;
        }
    }

    /// The next thing to do; waits for it. Intervals go first.
    pub(super) fn next(&self) -> Job {
        let mut waiting = self.lock();
        waiting.writing = 0;
        loop {
            if let Some(interval) = waiting.intervals.pop_front() {
                waiting.writing = seconds(&interval);
                return Job::Interval(interval);
            }
            if !waiting.examples.is_empty() {
                return Job::Example(waiting.examples.remove(0));
            }
            if let Some(end) = waiting.end.take() {
                return Job::End(end, waiting.storage.clone());
            }
            if waiting.abandoned {
                return Job::Stop;
            }
            waiting = self.filled.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// An interval could not be written: it goes back to the front.
    pub(super) fn put_back(&self, interval: Arc<Interval>) {
        let mut waiting = self.lock();
        waiting.writing = 0;
        waiting.intervals.push_front(interval);
        waiting.coarsen();
    }

    /// An example could not be written: it goes back to the front.
    pub(super) fn put_back_example(&self, example: Example) {
        self.lock().examples.insert(0, example);
    }

    /// Whether the run has ended, so that little patience is left.
    pub(super) fn is_ending(&self) -> bool {
        let waiting = self.lock();
        waiting.end.is_some() || waiting.abandoned
    }

    /// Waits a while before another attempt; the end of the run does not wait.
    pub(super) fn pause(&self, length: Duration) {
        let waiting = self.lock();
        let _ = self.filled.wait_timeout_while(waiting, length, |waiting| {
            waiting.end.is_none() && !waiting.abandoned
        });
    }

    /// Gives everything that waits up.
    pub(super) fn give_up(&self) {
        let mut waiting = self.lock();
        let lost = mem::take(&mut waiting.intervals);
        waiting.storage.lost_seconds += lost.iter().map(|interval| seconds(interval)).sum::<u64>();
        waiting.storage.lost_examples += mem::take(&mut waiting.examples).len() as u64;
    }

    /// Something of it did not reach the disk.
    pub(super) fn note(&self, note: impl FnOnce(&mut Storage)) {
        note(&mut self.lock().storage);
    }

    /// The run is given up: no end will come.
    pub(super) fn abandon(&self) {
        self.lock().abandoned = true;
        self.filled.notify_one();
    }

    /// The writing thread ends.
    pub(super) fn close(&self) {
        self.lock().ended = true;
        self.ended.notify_all();
    }

    /// The run ends: waits until everything is written, or given up. After `patience` what still waits is lost.
    pub(super) fn finish(&self, end: End, patience: Duration) -> Storage {
        let mut waiting = self.lock();
        waiting.end = Some(end);
        self.filled.notify_one();
        let (waiting, _) = self
            .ended
            .wait_timeout_while(waiting, patience, |waiting| !waiting.ended)
            .unwrap_or_else(PoisonError::into_inner);
        let mut storage = waiting.storage.clone();
        if !waiting.ended {
            let left: u64 = waiting.intervals.iter().map(|interval| seconds(interval)).sum();
            storage.lost_seconds += waiting.writing + left;
            storage.lost_examples += waiting.examples.len() as u64;
            storage
                .error
                .get_or_insert_with(|| "the disk does not answer".to_owned());
        }
        storage
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    /// Where too many wait, makes each two neighbours one.
    fn coarsen(&mut self) {
        if self.intervals.len() <= INTERVALS {
            return;
        }
        let mut coarse: VecDeque<Arc<Interval>> = VecDeque::with_capacity(INTERVALS);
        for interval in mem::take(&mut self.intervals) {
            match coarse.back_mut() {
                Some(before) if before.until - before.from <= interval.until - interval.from => {
                    self.storage.coarsened_seconds += newly_coarse(before) + newly_coarse(&interval);
                    Arc::make_mut(before).merge(&interval);
                }
                _ => coarse.push_back(interval),
            }
        }
        self.intervals = coarse;
    }
}

/// How many seconds an interval covers.
pub(super) fn seconds(interval: &Interval) -> u64 {
    u64::from(interval.until - interval.from)
}

/// A single second that is merged becomes coarse; a coarse one is already.
fn newly_coarse(interval: &Interval) -> u64 {
    u64::from(seconds(interval) == 1)
}
