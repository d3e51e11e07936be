//! What is asked of one response: expectations and captures.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, HeaderName, StatusCode};
use regex::Regex;

use super::template::{JsonTemplate, SlotId, Template, Values};
use super::value::Value;
use super::words;

mod capture;
mod path;
mod pattern;
mod status;

pub use capture::{Capture, CaptureTarget, Extract, Pick};
pub use path::{Found, JsonPath};
pub use pattern::{json_path, regex};
pub use status::StatusSet;

/// A whole response, as the checks see it.
#[derive(Clone, Debug)]
pub struct Received<'a> {
    /// The status code.
    pub status: StatusCode,
    /// Its headers.
    pub headers: &'a HeaderMap,
    /// The body, decoded from its content coding.
    pub body: &'a [u8],
    /// From sent to the last byte.
    pub elapsed: Duration,
    json: OnceCell<Option<serde_json::Value>>,
    text: OnceCell<Cow<'a, str>>,
}

impl<'a> Received<'a> {
    /// A response; a tree is made of the body's JSON when first asked for, once.
    pub fn new(status: StatusCode, headers: &'a HeaderMap, body: &'a [u8], elapsed: Duration) -> Self {
        Self {
            status,
            headers,
            body,
            elapsed,
            json: OnceCell::new(),
            text: OnceCell::new(),
        }
    }

    /// The body as a tree of JSON; `None` when it is none.
    pub fn json(&self) -> Option<&serde_json::Value> {
        let parse = || serde_json::from_slice(self.body).ok();
        self.json.get_or_init(parse).as_ref()
    }

    /// The body as text; bytes that are not UTF-8 become U+FFFD.
    pub fn text(&self) -> &str {
        self.text.get_or_init(|| String::from_utf8_lossy(self.body))
    }
}

/// Why an expectation does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// The failure type; few distinct texts in a run.
    pub words: Arc<str>,
    /// What was found.
    pub detail: Option<String>,
}

impl Mismatch {
    fn new(words: &Arc<str>, found: &str) -> Self {
        Self {
            words: Arc::clone(words),
            detail: Some(excerpt(found)),
        }
    }
}

/// One expectation.
#[derive(Clone, Debug)]
pub struct Check {
    test: Test,
    /// The failure type, where it does not depend on the response.
    words: Arc<str>,
}

#[derive(Clone, Debug)]
enum Test {
    Status(StatusSet),
    Header(HeaderName, TextTest),
    Json(JsonPath, Expected),
    Body(TextTest),
    Within(Duration),
}

/// What must hold for a text.
#[derive(Clone, Debug)]
pub enum TextTest {
    /// It is this.
    Equals(Template),
    /// It holds this.
    Contains(Template),
    /// The expression matches somewhere.
    Matches(Regex),
}

/// What a JSON value must be.
#[derive(Clone, Debug)]
pub enum Expected {
    /// Always the same.
    Fixed(serde_json::Value),
    /// Rendered for each request; a number and its text are then the same, for a captured or drawn value may be either.
    Rendered(JsonTemplate),
}

impl Check {
    /// The status is in a set.
    pub fn status(set: StatusSet) -> Self {
        Self {
            words: format!("expected {set}").into(),
            test: Test::Status(set),
        }
    }

    /// Every header of this name passes a test; `written` is the test's text in the file.
    pub fn header(name: HeaderName, test: TextTest, written: &str) -> Self {
        Self {
            words: format!("header {name} {}", test.words(written)).into(),
            test: Test::Header(name, test),
        }
    }

    /// What a path finds (something, and all of it) is a value; `written` is the value in the file.
    pub fn json(path: JsonPath, expected: Expected, written: &str) -> Self {
        Self {
            words: format!("{path} is not {written}").into(),
            test: Test::Json(path, expected),
        }
    }

    /// The body passes a test; `written` is the test's text in the file.
    pub fn body(test: TextTest, written: &str) -> Self {
        Self {
            words: format!("the body {}", test.words(written)).into(),
            test: Test::Body(test),
        }
    }

    /// The response comes within a time.
    pub fn within(most: Duration) -> Self {
        Self {
            words: format!("took longer than {}", words::duration(most)).into(),
            test: Test::Within(most),
        }
    }

    /// Whether it holds.
    pub fn judge(&self, received: &Received<'_>, values: &Values) -> Result<(), Mismatch> {
        match &self.test {
            Test::Status(set) if set.contains(received.status) => Ok(()),
            Test::Status(_) => Err(Mismatch {
                words: format!("{}, got {}", self.words, received.status.as_u16()).into(),
                detail: None,
            }),
            Test::Header(name, test) => {
                let mut found = received.headers.get_all(name).iter().peekable();
                if found.peek().is_none() {
                    let words = format!("header {name} is missing");
                    return Err(Mismatch {
                        words: words.into(),
                        detail: None,
                    });
                }
                found.try_for_each(|value| {
                    self.judge_text(test, &String::from_utf8_lossy(value.as_bytes()), values)
                })
            }
            Test::Json(path, expected) => self.judge_json(path, expected, received, values),
            Test::Body(test) => self.judge_text(test, received.text(), values),
            Test::Within(most) if received.elapsed <= *most => Ok(()),
            Test::Within(_) => Err(Mismatch::new(&self.words, &words::duration(received.elapsed))),
        }
    }

    /// Whether the response's body is looked at.
    pub fn needs_body(&self) -> bool {
        matches!(self.test, Test::Body(_) | Test::Json(..))
    }

    /// The path that it follows in the response's body.
    pub fn path_mut(&mut self) -> Option<&mut JsonPath> {
        match &mut self.test {
            Test::Json(path, _) => Some(path),
            _ => None,
        }
    }

    /// Whether the response's headers are looked at.
    pub fn needs_headers(&self) -> bool {
        matches!(self.test, Test::Header(..))
    }

    /// The slots it needs.
    pub fn slots(&self) -> Vec<SlotId> {
        match &self.test {
            Test::Header(_, TextTest::Equals(template) | TextTest::Contains(template))
            | Test::Body(TextTest::Equals(template) | TextTest::Contains(template)) => {
                template.slots().collect()
            }
            Test::Json(_, Expected::Rendered(template)) => template.slots().collect(),
            _ => Vec::new(),
        }
    }

    fn judge_text(&self, test: &TextTest, found: &str, values: &Values) -> Result<(), Mismatch> {
        let render = |template: &Template| {
            let mut wanted = String::new();
            template.render(values, &mut wanted).map_err(|error| Mismatch {
                words: error.0,
                detail: None,
            })?;
            Ok(wanted)
        };
        let holds = match test {
            TextTest::Equals(template) => found == render(template)?,
            TextTest::Contains(template) => found.contains(&render(template)?),
            TextTest::Matches(regex) => regex.is_match(found),
        };
        if holds {
            Ok(())
        } else {
            Err(Mismatch::new(&self.words, found))
        }
    }

    fn judge_json(
        &self,
        path: &JsonPath,
        expected: &Expected,
        received: &Received<'_>,
        values: &Values,
    ) -> Result<(), Mismatch> {
        let plain = |words: String, detail| Mismatch {
            words: words.into(),
            detail,
        };
        let Some(found) = path.find(received) else {
            let detail = Some(excerpt(received.text()));
            return Err(plain("the body is not JSON".to_owned(), detail));
        };
        if found.is_empty() {
            return Err(plain(format!("{path} found nothing"), None));
        }
        let rendered;
        let (expected, loose) = match expected {
            Expected::Fixed(value) => (value, false),
            Expected::Rendered(template) => {
                let mut text = String::new();
                template
                    .render(values, &mut text)
                    .map_err(|error| plain(error.to_string(), None))?;
                rendered = serde_json::from_str(&text).map_err(|error| plain(error.to_string(), None))?;
                (&rendered, true)
            }
        };
        let mut found = found.into_iter().map(Found::into_json);
        match found.find(|found| !same(found, expected, loose)) {
            Some(other) => Err(Mismatch::new(&self.words, &other.to_string())),
            None => Ok(()),
        }
    }
}

impl TextTest {
    fn words(&self, written: &str) -> String {
        match self {
            Self::Equals(_) => format!("is not \"{written}\""),
            Self::Contains(_) => format!("does not contain \"{written}\""),
            Self::Matches(_) => format!("does not match /{written}/"),
        }
    }
}

/// Equal as JSON; numbers by value (`1` is `1.0`), and where `loose`, a number and its text too.
fn same(found: &serde_json::Value, expected: &serde_json::Value, loose: bool) -> bool {
    use serde_json::Value as Json;
    match (found, expected) {
        (Json::Number(a), Json::Number(b)) => a == b || a.as_f64() == b.as_f64(),
        (Json::Array(a), Json::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b, loose))
        }
        (Json::Object(a), Json::Object(b)) => {
            a.len() == b.len()
                && a.iter()
                    .all(|(key, a)| b.get(key).is_some_and(|b| same(a, b, loose)))
        }
        (Json::String(_), Json::Number(_) | Json::Bool(_))
        | (Json::Number(_) | Json::Bool(_), Json::String(_)) => {
            loose && Value::from(found).to_string() == Value::from(expected).to_string()
        }
        (a, b) => a == b,
    }
}

/// The beginning of what was found: enough to recognise it.
fn excerpt(text: &str) -> String {
    const MOST: usize = 200;
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests;
