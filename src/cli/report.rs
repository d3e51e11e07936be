//! `runner report RUN...`: the reports of runs that are over, written again from their files.

use super::args::ReportArgs;
use super::exit::Exit;
use super::{print, reports};
use crate::analysis::Analysis;
use crate::measure::journal;
use crate::measure::summary::RunSummary;

/// Writes reports again.
pub(super) fn run(args: &ReportArgs) -> Exit {
    if args.runs.len() > 1 && args.csv.is_some() {
        print::error("--csv PREFIX is for one run; leave it out, or give one run");
        return Exit::BadInput;
    }
    let mut summaries: Vec<RunSummary> = Vec::new();
    if let Some(prefix) = &args.csv
        && let Err(error) = reports::try_prefix(prefix)
    {
        print::error(&format!("--csv: {error}"));
        return Exit::NotCarriedOut;
    }
    for folder in &args.runs {
        let recording = match journal::read(folder) {
            Ok(recording) => recording,
            Err(error) => {
                print::error(&error.to_string());
                return Exit::BadInput;
            }
        };
        let summary = reports::figures(&recording);
        let analysis = Analysis::of_run(&recording, &summary);
        let written = reports::write(folder, &recording, &summary, &analysis, args.csv.as_deref());
        for error in &written.errors {
            print::error(&error.to_string());
        }
        if let Some(path) = &written.read_first {
            print::note(&format!("report: {}", path.display()));
        }
        if !written.errors.is_empty() {
            return Exit::Unexpected;
        }
        summaries.push(summary);
    }
    if summaries.len() > 1 {
        print::text(&reports::merged(&args.runs, &summaries));
    }
    Exit::Passed
}
