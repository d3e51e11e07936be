//! What the charts show, whatever draws them: `html/chart.js` on a page, [`svg`] as a file beside `report.md`.

mod capacity;
mod distribution;
pub mod svg;
mod time;

use std::time::Duration;

use serde::{Serialize, Serializer};

pub use time::{Latest, OverTime, Points};

use crate::analysis::Analysis;
use crate::measure::curves::Curves;
use crate::measure::summary::RunSummary;

/// Axes whose values go further apart than this many times are logarithmic.
const WIDE: f64 = 20.0;

/// A chart. Its fields are the options of `chart()` in `html/chart.js`, where they are described.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Chart {
    /// Names it in the page and its address.
    pub id: &'static str,
    /// Its title.
    pub label: String,
    /// How to read it, a sentence or two.
    pub note: String,
    /// Across.
    pub x: Axis,
    /// Upwards, at the left.
    pub y: Axis,
    /// Upwards, at the right.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub y2: Option<Axis>,
    /// Charts of one group show one range and one moment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<&'static str>,
    /// What is drawn.
    pub series: Vec<Series>,
    /// Ranges of x that mean something.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub spans: Vec<Span>,
    /// Places on x that mean something.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub marks: Vec<Mark>,
}

/// An axis.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Axis {
    /// What it measures.
    pub label: String,
    /// How its figures are written.
    pub unit: Unit,
    /// How its values are spread.
    pub scale: Scale,
}

/// How the figures of an axis are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Unit {
    /// A plain figure.
    Number,
    /// So many per second.
    Rate,
    /// A length of time in seconds: `140 ms`.
    Seconds,
    /// A moment of the run in seconds since its start: `2:05`.
    Moment,
    /// A percentage by what it leaves: 0 is 0 %, 1 is 90 %, 2 is 99 %, 3 is 99.9 %.
    Nines,
}

/// How the values of an axis are spread.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Scale {
    /// Evenly.
    Linear,
    /// Each tenfold as wide as the other.
    Log,
}

/// One line, area, or set of points.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Series {
    /// As the legend has it.
    pub name: String,
    /// How it is drawn.
    pub kind: Kind,
    /// Which colour, from 1.
    pub colour: usize,
    /// Belongs to the axis at the right.
    #[serde(skip_serializing_if = "is_false")]
    pub right: bool,
    /// Drawn only when asked for.
    #[serde(skip_serializing_if = "is_false")]
    pub hidden: bool,
    /// Where its values stand.
    pub x: Vec<Figure>,
    /// Its values; a gap where there is none.
    pub y: Vec<Option<Figure>>,
    /// Lower ends of their intervals, where they have any.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub low: Vec<Option<Figure>>,
    /// Upper ends.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub high: Vec<Option<Figure>>,
    /// 1 where the value is a lower bound only; empty where none is.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub bound: Vec<u8>,
}

/// How a series is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// From value to value.
    Line,
    /// The same, dashed: not measured but computed.
    Dashed,
    /// Filled down to the axis.
    Area,
    /// Each value by itself, with its interval.
    Points,
}

/// A range of x.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Span {
    /// Its beginning.
    pub from: Figure,
    /// Its end.
    pub to: Figure,
    /// What it is.
    pub label: String,
}

/// A place on x.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Mark {
    /// Where.
    pub x: Figure,
    /// What it is.
    pub label: String,
}

/// A figure in a chart: to four digits, which is more than can be seen.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Figure(pub f64);

impl Serialize for Figure {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let rounded = four_digits(self.0);
        if rounded.fract() == 0.0 && rounded.abs() < 1e15 {
            to.serialize_i64(rounded as i64)
        } else {
            to.serialize_f64(rounded)
        }
    }
}

/// To four digits; whole numbers are kept as they are.
fn four_digits(value: f64) -> f64 {
    if value.fract() == 0.0 || !value.is_finite() {
        return value;
    }
    let magnitude = value.abs().log10().floor() as i32;
    if magnitude >= 3 {
        return value.round();
    }
    let scale = 10_f64.powi(3 - magnitude);
    (value * scale).round() / scale
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "what serde asks for")]
fn is_false(value: &bool) -> bool {
    !value
}

impl Series {
    fn new(name: impl Into<String>, kind: Kind, colour: usize) -> Self {
        Self {
            name: name.into(),
            kind,
            colour,
            right: false,
            hidden: false,
            x: Vec::new(),
            y: Vec::new(),
            low: Vec::new(),
            high: Vec::new(),
            bound: Vec::new(),
        }
    }

    fn with(mut self, points: impl IntoIterator<Item = (f64, Option<f64>)>) -> Self {
        for (x, y) in points {
            self.x.push(Figure(x));
            self.y.push(y.map(Figure));
        }
        self
    }

    fn at_the_right(mut self) -> Self {
        self.right = true;
        self
    }

    fn hidden(mut self) -> Self {
        self.hidden = true;
        self
    }

    fn is_zero(&self) -> bool {
        self.y.iter().flatten().all(|value| value.0 == 0.0)
    }
}

impl Axis {
    fn new(label: impl Into<String>, unit: Unit, scale: Scale) -> Self {
        Self {
            label: label.into(),
            unit,
            scale,
        }
    }
}

/// Logarithmic where values that are all above 0 go far apart.
fn scale_of(values: impl Iterator<Item = f64> + Clone) -> Scale {
    let least = values.clone().fold(f64::INFINITY, f64::min);
    let most = values.fold(0.0, f64::max);
    if least > 0.0 && most / least >= WIDE {
        Scale::Log
    } else {
        Scale::Linear
    }
}

/// The charts of a run, those that have nothing to show left out.
pub fn charts(summary: &RunSummary, analysis: &Analysis, curves: &Curves) -> Vec<Chart> {
    [
        over_whole_time(summary, curves),
        against_load(summary, analysis, curves),
    ]
    .concat()
}

/// Those over time, of a run that is over.
pub fn over_whole_time(summary: &RunSummary, curves: &Curves) -> Vec<Chart> {
    over_time_with(OverTime::of(summary, curves), &time::windows(summary))
}

/// Those over time, of a run under way.
pub fn over_time_so_far(run: OverTime<'_>) -> Vec<Chart> {
    let seen = run
        .parts
        .last()
        .map_or(Duration::ZERO, |last| last.from + last.length);
    over_time_with(run, &time::holds(run.outline, seen))
}

fn over_time_with(run: OverTime<'_>, shaded: &time::Shaded) -> Vec<Chart> {
    let both = [time::throughput(run, shaded), time::times(run, shaded)];
    both.into_iter().flatten().collect()
}

/// The last values of [`over_time_so_far`], for a page that has those before them.
pub fn latest(run: OverTime<'_>) -> Vec<Latest> {
    time::latest(run)
}

/// Those against the load, and the distribution of times.
pub fn against_load(summary: &RunSummary, analysis: &Analysis, curves: &Curves) -> Vec<Chart> {
    [
        capacity::against_load(summary, analysis),
        capacity::against_in_flight(summary, analysis),
        distribution::by_row(summary, curves),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Whether throughput is drawn against the load: that takes two levels.
pub fn has_capacity(analysis: &Analysis) -> bool {
    analysis.capacity.steps.len() > 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_have_four_digits_and_whole_ones_all() {
        for (value, text) in [
            (0.0, "0"),
            (12_345.0, "12345"),
            (12_345.6, "12346"),
            (0.143_26, "0.1433"),
            (38.456_7, "38.46"),
            (9999.7, "10000"),
            (0.000_012_345_6, "0.00001235"),
        ] {
            assert_eq!(serde_json::to_string(&Figure(value)).expect("a number"), text);
        }
    }

    #[test]
    fn axes_are_logarithmic_where_values_go_far_apart() {
        assert_eq!(scale_of([10.0, 2000.0].into_iter()), Scale::Log);
        assert_eq!(scale_of([10.0, 100.0].into_iter()), Scale::Linear);
        assert_eq!(scale_of([0.0, 100.0].into_iter()), Scale::Linear);
        assert_eq!(scale_of(std::iter::empty()), Scale::Linear);
    }
}
