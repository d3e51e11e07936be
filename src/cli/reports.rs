//! Which reports there are, and the files that they become.

use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};

use super::print;
use crate::analysis::Analysis;
use crate::analysis::steady::windows;
use crate::measure::recording::Recording;
use crate::measure::summary::RunSummary;
use crate::plan::outline::Outline;
use crate::report::merge::Named;
use crate::report::terminal::Colour;
use crate::report::{chart, csv, html, json, junit, locust, markdown, merge, terminal};

/// The report that a person reads.
const READ_FIRST: &str = "report.md";

/// The scenario as run, secrets masked.
pub(super) const SCENARIO: &str = "scenario.yaml";

/// Charts over time have about so many points at the most: as many as a screen shows, and a page stays small.
const POINTS: u32 = 600;

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

/// What became of the reports of a run.
pub(super) struct Written {
    /// The one to read, where it could be written.
    pub(super) read_first: Option<PathBuf>,
    /// The first that failed in the folder, and the first of Locust's.
    pub(super) errors: Vec<WriteError>,
}

/// Writes every report of a run into its folder, and Locust's files where they are asked for.
pub(super) fn write(
    folder: &Path,
    recording: &Recording,
    summary: &RunSummary,
    analysis: &Analysis,
    locust_prefix: Option<&Path>,
) -> Written {
    let to_read = folder.join(READ_FIRST);
    let read_first = put(&to_read, &markdown::report(summary, analysis)).map(|()| to_read);
    let rest = || {
        let charts = write_charts(folder, recording, summary, analysis);
        charts.and(write_rest(folder, summary, analysis))
    };
    let locust = locust_prefix.map(|prefix| write_locust(prefix, recording, summary));
    let (read_first, own) = match read_first {
        Ok(path) => (Some(path), rest()),
        Err(error) => (None, Err(error)),
    };
    Written {
        read_first,
        errors: [Some(own), locust]
            .into_iter()
            .flatten()
            .filter_map(Result::err)
            .collect(),
    }
}

/// In place of a report, for a run that did not come about: what is in the folder otherwise would not say so.
pub(super) fn not_carried_out(folder: &Path, outline: &Outline, why: &str) -> Result<(), WriteError> {
    put(&folder.join(READ_FIRST), &markdown::not_carried_out(outline, why))
}

/// The page, and the pictures of `report.md`.
fn write_charts(
    folder: &Path,
    recording: &Recording,
    summary: &RunSummary,
    analysis: &Analysis,
) -> Result<(), WriteError> {
    let charts = chart::charts(summary, analysis, &recording.curves(POINTS));
    for (name, text) in chart::svg::files(&charts) {
        put(&folder.join(name), &text)?;
    }
    // Older runs may have none.
    let scenario = std::fs::read_to_string(folder.join(SCENARIO)).ok();
    let path = folder.join("report.html");
    let page = html::report(summary, analysis, &charts, scenario.as_deref());
    let page = page.map_err(|error| WriteError {
        path: path.clone(),
        error: error.into(),
    })?;
    put(&path, &page)
}

/// Everything but what a person reads.
fn write_rest(folder: &Path, summary: &RunSummary, analysis: &Analysis) -> Result<(), WriteError> {
    let run = json::report(summary, analysis).map_err(|error| WriteError {
        path: folder.join("run.json"),
        error: error.into(),
    })?;
    for (name, text) in [
        ("summary.csv", csv::summary(summary)),
        ("endpoints.csv", csv::endpoints(summary)),
        ("timeline.csv", csv::timeline(summary)),
        ("failures.csv", csv::failures(summary)),
        ("thresholds.xml", junit::report(summary)),
        ("run.json", run),
    ] {
        put(&folder.join(name), &text)?;
    }
    Ok(())
}

/// The first of Locust's files.
const LOCUST_FIRST: &str = "_stats.csv";

fn write_locust(prefix: &Path, recording: &Recording, summary: &RunSummary) -> Result<(), WriteError> {
    for (suffix, text) in [
        (LOCUST_FIRST, locust::stats(summary)),
        (
            "_stats_history.csv",
            locust::history(summary, &recording.history()),
        ),
        ("_failures.csv", locust::failures(summary)),
        ("_exceptions.csv", locust::exceptions()),
    ] {
        put(&with_suffix(prefix, suffix), &text)?;
    }
    Ok(())
}

fn with_suffix(prefix: &Path, suffix: &str) -> PathBuf {
    let mut path = prefix.as_os_str().to_owned();
    path.push(suffix);
    path.into()
}

/// Makes the folder of Locust's files and tries to write there: that it cannot be done should be known before the load,
/// not after it.
pub(super) fn try_prefix(prefix: &Path) -> Result<(), WriteError> {
    let path = with_suffix(prefix, LOCUST_FIRST);
    let beside = with_suffix(&path, ".part");
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    folder
        .map_or(Ok(()), std::fs::create_dir_all)
        .and_then(|()| std::fs::write(&beside, ""))
        .and_then(|()| std::fs::remove_file(&beside))
        .map_err(|error| WriteError { path, error })
}

/// Written beside and renamed into place: a reader never sees half a report.
pub(super) fn put(path: &Path, text: &str) -> Result<(), WriteError> {
    let beside = with_suffix(path, ".part");
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
pub(super) fn closing(summary: &RunSummary, analysis: &Analysis) -> String {
    terminal::summary(
        summary,
        analysis,
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
