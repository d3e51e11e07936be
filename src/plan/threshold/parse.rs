//! Reading a threshold.

use std::ops::Range;
use std::time::Duration;

use super::{Metric, Op, Selection, Threshold};
use crate::plan::problem::{Problem, did_you_mean};
use crate::scenario::suggest::nearest;
use crate::scenario::units::{self, number, trimmed};

const METRICS: [&str; 9] = [
    "failures",
    "iterations failed",
    "p50",
    "p90",
    "p95",
    "p99",
    "mean",
    "max",
    "rps",
];

/// A part of the text, with its place in it.
#[derive(Clone, Copy, Debug)]
struct Part<'a> {
    text: &'a str,
    start: usize,
}

impl<'a> Part<'a> {
    fn range(self) -> Range<usize> {
        self.start..self.start + self.text.len()
    }

    fn slice(self, range: Range<usize>) -> Part<'a> {
        Part {
            text: &self.text[range.clone()],
            start: self.start + range.start,
        }
    }

    fn trim(self) -> Part<'a> {
        let left = self.text.len() - self.text.trim_start().len();
        let right = self.text.trim_end().len().max(left);
        self.slice(left..right)
    }

    /// The first word and the rest.
    fn word(self) -> (Part<'a>, Part<'a>) {
        let part = self.trim();
        let end = part.text.find(char::is_whitespace).unwrap_or(part.text.len());
        (part.slice(0..end), part.slice(end..part.text.len()).trim())
    }

    /// What follows a word, if it begins with that word.
    fn after(self, word: &str) -> Option<Part<'a>> {
        let (first, rest) = self.word();
        (first.text == word).then_some(rest)
    }
}

pub(super) fn threshold(text: &str, known: &[Selection]) -> Result<Threshold, Problem> {
    let whole = Part { text, start: 0 };
    let Some(at) = text.find(['<', '>', '=', '!']) else {
        return Err(
            Problem::new(whole.trim().range(), "a threshold compares a figure with a value")
                .help("write for example `p95 < 3s` or `failures of login < 1%`"),
        );
    };
    let (metric, of) = subject(whole.slice(0..at), known)?;
    let (op, width) = operator(whole, at)?;
    let (value, rest) = value_and_rest(whole.slice(at + width..text.len()));
    let (every_stage, abort_after) = options(rest)?;
    Ok(Threshold {
        text: text.trim().to_owned(),
        metric,
        of,
        op,
        value: figure(metric, op, value)?,
        every_stage,
        abort_after,
    })
}

/// `metric [of endpoint]`.
fn subject(part: Part<'_>, known: &[Selection]) -> Result<(Metric, Option<Selection>), Problem> {
    let (word, rest) = part.word();
    let (metric, rest) = match (word.text, rest.after("failed")) {
        ("iterations", Some(rest)) => (Metric::IterationsFailed, rest),
        _ => (metric(word)?, rest),
    };
    if rest.text.is_empty() {
        return Ok((metric, None));
    }
    let Some(name) = rest.after("of") else {
        return Err(
            Problem::new(rest.range(), format!("unexpected `{}`", rest.text)).help(format!(
                "to speak of one endpoint write `{} of NAME < ...`",
                word.text
            )),
        );
    };
    let quotes: &[char] = &['"', '\''];
    let plain = name.text.trim_matches(quotes);
    match known.iter().find(|selection| selection.name == plain) {
        Some(selection) if selection.step && metric == Metric::IterationsFailed => Err(Problem::new(
            name.range(),
            format!("`{plain}` is a step, and iterations are of endpoints"),
        )
        .help(format!(
            "write `failures of {plain} < …`, or name the journey: `iterations failed of {} < …`",
            plain.split(" / ").next().unwrap_or(plain)
        ))),
        Some(selection) => Ok((metric, Some(selection.clone()))),
        None if plain.is_empty() => Err(Problem::new(
            rest.range(),
            "`of` what? an endpoint's name is missing",
        )),
        None => {
            let mut problem = Problem::new(name.range(), format!("there is no endpoint `{plain}`"));
            problem.help = did_you_mean(plain, known.iter().map(|selection| selection.name.as_str()));
            Err(problem)
        }
    }
}

fn metric(word: Part<'_>) -> Result<Metric, Problem> {
    match word.text {
        "failures" => return Ok(Metric::Failures),
        "mean" => return Ok(Metric::Mean),
        "max" => return Ok(Metric::Max),
        "rps" => return Ok(Metric::Rps),
        "" => {
            return Err(
                Problem::new(word.range(), "the figure is missing").help("write for example `p95 < 3s`")
            );
        }
        _ => {}
    }
    if let Some(percent) = word
        .text
        .strip_prefix('p')
        .and_then(|number| number.parse::<f64>().ok())
    {
        return if percent > 0.0 && percent < 100.0 {
            Ok(Metric::Percentile(percent))
        } else {
            Err(
                Problem::new(word.range(), format!("there is no percentile {percent}"))
                    .help("a percentile is above 0 and below 100; for the longest response time write `max`"),
            )
        };
    }
    let problem = Problem::new(word.range(), format!("unknown figure `{}`", word.text));
    let meant = match word.text.to_lowercase().as_str() {
        "median" | "med" => Some("p50"),
        "avg" | "average" => Some("mean"),
        "errors" | "error" | "fails" | "failure" | "error_rate" => Some("failures"),
        "rate" | "throughput" | "req/s" => Some("rps"),
        "iterations" | "iteration" | "iterations_failed" | "failed_iterations" => Some("iterations failed"),
        other => nearest(other, METRICS),
    };
    Err(match meant {
        Some(meant) => problem.help(format!("did you mean `{meant}`?")),
        None => problem
            .help("figures are `failures`, `iterations failed`, `p50` to `p99.9`, `mean`, `max` and `rps`"),
    })
}

fn operator(whole: Part<'_>, at: usize) -> Result<(Op, usize), Problem> {
    let end = whole.text[at..]
        .find(|c| !matches!(c, '<' | '>' | '=' | '!'))
        .map_or(whole.text.len(), |length| at + length);
    let op = match &whole.text[at..end] {
        "<" => Op::Below,
        "<=" => Op::AtMost,
        ">" => Op::Above,
        ">=" => Op::AtLeast,
        other => {
            return Err(Problem::new(at..end, format!("`{other}` is no comparison"))
                .help("write `<`, `<=`, `>` or `>=`"));
        }
    };
    Ok((op, end - at))
}

/// The value is what stands before `in` or `for`.
fn value_and_rest(part: Part<'_>) -> (Part<'_>, Part<'_>) {
    let mut rest = part.trim();
    let begin = rest;
    while !rest.text.is_empty() {
        let (word, next) = rest.word();
        if matches!(word.text, "in" | "for") {
            break;
        }
        rest = next;
    }
    (begin.slice(0..rest.start - begin.start).trim(), rest)
}

/// `[in every stage] [for 10s: abort]`.
fn options(part: Part<'_>) -> Result<(bool, Option<Duration>), Problem> {
    let advice = "after the value may follow `in every stage` and `for 10s: abort`";
    let (every_stage, rest) = match part.after("in") {
        Some(rest) => match rest.after("every").and_then(|rest| rest.after("stage")) {
            Some(rest) => (true, rest),
            None => return Err(Problem::new(part.range(), "expected `in every stage`").help(advice)),
        },
        None => (false, part),
    };
    if rest.text.is_empty() {
        return Ok((every_stage, None));
    }
    let Some(abort) = rest.after("for") else {
        return Err(Problem::new(rest.range(), format!("unexpected `{}`", rest.text)).help(advice));
    };
    let Some((time, "abort")) = abort.text.split_once(':').map(|(time, word)| (time, word.trim())) else {
        return Err(Problem::new(rest.range(), "expected `for <time>: abort`")
            .help("write for example `for 10s: abort`"));
    };
    let time = abort.slice(0..time.len()).trim();
    match seconds(time.text) {
        Some(value) if value > 0.0 => Ok((every_stage, Some(Duration::from_secs_f64(value)))),
        _ => Err(
            Problem::new(time.range(), format!("`{}` is not a time", time.text))
                .help("write for example `10s`"),
        ),
    }
}

/// The value in the unit of the metric: seconds, share of 1, requests per second.
fn figure(metric: Metric, op: Op, value: Part<'_>) -> Result<f64, Problem> {
    let text = value.text;
    if text.is_empty() {
        return Err(Problem::new(
            value.range(),
            format!("a value is missing after `{op}`"),
        ));
    }
    let bare = number(text).is_some();
    match metric {
        Metric::Failures | Metric::IterationsFailed => match text
            .strip_suffix('%')
            .and_then(|percent| number(percent.trim_end()))
        {
            Some(percent) if percent <= 100.0 => Ok(percent / 100.0),
            Some(_) => Err(Problem::new(value.range(), "a share of failures is at most 100%")),
            None => {
                let help = match number(text) {
                    Some(share) if share < 1.0 => {
                        format!("write `{metric} {op} {}%`", trimmed(share * 100.0))
                    }
                    Some(percent) => format!("write `{metric} {op} {}%`", trimmed(percent)),
                    None => format!("write for example `{metric} < 1%`"),
                };
                Err(Problem::new(
                    value.range(),
                    "the share of failures is compared with a percentage",
                )
                .help(help))
            }
        },
        Metric::Rps => match text
            .strip_suffix("/s")
            .map_or_else(|| number(text), |rate| number(rate.trim_end()))
        {
            Some(rate) => Ok(rate),
            None => Err(Problem::new(value.range(), "`rps` is compared with a rate")
                .help("write for example `rps > 50/s`")),
        },
        Metric::Percentile(_) | Metric::Mean | Metric::Max => match seconds(text) {
            Some(value) => Ok(value),
            None if bare => Err(Problem::new(value.range(), format!("`{text}` has no unit"))
                .help(format!("say `{text}s` or `{text}ms`"))),
            None => Err(
                Problem::new(value.range(), format!("`{metric}` is compared with a time"))
                    .help(format!("write for example `{metric} {op} 300ms`")),
            ),
        },
    }
}

/// A time in seconds.
fn seconds(text: &str) -> Option<f64> {
    units::duration(text).ok().map(|value| value.as_secs_f64())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::plan::RowId;

    fn known() -> Vec<Selection> {
        [
            ("login", 0..1),
            ("buy a thing", 1..3),
            ("buy a thing / pay", 2..3),
        ]
        .map(|(name, rows)| Selection {
            name: name.to_owned(),
            rows: rows.map(RowId).collect(),
            step: name.contains(" / "),
        })
        .to_vec()
    }

    #[test]
    fn every_part_is_read() {
        let text = " p99.9 of buy a thing / pay <= 1.5s in every stage for 10s: abort ";
        let threshold = threshold(text, &known()).unwrap();
        assert_eq!(
            threshold,
            Threshold {
                text: text.trim().to_owned(),
                metric: Metric::Percentile(99.9),
                of: Some(known()[2].clone()),
                op: Op::AtMost,
                value: 1.5,
                every_stage: true,
                abort_after: Some(Duration::from_secs(10)),
            }
        );
        assert!(threshold.holds(1.5) && !threshold.holds(1.501));
    }

    #[test]
    fn values_come_out_in_the_unit_of_the_figure() {
        for (text, value) in [
            ("failures<1%", 0.01),
            ("failures of login < 0.5 %", 0.005),
            ("mean < 300ms", 0.3),
            ("max < 2m", 120.0),
            ("p50 < 1.5 s", 1.5),
            ("rps >= 50/s", 50.0),
            ("rps > 12.5", 12.5),
        ] {
            assert!(
                (threshold(text, &known()).unwrap().value - value).abs() < 1e-12,
                "{text}"
            );
        }
    }

    #[test]
    fn every_mistake_is_shown_where_it_stands() {
        for (text, place, message, help) in [
            ("p95 < 3", "3", "`3` has no unit", "say `3s` or `3ms`"),
            (
                "p95 < 3%",
                "3%",
                "`p95` is compared with a time",
                "write for example `p95 < 300ms`",
            ),
            (
                "failures < 0.01",
                "0.01",
                "the share of failures is compared with a percentage",
                "write `failures < 1%`",
            ),
            (
                "errors < 1%",
                "errors",
                "unknown figure `errors`",
                "did you mean `failures`?",
            ),
            (
                "p100 < 1s",
                "p100",
                "there is no percentile 100",
                "a percentile is above 0 and below 100; for the longest response time write `max`",
            ),
            (
                "p95 of logn < 1s",
                "logn",
                "there is no endpoint `logn`",
                "did you mean `login`?",
            ),
            (
                "p95 login < 1s",
                "login",
                "unexpected `login`",
                "to speak of one endpoint write `p95 of NAME < ...`",
            ),
            (
                "p95 == 1s",
                "==",
                "`==` is no comparison",
                "write `<`, `<=`, `>` or `>=`",
            ),
            (
                "p95",
                "p95",
                "a threshold compares a figure with a value",
                "write for example `p95 < 3s` or `failures of login < 1%`",
            ),
            (
                "p95 < 1s in each stage",
                "in each stage",
                "expected `in every stage`",
                "after the value may follow `in every stage` and `for 10s: abort`",
            ),
            (
                "p95 < 1s for 10: abort",
                "10",
                "`10` is not a time",
                "write for example `10s`",
            ),
            (
                "p95 < 1s for 10s",
                "for 10s",
                "expected `for <time>: abort`",
                "write for example `for 10s: abort`",
            ),
            (
                "rps > 5s",
                "5s",
                "`rps` is compared with a rate",
                "write for example `rps > 50/s`",
            ),
        ] {
            let problem = threshold(text, &known()).unwrap_err();
            assert_eq!(&text[problem.range.clone()], place, "{text}");
            assert_eq!(
                (problem.message.as_str(), problem.help.as_deref()),
                (message, Some(help)),
                "{text}"
            );
        }
    }

    #[test]
    fn strange_texts_are_refused_without_a_panic() {
        for text in [
            "",
            "<",
            "< 1s",
            "p95 <",
            "p95 < ",
            "of < 1",
            "ä<ö",
            "p95 of < 1s",
            "p95 < 1e400s",
            "p < 1s",
            "pNaN<1s",
        ] {
            assert!(threshold(text, &known()).is_err(), "{text}");
        }
    }
}
