//! What else happened: requests without an end, empty pools, dropped arrivals, data that ran out.

use crate::measure::summary::{RunSummary, Unfinished};
use crate::report::{number, table, words};

/// A list; `None` where nothing of the kind happened.
pub(super) fn list(summary: &RunSummary) -> Option<String> {
    let mut items = Vec::new();
    items.extend(summary.unfinished.iter().map(|open| unfinished(summary, open)));
    if summary.dropped_arrivals > 0 {
        items.push(format!(
            "{} dropped, because all users were busy.",
            number::counted(summary.dropped_arrivals, "arrival") + was(summary.dropped_arrivals)
        ));
    }
    for pool in summary.pools.iter().filter(|pool| pool.empty_draws > 0) {
        items.push(format!(
            "The pool {} (values captured from responses) was still empty at {}: the next endpoint was then drawn without \
             those that need one of its values.",
            table::code(&pool.name),
            number::counted(pool.empty_draws, "draw")
        ));
    }
    for ended in &summary.data_ended {
        items.push(format!(
            "The data source {} had no value left after {}.",
            table::code(&ended.name),
            number::moment(ended.at)
        ));
    }
    (!items.is_empty()).then(|| format!("## What else happened\n\n{}", words::bullets(&items)))
}

fn was(count: u64) -> &'static str {
    if count == 1 { " was" } else { " were" }
}

fn unfinished(summary: &RunSummary, open: &Unfinished) -> String {
    let outline = &summary.run.outline;
    let age = if open.youngest == open.oldest {
        format!("for {}", number::time(open.oldest))
    } else {
        format!(
            "for {} to {}",
            number::time(open.youngest),
            number::time(open.oldest)
        )
    };
    format!(
        "Without a response when the run ended: {} of {}, sent at {}, under way {age}.",
        number::counted(open.count, "request"),
        table::code(words::row(outline, open.row)),
        words::stage(outline, open.stage)
    )
}
