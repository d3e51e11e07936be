//! Which reports there are, and the files that they become.

use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};

use super::print;
use crate::analysis::steady::windows;
use crate::measure::recording::Recording;
use crate::measure::summary::RunSummary;
use crate::report::merge::Named;
use crate::report::terminal::Colour;
use crate::report::{csv, json, junit, locust, markdown, merge, terminal};

/// The report that a person reads.
const READ_FIRST: &str = "report.md";

/// Why a report could not be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write {}: {error}", path.display())]
pub(super) struct WriteError {
    path: PathBuf,
    error: io::Error,
}

/// All figures of a run.
pub(super) fn figures(recording: &Recording) -> RunSummary {
    recording.summary(&windows(recording))
}

/// Writes every report of a run into its folder, and Locust's files where they are asked for. Gives the path of the one to
/// read.
pub(super) fn write(
    folder: &Path,
    recording: &Recording,
    summary: &RunSummary,
    locust_prefix: Option<&Path>,
) -> Result<PathBuf, WriteError> {
    let run = json::report(summary).map_err(|error| WriteError {
        path: folder.join("run.json"),
        error: error.into(),
    })?;
    let texts = [
        (READ_FIRST, markdown::report(summary)),
        ("summary.csv", csv::summary(summary)),
        ("endpoints.csv", csv::endpoints(summary)),
        ("timeline.csv", csv::timeline(summary)),
        ("failures.csv", csv::failures(summary)),
        ("thresholds.xml", junit::report(summary)),
        ("run.json", run),
    ];
    for (name, text) in texts {
        put(&folder.join(name), &text)?;
    }
    if let Some(prefix) = locust_prefix {
        let texts = [
            ("_stats.csv", locust::stats(summary)),
            (
                "_stats_history.csv",
                locust::history(summary, &recording.history()),
            ),
            ("_failures.csv", locust::failures(summary)),
            ("_exceptions.csv", locust::exceptions()),
        ];
        for (suffix, text) in texts {
            let mut path = prefix.as_os_str().to_owned();
            path.push(suffix);
            put(Path::new(&path), &text)?;
        }
    }
    Ok(folder.join(READ_FIRST))
}

/// Written beside and renamed into place: a reader never sees half a report.
fn put(path: &Path, text: &str) -> Result<(), WriteError> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".part");
    let written = std::fs::write(&beside, text).and_then(|()| std::fs::rename(&beside, path));
    written.map_err(|error| {
        let _ = std::fs::remove_file(&beside);
        WriteError {
            path: path.to_owned(),
            error,
        }
    })
}

/// What the shell is told at the end of a run.
pub(super) fn closing(summary: &RunSummary) -> String {
    terminal::summary(
        summary,
        Colour(io::stdout().is_terminal() && print::plain_wanted().is_none()),
    )
}

/// Several runs as one table.
pub(super) fn merged(folders: &[PathBuf], summaries: &[RunSummary]) -> String {
    let names: Vec<String> = folders
        .iter()
        .map(|folder| {
            // `latest` is whatever it points at.
            let folder = std::fs::canonicalize(folder).unwrap_or_else(|_| folder.clone());
            folder
                .file_name()
                .unwrap_or(folder.as_os_str())
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    let runs: Vec<Named<'_>> = names
        .iter()
        .zip(summaries)
        .map(|(name, summary)| Named { name, summary })
        .collect();
    merge::report(&runs)
}
