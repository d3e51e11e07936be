//! Puts a snapshot into a frame. Pure: the same snapshot, state and size give the same frame.

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::style::Style;
use ratatui::text::Line;

use super::state::{Asked, State};
use super::{LEAST, has_room};
use crate::live::line::stage_words;
use crate::measure::snapshot::Snapshot;
use chart::Chart;
use text::{Canvas, columns};

mod chart;
mod head;
mod help;
mod lists;
mod table;
mod text;

/// From so many columns on, two lists stand side by side.
const WIDE: u16 = 140;

/// Draws the view over the whole frame.
pub fn draw(frame: &mut Frame<'_>, snapshot: &Snapshot, state: &State) {
    fill(frame.buffer_mut(), snapshot, state);
}

fn fill(buffer: &mut Buffer, snapshot: &Snapshot, state: &State) {
    let area = buffer.area;
    let mut canvas = Canvas::new(buffer, area);
    if has_room((area.width, area.height)) {
        whole(&mut canvas, snapshot, state);
    } else {
        small(&mut canvas, snapshot, state);
    }
    if state.help {
        help::draw(&mut canvas, snapshot);
    }
}

/// What fits, the most important first.
fn small(canvas: &mut Canvas<'_>, snapshot: &Snapshot, state: &State) {
    let width = usize::from(canvas.area.width);
    let first = match state.asked {
        Asked::No => stage_words(snapshot),
        Asked::Gently => "stopping; q or Ctrl-C again: at once".to_owned(),
        Asked::Now => "stopping at once".to_owned(),
    };
    let lines = [
        first,
        head::brief(snapshot),
        lists::brief(snapshot),
        format!("{} users, {} in flight", snapshot.users, snapshot.in_flight),
        format!("(the whole view needs {} x {})", LEAST.0, LEAST.1),
    ];
    for (y, line) in lines.iter().enumerate() {
        canvas.line(y as u16, &Line::from(text::cut(line, width)));
    }
}

fn whole(canvas: &mut Canvas<'_>, snapshot: &Snapshot, state: &State) {
    let (width, height) = (canvas.area.width, canvas.area.height);
    let mut wants = Wants::of(snapshot, state, width);
    let warnings = head::warnings(snapshot, usize::from(width), usize::from(height / 6));
    let top = 4 + warnings.len() as u16;
    let charts = Charts::of(width, height, (height - 1).saturating_sub(top), &wants);
    draw_top(canvas, snapshot, state, &warnings);
    charts.draw(&mut canvas.part(0, top, width, charts.height()), snapshot);
    let y = top + charts.height();
    let left = (height - 1).saturating_sub(y);
    wants.messages = wants.messages.min(usize::from(height / 8));
    below(&mut canvas.part(0, y, width, left), snapshot, state, wants);
    canvas.line(height - 1, &lists::footer(snapshot, state));
}

fn draw_top(canvas: &mut Canvas<'_>, snapshot: &Snapshot, state: &State, warnings: &[Line<'_>]) {
    let width = usize::from(canvas.area.width);
    let (progress, time) = head::progress(snapshot, state);
    canvas.line(0, &head::title(&snapshot.outline, width));
    canvas.line(1, &progress);
    if progress.width() + columns(&time) + 3 <= width {
        canvas.words_up_to((width - 1) as u16, 1, &time, Style::new());
    }
    canvas.line(2, &head::gauge(snapshot, state, width));
    for (number, line) in warnings.iter().enumerate() {
        canvas.line(3 + number as u16, line);
    }
    canvas.line(3 + warnings.len() as u16, &head::load(snapshot));
}

/// How many rows the parts below the charts would fill.
#[derive(Clone, Copy, Debug)]
struct Wants {
    rows: usize,
    thresholds: usize,
    failures: usize,
    messages: usize,
    side_by_side: bool,
}

impl Wants {
    fn of(snapshot: &Snapshot, state: &State, width: u16) -> Self {
        Self {
            rows: snapshot.rows.len(),
            thresholds: snapshot.thresholds.len(),
            failures: snapshot.failures.len(),
            messages: state.messages().len(),
            side_by_side: width >= WIDE,
        }
    }

    /// With room for what may still come, so that the charts do not change with every message.
    fn height(&self) -> usize {
        let (thresholds, failures) = (self.thresholds, self.failures.max(2));
        let lists = if self.side_by_side {
            thresholds.max(failures) + 1
        } else {
            thresholds + failures + 2
        };
        table::HEAD + self.rows + lists + 1 + 2
    }
}

/// The sparklines: one or two rows of two each.
#[derive(Clone, Copy, Debug)]
struct Charts {
    rows: u16,
    /// Of each, its title left out.
    bars: u16,
    /// Empty rows before each row of charts, and behind the last.
    between: u16,
}

impl Charts {
    /// As high as is left beside the rest of the view, and at least so that they can be read.
    fn of(width: u16, height: u16, room: u16, wants: &Wants) -> Self {
        let left = room.saturating_sub(wants.height() as u16);
        let rows = if width >= 100 && height >= 40 { 2 } else { 1 };
        let (least, most, between) = match height {
            ..20 => (1, 1, 0),
            20..40 => (2, 6, 1),
            _ => (4, 12, 1),
        };
        let bars = (left.saturating_sub(between) / rows).saturating_sub(1 + between);
        Self {
            rows,
            bars: bars.clamp(least, most),
            between,
        }
    }

    fn height(self) -> u16 {
        self.rows * (1 + self.bars + self.between) + self.between
    }

    fn draw(self, canvas: &mut Canvas<'_>, snapshot: &Snapshot) {
        let each = (canvas.area.width - 2 - 3) / 2;
        let pairs = [[Chart::Users, Chart::Rate], [Chart::P95, Chart::Failures]];
        let mut y = self.between;
        for pair in pairs.into_iter().take(usize::from(self.rows)) {
            for (chart, x) in pair.into_iter().zip([1, 1 + each + 3]) {
                chart::draw(&mut canvas.part(x, y, each, 1 + self.bars), chart, snapshot);
            }
            y += 1 + self.bars + self.between;
        }
    }
}

/// The table and the lists share what is left, so that none is cut for the sake of one that is long.
fn below(canvas: &mut Canvas<'_>, snapshot: &Snapshot, state: &State, wants: Wants) {
    let width = canvas.area.width;
    let room = usize::from(canvas.area.height).saturating_sub(table::HEAD);
    let lists = if wants.side_by_side {
        [wants.thresholds.max(wants.failures), 0]
    } else {
        [wants.thresholds, wants.failures]
    };
    let wanted = [wants.rows, lists[0], lists[1], wants.messages];
    let [rows, first, second, messages] = shared(room, wanted);
    let column = if wants.side_by_side { width / 2 } else { width };
    let columns = usize::from(column);
    let messages = vec![lists::messages(state, usize::from(width), messages)];
    let thresholds = lists::thresholds(snapshot, columns, first);
    let parts = if wants.side_by_side {
        vec![
            vec![thresholds, lists::failures(snapshot, columns, first)],
            messages,
        ]
    } else {
        let failures = lists::failures(snapshot, columns, second);
        vec![vec![thresholds], vec![failures], messages]
    };
    let heights = parts
        .iter()
        .map(|part| part.iter().map(Vec::len).max().unwrap_or(0));
    let heights: Vec<_> = heights.collect();
    // Empty rows between them, where there is room for all.
    let filled = heights.iter().filter(|height| **height > 0).count();
    let spaced = rows + heights.iter().sum::<usize>() + filled <= room;
    let mut y = (table::HEAD + rows) as u16;
    table::draw(&mut canvas.part(0, 0, width, y), snapshot);
    for (part, height) in parts.iter().zip(heights) {
        y += u16::from(spaced && height > 0);
        for (number, lines) in part.iter().enumerate() {
            let mut place = canvas.part(number as u16 * column, y, column, height as u16);
            for (row, line) in lines.iter().enumerate() {
                place.line(row as u16, line);
            }
        }
        y += height as u16;
    }
}

/// Rows for each, one after the other in turn, until all have what they want or there are none left.
fn shared<const N: usize>(mut room: usize, wants: [usize; N]) -> [usize; N] {
    let mut given = [0; N];
    while room > 0 && given != wants {
        for (has, wanted) in given.iter_mut().zip(wants) {
            if *has < wanted && room > 0 {
                *has += 1;
                room -= 1;
            }
        }
    }
    given
}

#[cfg(test)]
mod tests;
