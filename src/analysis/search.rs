//! A search for the capacity: from what was measured so far, which level tells most now, or that enough is known.
//!
//! Up: each level twice the one before, until throughput stops growing, a limit is broken or requests fail. Then around that
//! place, in this order: a level deep enough in saturation that the ceiling is the API's and not its queue's; one low enough that
//! response times without queueing are known; the place where limits break, requests fail or throughput falls; the knee; and
//! again what is not known well enough. It is a function of the levels, so that a report written later from the journal says
//! the same of how the search ended.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Analysis;
use super::capacity::{Capacity, FAILURES, Light, PLATEAU, SATURATED_OPEN, Step};
use super::level::{Level, Trust};
use crate::plan::search::Search;

/// So many times the knee is deep enough: a server of exponential service is then idle for less than 2 % of the time even where
/// the knee is at two users (Erlang's loss formula, B(4, 1) = 1.5 %), and the more users the less.
const DEEP: f64 = 2.0;

/// The error of R0 that queueing at the lowest level may make of a cycle.
const LIGHT: f64 = 0.02;

/// Limits are sought until the level that meets them and the one that breaks them are this near each other.
const NEAR: f64 = 1.1;
/// The same of what arrives at a rate.
const NEAR_OPEN: f64 = 1.05;

/// A level this near the knee is at the knee.
const AT_KNEE: f64 = 1.2;

/// The width of the ceiling's interval that is narrow enough, as a share of it.
const KNOWN: f64 = 0.05;

/// A level is measured no more often.
const REPEATS: usize = 3;

/// What to do now.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Move {
    /// Measure a level.
    Measure {
        /// Users, or arrivals per second.
        load: f64,
        /// What for.
        why: Why,
    },
    /// The search is over.
    Done(Ended),
}

/// What a level is measured for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// On the way up.
    Up,
    /// The ceiling, well beyond the knee.
    Ceiling,
    /// Response times without queueing.
    Light,
    /// Where limits break.
    Limit,
    /// The knee.
    Knee,
    /// What was measured is not certain enough.
    Again,
}

/// Why a search ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Ended {
    /// The answer is known.
    Known,
    /// Nothing gave, up to the highest level.
    AtMost,
    /// The generator was the limit.
    Generator,
    /// All users of an open model were busy, though the API was not slow.
    Users,
    /// It took all the levels that it may, and the answer could be known better.
    Spent,
    /// Not one request of the first level succeeded.
    Nothing,
    /// It was ended from outside before it was over.
    Unfinished,
}

/// What to do before any level was measured.
pub fn first(search: &Search) -> Move {
    Move::Measure {
        load: search.start,
        why: Why::Up,
    }
}

/// What to do after the levels that the analysis is of.
pub fn next(search: &Search, open: bool, analysis: &Analysis) -> Move {
    let levels = &analysis.levels;
    let Some(last) = levels.last() else {
        return first(search);
    };
    if levels.iter().all(|level| level.failures >= level.requests) {
        return Move::Done(Ended::Nothing);
    }
    match last.trust {
        // Once may have been something else on this machine.
        Trust::Generator if twice(levels, last) => return Move::Done(Ended::Generator),
        Trust::Generator => {
            return Move::Measure {
                load: last.load,
                why: Why::Again,
            };
        }
        Trust::ShortOfUsers { .. } => return Move::Done(Ended::Users),
        _ => {}
    }
    if levels.len() >= search.most_levels() {
        return Move::Done(Ended::Spent);
    }
    let state = State {
        search,
        open,
        levels,
        capacity: &analysis.capacity,
    };
    let wanted = if open { state.rate() } else { state.users() };
    match wanted {
        Some((load, why)) => Move::Measure { load, why },
        None if state.gave().is_some() || analysis.capacity.ceiling.is_some() => Move::Done(Ended::Known),
        None => Move::Done(Ended::AtMost),
    }
}

/// Whether the generator was the limit at this load before.
fn twice(levels: &[Level], last: &Level) -> bool {
    let same = |level: &&Level| level.load.total_cmp(&last.load).is_eq() && level.trust == Trust::Generator;
    levels.iter().filter(same).count() > 1
}

/// How a search went.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Searched {
    /// Levels that were measured, repeats counted.
    pub levels: usize,
    /// The lowest of them.
    pub lowest: f64,
    /// The highest.
    pub highest: f64,
    /// Why no further one was.
    pub ended: Ended,
    /// The highest load below which nothing gives.
    pub holds: Option<f64>,
    /// The lowest that does not hold, and why.
    pub gives: Option<(f64, Vec<Gave>)>,
}

/// What does not hold at a load.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Gave {
    /// A limit is broken.
    Limit {
        /// As written.
        text: String,
    },
    /// Requests fail.
    Failures {
        /// Their share.
        share: f64,
    },
    /// Fewer are served than arrive.
    Unserved {
        /// Served as a share of what arrives.
        share: f64,
    },
    /// Throughput falls.
    Falls {
        /// As a share of what fewer users bring.
        share: f64,
    },
    /// It does not become steady, so that more waits the longer it is held.
    NotSteady,
    /// It was ended before it was held.
    Aborted,
}

impl Searched {
    /// From all levels; `None` without any.
    pub fn of(search: &Search, open: bool, analysis: &Analysis) -> Option<Self> {
        let (levels, capacity) = (&analysis.levels, &analysis.capacity);
        let loads = || levels.iter().map(|level| level.load);
        let (holds, gives) = bracket(open, levels, capacity);
        let step = capacity.steps.iter().find(|step| Some(step.load) == gives);
        (!levels.is_empty()).then(|| Self {
            levels: levels.len(),
            lowest: loads().fold(f64::INFINITY, f64::min),
            highest: loads().fold(0.0, f64::max),
            ended: match next(search, open, analysis) {
                Move::Done(ended) => ended,
                Move::Measure { .. } => Ended::Unfinished,
            },
            holds,
            gives: step.map(|step| (step.load, gave(open, levels, capacity, step))),
        })
    }
}

/// The highest load below which nothing gives, and the lowest that does not hold: a limit broken, requests failing, throughput
/// falling, in the open model arrivals that are not served.
fn bracket(open: bool, levels: &[Level], capacity: &Capacity) -> (Option<f64>, Option<f64>) {
    let gives = capacity
        .steps
        .iter()
        .find(|step| !gave(open, levels, capacity, step).is_empty());
    let gives = gives.map(|step| step.load);
    let below = |step: &&Step| step.trusted && gives.is_none_or(|gives| step.load < gives);
    let holds = capacity.steps.iter().rev().find(below);
    (holds.map(|step| step.load), gives)
}

fn is_held(levels: &[Level], step: &Step) -> bool {
    step.levels
        .iter()
        .any(|place| levels[*place].trust != Trust::NeverHeld)
}

fn gave(open: bool, levels: &[Level], capacity: &Capacity, step: &Step) -> Vec<Gave> {
    if !is_held(levels, step) {
        return vec![Gave::Aborted];
    }
    let limits = step.broken.iter().map(|text| Gave::Limit { text: text.clone() });
    let failures = (step.failure_share.low() > FAILURES).then_some(Gave::Failures {
        share: step.failure_share.value,
    });
    let unserved = step.efficiency.filter(|share| open && *share < SATURATED_OPEN);
    let falls = falls(capacity, step).filter(|_| !open);
    // Once may be chance, or something else on the machine.
    let unsteady = open && unsettled(levels, step) >= 2;
    limits
        .chain(failures)
        .chain(unserved.map(|share| Gave::Unserved { share }))
        .chain(falls.map(|share| Gave::Falls { share }))
        .chain(unsteady.then_some(Gave::NotSteady))
        .collect()
}

/// Throughput as a share of the most that fewer users bring, where it is below a plateau of them for certain.
fn falls(capacity: &Capacity, step: &Step) -> Option<f64> {
    let fewer = capacity
        .steps
        .iter()
        .filter(|other| other.trusted && other.load < step.load);
    let most = fewer.map(|other| other.served.value).fold(0.0, f64::max);
    (step.trusted && step.served.high() < PLATEAU * most).then(|| step.served.value / most)
}

/// How often a load that is never to be relied on was not steady.
fn unsettled(levels: &[Level], step: &Step) -> usize {
    let here = step.levels.iter().map(|place| &levels[*place]);
    let unsteady = here.filter(|level| level.trust == Trust::NotSteady).count();
    if step.trusted { 0 } else { unsteady }
}

struct State<'a> {
    search: &'a Search,
    open: bool,
    levels: &'a [Level],
    capacity: &'a Capacity,
}

impl State<'_> {
    /// The level that tells most, closed model.
    fn users(&self) -> Option<(f64, Why)> {
        let up = || (self.gave().is_none() && self.capacity.ceiling.is_none()).then(|| self.up())?;
        up().or_else(|| self.ceiling())
            .or_else(|| self.light())
            .or_else(|| self.limit(NEAR))
            .or_else(|| self.knee())
            .or_else(|| self.again())
    }

    /// The same in the open model.
    fn rate(&self) -> Option<(f64, Why)> {
        let up = || self.gave().is_none().then(|| self.up())?;
        self.unsure()
            .or_else(up)
            .or_else(|| self.limit(NEAR_OPEN))
            .or_else(|| self.again())
    }

    /// Again what was not steady, unless it gives for another reason.
    fn unsure(&self) -> Option<(f64, Why)> {
        let once = |step: &&Step| {
            unsettled(self.levels, step) == 1 && gave(self.open, self.levels, self.capacity, step).is_empty()
        };
        let step = self.capacity.steps.iter().find(once)?;
        Some((step.load, Why::Again))
    }

    fn gave(&self) -> Option<f64> {
        bracket(self.open, self.levels, self.capacity).1
    }

    fn up(&self) -> Option<(f64, Why)> {
        let top = self.top();
        (top < self.search.at_most).then(|| (self.search.above(top), Why::Up))
    }

    fn top(&self) -> f64 {
        self.levels.iter().map(|level| level.load).fold(0.0, f64::max)
    }

    /// Well beyond the knee, unless something gives before.
    fn ceiling(&self) -> Option<(f64, Why)> {
        let deep = DEEP * self.capacity.knee?.value;
        if self.gave().is_some() || self.top() >= deep {
            return None;
        }
        self.fresh(deep.max(1.3 * self.top()), Why::Ceiling)
    }

    /// Low enough that hardly anything queues. With U of the ceiling used at L users, at most about U / (1 − U) of them are in a queue
    /// of one server (of several fewer), so that a cycle of L / X is longer by U² / ((1 − U) L) of itself.
    fn light(&self) -> Option<(f64, Why)> {
        let ceiling = self.capacity.ceiling.as_ref()?.rate.value;
        let Light::Closed { load, .. } = self.capacity.light? else {
            return None;
        };
        let lowest = self.step_at(load)?;
        let used = (lowest.served.value / ceiling).min(1.0);
        let error = used * used / ((1.0 - used).max(1e-3) * load);
        if load <= 1.0 || error <= LIGHT {
            return None;
        }
        // Where the lowest level is at the ceiling, no knee is known.
        let below = self.capacity.knee.map_or(f64::INFINITY, |knee| 0.2 * knee.value);
        self.fresh((load / 4.0).min(below), Why::Light)
    }

    /// Between the highest load that holds and the lowest that does not; below it where none holds.
    fn limit(&self, near: f64) -> Option<(f64, Why)> {
        let (holds, gives) = bracket(self.open, self.levels, self.capacity);
        let gives = gives?;
        let Some(holds) = holds else {
            return self.fresh(gives / 2.0, Why::Limit);
        };
        (gives / holds > near).then(|| self.fresh((gives * holds).sqrt(), Why::Limit))?
    }

    fn knee(&self) -> Option<(f64, Why)> {
        let knee = self.capacity.knee?.value;
        let near = |level: &Level| (level.load / knee).max(knee / level.load) <= AT_KNEE;
        let gave = self.gave().unwrap_or(f64::INFINITY);
        (knee < gave && !self.levels.iter().any(near)).then(|| self.fresh(knee, Why::Knee))?
    }

    /// The ceiling where its interval is too wide, and the load that holds where it was measured once.
    fn again(&self) -> Option<(f64, Why)> {
        let repeat = |load: f64| (self.times(load) < REPEATS).then_some((load, Why::Again));
        if let Some(ceiling) = &self.capacity.ceiling {
            let width = ceiling.rate.interval.map(|interval| 2.0 * interval.half_width());
            if width.is_none_or(|width| width > KNOWN * ceiling.rate.value)
                && let Some(again) = ceiling.loads.iter().rev().copied().find_map(repeat)
            {
                return Some(again);
            }
        }
        let (holds, gives) = bracket(self.open, self.levels, self.capacity);
        let once = holds.filter(|load| gives.is_some() && self.times(*load) < 2);
        once.map(|load| (load, Why::Again))
    }

    /// A load that was not measured yet, or once and to no avail; whole users, and within the bounds.
    fn fresh(&self, load: f64, why: Why) -> Option<(f64, Why)> {
        let load = if self.open {
            let digits = 10_f64.powf(load.log10().floor() - 2.0);
            (load / digits).round() * digits
        } else {
            load.round().max(1.0)
        };
        let load = load.min(self.search.at_most);
        let useless = self.step_at(load).is_some_and(|step| !step.trusted) && self.times(load) < 2;
        (self.times(load) == 0 || (useless && !self.open)).then_some((load, why))
    }

    fn times(&self, load: f64) -> usize {
        let same = |level: &&Level| level.load.total_cmp(&load).is_eq();
        self.levels.iter().filter(same).count()
    }

    fn step_at(&self, load: f64) -> Option<&Step> {
        self.capacity
            .steps
            .iter()
            .find(|step| step.load.total_cmp(&load).is_eq())
    }
}

#[cfg(test)]
mod tests;
