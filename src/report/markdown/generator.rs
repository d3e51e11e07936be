//! The load generator itself: whether it kept up.

use crate::measure::health::{Limits, usable_cores};
use crate::measure::summary::RunSummary;
use crate::report::table::{Cell, Table};
use crate::report::{number, words};

/// The state of the generator against its limits.
pub(super) fn state(summary: &RunSummary) -> String {
    let (health, host) = (&summary.health, &summary.run.host);
    let unknown = || "not known".to_owned();
    let usable = usable_cores(host);
    let mut table = Table::of_figures(1, ["Figure", "Measured", "Limit"]);
    let mut line = |what: &str, measured: String, limit: String| {
        table.push([Cell::text(what), Cell::text(measured), Cell::text(limit)]);
    };
    line(
        "Cores used by the workers, mean",
        health.cores_mean.map_or_else(unknown, number::level),
        format!("{usable} usable"),
    );
    line(
        "Cores used by the workers in the busiest second",
        health.cores_max.map_or_else(unknown, number::level),
        number::level(Limits::CPU_SHARE * f64::from(usable)),
    );
    line(
        "Seconds above that limit",
        format!("{} of {}", health.busy_seconds, health.sampled_seconds),
        number::percent(Limits::BUSY_SECONDS),
    );
    let late = health.lateness.as_ref().map(|late| &late.percentiles);
    line(
        "Behind schedule, p50",
        late.map_or_else(unknown, |late| number::quantile(late.p50)),
        String::new(),
    );
    line(
        "Behind schedule, p99",
        late.map_or_else(unknown, |late| number::quantile(late.p99)),
        number::time(Limits::LATENESS_P99),
    );
    line(
        "Behind schedule, worst",
        late.map_or_else(unknown, |late| number::quantile(late.max)),
        String::new(),
    );
    let of = |share: f64, limit: Option<u64>| {
        limit.map_or_else(unknown, |limit| format!("{} of {limit}", number::percent(share)))
    };
    line(
        "Open files, most at once",
        health.open_files.map_or_else(unknown, |count| count.to_string()),
        of(Limits::OPEN_FILES, host.open_files_limit),
    );
    line(
        "Local ports, most at once",
        health.local_ports.map_or_else(unknown, |count| count.to_string()),
        of(Limits::LOCAL_PORTS, host.local_ports),
    );
    let verdict = match health.warnings.len() {
        0 if health.sampled_seconds == 0 => {
            "Nothing is known to have gone wrong, but its processor was not looked at.".to_owned()
        }
        0 => "No limit was passed, and every second reached the disk as it was measured.".to_owned(),
        count => format!(
            "{} at the top of this report.",
            number::counted(count as u64, "warning") + if count == 1 { " stands" } else { " stand" }
        ),
    };
    format!(
        "## The load generator\n\nWhether this program itself could keep up; past a limit, its own delay would be taken for \
         the API's. {verdict}\n\n{}\n{}",
        table.markdown(),
        connections(summary)
    )
}

fn connections(summary: &RunSummary) -> String {
    let used = summary.connections;
    let parts = [
        (used.reused, "used one that was open"),
        (used.new, "opened one"),
        (used.reopened, "opened one because theirs was found closed"),
        (used.none, "reached none"),
        (used.resent, "went out once more"),
    ];
    let said: Vec<_> = parts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{} {what}", number::counted(*count, "request")))
        .collect();
    if said.is_empty() {
        String::new()
    } else {
        format!("Connections: {}.\n", words::list(&said))
    }
}
