//! The parts of an interval that are kept by row or endpoint and stage of sending.

use std::sync::Arc;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::merge::{Counter, Keyed, is_sorted, merge_sorted};
use crate::measure::histogram::Sparse;
use crate::measure::summary::Connections;
use crate::plan::{EndpointId, RowId, StageId};

/// Requests of one row, sent in one stage, completed in the interval.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cell {
    /// What kind of request.
    pub row: RowId,
    /// The stage in which they were sent.
    pub stage: StageId,
    /// Response time, all outcomes; its count is the number of requests.
    pub response: Sparse,
    /// Latency from due; left out where it is not measured (no pace, closed model).
    #[serde(default, skip_serializing_if = "Sparse::is_empty")]
    pub latency: Sparse,
    /// From sent to the first byte.
    #[serde(default, skip_serializing_if = "Sparse::is_empty")]
    pub first_byte: Sparse,
    /// From the first byte to the last.
    #[serde(default, skip_serializing_if = "Sparse::is_empty")]
    pub download: Sparse,
    /// Looking the name up.
    #[serde(default, skip_serializing_if = "Sparse::is_empty")]
    pub dns: Sparse,
    /// Opening a TCP connection.
    #[serde(default, skip_serializing_if = "Sparse::is_empty")]
    pub connect: Sparse,
    /// TLS handshake.
    #[serde(default, skip_serializing_if = "Sparse::is_empty")]
    pub tls: Sparse,
    /// Requests that failed.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub failed: u64,
    /// Requests that were never sent, as they could not be filled in: no requests of the API, and not among the others. Why
    /// stands in `failures` too.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub never_sent: u64,
    /// Sum of the response times of those that failed, microseconds.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub failed_time: u64,
    /// Why, ascending by text.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failures: Vec<Failure>,
    /// Bytes written.
    pub bytes_sent: u64,
    /// Bytes read.
    pub bytes_received: u64,
    /// Bytes of the bodies among them.
    #[serde(default)]
    pub body_bytes: u64,
    /// Redirects followed.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub redirects: u64,
    /// How they came by their connections.
    pub connections: Connections,
    /// Status codes, ascending.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub statuses: Vec<Counter<u16>>,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "the signature that serde asks for"
)]
fn is_zero(value: &u64) -> bool {
    *value == 0
}

impl Cell {
    /// Completed requests.
    pub fn requests(&self) -> u64 {
        self.response.count()
    }

    /// Changes the words of failures; those that come to the same are added up.
    pub(crate) fn rename_failures(&mut self, rename: impl FnMut(Failure) -> Failure) {
        for failure in std::mem::take(&mut self.failures).into_iter().map(rename) {
            merge_sorted(&mut self.failures, &[failure]);
        }
    }

    pub(super) fn check(&self) -> Result<(), &'static str> {
        let by_text = self
            .failures
            .iter()
            .fold(0_u64, |sum, failure| sum.saturating_add(failure.count));
        let without_success = self.failed.saturating_add(self.never_sent);
        if self.failed > self.requests()
            || by_text != without_success
            || self.failed_time > self.response.sum()
        {
            return Err("failures do not add up");
        }
        if is_sorted(&self.failures) && is_sorted(&self.statuses) {
            Ok(())
        } else {
            Err("failures or statuses are out of order")
        }
    }
}

impl Keyed for Cell {
    type Key<'a> = (RowId, StageId);

    fn key(&self) -> (RowId, StageId) {
        (self.row, self.stage)
    }

    fn absorb(&mut self, other: &Self) {
        self.response.merge(&other.response);
        self.latency.merge(&other.latency);
        self.first_byte.merge(&other.first_byte);
        self.download.merge(&other.download);
        self.dns.merge(&other.dns);
        self.connect.merge(&other.connect);
        self.tls.merge(&other.tls);
        self.failed = self.failed.saturating_add(other.failed);
        self.never_sent = self.never_sent.saturating_add(other.never_sent);
        self.failed_time = self.failed_time.saturating_add(other.failed_time);
        merge_sorted(&mut self.failures, &other.failures);
        self.bytes_sent = self.bytes_sent.saturating_add(other.bytes_sent);
        self.bytes_received = self.bytes_received.saturating_add(other.bytes_received);
        self.body_bytes = self.body_bytes.saturating_add(other.body_bytes);
        self.redirects = self.redirects.saturating_add(other.redirects);
        self.connections.add(&other.connections);
        merge_sorted(&mut self.statuses, &other.statuses);
    }
}

/// One failure type within a cell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// Its words.
    pub text: Arc<str>,
    /// How often.
    pub count: u64,
    /// When it was first noticed, since the start of the load.
    #[serde(with = "crate::plan::words::micros")]
    pub first: Duration,
    /// When it was last noticed.
    #[serde(with = "crate::plan::words::micros")]
    pub last: Duration,
}

impl Keyed for Failure {
    type Key<'a> = &'a str;

    fn key(&self) -> &str {
        &self.text
    }

    fn absorb(&mut self, other: &Self) {
        self.count = self.count.saturating_add(other.count);
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
    }
}

/// Iterations of one endpoint, begun in one stage, finished in the interval.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IterationCell {
    /// Which.
    pub endpoint: EndpointId,
    /// The stage in which they began.
    pub stage: StageId,
    /// How long they took; its count is their number.
    pub duration: Sparse,
    /// Of them broken off by a step that failed, or that could not be filled in.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub failed: u64,
    /// Of them without a request, as the conditions of all steps were false.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub sent_nothing: u64,
}

impl Keyed for IterationCell {
    type Key<'a> = (EndpointId, StageId);

    fn key(&self) -> (EndpointId, StageId) {
        (self.endpoint, self.stage)
    }

    fn absorb(&mut self, other: &Self) {
        self.duration.merge(&other.duration);
        self.failed = self.failed.saturating_add(other.failed);
        self.sent_nothing = self.sent_nothing.saturating_add(other.sent_nothing);
    }
}

/// What became of `on_start`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Starts {
    /// How often it failed.
    pub failed: u64,
    /// Users, or arrivals, that left for that.
    pub stopped: u64,
}

impl Starts {
    /// Adds another's.
    pub(crate) fn add(&mut self, other: &Self) {
        self.failed = self.failed.saturating_add(other.failed);
        self.stopped = self.stopped.saturating_add(other.stopped);
    }

    pub(super) fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

/// Requests under way, of one row and one stage: sent, or (open model) still waiting for a user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InFlight {
    /// What kind of request.
    pub row: RowId,
    /// The stage in which they were sent, or were due where they wait.
    pub stage: StageId,
    /// How long ago those that were sent were sent.
    #[serde(default, skip_serializing_if = "Sparse::is_empty")]
    pub ages: Sparse,
    /// How long ago all were due, those that wait included; left out where latency from due is not measured.
    #[serde(default, skip_serializing_if = "Sparse::is_empty")]
    pub from_due: Sparse,
}

impl Keyed for InFlight {
    type Key<'a> = (RowId, StageId);

    fn key(&self) -> (RowId, StageId) {
        (self.row, self.stage)
    }

    fn absorb(&mut self, other: &Self) {
        self.ages.merge(&other.ages);
        self.from_due.merge(&other.from_due);
    }
}

impl Connections {
    /// Adds another's.
    pub fn add(&mut self, other: &Self) {
        self.none = self.none.saturating_add(other.none);
        self.new = self.new.saturating_add(other.new);
        self.reused = self.reused.saturating_add(other.reused);
        self.reopened = self.reopened.saturating_add(other.reopened);
        self.resent = self.resent.saturating_add(other.resent);
    }
}
