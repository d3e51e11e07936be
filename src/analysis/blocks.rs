//! A window cut into blocks, and the figures that come of them.
//!
//! Requests near each other in time are alike: one slow query delays those behind it, and a user sends again only when it
//! has its response. Blocks of at least one cycle (response and think time) are far less alike than requests, so the error of
//! a figure is read from how it differs between them (batch means: Schmeiser 1982, who finds 10 to 30 batches best), and from
//! how alike neighbouring ones still are ([`super::correlation`]).

use std::time::Duration;

use super::estimate::{Estimate, Ratio};
use crate::measure::histogram::Tally;
use crate::measure::recording::Recording;
use crate::measure::summary::Window;
use crate::plan::RowId;

/// With fewer there is no interval: its error would not be known.
pub const FEWEST: u32 = crate::plan::hold::CYCLES;

/// More are not needed; longer blocks are less alike.
const MOST: u32 = 20;

/// A share of a window's time.
#[derive(Clone, Debug, Default)]
pub struct Block {
    /// How long it is.
    pub seconds: f64,
    /// Requests completed in it.
    pub requests: Requests,
}

/// Some requests.
#[derive(Clone, Debug, Default)]
pub struct Requests {
    /// Their response times, all outcomes.
    pub response: Tally,
    /// How many failed.
    pub failed: u64,
}

/// How a window is cut into blocks of equal length.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cuts {
    from: u32,
    length: u32,
    /// How many blocks.
    pub(super) count: u32,
}

impl Cuts {
    /// Blocks of at least a cycle; `None` where there is no room for [`FEWEST`].
    pub(super) fn of(from: u32, to: u32, cycle: f64) -> Option<Self> {
        let length = to.saturating_sub(from);
        // Intervals are of a second, and so are blocks at least.
        let count = ((f64::from(length) / cycle.max(1.0)) as u32).min(MOST);
        (count >= FEWEST).then_some(Self { from, length, count })
    }

    /// The block that a second of the window belongs to.
    pub(super) fn place(self, second: u32) -> usize {
        (u64::from(second - self.from) * u64::from(self.count) / u64::from(self.length)) as usize
    }
}

/// The blocks of a window, over the rows that pass the test; each at least `cycle` seconds long. `None` where the window has
/// no room for [`FEWEST`].
pub fn blocks(
    recording: &Recording,
    window: &Window,
    cycle: f64,
    rows: impl Fn(RowId) -> bool,
) -> Option<Vec<Block>> {
    let cuts = Cuts::of(window.from, window.to, cycle)?;
    let mut blocks = vec![Block::default(); cuts.count as usize];
    for interval in recording.timeline.within(window) {
        let Some(block) = blocks.get_mut(cuts.place(interval.from)) else {
            continue;
        };
        block.seconds += interval.length().as_secs_f64();
        for cell in interval.cells.iter().filter(|cell| rows(cell.row)) {
            block.requests.response.add(&cell.response);
            block.requests.failed += cell.failed;
        }
    }
    Some(blocks)
}

/// Figures of the requests of a window.
pub struct Estimates<'a>(pub &'a [Block]);

impl Estimates<'_> {
    fn ratio(&self, sums: impl Fn(&Block) -> (f64, f64) + Clone) -> Option<Ratio> {
        Ratio::of(self.0.iter().map(sums))
    }

    /// Requests per second.
    pub fn rate(&self) -> Option<Ratio> {
        self.ratio(|block| (block.requests.count(), block.seconds))
    }

    /// Mean response time, seconds.
    pub fn mean(&self) -> Option<Ratio> {
        self.ratio(|block| (block.requests.response.sum() as f64 / 1e6, block.requests.count()))
    }

    /// Failed share of the requests.
    pub fn failure_share(&self) -> Option<Estimate> {
        let ratio = self.ratio(|block| (block.requests.failed as f64, block.requests.count()))?;
        Some(ratio.share(self.0.iter().map(|block| block.requests.count()).sum()))
    }

    /// A percentile of the response time, seconds: the interval is where the distribution reaches the ends of the interval
    /// of the share below it (Woodruff 1952). `all`: the requests of all blocks, with those that never finished.
    pub fn percentile(&self, percent: f64, all: &Tally, unfinished: &Tally) -> Option<Estimate> {
        let seconds = |percent: f64| {
            let percent = percent.clamp(0.0, 100.0);
            Some(all.percentile_with(unfinished, percent)?.value.as_secs_f64())
        };
        let value = seconds(percent)?;
        let at = Duration::from_secs_f64(value);
        let below =
            self.ratio(|block| (block.requests.response.at_most(at) as f64, block.requests.count()))?;
        let half = 100.0 * below.half_width();
        let (low, high) = (seconds(percent - half)?, seconds(percent + half)?);
        Some(Estimate {
            value,
            interval: Some(super::estimate::Bounds { low, high }),
        })
    }
}

impl Requests {
    fn count(&self) -> f64 {
        self.response.count() as f64
    }
}
