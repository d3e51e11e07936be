//! Findings in words: each a heading and a sentence, both with their figures. The same finding gives the same words.

use std::time::Duration;

use super::{number, search, table, words};
use crate::analysis::blocks::FEWEST;
use crate::analysis::capacity::{Cause, Ceiling, FAILURES, Scaling};
use crate::analysis::culprits::{Culprit, FirstSeen};
use crate::analysis::estimate::Estimate;
use crate::analysis::findings::{Finding, Next};
use crate::analysis::level::{Trust, is_unknown};
use crate::measure::summary::RunSummary;

/// What the words need to know beside a finding.
#[derive(Clone, Copy, Debug, Default)]
pub struct About<'a> {
    /// Loads are arrivals per second, not users.
    pub open: bool,
    /// Connections of the API's pool.
    pub pool_size: Option<u32>,
    /// The scenario's file, for commands.
    pub file: Option<&'a str>,
}

impl<'a> About<'a> {
    /// A run.
    pub fn of(summary: &'a RunSummary) -> Self {
        let outline = &summary.run.outline;
        Self {
            open: outline.open,
            pool_size: outline.pool_size,
            file: Some(outline.file.as_str()).filter(|file| !file.is_empty()),
        }
    }
}

/// Throughput that comes so near to that without queueing shows no limit.
const LINEAR: f64 = 0.95;

/// How many findings a terminal gets.
const MOST: usize = 3;

/// The section of a report; `None` where nothing was found.
pub fn section(findings: &[Finding], about: About<'_>) -> Option<String> {
    if findings.is_empty() {
        return None;
    }
    let items: Vec<String> = findings
        .iter()
        .map(|finding| {
            let (heading, sentence) = said(finding, about);
            format!("**{heading}.** {sentence}")
        })
        .collect();
    Some(format!(
        "## Findings\n\nWhat the figures say, each by a fixed rule. In parentheses: 95% intervals. In simulations of \
         users who wait for their answers they held the truth in 91 to 99 of 100 runs; with arrivals at a fixed rate, those of \
         the mean response time held it in 80 to 91.\n\n{}",
        words::bullets(&items)
    ))
}

/// The findings that matter most, in plain text, for a terminal.
pub fn foremost(findings: &[Finding], about: About<'_>) -> Vec<(String, String)> {
    let mut ranked: Vec<&Finding> = findings.iter().filter(|finding| rank(finding) < 10).collect();
    ranked.sort_by_key(|finding| rank(finding));
    ranked
        .into_iter()
        .take(MOST)
        .map(|finding| {
            let (heading, sentence) = said(finding, about);
            (
                table::printable(&heading),
                table::printable(&sentence.replace('`', "")),
            )
        })
        .collect()
}

fn rank(finding: &Finding) -> u8 {
    match finding {
        Finding::Ceiling(_)
        | Finding::NoCeiling { .. }
        | Finding::Highest { .. }
        | Finding::OneLevel { .. } => 0,
        Finding::Searched(_) | Finding::Degraded { .. } => 1,
        Finding::Culprit(_) => 2,
        Finding::Drift { .. } | Finding::Bursts { .. } => 3,
        Finding::Sound { .. } => 4,
        Finding::Knee { .. } => 5,
        Finding::FailuresGrow { .. } => 6,
        Finding::NotUsed { .. } => 7,
        Finding::Next(_) => 8,
        _ => 10,
    }
}

/// A heading and a sentence or two, in Markdown.
#[expect(clippy::too_many_lines, reason = "one arm for each finding")]
fn said(finding: &Finding, about: About<'_>) -> (String, String) {
    let load = |load: f64| words::load(about.open, load);
    match finding {
        Finding::NotUsed { loads, levels, why } => not_used(loads, *levels, why, about),
        Finding::Searched(found) => search::said(found, about.open),
        Finding::Law {
            missed,
            of,
            load: at,
            accounted,
        } => (
            "The interactive response time law, users = X (R + Z), is missed".to_owned(),
            format!(
                "{missed} of {of} rows miss it by more than 10%, the most at {}, whose figures account for {} users. The figures of \
                 a row may be of different times; a sentence below that rests on one of them is as good as that figure.",
                load(*at),
                number::whole(*accounted)
            ),
        ),
        Finding::Drift { load: at, from, to } => (
            format!("Not constant at {}", load(*at)),
            format!(
                "Within the hold the mean response time went from {} to {} (a straight line through it; by chance alone less \
                 than once in 1000 holds). Figures of this level depend on how long it is held.",
                number::seconds(*from),
                number::seconds(*to)
            ),
        ),
        Finding::Ceiling(found) => ceiling(found, about),
        Finding::NoCeiling {
            load: at,
            rate,
            efficiency,
            failing,
        } => no_ceiling(&load(*at), rate, *efficiency, *failing),
        Finding::Highest {
            load: at,
            rate,
            next,
            fallen,
        } => (
            format!("Most at {}: {}", load(*at), per_second(rate)),
            format!(
                "At {} it is only {}: more load brings less, and the limit lies between the two.",
                load(*next),
                per_second(fallen)
            ),
        ),
        Finding::Bursts { load: at, bursts } => (
            format!("Failures come in bursts at {}", load(*at)),
            format!(
                "{} of its {} hold nine tenths of them: {} of the requests failed in those, {} in the others. The API is \
                 unstable there rather than failing evenly.",
                bursts.seconds,
                number::counted(u64::from(bursts.of), "second"),
                number::percent(bursts.share_within),
                number::percent(bursts.share_outside)
            ),
        ),
        Finding::OneLevel {
            load: at,
            rate,
            mean,
            failure_share,
        } => (
            format!("At {}", load(*at)),
            format!(
                "{}, {} on average{}. One level alone does not tell how much more the API can take.",
                per_second(rate),
                seconds(mean),
                failed(failure_share, ", ")
            ),
        ),
        Finding::Falls {
            load: at,
            rate,
            ceiling,
        } => (
            format!("Throughput falls from {}", load(*at)),
            format!(
                "It is {} there, {} of the ceiling.",
                per_second(rate),
                number::percent(rate.value / ceiling)
            ),
        ),
        Finding::Knee {
            users,
            ceiling,
            response,
            think,
            successes,
        } => (
            format!(
                "Knee: {} users{}",
                number::whole(users.value),
                interval(users, number::whole)
            ),
            format!(
                "Without queueing a user makes a request every {} ({} response time at the lowest level, {} think time), so {} users \
                 reach {}/s; beyond that, {}.",
                number::seconds(response + think),
                number::seconds(*response),
                number::seconds(*think),
                number::whole(users.value),
                number::three(*ceiling),
                if *successes {
                    "requests of further users wait or fail"
                } else {
                    "further users wait for each other"
                }
            ),
        ),
        Finding::Sound {
            load: at,
            mean,
            failure_share,
            highest,
        } => (
            if *highest {
                format!("Not degraded at {}", load(*at))
            } else {
                format!("Not degraded up to {}", load(*at))
            },
            format!(
                "There the mean response time is {}{}.{}",
                seconds(mean),
                failed(failure_share, " and "),
                if *highest {
                    " It is the highest level of this run."
                } else {
                    ""
                }
            ),
        ),
        Finding::Degraded {
            load: at,
            causes,
            mean,
            before,
        } => degraded(&load(*at), causes, *mean, *before, about),
        Finding::WithinThresholds { load: at, knee } => within(at.map(load), *knee),
        Finding::FailuresGrow { below, above } => failures_grow(*below, above, about),
        Finding::FailuresGrowWithRequests { load: at, repeats } => {
            let each: Vec<_> = repeats
                .iter()
                .map(|(requests, share)| format!("{} of {requests}", number::percent(*share)))
                .collect();
            (
                format!("Failures grow with the number of requests at {}", load(*at)),
                format!("Of the repeats of that level failed {}.", words::list(&each)),
            )
        }
        Finding::Culprit(found) => culprit(found),
        Finding::FirstSeen(found) => first_seen(found, about),
        Finding::Scaling(found) => scaling(found),
        Finding::Uncertain { load: at, rate } => (
            format!("Throughput at {} is not known well", load(*at)),
            format!(
                "It is {}: it varied over the hold. A longer hold narrows that.",
                per_second(rate)
            ),
        ),
        Finding::NoInterval { loads, needed } => (
            "No intervals".to_owned(),
            format!(
                "The hold of {} is shorter than ten cycles of response and think time, which an interval needs: that would be \
                 {}.",
                all_loads(loads, about),
                number::span(Duration::from_secs_f64(needed.ceil()))
            ),
        ),
        Finding::Next(next) => ("Next".to_owned(), what_next(next, about)),
    }
}

fn not_used(loads: &[f64], levels: usize, why: &Trust, about: About<'_>) -> (String, String) {
    let at_first = loads
        .first()
        .map_or_else(String::new, |first| words::load(about.open, *first));
    let repeats = if levels > loads.len() {
        format!("{levels} of the repeats at ")
    } else {
        String::new()
    };
    let loads = all_loads(loads, about);
    let why = match why {
        Trust::Steady => String::new(),
        Trust::NeverHeld => "The run ended before it was held.".to_owned(),
        Trust::NotSteady => {
            "It did not settle: throughput or response times went on changing past the middle of the hold."
                .to_owned()
        }
        Trust::TooShort { cycles, needed } if *cycles >= f64::from(FEWEST) => format!(
            "Held too shortly to tell whether it was steady; {} would be long enough.",
            number::span(Duration::from_secs_f64(needed.ceil()))
        ),
        Trust::TooShort { cycles, needed } => format!(
            "Not shown to be steady: at {at_first} each did only {} cycles of response and think time in the time measured; {} \
             would be long enough.",
            number::three(*cycles),
            number::span(Duration::from_secs_f64(needed.ceil()))
        ),
        Trust::LawMissed { accounted } => format!(
            "Not steady, or requests are missing: by the interactive response time law, X (R + Z), the figures of {at_first} \
             account for {}.",
            number::whole(*accounted)
        ),
        Trust::Generator => "The load generator was at its own limit there.".to_owned(),
        Trust::ShortOfUsers { users } => format!(
            "Less was completed than arrived, yet the API answered hardly later than at the lowest level: the users were all \
             busy ({} on average), so raise `max_users`.",
            number::whole(*users)
        ),
    };
    (format!("Not used: {repeats}{loads}"), why)
}

fn ceiling(found: &Ceiling, about: About<'_>) -> (String, String) {
    let heading = format!("Ceiling: {}", per_second(&found.rate));
    let over = match found.loads[..] {
        [] => String::new(),
        [one] => format!(
            "Measured at {}; {}.",
            words::load(about.open, one),
            if about.open {
                "it completes no more of what arrives"
            } else {
                "more load brings hardly more"
            }
        ),
        [first, .., last] => format!(
            "The mean of the levels from {} to {} ({}/s each): more load brings no more.",
            number::level(first),
            words::load(about.open, last),
            range(found.range)
        ),
    };
    let successes = if found.successes {
        format!(
            " Where more than {} failed, only successes count.",
            number::percent(FAILURES)
        )
    } else {
        String::new()
    };
    let pool = found
        .per_connection
        .zip(about.pool_size)
        .map_or_else(String::new, |(each, size)| {
            format!(
                " Each of the {size} pool connections then serves {}.",
                per_second(&each)
            )
        });
    (heading, format!("{over}{successes}{pool}"))
}

/// `38.2 to 38.9`, or one figure where both are written alike.
fn range((low, high): (f64, f64)) -> String {
    let (low, high) = (number::three(low), number::three(high));
    if low == high {
        low
    } else {
        format!("{low} to {high}")
    }
}

fn no_ceiling(load: &str, rate: &Estimate, efficiency: f64, failing: Option<f64>) -> (String, String) {
    let share = if efficiency >= 1.0 {
        "as much as".to_owned()
    } else {
        format!("{} of what", number::percent(efficiency))
    };
    let tells = if let Some(share) = failing {
        format!(
            "{} of the requests failed, and only more levels tell where the limit is",
            number::percent(share)
        )
    } else if efficiency >= LINEAR {
        "the limit lies higher".to_owned()
    } else {
        "requests wait for each other already, and only higher levels tell how much more there is".to_owned()
    };
    (
        "No ceiling shown".to_owned(),
        format!(
            "At the highest level, {load}, throughput is {}, {share} it would be without any queueing: {tells}.",
            per_second(rate)
        ),
    )
}

fn degraded(
    load: &str,
    causes: &[Cause],
    mean: Option<Estimate>,
    before: Option<f64>,
    about: About<'_>,
) -> (String, String) {
    let failing = causes.iter().any(|cause| matches!(cause, Cause::Failures { .. }));
    let unserved = about.open
        && causes
            .iter()
            .any(|cause| matches!(cause, Cause::Throughput { .. }));
    let said: Vec<String> = causes
        .iter()
        .map(|cause| match cause {
            Cause::Throughput { share } => {
                format!(
                    "throughput is {} of what {}",
                    number::percent(*share),
                    if about.open {
                        "arrives"
                    } else {
                        "this load would bring without queueing"
                    }
                )
            }
            Cause::Failures { share: failed } => format!("{} failed", share(failed)),
            Cause::Threshold { text } => format!("the threshold {} is broken", table::code(text)),
        })
        .collect();
    let times = mean.map_or_else(String::new, |mean| {
        let times = before
            // Failures are often fast: then the mean is shorter than before, and that is no good news.
            .filter(|before| *before > 0.0 && !failing)
            .map_or_else(String::new, |before| {
                format!(
                    ", {} times as long as at the level before",
                    number::three(mean.value / before)
                )
            });
        let of = if failing { ", failures included," } else { "" };
        let queue = if unserved {
            " More arrives than is served, so that the latency from due grows for as long as the level is held."
        } else {
            ""
        };
        format!(" The mean response time{of} is {}{times}.{queue}", seconds(&mean))
    });
    (
        format!("Degraded from {load}"),
        format!("{}.{times}", words::capitalised(&words::list(&said))),
    )
}

fn within(load: Option<String>, knee: Option<f64>) -> (String, String) {
    let knee = knee.map_or_else(String::new, |knee| {
        format!(" The knee is at {} users.", number::whole(knee))
    });
    match load {
        Some(load) => (
            format!("Within all thresholds up to {load}"),
            format!("The next level breaks one.{knee}"),
        ),
        None => (
            "No level meets every threshold".to_owned(),
            format!("Even the lowest breaks one.{knee}"),
        ),
    }
}

fn failures_grow(below: Option<(f64, f64)>, above: &[(f64, f64)], about: About<'_>) -> (String, String) {
    let at = |(load, share): &(f64, f64)| {
        format!(
            "{} at {}",
            number::percent(*share),
            words::load(about.open, *load)
        )
    };
    let rest: Vec<_> = above.iter().map(at).collect();
    let from = above
        .first()
        .map_or_else(String::new, |(load, _)| words::load(about.open, *load));
    let before = below.map_or_else(String::new, |below| format!("{}, then ", at(&below)));
    (
        format!("More than {} fail from {from}", number::percent(FAILURES)),
        format!("{before}{}.", words::list(&rest)),
    )
}

fn culprit(found: &Culprit) -> (String, String) {
    let slow = if found.slowest {
        format!(
            "It is also the slowest: {} on average, against {} of the others.",
            number::seconds(found.mean),
            number::seconds(found.mean_of_others)
        )
    } else {
        format!(
            "It is not the slowest: {} on average, against {} of the others.",
            number::seconds(found.mean),
            number::seconds(found.mean_of_others)
        )
    };
    (
        format!(
            "{} of the failures fall on {}",
            number::percent(found.share_of_failures),
            table::escaped(&found.name)
        ),
        format!(
            "That is {}; by its share of the requests it would be {}, and chance explains no such excess. {slow}",
            number::counted(found.failures, "failure"),
            number::percent(found.expected_share)
        ),
    )
}

fn first_seen(found: &FirstSeen, about: About<'_>) -> (String, String) {
    (
        format!(
            "{}: from {}",
            table::escaped(&found.text),
            words::load(about.open, found.load)
        ),
        format!(
            "{} there, {} in the whole run.",
            number::counted(found.count_there, "request"),
            number::counted(found.count, "request")
        ),
    )
}

fn scaling(found: &Scaling) -> (String, String) {
    let law = &found.law;
    let peak = match found.peak {
        Some(peak) => format!(
            "Throughput is highest, {}/s, with {} requests in flight",
            number::three(law.throughput(peak)),
            number::whole(peak)
        ),
        None => format!(
            "No peak is seen up to {} requests in flight",
            number::whole(found.measured_to)
        ),
    };
    (
        "Scaling".to_owned(),
        format!(
            "Throughput against requests in flight L follows the Universal Scalability Law, X = λL / (1 + σ(L−1) + κL(L−1)), within \
             {} at all {} levels: λ {}/s, contention σ {}, coherency κ {}. {peak}.",
            number::percent(found.residual),
            found.points,
            number::three(law.lambda),
            number::three(law.sigma),
            number::three(law.kappa)
        ),
    )
}

fn what_next(next: &Next, about: About<'_>) -> String {
    let file = about.file.unwrap_or("FILE");
    let command = |loads: &[f64], rest: &str| {
        let loads: Vec<_> = loads.iter().map(|load| number::level(*load)).collect();
        table::code(&format!("runner {file} --users {}{rest}", loads.join(",")))
    };
    match next {
        Next::Higher { loads } => format!("To find the limit, go higher: {}", command(loads, "")),
        Next::Between { loads } => format!("To narrow down where it degrades: {}", command(loads, "")),
        Next::Lower { loads, failing } => format!(
            "Even the lowest level {}: {}",
            if *failing {
                "is degraded; to see whether less load fails too"
            } else {
                "is at the limit; to see it without queueing"
            },
            command(loads, "")
        ),
        Next::Search { at_most } => format!(
            "Nothing gave up to the highest level; to go on: {}",
            table::code(&format!("runner find-capacity {file} --at-most {at_most}"))
        ),
        Next::Around { loads } => format!("To see what lies on either side of it: {}", command(loads, "")),
        Next::Again { loads, hold } => format!(
            "To see whether response times go on changing: {}",
            command(loads, &format!(" --hold {hold:.0}s"))
        ),
        Next::Longer { loads, hold } => {
            format!(
                "Hold longer what was not used: {}",
                command(loads, &format!(" --hold {hold:.0}s"))
            )
        }
    }
}

fn all_loads(loads: &[f64], about: About<'_>) -> String {
    let Some((last, first)) = loads.split_last() else {
        return String::new();
    };
    let mut said: Vec<String> = first.iter().map(|load| number::level(*load)).collect();
    said.push(words::load(about.open, *last));
    words::list(&said)
}

fn interval(estimate: &Estimate, figure: fn(f64) -> String) -> String {
    estimate.interval.map_or_else(String::new, |bounds| {
        format!(" ({} to {})", figure(bounds.low), figure(bounds.high))
    })
}

/// `38.4 requests/s (38.1 to 38.7)`.
fn per_second(rate: &Estimate) -> String {
    format!(
        "{} requests/s{}",
        number::three(rate.value),
        interval(rate, number::three)
    )
}

fn seconds(estimate: &Estimate) -> String {
    format!(
        "{}{}",
        number::seconds(estimate.value),
        interval(estimate, number::seconds)
    )
}

fn share(estimate: &Estimate) -> String {
    format!(
        "{}{}",
        number::percent(estimate.value),
        interval(estimate, number::percent)
    )
}

/// What failed, where that is known.
fn failed(estimate: &Estimate, before: &str) -> String {
    if is_unknown(estimate) {
        String::new()
    } else {
        format!("{before}{} failed", share(estimate))
    }
}
