//! What a `JSONPath` finds in a body: by reading the body once where the path is plain, in a tree of it otherwise.

use std::borrow::Cow;
use std::fmt;

use serde_json::Value as Json;
use serde_json_path::ParseError;

use super::Received;
use crate::plan::value::Value;

mod read;

/// A `JSONPath` (RFC 9535).
#[derive(Clone, Debug)]
pub struct JsonPath {
    parsed: serde_json_path::JsonPath,
    /// What a plain path says, step by step; `None` for any other, and for one that reads the tree.
    steps: Option<Vec<Step>>,
}

/// From a value to values in it.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    /// The member of this name.
    Name(String),
    /// The item at this place.
    Index(usize),
    /// All members or items.
    Every,
}

/// A value that was found. It borrows what stands in the body, or in its tree, as it is.
#[derive(Clone, Debug, PartialEq)]
pub enum Found<'a> {
    /// Text.
    Text(Cow<'a, str>),
    /// Anything else.
    Json(Cow<'a, Json>),
}

impl JsonPath {
    /// Reads a path.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        Ok(Self {
            parsed: serde_json_path::JsonPath::parse(text)?,
            steps: steps(text),
        })
    }

    /// Has the paths of one request share a tree of the body where that costs less than each reading the body: reading
    /// is a fifth of the work or less, and a tree that one path needs anyway is free for the others.
    pub fn share(paths: Vec<&mut Self>) {
        const MOST: usize = 3;
        if paths.len() > MOST || paths.iter().any(|path| path.steps.is_none()) {
            for path in paths {
                path.steps = None;
            }
        }
    }

    /// All that it finds in the body, in order; `None` when the body is not JSON.
    pub fn find<'a>(&self, received: &'a Received<'_>) -> Option<Vec<Found<'a>>> {
        if let (Some(steps), None) = (&self.steps, received.json.get())
            && let Some(found) = read::finds(steps, received.body)
        {
            return Some(found);
        }
        let nodes = self.parsed.query(received.json()?);
        Some(nodes.into_iter().map(Found::from).collect())
    }
}

impl fmt::Display for JsonPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.parsed.fmt(f)
    }
}

impl<'a> Found<'a> {
    /// Whether it is null.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Json(json) if json.is_null())
    }

    /// As JSON.
    pub fn into_json(self) -> Cow<'a, Json> {
        match self {
            Self::Text(text) => Cow::Owned(Json::String(text.into_owned())),
            Self::Json(json) => json,
        }
    }

    /// As templates print it.
    pub fn into_text(self) -> Cow<'a, str> {
        match self {
            Self::Text(text) => text,
            Self::Json(json) => Cow::Owned(Value::from(&*json).to_string()),
        }
    }

    /// As a value that a template can hold.
    pub fn into_value(self) -> Value {
        match self {
            Self::Text(text) => Value::text(text),
            Self::Json(Cow::Owned(json @ (Json::Array(_) | Json::Object(_)))) => Value::Json(json.into()),
            Self::Json(json) => Value::from(&*json),
        }
    }
}

impl<'a> From<&'a Json> for Found<'a> {
    fn from(json: &'a Json) -> Self {
        match json {
            Json::String(text) => Self::Text(Cow::Borrowed(text)),
            other => Self::Json(Cow::Borrowed(other)),
        }
    }
}

/// The steps of a path (a valid one) of names, places and `*` only, without escapes and blanks: nearly any that is
/// written.
fn steps(path: &str) -> Option<Vec<Step>> {
    let mut steps = Vec::new();
    let mut rest = path.strip_prefix('$')?;
    while !rest.is_empty() {
        let (step, after) = match rest.strip_prefix('[') {
            Some(inner) => bracketed(inner)?,
            None => dotted(rest.strip_prefix('.')?)?,
        };
        steps.push(step);
        rest = after;
    }
    Some(steps)
}

/// The step after a dot, and what follows it.
fn dotted(text: &str) -> Option<(Step, &str)> {
    if let Some(after) = text.strip_prefix('*') {
        return Some((Step::Every, after));
    }
    let (name, after) = text.split_at(text.find(['.', '[']).unwrap_or(text.len()));
    let plain = |char: char| char.is_ascii_alphanumeric() || char == '_' || !char.is_ascii();
    // There is no name after the second of two dots.
    (!name.is_empty() && name.chars().all(plain)).then(|| (Step::Name(name.to_owned()), after))
}

/// The step after an opening bracket, and what follows its closing one.
fn bracketed(text: &str) -> Option<(Step, &str)> {
    if let Some(quote) = text.chars().next().filter(|char| matches!(char, '\'' | '"')) {
        let (name, after) = text[1..].split_once(quote)?;
        let after = after.strip_prefix(']')?;
        return (!name.contains('\\')).then(|| (Step::Name(name.to_owned()), after));
    }
    let (inner, after) = text.split_once(']')?;
    let step = match inner {
        "*" => Step::Every,
        index => Step::Index(index.parse().ok()?),
    };
    Some((step, after))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests;
