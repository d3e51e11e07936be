//! Below the table: thresholds, failures by type, messages.

use ratatui::style::{Color, Style, Stylize};
use ratatui::text::{Line, Span};

use super::super::state::{Asked, State};
use super::text::{columns, cut};
use crate::live::line::clock;
use crate::measure::snapshot::{Snapshot, ThresholdNow};
use crate::measure::summary::Phase;
use crate::report::table::printable;
use crate::report::{number, words};

/// Columns of the words before a list.
const LABEL: usize = 12;

/// The thresholds by the last few seconds, those that fail first, in at most so many lines.
pub(super) fn thresholds(snapshot: &Snapshot, width: usize, most: usize) -> Vec<Line<'static>> {
    let metrics = snapshot.outline.thresholds.iter().map(|planned| planned.metric);
    let mut judged: Vec<_> = snapshot.thresholds.iter().zip(metrics).collect();
    judged.sort_by_key(|(threshold, _)| !threshold.broken);
    let text = judged
        .iter()
        .map(|(threshold, _)| columns(&printable(&threshold.text)));
    let figures = judged.iter().map(|(threshold, metric)| {
        let figure = threshold.figure.map(|figure| words::metric(*metric, figure));
        figure.unwrap_or_else(|| number::NONE.to_owned())
    });
    let figures: Vec<_> = figures.collect();
    let figure = figures.iter().map(|figure| columns(figure)).max().unwrap_or(0);
    let text = text
        .max()
        .unwrap_or(0)
        .min(width.saturating_sub(LABEL + figure + 15));
    let lines = judged
        .iter()
        .zip(&figures)
        .map(|((threshold, _), figure)| one_threshold(threshold, figure, text));
    list("thresholds", lines.collect(), most, "more")
}

fn one_threshold(threshold: &ThresholdNow, figure: &str, room: usize) -> Vec<Span<'static>> {
    let words = cut(&printable(&threshold.text), room);
    let fill = " ".repeat(room.saturating_sub(columns(&words)));
    let rest = format!("  {words}{fill}  {figure}");
    match threshold.figure {
        Some(_) if threshold.broken => vec!["fails now".red().bold(), rest.red()],
        Some(_) => vec!["holds now".into(), rest.into()],
        // It is judged while a level is held, where there are requests.
        None => vec![format!("unjudged {rest}").dim()],
    }
}

/// Failures by type, the most frequent first, in at most so many lines.
pub(super) fn failures(snapshot: &Snapshot, width: usize, most: usize) -> Vec<Line<'static>> {
    let longest = snapshot.failures.iter().map(|failure| failure.count).max();
    let digits = longest.map_or(0, |count| count.to_string().len());
    let room = width.saturating_sub(LABEL + digits + 6);
    let lines = snapshot.failures.iter().map(|failure| {
        vec![
            Span::styled(
                format!("{:>digits$} ×", failure.count),
                Style::new().fg(Color::Red),
            ),
            format!(" {}", cut(&printable(&failure.text), room)).into(),
        ]
    });
    list("failures", lines.collect(), most, "more types")
}

/// The last messages, the newest at the end.
pub(super) fn messages(state: &State, width: usize, most: usize) -> Vec<Line<'static>> {
    let messages = state.messages();
    let skipped = messages.len().saturating_sub(most);
    let lines = messages.skip(skipped).map(|message| {
        let time = clock(message.at);
        let room = width.saturating_sub(LABEL + time.len() + 5);
        vec![
            format!("{time}  ").dim(),
            cut(&printable(&message.words), room).into(),
        ]
    });
    list("messages", lines.collect(), most, "more")
}

/// Lines behind a label; what does not fit is counted.
fn list(label: &str, mut lines: Vec<Vec<Span<'static>>>, most: usize, more: &str) -> Vec<Line<'static>> {
    if lines.len() > most {
        let left_out = lines.len() + 1 - most.max(1);
        lines.truncate(most.saturating_sub(1));
        if most > 0 {
            lines.push(vec![format!("and {left_out} {more}").dim()]);
        }
    }
    let labelled = lines.into_iter().enumerate().map(|(number, mut spans)| {
        let words = if number == 0 { label } else { "" };
        spans.insert(0, format!(" {words:<LABEL$}").dim());
        Line::from(spans)
    });
    labelled.collect()
}

/// The keys that do something now.
pub(super) fn footer(snapshot: &Snapshot, state: &State) -> Line<'static> {
    let paused = snapshot.phase == Phase::Pause;
    let over = snapshot.phase == Phase::Stopping || state.asked != Asked::No;
    let mut keys: Vec<(&str, &str)> = vec![("q", if over { "stop at once" } else { "stop" })];
    if !over && snapshot.outline.search.is_none() {
        keys.push(("p", if paused { "go on" } else { "pause" }));
        if !paused {
            let what = if snapshot.outline.open { "rate" } else { "users" };
            keys.push(("+ -", what));
            keys.push(("r", "reset"));
        }
    }
    keys.push(("?", "help"));
    let spans = keys.into_iter().flat_map(|(key, does)| {
        [
            Span::styled(format!(" {key} "), Style::new().reversed()),
            format!(" {does}  ").into(),
        ]
    });
    std::iter::once(" ".into()).chain(spans).collect()
}

/// The last figures in a line, where there is no room for the table.
pub(super) fn brief(snapshot: &Snapshot) -> String {
    let recent = &snapshot.recent;
    format!(
        "{} requests/s, {} failed, p95 {}",
        number::rate(recent.rate),
        number::percent(recent.failure_share),
        number::time_or_none(recent.p95)
    )
}
