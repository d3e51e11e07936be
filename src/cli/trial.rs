//! `runner try`: every endpoint once, each request and response shown.

use std::cell::Cell;
use std::fmt::Write as _;
use std::rc::Rc;
use std::sync::Arc;

use super::args::TryArgs;
use super::exit::Exit;
use super::{input, print};
use crate::engine::{self, Trace, Why};
use crate::plan::words;
use crate::report::number;

/// Characters of a body that are shown without `--full`.
const BODY: usize = 1000;

/// Tries a scenario.
pub(super) fn run(args: &TryArgs) -> Exit {
    let ready = match input::ready(&args.file, &args.input, &input::replaced_seed(args.seed)) {
        Ok(ready) => ready,
        Err(exit) => return exit,
    };
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            print::error(&format!("cannot start: {error}"));
            return Exit::NotCarriedOut;
        }
    };
    let counts = Rc::new((Cell::new(0_u32), Cell::new(0_u32)));
    let seen = Rc::clone(&counts);
    let full = args.full;
    let show = move |trace: Trace| {
        seen.0.set(seen.0.get() + 1);
        seen.1.set(seen.1.get() + u32::from(trace.failure.is_some()));
        print::text(&shown(&trace, full));
    };
    match runtime.block_on(engine::trial(Arc::clone(&ready.plan), show)) {
        Ok(left) => {
            for untried in &left {
                print::line(&format!("{}: not tried, as {}", untried.name, untried.why));
            }
            let (requests, failed) = (counts.0.get(), counts.1.get());
            print::line(&format!(
                "{}, {failed} failed, {} not tried",
                number::counted(requests.into(), "request"),
                left.len()
            ));
            if failed == 0 && left.iter().all(|untried| untried.why == Why::Condition) {
                Exit::Passed
            } else {
                Exit::ThresholdFailed
            }
        }
        Err(error) => {
            print::error(&error.to_string());
            Exit::NotCarriedOut
        }
    }
}

/// One request and its response.
fn shown(trace: &Trace, full: bool) -> String {
    let mut out = format!("== {}\n", trace.name);
    let _ = writeln!(out, "> {}", trace.request.line);
    for (name, value) in &trace.request.headers {
        let _ = writeln!(out, "> {name}: {value}");
    }
    if !trace.request.body.is_empty() {
        let _ = writeln!(out, ">\n{}", prefixed("> ", &trace.request.body, full));
    }
    if let Some(head) = &trace.head {
        let _ = writeln!(out, "{}", prefixed("< ", head.trim_end(), true));
        if !trace.body.is_empty() {
            let _ = writeln!(out, "<\n{}", prefixed("< ", &trace.body, full));
        }
    }
    let redirects = match trace.redirects {
        0 => String::new(),
        1 => ", 1 redirect followed".to_owned(),
        n => format!(", {n} redirects followed"),
    };
    let _ = writeln!(
        out,
        "  {}, body of {} bytes{redirects}",
        took(trace.took),
        trace.body_length
    );
    for (name, value) in &trace.captured {
        let value = value.as_deref().unwrap_or("(found nothing)");
        let _ = writeln!(out, "  captured {name} = {value}");
    }
    match &trace.failure {
        None => out.push_str("  passed\n\n"),
        Some(fault) => {
            let detail = fault
                .detail
                .as_ref()
                .map(|detail| format!(" ({detail})"))
                .unwrap_or_default();
            let _ = writeln!(out, "  FAILED: {}{detail}\n", fault.words);
        }
    }
    out
}

fn took(time: std::time::Duration) -> String {
    words::duration(std::time::Duration::from_micros(
        time.as_micros() as u64 / 100 * 100,
    ))
}

/// Text with every line marked, cut to what fits on a screen unless all of it is wanted. Control characters, which could
/// drive the terminal, are shown as what they are.
fn prefixed(mark: &str, text: &str, full: bool) -> String {
    let end = if full {
        text.len()
    } else {
        text.char_indices().nth(BODY).map_or(text.len(), |(at, _)| at)
    };
    let mut out: Vec<String> = text[..end]
        .lines()
        .map(|line| {
            let safe: String = line
                .chars()
                .map(|c| {
                    if c.is_control() && c != '\t' {
                        char::REPLACEMENT_CHARACTER
                    } else {
                        c
                    }
                })
                .collect();
            format!("{mark}{safe}")
        })
        .collect();
    if end < text.len() {
        out.push(format!("{mark}... (cut; --full shows all that was kept)"));
    }
    out.join("\n")
}
