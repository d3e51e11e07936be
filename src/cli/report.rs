//! `runner report RUN...`: the reports of runs that are over, written again from their files.

use super::args::ReportArgs;
use super::exit::Exit;
use super::{print, reports};
use crate::analysis::steady::windows;
use crate::measure::journal;
use crate::measure::summary::RunSummary;

/// Writes reports again.
pub(super) fn run(args: &ReportArgs) -> Exit {
    let mut summaries: Vec<RunSummary> = Vec::new();
    for folder in &args.runs {
        match journal::read(folder) {
            Ok(recording) => summaries.push(recording.summary(&windows(&recording))),
            Err(error) => {
                print::error(&error.to_string());
                return Exit::BadInput;
            }
        }
    }
    if summaries.len() > 1 && args.csv.is_some() {
        print::error("--csv PREFIX is for one run; leave it out, or give one run");
        return Exit::BadInput;
    }
    for (folder, summary) in args.runs.iter().zip(&summaries) {
        match reports::write(folder, summary, args.csv.as_deref()) {
            Ok(path) => print::line(&format!("report: {}", path.display())),
            Err(error) => {
                print::error(&error.to_string());
                return Exit::Unexpected;
            }
        }
    }
    if summaries.len() > 1 {
        print::text(&reports::merged(&args.runs, &summaries));
    }
    Exit::Passed
}
