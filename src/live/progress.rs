//! Writes the views of [`super::line`]: redrawn in place on a terminal, a line every few seconds anywhere else.

use std::io::{self, Write};
use std::mem::{Discriminant, discriminant};
use std::time::Duration;

use super::line;
use crate::measure::health::Warning;
use crate::measure::snapshot::Snapshot;
use crate::plan::outline::Outline;
use crate::report::terminal::Colour;

/// Between two lines where nothing is redrawn.
pub const EVERY: Duration = Duration::from_secs(5);

/// How the progress is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// A block redrawn in place.
    Redraw(Colour),
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
    /// The best that the place can show.
    pub fn of(place: Surroundings<'_>) -> Self {
        if place.terminal && !place.no_ui && place.term.is_some_and(|term| term != "dumb") {
            Self::Redraw(Colour(!place.no_color))
        } else {
            Self::Lines
        }
    }
}

/// Whether the next line is due: `EVERY` after the one before, and at once when there was none.
pub fn is_due(last: Option<Duration>, now: Duration, every: Duration) -> bool {
    last.is_none_or(|last| now.saturating_sub(last) >= every)
}

/// The progress of one run, on its way to a terminal or a pipe. An error of the writer is the caller's to ignore: the load
/// does not depend on it.
#[derive(Debug)]
pub struct Progress<W> {
    out: W,
    mode: Mode,
    /// Columns of each line of the block that stands above the cursor.
    drawn: Vec<usize>,
    /// When the last line was written.
    last: Option<Duration>,
    /// Warnings that were told as lines.
    told: Vec<Discriminant<Warning>>,
}

impl<W: Write> Progress<W> {
    /// Nothing is written yet.
    pub fn new(out: W, mode: Mode) -> Self {
        Self {
            out,
            mode,
            drawn: Vec::new(),
            last: None,
            told: Vec::new(),
        }
    }

    /// Shows a snapshot: at once where it is redrawn, else when a line is due. `columns` and `rows` of the terminal now:
    /// what has no room is left out, for of what has scrolled away nothing can be redrawn.
    pub fn show(
        &mut self,
        snapshot: &Snapshot,
        outline: &Outline,
        (columns, rows): (usize, usize),
    ) -> io::Result<()> {
        match self.mode {
            Mode::Redraw(colour) => {
                let mut block = line::block(snapshot, outline, columns, colour);
                // The cursor stands below the block.
                block.truncate(rows.saturating_sub(1).max(1));
                self.redraw(&block, columns)
            }
            Mode::Lines => self.append(snapshot, outline),
        }
    }

    /// Writes a line of its own above the block, which the next snapshot draws again. `columns` of the terminal now.
    pub fn say(&mut self, words: &str, columns: usize) -> io::Result<()> {
        let text = format!("{}{words}\n", self.erase(columns));
        self.out.write_all(text.as_bytes())?;
        self.out.flush()
    }

    /// Takes the block away, so that the closing summary stands in its place. `columns` of the terminal now.
    pub fn finish(&mut self, columns: usize) -> io::Result<()> {
        let text = self.erase(columns);
        self.out.write_all(text.as_bytes())?;
        self.out.flush()
    }

    /// One write for the whole block, each line cleared behind its end, so that nothing flickers.
    fn redraw(&mut self, lines: &[String], columns: usize) -> io::Result<()> {
        let mut text = self.up(columns);
        for line in lines {
            text += line;
            text += "\u{1b}[K\n";
        }
        text += "\u{1b}[J";
        self.drawn = lines.iter().map(|line| line::columns(line)).collect();
        self.out.write_all(text.as_bytes())?;
        self.out.flush()
    }

    fn append(&mut self, snapshot: &Snapshot, outline: &Outline) -> io::Result<()> {
        for warning in &snapshot.warnings {
            let kind = discriminant(warning);
            if !self.told.contains(&kind) {
                self.told.push(kind);
                writeln!(
                    self.out,
                    "warning: {}",
                    crate::report::table::printable(&warning.to_string())
                )?;
            }
        }
        if is_due(self.last, snapshot.at, EVERY) {
            self.last = Some(snapshot.at);
            writeln!(self.out, "{}", line::line(snapshot, outline))?;
        }
        self.out.flush()
    }

    /// To the beginning of the block. A terminal that was made narrower has wrapped the lines that became too long, as
    /// nearly all do; those rows are cleared, or it would take them for the beginnings of what is written over them. Rows
    /// that it has moved into its history on the way (tmux does) are out of reach.
    fn up(&self, columns: usize) -> String {
        let rows_of = |line: &usize| line.div_ceil(columns.max(1)).max(1);
        match self.drawn.iter().map(rows_of).sum::<usize>() {
            0 => String::new(),
            rows if rows > self.drawn.len() => format!("{}\r", "\u{1b}[A\u{1b}[2K".repeat(rows)),
            rows => format!("\u{1b}[{rows}A\r"),
        }
    }

    /// The same, and the block is gone.
    fn erase(&mut self, columns: usize) -> String {
        let up = self.up(columns);
        if std::mem::take(&mut self.drawn).is_empty() {
            up
        } else {
            up + "\u{1b}[J"
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::live::line::tests::{outline, snapshot};

    fn written(progress: Progress<Vec<u8>>) -> String {
        String::from_utf8(progress.out).unwrap()
    }

    #[test]
    fn a_terminal_is_redrawn_in_place_and_left_clean() {
        let mut progress = Progress::new(Vec::new(), Mode::Redraw(Colour(false)));
        let (snapshot, outline) = (snapshot(), outline());
        let lines = line::block(&snapshot, &outline, 80, Colour(false));
        progress.show(&snapshot, &outline, (80, 24)).unwrap();
        progress.show(&snapshot, &outline, (80, 24)).unwrap();
        progress.finish(80).unwrap();
        progress.finish(80).unwrap();
        let block: String = lines.iter().flat_map(|line| [line, "\u{1b}[K\n"]).collect();
        let up = format!("\u{1b}[{}A\r", lines.len());
        assert_eq!(
            written(progress),
            format!("{block}\u{1b}[J{up}{block}\u{1b}[J{up}\u{1b}[J")
        );
    }

    #[test]
    fn a_block_is_no_higher_than_the_terminal() {
        let mut progress = Progress::new(Vec::new(), Mode::Redraw(Colour(false)));
        progress.show(&snapshot(), &outline(), (80, 4)).unwrap();
        assert_eq!(progress.drawn.len(), 3);
        assert_eq!(written(progress).lines().count(), 4);
    }

    #[test]
    fn what_is_said_in_between_stays_above_the_block() {
        let mut progress = Progress::new(Vec::new(), Mode::Redraw(Colour(false)));
        progress.redraw(&["block".to_owned()], 80).unwrap();
        progress.say("stopping", 80).unwrap();
        progress.redraw(&["block".to_owned()], 80).unwrap();
        assert_eq!(
            written(progress),
            "block\u{1b}[K\n\u{1b}[J\u{1b}[1A\r\u{1b}[Jstopping\nblock\u{1b}[K\n\u{1b}[J"
        );
    }

    #[test]
    fn the_rows_that_a_narrower_terminal_has_wrapped_are_overwritten_too() {
        let mut progress = Progress::new(Vec::new(), Mode::Redraw(Colour(true)));
        let wide = [Colour(true).bold(&"x".repeat(40)), "y".repeat(20), String::new()];
        progress.redraw(&wide, 80).unwrap();
        // 2 + 1 + 1 rows of 20 columns, then the block of one line that fits.
        progress.redraw(&["z".repeat(20)], 20).unwrap();
        progress.finish(20).unwrap();
        let text = written(progress);
        let narrowed = format!("{}\r{}\u{1b}[K\n", "\u{1b}[A\u{1b}[2K".repeat(4), "z".repeat(20));
        assert!(text.contains(&narrowed), "{text:?}");
        assert!(text.ends_with("\u{1b}[1A\r\u{1b}[J"), "{text:?}");
    }

    #[test]
    fn a_pipe_gets_a_line_every_five_seconds_and_each_warning_once() {
        let mut progress = Progress::new(Vec::new(), Mode::Lines);
        let (mut snapshot, outline) = (snapshot(), outline());
        for second in 1..=11 {
            snapshot.at = Duration::from_secs(second);
            if second == 3 {
                snapshot.warnings = vec![Warning::DroppedArrivals { count: 3 }];
            }
            progress.show(&snapshot, &outline, (80, 24)).unwrap();
        }
        let text = written(progress);
        let begins: Vec<_> = text.lines().map(|line| &line[..4]).collect();
        assert_eq!(begins, ["0:01", "warn", "0:06", "0:11"]);
        assert!(!text.contains('\u{1b}'));
    }

    #[test]
    fn what_cannot_redraw_gets_lines() {
        let terminal = Surroundings {
            terminal: true,
            term: Some("xterm-256color"),
            no_color: false,
            no_ui: false,
        };
        assert_eq!(Mode::of(terminal), Mode::Redraw(Colour(true)));
        assert_eq!(
            Mode::of(Surroundings {
                no_color: true,
                ..terminal
            }),
            Mode::Redraw(Colour(false))
        );
        assert_eq!(
            Mode::of(Surroundings {
                term: Some("dumb"),
                ..terminal
            }),
            Mode::Lines
        );
        assert_eq!(
            Mode::of(Surroundings {
                term: None,
                ..terminal
            }),
            Mode::Lines
        );
        assert_eq!(
            Mode::of(Surroundings {
                no_ui: true,
                ..terminal
            }),
            Mode::Lines
        );
        assert_eq!(Mode::of(Surroundings::default()), Mode::Lines);
    }
}
