//! The run over time: throughput with failures and users, response times.

use std::time::Duration;

use serde::Serialize;

use super::{Axis, Chart, Figure, Kind, Mark, Scale, Series, Span, Unit, scale_of};
use crate::measure::curves::{Curves, Part};
use crate::measure::summary::{RunSummary, WindowChoice};
use crate::plan::StageId;
use crate::plan::course::StageKind;
use crate::plan::outline::Outline;
use crate::report::{number, turns, words};

/// Charts over time show one range and one moment.
const GROUP: &str = "time";

const THROUGHPUT: &str = "throughput";
const TIMES: &str = "times";

/// A run over time, be it over or under way.
#[derive(Clone, Copy, Debug)]
pub struct OverTime<'a> {
    /// What was planned, as it came to be.
    pub outline: &'a Outline,
    /// Seconds of a part.
    pub step: u32,
    /// The run, in order of time; of one under way the last few parts, for [`super::latest`].
    pub parts: &'a [Part],
}

impl<'a> OverTime<'a> {
    pub(super) fn of(summary: &'a RunSummary, curves: &'a Curves) -> Self {
        Self {
            outline: &summary.run.outline,
            step: curves.step,
            parts: &curves.parts,
        }
    }
}

/// Ranges of time, and what they are.
pub(super) struct Shaded {
    spans: Vec<Span>,
    words: &'static str,
}

/// Requests and failures per second, users and requests in flight.
pub(super) fn throughput(run: OverTime<'_>, shaded: &Shaded) -> Option<Chart> {
    (!run.parts.is_empty()).then(|| Chart {
        id: THROUGHPUT,
        label: "Throughput and users over time".to_owned(),
        note: format!(
            "Completed requests per second, failed ones included. {}",
            parts(run, shaded)
        ),
        x: x_axis(),
        y: Axis::new("per second", Unit::Rate, Scale::Linear),
        y2: Some(Axis::new("users", Unit::Number, Scale::Linear)),
        group: Some(GROUP),
        series: rates(run),
        spans: shaded.spans.clone(),
        marks: by_hand(run.outline),
    })
}

fn rates(run: OverTime<'_>) -> Vec<Series> {
    let line = |name, kind, colour, value: fn(&Part) -> f64| {
        let points = run.parts.iter().map(|part| (start(part), Some(value(part))));
        Series::new(name, kind, colour).with(points)
    };
    let rate = |name, kind, colour, value: fn(&Part) -> f64| {
        // A rate over the last instant of a run would be a spike of nothing.
        let least = f64::from(run.step) / 2.0;
        let points = run.parts.iter().map(|part| {
            let long = part.length.as_secs_f64() >= least;
            (start(part), long.then(|| value(part)))
        });
        Series::new(name, kind, colour).with(points)
    };
    let waiting = line("Waiting arrivals", Kind::Line, 5, |part| part.waiting).at_the_right();
    let mut series = vec![
        rate("Requests/s", Kind::Line, 1, Part::rate),
        rate("Failures/s", Kind::Area, 2, Part::failure_rate),
        line("Users", Kind::Line, 3, |part| part.users).at_the_right(),
        line("In flight", Kind::Line, 4, |part| part.in_flight)
            .at_the_right()
            .hidden(),
    ];
    if run.outline.open && !waiting.is_zero() {
        series.push(waiting);
    }
    series
}

/// Percentiles of the times that the run is judged by.
pub(super) fn times(run: OverTime<'_>, shaded: &Shaded) -> Option<Chart> {
    let series = percentiles(run);
    let measured = || series.iter().flat_map(|line| line.y.iter().flatten());
    measured().next()?;
    let scale = scale_of(measured().map(|figure| figure.0));
    let (label, from) = if run.outline.open {
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
        id: TIMES,
        label: label.to_owned(),
        note: format!(
            "Of the requests completed at that time, {from}. Each percentile is of all requests of its part, not a mean of \
             percentiles. {}",
            parts(run, shaded)
        ),
        x: x_axis(),
        y: Axis::new("time", Unit::Seconds, scale),
        y2: None,
        group: Some(GROUP),
        spans: shaded.spans.clone(),
        marks: by_hand(run.outline),
        series,
    })
}

fn percentiles(run: OverTime<'_>) -> Vec<Series> {
    let line = |name, colour, value: fn(&Part) -> Option<Duration>| {
        let points = run.parts.iter().map(|part| {
            let seconds = value(part).map(|time| time.as_secs_f64());
            (start(part), seconds)
        });
        Series::new(name, Kind::Line, colour).with(points)
    };
    vec![
        line("p50", 1, |part| part.p50),
        line("p95", 4, |part| part.p95),
        line("p99", 7, |part| part.p99),
        line("longest", 2, |part| part.max).hidden(),
    ]
}

/// Values at the end of the series of a chart, in their order.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Latest {
    /// The chart.
    pub id: &'static str,
    /// One for each of its series.
    pub series: Vec<Points>,
}

/// Values of a series.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Points {
    /// Where they stand.
    pub x: Vec<Figure>,
    /// The values; a gap where there is none.
    pub y: Vec<Option<Figure>>,
}

pub(super) fn latest(run: OverTime<'_>) -> Vec<Latest> {
    let of = |id, series: Vec<Series>| Latest {
        id,
        series: series
            .into_iter()
            .map(|series| Points {
                x: series.x,
                y: series.y,
            })
            .collect(),
    };
    vec![of(THROUGHPUT, rates(run)), of(TIMES, percentiles(run))]
}

fn start(part: &Part) -> f64 {
    part.from.as_secs_f64()
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

/// How long the parts are, and what is shaded.
fn parts(run: OverTime<'_>, shaded: &Shaded) -> String {
    let length = number::span(Duration::from_secs(u64::from(run.step)));
    format!("One value for each {length}. Shaded: {}.", shaded.words)
}

/// The seconds that the figures of each stage are of.
pub(super) fn windows(summary: &RunSummary) -> Shaded {
    let spans = summary
        .stages
        .iter()
        .filter(|stage| stage.window.choice != WindowChoice::NeverHeld)
        .map(|stage| Span {
            from: Figure(f64::from(stage.window.from)),
            to: Figure(f64::from(stage.window.to)),
            label: words::stage(&summary.run.outline, stage.stage),
        });
    Shaded {
        spans: spans.collect(),
        words: "the seconds that the figures of each level are of",
    }
}

/// The holds of a run under way that have begun before a time.
pub(super) fn holds(outline: &Outline, before: Duration) -> Shaded {
    let stages = (0..).map(StageId).zip(&outline.stages);
    let spans = stages
        .filter(|(_, stage)| stage.kind != StageKind::Pause && stage.hold_start < stage.end.min(before))
        .map(|(number, stage)| Span {
            from: Figure(stage.hold_start.as_secs_f64()),
            to: Figure(stage.end.as_secs_f64()),
            label: words::stage(outline, number),
        });
    Shaded {
        spans: spans.collect(),
        words: "while a level is held",
    }
}
