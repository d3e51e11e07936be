//! Requests that are sent once and not measured: `runner try`, setup and teardown.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::task::LocalSet;
use tokio::time::Instant;

use super::clock::Clock;
use super::request::{Prepared, Shown, show};
use super::shared::{Shared, Stopper};
use super::step::{Fault, Sender};
use super::transport::{Response, Transport};
use super::user::User;
use super::worker::Worker;
use super::{EngineError, Options};
use crate::plan::draw::{Draw, Purpose};
use crate::plan::template::Values;
use crate::plan::value::Value;
use crate::plan::{EndpointId, Plan, Step};

/// What came of one request of a trial.
#[derive(Debug)]
pub struct Trace {
    /// The kind of request, as the reports list it.
    pub name: String,
    /// The request, secrets masked.
    pub request: Shown,
    /// The response, if one came; headers and body may hold secrets that were echoed.
    pub response: Option<Response>,
    /// Its body, content codings undone where something reads it.
    pub body: Bytes,
    /// Response time.
    pub took: Duration,
    /// Redirects followed.
    pub redirects: u8,
    /// Names and values of what was captured.
    pub captured: Vec<(String, Option<Value>)>,
    /// What failed.
    pub failure: Option<Fault>,
}
