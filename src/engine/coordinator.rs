//! The one who hears of all workers: merges their cuts, tells the observer, and ends the run where a threshold says so.

use std::sync::Arc;

use tokio::sync::mpsc;

use super::Observer;
use super::clock::Clock;
use super::host::Sampler;
use super::shared::{Shared, Stop};
use crate::measure::aggregator::Aggregator;
use crate::measure::interval::Interval;
use crate::measure::recorder::Cut;
use crate::measure::recording::Recording;
use crate::measure::run::{End, Ending, RunInfo};

/// Merges what the workers cut.
pub(super) struct Coordinator {
    shared: Arc<Shared>,
    clock: Clock,
    aggregator: Aggregator,
    sampler: Sampler,
    /// Why the run is being ended, once it is.
    ending: Option<Ending>,
}

impl Coordinator {
    pub(super) fn new(shared: &Arc<Shared>, clock: Clock, info: Arc<RunInfo>) -> Self {
        let aggregator = Aggregator::new(info);
        Self {
            shared: Arc::clone(shared),
            clock,
            aggregator,
            sampler: Sampler::new(),
            ending: None,
        }
    }

    /// Collects until every worker has hung up.
    pub(super) async fn collect(
        mut self,
        mut cuts: mpsc::UnboundedReceiver<Cut>,
        observer: &mut impl Observer,
    ) -> Recording {
        while let Some(cut) = cuts.recv().await {
            let absorbed = self.aggregator.absorb(cut);
            absorbed
                .examples
                .into_iter()
                .for_each(|example| observer.example(example));
            if absorbed.intervals.is_empty() {
                continue;
            }
            self.aggregator.health(self.sampler.sample(self.clock.now()));
            self.notice(&absorbed.intervals);
            absorbed
                .intervals
                .iter()
                .for_each(|interval| observer.interval(interval));
            observer.snapshot(Arc::new(self.aggregator.snapshot()));
        }
        let end = End {
            how: self.how(),
            load_until: self.shared.load_until(),
            at: self.clock.now(),
            warnings: Vec::new(),
        };
        let (rest, recording) = self.aggregator.finish(end);
        for interval in &rest {
            observer.interval(interval);
        }
        recording
    }

    /// Notices what ends the run: a broken threshold, data without a next value.
    fn notice(&mut self, intervals: &[Arc<Interval>]) {
        if self.ending.is_some() {
            return;
        }
        if let Some(breach) = self.aggregator.abort() {
            self.ending = Some(Ending::Aborted {
                threshold: breach.threshold,
                figure: breach.figure,
            });
            self.shared.stopper.stop(Stop::Gently);
        } else if let Some(ended) = intervals.iter().flat_map(|interval| &interval.data_ended).next() {
            self.ending = Some(Ending::DataEnded {
                name: ended.0.clone(),
            });
        }
    }

    fn how(&mut self) -> Ending {
        let over = self.clock.now() >= self.shared.plan.profile.duration();
        match self.ending.take() {
            Some(aborted @ Ending::Aborted { .. }) => aborted,
            // Data that ends for some users while others go on to the end of the load ends nothing.
            Some(Ending::DataEnded { .. }) if over => Ending::Completed,
            Some(ending) => ending,
            None if self.shared.stop_after_reached() => Ending::StopAfter,
            None if self.shared.stopper.asked() > Stop::Run => Ending::Interrupted,
            None => Ending::Completed,
        }
    }
}
