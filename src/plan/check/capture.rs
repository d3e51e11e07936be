//! Values taken from a response.

use std::borrow::Cow;
use std::sync::Arc;

use http::HeaderName;
use http::header::SET_COOKIE;
use rand_core::Rng;
use regex::Regex;

use super::{Found, JsonPath, Mismatch, Received};
use crate::plan::draw::below;
use crate::plan::template::SlotId;
use crate::plan::value::Value;
pub use crate::scenario::model::Pick;

/// Where a captured value goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CaptureTarget {
    /// Into `plan.pools[n]`.
    Pool(usize),
    /// Into the user's own values.
    Slot(SlotId),
}

/// A value to take from a response.
#[derive(Clone, Debug)]
pub struct Capture {
    /// Where the value goes.
    pub target: CaptureTarget,
    /// Whether finding nothing is a failure: [`Capture::missing`].
    pub required: bool,
    /// As in the file (`as:`).
    pub name: Arc<str>,
    /// Where to look.
    pub from: Extract,
    /// Applied to what was found; what it does not match is no find.
    pub regex: Option<Regex>,
    /// Which of several.
    pub pick: Pick,
}

/// Where a capture looks.
#[derive(Clone, Debug)]
pub enum Extract {
    /// A `JSONPath` in the body. A null is no find.
    Json(JsonPath),
    /// A regular expression over the body.
    Regex(Regex),
    /// A response header.
    Header(HeaderName),
    /// A cookie that the response sets.
    Cookie(String),
}

impl Capture {
    /// What is captured: nothing, one value, or with [`Pick::All`] (into a pool) every one.
    pub fn values(&self, received: &Received<'_>, random: &mut impl Rng) -> Vec<Value> {
        let mut found = self.found(received);
        let place = match self.pick {
            Pick::All => return found.into_iter().map(Found::into_value).collect(),
            _ if found.is_empty() => return Vec::new(),
            Pick::First => 0,
            Pick::Last => found.len() - 1,
            Pick::Random => below(random, found.len() as u64) as usize,
        };
        vec![found.swap_remove(place).into_value()]
    }

    /// The failure that finding nothing is, when it is required.
    pub fn missing(&self, received: &Received<'_>) -> Mismatch {
        let no_json = matches!(self.from, Extract::Json(_)) && received.json().is_none();
        let why = if no_json { ": the body is not JSON" } else { "" };
        Mismatch {
            words: format!("nothing captured for `{}`{why}", self.name).into(),
            detail: None,
        }
    }

    /// Whether the response's body is looked at.
    pub fn needs_body(&self) -> bool {
        matches!(self.from, Extract::Json(_) | Extract::Regex(_))
    }

    /// The path that it follows in the response's body.
    pub fn path_mut(&mut self) -> Option<&mut JsonPath> {
        match &mut self.from {
            Extract::Json(path) => Some(path),
            _ => None,
        }
    }

    /// Whether the response's headers are looked at.
    pub fn needs_headers(&self) -> bool {
        matches!(self.from, Extract::Header(_) | Extract::Cookie(_))
    }

    fn found<'a>(&self, received: &'a Received<'_>) -> Vec<Found<'a>> {
        match &self.from {
            Extract::Json(path) => {
                let found = path.find(received).unwrap_or_default().into_iter();
                found
                    .filter(|found| !found.is_null())
                    .filter_map(|found| self.narrowed(found))
                    .collect()
            }
            Extract::Regex(regex) => regex
                .captures_iter(received.text())
                .filter_map(|groups| group(&groups))
                .map(|part| Found::Text(Cow::Borrowed(part)))
                .collect(),
            Extract::Header(name) => {
                let values = received.headers.get_all(name).iter();
                values
                    .map(|value| String::from_utf8_lossy(value.as_bytes()))
                    .filter_map(|text| self.narrowed(Found::Text(text)))
                    .collect()
            }
            Extract::Cookie(name) => {
                let set = received.headers.get_all(SET_COOKIE).iter();
                set.filter_map(|value| cookie(name, value.as_bytes()))
                    .filter_map(|text| self.narrowed(Found::Text(text)))
                    .collect()
            }
        }
    }

    fn narrowed<'a>(&self, found: Found<'a>) -> Option<Found<'a>> {
        let Some(regex) = &self.regex else {
            return Some(found);
        };
        let text = match found.into_text() {
            Cow::Borrowed(text) => Cow::Borrowed(group(&regex.captures(text)?)?),
            Cow::Owned(text) => Cow::Owned(group(&regex.captures(&text)?)?.to_owned()),
        };
        Some(Found::Text(text))
    }
}

/// The first group if the expression has one, otherwise the whole match.
fn group<'a>(groups: &regex::Captures<'a>) -> Option<&'a str> {
    let number = usize::from(groups.len() > 1);
    groups.get(number).map(|found| found.as_str())
}

/// The value of a cookie, if this `set-cookie` header sets it (RFC 6265, section 5.2).
fn cookie<'a>(name: &str, header: &'a [u8]) -> Option<Cow<'a, str>> {
    let pair = header.split(|&byte| byte == b';').next()?;
    let equals = pair.iter().position(|&byte| byte == b'=')?;
    let (written, value) = (pair[..equals].trim_ascii(), pair[equals + 1..].trim_ascii());
    (written == name.as_bytes()).then(|| String::from_utf8_lossy(value))
}
