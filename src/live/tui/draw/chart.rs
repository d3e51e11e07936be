//! Sparklines of the last seconds: one column each, the newest to the right, a gap where nothing is known.

use std::time::Duration;

use ratatui::style::{Color, Style, Stylize};
use ratatui::text::{Line, Span};
use ratatui::widgets::{RenderDirection, Sparkline, SparklineBar, Widget};

use super::text::{Canvas, columns};
use crate::measure::snapshot::Snapshot;
use crate::measure::summary::Second;
use crate::report::number;

/// What a sparkline shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Chart {
    /// Users.
    Users,
    /// Requests per second; seconds with failures are red.
    Rate,
    /// The 95th percentile of each second.
    P95,
    /// Failures per second.
    Failures,
}

/// The figures of a sparkline are whole numbers to ratatui.
const SCALE: f64 = 1000.0;

impl Chart {
    fn figure(self, second: &Second) -> Option<f64> {
        let per_second = |count: u64| Some(count as f64 / second.length.as_secs_f64().max(1.0));
        match self {
            Self::Users => Some(second.users),
            Self::Rate => per_second(second.requests),
            Self::Failures => per_second(second.failures),
            Self::P95 => second.p95.map(|p95| p95.as_secs_f64()),
        }
    }

    fn style(self, second: &Second) -> Style {
        let colour = match self {
            Self::Users => Color::Cyan,
            Self::Rate if second.failures > 0 => Color::Red,
            Self::Rate => Color::Green,
            Self::Failures => Color::Red,
            Self::P95 => Color::Magenta,
        };
        Style::new().fg(colour)
    }

    fn words(self, figure: f64) -> String {
        match self {
            Self::P95 => number::time(Duration::try_from_secs_f64(figure).unwrap_or_default()),
            Self::Users => number::whole(figure),
            Self::Rate | Self::Failures => number::rate(figure),
        }
    }

    /// What it is, and what it is now.
    fn title(self, snapshot: &Snapshot) -> Vec<Span<'static>> {
        let recent = &snapshot.recent;
        match self {
            Self::Users => vec!["users ".into(), snapshot.users.to_string().bold()],
            Self::Rate => vec!["requests/s ".into(), number::rate(recent.rate).bold()],
            Self::Failures => {
                let share = number::percent(recent.failure_share).bold();
                let share = if recent.failure_share > 0.0 {
                    share.red()
                } else {
                    share
                };
                vec!["failures/s, ".into(), share, " of requests".into()]
            }
            Self::P95 => {
                let last = snapshot.series.last().and_then(|second| second.p95);
                vec!["p95 by second ".into(), number::time_or_none(last).bold()]
            }
        }
    }
}

/// Draws one, its title in the first row.
pub(super) fn draw(canvas: &mut Canvas<'_>, chart: Chart, snapshot: &Snapshot) {
    let width = usize::from(canvas.area.width);
    let shown = seconds(&snapshot.series, width);
    let figures: Vec<_> = shown
        .iter()
        .map(|second| second.and_then(|second| Some((chart.figure(second)?, chart.style(second)))))
        .collect();
    let highest = figures
        .iter()
        .flatten()
        .map(|(figure, _)| *figure)
        .fold(0.0, f64::max);
    let title = Line::from(chart.title(snapshot));
    let scale = format!("highest {}", chart.words(highest));
    if title.width() + 2 + columns(&scale) <= width && figures.iter().any(Option::is_some) {
        canvas.words_up_to(width as u16, 0, &scale, Style::new().dim());
    }
    canvas.line(0, &title);
    let bars = figures.into_iter().map(|figure| match figure {
        // What is not nothing shows.
        Some((figure, style)) if figure > 0.0 => {
            let least = highest / 8.0 / f64::from(canvas.area.height.saturating_sub(1).max(1));
            SparklineBar::from((figure.max(least) * SCALE).ceil() as u64).style(style)
        }
        Some((_, style)) => SparklineBar::from(0).style(style),
        None => SparklineBar::from(None),
    });
    let bars: Vec<_> = bars.collect();
    let place = canvas
        .part(0, 1, canvas.area.width, canvas.area.height.saturating_sub(1))
        .area;
    Sparkline::default()
        .data(bars)
        .max(((highest * SCALE).ceil() as u64).max(1))
        .direction(RenderDirection::RightToLeft)
        .render(place, canvas.buffer());
}

/// The last seconds, the newest first. One that was merged of several stands for each of them.
fn seconds(series: &[Second], most: usize) -> Vec<Option<&Second>> {
    let mut all: Vec<Option<&Second>> = Vec::new();
    let mut before: Option<u32> = None;
    for second in series.iter().rev() {
        if all.len() >= most {
            break;
        }
        let merged = (second.length.as_secs_f64().round() as u32).max(1);
        // Seconds of which nothing is known.
        let end = second.second.saturating_add(merged);
        let gap = before.map_or(0, |before| before.saturating_sub(end));
        all.extend(std::iter::repeat_n(None, (gap as usize).min(most)));
        all.extend(std::iter::repeat_n(Some(second), (merged as usize).min(most)));
        before = Some(second.second);
    }
    all.truncate(most);
    all
}
