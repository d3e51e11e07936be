//! How the times of each endpoint are distributed.

use super::{Axis, Chart, Figure, Kind, Scale, Series, Unit, scale_of};
use crate::measure::curves::{Curves, Distribution};
use crate::measure::summary::RunSummary;

/// Colours that a chart has.
const COLOURS: usize = 8;

/// More endpoints than this are not drawn, the least called first.
const ROWS: usize = 15;

/// More than this many are drawn only when asked for.
const SHOWN: usize = 7;

/// One line for each kind of request, and one for all.
pub(super) fn by_row(summary: &RunSummary, curves: &Curves) -> Option<Chart> {
    let mut rows: Vec<(&str, &Distribution)> = summary
        .rows
        .iter()
        .map(|row| row.name.as_str())
        .zip(&curves.rows)
        .filter(|(_, distribution)| !distribution.points.is_empty())
        .collect();
    rows.sort_by_key(|(_, distribution)| std::cmp::Reverse(distribution.requests));
    let left_out = rows.len().saturating_sub(ROWS);
    let mut series: Vec<Series> = rows
        .iter()
        .take(ROWS)
        .enumerate()
        .map(|(place, (name, distribution))| {
            let series = line(name, Kind::Line, place % COLOURS + 1, distribution);
            if place < SHOWN { series } else { series.hidden() }
        })
        .collect();
    if rows.len() > 1 {
        series.push(line("All", Kind::Dashed, COLOURS, &curves.total));
    }
    let values = || series.iter().flat_map(|line| line.y.iter().flatten());
    values().next()?;
    let scale = scale_of(values().map(|figure| figure.0));
    let times = if summary.run.outline.open {
        "latency from due"
    } else {
        "response times"
    };
    let rest = if left_out > 0 {
        format!(" The {left_out} endpoints with the fewest requests are not drawn.")
    } else {
        String::new()
    };
    Some(Chart {
        id: "distribution",
        label: "Distribution of the times of each endpoint".to_owned(),
        note: format!(
            "The {times} of the whole run: so many percent of the requests took no longer than that. To the right of \
             90% is the slowest tenth. Requests without a response count as longer than their age.{rest}"
        ),
        x: Axis::new("percent of the requests", Unit::Nines, Scale::Linear),
        y: Axis::new("time", Unit::Seconds, scale),
        y2: None,
        group: None,
        series,
        spans: Vec::new(),
        marks: Vec::new(),
    })
}

fn line(name: &str, kind: Kind, colour: usize, distribution: &Distribution) -> Series {
    let mut line = Series::new(name, kind, colour);
    // The longest has infinitely many nines: it is in the tables.
    let points = distribution.points.iter().filter(|(percent, _)| *percent < 100.0);
    for (percent, quantile) in points {
        line.x.push(Figure(-(1.0 - percent / 100.0).log10()));
        line.y.push(Some(Figure(quantile.value.as_secs_f64())));
        line.bound.push(u8::from(quantile.at_least));
    }
    if line.bound.iter().all(|bound| *bound == 0) {
        line.bound.clear();
    }
    line
}
