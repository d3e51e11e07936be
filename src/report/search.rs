//! A search for the capacity in words: what it will do, and how it went.

use std::time::Duration;

use super::{number, table, words};
use crate::analysis::search::{Ended, Gave, Searched, Why};
use crate::plan::outline::Outline;
use crate::plan::search::Search;

/// What a search will do, and how long that takes at most.
pub fn planned(outline: &Outline, search: &Search) -> String {
    let levels: Vec<String> = search.ascent().into_iter().map(number::level).collect();
    let unit = if outline.open { "arrivals/s" } else { "users" };
    let hold = match search.until_steady {
        Some(until) => format!(
            "held until steady ({} to {})",
            number::span(until.at_least),
            number::span(search.hold)
        ),
        None => format!("held for {}", number::span(search.hold)),
    };
    let limits: Vec<&str> = outline
        .thresholds
        .iter()
        .map(|limit| limit.text.as_str())
        .collect();
    let until = if limits.is_empty() {
        "until throughput stops growing or requests fail".to_owned()
    } else {
        format!(
            "until throughput stops growing, requests fail or a limit is broken ({})",
            limits.join("; ")
        )
    };
    format!(
        "search   {} {unit}, {until}; then levels around that place\n\
         level    reached in {}, {hold}, {} before the next\n\
         at most  {} levels, {} in all",
        levels.join(", "),
        number::span(search.ramp),
        number::span(search.pause),
        search.most_levels(),
        number::span(rounded_up(search.longest(outline.graceful_stop)))
    )
}

/// The line before a level.
pub fn level(open: bool, number: usize, load: f64, why: Why) -> String {
    let what_for = match why {
        Why::Up => "",
        Why::Ceiling => " (well beyond the knee, for the ceiling)",
        Why::Light => " (few enough that nothing queues)",
        Why::Limit => " (for the place where it gives)",
        Why::Knee => " (the knee)",
        Why::Again => " (again: not certain enough)",
    };
    format!("level {number}: {}{what_for}", words::load(open, load))
}

/// How it went: a heading and a sentence or two.
pub(super) fn said(found: &Searched, open: bool) -> (String, String) {
    let load = |load: f64| words::load(open, load);
    let ended = match found.ended {
        Ended::Known => "It ended as the answer was known.",
        Ended::AtMost => "It ended at the highest level that it may take.",
        Ended::Generator => {
            "It ended as the load generator was at its own limit: what the API takes beyond that is not known."
        }
        Ended::Users => {
            "It ended as all users were busy though the API was not slow: it takes a higher `max_users`."
        }
        Ended::Spent => {
            "It ended as it had taken all the levels that it may: the answer could be known better."
        }
        Ended::Nothing => "It ended as not one request succeeded.",
        Ended::Unfinished => "It was ended before the answer was known.",
    };
    let range = if found.levels == 1 {
        format!("one level, {}", load(found.lowest))
    } else {
        format!(
            "{} levels from {} to {}",
            found.levels,
            number::level(found.lowest),
            load(found.highest)
        )
    };
    let heading = match (found.holds, &found.gives) {
        (Some(holds), Some(_)) => format!("Holds up to {}", load(holds)),
        (Some(holds), None) => format!("Nothing gives up to {}", load(holds)),
        (None, Some((gives, _))) => format!("Does not hold at {}, the lowest level", load(*gives)),
        (None, None) => "The search found no level that can be relied on".to_owned(),
    };
    let gives = found.gives.as_ref().map_or_else(String::new, |(at, why)| {
        let why: Vec<String> = why.iter().map(gave).collect();
        format!(" At {} {}.", load(*at), words::list(&why))
    });
    (heading, format!("The search took {range}.{gives} {ended}"))
}

fn gave(what: &Gave) -> String {
    match what {
        Gave::Limit { text } => format!("the limit {} is broken", table::code(text)),
        Gave::Failures { share } => format!("{} failed", number::percent(*share)),
        Gave::Unserved { share } => format!("{} of what arrives is served", number::percent(*share)),
        Gave::Falls { share } => format!(
            "throughput is {} of what fewer users bring",
            number::percent(*share)
        ),
        Gave::NotSteady => "it does not become steady".to_owned(),
        Gave::Aborted => "the level was ended before it was held".to_owned(),
    }
}

/// To whole minutes: no more is known of it.
fn rounded_up(time: Duration) -> Duration {
    Duration::from_secs(time.as_secs().div_ceil(60) * 60)
}
