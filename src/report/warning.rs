//! What a reader must know before the figures: what went wrong, and which figures it spoils.

use std::fmt;

use super::{number, words};
use crate::analysis::shortfall::{Shortfall, shortfalls};
use crate::measure::health::{NEVER_SENT, Spoiled, Warning};
use crate::measure::run::Ending;
use crate::measure::summary::{FailureCount, RunSummary, StageSummary, WindowChoice};
use crate::plan::EndpointId;
use crate::plan::target::Connections;

/// One warning.
pub(super) struct Caution {
    /// What was wrong: whole sentences, in Markdown.
    pub(super) what: String,
    /// Which figures are not to be trusted, in words.
    pub(super) spoils: String,
}

impl fmt::Display for Caution {
    /// In Markdown.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "**{}** Affected: {}.", self.what, self.spoils)
    }
}

/// All of a run, the gravest first. Empty: the figures stand as they are.
pub(super) fn cautions(summary: &RunSummary) -> Vec<Caution> {
    let mut all = Vec::new();
    all.extend(early_end(summary));
    all.extend(shortfalls(summary).iter().map(|of| short(summary, of)));
    all.extend(failing(summary));
    all.extend(generator(summary));
    all.extend(connections(summary));
    all.extend(windows(summary));
    all.extend(unfinished(summary));
    all.extend(unsent(summary));
    all
}

fn early_end(summary: &RunSummary) -> Option<Caution> {
    if summary.end.how.as_planned() {
        return None;
    }
    let mut what = words::ending(summary);
    for sentence in words::not_held(summary) {
        what = format!("{what} {sentence}");
    }
    let spoils = if summary.end.how == Ending::Killed {
        "everything after that moment is missing, and what was under way then is counted as unfinished"
    } else {
        "the stage under way then has fewer seconds than planned"
    };
    Some(Caution {
        what,
        spoils: spoils.to_owned(),
    })
}

/// Most requests failed: of the run, or else of some levels.
fn failing(summary: &RunSummary) -> Option<Caution> {
    let total = &summary.total;
    if total.requests == 0 {
        return Some(Caution {
            what: "Not one request was completed.".to_owned(),
            spoils: "everything: there is nothing to read".to_owned(),
        });
    }
    let share = |failures, requests| {
        format!(
            "{failures} of {} failed ({})",
            number::counted(requests, "request"),
            number::percent(failures as f64 / requests as f64)
        )
    };
    let most = |failures: u64, requests: u64| requests > 0 && failures.saturating_mul(2) >= requests;
    let worst = |failures: &[&FailureCount]| {
        let worst = failures.iter().max_by_key(|failure| failure.count);
        worst.map_or_else(String::new, |worst| {
            format!(", most often with {}", super::table::code(&worst.text))
        })
    };
    if most(total.failures, total.requests) {
        let all: Vec<_> = summary.failures.iter().map(|kind| &kind.failure).collect();
        let (none, hint) = if total.failures == total.requests {
            ("Not one request succeeded: ", plain_to_tls(summary))
        } else {
            ("", "")
        };
        return Some(Caution {
            what: format!(
                "{none}{}{}.{hint}",
                share(total.failures, total.requests),
                worst(&all)
            ),
            spoils: "response times and requests per second, which are mostly of failures".to_owned(),
        });
    }
    let stages = summary.stages.iter();
    let said = stages
        .filter(|stage| most(stage.figures.failures, stage.figures.requests))
        .map(|stage| {
            let kinds: Vec<_> = stage.failures.iter().collect();
            let figures = &stage.figures;
            format!(
                "at {} {}{}",
                words::stage(&summary.run.outline, stage.stage),
                share(figures.failures, figures.requests),
                worst(&kinds)
            )
        });
    let said: Vec<_> = said.collect();
    (!said.is_empty()).then(|| Caution {
        what: format!("{}.", words::capitalised(&said.join("; "))),
        spoils: "response times and requests per second there, which are mostly of failures".to_owned(),
    })
}

/// What a server that expects TLS makes of a request without: it closes the connection.
fn plain_to_tls(summary: &RunSummary) -> &'static str {
    let closed = "Remote end closed connection without response";
    let all_closed = summary.failures.iter().all(|kind| &*kind.failure.text == closed);
    if all_closed && summary.run.outline.url.starts_with("http:") {
        " Perhaps the server expects `https` at this port, and the target says `http`."
    } else {
        ""
    }
}

fn generator(summary: &RunSummary) -> impl Iterator<Item = Caution> {
    summary.health.warnings.iter().map(|warning| {
        let spoiled: Vec<_> = warning
            .spoils()
            .iter()
            .map(|figure| spoiled(*figure).to_owned())
            .collect();
        let details = match warning {
            Warning::NeverSent { .. } => never_sent(summary),
            _ => String::new(),
        };
        Caution {
            what: format!(
                "{}{details}.",
                words::capitalised(&super::table::printable(&warning.to_string()))
            ),
            spoils: words::list(&spoiled),
        }
    })
}

/// So many times as many connections as the scenario means to open are too many.
const TOO_MANY: u64 = 2;
/// And at least this share of the requests opened one that it did not mean to.
const UNMEANT: f64 = 0.05;
/// Where as large a share of the requests opened one, none is kept alive.
const EACH: f64 = 0.95;

/// Users of the closed model keep their connections alive: each opens one, and another where a request was given up without a
/// response. Many more are the server's doing.
fn connections(summary: &RunSummary) -> Option<Caution> {
    let outline = &summary.run.outline;
    if outline.open || outline.connections == Connections::PerRequest {
        return None;
    }
    let levels = outline.stages.iter().map(|stage| stage.level);
    // A user that comes back after a lower level is a new one.
    let (mut users, mut before) = (0.0, 0.0);
    for level in levels {
        users += (level - before).max(0.0);
        before = level;
    }
    let requests = summary.total.requests;
    let answered = summary.rows.iter().flat_map(|row| &row.statuses);
    let broken = requests.saturating_sub(answered.map(|status| status.count).sum());
    // A redirect may lead to another host, which needs a connection of its own.
    let redirects: u64 = summary.rows.iter().map(|row| row.redirects).sum();
    let meant = (users as u64).saturating_add(broken).saturating_add(redirects);
    let opened = summary
        .connections
        .new
        .saturating_add(summary.connections.reopened);
    let unmeant = opened.saturating_sub(meant);
    if opened <= meant.saturating_mul(TOO_MANY) || (unmeant as f64) < UNMEANT * requests as f64 {
        return None;
    }
    let cause = if opened as f64 >= EACH * requests as f64 {
        "nearly every request opened its own, as where the server closes each after its response (`connection: close`, or \
         keep-alive switched off)"
    } else {
        "the server, or something before it, closes connections that are kept alive: after a pause shorter than the longest \
         think times, or after a number of requests"
    };
    Some(Caution {
        what: format!(
            "{} were opened, where {} that keep theirs alive would need about {}: {cause}.",
            number::counted(opened, "connection"),
            number::counted(users as u64, "user"),
            number::whole(meant as f64)
        ),
        spoils:
            "response times, which count connecting, and the work of the API, which accepts the connections"
                .to_owned(),
    })
}

/// What was planned and not carried out.
fn short(summary: &RunSummary, shortfall: &Shortfall) -> Caution {
    let what = shortfall_words(summary, shortfall);
    Caution {
        what: if shortfall.fails() {
            format!("The scenario was not carried out as written. {what}")
        } else {
            what
        },
        spoils: "the load that reached the API, and every figure that depends on the mix".to_owned(),
    }
}

/// A shortfall in whole sentences, in Markdown.
pub(super) fn shortfall_words(summary: &RunSummary, shortfall: &Shortfall) -> String {
    let outline = &summary.run.outline;
    let endpoint = |id: EndpointId| {
        let endpoint = outline.endpoints.get(usize::from(id.0));
        super::table::code(endpoint.map_or("?", |endpoint| &endpoint.name))
    };
    match *shortfall {
        Shortfall::NothingBegun => format!(
            "No user got through `on_start`, which failed {}: not one iteration was begun.",
            number::counted(summary.starts.failed, "time")
        ),
        Shortfall::NeverSent {
            endpoint: id,
            share,
            drawn,
        } => format!(
            "{} was never sent, though its weight is {} of the mix and {} were drawn.{}",
            endpoint(id),
            number::percent(share),
            number::counted(drawn, "iteration"),
            empty_pools(summary, id)
        ),
        Shortfall::AllFailed {
            endpoint: id,
            iterations,
        } => format!(
            "All {} of {} failed: it was not carried out once.",
            number::counted(iterations, "iteration"),
            endpoint(id)
        ),
        Shortfall::Mix {
            endpoint: id,
            planned,
            achieved,
        } => format!(
            "{} had {} of the iterations, and its weight is {} of the mix: chance alone does not make so much.{}",
            endpoint(id),
            number::percent(achieved),
            number::percent(planned),
            empty_pools(summary, id)
        ),
        Shortfall::StepNeverSent { row, iterations } => format!(
            "The step {} was never sent in {}: its condition was never true.",
            super::table::code(words::row(outline, row)),
            number::counted(iterations, "iteration")
        ),
        Shortfall::SentNothing {
            endpoint: id,
            count,
            of,
        } => format!(
            "{count} of {} of {} sent nothing, as the conditions of all steps were false.",
            number::counted(of, "iteration"),
            endpoint(id)
        ),
        Shortfall::UsersMissing { stage, worked, .. } => format!(
            "At {} only {} worked on average: the others had not got through `on_start`, or had left for that.",
            words::stage(outline, stage),
            number::level((worked * 10.0).round() / 10.0)
        ),
        Shortfall::ArrivalsLeft { count, of } => format!(
            "{count} of {} went away, as their `on_start` failed.",
            number::counted(of, "arrival")
        ),
    }
}

/// The pools that stayed empty, where an endpoint may have waited for one.
fn empty_pools(summary: &RunSummary, endpoint: EndpointId) -> String {
    let of = summary.endpoints.get(usize::from(endpoint.0));
    let empty = summary.pools.iter().filter(|pool| pool.empty_draws > 0);
    let names: Vec<_> = empty.map(|pool| super::table::code(&pool.name)).collect();
    match of.map_or(0, |of| of.drawn) {
        _ if names.is_empty() => String::new(),
        0 => format!(
            " It waited for a value of {}, which nothing captured.",
            words::list(&names)
        ),
        _ => format!(
            " Draws left endpoints out while {} was empty.",
            words::list(&names)
        ),
    }
}

/// Which requests could not be filled in, and why: the most frequent.
fn never_sent(summary: &RunSummary) -> String {
    const MOST: usize = 3;
    let outline = &summary.run.outline;
    let mut all = Vec::new();
    for kind in &summary.failures {
        let Some(why) = kind.failure.text.strip_prefix(NEVER_SENT) else {
            continue;
        };
        for (row, of) in &kind.rows {
            all.push(format!(
                "{} of {}: {}",
                number::counted(of.count, "time"),
                super::table::escaped(words::row(outline, *row)),
                super::table::code(why)
            ));
        }
    }
    let more = all.len().saturating_sub(MOST);
    let mut said = all;
    said.truncate(MOST);
    if more > 0 {
        said.push(format!("and {} more", number::counted(more as u64, "reason")));
    }
    format!(": {}", said.join("; "))
}

/// A figure that can be spoiled, in words.
fn spoiled(figure: Spoiled) -> &'static str {
    match figure {
        Spoiled::ResponseTimes => "response times (percentiles too)",
        Spoiled::Rate => "requests per second",
        Spoiled::Load => "the load that reached the API",
        Spoiled::Failures => "the number of failures",
        Spoiled::FailureTypes => "the list of failure types",
        Spoiled::Journal => "a report written again from the files of this run",
    }
}

fn windows(summary: &RunSummary) -> Vec<Caution> {
    let mut all = Vec::new();
    let every_figure = |levels: &[String]| {
        format!(
            "all figures of {}",
            if levels.len() == 1 {
                "that level"
            } else {
                "those levels"
            }
        )
    };
    let restless = levels(summary, |choice| choice == WindowChoice::NotSteady);
    if !restless.is_empty() {
        all.push(Caution {
            what: format!(
                "Not shown to be steady at {}: no warm-up could be told from the rest of the hold, so the whole hold is \
                 measured, its beginning included. The level drifted, or the hold was too short to tell; a longer one would \
                 show which.",
                words::list(&restless)
            ),
            spoils: every_figure(&restless),
        });
    }
    let short = levels(summary, |choice| choice == WindowChoice::Unjudged);
    if !short.is_empty() {
        all.push(Caution {
            what: format!(
                "Too short to judge at {}: so few seconds do not tell whether the level was steady, so the whole hold is \
                 measured, its beginning included.",
                words::list(&short)
            ),
            spoils: every_figure(&short),
        });
    }
    all
}

fn unfinished(summary: &RunSummary) -> Option<Caution> {
    let count = summary.total.unfinished;
    let oldest = summary.unfinished.iter().map(|open| open.oldest).max()?;
    (count > 0).then(|| Caution {
        what: format!(
            "{} had no response yet when the run ended; the oldest had waited {}. What is unfinished is in no count and no \
             average; percentiles take it as longer than it had waited, and one that it reaches is written with `>` before \
             that time.",
            number::counted(count, "request"),
            number::time(oldest)
        ),
        spoils: "averages are too short; percentiles written with `>` are lower bounds".to_owned(),
    })
}

/// Arrivals of the open model that no user was free for.
fn unsent(summary: &RunSummary) -> Option<Caution> {
    let count = summary.total.unsent;
    (count > 0).then(|| Caution {
        what: format!(
            "{} still waited for a user when the load ended, and {} never sent: with `max_users` busy, the API did not keep up \
             with the rate. They are in no count and no average; percentiles of the latency from due take them as longer than \
             they had waited, and one that they reach is written with `>` before that time.",
            number::counted(count, "arrival"),
            if count == 1 { "was" } else { "were" }
        ),
        spoils: "the load that reached the API; averages are too short; percentiles written with `>` are lower bounds"
            .to_owned(),
    })
}

/// The levels whose windows were chosen for a reason.
fn levels(summary: &RunSummary, test: impl Fn(WindowChoice) -> bool) -> Vec<String> {
    let chosen = summary.stages.iter().filter(|stage| test(stage.window.choice));
    let said = |stage: &StageSummary| {
        let level = words::stage(&summary.run.outline, stage.stage);
        if stage.length.is_zero() {
            level
        } else {
            format!("{level} (held for {})", number::span(stage.length))
        }
    };
    chosen.map(said).collect()
}
