//! Merges the workers' cuts into intervals: the only source of any figure, live or afterwards.
//!
//! It belongs to one thread or task, which receives the cuts of all workers over a channel, passes what
//! [`Aggregator::absorb`] gives on to the journal, and publishes a [`Snapshot`] once a second.

mod live;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use live::Live;

use super::health::Generator;
use super::interval::{Failure, Interval};
use super::recorder::{Cut, Examples, Texts};
use super::recording::{Recording, Timeline};
use super::run::{End, RunInfo, Storage};
use super::sample::Example;
use super::snapshot::{Breach, Snapshot};
use crate::plan::course::Turn;
use crate::plan::outline::Outline;

/// So many seconds the fastest worker may be ahead before a second is given out without the slowest. What that one tells
/// later is added to its second then.
const PATIENCE: u32 = 5;

/// Merges cuts.
#[derive(Debug)]
pub struct Aggregator {
    info: Arc<RunInfo>,
    workers: Vec<Progress>,
    /// Seconds that are not complete.
    pending: BTreeMap<u32, Interval>,
    /// Every second before it was given out.
    given_out: u32,
    timeline: Timeline,
    texts: Texts,
    examples: Examples,
    /// What was seen of the process since the last second was given out.
    generator: Generator,
    /// What changed the course of the run since then.
    turns: Vec<Turn>,
    live: Live,
}

/// How far a worker has come.
#[derive(Clone, Copy, Debug, Default)]
struct Progress {
    /// The second after the last it has cut.
    next: u32,
    /// It cuts no more.
    ended: bool,
}

/// What came of a cut.
#[derive(Debug, Default)]
pub struct Absorbed {
    /// For the journal: seconds that are complete now, and what was added to an earlier one.
    pub intervals: Vec<Arc<Interval>>,
    /// For the journal: the first few examples of each failure type.
    pub examples: Vec<Example>,
}

impl Aggregator {
    /// For a run with as many workers as its host has.
    pub fn new(info: Arc<RunInfo>) -> Self {
        Self {
            workers: vec![Progress::default(); usize::from(info.host.workers)],
            pending: BTreeMap::new(),
            given_out: 0,
            timeline: Timeline::default(),
            texts: Texts::default(),
            examples: Examples::default(),
            generator: Generator::default(),
            turns: Vec::new(),
            live: Live::new(&info),
            info,
        }
    }

    /// Takes one second of one worker in. A second is given out when all workers that have not ended have cut it.
    pub fn absorb(&mut self, cut: Cut) -> Absorbed {
        for example in cut.examples {
            self.examples.offer(example);
        }
        if let Some(worker) = self.workers.get_mut(usize::from(cut.worker)) {
            worker.next = worker.next.max(cut.interval.until);
            worker.ended |= cut.last;
        }
        let mut interval = cut.interval;
        self.bound_failures(&mut interval);
        let mut intervals = Vec::new();
        if interval.from < self.given_out {
            intervals.push(self.give_out(interval));
        } else {
            match self.pending.get_mut(&interval.from) {
                Some(pending) => pending.merge(&interval),
                None => drop(self.pending.insert(interval.from, interval)),
            }
        }
        let complete = self.complete();
        while let Some(first) = self.pending.first_entry().filter(|first| *first.key() < complete) {
            let interval = first.remove();
            intervals.push(self.give_out(interval));
        }
        Absorbed {
            intervals,
            examples: self.examples.take(),
        }
    }

    /// What the engine saw of its own process, about once a second; what its workers did is in their cuts.
    pub fn health(&mut self, seen: &Generator) {
        self.generator.merge(seen);
    }

    /// The run takes another course.
    pub fn turn(&mut self, turn: Turn) {
        Arc::make_mut(&mut self.info).turn(&turn);
        self.live.turn(&self.info, &turn);
        self.turns.push(turn);
    }

    /// The seconds that were given out.
    pub fn timeline(&self) -> &Timeline {
        &self.timeline
    }

    /// What was planned, as far as it still holds.
    pub fn outline(&self) -> &Outline {
        &self.info.outline
    }

    /// The load ends before its plan does: from now on no iteration is begun.
    pub fn stopping(&mut self, at: Duration) {
        self.live.stopping(at);
    }

    /// The run as it stands at the last second that was given out.
    pub fn snapshot(&self) -> Snapshot {
        self.live.snapshot()
    }

    /// The threshold with `abort` that has been broken for as long as it says, if any: the run is to be ended.
    pub fn abort(&self) -> Option<&Breach> {
        self.live.abort()
    }

    /// Ends the run. Gives what was not complete, for the journal, and the recording; its storage is to be filled in by
    /// who closes the journal.
    pub fn finish(mut self, end: End) -> (Vec<Arc<Interval>>, Recording) {
        let mut intervals = Vec::new();
        while let Some((_, interval)) = self.pending.pop_first() {
            intervals.push(self.give_out(interval));
        }
        let recording = Recording {
            info: self.info,
            timeline: self.timeline,
            end,
            storage: Storage::default(),
        };
        (intervals, recording)
    }

    /// The second up to which all are complete.
    fn complete(&self) -> u32 {
        let under_way = self
            .workers
            .iter()
            .filter(|worker| !worker.ended)
            .map(|worker| worker.next);
        let fastest = self.workers.iter().map(|worker| worker.next).max().unwrap_or(0);
        under_way
            .min()
            .unwrap_or(u32::MAX)
            .max(fastest.saturating_sub(PATIENCE))
    }

    fn give_out(&mut self, mut interval: Interval) -> Arc<Interval> {
        interval.generator.merge(&std::mem::take(&mut self.generator));
        interval.turns.append(&mut self.turns);
        self.given_out = self.given_out.max(interval.until);
        let interval = interval.kept();
        let whole = self.timeline.add(interval.clone());
        self.live.add(&interval, whole);
        interval
    }

    /// Each worker bounds its failure types; together they must not exceed that bound either.
    fn bound_failures(&mut self, interval: &mut Interval) {
        for cell in &mut interval.cells {
            let admitted = |failure: Failure| Failure {
                text: self.texts.admit(&failure.text),
                ..failure
            };
            cell.rename_failures(admitted);
        }
    }
}
