//! `runner check FILE...`: what a scenario will do, without doing it.

use std::fmt::Write as _;
use std::time::Duration;

use super::args::CheckArgs;
use super::exit::Exit;
use super::input::{Ready, WithoutHost};
use super::{input, print};
use crate::plan::preview::{Expected, Preview};
use crate::plan::{Plan, words};

/// Columns of the drawing of the load.
const COLUMNS: usize = 60;

/// Checks every file; one with mistakes does not hide those after it.
pub(super) fn run(args: &CheckArgs) -> Exit {
    let mut exit = Exit::Passed;
    for file in &args.files {
        match input::prepare(
            file,
            &args.input,
            &args.replace,
            WithoutHost::Pretend,
            &mut input::shell(),
        ) {
            Ok(ready) => print::line(&shown(&file.display().to_string(), &ready)),
            Err(failed) => exit = failed,
        }
    }
    exit
}

fn shown(file: &str, ready: &Ready) -> String {
    let plan = &ready.plan;
    let outline = &plan.outline;
    let preview = Preview::of(plan);
    let mut out = format!("{file}: no mistakes found\n\n{}", outline.name);
    if let Some(description) = &outline.description {
        let _ = write!(out, ": {description}");
    }
    let target = if outline.demo {
        "the demo API inside this process (no host is set)"
    } else {
        outline.url.as_str()
    };
    let _ = writeln!(
        out,
        "\ntarget  {target}\nthink   {}\nseed    {}\n",
        outline.think.words, outline.seed
    );
    requests(&mut out, plan, &preview);
    if let Some(search) = &outline.search {
        let _ = writeln!(out, "{}", crate::report::search::planned(outline, search));
        return out;
    }
    load(&mut out, plan, &preview);
    for (at, threshold) in outline.thresholds.iter().enumerate() {
        let _ = writeln!(
            out,
            "{} {}",
            if at == 0 { "must hold" } else { "         " },
            threshold.text
        );
    }
    out
}

/// What is sent, and how often.
fn requests(out: &mut String, plan: &Plan, preview: &Preview) {
    for (title, steps) in [("setup", &plan.setup), ("teardown", &plan.teardown)] {
        for step in steps {
            let _ = writeln!(out, "{title}: {}, once", line(plan, step));
        }
    }
    out.push_str("iterations  requests  what\n");
    for share in &preview.mix {
        let endpoint = plan.endpoint(share.endpoint);
        let called: Vec<&str> = [(&plan.on_start, "on_start"), (&plan.on_stop, "on_stop")]
            .into_iter()
            .filter(|(list, _)| list.contains(&share.endpoint))
            .map(|(_, name)| name)
            .collect();
        let mut notes: Vec<String> = called
            .into_iter()
            .map(|name| format!("once per user, {name}"))
            .collect();
        notes.extend(
            share
                .pools
                .iter()
                .map(|pool| format!("waits until `{pool}` holds a value")),
        );
        let notes = if notes.is_empty() {
            String::new()
        } else {
            format!("  ({})", notes.join("; "))
        };
        let percent = |part: f64| format!("{:.1} %", part * 100.0);
        let _ = writeln!(
            out,
            "{:>10}  {:>8}  {}{notes}",
            percent(share.iterations),
            percent(share.requests),
            endpoint.name
        );
        for step in &endpoint.steps {
            let _ = writeln!(out, "{:22}{}", "", line(plan, step));
        }
    }
    out.push('\n');
}

/// One request in one line, placeholders as they are written.
fn line(plan: &Plan, step: &crate::plan::Step) -> String {
    let (method, url) = crate::engine::described(&step.request);
    let name = if step.row == crate::plan::RowId::UNMEASURED {
        step.name.clone()
    } else {
        plan.outline.row(step.row).name.clone()
    };
    if plan.endpoints.iter().any(|endpoint| endpoint.name == name) {
        format!("{method} {url}")
    } else {
        format!("{name}: {method} {url}")
    }
}

/// The load over time as a drawing, and how many requests that is.
fn load(out: &mut String, plan: &Plan, preview: &Preview) {
    let outline = &plan.outline;
    let _ = writeln!(out, "load, {} in all", words::duration(preview.duration));
    let _ = writeln!(out, "{}", drawing(plan, preview.duration));
    for (number, stage) in outline.stages.iter().enumerate() {
        let ramp = stage.hold_start.saturating_sub(stage.start);
        let hold = stage.end.saturating_sub(stage.hold_start);
        let (how_long, ends) = match stage.until_steady {
            Some(until) => (
                format!(
                    "until steady ({} to {})",
                    words::duration(until.at_least),
                    words::duration(hold)
                ),
                "by",
            ),
            None => (format!("for {}", words::duration(hold)), "at"),
        };
        let _ = writeln!(
            out,
            "stage {:<2} {:>6} {}, reached in {}, held {how_long}, ends {ends} {}",
            number + 1,
            stage.level,
            match (outline.open, stage.level) {
                (true, _) => "iterations/s",
                (false, 1.0) => "user",
                (false, _) => "users",
            },
            words::duration(ramp),
            words::duration(stage.end)
        );
    }
    let expected = match preview.requests {
        Expected::About(count) => format!("about {count} requests, if the API and this machine keep up"),
        Expected::AtMost(count) => format!("at most {count} requests: so many if the API answered at once"),
        Expected::Unknown => "without think time it is the API that says how many requests".to_owned(),
    };
    let _ = writeln!(out, "{expected}\n");
}

/// The level at equal distances, as blocks of eight heights.
fn drawing(plan: &Plan, duration: Duration) -> String {
    const BLOCKS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let level = |column: usize| {
        let at = duration.mul_f64((column as f64 + 0.5) / COLUMNS as f64);
        if plan.outline.open {
            plan.profile.rate_at(at)
        } else {
            f64::from(plan.profile.users_at(at))
        }
    };
    let levels: Vec<f64> = (0..COLUMNS).map(level).collect();
    let highest = levels.iter().copied().fold(0.0, f64::max);
    levels
        .iter()
        .map(|&level| {
            if highest > 0.0 {
                BLOCKS[(level / highest * 8.0).ceil() as usize]
            } else {
                ' '
            }
        })
        .collect()
}
