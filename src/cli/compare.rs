//! `runner compare BASE... -- NEW...`: whether new runs are better or worse than those before.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::args::{CompareArgs, FailOn};
use super::exit::Exit;
use super::{print, reports};
use crate::analysis::compare::{Run, Sides, compare};
use crate::measure::journal;
use crate::measure::recording::Recording;
use crate::measure::summary::RunSummary;
use crate::report;

/// A run, read back.
struct Read {
    name: String,
    recording: Recording,
    summary: RunSummary,
}

/// Compares.
pub(super) fn run(args: &CompareArgs) -> Exit {
    let Some((base, new)) = sides(args) else {
        print::error(
            "which runs are the new ones? Write `runner compare BASE NEW`, or with several a side \
             `runner compare BASE... -- NEW...`",
        );
        return Exit::BadInput;
    };
    let (Some(base), Some(new)) = (read(base), read(new)) else {
        return Exit::BadInput;
    };
    let (base, new) = (runs(&base), runs(&new));
    let sides = Sides {
        base: &base,
        new: &new,
    };
    let comparison = match compare(sides, args.at_least) {
        Ok(comparison) => comparison,
        Err(refusals) => {
            for reason in report::compare::refused(sides, &refusals) {
                print::error(&reason);
            }
            print::note("nothing was compared");
            return Exit::BadInput;
        }
    };
    let text = report::compare::report(sides, &comparison);
    print::text(&text);
    if let Some(path) = &args.out
        && let Err(error) = reports::put(path, &text)
    {
        print::error(&error.to_string());
        return Exit::Unexpected;
    }
    match args.fail_on {
        Some(FailOn::Worse) if comparison.any_worse() => Exit::ThresholdFailed,
        _ => Exit::Passed,
    }
}

/// `--` ends the options of a command line; in `compare BASE... -- NEW... --fail-on worse` it stands between the sides only. So
/// options behind it, each with its value, are put before it.
pub(super) fn options_first(line: impl Iterator<Item = OsString>) -> Vec<OsString> {
    let mut line: Vec<OsString> = line.collect();
    let between = line.iter().position(|word| word == "--");
    let (Some(between), true) = (between, line.get(1).is_some_and(|word| word == "compare")) else {
        return line;
    };
    let mut behind = line.split_off(between).into_iter();
    let mut rest = Vec::new();
    rest.extend(behind.next());
    while let Some(word) = behind.next() {
        let text = word.to_string_lossy();
        let is_option = text.starts_with("--") && text.len() > 2;
        let has_value = !text.contains('=') && text != "--help";
        drop(text);
        if !is_option {
            rest.push(word);
            continue;
        }
        line.push(word);
        if has_value {
            line.extend(behind.next());
        }
    }
    line.extend(rest);
    line
}

/// The folders of both sides. Two folders alone are one each.
fn sides(args: &CompareArgs) -> Option<(&[PathBuf], &[PathBuf])> {
    match (args.base.as_slice(), args.new.as_slice()) {
        ([base, new], []) => Some((std::slice::from_ref(base), std::slice::from_ref(new))),
        (_, []) => None,
        (base, new) => Some((base, new)),
    }
}

/// Reads runs; says of each that cannot be read why.
fn read(folders: &[PathBuf]) -> Option<Vec<Read>> {
    let read = |folder: &PathBuf| match journal::read(folder) {
        Ok(recording) => Some(Read {
            name: name(folder),
            summary: reports::figures(&recording),
            recording,
        }),
        Err(error) => {
            print::error(&error.to_string());
            None
        }
    };
    let all: Vec<_> = folders.iter().map(read).collect();
    all.into_iter().collect()
}

fn runs(read: &[Read]) -> Vec<Run<'_>> {
    read.iter().map(Read::as_run).collect()
}

impl Read {
    fn as_run(&self) -> Run<'_> {
        Run {
            name: &self.name,
            recording: &self.recording,
            summary: &self.summary,
        }
    }
}

/// As it was given: names of folders alone may be the same on both sides.
fn name(folder: &Path) -> String {
    folder.display().to_string()
}
