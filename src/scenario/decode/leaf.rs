//! The leaves: scalars with units, words and texts, each told in words when it is something else.

use std::time::Duration;

use super::super::diagnostics::{Diagnostic, Diagnostics};
use super::super::model::{Json, Pair, Rate, Word};
use super::super::span::{Span, Spanned, Text};
use super::super::suggest::{nearest, one_of};
use super::super::units::{self, UnitError};
use super::super::yaml::{Kind, Node};
use super::foreign;

/// What a node is, in words.
pub(super) fn found(node: &Node) -> String {
    match &node.kind {
        Kind::List(items) if items.is_empty() => "an empty list".to_owned(),
        Kind::List(_) => "a list".to_owned(),
        Kind::Map(_) => "a mapping".to_owned(),
        Kind::Scalar(_) if node.is_null() => "nothing".to_owned(),
        Kind::Scalar(text) if text.plain && is_json_number(&text.text) => {
            format!("the number `{}`", text.text)
        }
        Kind::Scalar(text) if text.plain && boolean_word(&text.text).is_some() => format!("`{}`", text.text),
        Kind::Scalar(text) if text.text.contains('\n') => "a text of several lines".to_owned(),
        // Not cut short: a part of a secret would not be known as one.
        Kind::Scalar(text) if text.text.chars().count() > 60 => "a long text".to_owned(),
        Kind::Scalar(text) => format!("the text `{}`", text.text),
    }
}

/// "expected X, found Y", with an example of X.
pub(super) fn wrong_type<T>(out: &mut Diagnostics, node: &Node, expected: &str, example: &str) -> Option<T> {
    let help = if example.is_empty() {
        None
    } else {
        Some(format!("for example: {example}"))
    };
    let place = place(node);
    out.fail(Diagnostic::error(place, format!("expected {expected}, found {}", found(node))).help_if(help))
}

/// An empty value has no bytes to point at: point at the one before it.
pub(super) fn place(node: &Node) -> Span {
    if node.span.start == node.span.end {
        before(node.span)
    } else {
        node.span
    }
}

fn before(span: Span) -> Span {
    Span {
        start: span.start.saturating_sub(1),
        ..span
    }
}

/// The node as a scalar that holds something.
fn scalar<'n>(out: &mut Diagnostics, node: &'n Node, expected: &str, example: &str) -> Option<&'n Text> {
    match &node.kind {
        Kind::Scalar(text) if !node.is_null() => Some(text),
        _ => wrong_type(out, node, expected, example),
    }
}

fn with_units<T>(
    out: &mut Diagnostics,
    node: &Node,
    expected: (&str, &str),
    parse: impl FnOnce(&str) -> Result<T, UnitError>,
) -> Option<Spanned<T>> {
    let text = scalar(out, node, expected.0, expected.1)?;
    if text.text.contains("{{") {
        return out.fail(
            Diagnostic::error(node.span, format!("expected {}, found a template", expected.0))
                .help("templates fill what is sent, not how the run goes; write the value itself"),
        );
    }
    match parse(&text.text) {
        Ok(value) => Some(Spanned::new(value, node.span)),
        Err(error) => out.fail(Diagnostic::error(node.span, error.message).help_if(error.help)),
    }
}

/// A duration, zero allowed.
pub(super) fn duration(out: &mut Diagnostics, node: &Node) -> Option<Spanned<Duration>> {
    with_units(
        out,
        node,
        ("a duration such as `5s`", "`5s`, `100ms` or `1m30s`"),
        units::duration,
    )
}

/// A duration above zero.
pub(super) fn positive_duration(out: &mut Diagnostics, node: &Node, what: &str) -> Option<Spanned<Duration>> {
    let value = duration(out, node)?;
    if value.value.is_zero() {
        return out.fail(
            Diagnostic::error(node.span, format!("{what} must be longer than zero")).help("write `5s`, say"),
        );
    }
    Some(value)
}

/// A rate of arrivals, zero allowed.
pub(super) fn rate(out: &mut Diagnostics, node: &Node) -> Option<Spanned<Rate>> {
    with_units(
        out,
        node,
        ("a rate such as `50/s`", "`50/s` or `3000/m`"),
        units::rate,
    )
}

/// A share above 0 and below 1.
pub(super) fn share(out: &mut Diagnostics, node: &Node) -> Option<Spanned<f64>> {
    let value = with_units(out, node, ("a share such as `5%`", "`5%`"), units::share)?;
    if value.value <= 0.0 || value.value >= 1.0 {
        out.push(
            Diagnostic::error(node.span, "a share here lies between 0% and 100%").help("write `5%`, say"),
        );
        return None;
    }
    Some(value)
}

/// A size in bytes.
pub(super) fn size(out: &mut Diagnostics, node: &Node) -> Option<Spanned<u64>> {
    with_units(
        out,
        node,
        ("a size such as `10MB`", "`10MB` or `64kB`"),
        units::bytes,
    )
}

/// A whole number, zero allowed.
pub(super) fn count(out: &mut Diagnostics, node: &Node) -> Option<Spanned<u64>> {
    let value = with_units(out, node, ("a whole number", "`10`"), units::count)?;
    unquoted(out, node, "a whole number").then_some(value)
}

/// Whether a number or a boolean is written as one; in quotes it is a text.
fn unquoted(out: &mut Diagnostics, node: &Node, expected: &str) -> bool {
    let Kind::Scalar(text) = &node.kind else {
        return false;
    };
    if !text.plain {
        let message = format!("expected {expected}, found {}", found(node));
        out.push(
            Diagnostic::error(node.span, message)
                .help("write it without quotes")
                .replace(node.span, text.text.trim()),
        );
    }
    text.plain
}

/// A whole number above zero.
pub(super) fn positive_count(out: &mut Diagnostics, node: &Node, what: &str) -> Option<Spanned<u64>> {
    let value = count(out, node)?;
    if value.value == 0 {
        return out.fail(Diagnostic::error(node.span, format!("{what} must be at least 1")));
    }
    Some(value)
}

/// A number of zero or more.
pub(super) fn weight(out: &mut Diagnostics, node: &Node) -> Option<Spanned<f64>> {
    let text = scalar(out, node, "a number such as `2`", "")?;
    let plain = text
        .text
        .bytes()
        .all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'-' | b'+'));
    match text.text.parse::<f64>() {
        Ok(value) if plain && value < 0.0 => {
            out.fail(
                Diagnostic::error(node.span, format!("a weight cannot be negative, found `{}`", text.text))
                    .help("a weight of 2 is drawn twice as often as one of 1; write 0 to leave the endpoint out of the draw"),
            )
        }
        Ok(value) if plain && value <= 1e9 => {
            unquoted(out, node, "a number").then_some(Spanned::new(value, node.span))
        }
        _ => match foreign::weight(&text.text) {
            Some(number) => out.fail(
                Diagnostic::error(node.span, format!("a weight is a number, found `{}`", text.text))
                    .help("weights are relative to each other: with 50 and 150 an endpoint has a quarter of the draw")
                    .help("write")
                    .replace(node.span, number),
            ),
            None => wrong_type(out, node, "a number such as `2`", ""),
        },
    }
}

/// An integer, of either sign.
pub(super) fn integer(out: &mut Diagnostics, node: &Node) -> Option<Spanned<i64>> {
    let text = scalar(out, node, "a whole number", "")?;
    if let Ok(value) = text.text.parse() {
        return unquoted(out, node, "a whole number").then_some(Spanned::new(value, node.span));
    }
    wrong_type(out, node, "a whole number", "")
}

fn boolean_word(text: &str) -> Option<bool> {
    match text {
        "true" | "True" | "TRUE" => Some(true),
        "false" | "False" | "FALSE" => Some(false),
        _ => None,
    }
}

/// `true` or `false`.
pub(super) fn boolean(out: &mut Diagnostics, node: &Node) -> Option<Spanned<bool>> {
    let text = scalar(out, node, "`true` or `false`", "")?;
    if let Some(value) = boolean_word(&text.text) {
        return unquoted(out, node, "`true` or `false`").then_some(Spanned::new(value, node.span));
    }
    let meant = match text.text.to_lowercase().as_str() {
        "yes" | "on" | "y" | "1" => Some("true"),
        "no" | "off" | "n" | "0" => Some("false"),
        _ => None,
    };
    let message = format!("expected `true` or `false`, found {}", found(node));
    let diagnostic = Diagnostic::error(node.span, message);
    out.fail(match meant {
        Some(word) => diagnostic
            .help(format!("write `{word}`"))
            .replace(node.span, word),
        None => diagnostic,
    })
}

/// One of several words.
pub(super) fn choice<W: Word>(out: &mut Diagnostics, node: &Node) -> Option<Spanned<W>> {
    let words = || W::WORDS.iter().map(|(word, _)| *word);
    let text = scalar(out, node, &one_of(words()), "")?;
    if let Some((_, value)) = W::WORDS.iter().find(|(word, _)| *word == text.text) {
        return Some(Spanned::new(*value, node.span));
    }
    let message = format!("expected {}, found {}", one_of(words()), found(node));
    let diagnostic = Diagnostic::error(node.span, message);
    let snake = text.text.replace('-', "_");
    out.fail(match nearest(&snake, words()) {
        Some(right) => diagnostic
            .help(format!("did you mean `{right}`?"))
            .replace(node.span, right),
        None => diagnostic,
    })
}

/// Any scalar as text; nothing is an error, `""` is not.
pub(super) fn text(out: &mut Diagnostics, node: &Node, what: &str) -> Option<Text> {
    if node.is_null() {
        return out.fail(
            Diagnostic::error(before(node.span), format!("expected {what}, found nothing"))
                .help("write `\"\"` for an empty text"),
        );
    }
    scalar(out, node, what, "").cloned()
}

/// A text that is not empty and no template: a name, a file, a path in JSON.
pub(super) fn plain_text(out: &mut Diagnostics, node: &Node, what: &str) -> Option<Spanned<String>> {
    let text = scalar(out, node, what, "")?;
    if text.text.trim().is_empty() {
        let message = format!("expected {what}, found an empty text");
        return out.fail(Diagnostic::error(node.span, message));
    }
    Some(Spanned::new(text.text.clone(), text.span))
}

/// A file name: fixed before the run, so no template.
pub(super) fn file_name(out: &mut Diagnostics, node: &Node) -> Option<Spanned<String>> {
    if matches!(node.kind, Kind::Map(_) | Kind::List(_)) {
        return wrong_type(out, node, "a file name", "students.csv");
    }
    let name = plain_text(out, node, "a file name")?;
    if name.value.contains("{{") {
        return out.fail(
            Diagnostic::error(name.span, "a file name cannot hold a template")
                .help("files are read before the run; write the name itself"),
        );
    }
    Some(name)
}

/// The items of a list. A single value in place of a list is an error that says how to write one.
pub(super) fn list<'n>(
    out: &mut Diagnostics,
    node: &'n Node,
    what: &str,
    example: &str,
) -> Option<&'n [Node]> {
    match &node.kind {
        Kind::List(items) => Some(items),
        Kind::Scalar(_) if node.is_null() => Some(&[]),
        _ => wrong_type(out, node, what, example),
    }
}

/// A list that may be written as its only item.
pub(super) fn one_or_list(node: &Node) -> &[Node] {
    match &node.kind {
        Kind::List(items) => items,
        _ => std::slice::from_ref(node),
    }
}

/// The entries of a mapping with free keys.
pub(super) fn mapping<'n>(
    out: &mut Diagnostics,
    node: &'n Node,
    what: &str,
    example: &str,
) -> Option<&'n [(Spanned<String>, Node)]> {
    match &node.kind {
        Kind::Map(entries) => Some(entries),
        Kind::Scalar(_) if node.is_null() => Some(&[]),
        _ => wrong_type(out, node, what, example),
    }
}

/// Keys with texts; a list of texts becomes several pairs of one key.
pub(super) fn pairs(out: &mut Diagnostics, node: Option<&Node>, what: &str, example: &str) -> Vec<Pair> {
    let entries = node
        .and_then(|node| mapping(out, node, what, example))
        .unwrap_or_default();
    let mut pairs = Vec::new();
    for (key, value) in entries {
        for item in one_or_list(value) {
            if let Some(value) = text(out, item, "a text or a number") {
                pairs.push(Pair {
                    key: key.clone(),
                    value,
                });
            }
        }
    }
    pairs
}

/// Digits as JSON writes a number: no leading zero, no sign `+`, no `.5`.
pub(super) fn is_json_number(text: &str) -> bool {
    // The parser lets white space stand around it.
    text.trim() == text && serde_json::from_str::<serde_json::Number>(text).is_ok()
}

/// Any node as JSON.
pub(super) fn json(node: &Node) -> Json {
    match &node.kind {
        Kind::List(items) => Json::Array(items.iter().map(json).collect()),
        Kind::Map(entries) => Json::Object(
            entries
                .iter()
                .map(|(key, value)| (key.clone(), json(value)))
                .collect(),
        ),
        Kind::Scalar(_) if node.is_null() => Json::Null,
        Kind::Scalar(text) if text.plain && is_json_number(&text.text) => Json::Number(text.clone()),
        Kind::Scalar(text) => match boolean_word(&text.text).filter(|_| text.plain) {
            Some(value) => Json::Bool(Spanned::new(value, node.span)),
            None => Json::String(text.clone()),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_json_numbers_from_texts() {
        for text in ["0", "-1", "1.10", "201701", "1e5", "1.5E-3"] {
            assert!(is_json_number(text), "{text}");
        }
        for text in [
            "0201701", "+1", ".5", "1.", "1_000", "0x10", "", "-", "1e", "no", "NaN", "1.2.3", "1e999", " 1",
            "1\n",
        ] {
            assert!(!is_json_number(text), "{text}");
        }
    }
}
