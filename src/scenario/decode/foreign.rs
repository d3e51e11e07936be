//! Load as other tools write it, where a key for a key would become another load: what to write in its place.

use std::time::Duration;

use super::super::diagnostics::Diagnostic;
use super::super::span::Spanned;
use super::super::units;
use super::super::yaml::{Kind, Node};
use super::fields::snake_case;

/// Signs between the two ends of a range.
const BETWEEN: [&str; 7] = ["..", " to ", " and ", ",", "-", "–", "~"];

/// A stage of k6 (`duration`, `target`) or a phase of Artillery (`duration`, `arrivalRate`).
pub(super) fn stage(node: &Node) -> Option<Diagnostic> {
    let Kind::Map(entries) = &node.kind else {
        return None;
    };
    let scalar = |name: &str| scalar(entries, name);
    if ["users", "rate", "hold"].iter().any(|own| scalar(own).is_some()) {
        return None;
    }
    let (duration, _) = time(scalar("duration").or_else(|| scalar("for"))?, "s")?;
    if let Some(target) = scalar("target").filter(|target| target.parse::<u64>().is_ok()) {
        let written = format!("{{ users: {target}, ramp: {duration} }}");
        let held = (target != "0").then(|| {
            format!(
                "only a level that is held can be judged: {{ users: {target}, ramp: {duration}, hold: 60s }}"
            )
        });
        return Some(
            Diagnostic::error(
                node.span,
                "this is a stage of k6, whose `duration` is the time of a ramp",
            )
            .help_if(held)
            .help("for the same load write")
            .replace(node.span, written),
        );
    }
    let rate = |text: &str| match text.parse::<f64>() {
        Ok(_) => Some(format!("{text}/s")),
        Err(_) => units::rate(text).is_ok().then(|| text.to_owned()),
    };
    let from = rate(scalar("arrival_rate")?)?;
    let diagnostic = Diagnostic::error(node.span, "this is a phase of Artillery");
    Some(match scalar("ramp_to") {
        Some(to) => diagnostic.help(format!(
            "a ramp begins at the level of the stage before it, so write two: {{ rate: {from}, hold: 1s }} and \
             {{ rate: {}, ramp: {duration} }}",
            rate(to)?
        )),
        None => diagnostic
            .help("write")
            .replace(node.span, format!("{{ rate: {from}, hold: {duration} }}")),
    })
}

/// Several levels in one stage: `users: [5, 20]`, `users: 5-20`.
pub(super) fn levels(users: &Node, rest: &str) -> Option<Diagnostic> {
    let levels: Vec<u64> = match &users.kind {
        Kind::List(items) => items.iter().map(whole).collect::<Option<_>>()?,
        Kind::Scalar(text) => {
            let sign = BETWEEN.iter().find(|sign| text.text.contains(**sign))?;
            let parts = text.text.split(sign).map(|part| part.trim().parse().ok());
            parts.collect::<Option<_>>()?
        }
        Kind::Map(_) => return None,
    };
    let stages: Vec<String> = levels
        .iter()
        .map(|level| format!("{{ users: {level}, {rest} }}"))
        .collect();
    (levels.len() > 1 && levels.len() < 10).then(|| {
        Diagnostic::error(users.span, "a stage has one level, and this names several")
            .help(format!("write a stage for each: {}", stages.join(" and ")))
    })
}

/// Two durations in one text or list, where one kind of pause is meant: `1s-5s`.
pub(super) fn between(node: &Node) -> Option<String> {
    let (least, most) = match &node.kind {
        Kind::List(items) => match items.as_slice() {
            [least, most] => (text(least)?, text(most)?),
            _ => return None,
        },
        Kind::Scalar(text) => BETWEEN.iter().find_map(|sign| text.text.split_once(sign))?,
        Kind::Map(_) => return None,
    };
    // The unit may stand behind the second alone: `1-5s`.
    let unit = most
        .trim()
        .trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
    let (most, longest) = time(most, "s")?;
    let (least, shortest) = time(least, if unit.is_empty() { "s" } else { unit })?;
    (shortest <= longest).then(|| format!("{{ between: [{least}, {most}] }}"))
}

/// A share where a relative weight is meant.
pub(super) fn weight(text: &str) -> Option<&str> {
    let number = text.strip_suffix('%')?.trim_end();
    number
        .parse::<f64>()
        .is_ok_and(|share| share >= 0.0)
        .then_some(number)
}

/// A duration as written and as it is; one without a unit has the one given.
fn time(text: &str, unit: &str) -> Option<(String, Duration)> {
    let text = text.trim();
    let written = match text.parse::<f64>() {
        Ok(_) => format!("{text}{unit}"),
        Err(_) => text.to_owned(),
    };
    let duration = units::duration(&written).ok()?;
    (!duration.is_zero()).then_some((written, duration))
}

fn text(node: &Node) -> Option<&str> {
    match &node.kind {
        Kind::Scalar(text) => Some(&text.text),
        _ => None,
    }
}

fn whole(node: &Node) -> Option<u64> {
    text(node)?.parse().ok()
}

/// The scalar of a key, however its words are joined.
pub(super) fn scalar<'n>(entries: &'n [(Spanned<String>, Node)], name: &str) -> Option<&'n str> {
    let (_, node) = entries.iter().find(|(key, _)| snake_case(&key.value) == name)?;
    text(node)
}
