//! Charts as pictures beside `report.md`, which a Git host shows.

use kuva::backend::svg::SvgBackend;
use kuva::plot::{LegendPosition, LinePlot, ScatterPlot};
use kuva::render::annotations::ReferenceLine;
use kuva::render::layout::{Layout, TickFormat};
use kuva::render::plots::Plot;
use kuva::render::render::{render_multiple, render_twin_y};

use super::{Axis, Chart, Figure, Kind, Scale, Series, Unit};

/// The file of throughput against the load.
pub const CAPACITY: &str = "capacity.svg";

/// The file of the run over time.
pub const TIMELINE: &str = "timeline.svg";

/// Colours by their number in [`Series::colour`], those of the page on white.
const COLOURS: [&str; 8] = [
    "#1f6fb4", "#c8382c", "#5f6b7a", "#b26a00", "#8a8f98", "#1b7f5a", "#8e4bb5", "#3d4451",
];

/// Steps between the ticks of a clock, seconds, and how many ticks there may be.
const CLOCK: [f64; 14] = [
    1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1200.0, 1800.0, 3600.0, 7200.0,
];
const TICKS: f64 = 12.0;

/// How far a logarithmic axis goes beyond its values, as a factor.
const ROOM: f64 = 1.1;

/// Bands of computed lines are drawn up to so many times what else is shown: they may end far off.
const STRETCH: f64 = 1.25;

const SIZE: (f64, f64) = (860.0, 420.0);

/// The pictures of a run: file and text.
pub fn files(charts: &[Chart]) -> impl Iterator<Item = (&'static str, String)> {
    charts.iter().filter_map(|chart| match chart.id {
        "throughput" => Some((TIMELINE, svg(chart))),
        "capacity" => Some((CAPACITY, svg(chart))),
        _ => None,
    })
}

/// A chart as SVG.
fn svg(chart: &Chart) -> String {
    let shown = || {
        chart
            .series
            .iter()
            .filter(|series| !series.hidden && !series.x.is_empty())
    };
    let plots = |right: bool| -> Vec<Plot> {
        shown()
            .filter(|series| series.right == right)
            .flat_map(plots)
            .collect()
    };
    let (left, right) = (plots(false), plots(true));
    let twin = chart.y2.as_ref().filter(|_| !right.is_empty());
    let mut layout = match twin {
        Some(_) => Layout::auto_from_twin_y_plots(&left, &right),
        None => Layout::auto_from_plots(&left),
    };
    layout = layout
        .with_width(SIZE.0)
        .with_height(SIZE.1)
        .with_title(&chart.label)
        .with_x_label(&chart.x.label)
        .with_y_label(&chart.y.label)
        .with_legend_position(LegendPosition::OutsideBottomColumns)
        .with_legend_box(false)
        .with_x_tick_format(ticks(&chart.x))
        .with_y_tick_format(ticks(&chart.y))
        .with_y_axis_min(0.0);
    if let Some(top) = top(shown().filter(|series| !series.right)) {
        layout = layout.with_y_axis_max(top);
    }
    layout = across(chart, layout);
    for mark in &chart.marks {
        let line = ReferenceLine::vertical(mark.x.0).with_label(&mark.label);
        layout = layout.with_reference_line(line.with_color(COLOURS[7]));
    }
    let scene = match twin {
        Some(axis) => {
            let layout = layout
                .with_y2_label(&axis.label)
                .with_y2_axis_min(0.0)
                .with_y2_tick_format(ticks(axis));
            render_twin_y(left, right, layout)
        }
        None => render_multiple(left, layout),
    };
    numbered(&SvgBackend::default().render_scene(&scene)) + "\n"
}

/// What kuva begins the ids of its clip paths with.
const CLIP: &str = "kuva-clip-";

/// With ids counted from 1: kuva counts them over the whole process, but the same run is to give the same bytes.
fn numbered(svg: &str) -> String {
    let mut ids: Vec<&str> = Vec::new();
    let mut parts = svg.split(CLIP);
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part.find(|c: char| !c.is_ascii_digit()).unwrap_or(part.len());
        let (id, rest) = part.split_at(end);
        let place = ids.iter().position(|known| *known == id).unwrap_or_else(|| {
            ids.push(id);
            ids.len() - 1
        });
        text.extend([CLIP, &(place + 1).to_string(), rest]);
    }
    text
}

/// The axis of x: no wider than its values, with ticks that a clock has where it is one.
fn across(chart: &Chart, layout: Layout) -> Layout {
    let values = || chart.series.iter().flat_map(|series| &series.x).map(|x| x.0);
    let least = values().fold(f64::INFINITY, f64::min);
    let most = values().fold(f64::NEG_INFINITY, f64::max);
    if most <= least {
        return layout;
    }
    if chart.x.scale == Scale::Log {
        // Room for the first and the last point.
        return layout
            .with_log_x()
            .with_x_axis_min(least / ROOM)
            .with_x_axis_max(most * ROOM);
    }
    let layout = layout.with_x_axis_min(least.min(0.0)).with_x_axis_max(most);
    let step = CLOCK.into_iter().find(|step| (most - least) / step <= TICKS);
    match step.filter(|_| chart.x.unit == Unit::Moment) {
        Some(step) => layout.with_x_tick_step(step),
        None => layout,
    }
}

/// Where the axis of y ends, if the band of a computed line goes further beyond everything else than is drawn.
fn top<'c>(shown: impl Iterator<Item = &'c Series>) -> Option<f64> {
    let most = |values: &[Option<Figure>]| values.iter().flatten().map(|value| value.0).fold(0.0, f64::max);
    let (mut firm, mut band) = (0.0_f64, 0.0_f64);
    for series in shown {
        firm = firm.max(most(&series.y));
        let end = if series.kind == Kind::Dashed {
            &mut band
        } else {
            &mut firm
        };
        *end = end.max(most(&series.high));
    }
    (band > STRETCH * firm).then_some(STRETCH * firm)
}

/// A series, its interval behind it.
fn plots(series: &Series) -> Vec<Plot> {
    let colour = COLOURS[(series.colour.max(1) - 1) % COLOURS.len()];
    let points: Vec<(f64, f64)> = series
        .x
        .iter()
        .zip(&series.y)
        .filter_map(|(x, y)| Some((x.0, y.as_ref()?.0)))
        .collect();
    if series.kind == Kind::Points {
        let mut plot = ScatterPlot::new()
            .with_data(points.iter().copied())
            .with_color(colour)
            .with_size(4.0)
            .with_legend(&series.name);
        if !series.low.is_empty() {
            let ends = series.low.iter().zip(&series.high).zip(&points);
            plot = plot.with_y_err_asymmetric(ends.map(|((low, high), (_, y))| {
                let below = low.map_or(0.0, |low| y - low.0);
                (below, high.map_or(0.0, |high| high.0 - y))
            }));
        }
        return vec![plot.into()];
    }
    let mut plot = LinePlot::new()
        .with_data(points)
        .with_color(colour)
        .with_stroke_width(1.5)
        .with_legend(&series.name);
    if !series.low.is_empty() {
        let ends = |of: &[Option<Figure>]| of.iter().flatten().map(|end| end.0).collect::<Vec<_>>();
        plot = plot.with_band(ends(&series.low), ends(&series.high));
    }
    vec![
        match series.kind {
            Kind::Dashed => plot.with_dashed(),
            Kind::Area => plot.with_fill(),
            Kind::Line | Kind::Points => plot,
        }
        .into(),
    ]
}

/// How the figures of an axis are written.
fn ticks(axis: &Axis) -> TickFormat {
    match axis.unit {
        Unit::Moment => TickFormat::Custom(std::sync::Arc::new(|seconds| {
            let seconds = seconds.round() as i64;
            let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
            if hours > 0 {
                format!("{hours}:{minutes:02}:{:02}", seconds % 60)
            } else {
                format!("{minutes}:{:02}", seconds % 60)
            }
        })),
        _ => TickFormat::Custom(std::sync::Arc::new(crate::report::number::three)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A computed line from 10 to 20 with a band up to this value.
    fn with_band(high: f64) -> Chart {
        let line = [(1.0, Some(10.0)), (2.0, Some(20.0))];
        let ends = |values: [f64; 2]| values.map(|value| Some(Figure(value))).to_vec();
        Chart {
            id: "capacity",
            label: "Throughput".to_owned(),
            note: String::new(),
            x: Axis::new("in flight", Unit::Number, Scale::Linear),
            y: Axis::new("requests/s", Unit::Rate, Scale::Linear),
            y2: None,
            group: None,
            series: vec![Series {
                low: ends([9.0, 15.0]),
                high: ends([11.0, high]),
                ..Series::new("Law", Kind::Dashed, 4).with(line)
            }],
            spans: Vec::new(),
            marks: Vec::new(),
        }
    }

    #[test]
    fn a_computed_line_has_its_band_and_is_not_flattened_by_it() {
        let none = svg(&Chart {
            series: vec![Series {
                low: Vec::new(),
                high: Vec::new(),
                ..with_band(22.0).series.remove(0)
            }],
            ..with_band(22.0)
        });
        let filled = |picture: &str| picture.matches("fill=\"#b26a00\"").count();
        assert_eq!(filled(&svg(&with_band(22.0))), filled(&none) + 1);
        assert_eq!(top(with_band(22.0).series.iter()), None);
        assert_eq!(top(with_band(1e6).series.iter()), Some(25.0));
        assert!(!svg(&with_band(1e6)).contains(">1000000<"));
    }

    #[test]
    fn ids_are_counted_from_one_in_the_order_of_their_first_use() {
        assert_eq!(
            numbered("a kuva-clip-7 kuva-clip-12\" url(#kuva-clip-7) kuva-clip-12"),
            "a kuva-clip-1 kuva-clip-2\" url(#kuva-clip-1) kuva-clip-2"
        );
        assert_eq!(numbered("none"), "none");
    }
}
