//! The one who hears of all workers: merges their cuts, tells the observer, and ends the run where a threshold says so.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;

use super::clock::Clock;
use super::control::Stop;
use super::host::Sampler;
use super::shared::Shared;
use super::{Hold, Observer};
use crate::measure::aggregator::Aggregator;
use crate::measure::interval::Interval;
use crate::measure::recorder::Cut;
use crate::measure::recording::Recording;
use crate::measure::run::{End, Ending, RunInfo};
use crate::plan::StageId;
use crate::plan::course::{Change, Refused, Turn};

/// Seconds between two looks at a hold.
const LOOK_EVERY: u32 = 5;

/// Merges what the workers cut.
pub(super) struct Coordinator {
    shared: Arc<Shared>,
    clock: Clock,
    aggregator: Aggregator,
    sampler: Sampler,
    /// Why the run is being ended, once it is.
    ending: Option<Ending>,
    /// When it last took another course.
    turned: Duration,
}

impl Coordinator {
    pub(super) fn new(shared: &Arc<Shared>, clock: Clock, info: Arc<RunInfo>) -> Self {
        let aggregator = Aggregator::new(info);
        Self {
            shared: Arc::clone(shared),
            clock,
            aggregator,
            sampler: Sampler::default(),
            ending: None,
            turned: Duration::ZERO,
        }
    }

    /// Collects until every worker has hung up.
    pub(super) async fn collect(
        mut self,
        mut cuts: mpsc::UnboundedReceiver<Cut>,
        observer: &mut impl Observer,
    ) -> Recording {
        let control = self.shared.control.clone();
        loop {
            let cut = tokio::select! {
                biased;
                change = control.next_change() => {
                    self.change(change, observer);
                    continue;
                }
                cut = cuts.recv() => match cut {
                    Some(cut) => cut,
                    None => break,
                },
            };
            let absorbed = self.aggregator.absorb(cut);
            absorbed
                .examples
                .into_iter()
                .for_each(|example| observer.example(example));
            if absorbed.intervals.is_empty() {
                continue;
            }
            let opened = absorbed.intervals.iter().map(|interval| opened(interval)).sum();
            self.aggregator.health(&self.sampler.sample(opened));
            self.notice(&absorbed.intervals);
            absorbed
                .intervals
                .iter()
                .for_each(|interval| observer.interval(interval));
            self.end_steady_stage(observer);
            self.notice_the_end();
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

    /// Makes a change by hand, or says why it cannot be made.
    fn change(&mut self, change: Change, observer: &mut impl Observer) {
        let at = self.moment();
        let stopping = self.shared.control.asked() > Stop::Run;
        let allowed = if stopping {
            Err(Refused::Over)
        } else {
            self.aggregator.outline().allows(&change, at)
        };
        match allowed {
            Ok(()) => {
                self.turn(Turn { at, change });
                observer.snapshot(Arc::new(self.aggregator.snapshot()));
            }
            Err(refused) => observer.warning(format!("nothing was changed: {refused}")),
        }
    }

    fn turn(&mut self, turn: Turn) {
        self.turned = turn.at;
        self.aggregator.turn(turn);
        self.shared.schedule.turn(self.aggregator.outline());
    }

    /// Now, in whole microseconds, as files keep it, and later than the turn before.
    fn moment(&self) -> Duration {
        let micros = Duration::from_micros(self.clock.now().as_micros() as u64);
        micros.max(self.turned + Duration::from_micros(1))
    }

    /// Ends a stage that is held until it is steady, once it is. Asked every five seconds: a verdict rests on as many.
    fn end_steady_stage(&mut self, observer: &mut impl Observer) {
        let now = self.moment();
        let outline = self.aggregator.outline();
        let Some(number) = outline.stages.iter().position(|stage| now < stage.end) else {
            return;
        };
        let stage = &outline.stages[number];
        let Some(until) = stage.until_steady else { return };
        let held = self
            .aggregator
            .timeline()
            .intervals()
            .last()
            .map_or(0, |last| last.until);
        let so_far = Hold {
            from: stage.hold_start.as_secs_f64().ceil() as u32,
            to: held,
            within: until.within,
            open: outline.open,
        };
        let length = so_far.to.saturating_sub(so_far.from);
        let long_enough = Duration::from_secs(u64::from(length)) >= until.at_least;
        if self.shared.control.asked() > Stop::Run || !long_enough || !length.is_multiple_of(LOOK_EVERY) {
            return;
        }
        if observer.is_steady(self.aggregator.timeline(), &so_far) {
            self.turn(Turn {
                at: now,
                change: Change::Steady {
                    stage: StageId(number as u16),
                },
            });
        }
    }

    /// Tells the live views that the load ended before its plan did, once a worker has done as it was asked.
    fn notice_the_end(&mut self) {
        let until = self.shared.load_until();
        if self.shared.control.asked() > Stop::Run && !until.is_zero() {
            self.aggregator.stopping(until);
        }
    }

    /// Notices what ends the run: a broken threshold, data without a next value. What comes while it is ending anyway is not
    /// why it ends.
    fn notice(&mut self, intervals: &[Arc<Interval>]) {
        if self.ending.is_some() || self.shared.control.asked() > Stop::Run {
            return;
        }
        if let Some(breach) = self.aggregator.abort() {
            self.ending = Some(Ending::Aborted {
                threshold: breach.threshold,
                figure: breach.figure,
            });
            self.shared.control.stop(Stop::Gently);
        } else if let Some(ended) = intervals.iter().flat_map(|interval| &interval.data_ended).next() {
            self.ending = Some(Ending::DataEnded {
                name: ended.0.clone(),
            });
        }
    }

    fn how(&mut self) -> Ending {
        let over = self.clock.now() >= self.shared.planned_end();
        match self.ending.take() {
            Some(aborted @ Ending::Aborted { .. }) => aborted,
            // Data that ends for some users while others go on to the end of the load ends nothing.
            Some(Ending::DataEnded { .. }) if over => Ending::Completed,
            Some(ending) => ending,
            None if self.shared.stop_after_reached() => Ending::StopAfter,
            None if self.shared.control.asked() > Stop::Run => Ending::Interrupted,
            None => Ending::Completed,
        }
    }
}

/// Connections opened in an interval, at most: a redirect may have opened one of its own.
fn opened(interval: &Interval) -> u64 {
    let cells = interval.cells.iter();
    cells
        .map(|cell| cell.connections.new + cell.connections.reopened + cell.redirects)
        .fold(0, u64::saturating_add)
}
