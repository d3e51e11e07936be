//! The run over time.

use crate::measure::histogram::Tally;
use crate::measure::interval::Interval;
use crate::measure::summary::{Phase, Second, SecondRow};
use crate::plan::StageId;
use crate::plan::outline::Outline;

/// An integral over an interval, in microseconds times a number, as the mean number.
pub(crate) fn mean_level(integral: i64, length: std::time::Duration) -> f64 {
    if length.is_zero() {
        0.0
    } else {
        integral.max(0) as f64 / 1e6 / length.as_secs_f64()
    }
}

impl Second {
    /// A run that ends with a second leaves an interval of no length behind it: nothing to show.
    pub(crate) fn is_empty(&self) -> bool {
        self.length.is_zero() && self.requests == 0
    }
}

/// One interval as an entry of the series. `tally` is used and left dirty.
pub(crate) fn second(
    outline: &Outline,
    (stage, phase): (StageId, Phase),
    interval: &Interval,
    tally: &mut Tally,
) -> Second {
    tally.clear();
    let mut rows = vec![SecondRow::default(); outline.rows.len()];
    let (mut bytes_sent, mut bytes_received) = (0_u64, 0_u64);
    for cell in &interval.cells {
        tally.add(&cell.response);
        if let Some(row) = rows.get_mut(usize::from(cell.row.0)) {
            row.requests = row.requests.saturating_add(cell.requests());
            row.failures = row.failures.saturating_add(cell.failed);
        }
        bytes_sent = bytes_sent.saturating_add(cell.bytes_sent);
        bytes_received = bytes_received.saturating_add(cell.bytes_received);
    }
    let length = interval.length();
    Second {
        second: interval.from,
        length,
        stage,
        phase,
        users: mean_level(interval.integrals.users, length),
        thinking: mean_level(interval.integrals.thinking, length),
        in_flight: mean_level(interval.integrals.in_flight, length),
        waiting: mean_level(interval.integrals.waiting, length),
        requests: tally.count(),
        failures: rows.iter().fold(0, |sum, row| sum.saturating_add(row.failures)),
        mean: tally.mean(),
        p50: tally.percentile(50.0),
        p95: tally.percentile(95.0),
        p99: tally.percentile(99.0),
        max: tally.max(),
        bytes_sent,
        bytes_received,
        rows,
    }
}
