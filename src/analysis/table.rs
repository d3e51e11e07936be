//! Tables of levels that came from elsewhere: the text of files in, [`Level`]s out.
//!
//! What a file is, is told from its content: the README's six columns (as CSV or as a Markdown table, which may stand inside a
//! longer document), our own `summary.csv`, Locust's `_stats_history.csv`, k6's summary in JSON. What such a table does not
//! say is inferred where that is possible, and every inference leaves a [`Note`].

use std::ops::Range;

use super::estimate::{Estimate, share};
use super::level::{Level, Trust};
use super::levels::{by_law, hardly_begun, too_short};

mod cell;
mod columns;
mod grid;
mod k6;
mod locust;
mod note;
mod rows;
mod title;

pub use note::Note;

/// The RPS of a table is often that of its last ten seconds, so a smaller miss of the law says nothing.
const LAW_MISS: f64 = 0.15;

/// What the user says of a table.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Given {
    /// Z in seconds, for levels whose think time the table does not tell.
    pub think: Option<f64>,
    /// Connections of the pool behind the API.
    pub pool_size: Option<u32>,
}

/// What was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// By load; levels of the same load are repeats, in the order of the files.
    pub levels: Vec<Level>,
    /// Whether the load is arrivals per second in place of users.
    pub open: bool,
    /// Z in seconds, as the user gave it. A level has its own where the table tells it.
    pub think: Option<f64>,
    /// Connections of the pool behind the API, as the user gave it or as our own `summary.csv` tells it.
    pub pool_size: Option<u32>,
    /// What was inferred.
    pub notes: Vec<Note>,
}

/// What is wrong with a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Which of the files, counted from zero.
    pub file: usize,
    /// The bytes; `None` where it is the whole file.
    pub at: Option<Range<usize>>,
    /// What is wrong, without a full stop.
    pub message: String,
    /// What to do.
    pub help: String,
}

impl Problem {
    fn at(at: Range<usize>, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self {
            at: Some(at),
            ..Self::whole(message, help)
        }
    }

    /// A problem with a whole file.
    pub fn whole(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self {
            file: 0,
            at: None,
            message: message.into(),
            help: help.into(),
        }
    }
}

/// The levels of one file.
#[derive(Default)]
struct Part {
    open: bool,
    levels: Vec<Level>,
    pool_size: Option<u32>,
    notes: Vec<Note>,
}

/// The text of a file, without its byte order mark.
pub fn text(bytes: &[u8]) -> Result<&str, Problem> {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let unreadable = |what: String| Err(Problem::whole(what, "save it as CSV or text in UTF-8"));
    match std::str::from_utf8(bytes) {
        Ok(text) if text.contains('\0') => unreadable("this is not a text file".to_owned()),
        Ok(text) => Ok(text),
        Err(_) if bytes.contains(&0) => unreadable("this is not a text file, or it is in UTF-16".to_owned()),
        Err(error) => {
            let line = bytes[..error.valid_up_to()].split(|byte| *byte == b'\n').count();
            unreadable(format!("this is not UTF-8 in line {line}"))
        }
    }
}

/// The levels of all files together.
pub fn read(texts: &[&str], given: &Given) -> Result<Table, Vec<Problem>> {
    let mut table = Table {
        levels: Vec::new(),
        open: false,
        think: given.think,
        pool_size: given.pool_size,
        notes: Vec::new(),
    };
    let mut problems = Vec::new();
    for (file, text) in texts.iter().enumerate() {
        let part = match part(text) {
            Ok(part) => part,
            Err(found) => {
                problems.extend(found.into_iter().map(|problem| Problem { file, ..problem }));
                continue;
            }
        };
        if !table.levels.is_empty() && part.open != table.open {
            let message = "some files have users, some arrivals per second";
            let help = "analyse those with users apart from those with arrivals";
            problems.push(Problem {
                file,
                ..Problem::whole(message, help)
            });
        }
        table.open = part.open;
        table.pool_size = table.pool_size.or(part.pool_size);
        let levels = part.levels.into_iter();
        table
            .levels
            .extend(levels.map(|level| judged(level, part.open, given.think)));
        table.notes.extend(part.notes);
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    table.levels.sort_by(|a, b| a.load.total_cmp(&b.load));
    if table.levels.iter().any(|level| level.think.is_none()) {
        table.notes.push(Note::ThinkUnknown);
    }
    let mut seen = Vec::new();
    table.notes.retain(|note| {
        !seen.contains(note) && {
            seen.push(note.clone());
            true
        }
    });
    Ok(table)
}

/// The levels of one file, by what it is.
fn part(text: &str) -> Result<Part, Vec<Problem>> {
    if text.trim().is_empty() {
        return Err(vec![Problem::whole("the file is empty", title::WANTED)]);
    }
    if text.trim_start().starts_with(['{', '[']) {
        return k6::part(text).map_err(|problem| vec![problem]);
    }
    let tables = grid::markdown(text);
    if tables.is_empty() {
        let grid = grid::csv(text).map_err(|problem| vec![problem])?;
        return if locust::is_history(&grid) {
            locust::part(&grid)
        } else {
            rows::part(&grid)
        };
    }
    // The first of those that say most.
    let known = |table: &usize| {
        let header = &tables[*table].header;
        (columns::is_whole(header), columns::recognised(header))
    };
    let Some(chosen) = (0..tables.len()).rev().max_by_key(known) else {
        return Ok(Part::default());
    };
    let mut part = rows::part(&tables[chosen])?;
    let others = tables.iter().enumerate();
    let others: Vec<usize> = others
        .filter(|(table, grid)| *table != chosen && columns::is_whole(&grid.header))
        .map(|(_, grid)| grid.line_in(text))
        .collect();
    if !others.is_empty() {
        let read = tables[chosen].line_in(text);
        part.notes.push(Note::OtherTables { read, others });
    }
    Ok(part)
}

/// A level of which only this is known; [`judged`] adds what follows from it.
fn bare(load: f64, requests: u64, failures: u64, rate: f64, mean: Option<f64>) -> Level {
    Level {
        load,
        requests,
        failures,
        rate: Estimate::bare(rate),
        failure_share: share(failures as f64, requests as f64),
        mean: mean.map(Estimate::bare),
        p50: None,
        p95: None,
        p99: None,
        users: load,
        think: None,
        in_flight: None,
        length: None,
        drift: None,
        bursts: None,
        broken: Vec::new(),
        trust: Trust::Steady,
    }
}

/// A level with its failed share and think time, and how far it can be relied on where the table did not say.
fn judged(mut level: Level, open: bool, think: Option<f64>) -> Level {
    // In an open model nobody thinks between arrivals.
    level.think = if open { Some(0.0) } else { level.think.or(think) };
    if level.mean.is_none() && !open && level.rate.value > 0.0 {
        // The interactive response time law.
        let response = level.load / level.rate.value - level.think.unwrap_or(0.0);
        level.mean = (response > 0.0).then(|| Estimate::bare(response));
    }
    if level.trust == Trust::Steady {
        level.trust = trust(&level, open);
    }
    level
}

fn trust(level: &Level, open: bool) -> Trust {
    let Some(cycle) = level.cycle().filter(|_| level.rate.value > 0.0) else {
        return Trust::LawMissed { accounted: 0.0 };
    };
    match level.length {
        Some(length) if hardly_begun(length, cycle) => too_short(length, cycle, 0.0),
        _ => by_law(level, open, LAW_MISS),
    }
}
