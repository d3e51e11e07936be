//! Which seconds of a hold are steady: MSER-5.
//!
//! The warm-up is cut where the standard error of the mean of what remains is least: with batch means `y[d..m]` of five seconds
//! each, at the `d` that minimises `Σ (y[j] − mean)² / (m − d)²` (White 1997; in batches of five, White, Cobb and Spratt 2000;
//! the best of the automatic methods in Hoad, Robinson and Davies 2008 and Hoad and Robinson 2011). The last five batches
//! are never considered, as few values make a small error by chance. A cut in the second half means that the series did not
//! settle: it is refused. But noise alone cuts there in a quarter of the holds of a minute (simulated: two series of independent
//! normal values), so the series must also rise or fall beyond chance (a straight line through its batches, at 5 %); without a
//! trend such a cut is of noise, and nothing is cut. That leaves 3 % of the holds of a minute refused where nothing is wrong
//! and 1 % of those of five minutes, and refuses as many of those with a transient longer than the hold or a drift as MSER-5 alone.
//!
//! A queue that happens to be long when a hold begins is no warm-up: to cut it, because the rest is calmer, makes the figures of the
//! rest too good and their intervals too narrow (noise alone is cut in every second hold). So only a beginning that differs
//! from the rest beyond chance is cut, where the rest says what chance is: its variance, and how alike its neighbours are
//! ([`super::correlation`]), at 0.1 %. Of noise that leaves 1 hold in 200 cut (simulated as above).

use std::time::Duration;

use super::blocks::Cuts;
use super::correlation::inflation;
use super::distribution::student_t_tail;
use super::estimate::Ratio;
use super::trend::trend;
use crate::measure::interval::Interval;
use crate::measure::recording::{Recording, Timeline};
use crate::measure::summary::{Window, WindowChoice};
use crate::plan::StageId;
use crate::plan::outline::StageOutline;

/// Seconds of a batch.
const BATCH: u32 = 5;

/// Fewer batches are not judged.
const FEWEST: usize = 10;

/// More batches (of a hold of two months) are not judged either: only a file that was tampered with has them.
const MOST: usize = 1 << 20;

/// Batches at the end that are never cut.
const TAIL: usize = 5;

/// So seldom does chance alone make so steep a trend.
const CHANCE: f64 = 0.05;

/// So seldom does chance alone set a beginning so far apart from the rest.
const CHANCE_APART: f64 = 0.001;

/// The window of each stage that is a level of load, in order.
pub fn windows(recording: &Recording) -> Vec<Window> {
    let levels = recording.info.outline.levels();
    levels.map(|(id, stage)| window(recording, id, stage)).collect()
}

fn window(recording: &Recording, stage: StageId, planned: &StageOutline) -> Window {
    let covered = recording
        .timeline
        .intervals()
        .last()
        .map_or(Duration::ZERO, |last| last.end);
    let end = planned.end.min(recording.end.load_until).min(covered);
    let from = whole_seconds(planned.hold_start + Duration::from_nanos(999_999_999));
    let to = whole_seconds(end);
    // The second in which the load ended within the hold, where there is no other.
    let cut_short = from == to && end < planned.end && Duration::from_secs(u64::from(from)) < end;
    let to = if cut_short { to + 1 } else { to };
    if from >= to {
        return Window {
            stage,
            from,
            to: from,
            choice: WindowChoice::NeverHeld,
        };
    }
    let hold = Window {
        stage,
        from,
        to,
        choice: WindowChoice::Unjudged,
    };
    let Some(batches) = batches(&recording.timeline, &hold) else {
        return hold;
    };
    match settled(&batches) {
        Some(cut) => {
            let warm_up = BATCH * cut as u32;
            Window {
                from: from + warm_up,
                choice: WindowChoice::Steady { warm_up },
                ..hold
            }
        }
        None => Window {
            choice: WindowChoice::NotSteady,
            ..hold
        },
    }
}

/// Whether a hold, so far [from, to), is steady and its throughput known: the 95 % interval is at most as wide as this share of
/// it. Looking again and again picks intervals that are narrow by chance: of simulated queues they held the truth in 90 to 96 of 100
/// runs, where those of holds of a fixed length did in 95 to 98.
pub fn is_steady(timeline: &Timeline, (from, to): (u32, u32), within: f64) -> bool {
    let mut window = Window {
        stage: StageId(0),
        from,
        to,
        choice: WindowChoice::Unjudged,
    };
    let Some(cut) = batches(timeline, &window).and_then(|batches| settled(&batches)) else {
        return false;
    };
    window.from += BATCH * cut as u32;
    let (mut users, mut requests) = (0, 0);
    for interval in timeline.within(&window) {
        users += interval.integrals.users;
        requests += interval.requests();
    }
    if requests == 0 {
        return false;
    }
    // Little's law: the time that a user spends on one request, thinking included (in the open model its response time).
    let cycle = users as f64 / 1e6 / requests as f64;
    let Some(cuts) = Cuts::of(window.from, window.to, cycle) else {
        return false;
    };
    let mut blocks = vec![(0.0, 0.0); cuts.count as usize];
    for interval in timeline.within(&window) {
        if let Some((requests, seconds)) = blocks.get_mut(cuts.place(interval.from)) {
            *requests += interval.requests() as f64;
            *seconds += interval.length().as_secs_f64();
        }
    }
    Ratio::of(blocks.into_iter()).is_some_and(|rate| 2.0 * rate.half_width() <= within * rate.value)
}

/// How many batches are warm-up; `None` where throughput or response time did not settle.
fn settled(batches: &[Batch]) -> Option<usize> {
    let response: Option<Vec<f64>> = batches.iter().map(Batch::mean_response).collect();
    let rate: Vec<f64> = batches.iter().map(|batch| batch.requests).collect();
    // A batch without a request has no mean response time; then only the throughput is judged.
    let series = [Some(rate), response].into_iter().flatten();
    let cuts: Option<Vec<usize>> = series.map(|series| warm_up(&series)).collect();
    cuts?.into_iter().max()
}

/// How many batches of a series are warm-up; `None` where it did not settle.
fn warm_up(series: &[f64]) -> Option<usize> {
    let cut = mser(series);
    if 2 * cut < series.len() {
        return Some(if is_apart(series, cut) { cut } else { 0 });
    }
    let drifts = trend(series).is_some_and(|trend| trend.p < CHANCE);
    (!drifts).then_some(0)
}

/// Whether the mean of the first values differs from that of the rest beyond chance.
fn is_apart(series: &[f64], first: usize) -> bool {
    let (first, rest) = series.split_at(first);
    if first.is_empty() {
        return false;
    }
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let usual = mean(rest);
    let off = mean(first) - usual;
    let residuals: Vec<f64> = rest.iter().map(|value| value - usual).collect();
    let count = rest.len() as f64;
    let inflation = inflation(&residuals);
    let variance = residuals.iter().map(|value| value * value).sum::<f64>() / (count - 1.0) * inflation;
    let error = (variance * (1.0 / first.len() as f64 + 1.0 / count)).sqrt();
    // As many independent values know as much (Bayley and Hammersley 1946); two degrees of freedom are left in any case.
    let degrees = (count / inflation).max(3.0) - 1.0;
    error <= 0.0 || student_t_tail(off.abs() / error, degrees) < CHANCE_APART
}

fn whole_seconds(time: Duration) -> u32 {
    u32::try_from(time.as_secs()).unwrap_or(u32::MAX)
}

/// Five seconds.
#[derive(Clone, Copy, Debug, Default)]
struct Batch {
    /// Completed.
    requests: f64,
    /// Sum of their response times, microseconds.
    time: f64,
    /// Seconds that are known.
    seconds: u32,
}

impl Batch {
    fn mean_response(&self) -> Option<f64> {
        (self.requests > 0.0).then(|| self.time / self.requests)
    }

    /// Adds a share of an interval.
    fn add(&mut self, interval: &Interval, share: f64) {
        self.requests += share * interval.requests() as f64;
        self.time += share
            * interval
                .cells
                .iter()
                .map(|cell| cell.response.sum() as f64)
                .sum::<f64>();
        self.seconds += 1;
    }
}

/// The batches of a hold; the seconds that are left over at its end are in none. `None`: too few, or some seconds are lost.
/// The requests of a coarser interval are spread evenly over its seconds.
fn batches(timeline: &Timeline, hold: &Window) -> Option<Vec<Batch>> {
    let count = ((hold.to - hold.from) / BATCH) as usize;
    if !(FEWEST..=MOST).contains(&count) {
        return None;
    }
    let mut batches = vec![Batch::default(); count];
    let intervals = timeline.intervals();
    let first = intervals.partition_point(|interval| interval.until <= hold.from);
    for interval in intervals[first..]
        .iter()
        .take_while(|interval| interval.from < hold.to)
    {
        let share = 1.0 / f64::from(interval.until - interval.from);
        for second in interval.from.max(hold.from)..interval.until.min(hold.to) {
            if let Some(batch) = batches.get_mut(((second - hold.from) / BATCH) as usize) {
                batch.add(interval, share);
            }
        }
    }
    batches
        .iter()
        .all(|batch| batch.seconds == BATCH)
        .then_some(batches)
}

/// How many batches to cut: the least standard error; of equal ones the fewest.
fn mser(series: &[f64]) -> usize {
    let (mut best, mut cut) = (f64::INFINITY, 0);
    let (mut count, mut mean, mut squares) = (0.0, 0.0, 0.0);
    // From the end, so that each step adds one value to the mean and the squares (Welford 1962).
    for (before, value) in series.iter().enumerate().rev() {
        count += 1.0;
        let off: f64 = value - mean;
        mean += off / count;
        squares += off * (value - mean);
        let error = squares / (count * count);
        if before + TAIL <= series.len() && error <= best {
            (best, cut) = (error, before);
        }
    }
    cut
}

#[cfg(test)]
mod tests;
