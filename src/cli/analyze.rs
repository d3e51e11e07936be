//! `runner analyze TABLE...`: what tables that came from elsewhere mean.

use std::fmt::Write as _;
use std::io::Read;
use std::path::Path;

use super::args::AnalyzeArgs;
use super::exit::Exit;
use super::{input, print};
use crate::analysis::Analysis;
use crate::analysis::capacity::Context;
use crate::analysis::table::{self, Given, Problem, Table};
use crate::report::findings::About;
use crate::report::{findings, number, result};
use crate::scenario::{Diagnostic, Diagnostics, Sources, Span};

/// Larger files are no tables of levels.
const LARGEST: u64 = 64_000_000;

/// Reads the tables and prints what they say.
pub(super) fn run(args: &AnalyzeArgs) -> Exit {
    match read(args) {
        Ok(table) => {
            print::text(&shown(table));
            Exit::Passed
        }
        Err(problems) => {
            print::note(&problems);
            Exit::BadInput
        }
    }
}

/// Everything that the files and the arguments say. The error is for the user, in full.
fn read(args: &AnalyzeArgs) -> Result<Table, String> {
    let mut problems = Vec::new();
    let mut texts = Vec::new();
    for (file, path) in args.tables.iter().enumerate() {
        let read = bytes(path).and_then(|bytes| table::text(&bytes).map(str::to_owned));
        match read {
            Ok(text) => texts.push(text),
            Err(problem) => problems.push(Problem { file, ..problem }),
        }
    }
    if !problems.is_empty() {
        return Err(rendered(&args.tables, &[], &problems));
    }
    let given = Given {
        think: args.think.map(|think| think.as_secs_f64()),
        pool_size: args.pool_size,
    };
    let borrowed: Vec<&str> = texts.iter().map(String::as_str).collect();
    table::read(&borrowed, &given).map_err(|problems| rendered(&args.tables, &texts, &problems))
}

fn bytes(path: &Path) -> Result<Vec<u8>, Problem> {
    let failed = |error: &std::io::Error| {
        Problem::whole(
            format!("it cannot be read: {error}"),
            "give the file of a table of levels",
        )
    };
    if path.is_dir() {
        let help = "give a file in it, such as the `summary.csv` of a run";
        return Err(Problem::whole("it is a directory", help));
    }
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(|error| failed(&error))?;
    file.take(LARGEST + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| failed(&error))?;
    if bytes.len() as u64 > LARGEST {
        return Err(Problem::whole(
            "it is larger than 64 MB",
            "give the table of levels alone",
        ));
    }
    Ok(bytes)
}

/// Problems as those of a scenario are shown. The line that counts them is left out: it says that nothing was sent.
fn rendered(names: &[std::path::PathBuf], texts: &[String], problems: &[Problem]) -> String {
    let mut sources = Sources::new();
    let ids: Vec<_> = names
        .iter()
        .zip(texts)
        .map(|(name, text)| sources.add(name, text.clone()))
        .collect();
    let mut found = Diagnostics::new();
    for Problem {
        file,
        at,
        message,
        help,
    } in problems
    {
        let diagnostic = if let (Some(source), Some(at)) = (ids.get(*file), at) {
            let span = Span {
                source: *source,
                start: at.start,
                end: at.end,
            };
            Diagnostic::error(span, message)
        } else {
            let name = names.get(*file).map(|name| name.display().to_string());
            Diagnostic::without_place(format!("{}: {message}", name.unwrap_or_default()))
        };
        found.push(diagnostic.help(help));
    }
    let text = found.render(&sources, input::style());
    let counted = text.trim_end().rsplit_once("\n\n");
    counted.map_or(text.as_str(), |(problems, _)| problems).to_owned()
}

/// The levels, what was inferred, and what they mean.
fn shown(table: Table) -> String {
    let mut out = result::of_levels(table.open, &table.levels).compact_markdown();
    out.push('\n');
    if let Some(size) = table.pool_size {
        let _ = writeln!(out, "- Pool: {}.", number::counted(u64::from(size), "connection"));
    }
    if let Some(think) = table.think {
        let _ = writeln!(
            out,
            "- Think time: {} s for each request, as given.",
            number::level(think)
        );
    }
    for note in &table.notes {
        let _ = writeln!(out, "- {note}");
    }
    let about = About {
        open: table.open,
        pool_size: table.pool_size,
        file: None,
    };
    let context = Context {
        open: table.open,
        think: table.think,
        pool_size: table.pool_size,
        per_iteration: None,
    };
    let analysis = Analysis::of_levels(table.levels, &context);
    if let Some(section) = findings::section(&analysis.findings, about) {
        let _ = write!(out, "\n{section}");
    }
    out
}
