//! The top of the view: what is run, where it stands, what is wrong with the generator.

use std::time::Duration;

use ratatui::style::{Color, Style, Stylize};
use ratatui::text::{Line, Span};

use super::super::state::{Asked, State};
use super::text::{columns, cut, wrapped};
use crate::live::line::{Times, clock, stage_words};
use crate::measure::snapshot::Snapshot;
use crate::measure::summary::Phase;
use crate::plan::outline::Outline;
use crate::report::table::printable;
use crate::report::{number, words};

/// What is run, and against what.
pub(super) fn title(outline: &Outline, width: usize) -> Line<'static> {
    let name = cut(&printable(&outline.name), width.saturating_sub(1) / 2);
    let mut line = vec![Span::from(format!(" {name}")).bold()];
    if outline.demo {
        line.push(" ".into());
        line.push(Span::styled(
            " demo API ",
            Style::new().fg(Color::Black).bg(Color::Cyan),
        ));
    }
    let used: usize = line.iter().map(|span| columns(&span.content)).sum();
    line.push(
        format!(
            "  {}",
            cut(&printable(&outline.url), width.saturating_sub(used + 3))
        )
        .dim(),
    );
    line.into()
}

/// The stage, and how long it goes on. To the right the time of the whole run.
pub(super) fn progress(snapshot: &Snapshot, state: &State) -> (Line<'static>, String) {
    let outline = &snapshot.outline;
    let times = Times::of(snapshot);
    let planned = outline.stages.get(usize::from(snapshot.stage.0));
    let at = snapshot.at;
    let until = |moment: Option<Duration>| clock(moment.unwrap_or(at).saturating_sub(at));
    let mut line = vec![Span::from(format!(" {}", stage_words(snapshot))).bold()];
    let part = match snapshot.phase {
        Phase::Ramp | Phase::Hold if state.asked != Asked::No => {
            line = vec![Span::from(" stopping").bold().yellow()];
            format!(
                ": users finish what they are at (at most {})",
                number::span(outline.graceful_stop)
            )
        }
        Phase::Stopping if state.asked == Asked::Now => {
            line = vec![Span::from(" stopping at once").bold().yellow()];
            String::new()
        }
        Phase::Stopping => format!(" (at most {})", number::span(outline.graceful_stop)),
        Phase::Pause => {
            let since = planned.map_or(at, |pause| pause.start);
            format!(" for {}", clock(at.saturating_sub(since)))
        }
        Phase::Ramp => format!(" for {} more", until(planned.map(|stage| stage.hold_start))),
        Phase::Hold => {
            let left = until(planned.map(|stage| stage.end));
            match planned.and_then(|stage| stage.until_steady) {
                Some(_) => format!(" until steady, at most {left} more"),
                None => format!(" for {left} more"),
            }
        }
    };
    line.push(part.into());
    if let Some(level) = state.pending() {
        let to = format!(" to {}... ", words::level(outline, level));
        line.push("  ".into());
        line.push(Span::styled(to, Style::new().fg(Color::Black).bg(Color::Cyan)));
    }
    let over = snapshot.phase == Phase::Stopping || state.asked != Asked::No;
    let right = match snapshot.phase {
        _ if over || outline.search.is_some() => format!("{} so far", clock(at)),
        Phase::Pause => format!("{} left after the pause", clock(times.left)),
        _ => format!(
            "{} of {}, {} left",
            clock(at),
            clock(snapshot.planned),
            clock(times.left)
        ),
    };
    (line.into(), right)
}

/// How much of the plan is done; how to hurry once the load is over.
pub(super) fn gauge(snapshot: &Snapshot, state: &State, width: usize) -> Line<'static> {
    if snapshot.phase == Phase::Stopping || state.asked != Asked::No {
        let hint = match state.asked {
            Asked::Now => " what is in flight is given up",
            Asked::Gently => " press q or Ctrl-C again to stop at once",
            Asked::No => " press q twice to stop waiting",
        };
        return Line::from(hint.yellow());
    }
    let share = Times::of(snapshot).share;
    let percent = format!(" {:>3}%", (share * 100.0).floor());
    let room = width.saturating_sub(percent.len() + 2);
    let done = ((share * room as f64) as usize).min(room);
    let colour = match snapshot.phase {
        Phase::Pause => Color::Yellow,
        _ => Color::Cyan,
    };
    Line::from(vec![
        " ".into(),
        Span::styled("█".repeat(done), Style::new().fg(colour)),
        "░".repeat(room - done).dim(),
        percent.into(),
    ])
}

/// Who is at what just now.
pub(super) fn load(snapshot: &Snapshot) -> Line<'static> {
    let outline = &snapshot.outline;
    let mut parts = Vec::new();
    if outline.open {
        parts.push(number::counted(snapshot.users, "user"));
        parts.push(number::counted(snapshot.waiting, "arrival") + " waiting");
        if snapshot.dropped_arrivals > 0 {
            parts.push(format!("{} dropped", snapshot.dropped_arrivals));
        }
    } else {
        parts.push(format!(
            "{}: {} thinking",
            number::counted(snapshot.users, "user"),
            snapshot.thinking
        ));
    }
    parts.push(match snapshot.oldest_in_flight {
        Some(oldest) => format!(
            "{} in flight, the oldest for {}",
            snapshot.in_flight,
            number::time(oldest)
        ),
        None => format!("{} in flight", snapshot.in_flight),
    });
    format!(" {}", parts.join(", ")).into()
}

/// The threshold that ends the run, and what is wrong with the generator: at most so many lines, two of each.
pub(super) fn warnings(snapshot: &Snapshot, width: usize, most: usize) -> Vec<Line<'static>> {
    let mut all = Vec::new();
    if let Some(breach) = &snapshot.abort {
        let threshold = snapshot.outline.thresholds.get(breach.threshold);
        let figure = threshold.map_or_else(String::new, |threshold| {
            format!(" (it was {})", words::metric(threshold.metric, breach.figure))
        });
        let words = format!(
            "at {} the threshold {} had been broken for too long{figure}: the run ends",
            clock(breach.at),
            breach.text
        );
        all.push((" aborted ", Style::new().fg(Color::White).bg(Color::Red), words));
    }
    let style = Style::new().fg(Color::Black).bg(Color::Yellow);
    all.extend(
        snapshot
            .warnings
            .iter()
            .map(|warning| (" warning ", style, warning.to_string())),
    );
    if all.len() > most {
        let more = all.len() + 1 - most;
        all.truncate(most.saturating_sub(1));
        all.push((" warning ", style, format!("and {more} more")));
    }
    // The first ones get a second line, as long as each has one.
    let mut spare = most.saturating_sub(all.len());
    let mut lines = Vec::new();
    for (label, style, words) in all {
        let of_it = labelled(label, style, &printable(&words), width, 1 + spare.min(1));
        spare -= of_it.len() - 1;
        lines.extend(of_it);
    }
    lines
}

/// Words in a few lines behind a label.
fn labelled(label: &'static str, style: Style, words: &str, width: usize, most: usize) -> Vec<Line<'static>> {
    let room = width.saturating_sub(label.len() + 3);
    let lines = wrapped(words, room, most)
        .into_iter()
        .enumerate()
        .map(|(number, words)| {
            let label = match number {
                0 => Span::styled(label, style),
                _ => " ".repeat(label.len()).into(),
            };
            Line::from(vec![" ".into(), label, format!(" {words}").into()])
        });
    lines.collect()
}

/// The times of a run for which there is no room to say more.
pub(super) fn brief(snapshot: &Snapshot) -> String {
    format!("{}, {} left", clock(snapshot.at), clock(Times::of(snapshot).left))
}
