//! Each level in detail: the seconds measured, users, think time and requests in flight, percentiles.

use std::time::Duration;

use crate::measure::summary::{Percentiles, Quantile, RunSummary, StageSummary, WindowChoice};
use crate::report::table::{Cell, Table};
use crate::report::{number, words};

/// The window of each level, and what filled it.
pub(super) fn measured(summary: &RunSummary) -> String {
    let outline = &summary.run.outline;
    let pool = outline.pool_size.filter(|size| *size > 0);
    let mut titles = vec![
        "Level",
        "Measured seconds",
        "Warm-up left out",
        "Failed",
        "Users (N)",
        "In flight (L)",
    ];
    titles.extend_from_slice(if outline.open {
        &["Waiting", "Left waiting", "Dropped"]
    } else {
        &["Think (Z)", "RPS (X)"]
    });
    titles.extend(pool.map(|_| "RPS per connection"));
    let mut table = Table::of_figures(3, titles);
    for stage in &summary.stages {
        table.push(window_row(summary, stage, pool));
    }
    let mut notes = vec![
        "**Measured seconds**: from and to, counted from the start of the load, and how long that is. What came before in \
         the hold is the **warm-up**: the seconds in which the level had not settled (found by the MSER-5 rule, which cuts \
         where the rest varies least about its mean)."
            .to_owned(),
        "**Failed**: failures as a share of the requests, exact where the table above is rounded.".to_owned(),
        "**Users (N)** and **In flight (L)**, requests sent and not yet answered, are means over the measured time.".to_owned(),
    ];
    if outline.open {
        notes.push(
            "**Waiting**: arrivals that found every user busy and waited for one, mean over the time. **Left \
             waiting**: arrivals due in the stage that still waited when the load ended. **Dropped**: arrivals that were \
             given up at once for that reason (`when_busy: drop`)."
                .to_owned(),
        );
    } else {
        notes.push(
            "**Think (Z)**: pause per completed request, as measured. In a steady state N = X × (R + Z) must hold, with X \
             the requests per second and R the average response time: a check that the figures fit together."
                .to_owned(),
        );
    }
    if let Some(size) = pool {
        notes.push(format!(
            "**RPS per connection**: requests per second divided by the {size} connections of the API's own pool \
             (`pool_size` in the scenario), to its database, say."
        ));
    }
    let notes = words::bullets(&notes);
    format!("## Each level\n\n{}\n{notes}", table.markdown())
}

fn window_row(summary: &RunSummary, stage: &StageSummary, pool: Option<u32>) -> Vec<Cell> {
    let outline = &summary.run.outline;
    let held = stage.window.choice != WindowChoice::NeverHeld;
    let shown = |figure: String| Cell::figure(if held { figure } else { number::NONE.to_owned() });
    let any = stage.figures.requests > 0;
    let share = if any {
        number::percent(stage.figures.failure_share())
    } else {
        number::NONE.to_owned()
    };
    let mut row = vec![
        Cell::text(words::stage(outline, stage.stage)),
        Cell::text(words::window(stage)),
        Cell::text(words::warm_up(stage.window.choice)),
        Cell::figure(share),
        shown(number::level(stage.users)),
        shown(number::level(stage.in_flight)),
    ];
    if outline.open {
        row.push(shown(number::level(stage.waiting)));
        row.push(shown(stage.figures.unsent.to_string()));
        row.push(shown(stage.dropped_arrivals.to_string()));
    } else {
        row.push(Cell::figure(number::time_or_none(stage.think)));
        row.push(shown(number::exact_rate(stage.figures.rate)));
    }
    row.extend(pool.map(|size| shown(number::exact_rate(stage.figures.rate / f64::from(size)))));
    row
}

/// Percentiles of the response time at each level.
pub(super) fn response_times(summary: &RunSummary) -> String {
    let outline = &summary.run.outline;
    let mut table = Table::of_figures(
        1,
        [
            "Level",
            "Average",
            "of successes",
            "of failures",
            "Shortest",
            "p50",
            "p90",
            "p95",
            "p99",
            "p99.9",
            "Longest",
        ],
    );
    for stage in &summary.stages {
        let figures = &stage.figures;
        let times = [
            figures.mean,
            figures.mean_success,
            figures.mean_failure,
            figures.min,
        ];
        let mut row = vec![Cell::text(words::stage(outline, stage.stage))];
        row.extend(times.map(|time| Cell::figure(number::time_or_none(time))));
        row.extend(percentiles(figures.percentiles.as_ref()));
        table.push(row);
    }
    let from_sent = if outline.open {
        "From the moment a request was sent, so without the time that its arrival waited for a user. "
    } else {
        ""
    };
    format!(
        "### Response times\n\n{from_sent}A percentile says how long the slower requests took: p95 is the time that 95% of the requests \
         did not exceed, p50 is the median. `> 31 s` would mean that requests without a response at the end of the run \
         reach it, so that all that is known is that it is longer than that.\n\n{}",
        table.markdown()
    )
}

/// Latency from due, where it is measured.
pub(super) fn from_due(summary: &RunSummary) -> Option<String> {
    let outline = &summary.run.outline;
    let mut table = Table::of_figures(
        1,
        [
            "Level", "Requests", "Average", "Shortest", "p50", "p90", "p95", "p99", "p99.9", "Longest",
        ],
    );
    for stage in &summary.stages {
        let Some(latency) = &stage.figures.latency else {
            continue;
        };
        let times: [Duration; 2] = [latency.mean, latency.min];
        let mut row = vec![
            Cell::text(words::stage(outline, stage.stage)),
            Cell::figure(latency.count),
        ];
        row.extend(times.map(|time| Cell::figure(number::time(time))));
        row.extend(percentiles(Some(&latency.percentiles)));
        table.push(row);
    }
    let judged = if outline.open {
        " Thresholds and the table under *Result* go by it."
    } else {
        " Thresholds and the table under *Result* go by the response time."
    };
    (!table.is_empty()).then(|| {
        format!(
            "### Latency from due\n\nThe same, counted from the moment a request was due (its arrival, or the tick of the \
             pace) in place of the moment it was sent. Time that it waited for a free user is part of it: this is what \
             someone who wanted the response at that moment would have felt.{judged}\n\n{}",
            table.markdown()
        )
    })
}

/// p50, p90, p95, p99, p99.9 and the longest.
fn percentiles(percentiles: Option<&Percentiles>) -> [Cell; 6] {
    let shown =
        |pick: fn(&Percentiles) -> Quantile| Cell::figure(number::quantile_or_none(percentiles.map(pick)));
    [
        shown(|all| all.p50),
        shown(|all| all.p90),
        shown(|all| all.p95),
        shown(|all| all.p99),
        shown(|all| all.p99_9),
        shown(|all| all.max),
    ]
}
