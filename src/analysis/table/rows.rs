//! A table with one row per level: the README's six columns, also those of our own `summary.csv`.

use super::cell::Percentage;
use super::columns::Columns;
use super::grid::{Cell, Grid, place};
use super::note::Fit;
use super::title::{Figure, title};
use super::{Note, Part, Problem, bare};
use crate::analysis::estimate::{Estimate, share};
use crate::analysis::level::{Level, Trust, is_unknown, unknown_share};
use crate::analysis::levels::{JUDGED, too_short};

/// In longer tables rows are not compared with each other.
const MOST_COMPARED: usize = 500;

/// A row as it stands: what its requests hold is not known yet.
struct Row<'a> {
    /// With the requests of the table, and no failures.
    level: Level,
    fails: Option<(u64, &'a Cell)>,
    percentage: Option<Percentage>,
    line: usize,
}

/// Reads the figures of one row and keeps what is wrong with them.
struct Reader<'a, 'p> {
    columns: &'a Columns,
    row: &'a [Cell],
    decimal_comma: bool,
    problems: &'p mut Vec<Problem>,
}

impl<'a> Reader<'a, '_> {
    /// The cell of a figure, if there is something in it.
    fn cell(&self, figure: Figure) -> Option<(&'a Cell, Option<f64>)> {
        let (index, unit) = self.columns.find(figure)?;
        let cell = self.row.get(index).filter(|cell| !cell.is_nothing())?;
        Some((cell, unit))
    }

    fn keep<T>(&mut self, read: Result<T, Problem>) -> Option<T> {
        read.map_err(|problem| self.problems.push(problem)).ok()
    }

    fn figure(&mut self, figure: Figure) -> Option<f64> {
        let (cell, _) = self.cell(figure)?;
        self.keep(cell.figure(self.decimal_comma))
    }

    /// A time in seconds; `unit` where neither the cell nor the title has one.
    fn seconds(&mut self, figure: Figure, unit: f64) -> Option<f64> {
        let (cell, of_title) = self.cell(figure)?;
        self.keep(cell.seconds(of_title.unwrap_or(unit), self.decimal_comma))
    }

    fn estimate(&mut self, figure: Figure) -> Option<Estimate> {
        self.seconds(figure, 1e-3).map(Estimate::bare)
    }

    /// The cell that must hold something.
    fn must(&mut self, figure: Figure, what: &str) -> Option<&'a Cell> {
        let found = self.cell(figure).map(|(cell, _)| cell);
        if found.is_none()
            && let Some((index, _)) = self.columns.find(figure)
        {
            let at = self
                .row
                .get(index)
                .map_or_else(|| place(self.row), |cell| cell.at.clone());
            let help = "fill it in, or remove the row";
            self.problems
                .push(Problem::at(at, format!("{what} is missing here"), help));
        }
        found
    }

    fn row(&mut self, line: usize) -> Option<Row<'a>> {
        let by = if self.columns.find(Figure::Arrivals).is_some() {
            Figure::Arrivals
        } else {
            Figure::Users
        };
        let load = self.load(by);
        let counts = self.columns.find(Figure::Requests).is_some();
        let requests = self.must(Figure::Requests, "the number of requests");
        let requests = requests.and_then(|cell| self.keep(cell.count(self.decimal_comma)));
        let fails = self.cell(Figure::Fails).map(|(cell, _)| cell);
        let fails = fails.and_then(|cell| Some((self.keep(cell.count(self.decimal_comma))?, cell)));
        let percentage = self.cell(Figure::Percentage).map(|(cell, _)| cell);
        let percentage = percentage.and_then(|cell| self.keep(cell.percentage(self.decimal_comma)));
        let length = self.seconds(Figure::Length, 1.0).filter(|length| *length > 0.0);
        let mean = self
            .seconds(Figure::Average, 1e-3)
            .filter(|_| !counts || requests > Some(0));
        let rate = self.rate(requests, length)?;
        // Without a count, what was served in the time measured, if that is known.
        let of_rate = length.map_or(0, |length| (rate * length).round() as u64);
        let mut level = bare(load?, if counts { requests? } else { of_rate }, 0, rate, mean);
        let alone = self.columns.find(Figure::Percentage).is_none();
        if fails.is_none() && percentage.is_none() && level.requests > 0 && alone {
            self.must(Figure::Fails, "the number of failures");
        }
        level.p50 = self.estimate(Figure::P50);
        level.p95 = self.estimate(Figure::P95);
        level.p99 = self.estimate(Figure::P99);
        level.think = self.seconds(Figure::Think, 1.0).filter(|_| by == Figure::Users);
        level.in_flight = self.figure(Figure::InFlight);
        level.length = length;
        let users = self.columns.mean_users().and_then(|index| self.row.get(index));
        if let Some(cell) = users.filter(|cell| !cell.is_nothing()) {
            level.users = self.keep(cell.figure(self.decimal_comma))?;
        }
        self.window(&mut level);
        Some(Row {
            level,
            fails,
            percentage,
            line,
        })
    }

    fn load(&mut self, figure: Figure) -> Option<f64> {
        let cell = self.must(figure, "the level")?;
        let load = self.keep(cell.load(self.decimal_comma))?;
        if load <= 0.0 {
            self.problems
                .push(cell.wrong("a level without load", "remove this row"));
            return None;
        }
        Some(load)
    }

    /// RPS as the table has it, else from the requests and the length.
    fn rate(&mut self, requests: Option<u64>, length: Option<f64>) -> Option<f64> {
        if let Some((cell, _)) = self.cell(Figure::Rate) {
            return self.keep(cell.rate(self.decimal_comma));
        }
        match (requests?, length) {
            (0, _) => Some(0.0),
            (requests, Some(length)) => Some(requests as f64 / length),
            _ => {
                let figure = if self.columns.find(Figure::Rate).is_some() {
                    Figure::Rate
                } else {
                    Figure::Length
                };
                self.must(figure, "the number of requests per second").and(None)
            }
        }
    }

    /// What our own `summary.csv` says of the seconds it took.
    fn window(&mut self, level: &mut Level) {
        let Some((cell, _)) = self.cell(Figure::Window) else {
            return;
        };
        level.trust = match cell.text.as_str() {
            "never_held" => Trust::NeverHeld,
            "not_steady" => Trust::NotSteady,
            "unjudged" => too_short(level.length.unwrap_or(0.0), level.cycle().unwrap_or(0.0), JUDGED),
            _ => Trust::Steady,
        };
    }
}

/// The levels of a table.
pub(super) fn part(grid: &Grid) -> Result<Part, Vec<Problem>> {
    let columns = Columns::of(grid)?;
    if grid.rows.is_empty() {
        let at = place(&grid.header);
        return Err(vec![Problem::at(
            at,
            "no row below these titles",
            "add one row for each level",
        )]);
    }
    let mut problems = Vec::new();
    let mut rows = Vec::new();
    for (row, line) in grid.rows.iter().zip(&grid.lines) {
        if !is_as_long(row, &grid.header) {
            let message = format!("{} cells, where the titles are {}", row.len(), grid.header.len());
            let help = "a number with commas needs quotes in CSV; a cell without a figure is left empty";
            problems.push(Problem::at(place(row), message, help));
            continue;
        }
        let mut reader = Reader {
            columns: &columns,
            row,
            decimal_comma: grid.decimal_comma,
            problems: &mut problems,
        };
        rows.extend(reader.row(*line));
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let loads: Vec<f64> = rows.iter().map(|row| row.level.load).collect();
    if let Some(title) = apart(grid, &loads) {
        return Err(vec![title.wrong(
            format!(
                "rows of one level differ in `{}`: they are of different tests",
                title.text
            ),
            "give each test a file of its own; if the rows are repeats, remove this column",
        )]);
    }
    let assumed = grid.rows.iter().any(|row| columns.assumed(row));
    let ours = columns.find(Figure::Window).is_some();
    let mut part = Part {
        open: columns.find(Figure::Arrivals).is_some(),
        pool_size: pool_size(&columns, grid),
        ..Part::default()
    };
    let has = |figure| columns.find(figure).is_some();
    counted(rows, (ours, has(Figure::Requests)), &mut part)?;
    if !has(Figure::Requests) {
        part.notes.push(Note::RequestsUnknown);
    }
    if !has(Figure::Average) {
        part.notes.push(Note::AverageFromLaw);
    }
    if part.levels.iter().all(|level| is_unknown(&level.failure_share)) {
        part.notes.push(Note::FailuresUnknown);
    }
    part.notes.extend(assumed.then_some(Note::Milliseconds));
    Ok(part)
}

/// Whether a row has a cell for each title, and beyond them empty ones at most.
fn is_as_long(row: &[Cell], header: &[Cell]) -> bool {
    let beyond = row.get(header.len()..);
    beyond.is_some_and(|cells| cells.iter().all(|cell| cell.text.is_empty()))
}

/// The title of a column that parts the rows of a level, and each of whose values comes at several levels: a scenario, a size of
/// messages. The number of a run does so too, but parts repeats.
fn apart<'a>(grid: &'a Grid, loads: &[f64]) -> Option<&'a Cell> {
    const REPEATS: [&str; 6] = ["run", "repeat", "repetition", "round", "trial", "#"];
    let same = |a: &f64, b: &f64| a.total_cmp(b).is_eq();
    let parts = |index: usize| {
        let values: Vec<&str> = grid
            .rows
            .iter()
            .map(|row| row.get(index).map_or("", |cell| cell.text.as_str()))
            .collect();
        let pairs = || values.iter().zip(loads);
        let differs =
            pairs().any(|(value, load)| pairs().any(|(other, at)| same(at, load) && other != value));
        let comes_again =
            pairs().all(|(value, load)| pairs().any(|(other, at)| other == value && !same(at, load)));
        differs && comes_again
    };
    let unknown = grid.header.iter().enumerate().filter(|(_, cell)| {
        title(&cell.text).is_none() && !REPEATS.contains(&cell.text.to_lowercase().as_str())
    });
    unknown
        .filter(|(index, _)| grid.rows.len() <= MOST_COMPARED && parts(*index))
        .map(|(_, cell)| cell)
        .next()
}

/// Our own `summary.csv` tells the pool as requests per second and connection.
fn pool_size(columns: &Columns, grid: &Grid) -> Option<u32> {
    let (rate, each) = (
        columns.find(Figure::Rate)?.0,
        columns.find(Figure::PerConnection)?.0,
    );
    grid.rows.iter().find_map(|row| {
        let figure = |index: usize| row.get(index)?.figure(grid.decimal_comma).ok();
        let connections = (figure(rate)? / figure(each)?).round();
        (connections >= 1.0 && connections < f64::from(u32::MAX)).then_some(connections as u32)
    })
}

/// Fails and requests of each row, once it is known what *Total requests* holds.
fn counted(rows: Vec<Row<'_>>, (ours, counts): (bool, bool), part: &mut Part) -> Result<(), Vec<Problem>> {
    let (excluded, note) = meaning(&rows);
    let off: Vec<usize> = rows
        .iter()
        .filter(|row| fits(row) == Some((false, false)))
        .map(|row| row.line)
        .collect();
    if !ours && counts {
        part.notes.extend(note);
    }
    if !off.is_empty() {
        part.notes.push(Note::PercentageOff(off));
    }
    let mut problems = Vec::new();
    let mut inferred = false;
    for Row {
        mut level,
        fails,
        percentage,
        ..
    } in rows
    {
        // RPS goes with the requests as the table counts them.
        if level.length.is_none() && level.rate.value > 0.0 && level.requests > 0 {
            level.length = Some(level.requests as f64 / level.rate.value);
            part.notes.push(Note::LengthEstimated);
        }
        // What is not counted is known by its share at most.
        let uncounted = !counts && level.requests == 0;
        level.failure_share = match percentage {
            Some(percentage) if uncounted => Estimate::bare(percentage.value / 100.0),
            _ => unknown_share(),
        };
        level.failures = match (fails, percentage) {
            (Some((fails, cell)), _) => {
                if !excluded && !uncounted && fails > level.requests {
                    let message = format!("{fails} failures of {} requests", level.requests);
                    let help = "failures cannot be more than the requests that hold them; correct the row";
                    problems.push(cell.wrong(message, help));
                }
                fails
            }
            (None, Some(percentage)) => {
                inferred = !uncounted;
                (level.requests as f64 * percentage.value / 100.0).round() as u64
            }
            (None, None) => 0,
        };
        if uncounted {
            level.failures = 0;
        } else if excluded {
            level.requests += level.failures;
        }
        if !uncounted && (fails.is_some() || percentage.is_some()) {
            level.failure_share = share(level.failures as f64, level.requests as f64);
        }
        part.levels.push(level);
    }
    part.notes
        .extend(inferred.then_some(Note::FailuresFromPercentage));
    if problems.is_empty() {
        Ok(())
    } else {
        Err(problems)
    }
}

/// Whether *Total requests* holds successes only: the meaning that more percentages fit within their rounding.
fn meaning(rows: &[Row<'_>]) -> (bool, Option<Note>) {
    let mut fit = Fit::default();
    for (included, excluded) in rows.iter().filter_map(fits) {
        fit.of += 1;
        fit.included += usize::from(included);
        fit.excluded += usize::from(excluded);
    }
    let counts = || {
        rows.iter()
            .filter_map(|row| Some((row.fails?.0, row.level.requests)))
    };
    match fit.included.cmp(&fit.excluded) {
        std::cmp::Ordering::Less => (true, Some(Note::SuccessesOnly(fit))),
        std::cmp::Ordering::Greater => (false, Some(Note::FailuresIncluded(fit))),
        std::cmp::Ordering::Equal => {
            let any = counts().any(|(fails, _)| fails > 0);
            (false, any.then_some(Note::FailuresUndecided))
        }
    }
}

/// Whether the percentage of a row is fails / requests, and whether it is fails / (requests + fails); `None` without failures.
fn fits(row: &Row<'_>) -> Option<(bool, bool)> {
    let (fails, percentage) = (row.fails?.0 as f64, row.percentage?);
    let requests = row.level.requests as f64;
    let near = |of: f64| {
        let exact = 100.0 * fails / of;
        (exact - percentage.value).abs() <= percentage.half_step + 1e-9 * exact
    };
    (fails > 0.0).then(|| (requests >= fails && near(requests), near(requests + fails)))
}
