//! The table of endpoints, with all of them together in its first rows.

use std::cmp::Reverse;

use ratatui::style::{Color, Style};

use super::text::{Canvas, columns, shortened};
use crate::live::line::clock;
use crate::measure::snapshot::{Recent, RowSoFar, Snapshot, SoFar};
use crate::report::table::printable;
use crate::report::{number, words};

/// Rows that are always there: titles, the last seconds, all so far.
pub(super) const HEAD: usize = 3;

/// Names are not cut below this for the sake of a further column.
const NAME: usize = 17;

/// Between two columns.
const GAP: usize = 2;

/// A column of figures.
struct Column {
    title: &'static str,
    /// The first to go where there is no room has the highest.
    rank: u8,
    least: usize,
    row: fn(&RowSoFar) -> String,
    so_far: fn(&SoFar) -> String,
    recent: fn(&Recent) -> String,
}

const COLUMNS: &[Column] = &[
    Column {
        title: "requests",
        rank: 0,
        least: 8,
        row: |row| row.requests.to_string(),
        so_far: |all| all.requests.to_string(),
        recent: nothing,
    },
    Column {
        title: FAILED,
        rank: 1,
        least: 6,
        row: |row| row.failures.to_string(),
        so_far: |all| all.failures.to_string(),
        recent: |recent| number::percent(recent.failure_share),
    },
    Column {
        title: "req/s",
        rank: 2,
        least: 6,
        row: |row| number::rate(row.rate),
        so_far: nothing,
        recent: |recent| number::rate(recent.rate),
    },
    Column {
        title: "failed/s",
        rank: 9,
        least: 8,
        row: |row| number::rate(row.failure_rate),
        so_far: nothing,
        recent: nothing,
    },
    Column {
        title: "mean",
        rank: 8,
        least: 7,
        row: |row| number::time_or_none(row.mean),
        so_far: |all| number::time_or_none(all.mean),
        recent: nothing,
    },
    Column {
        title: "min",
        rank: 10,
        least: 7,
        row: |row| number::time_or_none(row.min),
        so_far: nothing,
        recent: nothing,
    },
    Column {
        title: "p50",
        rank: 4,
        least: 7,
        row: |row| number::time_or_none(row.p50),
        so_far: |all| number::time_or_none(all.p50),
        recent: |recent| number::time_or_none(recent.p50),
    },
    Column {
        title: P95,
        rank: 3,
        least: 7,
        row: |row| number::time_or_none(row.p95),
        so_far: |all| number::time_or_none(all.p95),
        recent: |recent| number::time_or_none(recent.p95),
    },
    Column {
        title: "p99",
        rank: 5,
        least: 7,
        row: |row| number::time_or_none(row.p99),
        so_far: |all| number::time_or_none(all.p99),
        recent: nothing,
    },
    Column {
        title: "max",
        rank: 7,
        least: 7,
        row: |row| number::time_or_none(row.max),
        so_far: nothing,
        recent: nothing,
    },
    Column {
        title: "mean size",
        rank: 11,
        least: 9,
        row: |row| match row.requests {
            0 => number::NONE.to_owned(),
            _ => number::bytes(row.body_bytes),
        },
        so_far: nothing,
        recent: nothing,
    },
];

/// What the slowest row is told by.
const P95: &str = "p95";

/// What is red where it is not nothing.
const FAILED: &str = "failed";

/// Behind the slowest row. It goes before the mean and what is behind that.
const SLOWEST: &str = "slowest";
const SLOWEST_RANK: u8 = 6;

fn nothing<T>(_: &T) -> String {
    String::new()
}

/// A row of the table, as words.
struct Cells {
    name: String,
    figures: Vec<String>,
    style: Style,
    slowest: bool,
}

/// Draws it, at most as high as there is room: what does not fit is counted.
pub(super) fn draw(canvas: &mut Canvas<'_>, snapshot: &Snapshot) {
    let width = usize::from(canvas.area.width);
    let all = cells(snapshot, usize::from(canvas.area.height).saturating_sub(HEAD));
    let longest = all.iter().map(|row| columns(&row.name)).max().unwrap_or(0);
    let widths: Vec<_> = COLUMNS
        .iter()
        .enumerate()
        .map(|(number, column)| {
            let figures = all.iter().map(|row| columns(&row.figures[number]));
            figures.max().unwrap_or(0).max(column.least) + GAP
        })
        .collect();
    let (shown, mark) = chosen(&widths, width.saturating_sub(longest.min(NAME) + 1));
    let taken: usize = shown.iter().map(|number| widths[*number]).sum();
    let marked = if mark { SLOWEST.len() + GAP } else { 0 };
    let name = longest.min(width.saturating_sub(taken + marked + 1));
    for (y, row) in all.iter().enumerate() {
        let y = y as u16;
        canvas.words(1, y, &shortened(&row.name, name), row.style);
        let mut x = 1 + name;
        for number in &shown {
            x += widths[*number];
            let figure = &row.figures[*number];
            let style = match COLUMNS[*number].title {
                P95 if row.slowest => row.style.bold(),
                FAILED if y > 0 && !matches!(figure.as_str(), "0" | "0%") => row.style.fg(Color::Red),
                _ => row.style,
            };
            canvas.words_up_to(x as u16, y, figure, style);
        }
        if row.slowest && mark {
            canvas.words((x + GAP) as u16, y, SLOWEST, Style::new().bold());
        }
    }
}

/// The columns for which there is room, in their order, and whether there is room for the mark behind them.
fn chosen(widths: &[usize], mut room: usize) -> (Vec<usize>, bool) {
    let mut by_rank: Vec<_> = (0..COLUMNS.len()).collect();
    by_rank.sort_by_key(|number| COLUMNS[*number].rank);
    let mut shown = Vec::new();
    let mut mark = false;
    for number in by_rank {
        if COLUMNS[number].rank > SLOWEST_RANK && !mark {
            mark = SLOWEST.len() + GAP <= room;
            if !mark {
                break;
            }
            room -= SLOWEST.len() + GAP;
        }
        if widths[number] > room {
            // Without p99 there may still be room to say which is the slowest.
            mark = mark || SLOWEST.len() + GAP <= room;
            break;
        }
        room -= widths[number];
        shown.push(number);
    }
    shown.sort_unstable();
    (shown, mark)
}

/// Titles, all together, and as many rows as there is room for.
fn cells(snapshot: &Snapshot, room: usize) -> Vec<Cells> {
    let outline = &snapshot.outline;
    let row = |name: String, style, of: &dyn Fn(&Column) -> String| Cells {
        name,
        figures: COLUMNS.iter().map(of).collect(),
        style,
        slowest: false,
    };
    let since = match snapshot.so_far.since {
        since if since.is_zero() => "all so far".to_owned(),
        since => format!("all since {}", clock(since)),
    };
    let title = if outline.open { "times from due" } else { "" };
    let mut all = vec![
        row(title.to_owned(), Style::new().dim(), &|column| {
            column.title.to_owned()
        }),
        row(
            format!("all, last {} s", snapshot.recent.length.as_secs()),
            Style::new(),
            &|column| (column.recent)(&snapshot.recent),
        ),
        row(since, Style::new(), &|column| (column.so_far)(&snapshot.so_far)),
    ];
    let slowest = slowest(&snapshot.rows);
    let shown = foremost(&snapshot.rows, slowest, room);
    let left_out = snapshot.rows.len() - shown.len();
    for number in shown {
        let figures = &snapshot.rows[number];
        let name = printable(words::row(outline, figures.row));
        let mut cells = row(name, Style::new(), &|column| (column.row)(figures));
        cells.slowest = slowest == Some(number);
        all.push(cells);
    }
    if left_out > 0 && room > 0 {
        let more = format!("and {left_out} more");
        all.push(row(more, Style::new().dim(), &|_| String::new()));
    }
    all
}

/// The row with the longest p95, where there is another one to compare it with.
fn slowest(rows: &[RowSoFar]) -> Option<usize> {
    let called = || rows.iter().enumerate().filter(|(_, row)| row.p95.is_some());
    if called().count() < 2 {
        return None;
    }
    called().max_by_key(|(_, row)| row.p95).map(|(number, _)| number)
}

/// The rows that are shown, in their order: where not all fit, the slowest, those that fail most, and the first. What they count
/// says nothing here, or they would change places with every second.
fn foremost(rows: &[RowSoFar], slowest: Option<usize>, room: usize) -> Vec<usize> {
    let mut numbers: Vec<_> = (0..rows.len()).collect();
    if rows.len() > room {
        numbers.sort_by_key(|number| {
            let row = &rows[*number];
            Reverse((slowest == Some(*number), row.failures))
        });
        // A row says how many are left out.
        numbers.truncate(room.saturating_sub(1));
        numbers.sort_unstable();
    }
    numbers
}
