//! What is asked of one response: expectations and captures.

use std::cell::OnceCell;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, StatusCode};
use rand_core::Rng;

use super::template::{SlotId, Values};
use super::value::Value;

/// A whole response, as the checks see it.
#[derive(Debug)]
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
}

impl<'a> Received<'a> {
    /// A response; the body is parsed as JSON when first asked for, once.
    pub fn new(status: StatusCode, headers: &'a HeaderMap, body: &'a [u8], elapsed: Duration) -> Self {
        Self {
            status,
            headers,
            body,
            elapsed,
            json: OnceCell::new(),
        }
    }

    /// The body as JSON; `None` when it is none.
    pub fn json(&self) -> Option<&serde_json::Value> {
        self.json
            .get_or_init(|| serde_json::from_slice(self.body).ok())
            .as_ref()
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

/// One expectation.
#[derive(Debug)]
pub struct Check {}

impl Check {
    /// Whether it holds.
    pub fn judge(&self, received: &Received<'_>, values: &Values) -> Result<(), Mismatch> {
        let _ = (received, values);
        unimplemented!()
    }

    /// Whether the response's body is looked at.
    pub fn needs_body(&self) -> bool {
        unimplemented!()
    }
}

/// Where a captured value goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CaptureTarget {
    /// Into `plan.pools[n]`.
    Pool(usize),
    /// Into the user's own values.
    Slot(SlotId),
}

/// A value to take from a response.
#[derive(Debug)]
pub struct Capture {
    /// Where the value goes.
    pub target: CaptureTarget,
    /// Whether finding nothing is a failure: `capture "name" found nothing`.
    pub required: bool,
    /// As in the file (`as:`).
    pub name: Arc<str>,
}

impl Capture {
    /// The value, if there is one.
    pub fn take(&self, received: &Received<'_>, random: &mut impl Rng) -> Option<Value> {
        let _ = (received, random);
        unimplemented!()
    }

    /// The failure that finding nothing is, when it is required.
    pub fn missing(&self) -> Mismatch {
        unimplemented!()
    }

    /// Whether the response's body is looked at.
    pub fn needs_body(&self) -> bool {
        unimplemented!()
    }
}
