//! The closing summary that a terminal gets at the end of a run: the table, thresholds, the most frequent failures, warnings.

use super::table::{Align, Cell, Table, printable};
use super::{findings, number, result, warning, words};
use crate::analysis::Analysis;
use crate::measure::summary::RunSummary;

/// How many failure types are shown.
const FAILURES: usize = 5;

/// How wide the table may be: what every terminal has.
const COLUMNS: usize = 80;

/// Whether words may be coloured (a terminal, without `NO_COLOR` and not `TERM=dumb`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Colour(pub bool);

impl Colour {
    /// Something is wrong.
    pub fn red(self, text: &str) -> String {
        self.with("31", text)
    }

    /// Something is well.
    pub fn green(self, text: &str) -> String {
        self.with("32", text)
    }

    /// Something to mind.
    pub fn yellow(self, text: &str) -> String {
        self.with("33", text)
    }

    /// A heading.
    pub fn bold(self, text: &str) -> String {
        self.with("1", text)
    }

    fn with(self, code: &str, text: &str) -> String {
        if self.0 {
            format!("\u{1b}[{code}m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }
}

/// The summary, each line ended.
pub fn summary(summary: &RunSummary, analysis: &Analysis, colour: Colour) -> String {
    let outline = &summary.run.outline;
    let mut blocks = vec![warnings(summary, colour)];
    blocks.push(result::table(outline.open, &summary.stages).plain_within(COLUMNS));
    blocks.push(thresholds(summary, colour));
    blocks.push(failures(summary, colour));
    blocks.push(findings(summary, analysis, colour));
    let blocks: Vec<_> = blocks
        .into_iter()
        .filter(|block| !block.is_empty())
        .map(|block| block.join("\n"))
        .collect();
    blocks.join("\n\n") + "\n"
}

fn warnings(summary: &RunSummary, colour: Colour) -> Vec<String> {
    let mut lines = Vec::new();
    if summary.run.outline.demo {
        lines.push(format!(
            "{} these figures are of the API model built into this program, not of a real API",
            colour.yellow("demo run:")
        ));
    }
    for caution in warning::cautions(summary) {
        let plain = caution.what.replace('`', "");
        lines.push(format!(
            "{} {plain} Affected: {}.",
            colour.yellow("warning:"),
            caution.spoils.replace('`', "")
        ));
    }
    lines
}

fn thresholds(summary: &RunSummary, colour: Colour) -> Vec<String> {
    let lines = summary.thresholds.iter().map(|verdict| {
        let mark = if verdict.holds {
            colour.green("passed")
        } else {
            colour.red("FAILED")
        };
        let figures = words::verdict(&summary.run.outline, verdict);
        format!("{mark}  {}  ({figures})", printable(&verdict.threshold.text))
    });
    lines.collect()
}

fn findings(summary: &RunSummary, analysis: &Analysis, colour: Colour) -> Vec<String> {
    let foremost = findings::foremost(&analysis.findings, findings::About::of(summary));
    let lines = foremost.iter().flat_map(|(heading, sentence)| {
        let words = format!("{heading}. {sentence}");
        let mut lines = wrapped(&words, COLUMNS);
        if let Some(first) = lines.first_mut()
            && let Some(rest) = first.strip_prefix(heading.as_str())
        {
            *first = format!("{}{rest}", colour.bold(heading));
        }
        lines
    });
    lines.collect()
}

/// Words in lines of at most so many columns.
fn wrapped(text: &str, columns: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= columns => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

fn failures(summary: &RunSummary, colour: Colour) -> Vec<String> {
    let total = &summary.total;
    if total.all_failures() == 0 {
        return Vec::new();
    }
    let mut table = Table::new([("", Align::Right), ("", Align::Left)]);
    for kind in summary.failures.iter().take(FAILURES) {
        table.push([Cell::figure(kind.failure.count), Cell::text(&*kind.failure.text)]);
    }
    let heading = format!(
        "{} of {} failed over the whole run ({}):",
        total.all_failures(),
        number::counted(total.attempts(), "request"),
        number::percent(total.failure_share())
    );
    let mut lines = vec![colour.bold(&heading)];
    lines.extend(table.plain().into_iter().skip(1).map(|line| format!("  {line}")));
    let more = summary.failures.len().saturating_sub(FAILURES);
    if more > 0 {
        lines.push(format!("  and {more} more types"));
    }
    lines
}
