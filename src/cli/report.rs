//! `runner report RUN...`: the reports of runs that are over, written again from their files.

use super::args::ReportArgs;
use super::exit::Exit;
use super::{print, reports};
use crate::measure::journal;
use crate::measure::summary::RunSummary;

/// Writes reports again.
pub(super) fn run(args: &ReportArgs) -> Exit {
    if args.runs.len() > 1 && args.csv.is_some() {
        print::error("--csv PREFIX is for one run; leave it out, or give one run");
        return Exit::BadInput;
    }
    let mut summaries: Vec<RunSummary> = Vec::new();
    for folder in &args.runs {
        match journal::read(folder) {
            Ok(recording) => {
                let summary = reports::figures(&recording);
                match reports::write(folder, &recording, &summary, args.csv.as_deref()) {
                    Ok(path) => print::note(&format!("report: {}", path.display())),
                    Err(error) => {
                        print::error(&error.to_string());
                        return Exit::Unexpected;
                    }
                }
                summaries.push(summary);
            }
            Err(error) => {
                print::error(&error.to_string());
                return Exit::BadInput;
            }
        }
    }
    if summaries.len() > 1 {
        print::text(&reports::merged(&args.runs, &summaries));
    }
    Exit::Passed
}
