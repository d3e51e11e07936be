//! Locust's `_stats_history.csv`: running totals, one row a second. Its levels are the stretches with a constant number of
//! users; what happened in one is the difference of the totals at its ends.
//!
//! Moments are whole seconds, so the length of a stretch is exact to a second or so. The percentiles of a history are of the
//! whole run or of the last ten seconds, never of a stretch: they are left out.

use super::grid::{Cell, Grid, first, place};
use super::{Note, Part, Problem, bare};

/// Shorter stretches are steps of a ramp.
const SHORTEST: f64 = 10.0;

/// The columns that are read.
const COLUMNS: [&str; 6] = [
    "timestamp",
    "user count",
    "name",
    "total request count",
    "total failure count",
    "total average response time",
];

/// Whether it is a history.
pub(super) fn is_history(grid: &Grid) -> bool {
    ["timestamp", "user count"]
        .into_iter()
        .all(|name| column(grid, name).is_some())
}

fn column(grid: &Grid, name: &str) -> Option<usize> {
    grid.header
        .iter()
        .position(|cell| cell.text.eq_ignore_ascii_case(name))
}

/// The totals at a moment.
struct Totals {
    at: f64,
    users: f64,
    requests: u64,
    failures: u64,
    /// Response times of all requests; seconds.
    response: f64,
}

impl Totals {
    fn of(row: &[Cell], columns: &[usize; 6]) -> Result<Self, Problem> {
        let [at, users, _, requests, failures, average] = columns.map(|index| row.get(index));
        let missing = || {
            Problem::at(
                place(row),
                "the row ends too early",
                "remove it: it was cut off while being written",
            )
        };
        let cell = |cell: Option<&Cell>| cell.cloned().ok_or_else(missing);
        let requests = cell(requests)?.count(false)?;
        let average = cell(average)?;
        let mean = if average.is_nothing() {
            0.0
        } else {
            average.seconds(1e-3, false)?
        };
        Ok(Self {
            at: cell(at)?.figure(false)?,
            users: cell(users)?.figure(false)?,
            requests,
            failures: cell(failures)?.count(false)?,
            response: mean * requests as f64,
        })
    }

    /// Whether another moment belongs to the same stretch: users are as many, and no total was reset between.
    fn goes_on(&self, next: &Self) -> bool {
        self.users.total_cmp(&next.users).is_eq()
            && self.at <= next.at
            && self.requests <= next.requests
            && self.failures <= next.failures
    }
}

/// The levels of a history.
pub(super) fn part(grid: &Grid) -> Result<Part, Vec<Problem>> {
    let mut columns = [0; 6];
    for (index, name) in columns.iter_mut().zip(COLUMNS) {
        *index = column(grid, name).ok_or_else(|| {
            let message = format!("this history of Locust has no column `{name}`");
            vec![Problem::at(
                first(&grid.header),
                message,
                "give the file as Locust 1.0 or later writes it",
            )]
        })?;
    }
    let mut problems = Vec::new();
    let mut totals = Vec::new();
    for row in &grid.rows {
        let name = row.get(columns[2]);
        if name.is_none_or(|name| name.text == "Aggregated") {
            match Totals::of(row, &columns) {
                Ok(moment) => totals.push(moment),
                Err(problem) => problems.push(problem),
            }
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let stretches = totals
        .chunk_by(Totals::goes_on)
        .filter_map(|stretch| Some((stretch.first()?, stretch.last()?)));
    let mut part = Part::default();
    let mut inside = 0.0;
    for (first, last) in stretches {
        let length = last.at - first.at;
        if length < SHORTEST || first.users <= 0.0 {
            continue;
        }
        inside += length;
        let requests = last.requests - first.requests;
        let failures = last.failures - first.failures;
        let mean = (last.response - first.response).max(0.0) / requests as f64;
        let mut level = bare(
            first.users,
            requests,
            failures.min(requests),
            requests as f64 / length,
            (requests > 0).then_some(mean),
        );
        level.length = Some(length);
        part.levels.push(level);
    }
    if part.levels.is_empty() {
        let message = "no 10 s with a constant number of users in the rows named `Aggregated`";
        let help = "hold each level for a minute or more, so that a rate can be told";
        return Err(vec![Problem::at(first(&grid.header), message, help)]);
    }
    let whole = match (totals.first(), totals.last()) {
        (Some(first), Some(last)) => last.at - first.at,
        _ => 0.0,
    };
    part.notes.push(Note::Stretches {
        levels: part.levels.len(),
        held: inside as u64,
        left_out: (whole - inside).max(0.0) as u64,
    });
    Ok(part)
}
