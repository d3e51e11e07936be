//! Endpoints: figures of the run and of each level, where the time went, statuses and connections, iterations.

use crate::measure::summary::{Figures, RunSummary, Times};
use crate::report::table::{Align, Cell, Table};
use crate::report::{number, words};

/// More lines than this of one table are left to `endpoints.csv`.
const LINES: usize = 60;

const FIGURES: [&str; 8] = [
    "Requests", "Failed", "RPS", "Average", "p50", "p95", "p99", "Longest",
];

/// Figures of each kind of request over the whole run.
pub(super) fn whole_run(summary: &RunSummary) -> String {
    let open = summary.run.outline.open;
    let mut table = Table::of_figures(2, ["Endpoint", "Method"].into_iter().chain(FIGURES));
    for row in &summary.rows {
        let names = [Cell::text(&row.name), Cell::text(&row.method)];
        table.push(names.into_iter().chain(figures(open, &row.figures)));
    }
    let total = [Cell::figure("**All**"), Cell::figure("")];
    table.push(total.into_iter().chain(figures(open, &summary.total)));
    let outside = summary.after_last_stage;
    let after = if outside > 0 {
        format!(
            ", and {} completed after the last stage",
            number::counted(outside, "request")
        )
    } else {
        String::new()
    };
    let journey = if summary
        .run
        .outline
        .endpoints
        .iter()
        .any(|endpoint| endpoint.journey)
    {
        ", or a journey: several requests one after the other, written `journey / step`"
    } else {
        ""
    };
    let never = match summary.total.never_sent {
        0 => String::new(),
        count => format!(
            ", {} included that were never sent and are not among the requests",
            number::whole(count as f64)
        ),
    };
    let from_due = if open {
        " Times count from the moment a request was due."
    } else {
        ""
    };
    format!(
        "## Endpoints\n\nAn endpoint is one kind of request{journey}. These are all \
         requests of the run, the ramps between the levels included{after}; RPS is over {}. *Failed*: number and share{never}.{from_due}\n\n{}",
        number::span(summary.length),
        table.markdown()
    )
}

/// The same at each level; left out where there is only one.
pub(super) fn by_level(summary: &RunSummary) -> Option<String> {
    let outline = &summary.run.outline;
    let held: Vec<_> = summary
        .stages
        .iter()
        .filter(|stage| stage.figures.requests > 0)
        .collect();
    if held.is_empty() || summary.stages.len() < 2 {
        return None;
    }
    let mut table = Table::of_figures(2, ["Level", "Endpoint"].into_iter().chain(FIGURES));
    for stage in &held {
        for (row, of_row) in outline.rows.iter().zip(&stage.rows) {
            let names = [
                Cell::text(words::stage(outline, stage.stage)),
                Cell::text(&row.name),
            ];
            table.push(names.into_iter().chain(figures(outline.open, of_row)));
        }
    }
    let heading = "### At each level";
    if table.len() > LINES {
        return Some(format!(
            "{heading}\n\n{} kinds of request at {} levels are too many for a page: see `endpoints.csv`.",
            outline.rows.len(),
            held.len()
        ));
    }
    Some(format!(
        "{heading}\n\nOf the measured seconds of each level.\n\n{}",
        table.markdown()
    ))
}

fn figures(open: bool, figures: &Figures) -> [Cell; 8] {
    let failed = match figures.all_failures() {
        0 => "0".to_owned(),
        count => format!("{count} ({})", number::percent(figures.failure_share())),
    };
    let (mean, percentiles) = figures.times(open);
    let at = |value| Cell::figure(number::quantile_or_none(value));
    [
        Cell::figure(figures.requests),
        Cell::figure(failed),
        Cell::figure(number::exact_rate(figures.rate)),
        Cell::figure(number::time_or_none(mean)),
        at(percentiles.map(|all| all.p50)),
        at(percentiles.map(|all| all.p95)),
        at(percentiles.map(|all| all.p99)),
        at(percentiles.map(|all| all.max)),
    ]
}

/// Parts of the response time.
pub(super) fn phases(summary: &RunSummary) -> String {
    let titles = [
        "Endpoint",
        "Name look-up",
        "Connect",
        "TLS",
        "First byte",
        "Download",
    ];
    let mut table = Table::of_figures(1, titles);
    for row in &summary.rows {
        let phases = &row.phases;
        let parts = [
            &phases.dns,
            &phases.connect,
            &phases.tls,
            &phases.first_byte,
            &phases.download,
        ];
        let cells = parts.map(|times| {
            Cell::figure(
                times
                    .as_ref()
                    .map_or_else(|| number::NONE.to_owned(), mean_and_p95),
            )
        });
        table.push(std::iter::once(Cell::text(&row.name)).chain(cells));
    }
    format!(
        "## Where the time went\n\nMean / p95 of each part of the response time, over the whole run. Name look-up, opening the \
         TCP connection and the TLS handshake are of the requests that did them; most requests use a connection that is \
         already open. First byte: from ready to go (connecting included) until the response begins. Download: from there \
         to its last byte.\n\n{}",
        table.markdown()
    )
}

fn mean_and_p95(times: &Times) -> String {
    format!(
        "{} / {}",
        number::time(times.mean),
        number::quantile(times.percentiles.p95)
    )
}

/// Status codes, connections and sizes.
pub(super) fn responses(summary: &RunSummary) -> String {
    let mut table = Table::new([
        ("Endpoint", Align::Left),
        ("Status codes", Align::Left),
        ("New", Align::Right),
        ("Reused", Align::Right),
        ("Reopened", Align::Right),
        ("None", Align::Right),
        ("Resent", Align::Right),
        ("Redirects", Align::Right),
        ("Sent", Align::Right),
        ("Received", Align::Right),
    ]);
    for row in &summary.rows {
        let statuses: Vec<_> = row
            .statuses
            .iter()
            .map(|status| format!("{}: {}", status.status, status.count))
            .collect();
        let used = row.connections;
        let counts = [
            used.new,
            used.reused,
            used.reopened,
            used.none,
            used.resent,
            row.redirects,
        ];
        let sizes = [row.figures.bytes_sent, row.figures.bytes_received];
        let mut cells = vec![Cell::text(&row.name), Cell::text(statuses.join(", "))];
        cells.extend(counts.map(Cell::figure));
        cells.extend(sizes.map(|size| Cell::figure(number::bytes(size as f64))));
        table.push(cells);
    }
    format!(
        "## Responses and connections\n\nHow often each HTTP status came, and how the requests came by their connections: \
         *new*, opened for the request; *reused*, kept alive from an earlier one; *reopened*, opened because the kept-alive \
         one was found closed; *none*, no connection was reached. *Resent* counts requests that were sent once more on another connection: the \
         server's log has these too, except those that HTTP/2's GOAWAY or REFUSED_STREAM left undone. Sizes are whole requests and responses, without TLS.\n\n{}",
        table.markdown()
    )
}

/// Iterations, where they are more than single requests.
pub(super) fn iterations(summary: &RunSummary) -> Option<String> {
    let journeys = summary
        .run
        .outline
        .endpoints
        .iter()
        .any(|endpoint| endpoint.journey);
    let overruns = summary
        .endpoints
        .iter()
        .any(|endpoint| endpoint.pace_overruns > 0);
    if !journeys && !overruns {
        return None;
    }
    let titles = [
        "Endpoint",
        "Iterations",
        "Broken off",
        "Average",
        "p50",
        "p95",
        "p99",
        "Longest",
        "Began late",
    ];
    let mut table = Table::of_figures(1, titles);
    for endpoint in &summary.endpoints {
        let times = endpoint.duration.as_ref();
        let at = |value| Cell::figure(number::quantile_or_none(value));
        table.push([
            Cell::text(&endpoint.name),
            Cell::figure(endpoint.iterations),
            Cell::figure(endpoint.failed),
            Cell::figure(number::time_or_none(times.map(|times| times.mean))),
            at(times.map(|times| times.percentiles.p50)),
            at(times.map(|times| times.percentiles.p95)),
            at(times.map(|times| times.percentiles.p99)),
            at(times.map(|times| times.percentiles.max)),
            Cell::figure(endpoint.pace_overruns),
        ]);
    }
    Some(format!(
        "## Iterations\n\nAn iteration is one round of a user: a request, or all steps of a journey with the pauses between \
         them. *Broken off*: ended by a failed step. *Began late*: the one before took longer than the pace allows.\n\n{}",
        table.markdown()
    ))
}
