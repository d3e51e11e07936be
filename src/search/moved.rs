//! What a level tells, moved to its place in the search.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::SearchObserver;
use super::whole::Whole;
use crate::engine::{Hold, Observer};
use crate::measure::interval::Interval;
use crate::measure::recording::Timeline;
use crate::measure::run::RunInfo;
use crate::measure::sample::Example;
use crate::measure::snapshot::Snapshot;
use crate::plan::StageId;
use crate::plan::outline::Outline;

/// Hears one level, and tells the observer of the search.
pub(super) struct Moved<'a, O> {
    inner: &'a mut O,
    whole: &'a mut Whole,
    began: Instant,
    stage: StageId,
    by: u32,
    /// What is known of the levels so far and of this one.
    outline: Option<Arc<Outline>>,
}

impl<'a, O: SearchObserver> Moved<'a, O> {
    /// For the level after those of `whole`, in a search that began then.
    pub(super) fn new(inner: &'a mut O, whole: &'a mut Whole, began: Instant) -> Self {
        Self {
            stage: StageId(whole.levels() as u16),
            inner,
            whole,
            began,
            by: 0,
            outline: None,
        }
    }

    fn later(&self) -> Duration {
        Duration::from_secs(u64::from(self.by))
    }
}

impl<O: SearchObserver> Observer for Moved<'_, O> {
    fn begin(&mut self, info: &Arc<RunInfo>) {
        let (info, by, idle) = self.whole.begin(info, self.began.elapsed());
        self.by = by;
        self.outline = Some(Arc::clone(&info.outline));
        self.inner.begin(&info);
        for interval in &idle {
            self.inner.interval(interval);
        }
    }

    fn interval(&mut self, interval: &Arc<Interval>) {
        let moved = Interval::clone(interval).moved(self.by, self.stage);
        self.inner.interval(&Arc::new(moved));
    }

    fn example(&mut self, example: Example) {
        let at = example.at + self.later();
        self.inner.example(Example { at, ..example });
    }

    fn warning(&mut self, words: String) {
        self.inner.warning(words);
    }

    fn snapshot(&mut self, snapshot: Arc<Snapshot>) {
        let later = self.later();
        let mut moved = Snapshot::clone(&snapshot);
        moved
            .outline
            .clone_from(self.outline.as_ref().unwrap_or(&snapshot.outline));
        moved.at += later;
        moved.planned += later;
        moved.stage = self.stage;
        moved.stages = self.stage.0 + 1;
        let seconds = moved.series.iter().cloned().map(|mut second| {
            second.second += self.by;
            second.stage = self.stage;
            second
        });
        moved.series = seconds.collect();
        if let Some(breach) = &mut moved.abort {
            breach.at += later;
        }
        self.inner.snapshot(Arc::new(moved));
    }

    fn is_steady(&mut self, timeline: &Timeline, hold: &Hold) -> bool {
        self.inner.is_steady(timeline, hold)
    }
}
