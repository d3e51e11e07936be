//! Writes the lines of [`super::line`], one every few seconds, and says where there is room for more than lines.

use std::io::{self, Write};
use std::mem::{Discriminant, discriminant};
use std::time::Duration;

use super::line;
use crate::measure::health::Warning;
use crate::measure::snapshot::Snapshot;
use crate::report::table::printable;

/// Between two lines.
pub const EVERY: Duration = Duration::from_secs(5);

/// How the progress is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// The whole window of a terminal.
    Tui,
    /// Plain lines.
    Lines,
}

/// What is known of the place that is written to.
#[derive(Clone, Copy, Debug, Default)]
pub struct Surroundings<'a> {
    /// It is a terminal.
    pub terminal: bool,
    /// `TERM`.
    pub term: Option<&'a str>,
    /// `NO_COLOR` is set and not empty (<https://no-color.org>).
    pub no_color: bool,
    /// Plain lines were asked for.
    pub no_ui: bool,
}

impl Mode {
    /// The best that the place can show. A window that is too small may become larger: that is seen while the run goes on.
    pub fn of(place: Surroundings<'_>) -> Self {
        let drawn = place.terminal && place.term.is_some_and(|term| !term.is_empty() && term != "dumb");
        if drawn && !place.no_color && !place.no_ui {
            Self::Tui
        } else {
            Self::Lines
        }
    }
}

/// Whether the next line is due: `EVERY` after the one before, and at once when there was none.
pub fn is_due(last: Option<Duration>, now: Duration, every: Duration) -> bool {
    last.is_none_or(|last| now.saturating_sub(last) >= every)
}

/// The progress of one run in lines. An error of the writer is the caller's to ignore: the load does not depend on it.
#[derive(Debug)]
pub struct Progress<W> {
    out: W,
    /// When the last line was written.
    last: Option<Duration>,
    /// Warnings that were told.
    told: Vec<Discriminant<Warning>>,
}

impl<W: Write> Progress<W> {
    /// Nothing is written yet.
    pub fn new(out: W) -> Self {
        Self {
            out,
            last: None,
            told: Vec::new(),
        }
    }

    /// Tells of a snapshot when a line is due, and of a warning at once.
    pub fn show(&mut self, snapshot: &Snapshot) -> io::Result<()> {
        for warning in &snapshot.warnings {
            let kind = discriminant(warning);
            if !self.told.contains(&kind) {
                self.told.push(kind);
                self.say(&format!("warning: {}", printable(&warning.to_string())))?;
            }
        }
        if is_due(self.last, snapshot.at, EVERY) {
            self.last = Some(snapshot.at);
            self.say(&line::line(snapshot))?;
        }
        Ok(())
    }

    /// Writes a line of its own.
    pub fn say(&mut self, words: &str) -> io::Result<()> {
        writeln!(self.out, "{words}")?;
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::live::line::tests::snapshot;

    #[test]
    fn a_pipe_gets_a_line_every_five_seconds_and_each_warning_once() {
        let mut progress = Progress::new(Vec::new());
        let mut snapshot = snapshot();
        for second in 1..=11 {
            snapshot.at = Duration::from_secs(second);
            if second == 3 {
                snapshot.warnings = vec![Warning::DroppedArrivals { count: 3 }];
            }
            progress.show(&snapshot).unwrap();
        }
        progress.say("stopping").unwrap();
        let text = String::from_utf8(progress.out).unwrap();
        let begins: Vec<_> = text.lines().map(|line| &line[..4]).collect();
        assert_eq!(begins, ["0:01", "warn", "0:06", "0:11", "stop"]);
        assert!(!text.contains('\u{1b}'));
    }

    #[test]
    fn what_cannot_be_drawn_on_gets_lines() {
        let terminal = Surroundings {
            terminal: true,
            term: Some("xterm-256color"),
            no_color: false,
            no_ui: false,
        };
        assert_eq!(Mode::of(terminal), Mode::Tui);
        let lines = [
            Surroundings {
                no_color: true,
                ..terminal
            },
            Surroundings {
                term: Some("dumb"),
                ..terminal
            },
            Surroundings {
                term: Some(""),
                ..terminal
            },
            Surroundings {
                term: None,
                ..terminal
            },
            Surroundings {
                no_ui: true,
                ..terminal
            },
            Surroundings {
                terminal: false,
                ..terminal
            },
            Surroundings::default(),
        ];
        for place in lines {
            assert_eq!(Mode::of(place), Mode::Lines, "{place:?}");
        }
    }
}
