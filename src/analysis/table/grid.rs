//! Text as cells: CSV (RFC 4180, also with semicolons or tabs) and Markdown tables. Each cell knows its bytes.

use std::ops::Range;

use super::Problem;

/// What stands between two delimiters.
#[derive(Clone, Debug)]
pub(super) struct Cell {
    /// The content, without quotes, spaces and emphasis around it.
    pub(super) text: String,
    /// Where it stands.
    pub(super) at: Range<usize>,
}

/// A header and rows of cells.
#[derive(Debug)]
pub(super) struct Grid {
    /// The titles of the columns.
    pub(super) header: Vec<Cell>,
    /// The other lines; those without any content are left out.
    pub(super) rows: Vec<Vec<Cell>>,
    /// Line numbers of the rows.
    pub(super) lines: Vec<usize>,
    /// A comma is the decimal sign: where semicolons part the cells it is there for that.
    pub(super) decimal_comma: bool,
}

impl Grid {
    fn new(text: &str, records: Vec<Vec<Cell>>, decimal_comma: bool) -> Self {
        let mut records = records
            .into_iter()
            .filter(|record| record.iter().any(|cell| !cell.text.is_empty()));
        let header = records.next().unwrap_or_default();
        let rows: Vec<Vec<Cell>> = records.collect();
        let (mut line, mut counted) = (1, 0);
        let mut lines = Vec::with_capacity(rows.len());
        for row in &rows {
            let start = place(row).start;
            line += newlines(text, counted..start);
            counted = start;
            lines.push(line);
        }
        Self {
            header,
            rows,
            lines,
            decimal_comma,
        }
    }

    /// The number of the header's line.
    pub(super) fn line_in(&self, text: &str) -> usize {
        newlines(text, 0..place(&self.header).start) + 1
    }
}

/// The bytes of a row.
pub(super) fn place(row: &[Cell]) -> Range<usize> {
    match (row.first(), row.last()) {
        (Some(first), Some(last)) => first.at.start..last.at.end,
        _ => 0..0,
    }
}

/// The bytes of a row's first cell: enough to point at a header.
pub(super) fn first(row: &[Cell]) -> Range<usize> {
    place(row.get(..1).unwrap_or_default())
}

fn newlines(text: &str, range: Range<usize>) -> usize {
    text.get(range).map_or(0, |part| part.matches('\n').count())
}

/// The first line tells the delimiter: whichever it has most of.
pub(super) fn csv(text: &str) -> Result<Grid, Problem> {
    let first = text
        .lines()
        .find(|line| !line.trim().is_empty())
        .unwrap_or_default();
    let mut delimiter = ',';
    for other in [';', '\t'] {
        if first.matches(other).count() > first.matches(delimiter).count() {
            delimiter = other;
        }
    }
    let mut records = vec![Vec::new()];
    let mut at = 0;
    loop {
        let (cell, end) = csv_cell(text, at, delimiter)?;
        if let Some(record) = records.last_mut() {
            record.push(cell);
        }
        match text[end..].chars().next() {
            None => break,
            Some('\n') => records.push(Vec::new()),
            Some(_) => {}
        }
        at = end + 1;
    }
    Ok(Grid::new(text, records, delimiter == ';'))
}

/// The cell that begins at a byte, and where the delimiter or line end after it is.
fn csv_cell(text: &str, from: usize, delimiter: char) -> Result<(Cell, usize), Problem> {
    let is_end = |c: char| c == delimiter || c == '\n';
    let end_after = |at: usize| text[at..].find(is_end).map_or(text.len(), |end| at + end);
    let start = from + text[from..].find(|c| c != ' ').unwrap_or(0);
    if !text[start..].starts_with('"') {
        let end = end_after(from);
        return Ok((trimmed(text, from..end), end));
    }
    let mut quote = start + 1;
    loop {
        let Some(found) = text[quote..].find('"') else {
            let message = "a quote is opened here and never closed";
            return Err(Problem::at(start..start + 1, message, "close it, or remove it"));
        };
        quote += found + 1;
        // A doubled quote stands for one.
        if !text[quote..].starts_with('"') {
            break;
        }
        quote += 1;
    }
    let end = end_after(quote);
    if !text[quote..end].trim().is_empty() {
        let message = "something stands behind the closing quote";
        return Err(Problem::at(
            start..end,
            message,
            "put all of the cell into the quotes",
        ));
    }
    let content = text[start + 1..quote - 1].replace("\"\"", "\"");
    let cell = Cell {
        text: content.trim().to_owned(),
        at: start..quote,
    };
    Ok((cell, end))
}

/// Every table of a Markdown document: a line of titles, a rule below it, rows until a line without a bar.
pub(super) fn markdown(text: &str) -> Vec<Grid> {
    let mut tables = Vec::new();
    let lines: Vec<Range<usize>> = lines(text).collect();
    let mut at = 0;
    while at + 1 < lines.len() {
        let titles = markdown_cells(text, lines[at].clone());
        let rule = markdown_cells(text, lines[at + 1].clone());
        if titles.is_empty() || rule.len() != titles.len() || !rule.iter().all(is_rule) {
            at += 1;
            continue;
        }
        let mut records = vec![titles];
        at += 2;
        while let Some(line) = lines.get(at) {
            let cells = markdown_cells(text, line.clone());
            if cells.is_empty() {
                break;
            }
            records.push(cells);
            at += 1;
        }
        tables.push(Grid::new(text, records, false));
    }
    tables
}

fn lines(text: &str) -> impl Iterator<Item = Range<usize>> {
    let mut start = 0;
    text.split_inclusive('\n').map(move |line| {
        let from = start;
        start += line.len();
        from..from + line.trim_end().len()
    })
}

fn is_rule(cell: &Cell) -> bool {
    let dashes = cell.text.trim_start_matches(':').trim_end_matches(':');
    !dashes.is_empty() && dashes.chars().all(|c| c == '-')
}

/// The cells of a line; none if it has no bar.
fn markdown_cells(text: &str, line: Range<usize>) -> Vec<Cell> {
    let content = &text[line.clone()];
    let quoted = content.len() - content.trim_start_matches([' ', '\t', '>']).len();
    let mut bars: Vec<usize> = Vec::new();
    let mut before = ' ';
    for (at, c) in content.char_indices().skip_while(|(at, _)| *at < quoted) {
        if c == '|' && before != '\\' {
            bars.push(line.start + at);
        }
        before = c;
    }
    let (Some(first), Some(last)) = (bars.first().copied(), bars.last().copied()) else {
        return Vec::new();
    };
    // A bar at either end parts nothing.
    let (mut start, mut end) = (line.start + quoted, line.end);
    if first == start {
        start += 1;
    }
    if last + 1 == end && last >= start {
        end = last;
    }
    let inner = || bars.iter().filter(|bar| (start..end).contains(*bar));
    let starts = std::iter::once(start).chain(inner().map(|bar| bar + 1));
    let ends = inner().copied().chain(std::iter::once(end));
    starts
        .zip(ends)
        .map(|(from, to)| trimmed(text, from..to))
        .collect()
}

/// What stands in a range, without spaces and emphasis around it.
fn trimmed(text: &str, range: Range<usize>) -> Cell {
    let outer = |c: char| c.is_whitespace() || matches!(c, '*' | '`');
    let content = &text[range.clone()];
    let start = range.start + (content.len() - content.trim_start_matches(outer).len());
    let content = content.trim_matches(outer);
    Cell {
        text: content.to_owned(),
        at: start..start + content.len(),
    }
}
