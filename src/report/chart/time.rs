//! The run over time: throughput with failures and users, response times.

use std::time::Duration;

use super::{Axis, Chart, Figure, Kind, Mark, Scale, Series, Span, Unit, scale_of};
use crate::measure::curves::{Curves, Part};
use crate::measure::summary::{RunSummary, WindowChoice};
use crate::plan::outline::Outline;
use crate::report::{number, turns, words};

/// Charts over time show one range and one moment.
const GROUP: &str = "time";

/// Requests and failures per second, users and requests in flight.
pub(super) fn throughput(summary: &RunSummary, curves: &Curves) -> Option<Chart> {
    let open = summary.run.outline.open;
    let line = |name, kind, colour, value: fn(&Part) -> f64| {
        let points = curves
            .parts
            .iter()
            .map(|part| (part.from.as_secs_f64(), Some(value(part))));
        Series::new(name, kind, colour).with(points)
    };
    let rate = |name, kind, colour, value: fn(&Part) -> f64| {
        // A rate over the last instant of a run would be a spike of nothing.
        let least = f64::from(curves.step) / 2.0;
        let points = curves.parts.iter().map(|part| {
            let long = part.length.as_secs_f64() >= least;
            (part.from.as_secs_f64(), long.then(|| value(part)))
        });
        Series::new(name, kind, colour).with(points)
    };
    let waiting = line("Waiting arrivals", Kind::Line, 5, |part| part.waiting).at_the_right();
    let series = [
        rate("Requests/s", Kind::Line, 1, Part::rate),
        rate("Failures/s", Kind::Area, 2, Part::failure_rate),
        line("Users", Kind::Line, 3, |part| part.users).at_the_right(),
        line("In flight", Kind::Line, 4, |part| part.in_flight)
            .at_the_right()
            .hidden(),
    ];
    let mut series: Vec<Series> = series.into();
    if open && !waiting.is_zero() {
        series.push(waiting);
    }
    (!curves.parts.is_empty()).then(|| Chart {
        id: "throughput",
        label: "Throughput and users over time".to_owned(),
        note: format!(
            "Completed requests per second, failed ones included.{}",
            parts(curves)
        ),
        x: x_axis(),
        y: Axis::new("per second", Unit::Rate, Scale::Linear),
        y2: Some(Axis::new("users", Unit::Number, Scale::Linear)),
        group: Some(GROUP),
        series,
        spans: windows(summary),
        marks: by_hand(&summary.run.outline),
    })
}

/// Percentiles of the times that the run is judged by.
pub(super) fn times(summary: &RunSummary, curves: &Curves) -> Option<Chart> {
    let line = |name, colour, value: fn(&Part) -> Option<Duration>| {
        let points = curves.parts.iter().map(|part| {
            let seconds = value(part).map(|time| time.as_secs_f64());
            (part.from.as_secs_f64(), seconds)
        });
        Series::new(name, Kind::Line, colour).with(points)
    };
    let series = vec![
        line("p50", 1, |part| part.p50),
        line("p95", 4, |part| part.p95),
        line("p99", 7, |part| part.p99),
        line("longest", 2, |part| part.max).hidden(),
    ];
    let measured = || series.iter().flat_map(|line| line.y.iter().flatten());
    measured().next()?;
    let scale = scale_of(measured().map(|figure| figure.0));
    let (label, from) = if summary.run.outline.open {
        (
            "Latency over time",
            "from the moment a request was due until its last byte",
        )
    } else {
        (
            "Response times over time",
            "from ready to send until the last byte",
        )
    };
    Some(Chart {
        id: "times",
        label: label.to_owned(),
        note: format!(
            "Of the requests completed at that time, {from}. Each percentile is of all requests of its part, not a mean of \
             percentiles.{}",
            parts(curves)
        ),
        x: x_axis(),
        y: Axis::new("time", Unit::Seconds, scale),
        y2: None,
        group: Some(GROUP),
        spans: windows(summary),
        marks: by_hand(&summary.run.outline),
        series,
    })
}

/// What was changed by hand.
fn by_hand(outline: &Outline) -> Vec<Mark> {
    let turns = outline.turns.iter();
    turns
        .map(|turn| Mark {
            x: Figure(turn.at.as_secs_f64()),
            label: turns::brief(outline, turn),
        })
        .collect()
}

fn x_axis() -> Axis {
    Axis::new("since the start of the load", Unit::Moment, Scale::Linear)
}

/// How long the parts are.
fn parts(curves: &Curves) -> String {
    let length = number::span(Duration::from_secs(u64::from(curves.step)));
    format!(" One value for each {length}. Shaded: the seconds that the figures of each level are of.")
}

/// The seconds that the figures of each stage are of.
fn windows(summary: &RunSummary) -> Vec<Span> {
    summary
        .stages
        .iter()
        .filter(|stage| stage.window.choice != WindowChoice::NeverHeld)
        .map(|stage| Span {
            from: Figure(f64::from(stage.window.from)),
            to: Figure(f64::from(stage.window.to)),
            label: words::stage(&summary.run.outline, stage.stage),
        })
        .collect()
}
