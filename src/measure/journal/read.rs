//! A journal, read back.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::sync::Arc;

use super::seal::Chain;
use super::{FORMAT, JournalError, Line, PLAN, RUN};
use crate::measure::interval::Interval;
use crate::measure::recording::{Recording, Unended};
use crate::measure::run::{self, Ending, RunInfo};
use crate::plan::outline::Outline;

/// The longest line that is read: a second of thousands of rows is far below.
const LONGEST: u64 = 256 << 20;

/// Reads the run that is in a folder. Only whole lines count; a last line that is not whole is what a killed run leaves. A
/// run without an end line was killed.
pub fn read(folder: &Path) -> Result<Recording, JournalError> {
    let mut run = Unended::new(Arc::new(read_info(folder)?));
    let path = folder.join(RUN);
    let mut lines = Lines {
        reader: BufReader::new(open(folder, RUN)?),
        number: 0,
        path: &path,
        chain: Chain::of(&run.info),
    };
    match lines.next()? {
        Some(Line::Header { format }) if format > FORMAT => {
            return Err(JournalError::Newer {
                file: path,
                found: format,
                known: FORMAT,
            });
        }
        Some(Line::Header { format }) if format < FORMAT => {
            return Err(lines.error("a format that was never written"));
        }
        Some(Line::Header { .. }) | None => {}
        Some(_) => return Err(lines.error("the first line does not say the format")),
    }
    let mut ended = None;
    while let Some(line) = lines.next()? {
        match line {
            _ if ended.is_some() => return Err(lines.error("a line after the end of the run")),
            Line::Header { .. } => return Err(lines.error("a second header")),
            Line::Interval(interval) => {
                let interval = interval.kept();
                run.turn(&interval);
                check(&interval, &run.info.outline).map_err(|wrong| lines.error(wrong))?;
                run.timeline.add(interval);
            }
            Line::End { end, storage } => ended = Some((end, storage)),
        }
    }
    let recording = run.ended(Ending::Killed);
    Ok(match ended {
        Some((end, storage)) => Recording {
            end,
            storage,
            ..recording
        },
        None => recording,
    })
}

/// Reads what was planned.
pub(super) fn read_info(folder: &Path) -> Result<RunInfo, JournalError> {
    let path = folder.join(PLAN);
    let mut text = Vec::new();
    let read = open(folder, PLAN)?.take(LONGEST).read_to_end(&mut text);
    read.map_err(|error| JournalError::io(&path, error))?;
    let sealed = text.strip_suffix(b"\n").unwrap_or(&text);
    let (plan, _) = Chain::alone().open(sealed).ok_or_else(|| JournalError::Damaged {
        file: path.clone(),
        line: 1,
    })?;
    let info: RunInfo = serde_json::from_slice(&plan).map_err(|error| JournalError::Line {
        file: path.clone(),
        line: error.line() as u64,
        message: error.to_string(),
    })?;
    if info.format > run::FORMAT {
        return Err(JournalError::Newer {
            file: path,
            found: info.format,
            known: run::FORMAT,
        });
    }
    Ok(info)
}

fn open(folder: &Path, file: &'static str) -> Result<File, JournalError> {
    let path = folder.join(file);
    File::open(&path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory => JournalError::NoRun {
            folder: folder.to_owned(),
            file,
        },
        _ => JournalError::io(&path, error),
    })
}

/// Whether an interval can be of this plan.
fn check(interval: &Interval, outline: &Outline) -> Result<(), &'static str> {
    interval.check()?;
    let (rows, stages, endpoints) = (outline.rows.len(), outline.stages.len(), outline.endpoints.len());
    let flights = interval.state.in_flight.iter().chain(&interval.unfinished);
    let of_cells = interval.cells.iter().map(|cell| (cell.row, cell.stage));
    let mut requests = of_cells.chain(flights.map(|kind| (kind.row, kind.stage)));
    let known = requests.all(|(row, stage)| usize::from(row.0) < rows && usize::from(stage.0) < stages)
        && interval
            .iterations
            .iter()
            .all(|cell| usize::from(cell.endpoint.0) < endpoints)
        && interval
            .dropped
            .iter()
            .all(|dropped| usize::from(dropped.0.0) < stages)
        && interval
            .draws
            .iter()
            .all(|draws| usize::from(draws.0.0) < endpoints)
        && interval
            .pool_empty
            .iter()
            .all(|empty| empty.0 < outline.pools.len());
    if known {
        Ok(())
    } else {
        Err("a row, endpoint, stage or pool that the plan does not have")
    }
}

/// The whole lines of a file.
struct Lines<'a> {
    reader: BufReader<File>,
    /// Of the line read last, from 1.
    number: u64,
    path: &'a Path,
    /// Where the journal stands.
    chain: Chain,
}

impl Lines<'_> {
    fn next(&mut self) -> Result<Option<Line>, JournalError> {
        let mut text = Vec::new();
        self.number += 1;
        let read = (&mut self.reader).take(LONGEST).read_until(b'\n', &mut text);
        read.map_err(|error| JournalError::io(self.path, error))?;
        if text.last() != Some(&b'\n') {
            let too_long = text.len() as u64 == LONGEST;
            return if too_long {
                Err(self.error("the line is too long"))
            } else {
                Ok(None)
            };
        }
        text.pop();
        let Some((object, next)) = self.chain.open(&text) else {
            return Err(JournalError::Damaged {
                file: self.path.to_owned(),
                line: self.number,
            });
        };
        self.chain = next;
        let line = serde_json::from_slice(&object);
        line.map(Some)
            .map_err(|error| self.error(&format!("not a line of a run: {error}")))
    }

    fn error(&self, message: &str) -> JournalError {
        JournalError::Line {
            file: self.path.to_owned(),
            line: self.number,
            message: message.to_owned(),
        }
    }
}
