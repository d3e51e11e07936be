//! Where the figures of a table with one row per level stand, and what it cannot do without.

use super::Problem;
use super::grid::{Cell, Grid, first, place};
use super::title::{Figure, WANTED, is_users, title};

/// Files that have such columns and are something else: columns that only they have, and what to give in their place.
const OTHERS: [(&[&str], &str, &str); 3] = [
    (
        &["second", "phase"],
        "this is the `timeline.csv` of a run: one row per second",
        "give the `summary.csv` beside it",
    ),
    (
        &["of", "endpoint"],
        "this is the `endpoints.csv` of a run: one row per kind of request",
        "give the `summary.csv` beside it",
    ),
    (
        &["request count", "failure count"],
        "this is Locust's `_stats.csv`, which does not hold the number of users",
        "give the `_stats_history.csv` beside it",
    ),
];

/// What a table cannot do without, and examples of titles. The first that is there of each group is enough.
const NEEDED: [(&str, &[Figure], &str); 2] = [
    (
        "the users of a level",
        &[Figure::Users, Figure::Arrivals, Figure::Load],
        "`concurrent_users`, `users`, `vus` or `arrivals_per_second`",
    ),
    (
        "the requests per second",
        &[Figure::Rate, Figure::Length],
        "`rps` or `req/s`, or how long a level took as `duration (s)`",
    ),
];

/// With fewer known titles it is some other file, and a list of what it lacks would help nobody.
const FEWEST_KNOWN: usize = 3;

/// How many titles are known.
pub(super) fn recognised(header: &[Cell]) -> usize {
    header.iter().filter(|cell| title(&cell.text).is_some()).count()
}

/// Whether a header has all that is needed.
pub(super) fn is_whole(header: &[Cell]) -> bool {
    let has = |figure: &Figure| {
        header
            .iter()
            .any(|cell| title(&cell.text).is_some_and(|title| title.figure == *figure))
    };
    NEEDED.iter().all(|(_, any, _)| any.iter().any(has))
}

/// Whether the figures of a column are percentages.
fn in_percent(rows: &[Vec<Cell>], index: usize) -> bool {
    let cells = rows.iter().filter_map(|row| row.get(index));
    let mut filled = cells.filter(|cell| !cell.is_nothing()).peekable();
    filled.peek().is_some() && filled.any(|cell| cell.text.ends_with('%'))
}

/// Whether the cells of a column are `10 users`.
fn in_users(rows: &[Vec<Cell>], index: usize) -> bool {
    rows.iter()
        .filter_map(|row| row.get(index)?.text.rsplit_once(' '))
        .any(|(_, noun)| is_users(noun))
}

fn has_level(header: &[Cell]) -> bool {
    let mut titles = header.iter().filter_map(|cell| title(&cell.text));
    titles.any(|title| matches!(title.figure, Figure::Users | Figure::Arrivals))
}

/// Where each figure stands.
pub(super) struct Columns(Vec<(Figure, usize, Option<f64>)>);

impl Columns {
    pub(super) fn of(Grid { header, rows, .. }: &Grid) -> Result<Self, Vec<Problem>> {
        let whole = place(header);
        let named = |name: &&str| header.iter().any(|cell| cell.text.eq_ignore_ascii_case(name));
        if let Some((_, message, help)) = OTHERS.iter().find(|(names, ..)| names.iter().all(named)) {
            return Err(vec![Problem::at(first(header), *message, *help)]);
        }
        if recognised(header) < FEWEST_KNOWN && !is_whole(header) {
            return Err(vec![Problem::at(
                first(header),
                "no table of levels begins here",
                WANTED,
            )]);
        }
        let mut columns = Self(Vec::new());
        let mut problems = Vec::new();
        for (index, cell) in header.iter().enumerate() {
            let Some(mut title) = title(&cell.text) else {
                continue;
            };
            title.figure = match title.figure {
                // `Errors` of `1.2%` are no count, and an `error rate` without a sign may be anything.
                Figure::Fails | Figure::FailRate if in_percent(rows, index) => Figure::Percentage,
                Figure::Load if in_users(rows, index) && !has_level(header) => Figure::Users,
                Figure::FailRate | Figure::Load => continue,
                figure => figure,
            };
            // Where the level has a column of its own, the users beside it are the mean of those that were active.
            let beside = title.figure == Figure::Users && columns.mean_users_beside(header);
            match columns.find(title.figure).filter(|_| !beside) {
                Some((before, _)) => problems.push(cell.wrong(
                    format!(
                        "`{}` is a second column for what is in `{}`",
                        cell.text, header[before].text
                    ),
                    "rename the one that is not to be read",
                )),
                None => columns.0.push((title.figure, index, title.unit)),
            }
        }
        for (what, any, examples) in NEEDED {
            let has = |columns: &Self| any.iter().any(|figure| columns.find(*figure).is_some());
            let counted = any.contains(&Figure::Length) && columns.find(Figure::Requests).is_none();
            if !has(&columns) || counted && columns.find(Figure::Rate).is_none() {
                let message = format!("no column for {what}");
                problems.push(Problem::at(
                    whole.clone(),
                    message,
                    format!("add one named {examples}"),
                ));
            }
        }
        if problems.is_empty() {
            Ok(columns)
        } else {
            Err(problems)
        }
    }

    /// The first column of a figure, and its unit.
    pub(super) fn find(&self, figure: Figure) -> Option<(usize, Option<f64>)> {
        let found = self.0.iter().find(|(of, ..)| *of == figure);
        found.map(|(_, index, unit)| (*index, *unit))
    }

    fn mean_users_beside(&self, header: &[Cell]) -> bool {
        let ours = header
            .iter()
            .any(|cell| title(&cell.text).is_some_and(|title| title.figure == Figure::Window));
        self.find(Figure::Arrivals).is_some() || ours && self.find(Figure::Users).is_some()
    }

    /// The column of the mean number of users, which is not that of the level.
    pub(super) fn mean_users(&self) -> Option<usize> {
        let skipped = usize::from(self.find(Figure::Arrivals).is_none());
        let mut users = self.0.iter().filter(|(of, ..)| *of == Figure::Users);
        users.nth(skipped).map(|(_, index, _)| *index)
    }

    /// Whether a time without a unit in its title is read as milliseconds.
    pub(super) fn assumed(&self, row: &[Cell]) -> bool {
        [Figure::Average, Figure::P50, Figure::P95, Figure::P99].into_iter().any(|figure| {
            matches!(self.find(figure), Some((index, None)) if row.get(index).is_some_and(|cell| cell.text.ends_with(|c: char| c.is_ascii_digit())))
        })
    }
}
