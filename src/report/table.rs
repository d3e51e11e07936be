//! One table behind every format: headers, alignment, cells. Escaping is done here and nowhere else.

/// Which side the cells of a column keep to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    /// Words.
    Left,
    /// Figures.
    Right,
}

/// One cell. Text comes from elsewhere (a name in the scenario, words of a server) and is escaped; a figure is ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    /// Untrusted words.
    Text(String),
    /// A figure, formatted.
    Figure(String),
}

impl Cell {
    /// Words.
    pub fn text(words: impl Into<String>) -> Self {
        Self::Text(words.into())
    }

    /// A figure.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "called with numbers and fresh strings"
    )]
    pub fn figure(figure: impl ToString) -> Self {
        Self::Figure(figure.to_string())
    }

    /// A figure that may be missing: then the cell is empty.
    pub fn maybe(figure: Option<impl ToString>) -> Self {
        Self::Figure(figure.map_or_else(String::new, |figure| figure.to_string()))
    }

    fn plain(&self) -> String {
        match self {
            Self::Text(words) => printable(words),
            Self::Figure(figure) => figure.clone(),
        }
    }

    fn markdown(&self) -> String {
        match self {
            Self::Text(words) => escaped(words),
            Self::Figure(figure) => figure.clone(),
        }
    }

    /// On one line, and as a spreadsheet may safely open it: words that it would take for a formula begin with an
    /// apostrophe.
    fn guarded(&self) -> String {
        match self {
            Self::Text(words) if words.trim_start().starts_with(['=', '+', '-', '@']) => {
                format!("'{}", printable(words))
            }
            Self::Text(words) => printable(words),
            Self::Figure(figure) => figure.clone(),
        }
    }
}

/// A table. Rows with fewer cells than there are columns are filled up with empty ones.
#[derive(Clone, Debug)]
pub struct Table {
    columns: Vec<(Cell, Align)>,
    rows: Vec<Vec<Cell>>,
}

impl Table {
    /// An empty table with these headers.
    pub fn new<H: Into<String>>(columns: impl IntoIterator<Item = (H, Align)>) -> Self {
        let columns = columns
            .into_iter()
            .map(|(title, align)| (Cell::text(title), align))
            .collect();
        Self {
            columns,
            rows: Vec::new(),
        }
    }

    /// An empty table of figures: the first `words` columns keep to the left, the others to the right.
    pub fn of_figures<H: Into<String>>(words: usize, titles: impl IntoIterator<Item = H>) -> Self {
        let align = |index| if index < words { Align::Left } else { Align::Right };
        Self::new(
            titles
                .into_iter()
                .enumerate()
                .map(|(index, title)| (title, align(index))),
        )
    }

    /// Adds a row.
    pub fn push(&mut self, row: impl IntoIterator<Item = Cell>) {
        self.rows.push(row.into_iter().collect());
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// As Markdown, the columns lined up, so that it reads in a terminal too.
    pub fn markdown(&self) -> String {
        let lines = self.lines(Cell::markdown);
        let widths = self.widths(&lines, 3);
        let mut text = String::new();
        for (number, line) in lines.iter().enumerate() {
            text.push('|');
            for ((cell, width), (_, align)) in line.iter().zip(&widths).zip(&self.columns) {
                text.extend([" ", &padded(cell, *width, *align), " |"]);
            }
            text.push('\n');
            if number == 0 {
                text.push('|');
                for (width, (_, align)) in widths.iter().zip(&self.columns) {
                    let end = if *align == Align::Right { ":" } else { "-" };
                    text.extend([" ", &"-".repeat(width - 1), end, " |"]);
                }
                text.push('\n');
            }
        }
        text
    }

    /// As Markdown, each cell as wide as its words, as the README of the original report has it.
    pub fn compact_markdown(&self) -> String {
        let mut text = String::new();
        for (number, line) in self.lines(Cell::markdown).iter().enumerate() {
            text.extend(["| ", &line.join(" | "), " |\n"]);
            if number == 0 {
                let rules: Vec<_> = line.iter().map(|title| "-".repeat(width(title).max(3))).collect();
                text.extend(["| ", &rules.join(" | "), " |\n"]);
            }
        }
        text
    }

    /// As lines of plain text, the columns lined up, headers first.
    pub fn plain(&self) -> Vec<String> {
        self.lined_up(&self.lines(Cell::plain))
    }

    /// The same, with headers in two lines where one would be wider than `columns`.
    pub fn plain_within(&self, columns: usize) -> Vec<String> {
        let one = self.plain();
        if one.iter().all(|line| width(line) <= columns) {
            return one;
        }
        let mut lines = self.lines(Cell::plain);
        let (upper, lower) = lines[0].iter().map(|title| in_two(title)).unzip();
        lines.splice(..1, [upper, lower]);
        self.lined_up(&lines)
    }

    fn lined_up(&self, lines: &[Vec<String>]) -> Vec<String> {
        let widths = self.widths(lines, 0);
        let padded_line = |line: &Vec<String>| {
            let cells: Vec<_> = line
                .iter()
                .zip(&widths)
                .zip(&self.columns)
                .map(|((cell, width), (_, align))| padded(cell, *width, *align))
                .collect();
            cells.join("  ").trim_end().to_owned()
        };
        lines.iter().map(padded_line).collect()
    }

    /// As CSV (RFC 4180 quoting).
    pub fn csv(&self, ends: LineEnd) -> String {
        let terminator = match ends {
            LineEnd::Lf => csv::Terminator::Any(b'\n'),
            LineEnd::CrLf => csv::Terminator::CRLF,
        };
        let mut writer = csv::WriterBuilder::new()
            .terminator(terminator)
            .from_writer(Vec::new());
        for line in self.lines(Cell::guarded) {
            // Writing to memory does not fail, and every line has as many cells as there are columns.
            let written = writer.write_record(&line);
            debug_assert!(written.is_ok(), "{written:?}");
        }
        String::from_utf8(writer.into_inner().unwrap_or_default()).unwrap_or_default()
    }

    /// Headers and rows, all of the same length.
    fn lines(&self, form: impl Fn(&Cell) -> String) -> Vec<Vec<String>> {
        let titles = self.columns.iter().map(|(title, _)| form(title)).collect();
        let row = |row: &Vec<Cell>| {
            (0..self.columns.len())
                .map(|column| row.get(column).map_or_else(String::new, &form))
                .collect()
        };
        std::iter::once(titles).chain(self.rows.iter().map(row)).collect()
    }

    fn widths(&self, lines: &[Vec<String>], least: usize) -> Vec<usize> {
        let widest = |column: usize| lines.iter().map(|line| width(&line[column])).max().unwrap_or(0);
        (0..self.columns.len())
            .map(|column| widest(column).max(least))
            .collect()
    }
}

/// How the lines of a CSV file end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineEnd {
    /// As on Unix.
    Lf,
    /// As Python's `csv` writes them.
    CrLf,
}

/// Untrusted words on one line, without control characters: they could end a line or drive a terminal.
pub fn printable(words: &str) -> String {
    let shown = |c: char| match c {
        '\n' | '\r' | '\t' => ' ',
        c if c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}') => '\u{fffd}',
        c => c,
    };
    words.chars().map(shown).collect()
}

/// Untrusted words in Markdown, inside a table or out: as they are, whatever they hold.
pub fn escaped(words: &str) -> String {
    let words = printable(words);
    let mut text = String::with_capacity(words.len());
    let mut letters = words.chars().peekable();
    while let Some(c) = letters.next() {
        let next = letters.peek().copied().unwrap_or(' ');
        let markup = match c {
            '\\' | '|' | '`' | '*' | '[' | ']' | '~' => true,
            // A tag or an address in angle brackets; an entity.
            '<' => next.is_ascii_alphabetic() || matches!(next, '/' | '!' | '?'),
            '&' => next.is_ascii_alphanumeric() || next == '#',
            _ => false,
        };
        if markup {
            text.push('\\');
        }
        text.push(c);
    }
    text
}

/// Untrusted words as code in Markdown, outside of tables.
pub fn code(words: &str) -> String {
    let words = printable(words);
    let longest = words.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let space = if words.starts_with('`') || words.ends_with('`') {
        " "
    } else {
        ""
    };
    format!("{fence}{space}{words}{space}{fence}")
}

fn padded(cell: &str, to: usize, align: Align) -> String {
    let fill = " ".repeat(to.saturating_sub(width(cell)));
    match align {
        Align::Left => format!("{cell}{fill}"),
        Align::Right => format!("{fill}{cell}"),
    }
}

/// A title in two lines, as even as its words allow; one word alone stands in the lower.
fn in_two(title: &str) -> (String, String) {
    let longer = |at: &usize| width(&title[..*at]).max(width(&title[at + 1..]));
    match title.match_indices(' ').map(|(at, _)| at).min_by_key(longer) {
        Some(at) => (title[..at].to_owned(), title[at + 1..].to_owned()),
        None => (String::new(), title.to_owned()),
    }
}

fn width(text: &str) -> usize {
    text.chars().count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Table {
        let mut table = Table::of_figures(1, ["Endpoint", "p95"]);
        table.push([Cell::text("a|b\nc"), Cell::figure("140 ms")]);
        table.push([Cell::text("=1+1,\"x\""), Cell::figure(-3)]);
        table.push([Cell::text("short")]);
        table
    }

    #[test]
    fn markdown_is_escaped_and_lined_up() {
        assert_eq!(
            sample().markdown(),
            "| Endpoint |    p95 |\n\
             | -------- | -----: |\n\
             | a\\|b c   | 140 ms |\n\
             | =1+1,\"x\" |     -3 |\n\
             | short    |        |\n"
        );
    }

    #[test]
    fn csv_quotes_and_guards_words_but_not_figures() {
        assert_eq!(
            sample().csv(LineEnd::CrLf),
            "Endpoint,p95\r\na|b c,140 ms\r\n\"'=1+1,\"\"x\"\"\",-3\r\nshort,\r\n"
        );
        for words in ["=cmd|' /C calc'!A0", "+1", "-1", "@SUM(A1)", " =1"] {
            assert_eq!(Cell::text(words).guarded(), format!("'{words}"));
        }
    }

    #[test]
    fn plain_text_is_lined_up_and_has_no_control_characters() {
        let mut table = Table::of_figures(1, ["Name", "n"]);
        table.push([Cell::text("\u{1b}[31mred"), Cell::figure(10)]);
        assert_eq!(
            table.plain(),
            ["Name       n", "\u{fffd}[31mred  10"].map(str::to_owned)
        );
    }

    #[test]
    fn headers_that_are_too_wide_stand_in_two_lines() {
        let mut table = Table::of_figures(0, ["Total requests", "Arrivals per second", "RPS"]);
        table.push([1, 2, 3].map(Cell::figure));
        assert_eq!(table.plain_within(80), table.plain());
        assert_eq!(
            table.plain_within(30),
            [
                "   Total    Arrivals",
                "requests  per second  RPS",
                "       1           2    3"
            ]
            .map(str::to_owned)
        );
    }

    #[test]
    fn words_of_others_are_no_markup() {
        assert_eq!(
            escaped("<b>*x*</b> `y` & &lt; 1 < 2 [z](u) a_b"),
            "\\<b>\\*x\\*\\</b> \\`y\\` & \\&lt; 1 < 2 \\[z\\](u) a_b"
        );
        assert_eq!(code("a`b"), "``a`b``");
        assert_eq!(code("`a"), "`` `a ``");
    }
}
