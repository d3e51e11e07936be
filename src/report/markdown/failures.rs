//! Failure types in words: how often, when, where.

use crate::measure::summary::{FailureSummary, RunSummary};
use crate::plan::outline::Outline;
use crate::report::table::{Align, Cell, Table};
use crate::report::{number, words};

/// More types than this are left to `failures.csv`.
const TYPES: usize = 20;

/// The table of failure types.
pub(super) fn types(summary: &RunSummary) -> String {
    let (failures, requests) = (summary.total.all_failures(), summary.total.attempts());
    let never = match summary.total.never_sent {
        0 => String::new(),
        count => format!(
            " {} of them could not be filled in and were never sent.",
            number::whole(count as f64)
        ),
    };
    if failures == 0 {
        return format!(
            "## Failures\n\nNone of the {} failed.",
            number::counted(requests, "request")
        );
    }
    let mut table = Table::new([
        ("What happened", Align::Left),
        ("Count", Align::Right),
        ("Of all failures", Align::Right),
        ("First", Align::Right),
        ("Last", Align::Right),
        ("Endpoints", Align::Left),
        ("Levels", Align::Left),
    ]);
    for kind in summary.failures.iter().take(TYPES) {
        table.push(row(&summary.run.outline, kind, failures));
    }
    let more = summary.failures.len().saturating_sub(TYPES);
    let rest = if more > 0 {
        format!("\n{more} more types are in `failures.csv`.\n")
    } else {
        String::new()
    };
    format!(
        "## Failures\n\n{failures} of {} failed ({}), over the whole run, ramps included.{never} First and last: seconds since the \
         start of the load. Endpoints and levels (those in which the requests were sent) come with their counts.\n\n{}{rest}",
        number::counted(requests, "request"),
        number::percent(summary.total.failure_share()),
        table.markdown()
    )
}

fn row(outline: &Outline, kind: &FailureSummary, all: u64) -> [Cell; 7] {
    let failure = &kind.failure;
    let share = if all == 0 {
        0.0
    } else {
        failure.count as f64 / all as f64
    };
    let mut endpoints: Vec<_> = kind.rows.iter().collect();
    endpoints.sort_by_key(|(_, seen)| std::cmp::Reverse(seen.count));
    let endpoints: Vec<_> = endpoints
        .iter()
        .map(|(row, seen)| format!("{} {}", words::row(outline, *row), seen.count))
        .collect();
    let levels: Vec<_> = kind
        .stages
        .iter()
        .map(|(stage, count)| format!("{}: {count}", words::stage(outline, *stage)))
        .collect();
    [
        Cell::text(&*failure.text),
        Cell::figure(failure.count),
        Cell::figure(number::percent(share)),
        Cell::figure(number::moment(failure.first)),
        Cell::figure(number::moment(failure.last)),
        Cell::text(endpoints.join(", ")),
        Cell::text(levels.join(", ")),
    ]
}
