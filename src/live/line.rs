//! What a run looks like while it goes on: a block of lines for a terminal, one line for a pipe. Pure functions.

use std::time::Duration;

use crate::measure::snapshot::{RowSoFar, Snapshot};
use crate::measure::summary::Phase;
use crate::plan::outline::Outline;
use crate::report::table::printable;
use crate::report::terminal::Colour;
use crate::report::{number, words};

/// Narrower terminals get lines that are cut.
const NARROWEST: usize = 20;

/// The widest bar.
const BAR: usize = 40;

/// How many failure types are shown.
const FAILURES: usize = 3;

/// The block that a terminal shows, each line at most `width` columns wide (less would wrap, and spoil the redrawing).
pub fn block(snapshot: &Snapshot, outline: &Outline, width: usize, colour: Colour) -> Vec<String> {
    let width = width.max(NARROWEST);
    let demo = if outline.demo { ", demo API" } else { "" };
    let mut lines = vec![
        Line::plain(format!(
            "{}{demo}: {}",
            printable(&outline.name),
            stage(snapshot, outline)
        ))
        .in_bold(),
        Line::plain(progress(snapshot, outline, width)),
        Line::plain(users(snapshot, outline)),
        Line::plain(recent(snapshot)).marked(if snapshot.recent.failure_share > 0.0 {
            Mark::Red
        } else {
            Mark::None
        }),
        Line::plain(so_far(snapshot)),
    ];
    lines.extend(slowest(&snapshot.rows).map(|row| Line::plain(slowest_words(row, outline))));
    lines.extend(snapshot.failures.iter().take(FAILURES).map(|failure| {
        Line::plain(format!(
            "failure   {} × {}",
            failure.count,
            printable(&failure.text)
        ))
        .marked(Mark::Red)
    }));
    let more = snapshot.failures.len().saturating_sub(FAILURES);
    if more > 0 {
        lines.push(Line::plain(format!("          and {more} more types")));
    }
    lines.extend(snapshot.warnings.iter().map(|warning| {
        Line::plain(format!("warning   {}", printable(&warning.to_string()))).marked(Mark::Yellow)
    }));
    lines.iter().map(|line| line.shown(width, colour)).collect()
}

/// The line that a pipe gets.
pub fn line(snapshot: &Snapshot, outline: &Outline) -> String {
    let recent = &snapshot.recent;
    let mut parts = vec![
        clock(snapshot.at),
        stage(snapshot, outline),
        number::counted(snapshot.users, "user"),
        format!("{} in flight", snapshot.in_flight),
        format!("{} requests/s", number::rate(recent.rate)),
        format!("{} failed", number::percent(recent.failure_share)),
        format!("p50 {}", number::time_or_none(recent.p50)),
        format!("p95 {}", number::time_or_none(recent.p95)),
        format!(
            "so far {}, {} failed",
            number::counted(snapshot.so_far.requests, "request"),
            snapshot.so_far.failures
        ),
    ];
    if snapshot.phase != Phase::Stopping {
        let at_most = if outline.search.is_some() { "at most " } else { "" };
        parts.push(format!("{at_most}{} left", clock(left(snapshot))));
    }
    parts.join(" | ")
}

/// `stage 2 of 9, holding 100 users`.
fn stage(snapshot: &Snapshot, outline: &Outline) -> String {
    let level = words::level(outline, snapshot.level);
    let doing = match snapshot.phase {
        Phase::Ramp => format!("going to {level}"),
        Phase::Hold => format!("holding {level}"),
        Phase::Pause => "paused".to_owned(),
        Phase::Stopping => return "load ended, waiting for the last responses".to_owned(),
    };
    let number = snapshot.stage.0 + 1;
    match outline.search {
        Some(_) => format!("level {number}, {doing}"),
        None => format!("stage {number} of {}, {doing}", snapshot.stages),
    }
}

fn progress(snapshot: &Snapshot, outline: &Outline, width: usize) -> String {
    if snapshot.phase == Phase::Stopping {
        return format!(
            "{} since the start, waits for at most {}",
            clock(snapshot.at),
            number::span(outline.graceful_stop)
        );
    }
    let times = format!(
        "{} of {}, {} left",
        clock(snapshot.at),
        clock(snapshot.planned),
        clock(left(snapshot))
    );
    let room = width.saturating_sub(times.len() + 4).min(BAR);
    if room < 5 {
        return times;
    }
    let planned = snapshot.planned.as_secs_f64();
    let share = if planned > 0.0 {
        (snapshot.at.as_secs_f64() / planned).min(1.0)
    } else {
        1.0
    };
    let done = (share * room as f64) as usize;
    format!("[{}{}]  {times}", "#".repeat(done), ".".repeat(room - done))
}

fn users(snapshot: &Snapshot, outline: &Outline) -> String {
    let mut parts = vec![format!("users     {}", snapshot.users)];
    parts.push(if outline.open {
        format!("{} waiting arrivals", snapshot.waiting)
    } else {
        format!("{} thinking", snapshot.thinking)
    });
    let in_flight = format!("{} in flight", snapshot.in_flight);
    parts.push(match snapshot.oldest_in_flight {
        Some(oldest) => format!("{in_flight}, the oldest for {}", number::time(oldest)),
        None => in_flight,
    });
    if snapshot.dropped_arrivals > 0 {
        parts.push(format!("{} arrivals dropped", snapshot.dropped_arrivals));
    }
    parts.join("  ")
}

fn recent(snapshot: &Snapshot) -> String {
    let recent = &snapshot.recent;
    format!(
        "last {:<5}{} requests/s  {} failed  p50 {}  p95 {}",
        format!("{} s", recent.length.as_secs()),
        number::rate(recent.rate),
        number::percent(recent.failure_share),
        number::time_or_none(recent.p50),
        number::time_or_none(recent.p95),
    )
}

fn so_far(snapshot: &Snapshot) -> String {
    let all = &snapshot.so_far;
    let share = if all.requests == 0 {
        0.0
    } else {
        all.failures as f64 / all.requests as f64
    };
    format!(
        "so far    {}  {} failed ({})  p50 {}  p95 {}  p99 {}",
        number::counted(all.requests, "request"),
        all.failures,
        number::percent(share),
        number::time_or_none(all.p50),
        number::time_or_none(all.p95),
        number::time_or_none(all.p99),
    )
}

/// The row with the longest p95.
fn slowest(rows: &[RowSoFar]) -> Option<&RowSoFar> {
    rows.iter()
        .filter(|row| row.p95.is_some())
        .max_by_key(|row| row.p95)
}

fn slowest_words(row: &RowSoFar, outline: &Outline) -> String {
    format!(
        "slowest   {}  p50 {}  p95 {}",
        printable(words::row(outline, row.row)),
        number::time_or_none(row.p50),
        number::time_or_none(row.p95)
    )
}

fn left(snapshot: &Snapshot) -> Duration {
    snapshot.planned.saturating_sub(snapshot.at)
}

/// `3:07`, `1:00:05`.
fn clock(time: Duration) -> String {
    let seconds = time.as_secs();
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 {
        format!("{hours}:{minutes:02}:{seconds:02}")
    } else {
        format!("{minutes}:{seconds:02}")
    }
}

/// A line of the block before it is cut and coloured.
struct Line {
    text: String,
    mark: Mark,
}

#[derive(Clone, Copy)]
enum Mark {
    None,
    Bold,
    Red,
    Yellow,
}

impl Line {
    fn plain(text: String) -> Self {
        Self {
            text,
            mark: Mark::None,
        }
    }

    fn in_bold(self) -> Self {
        self.marked(Mark::Bold)
    }

    fn marked(self, mark: Mark) -> Self {
        Self { mark, ..self }
    }

    fn shown(&self, width: usize, colour: Colour) -> String {
        let text = cut(&self.text, width);
        match self.mark {
            Mark::None => text,
            Mark::Bold => colour.bold(&text),
            Mark::Red => colour.red(&text),
            Mark::Yellow => colour.yellow(&text),
        }
    }
}

/// The columns that a line takes, its colours left out. A character may be two columns wide.
pub(super) fn columns(line: &str) -> usize {
    let mut in_colour = false;
    let shown = |c: &char| {
        let colour = in_colour || *c == '\u{1b}';
        in_colour = colour && *c != 'm';
        !colour
    };
    line.chars().filter(shown).map(width_of).sum()
}

fn width_of(c: char) -> usize {
    if ('\u{1100}'..='\u{115f}').contains(&c) || c >= '\u{2e80}' {
        2
    } else {
        1
    }
}

/// At most so many columns, with `…` where something was cut.
fn cut(text: &str, width: usize) -> String {
    if columns(text) <= width {
        return text.to_owned();
    }
    let mut room = width - 1;
    let fits = |c: &char| {
        let enough = width_of(*c) <= room;
        room = room.saturating_sub(width_of(*c));
        enough
    };
    text.chars().take_while(fits).chain(['…']).collect()
}

#[cfg(test)]
pub(in crate::live) mod tests;
