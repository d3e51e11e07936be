//! A run at a glance: what it was and how it ended, without its seconds.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::Path;

use super::read::read_info;
use super::seal;
use super::{JournalError, Line, RUN};
use crate::measure::run::{End, RunInfo};

/// The last line of a run that has an end is far shorter.
const TAIL: u64 = 256 * 1024;

/// What a list of runs shows of one.
#[derive(Clone, Debug, PartialEq)]
pub struct Glance {
    /// What was planned. What was changed while the run went on is in its seconds.
    pub info: RunInfo,
    /// How it ended; `None`: it goes on, or was killed.
    pub end: Option<End>,
}

/// Reads no more of a run than that takes.
pub fn glance(folder: &Path) -> Result<Glance, JournalError> {
    let path = folder.join(RUN);
    let info = read_info(folder)?;
    let tail = tail(&path).map_err(|error| JournalError::io(&path, error))?;
    let last = tail.trim_ascii_end().rsplit(|byte| *byte == b'\n').next();
    let end = match last
        .and_then(seal::split)
        .map(|(_, line)| serde_json::from_slice(&line))
    {
        Some(Ok(Line::End { end, .. })) => Some(end),
        _ => None,
    };
    Ok(Glance { info, end })
}

fn tail(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    let size = file.metadata()?.len();
    file.seek(SeekFrom::Start(size.saturating_sub(TAIL)))?;
    let mut tail = Vec::new();
    file.take(TAIL).read_to_end(&mut tail)?;
    Ok(tail)
}
